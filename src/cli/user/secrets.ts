/** Secrets of users on their way in: from files or stdin, which can be read only once. */
import type { Command } from "commander";
import type { GivenKey } from "../../api/user.ts";
import { EfsError } from "../../base/errors.ts";
import { readSecret } from "../secret-file.ts";
import type { Session } from "../session.ts";

export interface KeyFlags {
  readonly accessKey?: string;
  readonly secretKeyFile?: string;
}

export interface SecretFlags extends KeyFlags {
  readonly passwordFile?: string;
}

/** The flags that bring a key from elsewhere. */
export function addKeyFlags(command: Command): Command {
  return command
    .option("--access-key <key>", "an access key from elsewhere (default: a new one)")
    .option("--secret-key-file <file>", "file with its secret key; - is stdin");
}

/** @throws USAGE (half a key, stdin for two things), and as readSecret */
export async function readSecrets(
  session: Session,
  { accessKey, secretKeyFile, passwordFile }: SecretFlags,
): Promise<GivenKey & { readonly password?: string | undefined }> {
  if ((accessKey === undefined) !== (secretKeyFile === undefined)) {
    throw new EfsError("USAGE", "--access-key and --secret-key-file are given both or not at all");
  }
  if (secretKeyFile === "-" && passwordFile === "-") {
    throw new EfsError("USAGE", "stdin cannot be both the password and the secret key");
  }
  const secretKey = secretKeyFile === undefined ? undefined : await readSecret(session, secretKeyFile);
  const password = passwordFile === undefined ? undefined : await readSecret(session, passwordFile);
  return { accessKey, secretKey, password };
}
