/** `efscli user passwd`: gives a user another password, from stdin or a file. */
import { Command } from "commander";
import type { UserInfo } from "../../../api/user.ts";
import { action } from "../../action.ts";
import { tenantArgument, userArgument } from "../../arguments.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import { readSecret } from "../../secret-file.ts";
import type { Session } from "../../session.ts";

export function userPasswd(session: Session): Command {
  const command = new Command("passwd")
    .description("set a user's password")
    .argument("<cluster/tenant>", "the tenant", tenantArgument)
    .argument("<user>", "the user", userArgument)
    .option("--password-file <file>", "file with the password (default: stdin, also as -)")
    .action(action(session, run, view));
  examples(command, [
    "efscli user passwd Hawaii/Cola kai --password-file kai.password",
    "(stty -echo; efscli user passwd Hawaii/Cola kai; stty echo)",
  ]);
  return notes(
    command,
    "A password has at least 8 characters. It is kept as a scrypt hash, and S3 does not use it: access keys do.",
  );
}

async function run(
  session: Session,
  tenant: string,
  name: string,
  options: { readonly passwordFile?: string },
): Promise<UserInfo> {
  const password = await readSecret(session, options.passwordFile ?? "-");
  return session.api.setPassword(tenant, name, password);
}

const view: SilentView<UserInfo> = { silent: true, name: (user) => user.name };
