/** A user as EdgeFS printed it: who it is, its access keys, and its secret where it was just made. */
import type { UserInfo, UserWithSecret } from "../../api/user.ts";
import { type CellLike, time } from "../output/cell.ts";
import { forTerminal } from "../output/escape.ts";

type Shown = UserInfo & Partial<Pick<UserWithSecret, "secretKey">>;

export function userText(user: Shown): string {
  const role = user.isAdmin ? " - administrator" : "";
  const state = user.isEnabled ? "" : " (disabled)";
  const lines = [`S3 user ${forTerminal(user.name)}${role}${state}:`];
  // What was just made stands as one pair; the key before it is told behind.
  const [newest, ...older] = user.keys;
  if (newest !== undefined) lines.push(`Access key: ${newest.accessKey}`);
  if (user.secretKey !== undefined) lines.push(`Secret key: ${user.secretKey}`);
  for (const key of older)
    lines.push(`Access key before: ${key.accessKey} (valid until the rotation is finished)`);
  return `${lines.join("\n")}\n\n`;
}

export function userFields(user: Shown): ReadonlyArray<readonly [key: string, value: CellLike]> {
  const [newest, ...older] = user.keys;
  return [
    ["name", user.name],
    ["administrator", String(user.isAdmin)],
    ["enabled", String(user.isEnabled)],
    ["password", user.hasPassword ? "(set)" : "-"],
    ["created", time(user.created)],
    ["access-key", newest?.accessKey ?? "-"],
    ...(user.secretKey === undefined ? [] : [["secret-key", user.secretKey] as const]),
    ...older.map((key) => ["access-key-before", key.accessKey] as const),
  ];
}
