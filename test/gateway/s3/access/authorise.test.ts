/** Who may do what: the tenant's users, admins, and nobody in particular, with and without policy, ACL and public access block. */
import { describe, expect, it } from "vitest";
import type { AccessRequest } from "../../../../src/gateway/s3/access/access-request.ts";
import {
  type AuthoriseOptions,
  authorise,
  type BucketAccess,
  refusal,
} from "../../../../src/gateway/s3/access/authorise.ts";
import type { Identity } from "../../../../src/gateway/s3/access/identity.ts";
import { S3_PERMISSIONS } from "../../../../src/gateway/s3/access/permissions.ts";
import { parsePolicy } from "../../../../src/gateway/s3/access/policy.ts";
import {
  NO_PUBLIC_ACCESS_BLOCK,
  requireAclNotBlocked,
  requirePolicyNotBlocked,
} from "../../../../src/gateway/s3/access/public-access-block.ts";
import { ADMIN, accessRequest, MARIA, NOBODY } from "./requests.ts";

const plain: BucketAccess = {
  policy: undefined,
  acl: "private",
  publicAccessBlock: undefined,
  isOwnerEnforced: false,
};
const policy = (Effect: string, Action: string, Principal: unknown = "*", Condition?: unknown) =>
  parsePolicy(
    JSON.stringify({
      Statement: {
        Effect,
        Principal,
        Action,
        Resource: ["arn:aws:s3:::bk1", "arn:aws:s3:::bk1/*"],
        Condition,
      },
    }),
    "bk1",
  );
const may = async (
  identity: Identity,
  permission: string,
  {
    bucket = {},
    request = {},
    version,
  }: {
    bucket?: Partial<BucketAccess>;
    request?: Partial<AccessRequest>;
    version?: AuthoriseOptions["version"];
  } = {},
) =>
  (await refusal(accessRequest({ identity, permission, ...request }), {
    bucket: { ...plain, ...bucket },
    version,
  })) === undefined;
const readable = { acl: async () => "public-read" as const, tags: async () => ({ Class: "open" }) };

describe("without a policy", () => {
  const forAdmins = [
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucketOwnershipControls",
    "s3:DeleteBucketPolicy",
    "s3:DeleteBucketPublicAccessBlock",
    "s3:PutBucketAcl",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
  ];

  it("a user does everything but what is for admins, an admin everything, nobody nothing", async () => {
    const refused: string[] = [];
    for (const permission of S3_PERMISSIONS) {
      expect(await may(ADMIN, permission)).toBe(true);
      expect(await may(NOBODY, permission)).toBe(false);
      if (!(await may(MARIA, permission))) refused.push(permission);
    }
    expect(refused).toEqual(forAdmins);
  });

  it("the service itself is for users", async () => {
    const request = accessRequest({ bucket: undefined, key: undefined, permission: "s3:ListAllMyBuckets" });
    expect(await refusal({ ...request, identity: MARIA }, { bucket: undefined })).toBeUndefined();
    expect(await refusal(request, { bucket: undefined })).toBe("Access Denied");
    await expect(authorise(request, { bucket: undefined })).rejects.toMatchObject({
      code: "AccessDenied",
      status: 403,
    });
  });

  it("public ACLs of objects are for admins", async () => {
    const acl = (value: string) => ({ request: { headers: new Map([["x-amz-acl", value]]) } });
    expect(await may(MARIA, "s3:PutObjectAcl", acl("private"))).toBe(true);
    expect(await may(MARIA, "s3:PutObjectAcl", acl("public-read"))).toBe(false);
    expect(await may(MARIA, "s3:PutObjectVersionAcl", acl("authenticated-read"))).toBe(false);
    expect(await may(ADMIN, "s3:PutObjectAcl", acl("public-read"))).toBe(true);
  });
});

describe("with a policy", () => {
  it("a denial binds users and admins, but an admin can always change the policy", async () => {
    const bucket = { policy: policy("Deny", "s3:*") };
    for (const identity of [MARIA, ADMIN, NOBODY])
      expect(await may(identity, "s3:GetObject", { bucket })).toBe(false);
    for (const permission of ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]) {
      expect(await may(ADMIN, permission, { bucket })).toBe(true);
      expect(await may(MARIA, permission, { bucket })).toBe(false);
    }
  });

  it("a user gets what is for admins, and nobody gets what it says", async () => {
    expect(
      await may(MARIA, "s3:PutBucketPolicy", {
        bucket: { policy: policy("Allow", "s3:PutBucketPolicy", { AWS: "maria" }) },
      }),
    ).toBe(true);
    const open = { policy: policy("Allow", "s3:GetObject") };
    expect(await may(NOBODY, "s3:GetObject", { bucket: open })).toBe(true);
    expect(await may(NOBODY, "s3:PutObject", { bucket: open })).toBe(false);
  });

  it("tags are fetched only when a condition asks for them", async () => {
    const open = {
      policy: policy("Allow", "s3:GetObject", "*", {
        StringEquals: { "s3:ExistingObjectTag/Class": "open" },
      }),
    };
    expect(await may(NOBODY, "s3:GetObject", { bucket: open, version: readable })).toBe(true);
    expect(await may(NOBODY, "s3:GetObject", { bucket: open })).toBe(false);
    const never = {
      acl: () => Promise.reject(new Error("asked")),
      tags: () => Promise.reject(new Error("asked")),
    };
    expect(
      await may(MARIA, "s3:GetObject", {
        bucket: { policy: policy("Allow", "s3:GetObject") },
        version: never,
      }),
    ).toBe(true);
  });
});

describe("with an ACL", () => {
  it("that is public-read, nobody lists the bucket and reads the object, and no more", async () => {
    const bucket = { acl: "public-read" as const };
    expect(await may(NOBODY, "s3:ListBucket", { bucket })).toBe(true);
    expect(await may(NOBODY, "s3:GetObject", { bucket })).toBe(false);
    expect(await may(NOBODY, "s3:GetObject", { version: readable })).toBe(true);
    expect(await may(NOBODY, "s3:GetObjectAcl", { version: readable })).toBe(false);
    expect(await may(NOBODY, "s3:PutObject", { bucket, version: readable })).toBe(false);
    expect(await may(NOBODY, "s3:ListBucket", { bucket: { acl: "authenticated-read" } })).toBe(false);
  });

  it("that is void by ownership or the block, nobody gets in", async () => {
    for (const bucket of [
      { isOwnerEnforced: true },
      { publicAccessBlock: { ...NO_PUBLIC_ACCESS_BLOCK, ignorePublicAcls: true } },
    ]) {
      expect(await may(NOBODY, "s3:GetObject", { bucket, version: readable })).toBe(false);
      expect(await may(NOBODY, "s3:ListBucket", { bucket: { ...bucket, acl: "public-read" } })).toBe(false);
    }
  });
});

describe("a public access block", () => {
  const block = {
    blockPublicAcls: true,
    ignorePublicAcls: true,
    blockPublicPolicy: true,
    restrictPublicBuckets: true,
  };

  it("restricts a public policy to the tenant's users", async () => {
    const bucket = { policy: policy("Allow", "s3:GetObject"), publicAccessBlock: block };
    expect(await may(NOBODY, "s3:GetObject", { bucket })).toBe(false);
    expect(await may(MARIA, "s3:GetObject", { bucket })).toBe(true);
    const narrow = policy("Allow", "s3:GetObject", "*", { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } });
    expect(await may(NOBODY, "s3:GetObject", { bucket: { policy: narrow, publicAccessBlock: block } })).toBe(
      true,
    );
  });

  it("refuses public ACLs and policies, also to admins", async () => {
    const request = { headers: new Map([["x-amz-acl", "public-read"]]) };
    await expect(
      may(ADMIN, "s3:PutObject", { bucket: { publicAccessBlock: block }, request }),
    ).rejects.toMatchObject({ code: "AccessDenied" });
    expect(() => requireAclNotBlocked("public-read", block)).toThrow(/BlockPublicAcls/);
    expect(() => requirePolicyNotBlocked(policy("Allow", "s3:GetObject"), block)).toThrow(
      /BlockPublicPolicy/,
    );
    requireAclNotBlocked("private", block);
    requireAclNotBlocked("public-read", undefined);
    requirePolicyNotBlocked(policy("Allow", "s3:GetObject", { AWS: "maria" }), block);
  });
});
