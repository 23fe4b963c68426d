/**
 * Finds the segment to talk to: --endpoint, else EFSCLI_ENDPOINT, else the only one that this user runs. None or several: exit 2 with
 * the list and what to type. The token comes from a file, never from the command line.
 */
import type { AdminClient } from "../api/admin-client.ts";
import { connect } from "../api/client.ts";
import { EfsError } from "../base/errors.ts";
import { forTerminal } from "./output/escape.ts";
import type { ConnectionFlags, Environment } from "./session.ts";

const TOKEN_BYTES_MAX = 4096;

export async function openConnection(flags: ConnectionFlags, environment: Environment): Promise<AdminClient> {
  const endpoint = flags.endpoint ?? environment("EFSCLI_ENDPOINT") ?? (await onlySegment());
  const tokenFile = flags.tokenFile ?? environment("EFSCLI_TOKEN_FILE");
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  return connect({ endpoint, token, timeoutMs: flags.timeoutMs });
}

async function onlySegment(): Promise<string> {
  const { endpointOf, listSegments } = await import("../api/registry.ts");
  const segments = await listSegments();
  const [only, ...others] = segments;
  if (only === undefined) {
    throw new EfsError("NOT_ONE_SEGMENT", "no segment of yours runs on this machine", {
      hint: "start one: efsd --data DIR\nor name one: --endpoint unix:PATH or http://HOST:PORT (EFSCLI_ENDPOINT), or try efscli demo",
    });
  }
  if (others.length === 0) return endpointOf(only);
  const list = segments.map(
    (entry) => `${forTerminal(entry.name)}: export EFSCLI_ENDPOINT=${forTerminal(endpointOf(entry))}`,
  );
  throw new EfsError("NOT_ONE_SEGMENT", `${segments.length} segments of yours run on this machine`, {
    hint: `name one, by --endpoint or with one of these lines:\n${list.join("\n")}`,
  });
}

async function readToken(file: string): Promise<string> {
  const { readSecretFile } = await import("./secret-file.ts");
  const token = (await readSecretFile(file, TOKEN_BYTES_MAX)).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new EfsError("BAD_VALUE", `token file ${forTerminal(file)} does not hold one token`, {
    hint: "make a token: efscli system token create NAME > FILE",
  });
}
