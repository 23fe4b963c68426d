/** Whether a request may do something: gathers what the rules of access/ need to know of bucket and version, and asks them. Parsed policies are kept. */
import { EfsError } from "../../base/errors.ts";
import type { Annotations } from "../../model/annotation.ts";
import { type BucketPath, formatTenantPath, parseObjectName, type TenantPath } from "../../model/names.ts";
import type { Segment } from "../../segment/segment.ts";
import { authorise, type BucketAccess, refusal, type VersionAccess } from "./access/authorise.ts";
import type { Identity } from "./access/identity.ts";
import { type Policy, parsePolicy } from "./access/policy.ts";
import type { S3Request } from "./action.ts";
import type { Authentication } from "./auth/verifier.ts";
import { readConfig } from "./bucket-config.ts";
import { S3Error } from "./errors.ts";
import { ownerOf } from "./owner.ts";
import { bucketNameOf } from "./request-names.ts";
import { parseVersionId } from "./version-id.ts";

const POLICIES_MAX = 1000;
/** A client that says whose a bucket is wants nothing done in one of somebody else. */
const OWNER_HEADERS = ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"];

export interface Asked {
  readonly identity: Identity;
  readonly permission: string;
  readonly bucket: string;
  readonly key: string | undefined;
  readonly request: S3Request;
  readonly signedBy: Authentication["kind"];
}

export class AccessControl {
  readonly #segment: Segment;
  readonly #tenant: TenantPath;
  readonly #tenantText: string;
  readonly #ownerId: string;
  readonly #policies = new Map<string, { readonly text: string; readonly policy: Policy }>();
  readonly #nowMs: () => number;

  constructor(segment: Segment, tenant: TenantPath, nowMs: () => number) {
    this.#segment = segment;
    this.#tenant = tenant;
    this.#tenantText = formatTenantPath(tenant);
    this.#ownerId = ownerOf(tenant).id;
    this.#nowMs = nowMs;
  }

  /** @throws AccessDenied, InvalidBucketName, what the segment throws */
  async authorise(asked: Asked): Promise<void> {
    const { headers } = asked.request;
    const isOther = (name: string) => headers.has(name) && headers.get(name) !== this.#ownerId;
    if (OWNER_HEADERS.some(isOther)) throw new S3Error("AccessDenied");
    await authorise(this.#requestOf(asked), await this.#optionsOf(asked));
  }

  async isAllowed(asked: Asked): Promise<boolean> {
    return (await refusal(this.#requestOf(asked), await this.#optionsOf(asked))) === undefined;
  }

  #requestOf({ identity, permission, bucket, key, request, signedBy }: Asked) {
    const { remoteAddress, isSecure, query, headers } = request;
    const tenant = this.#tenantText;
    const nowMs = this.#nowMs();
    return {
      identity,
      tenant,
      permission,
      bucket,
      key,
      nowMs,
      remoteAddress,
      isSecure,
      query,
      headers,
      signedBy,
    };
  }

  async #optionsOf(asked: Asked) {
    const path = { ...this.#tenant, bucket: bucketNameOf(asked.bucket) };
    return {
      bucket: await this.#bucketAccess(path, asked),
      version: asked.key === undefined ? undefined : this.#versionAccess(path, asked.key, asked.request),
    };
  }

  /** For users of the tenant the policy decides alone, unless they give a version an ACL: nothing else is read for them. */
  async #bucketAccess(path: BucketPath, { identity, request }: Asked): Promise<BucketAccess | undefined> {
    const site = { segment: this.#segment };
    const isUser = identity.kind === "user";
    try {
      const text = await this.#segment.namespace.getConfig(path, "policy");
      const policy = text === undefined ? undefined : this.#policyOf(path.bucket, text);
      const isBlockAsked = !isUser || request.headers.has("x-amz-acl");
      const publicAccessBlock = isBlockAsked
        ? await readConfig(site, path, "public-access-block")
        : undefined;
      if (isUser) return { policy, acl: "private", publicAccessBlock, isOwnerEnforced: false };
      const acl = (await readConfig(site, path, "acl"))?.canned ?? "private";
      const ownership = await readConfig(site, path, "ownership");
      const isOwnerEnforced = ownership?.objectOwnership === "BucketOwnerEnforced";
      return { policy, acl, publicAccessBlock, isOwnerEnforced };
    } catch (thrown) {
      if (thrown instanceof EfsError && thrown.code === "BUCKET_NOT_FOUND") return undefined;
      throw thrown;
    }
  }

  /** @throws RECORD_CORRUPT: a policy that cannot be read must not be taken for none */
  #policyOf(bucket: string, text: string): Policy {
    const known = this.#policies.get(bucket);
    if (known?.text === text) return known.policy;
    try {
      const policy = parsePolicy(text, bucket);
      if (this.#policies.size >= POLICIES_MAX) this.#policies.clear();
      this.#policies.set(bucket, { text, policy });
      return policy;
    } catch (cause) {
      throw new EfsError("RECORD_CORRUPT", `the policy of bucket ${bucket} cannot be read`, { cause });
    }
  }

  #versionAccess(path: BucketPath, key: string, { query }: S3Request): VersionAccess {
    let annotations: Promise<Annotations | undefined> | undefined;
    const load = async (): Promise<Annotations | undefined> => {
      try {
        const object = { ...path, object: parseObjectName(key) };
        const version = parseVersionId(query.get("versionId"));
        return (await this.#segment.annotations.show(object, version)).annotations;
      } catch (thrown) {
        if (thrown instanceof EfsError && (thrown.kind === "not_found" || thrown.kind === "usage")) {
          return undefined;
        }
        throw thrown;
      }
    };
    const shown = () => {
      annotations ??= load();
      return annotations;
    };
    return { acl: async () => (await shown())?.acl, tags: async () => (await shown())?.tags };
  }
}
