/** Routes of the daemon itself: its status, and the tokens of TCP access. */
import { checked, noQuery } from "../../../api/schema.ts";
import type { NewToken, SystemStatus, TokenInfo } from "../../../api/system.ts";
import { createToken } from "../../../api/system-schema.ts";
import { EfsError } from "../../../base/errors.ts";
import type { TokenSummary } from "../../../segment/services.ts";
import type { AdminContext } from "../context.ts";
import { timeText } from "../object/info.ts";
import type { Handlers } from "./router.ts";

export function systemHandlers(context: AdminContext): Handlers {
  const { tokens } = context.segment.services;
  return {
    systemStatus: ({ query }) => {
      checked(noQuery, query, "query");
      return systemStatus(context);
    },
    listTokens: async () => (await tokens.list()).map(tokenInfo),
    createToken: async ({ body }): Promise<NewToken> => {
      const { name } = checked(createToken, body, "body");
      const token = await tokens.create(name);
      const made = (await tokens.list()).find((candidate) => candidate.name === name);
      if (made === undefined)
        throw new EfsError("CONFLICT", `the token ${JSON.stringify(name)} was revoked meanwhile`);
      return { ...tokenInfo(made), token };
    },
    revokeToken: ({ parameters }) => tokens.revoke(parameters.token ?? ""),
  };
}

async function systemStatus({ segment, services, daemon }: AdminContext): Promise<SystemStatus> {
  const usage = await segment.usage();
  const records = await segment.services.list();
  return {
    restWorker: "ok",
    version: daemon.version,
    segmentName: segment.name,
    systemGuid: segment.guid,
    segmentId: segment.id,
    writerId: segment.writer,
    dataDirectory: daemon.dataDirectory,
    pid: daemon.pid,
    started: timeText(daemon.startedMs),
    isWritable: usage.isWritable,
    objectCount: usage.objectCount,
    logicalBytes: usage.logicalBytes,
    chunkCount: usage.chunkCount,
    storedBytes: usage.storedBytes,
    totalBytes: usage.totalBytes ?? null,
    freeBytes: usage.freeBytes ?? null,
    services: await Promise.all(
      records.map(async (service) => ({
        name: service.name,
        type: service.type,
        isEnabled: service.isEnabled,
        state: service.isEnabled ? (await services.status(service)).state : "disabled",
      })),
    ),
  };
}

function tokenInfo(token: TokenSummary): TokenInfo {
  return { name: token.name, created: timeText(token.createdMs) };
}
