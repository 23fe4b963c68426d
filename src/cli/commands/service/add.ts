/** `efscli service add`: create, config, serve and enable in one request and one commit; nothing half made stays behind. */
import { Command } from "commander";
import type { AddService, ServiceInfo, ServiceStatus } from "../../../api/service.ts";
import { parseDuration } from "../../../base/units.ts";
import { action } from "../../action.ts";
import { servedArgument, serviceArgument } from "../../arguments.ts";
import { collect, refuseFlags } from "../../flags.ts";
import { examples, notes } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import { readSecret } from "../../secret-file.ts";
import { enabledText, settingFields } from "../../service/service-text.ts";
import { parseDirection, parsePort, parseServiceType } from "../../service/service-words.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly remote?: string;
  readonly listen?: string;
  readonly direction?: string;
  readonly replication?: string;
  readonly authKeyFile?: string;
  readonly serve?: readonly string[];
  readonly interval?: number;
  readonly port?: number;
  readonly domain?: string;
}

export function serviceAdd(session: Session): Command {
  const command = new Command("add")
    .description("create, configure, serve and enable a service in one go")
    .argument(
      "<type>",
      "isgw: a link to another segment; s3: an S3 endpoint; s3s: one whose hosts name buckets",
      parseServiceType,
    )
    .argument("<name>", "what to call it", serviceArgument)
    .option("--direction <word>", "send or receive", parseDirection)
    .option("--remote <address>", "ccow://HOST:PORT of the receiver (for send)")
    .option("--listen <address>", "HOST:PORT to listen on (for receive); of s3 a HOST alone (default: all)")
    .option("--replication <word>", "initial, continuous or initial+continuous (for send; default: the last)")
    .option("--auth-key-file <file>", "file with the key that both ends share; - is stdin")
    .option(
      "--serve <path>",
      "CLUSTER/TENANT or CLUSTER/TENANT/BUCKET (may be repeated)",
      collect(servedArgument),
    )
    .option("--port <number>", "port of s3 (default: 9982, of s3s 9983)", parsePort)
    .option("--domain <name>", "of s3s: the domain whose hosts name buckets")
    .option("--interval <duration>", "how often changes are sent, 50ms to 60s (default: 1s)", parseDuration)
    .action(action(session, run, view));
  refuseFlags(command, ["metadata-only", "encrypted-tunnel"]);
  examples(command, [
    "efscli service add isgw hawaii-r --direction receive --listen 0.0.0.0:14000 \\",
    "    --auth-key-file key --serve Hawaii/Cola/bk1",
    "efscli service add isgw hawaii --direction send --remote ccow://10.0.0.2:14000 \\",
    "    --auth-key-file key --serve Hawaii/Cola/bk1",
    "efscli service add s3 s3-cola --serve Hawaii/Cola --port 9982",
  ]);
  return notes(
    command,
    "One commit: a flag that is missing or does not fit the others is named (exit 2), and nothing is made.",
  );
}

async function run(session: Session, type: string, name: string, options: Options): Promise<ServiceStatus> {
  const { remote, listen, direction, replication, authKeyFile, serve = [], interval, port, domain } = options;
  const authKey = authKeyFile === undefined ? undefined : await readSecret(session, authKeyFile);
  // What is missing or does not fit is the segment's to say, so that all of it is named at once.
  const request = {
    name,
    type,
    remote,
    ...(type === "isgw" ? { listen } : { host: listen }),
    port,
    domain,
    direction,
    replication,
    authKey,
    serve,
    intervalMs: interval,
  };
  const service: ServiceInfo = await session.api.addService(request as AddService);
  return session.api.serviceStatus(service.name);
}

const view: TextView<ServiceStatus> = {
  text: enabledText,
  fields: ({ service }) => settingFields(service),
  name: ({ service }) => service.name,
};
