/** Texts of policies with `*` (any characters), `?` (one) and `${key}` (a fact of the request, taken literally). Linear in practice, never a regular expression. */

const STAR = -1;
const ANY = -2;

/** A character's code, STAR, ANY, or the key of a variable. */
type Token = number | string;

export interface Glob {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly hasWildcards: boolean;
  /** Lower-case keys of its variables. */
  readonly variables: readonly string[];
}

export interface GlobOptions {
  /** `*` and `?` stand for others; else for themselves. */
  readonly hasWildcards: boolean;
  /** `${…}` is a variable; else it stands for itself. */
  readonly hasVariables: boolean;
}

/** undefined: a variable is not well-formed. */
export function parseGlob(text: string, { hasWildcards, hasVariables }: GlobOptions): Glob | undefined {
  const tokens: Token[] = [];
  const variables: string[] = [];
  let isWild = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (hasVariables && character === "$" && text[at + 1] === "{") {
      const end = text.indexOf("}", at);
      if (end < 0) return undefined;
      const name = text.slice(at + 2, end);
      at = end;
      if (name === "*" || name === "?" || name === "$") {
        tokens.push(name.charCodeAt(0));
        continue;
      }
      if (!/^[a-z0-9]+:[a-z0-9\-/_.]+$/i.test(name)) return undefined;
      tokens.push(name.toLowerCase());
      variables.push(name.toLowerCase());
    } else if (hasWildcards && (character === "*" || character === "?")) {
      isWild = true;
      // Several stars in a row mean no more than one.
      if (character === "?" || tokens.at(-1) !== STAR) tokens.push(character === "*" ? STAR : ANY);
    } else {
      tokens.push(text.charCodeAt(at));
    }
  }
  return { text, tokens, hasWildcards: isWild, variables };
}

/**
 * Whether the whole of `text` is one that the glob stands for.
 * @param resolve the value of a variable; undefined: it has none, and then nothing matches
 */
export function globMatches(
  glob: Glob,
  text: string,
  resolve: (key: string) => string | undefined = () => undefined,
): boolean {
  const tokens = glob.variables.length === 0 ? glob.tokens : expanded(glob, resolve);
  if (tokens === undefined) return false;
  let [token, at, starToken, starAt] = [0, 0, -1, 0];
  while (at < text.length) {
    const expected = tokens[token];
    if (expected === STAR) {
      starToken = token;
      starAt = at;
      token += 1;
    } else if (expected === ANY || expected === text.charCodeAt(at)) {
      token += 1;
      at += 1;
    } else if (starToken >= 0) {
      starAt += 1;
      at = starAt;
      token = starToken + 1;
    } else {
      return false;
    }
  }
  while (tokens[token] === STAR) token += 1;
  return token === tokens.length;
}

function expanded(glob: Glob, resolve: (key: string) => string | undefined): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (const token of glob.tokens) {
    if (typeof token === "number") {
      tokens.push(token);
      continue;
    }
    const value = resolve(token);
    if (value === undefined) return undefined;
    for (let at = 0; at < value.length; at += 1) tokens.push(value.charCodeAt(at));
  }
  return tokens;
}
