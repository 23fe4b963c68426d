/** `efscli system init`: prints the System GUID. A segment initialises itself when its daemon first starts, so this never changes anything. */
import { Command } from "commander";
import type { SystemStatus } from "../../../api/system.ts";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { examples, notes } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly failIfInitialized?: boolean;
}

export function systemInit(session: Session): Command {
  const command = new Command("init")
    .description("print the System GUID of the segment")
    .option("-f, --force-confirm", "accepted as in EdgeFS; there is nothing to confirm")
    .option("--fail-if-initialized", "exit 7 when the segment was initialised before, as it always is")
    .action(action(session, run, view));
  examples(command, ["efscli system init"]);
  return notes(
    command,
    "efsd initialises an empty data directory itself, so there is no uninitialised state.",
  );
}

async function run(
  { api }: Session,
  options: Options,
): Promise<Pick<SystemStatus, "systemGuid" | "segmentId" | "segmentName">> {
  const { systemGuid, segmentId, segmentName } = await api.systemStatus();
  if (options.failIfInitialized === true) {
    throw new EfsError("EXISTS", `already initialised: System GUID ${systemGuid}`);
  }
  return { systemGuid, segmentId, segmentName };
}

const view: TextView<Awaited<ReturnType<typeof run>>> = {
  text: (system) => `System GUID: ${system.systemGuid}\n`,
  fields: (system) => [["System GUID", system.systemGuid]],
  name: (system) => system.systemGuid,
};
