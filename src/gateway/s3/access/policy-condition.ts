/** The conditions of a bucket policy: operators parsed and checked when a policy is put, applied to what is known of a request. */
import { BlockList, isIP } from "node:net";
import { S3Error } from "../errors.ts";
import { type AccessRequest, factValues, isKnownFact } from "./access-request.ts";
import { type Glob, globMatches, parseGlob } from "./glob.ts";

export interface Condition {
  /** As it was written: `s3:prefix`. */
  readonly key: string;
  /** The operator without its prefix and suffix, lower case. */
  readonly operator: string;
  readonly values: readonly string[];
  readonly holds: (request: AccessRequest) => boolean;
}

const VALUES_MAX = 200;
const VALUE_LENGTH_MAX = 2048;

/** Whether a value of the request is one that the policy's value means. */
type Test = (value: string, request: AccessRequest) => boolean;
type MakeTest = (text: string, hasVariables: boolean) => Test;

interface Operator {
  readonly make: MakeTest;
  /** Holds when none of the values is meant. */
  readonly isNegated: boolean;
}

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...both("StringEquals", "StringNotEquals", stringTest({ hasWildcards: false, isCaseless: false })),
  ...both(
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    stringTest({ hasWildcards: false, isCaseless: true }),
  ),
  ...both("StringLike", "StringNotLike", stringTest({ hasWildcards: true, isCaseless: false })),
  ...both("ArnEquals", "ArnNotEquals", stringTest({ hasWildcards: true, isCaseless: false })),
  ...both("ArnLike", "ArnNotLike", stringTest({ hasWildcards: true, isCaseless: false })),
  ...ordered("Numeric", numberOf),
  ...ordered("Date", momentOf),
  ...both("IpAddress", "NotIpAddress", addressTest),
  ["bool", { make: boolTest, isNegated: false }],
]);

/**
 * @param name `ForAnyValue:StringLikeIfExists` and the like
 * @throws MalformedPolicy
 */
export function parseCondition(
  name: string,
  given: { readonly key: string; readonly values: unknown; readonly hasVariables: boolean },
): Condition {
  const { key, hasVariables } = given;
  const match = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/i.exec(name);
  const operator = (match?.[2] ?? "").toLowerCase();
  if (!isKnownFact(key)) throw malformed(`the condition key ${key.slice(0, 100)} is not known`);
  const values = textsOf(given.values, key);
  if (operator === "null" && match?.[1] === undefined && match?.[3] === undefined) {
    const isAbsent = boolTest(values[0] ?? "");
    if (values.length !== 1) throw malformed("Null takes one value, true or false");
    const holds = (request: AccessRequest) =>
      isAbsent(String(factValues(key, request).length === 0), request);
    return { key, operator, values, holds };
  }
  const found = OPERATORS.get(operator);
  if (found === undefined) throw malformed(`the condition operator ${name.slice(0, 100)} is not known`);
  const tests = values.map((value) => found.make(value, hasVariables));
  const isMeant = (value: string, request: AccessRequest) =>
    tests.some((test) => test(value, request)) !== found.isNegated;
  const set = match?.[1]?.toLowerCase();
  const isOptional = match?.[3] !== undefined;
  return {
    key,
    operator,
    values,
    holds: (request) => {
      const present = factValues(key, request);
      if (present.length === 0) {
        if (isOptional || set === "forallvalues") return true;
        return set === undefined && found.isNegated;
      }
      return set === "foranyvalue"
        ? present.some((value) => isMeant(value, request))
        : present.every((value) => isMeant(value, request));
    },
  };
}

function textsOf(values: unknown, key: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  if (list.length === 0 || list.length > VALUES_MAX) {
    throw malformed(`the condition on ${key.slice(0, 100)} must have 1 to ${VALUES_MAX} values`);
  }
  return list.map((value) => {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw malformed(`the condition on ${key.slice(0, 100)} must have texts, numbers or booleans as values`);
    }
    const text = String(value);
    if (text.length > VALUE_LENGTH_MAX) throw malformed("a value of a condition is too long");
    return text;
  });
}

function both(positive: string, negative: string, make: MakeTest): Array<[string, Operator]> {
  return [
    [positive.toLowerCase(), { make, isNegated: false }],
    [negative.toLowerCase(), { make, isNegated: true }],
  ];
}

function stringTest(options: { readonly hasWildcards: boolean; readonly isCaseless: boolean }): MakeTest {
  const { hasWildcards, isCaseless } = options;
  const cased = (text: string) => (isCaseless ? text.toLowerCase() : text);
  return (text, hasVariables) => {
    const glob: Glob | undefined = parseGlob(cased(text), { hasWildcards, hasVariables });
    requireVariables(glob);
    return (value, request) =>
      glob !== undefined &&
      globMatches(glob, cased(value), (key) => {
        const fact = factValues(key, request)[0];
        return fact === undefined ? undefined : cased(fact);
      });
  };
}

/** @throws MalformedPolicy when a variable is not well-formed or not known */
export function requireVariables(glob: Glob | undefined): asserts glob is Glob {
  if (glob === undefined) throw malformed("a policy variable is not well-formed");
  const unknown = glob.variables.find((key) => !isKnownFact(key));
  if (unknown !== undefined) throw malformed(`the policy variable ${unknown.slice(0, 100)} is not known`);
}

function ordered(
  kind: "Numeric" | "Date",
  parse: (text: string) => number | undefined,
): Array<[string, Operator]> {
  const compared = (isTrue: (value: number, bound: number) => boolean): MakeTest => {
    return (text) => {
      const bound = parse(text);
      if (bound === undefined) throw malformed(`${text.slice(0, 100)} is no value for a ${kind} operator`);
      return (value) => {
        const number = parse(value);
        return number !== undefined && isTrue(number, bound);
      };
    };
  };
  const one = (name: string, make: MakeTest): [string, Operator] => [
    `${kind}${name}`.toLowerCase(),
    { make, isNegated: false },
  ];
  return [
    ...both(
      `${kind}Equals`,
      `${kind}NotEquals`,
      compared((value, bound) => value === bound),
    ),
    one(
      "LessThan",
      compared((value, bound) => value < bound),
    ),
    one(
      "LessThanEquals",
      compared((value, bound) => value <= bound),
    ),
    one(
      "GreaterThan",
      compared((value, bound) => value > bound),
    ),
    one(
      "GreaterThanEquals",
      compared((value, bound) => value >= bound),
    ),
  ];
}

function numberOf(text: string): number | undefined {
  return /^[+-]?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
}

/** Milliseconds of an ISO 8601 date or of seconds since 1970. */
function momentOf(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text) && text.length !== 4) return Number(text) * 1000;
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?)?)?$/.test(text))
    return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function boolTest(text: string): Test {
  const wanted = text.toLowerCase();
  if (wanted !== "true" && wanted !== "false")
    throw malformed("a Bool or Null condition takes true or false");
  return (value) => value.toLowerCase() === wanted;
}

function addressTest(text: string): Test {
  const [address = "", bits, more] = text.split("/");
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (version === 0 || more !== undefined || !/^\d{1,3}$/.test(bits ?? "0") || prefix > most) {
    throw malformed(`${text.slice(0, 100)} is no IP address or range`);
  }
  const list = new BlockList();
  list.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  return (value) => {
    const family = isIP(value);
    return (
      family !== 0 && (family === 4) === (version === 4) && list.check(value, family === 4 ? "ipv4" : "ipv6")
    );
  };
}

export function malformed(message: string): S3Error {
  return new S3Error("MalformedPolicy", `The policy is not valid: ${message}`);
}
