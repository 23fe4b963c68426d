/** `efscli system`: its verbs. */
import { Command } from "commander";
import type { Session } from "../../session.ts";
import { systemInit } from "./init.ts";
import { systemState } from "./state.ts";
import { systemStatus } from "./status.ts";
import { systemToken } from "./token.ts";

export function systemCommand(session: Session): Command {
  return new Command("system")
    .alias("sys")
    .description("the segment itself, and tokens for its admin API")
    .addCommand(systemInit(session))
    .addCommand(systemStatus(session))
    .addCommand(systemState(session))
    .addCommand(systemToken(session));
}
