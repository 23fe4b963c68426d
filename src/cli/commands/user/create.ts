/** `efscli user create`: a new user of a tenant, and the only sight of its secret key. */
import { Command } from "commander";
import type { UserInfo, UserWithSecret } from "../../../api/user.ts";
import { action } from "../../action.ts";
import { tenantArgument, userArgument } from "../../arguments.ts";
import { createUnlessThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";
import { addKeyFlags, readSecrets, type SecretFlags } from "../../user/secrets.ts";
import { userFields, userText } from "../../user/user-text.ts";

interface Options extends SecretFlags {
  readonly admin?: boolean;
  readonly ifNotExists?: boolean;
}

export function userCreate(session: Session): Command {
  const command = new Command("create")
    .description("create a user of a tenant and print its access key and secret key, once")
    .argument("<cluster/tenant>", "the tenant", tenantArgument)
    .argument("<user>", "what to call the user", userArgument)
    .option("--admin", "may do everything in the tenant")
    .option("--password-file <file>", "file with a password; - is stdin (default: none)")
    .option("--if-not-exists", "succeed when it is there already; its secret is not shown again")
    .action(action(session, run, view));
  addKeyFlags(command);
  examples(command, [
    "(umask 077; efscli user create Hawaii/Cola kai -o json > kai.json)",
    "efscli user create Hawaii/Cola ops --admin --password-file ops.password",
    "efscli user create Hawaii/Cola app --access-key AKIAIOSFODNN7EXAMPLE --secret-key-file app.secret",
  ]);
  return notes(
    command,
    "The secret key is shown only now: the segment keeps it encrypted under its segment.key. Passwords and secrets are never arguments, where every user of the machine could read them. Users do not cross a link to another segment.",
  );
}

async function run(
  session: Session,
  tenant: string,
  name: string,
  options: Options,
): Promise<UserInfo | UserWithSecret> {
  const secrets = await readSecrets(session, options);
  return createUnlessThere<UserInfo | UserWithSecret>(
    () => session.api.createUser(tenant, { name, isAdmin: options.admin === true, ...secrets }),
    {
      isTolerant: options.ifNotExists === true,
      code: "USER_EXISTS",
      show: () => session.api.showUser(tenant, name),
    },
  );
}

const view: TextView<UserInfo | UserWithSecret> = {
  text: userText,
  fields: userFields,
  name: (user) => user.name,
};
