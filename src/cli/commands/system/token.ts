/** `efscli system token`: tokens that let programs reach the admin API over TCP. */
import { Command } from "commander";
import type { NewToken, TokenInfo } from "../../../api/system.ts";
import { action, listAction } from "../../action.ts";
import { type Deleted, deleteIfThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import { time } from "../../output/cell.ts";
import type { ListView, Pages, SilentView, TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function systemToken(session: Session): Command {
  return new Command("token")
    .description("tokens for the admin API over TCP")
    .addCommand(tokenCreate(session))
    .addCommand(tokenList(session))
    .addCommand(tokenRevoke(session));
}

function tokenCreate(session: Session): Command {
  const command = new Command("create")
    .description("make a token and print it, once")
    .argument("<name>", "what to call it")
    .action(action(session, ({ api }: Session, name: string) => api.createToken(name), created));
  examples(command, ["(umask 077; efscli system token create backup > backup.token)"]);
  return notes(
    command,
    "The token is shown only now: the segment keeps its hash. Whoever has it may do everything.",
  );
}

const created: TextView<NewToken> = {
  text: (token) => `${token.token}\n`,
  fields: (token) => [
    ["name", token.name],
    ["created", token.created],
    ["token", token.token],
  ],
  name: (token) => token.name,
};

function tokenList(session: Session): Command {
  const command = new Command("list")
    .description("list the names of tokens")
    .action(listAction(session, allTokens, list));
  return examples(command, ["efscli system token list"]);
}

async function* allTokens({ api }: Session): Pages<TokenInfo> {
  yield await api.listTokens();
}

const list: ListView<TokenInfo> = {
  columns: [
    ["NAME", (token) => token.name],
    ["CREATED", (token) => time(token.created)],
  ],
  empty: "no tokens",
  name: (token) => token.name,
};

function tokenRevoke(session: Session): Command {
  const command = new Command("revoke")
    .description("make a token worthless from now on")
    .argument("<name>", "the token's name")
    .option("--if-exists", "succeed when there is none of this name")
    .action(action(session, revoke, revoked));
  return examples(command, ["efscli system token revoke backup"]);
}

function revoke({ api }: Session, name: string, options: { readonly ifExists?: boolean }): Promise<Deleted> {
  return deleteIfThere(name, () => api.revokeToken(name), {
    isTolerant: options.ifExists === true,
    codes: ["TOKEN_NOT_FOUND"],
  });
}

const revoked: SilentView<Deleted> = { silent: true, name: (token) => token.path };
