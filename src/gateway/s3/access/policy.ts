/**
 * Bucket policies: parsed and checked when they are put, evaluated for each request. Pure. Whatever is not understood is refused when it is put, so that
 * no statement is silently void. Source: "IAM JSON policy element reference" and "Policies and permissions in Amazon S3".
 */
import { S3Error } from "../errors.ts";
import { type AccessRequest, factValues, needsExistingTags } from "./access-request.ts";
import { type Glob, globMatches, parseGlob } from "./glob.ts";
import { userArn } from "./identity.ts";
import { S3_PERMISSIONS } from "./permissions.ts";
import { type Condition, malformed, parseCondition, requireVariables } from "./policy-condition.ts";
import { unreachedAction } from "./policy-reach.ts";

export const POLICY_BYTES_MAX = 20 * 1024;
const STATEMENTS_MAX = 200;
const ARN_PREFIX = "arn:aws:s3:::";

interface Statement {
  readonly isAllow: boolean;
  readonly principals: { readonly isNot: boolean; readonly names: readonly string[] };
  readonly actions: { readonly isNot: boolean; readonly globs: readonly Glob[] };
  readonly resources: { readonly isNot: boolean; readonly globs: readonly Glob[] };
  readonly conditions: readonly Condition[];
}

export interface Policy {
  readonly statements: readonly Statement[];
  /** Some condition asks for the tags of the stored version. */
  readonly needsExistingTags: boolean;
  /** Some statement lets in who has no account here. */
  readonly isPublic: boolean;
}

export type Verdict = "allow" | "deny" | "none";

/** @throws MalformedPolicy in words */
export function parsePolicy(text: string, bucket: string): Policy {
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX)
    throw malformed(`it is longer than ${POLICY_BYTES_MAX} bytes`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new S3Error("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'");
  }
  const fields = objectOf(document, "the policy");
  allowOnly(fields, ["Version", "Id", "Statement"], "the policy");
  const { Version: version = "2008-10-17", Statement: given } = fields;
  if (version !== "2012-10-17" && version !== "2008-10-17") {
    throw malformed("its Version must be 2012-10-17 or 2008-10-17");
  }
  if (given === undefined) throw malformed("it has no Statement");
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0 || list.length > STATEMENTS_MAX) {
    throw malformed(`it must have 1 to ${STATEMENTS_MAX} statements`);
  }
  const statements = list.map((statement) =>
    parseStatement(statement, { bucket, hasVariables: version === "2012-10-17" }),
  );
  const keys = statements.flatMap(({ conditions }) => conditions.map(({ key }) => key));
  return {
    statements,
    needsExistingTags: keys.some(needsExistingTags),
    isPublic: statements.some(isPublicStatement),
  };
}

/** `deny` when any statement that fits denies, else `allow` when any allows. */
export function evaluatePolicy(policy: Policy, request: AccessRequest): Verdict {
  let verdict: Verdict = "none";
  for (const statement of policy.statements) {
    if (statement.isAllow && verdict === "allow") continue;
    if (!fits(statement, request)) continue;
    if (!statement.isAllow) return "deny";
    verdict = "allow";
  }
  return verdict;
}

function fits(statement: Statement, request: AccessRequest): boolean {
  const { principals, actions, resources, conditions } = statement;
  if (principals.names.some((name) => isMeant(name, request)) === principals.isNot) return false;
  const permission = request.permission.toLowerCase();
  if (actions.globs.some((glob) => globMatches(glob, permission)) === actions.isNot) return false;
  const path = request.key === undefined ? (request.bucket ?? "") : `${request.bucket}/${request.key}`;
  const resolve = (key: string) => factValues(key, request)[0];
  const isNamed = resources.globs.some((glob) => globMatches(glob, `${ARN_PREFIX}${path}`, resolve));
  return isNamed !== resources.isNot && conditions.every((condition) => condition.holds(request));
}

/** `*` is everybody, also who has not signed; a tenant's root is all its users. */
function isMeant(name: string, { identity, tenant }: AccessRequest): boolean {
  if (name === "*") return true;
  if (identity.kind !== "user") return false;
  return (
    name === identity.user ||
    name === userArn(tenant, identity.user) ||
    name === `arn:aws:iam:::user/${identity.user}` ||
    name === `arn:aws:iam::${tenant.replace("/", ":")}:root`
  );
}

const STATEMENT_FIELDS = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];

function parseStatement(
  given: unknown,
  { bucket, hasVariables }: { readonly bucket: string; readonly hasVariables: boolean },
): Statement {
  const fields = objectOf(given, "a statement");
  allowOnly(fields, STATEMENT_FIELDS, "a statement");
  const { Effect: effect, Sid: sid } = fields;
  if (sid !== undefined && typeof sid !== "string") throw malformed("a Sid must be a text");
  if (effect !== "Allow" && effect !== "Deny")
    throw malformed("the Effect of a statement must be Allow or Deny");
  const principals = oneOf(fields, "Principal", principalsOf);
  if (principals.isNot && effect === "Allow") throw malformed("NotPrincipal goes with Effect Deny only");
  const actions = oneOf(fields, "Action", (value) => textsOf(value, "Action").map(actionGlob));
  const resources = oneOf(fields, "Resource", (value) =>
    textsOf(value, "Resource").map((text) => resourceGlob(text, { bucket, hasVariables })),
  );
  if (!actions.isNot && !resources.isNot && unreachedAction(actions.value, resources.value) !== undefined) {
    throw new S3Error("MalformedPolicy", "Action does not apply to any resource(s) in statement");
  }
  return {
    isAllow: effect === "Allow",
    principals: { isNot: principals.isNot, names: principals.value },
    actions: { isNot: actions.isNot, globs: actions.value },
    resources: { isNot: resources.isNot, globs: resources.value },
    conditions: conditionsOf(fields.Condition, hasVariables),
  };
}

/** Of `Name` and `NotName` exactly one. */
function oneOf<T>(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  parse: (value: unknown) => T,
): { readonly isNot: boolean; readonly value: T } {
  const [plain, negated] = [fields[name], fields[`Not${name}`]];
  if ((plain === undefined) === (negated === undefined)) {
    throw malformed(`a statement must have either ${name} or Not${name}`);
  }
  return { isNot: plain === undefined, value: parse(plain ?? negated) };
}

function principalsOf(value: unknown): readonly string[] {
  if (value === "*") return ["*"];
  const fields = objectOf(value, "Principal");
  allowOnly(fields, ["AWS"], "Principal");
  return textsOf(fields.AWS, "Principal").map((name) => {
    const isName = name === "*" || /^[^\s*?/:]{1,255}$/.test(name);
    if (isName || /^arn:aws:iam::(?:[^\s*?/:]+:[^\s*?/:]+)?:(?:root|user\/[^\s*?/:]+)$/.test(name))
      return name;
    throw malformed(`Invalid principal in policy: ${name.slice(0, 200)}`);
  });
}

function actionGlob(text: string): Glob {
  const lower = text.toLowerCase();
  const glob = parseGlob(lower, { hasWildcards: true, hasVariables: false });
  if (glob !== undefined && (lower === "*" || /^s3:[a-z0-9*?]+$/.test(lower))) {
    if (S3_PERMISSIONS.some((permission) => globMatches(glob, permission.toLowerCase()))) return glob;
  }
  throw malformed(`Policy has invalid action: ${text.slice(0, 200)}`);
}

function resourceGlob(
  text: string,
  { bucket, hasVariables }: { readonly bucket: string; readonly hasVariables: boolean },
): Glob {
  const glob = parseGlob(text, { hasWildcards: true, hasVariables });
  requireVariables(glob);
  if (text === "*") return glob;
  const name = text.startsWith(ARN_PREFIX) ? (text.slice(ARN_PREFIX.length).split("/")[0] ?? "") : "";
  const named = parseGlob(name, { hasWildcards: true, hasVariables: false });
  if (named === undefined || !globMatches(named, bucket)) {
    throw malformed(
      `Policy has invalid resource: ${text.slice(0, 200)} is not ${ARN_PREFIX}${bucket} or below it`,
    );
  }
  return glob;
}

function conditionsOf(value: unknown, hasVariables: boolean): readonly Condition[] {
  if (value === undefined) return [];
  return Object.entries(objectOf(value, "Condition")).flatMap(([operator, keys]) =>
    Object.entries(objectOf(keys, "an operator of Condition")).map(([key, values]) =>
      parseCondition(operator, { key, values, hasVariables }),
    ),
  );
}

/** Keys that name callers; a fixed value of one keeps the rest of the world out. */
const CALLER_KEYS = ["aws:username", "aws:userid", "aws:principalarn"];

function isPublicStatement({ isAllow, principals, conditions }: Statement): boolean {
  if (!isAllow || !principals.names.includes("*")) return false;
  return !conditions.some(({ key, operator, values }) => {
    const name = key.toLowerCase();
    if (CALLER_KEYS.includes(name)) {
      return (
        /^(string|arn)(equals|equalsignorecase|like)$/.test(operator) &&
        !values.some((text) => /[*?]/.test(text))
      );
    }
    return name === "aws:sourceip" && operator === "ipaddress" && !values.some(isWideRange);
  });
}

/** AWS counts ranges wider than these as everybody. */
function isWideRange(text: string): boolean {
  const [address = "", bits] = text.split("/");
  return bits !== undefined && Number(bits) < (address.includes(":") ? 32 : 8);
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw malformed(`${what} must be an object`);
}

function allowOnly(fields: Readonly<Record<string, unknown>>, known: readonly string[], what: string): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw malformed(`${what} has the unknown element ${unknown.slice(0, 100)}`);
}

function textsOf(value: unknown, what: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter(
    (text): text is string => typeof text === "string" && text !== "" && text.length <= 2048,
  );
  if (list.length === 0 || texts.length !== list.length)
    throw malformed(`${what} must be a text or a list of texts`);
  return texts;
}
