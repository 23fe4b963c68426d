/** `efscli system state`: alive or dead, in EdgeFS's words, for liveness probes. Dead is an answer (exit 1), not an error. */
import { Command } from "commander";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { examples, notes } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

interface State {
  readonly state: "alive" | "dead";
  readonly isReady: boolean;
  readonly text: string;
  readonly reason: string | null;
  /** Only alive and ready is good enough. */
  readonly mustBeReady: boolean;
}

export function systemState(session: Session): Command {
  const command = new Command("state")
    .description("say whether the segment is alive; exit 1 when it is not")
    .option("--ready", "also exit 1 when it is alive but takes no writes")
    .action(action(session, run, view));
  examples(command, ["efscli system state", "efscli system state --ready --timeout 2s"]);
  return notes(command, "Prints `Alive.` or `Dead. …`. A segment that cannot be reached is dead.");
}

async function run({ api }: Session, options: { readonly ready?: boolean }): Promise<State> {
  const mustBeReady = options.ready === true;
  try {
    const status = await api.systemStatus();
    const text = status.isWritable ? "Alive." : "Alive. Read only.";
    return { state: "alive", isReady: status.isWritable, text, reason: null, mustBeReady };
  } catch (thrown) {
    if (!(thrown instanceof EfsError)) throw thrown;
    const isDead = thrown.kind === "unavailable" || thrown.kind === "timeout";
    if (!isDead) throw thrown;
    // -101: EdgeFS's number for a session that could not be opened.
    const text = thrown.kind === "timeout" ? "Dead. Communication timeout." : "Dead. Error code -101.";
    return { state: "dead", isReady: false, text, reason: thrown.message, mustBeReady };
  }
}

const view: TextView<State> = {
  text: (state) => `${state.text}\n`,
  fields: (state) => [["state", state.state]],
  name: (state) => state.state,
  json: ({ state, isReady, text, reason }) => ({ state, isReady, text, reason }),
  problem: (state) => {
    if (state.state === "dead")
      return new EfsError("UNHEALTHY", state.reason ?? "the segment does not answer");
    if (state.mustBeReady && !state.isReady) return new EfsError("UNHEALTHY", "the segment takes no writes");
    return undefined;
  },
};
