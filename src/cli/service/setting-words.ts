/** Settings as they are typed behind `service config NAME`. */
import { EfsError } from "../../base/errors.ts";
import { SECRET_SETTINGS } from "../../model/service.ts";
import { readSecret } from "../secret-file.ts";
import type { Session } from "../session.ts";

/** null puts the setting back to `-`. */
type Setting = readonly [key: string, value: string | null];

/** `KEY VALUE`, several `KEY=VALUE`, or one KEY whose value is in a file. @throws USAGE, BAD_VALUE */
export async function givenSettings(
  session: Session,
  words: readonly string[],
  valueFile: string | undefined,
): Promise<readonly Setting[]> {
  const [first, second] = words;
  if (valueFile !== undefined) {
    if (first === undefined || second !== undefined || first.includes("=")) {
      throw new EfsError("USAGE", "--value-file goes with exactly one KEY and no value");
    }
    return [[parseSettingKey(first), await readSecret(session, valueFile)]];
  }
  if (first === undefined) return [];
  if (words.every((word) => word.includes("="))) {
    return words.map((word) => setting(word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)));
  }
  if (words.length !== 2 || second === undefined) {
    throw new EfsError(
      "USAGE",
      `KEY VALUE is expected behind the name, not ${words.length === 1 ? "one word" : `${words.length} words`}`,
      {
        hint: "or several KEY=VALUE; a value with spaces needs quotes",
      },
    );
  }
  return [setting(first, second)];
}

/** @throws BAD_VALUE */
export function parseSettingKey(text: string): string {
  if (/^X-./.test(text)) return text;
  throw new EfsError("BAD_VALUE", `not a setting: ${JSON.stringify(text)}: keys begin with X-`);
}

function setting(key: string, value: string): Setting {
  if (SECRET_SETTINGS.has(parseSettingKey(key)) && value !== "" && value !== "-") {
    throw new EfsError("USAGE", `${key} is a secret, and everybody on this machine can read arguments`, {
      hint: `efscli service config NAME ${key} --value-file FILE   (- is stdin)`,
    });
  }
  return [key, value === "" ? null : value];
}
