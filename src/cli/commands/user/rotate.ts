/** `efscli user rotate`: a further key beside the one in use, and the end of the older one once all clients have the new one. */
import { Command } from "commander";
import type { UserInfo, UserWithSecret } from "../../../api/user.ts";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { tenantArgument, userArgument } from "../../arguments.ts";
import { examples, notes } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";
import { addKeyFlags, type KeyFlags, readSecrets } from "../../user/secrets.ts";
import { userFields, userText } from "../../user/user-text.ts";

interface Options extends KeyFlags {
  readonly finish?: boolean;
}

export function userRotate(session: Session): Command {
  const command = new Command("rotate")
    .description("make a further access key for a user; the one before stays valid until --finish")
    .argument("<cluster/tenant>", "the tenant", tenantArgument)
    .argument("<user>", "the user", userArgument)
    .option("--finish", "end all keys but the newest")
    .action(action(session, run, view));
  addKeyFlags(command);
  examples(command, [
    "(umask 077; efscli user rotate Hawaii/Cola kai -o json > kai.json)",
    "efscli user rotate Hawaii/Cola kai --finish",
  ]);
  return notes(
    command,
    "At most two keys are valid: rotating again before --finish ends the oldest at once. The secret key is shown only now.",
  );
}

async function run(
  session: Session,
  tenant: string,
  name: string,
  { finish, ...flags }: Options,
): Promise<UserInfo | UserWithSecret> {
  if (finish !== true) {
    const { accessKey, secretKey } = await readSecrets(session, flags);
    return session.api.rotateKey(tenant, name, { accessKey, secretKey });
  }
  if (flags.accessKey !== undefined || flags.secretKeyFile !== undefined) {
    throw new EfsError("USAGE", "--finish takes no key: it ends the older one");
  }
  return session.api.finishRotation(tenant, name);
}

const view: TextView<UserInfo | UserWithSecret> = {
  text: userText,
  fields: userFields,
  name: (user) => user.name,
};
