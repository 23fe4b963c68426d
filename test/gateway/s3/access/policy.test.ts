/** Bucket policies: what is refused when one is put, and what they let in and keep out. A denial always wins. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccessRequest } from "../../../../src/gateway/s3/access/access-request.ts";
import { globMatches, parseGlob } from "../../../../src/gateway/s3/access/glob.ts";
import type { Identity } from "../../../../src/gateway/s3/access/identity.ts";
import { S3_PERMISSIONS } from "../../../../src/gateway/s3/access/permissions.ts";
import { evaluatePolicy, parsePolicy } from "../../../../src/gateway/s3/access/policy.ts";
import { accessRequest, MARIA } from "./requests.ts";

const allow = {
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: "arn:aws:s3:::bk1/*",
};
const policyOf = (...statements: readonly unknown[]) =>
  parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }), "bk1");
const verdict = (statement: Readonly<Record<string, unknown>>, request: Partial<AccessRequest> = {}) =>
  evaluatePolicy(policyOf({ ...allow, ...statement }), accessRequest(request));

describe("a glob", () => {
  it("means what a regular expression of the same meaning does", () => {
    const alphabet = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "/"), maxLength: 8 });
    fc.assert(
      fc.property(
        alphabet,
        fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), maxLength: 8 }),
        (pattern, text) => {
          const glob = parseGlob(pattern, { hasWildcards: true, hasVariables: false });
          const expression = pattern.replaceAll("?", "[^]").replaceAll("*", "[^]*");
          expect(glob !== undefined && globMatches(glob, text)).toBe(
            new RegExp(`^${expression}$`).test(text),
          );
        },
      ),
      { numRuns: 1000, seed: 4 },
    );
  });

  it("of many stars takes no long time", () => {
    const glob = parseGlob("*a".repeat(500), { hasWildcards: true, hasVariables: false });
    const started = performance.now();
    expect(glob !== undefined && globMatches(glob, `${"a".repeat(1000)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("a policy", () => {
  it("lets in whom it names, to what it names", () => {
    expect(verdict({})).toBe("allow");
    expect(verdict({}, { permission: "s3:PutObject" })).toBe("none");
    expect(verdict({}, { key: undefined, permission: "s3:ListBucket" })).toBe("none");
    expect(
      verdict(
        { Resource: "arn:aws:s3:::bk1", Action: "s3:List*" },
        { key: undefined, permission: "s3:ListBucket" },
      ),
    ).toBe("allow");
    expect(verdict({ Resource: ["arn:aws:s3:::bk1/x/*", "arn:aws:s3:::bk1/y?"] }, { key: "x/a/b" })).toBe(
      "allow",
    );
    expect(verdict({ Resource: "arn:aws:s3:::bk1/x/*" }, { key: "y/a" })).toBe("none");
    expect(verdict({ Action: ["s3:getobject"] })).toBe("allow");
    expect(verdict({ Action: undefined, NotAction: "s3:GetObject" })).toBe("none");
    expect(verdict({ Action: undefined, NotAction: "s3:Put*" })).toBe("allow");
    expect(
      verdict({ Resource: undefined, NotResource: "arn:aws:s3:::bk1/secret/*" }, { key: "secret/a" }),
    ).toBe("none");
    expect(verdict({ Resource: undefined, NotResource: "arn:aws:s3:::bk1/secret/*" })).toBe("allow");
  });

  it("takes its resources literally where a key holds stars", () => {
    expect(verdict({ Resource: "arn:aws:s3:::bk1/a${*}b" }, { key: "a*b" })).toBe("allow");
    expect(verdict({ Resource: "arn:aws:s3:::bk1/a${*}b" }, { key: "axb" })).toBe("none");
  });

  it.each<[string, unknown, Identity, string]>([
    ["a name", { AWS: "maria" }, MARIA, "allow"],
    ["an ARN", { AWS: ["arn:aws:iam::Hawaii:Cola:user/maria"] }, MARIA, "allow"],
    ["an ARN without tenant", { AWS: "arn:aws:iam:::user/maria" }, MARIA, "allow"],
    ["the tenant", { AWS: "arn:aws:iam::Hawaii:Cola:root" }, MARIA, "allow"],
    ["another tenant", { AWS: "arn:aws:iam::Hawaii:Pepsi:user/maria" }, MARIA, "none"],
    ["another user", { AWS: "amy" }, MARIA, "none"],
    ["everybody", { AWS: "*" }, { kind: "anonymous" }, "allow"],
    ["a user, asked by nobody", { AWS: "maria" }, { kind: "anonymous" }, "none"],
  ])("names principals by %s", (_, Principal, identity, expected) => {
    expect(verdict({ Principal }, { identity })).toBe(expected);
  });

  it("denies all but whom it excepts", () => {
    const statement = { Effect: "Deny", Principal: undefined, NotPrincipal: { AWS: "maria" } };
    expect(verdict(statement, { identity: MARIA })).toBe("none");
    expect(verdict(statement)).toBe("deny");
  });

  it("puts facts of the request into its texts, literally", () => {
    const home = { Resource: "arn:aws:s3:::bk1/home/${aws:username}/*" };
    expect(verdict(home, { identity: MARIA, key: "home/maria/x" })).toBe("allow");
    expect(verdict(home, { identity: MARIA, key: "home/amy/x" })).toBe("none");
    expect(verdict(home, { key: "home//x" })).toBe("none");
    const star: Identity = { kind: "user", user: "*", isAdmin: false, accessKey: "A" };
    expect(verdict(home, { identity: star, key: "home/amy/x" })).toBe("none");
    const old = parsePolicy(JSON.stringify({ Statement: { ...allow, ...home } }), "bk1");
    expect(evaluatePolicy(old, accessRequest({ identity: MARIA, key: "home/maria/x" }))).toBe("none");
  });
});

describe("conditions", () => {
  const holds = (Condition: unknown, request: Partial<AccessRequest> = {}) =>
    verdict({ Condition }, request) === "allow";
  const headers = (given: Readonly<Record<string, string>>) => ({ headers: new Map(Object.entries(given)) });
  const query = (given: Readonly<Record<string, string>>) => ({ query: new Map(Object.entries(given)) });

  it.each<[string, unknown, Partial<AccessRequest>, boolean]>([
    ["StringEquals", { StringEquals: { "s3:prefix": ["a", "b"] } }, query({ prefix: "b" }), true],
    ["StringEquals, other case", { StringEquals: { "s3:prefix": "a" } }, query({ prefix: "A" }), false],
    [
      "StringEquals takes stars literally",
      { StringEquals: { "s3:prefix": "a*" } },
      query({ prefix: "ab" }),
      false,
    ],
    [
      "StringEqualsIgnoreCase",
      { StringEqualsIgnoreCase: { "s3:prefix": "aB" } },
      query({ prefix: "Ab" }),
      true,
    ],
    [
      "StringNotEquals of several",
      { StringNotEquals: { "s3:prefix": ["a", "b"] } },
      query({ prefix: "b" }),
      false,
    ],
    ["StringNotEquals", { StringNotEquals: { "s3:prefix": ["a", "b"] } }, query({ prefix: "c" }), true],
    ["StringNotEquals, absent", { StringNotEquals: { "s3:prefix": "a" } }, {}, true],
    ["StringEquals, absent", { StringEquals: { "s3:prefix": "a" } }, {}, false],
    ["StringEqualsIfExists, absent", { StringEqualsIfExists: { "s3:prefix": "a" } }, {}, true],
    [
      "StringEqualsIfExists, other",
      { StringEqualsIfExists: { "s3:prefix": "a" } },
      query({ prefix: "b" }),
      false,
    ],
    [
      "StringLike",
      { StringLike: { "aws:Referer": "http://example.com/*" } },
      headers({ referer: "http://example.com/a" }),
      true,
    ],
    [
      "StringNotLike",
      { StringNotLike: { "aws:Referer": "http://example.com/*" } },
      headers({ referer: "http://other.com/" }),
      true,
    ],
    [
      "a variable",
      { StringLike: { "s3:prefix": "home/${aws:username}/*" } },
      { ...query({ prefix: "home/maria/x" }), identity: MARIA },
      true,
    ],
    [
      "NumericLessThanEquals",
      { NumericLessThanEquals: { "s3:max-keys": 10 } },
      query({ "max-keys": "10" }),
      true,
    ],
    ["NumericLessThan", { NumericLessThan: { "s3:max-keys": "10" } }, query({ "max-keys": "10" }), false],
    [
      "NumericGreaterThan of no number",
      { NumericGreaterThan: { "s3:max-keys": "10" } },
      query({ "max-keys": "many" }),
      false,
    ],
    ["DateGreaterThan", { DateGreaterThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" } }, {}, true],
    ["DateLessThan", { DateLessThan: { "aws:CurrentTime": "2026-01-01T00:00:00Z" } }, {}, false],
    ["DateLessThan in seconds", { DateLessThan: { "aws:EpochTime": "4102444800" } }, {}, true],
    ["Bool", { Bool: { "aws:SecureTransport": "false" } }, {}, true],
    ["Bool, a boolean", { Bool: { "aws:SecureTransport": true } }, { isSecure: true }, true],
    [
      "IpAddress",
      { IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "::1"] } },
      { remoteAddress: "::ffff:10.1.2.3" },
      true,
    ],
    [
      "IpAddress, IPv6",
      { IpAddress: { "aws:SourceIp": "2001:db8::/32" } },
      { remoteAddress: "2001:db8::7" },
      true,
    ],
    [
      "IpAddress, outside",
      { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
      { remoteAddress: "11.0.0.1" },
      false,
    ],
    ["NotIpAddress", { NotIpAddress: { "aws:SourceIp": "10.0.0.0/8" } }, { remoteAddress: "11.0.0.1" }, true],
    ["Null true", { Null: { "s3:x-amz-acl": "true" } }, {}, true],
    ["Null false", { Null: { "s3:x-amz-acl": "false" } }, headers({ "x-amz-acl": "private" }), true],
    [
      "ArnLike",
      { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::Hawaii:Cola:user/m*" } },
      { identity: MARIA },
      true,
    ],
    [
      "existing tags",
      { StringEquals: { "s3:ExistingObjectTag/Class": "open" } },
      { existingTags: { Class: "open" } },
      true,
    ],
    [
      "existing tags by case",
      { StringEquals: { "s3:ExistingObjectTag/class": "open" } },
      { existingTags: { Class: "open" } },
      false,
    ],
    [
      "existing tags of no own",
      { StringLike: { "s3:ExistingObjectTag/constructor": "*" } },
      { existingTags: {} },
      false,
    ],
    [
      "request tags",
      { StringEquals: { "s3:RequestObjectTag/a b": "c d" } },
      headers({ "x-amz-tagging": "a%20b=c+d" }),
      true,
    ],
    [
      "ForAllValues",
      { "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["a", "b"] } },
      headers({ "x-amz-tagging": "a=1&b=2" }),
      true,
    ],
    [
      "ForAllValues, one outside",
      { "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["a"] } },
      headers({ "x-amz-tagging": "a=1&b=2" }),
      false,
    ],
    ["ForAllValues, none", { "ForAllValues:StringEquals": { "s3:RequestObjectTagKeys": ["a"] } }, {}, true],
    [
      "ForAnyValue",
      { "ForAnyValue:StringEquals": { "s3:RequestObjectTagKeys": ["b"] } },
      headers({ "x-amz-tagging": "a=1&b=2" }),
      true,
    ],
    ["ForAnyValue, none", { "ForAnyValue:StringNotEquals": { "s3:RequestObjectTagKeys": ["b"] } }, {}, false],
    [
      "several must all hold",
      { Bool: { "aws:SecureTransport": "false" }, StringEquals: { "s3:prefix": "a" } },
      query({ prefix: "b" }),
      false,
    ],
  ])("%s", (_, condition, request, expected) => {
    expect(holds(condition, request)).toBe(expected);
  });
});

describe("a policy that is put", () => {
  const words = (policy: unknown) => {
    try {
      parsePolicy(typeof policy === "string" ? policy : JSON.stringify(policy), "bk1");
      return "taken";
    } catch (error) {
      expect(error).toMatchObject({ code: "MalformedPolicy" });
      return String((error as Error).message);
    }
  };
  const statement = (change: Readonly<Record<string, unknown>>) =>
    words({ Version: "2012-10-17", Statement: [{ ...allow, ...change }] });

  it("is taken when it is well-formed, also with one statement outside of a list", () => {
    expect(words({ Version: "2008-10-17", Id: "x", Statement: { Sid: "1", ...allow } })).toBe("taken");
    expect(statement({ Resource: "*" })).toBe("taken");
    expect(statement({ Action: "*" })).toBe("taken");
  });

  it.each<[string, RegExp, () => string]>([
    ["no JSON", /valid JSON/, () => words("{")],
    ["a list", /must be an object/, () => words([])],
    ["another version", /Version/, () => words({ Version: "2020-01-01", Statement: [allow] })],
    ["no statement", /Statement/, () => words({ Version: "2012-10-17" })],
    ["no statements", /1 to/, () => words({ Version: "2012-10-17", Statement: [] })],
    ["an unknown element", /Resources/, () => statement({ Resources: "x" })],
    ["no effect", /Effect/, () => statement({ Effect: undefined })],
    ["an effect in lower case", /Effect/, () => statement({ Effect: "allow" })],
    ["no principal", /Principal/, () => statement({ Principal: undefined })],
    ["both kinds of principal", /Principal/, () => statement({ NotPrincipal: "*" })],
    [
      "all but one let in",
      /NotPrincipal/,
      () => statement({ Principal: undefined, NotPrincipal: { AWS: "maria" } }),
    ],
    ["a principal of another kind", /CanonicalUser/, () => statement({ Principal: { CanonicalUser: "x" } })],
    [
      "a principal with a star in it",
      /principal/,
      () => statement({ Principal: { AWS: "arn:aws:iam::a:b:user/*" } }),
    ],
    ["an unknown action", /s3:GetObjects/, () => statement({ Action: ["s3:GetObject", "s3:GetObjects"] })],
    ["an action of another service", /ec2/, () => statement({ Action: "ec2:*" })],
    ["no action", /Action/, () => statement({ Action: [] })],
    ["another bucket", /invalid resource/, () => statement({ Resource: "arn:aws:s3:::bk2/*" })],
    [
      "a bucket whose name begins so",
      /invalid resource/,
      () => statement({ Resource: "arn:aws:s3:::bk12/*" }),
    ],
    ["a resource that is no ARN", /invalid resource/, () => statement({ Resource: "bk1/*" })],
    ["an unknown operator", /StringIs/, () => statement({ Condition: { StringIs: { "s3:prefix": "a" } } })],
    [
      "an unknown key",
      /aws:Weather/,
      () => statement({ Condition: { StringEquals: { "aws:Weather": "a" } } }),
    ],
    ["an unknown variable", /aws:weather/, () => statement({ Resource: "arn:aws:s3:::bk1/${aws:weather}" })],
    ["a variable without end", /variable/, () => statement({ Resource: "arn:aws:s3:::bk1/${aws:username" })],
    [
      "a number that is none",
      /Numeric/,
      () => statement({ Condition: { NumericEquals: { "s3:max-keys": "x" } } }),
    ],
    [
      "a date that is none",
      /Date/,
      () => statement({ Condition: { DateEquals: { "aws:CurrentTime": "x" } } }),
    ],
    [
      "an address that is none",
      /IP/,
      () => statement({ Condition: { IpAddress: { "aws:SourceIp": "10.0.0.300" } } }),
    ],
    [
      "a range that is none",
      /IP/,
      () => statement({ Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/33" } } }),
    ],
    [
      "a boolean that is none",
      /true or false/,
      () => statement({ Condition: { Bool: { "aws:SecureTransport": "maybe" } } }),
    ],
    [
      "a condition of no value",
      /values/,
      () => statement({ Condition: { StringEquals: { "s3:prefix": [] } } }),
    ],
    [
      "20 KiB and more",
      /longer/,
      () => words({ Version: "2012-10-17", Statement: [{ ...allow, Sid: "x".repeat(21_000) }] }),
    ],
  ])("with %s is refused in words", (_, expected, work) => {
    expect(work()).toMatch(expected);
  });

  it("of any JSON is taken or refused as malformed, never a crash", () => {
    const piece = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(
        "*",
        "Allow",
        "Deny",
        "s3:*",
        "arn:aws:s3:::bk1/*",
        { AWS: "*" },
        { StringLike: { "s3:prefix": "${x" } },
      ),
    );
    const names = fc.constantFrom(
      "Sid",
      "Effect",
      "Principal",
      "NotPrincipal",
      "Action",
      "Resource",
      "NotResource",
      "Condition",
    );
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(names, piece), piece), (given) => {
        words({ Version: "2012-10-17", Statement: given });
        words(given);
      }),
      { numRuns: 500, seed: 8 },
    );
  });

  it("is public when it lets in who has no account", () => {
    const isPublic = (change: Readonly<Record<string, unknown>>) =>
      policyOf({ ...allow, ...change }).isPublic;
    expect(isPublic({})).toBe(true);
    expect(isPublic({ Principal: { AWS: ["maria", "*"] } })).toBe(true);
    expect(isPublic({ Principal: { AWS: "maria" } })).toBe(false);
    expect(isPublic({ Effect: "Deny" })).toBe(false);
    expect(isPublic({ Condition: { IpAddress: { "aws:SourceIp": "10.1.0.0/16" } } })).toBe(false);
    expect(isPublic({ Condition: { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } } })).toBe(true);
    expect(isPublic({ Condition: { StringEquals: { "aws:username": "maria" } } })).toBe(false);
    expect(isPublic({ Condition: { StringLike: { "aws:username": "*" } } })).toBe(true);
    expect(isPublic({ Condition: { StringNotEquals: { "aws:username": "maria" } } })).toBe(true);
    expect(isPublic({ Condition: { Bool: { "aws:SecureTransport": "true" } } })).toBe(true);
  });
});

const isSound = ({ Action, Resource: [Resource] }: { Action: string; Resource: readonly string[] }) => {
  try {
    policyOf({ ...allow, Action, Resource });
    return true;
  } catch {
    return false;
  }
};

describe("a denial", () => {
  it("always wins, whatever else the policy says and in whatever order", () => {
    const key = fc.constantFrom("a", "b/c", "x");
    const action = fc.constantFrom("*", "s3:*", "s3:Get*", "s3:PutObject", ...S3_PERMISSIONS.slice(0, 5));
    const resource = fc.constantFrom("*", "arn:aws:s3:::bk1/*", "arn:aws:s3:::bk1/b/*", "arn:aws:s3:::bk1");
    const statement = fc
      .record({
        Effect: fc.constantFrom("Allow", "Deny"),
        Principal: fc.constantFrom("*", { AWS: "maria" }, { AWS: "amy" }),
        Action: action,
        // The last is for actions that the first does not reach.
        Resource: fc.tuple(resource, fc.constantFrom("*", "arn:aws:s3:::bk1*")),
      })
      .map((one) => (isSound(one) ? { ...one, Resource: one.Resource[0] } : one));
    const identity = fc.constantFrom<Identity>(MARIA, { kind: "anonymous" });
    const permission = fc.constantFrom("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload");
    fc.assert(
      fc.property(
        fc.array(statement, { minLength: 1, maxLength: 6 }),
        identity,
        permission,
        key,
        (all, who, what, name) => {
          const request = accessRequest({ identity: who, permission: what, key: name });
          const single = all.map((one) => evaluatePolicy(policyOf(one), request));
          let expected = "none";
          if (single.includes("allow")) expected = "allow";
          if (single.includes("deny")) expected = "deny";
          expect(evaluatePolicy(policyOf(...all), request)).toBe(expected);
          expect(evaluatePolicy(policyOf(...all.toReversed()), request)).toBe(expected);
        },
      ),
      { numRuns: 500, seed: 9 },
    );
  });
});

describe("a statement whose actions and resources never meet", () => {
  const bucket = "arn:aws:s3:::bk1";
  const below = "arn:aws:s3:::bk1/*";

  it.each([
    ["s3:ListBucket", below],
    ["s3:GetObject", bucket],
    [["s3:GetObject", "s3:ListBucket"], below],
    ["s3:PutBucketObjectLockConfiguration", below],
    ["s3:ListMultipartUploadParts", bucket],
  ])("as %j on %j is refused, not silently void", (Action, Resource) => {
    expect(() => policyOf({ ...allow, Action, Resource })).toThrow(/does not apply to any resource/);
  });

  it.each([
    [
      ["s3:GetObject", "s3:ListBucket"],
      [bucket, below],
    ],
    ["s3:*", below],
    ["s3:List*", below],
    ["s3:GetObject", "arn:aws:s3:::bk*"],
    ["s3:ListBucket", "*"],
    ["s3:RestoreObject", below],
  ])("but %j on %j does", (Action, Resource) => {
    expect(() => policyOf({ ...allow, Action, Resource })).not.toThrow();
  });
});
