/** The actions on the service and on buckets, as clients see them. */
import { describe, expect, it } from "vitest";
import { S3_PERMISSIONS } from "../../../src/gateway/s3/access/permissions.ts";
import type { Action } from "../../../src/gateway/s3/action.ts";
import { BUCKET_ACTIONS } from "../../../src/gateway/s3/bucket-actions.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import { type AskOptions, element, elements, type S3Site, s3Site, TENANT } from "../../support/s3-action.ts";

const actions = new Map(BUCKET_ACTIONS.map((action) => [action.name, action]));

function named(name: string): Action {
  const action = actions.get(name);
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

const ask = (site: S3Site, name: string, options: AskOptions = {}) => site.ask(named(name), options);

const create = (site: S3Site, bucket: string, options: Omit<AskOptions, "bucket"> = {}) =>
  ask(site, "CreateBucket", { bucket, ...options });

describe("the bucket actions", () => {
  it("have AWS's names, each once, a permission, and a condition of their own", () => {
    expect(actions.size).toBe(BUCKET_ACTIONS.length);
    const conditions = BUCKET_ACTIONS.map(({ match, target }) => JSON.stringify([target, match]));
    expect(new Set(conditions).size).toBe(conditions.length);
    const unknown = BUCKET_ACTIONS.filter(({ permission }) => !S3_PERMISSIONS.includes(String(permission)));
    expect(unknown.map(({ name, permission }) => `${name} ${permission}`)).toEqual([]);
  });

  it("but for creating and listing say NoSuchBucket of a bucket that is not there", async () => {
    const site = await s3Site();
    const bodies: Readonly<Record<string, string>> = {
      PutBucketVersioning: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
      PutBucketTagging: "<Tagging><TagSet/></Tagging>",
      PutBucketCors:
        "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
      PutBucketLifecycleConfiguration:
        "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
      PutBucketPolicy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::none/*"}]}',
      PutPublicAccessBlock: "<PublicAccessBlockConfiguration/>",
      PutBucketOwnershipControls:
        "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
      PutObjectLockConfiguration: "<ObjectLockConfiguration/>",
      PutBucketEncryption:
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    };
    for (const { name } of BUCKET_ACTIONS) {
      if (name === "ListBuckets" || name === "CreateBucket") continue;
      const headers: Record<string, string> = name === "PutBucketAcl" ? { "x-amz-acl": "private" } : {};
      const answer = await ask(site, name, { bucket: "none", body: bodies[name] ?? "", headers });
      expect([name, answer.code]).toEqual([name, "NoSuchBucket"]);
    }
  });

  it("that take a document refuse what is none, and leave things as they are", async () => {
    const site = await s3Site();
    for (const { name, match } of BUCKET_ACTIONS) {
      if (match.method !== "PUT" || ["PutBucketPolicy", "PutBucketAcl"].includes(name)) continue;
      for (const body of ["<a", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<Wrong/>", "\xff\xfe", "{}"]) {
        const answer = await ask(site, name, {
          bucket: name === "CreateBucket" ? "new-bucket" : "bk1",
          body,
        });
        const isOfNoBody = ["PutBucketReplication"].includes(name);
        expect([name, body, answer.code]).toEqual([
          name,
          body,
          isOfNoBody ? "NotImplemented" : "MalformedXML",
        ]);
      }
    }
    expect((await site.segment.namespace.listBuckets(TENANT)).items).toHaveLength(1);
  });
});

describe("creating, listing and deleting buckets", () => {
  it("makes a bucket that HEAD and the list show, and takes it away when it is empty", async () => {
    const site = await s3Site();
    expect(await create(site, "my-bucket")).toMatchObject({
      status: 200,
      headers: { location: "/my-bucket" },
    });
    expect(await ask(site, "HeadBucket", { bucket: "my-bucket" })).toMatchObject({
      status: 200,
      headers: { "x-amz-bucket-region": "us-east-1" },
    });
    const list = await ask(site, "ListBuckets", { bucket: null });
    expect(elements(list.text, "Name")).toEqual(["bk1", "my-bucket"]);
    expect(elements(list.text, "CreationDate")).toEqual(Array(2).fill("2026-01-01T00:00:00.000Z"));
    expect(element(list.text, "ID")).toMatch(/^[0-9a-f]{64}$/);
    await site.ask(putObject, { bucket: "my-bucket", key: "a", body: "b" });
    expect(await ask(site, "DeleteBucket", { bucket: "my-bucket" })).toMatchObject({
      status: 409,
      code: "BucketNotEmpty",
    });
    const path = parseBucketPath("Hawaii/Cola/my-bucket");
    await site.segment.objects.delete({ ...path, object: "a" as never });
    expect(await ask(site, "DeleteBucket", { bucket: "my-bucket" })).toMatchObject({ status: 204 });
    expect((await ask(site, "HeadBucket", { bucket: "my-bucket" })).code).toBe("NoSuchBucket");
  });

  it("refuses names that AWS refuses", async () => {
    const site = await s3Site();
    const bad = [
      "ab",
      "A-b",
      "a_b",
      "-ab",
      "ab-",
      "a..b",
      "192.168.5.4",
      "xn--a",
      "sthree-a",
      "a-s3alias",
      "a--ol-s3",
      "a".repeat(64),
      "é-b-c",
    ];
    for (const name of bad)
      expect([name, (await create(site, name)).code]).toEqual([name, "InvalidBucketName"]);
    for (const name of ["abc", "a.b-c", "1abc", "a".repeat(63)])
      expect((await create(site, name)).status).toBe(200);
  });

  it("says whose the bucket is that is there already", async () => {
    const site = await s3Site();
    await create(site, "my-bucket");
    expect(await create(site, "my-bucket")).toMatchObject({ status: 409, code: "BucketAlreadyOwnedByYou" });
  });

  it("takes the region of the endpoint and no other", async () => {
    const site = await s3Site();
    const body = (location: string) =>
      `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${location}</LocationConstraint></CreateBucketConfiguration>`;
    expect((await create(site, "here", { body: body("us-east-1") })).status).toBe(200);
    expect((await create(site, "there", { body: body("eu-north-1") })).code).toBe(
      "InvalidLocationConstraint",
    );
    const shown = await ask(site, "GetBucketLocation", { bucket: "here" });
    expect(shown.text).toContain('<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"');
    expect(element(shown.text, "LocationConstraint")).toBe("");
  });

  it("takes ACL, ownership, tags and lock with it, each by its own permission", async () => {
    const site = await s3Site();
    const body =
      "<CreateBucketConfiguration><Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags></CreateBucketConfiguration>";
    const headers = {
      "x-amz-acl": "public-read",
      "x-amz-object-ownership": "BucketOwnerPreferred",
      "x-amz-bucket-object-lock-enabled": "true",
    };
    for (const permission of [
      "PutBucketAcl",
      "PutBucketOwnershipControls",
      "PutBucketTagging",
      "PutBucketObjectLockConfiguration",
    ]) {
      site.denied.add(`s3:${permission}`);
      expect((await create(site, "full", { body, headers })).code).toBe("AccessDenied");
      site.denied.clear();
    }
    expect((await create(site, "full", { body, headers })).status).toBe(200);
    const bucket = parseBucketPath("Hawaii/Cola/full");
    expect((await site.segment.namespace.showBucket(bucket)).options).toMatchObject({
      versioning: "enabled",
      lock: { default: undefined },
    });
    expect(await site.segment.namespace.getConfig(bucket, "acl")).toBe('{"canned":"public-read"}');
    expect(element((await ask(site, "GetBucketTagging", { bucket: "full" })).text, "Key")).toBe("k");
    expect(
      element((await ask(site, "GetBucketOwnershipControls", { bucket: "full" })).text, "ObjectOwnership"),
    ).toBe("BucketOwnerPreferred");
    for (const [name, value, code] of [
      ["x-amz-acl", "log-delivery-write", "InvalidArgument"],
      ["x-amz-object-ownership", "Nobody", "InvalidArgument"],
      ["x-amz-bucket-object-lock-enabled", "maybe", "InvalidArgument"],
    ] as const) {
      expect((await create(site, "none", { headers: { [name]: value } })).code).toBe(code);
    }
    const enforced = { "x-amz-acl": "public-read", "x-amz-object-ownership": "BucketOwnerEnforced" };
    expect((await create(site, "none", { headers: enforced })).code).toBe(
      "InvalidBucketAclWithObjectOwnership",
    );
  });

  it("lists in pages by max-buckets, continuation-token and prefix", async () => {
    const site = await s3Site();
    for (const name of ["aa1", "aa2", "aa3", "zz1"]) await create(site, name);
    const first = await ask(site, "ListBuckets", {
      bucket: null,
      query: { "max-buckets": "2", prefix: "aa" },
    });
    expect([elements(first.text, "Name"), element(first.text, "Prefix")]).toEqual([["aa1", "aa2"], "aa"]);
    const token = element(first.text, "ContinuationToken") ?? "";
    const second = await ask(site, "ListBuckets", {
      bucket: null,
      query: { "max-buckets": "2", prefix: "aa", "continuation-token": token },
    });
    expect([elements(second.text, "Name"), element(second.text, "ContinuationToken")]).toEqual([
      ["aa3"],
      undefined,
    ]);
    for (const query of [
      { "max-buckets": "0" },
      { "max-buckets": "10001" },
      { "max-buckets": "x" },
      { "continuation-token": "made-up" },
    ]) {
      expect((await ask(site, "ListBuckets", { bucket: null, query })).code).toBe("InvalidArgument");
    }
    const elsewhere = await ask(site, "ListBuckets", {
      bucket: null,
      query: { "bucket-region": "eu-west-1" },
    });
    expect(elements(elsewhere.text, "Name")).toEqual([]);
  });
});

describe("versioning and object lock of a bucket", () => {
  const status = (text: string) =>
    `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${text}</VersioningConfiguration>`;

  it("is unset, enabled, suspended, and never unset again", async () => {
    const site = await s3Site();
    const shown = async () => element((await ask(site, "GetBucketVersioning")).text, "Status");
    expect(await shown()).toBeUndefined();
    for (const word of ["Enabled", "Suspended", "Enabled"]) {
      expect(
        (await ask(site, "PutBucketVersioning", { body: status(`<Status>${word}</Status>`) })).status,
      ).toBe(200);
      expect(await shown()).toBe(word);
    }
    const refusals: ReadonlyArray<readonly [string, string]> = [
      ["", "IllegalVersioningConfigurationException"],
      ["<Status>Off</Status>", "MalformedXML"],
      ["<Status>Enabled</Status><Status>Enabled</Status>", "MalformedXML"],
      ["<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", "NotImplemented"],
      ["<Stat>Enabled</Stat>", "MalformedXML"],
    ];
    for (const [text, code] of refusals) {
      expect((await ask(site, "PutBucketVersioning", { body: status(text) })).code).toBe(code);
    }
    expect((await ask(site, "PutBucketVersioning")).code).toBe("MissingRequestBodyError");
    expect(await shown()).toBe("Enabled");
  });

  it("with lock stays enabled; default retention is set, shown and taken away", async () => {
    const site = await s3Site();
    const lock = (rule: string) =>
      `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`;
    const rule = (inner: string) => lock(`<Rule><DefaultRetention>${inner}</DefaultRetention></Rule>`);
    expect((await ask(site, "GetObjectLockConfiguration")).code).toBe("ObjectLockConfigurationNotFoundError");
    expect((await ask(site, "PutObjectLockConfiguration", { body: lock("") })).code).toBe(
      "InvalidBucketState",
    );
    await create(site, "locked", { headers: { "x-amz-bucket-object-lock-enabled": "true" } });
    const put = (body: string) => ask(site, "PutObjectLockConfiguration", { bucket: "locked", body });
    expect((await put(rule("<Mode>GOVERNANCE</Mode><Days>30</Days>"))).status).toBe(200);
    const shown = await ask(site, "GetObjectLockConfiguration", { bucket: "locked" });
    expect([
      element(shown.text, "ObjectLockEnabled"),
      element(shown.text, "Mode"),
      element(shown.text, "Days"),
    ]).toEqual(["Enabled", "GOVERNANCE", "30"]);
    expect((await put(rule("<Mode>COMPLIANCE</Mode><Years>2</Years>"))).status).toBe(200);
    expect(element((await ask(site, "GetObjectLockConfiguration", { bucket: "locked" })).text, "Days")).toBe(
      "730",
    );
    for (const [inner, code] of [
      ["<Mode>GOVERNANCE</Mode>", "MalformedXML"],
      ["<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>", "MalformedXML"],
      ["<Mode>governance</Mode><Days>1</Days>", "MalformedXML"],
      ["<Mode>GOVERNANCE</Mode><Days>0</Days>", "InvalidArgument"],
      ["<Mode>GOVERNANCE</Mode><Days>-1</Days>", "InvalidArgument"],
      ["<Mode>GOVERNANCE</Mode><Days>36501</Days>", "InvalidArgument"],
    ] as const) {
      expect((await put(rule(inner))).code).toBe(code);
    }
    const suspend = { bucket: "locked", body: status("<Status>Suspended</Status>") };
    expect((await ask(site, "PutBucketVersioning", suspend)).code).toBe("InvalidBucketState");
    expect((await put(lock(""))).status).toBe(200);
    expect(
      element((await ask(site, "GetObjectLockConfiguration", { bucket: "locked" })).text, "Mode"),
    ).toBeUndefined();
  });
});

describe("configurations of a bucket", () => {
  it("tags: put, shown, replaced, deleted, at most 50", async () => {
    const site = await s3Site();
    const tagging = (tags: ReadonlyArray<readonly [string, string]>) =>
      `<Tagging><TagSet>${tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join("")}</TagSet></Tagging>`;
    expect((await ask(site, "GetBucketTagging")).code).toBe("NoSuchTagSet");
    const many = Array.from({ length: 51 }, (_, index) => [`k${index}`, "v"] as const);
    expect((await ask(site, "PutBucketTagging", { body: tagging(many.slice(0, 50)) })).status).toBe(204);
    expect(elements((await ask(site, "GetBucketTagging")).text, "Key")).toHaveLength(50);
    expect((await ask(site, "PutBucketTagging", { body: tagging(many) })).code).toBe("BadRequest");
    expect((await ask(site, "PutBucketTagging", { body: tagging([["aws:x", "v"]]) })).code).toBe(
      "InvalidTag",
    );
    await ask(site, "PutBucketTagging", { body: tagging([["a", "x=y"]]) });
    expect(elements((await ask(site, "GetBucketTagging")).text, "Value")).toEqual(["x=y"]);
    expect((await ask(site, "DeleteBucketTagging")).status).toBe(204);
    expect((await ask(site, "GetBucketTagging")).code).toBe("NoSuchTagSet");
  });

  it("CORS: put and shown the same; more than one wildcard, other methods and unsafe headers are refused", async () => {
    const site = await s3Site();
    const rule = (inner: string) => `<CORSConfiguration><CORSRule>${inner}</CORSRule></CORSConfiguration>`;
    const base = "<AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";
    expect((await ask(site, "GetBucketCors")).code).toBe("NoSuchCORSConfiguration");
    const full = `<ID>one</ID><AllowedMethod>PUT</AllowedMethod>${base}<AllowedHeader>x-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds>`;
    expect((await ask(site, "PutBucketCors", { body: rule(full) })).status).toBe(200);
    const { text } = await ask(site, "GetBucketCors");
    for (const [name, values] of [
      ["ID", ["one"]],
      ["AllowedMethod", ["PUT", "GET"]],
      ["AllowedOrigin", ["https://*.example.com"]],
      ["AllowedHeader", ["x-*"]],
      ["ExposeHeader", ["ETag"]],
      ["MaxAgeSeconds", ["3000"]],
    ] as const) {
      expect([name, elements(text, name)]).toEqual([name, values]);
    }
    for (const [inner, code] of [
      ["", "MalformedXML"],
      ["<AllowedOrigin>*</AllowedOrigin>", "MalformedXML"],
      [`${base}<AllowedMethod>PATCH</AllowedMethod>`, "InvalidRequest"],
      [`${base}<AllowedOrigin>*.*</AllowedOrigin>`, "InvalidRequest"],
      [`${base}<AllowedHeader>*a*</AllowedHeader>`, "InvalidRequest"],
      [`${base}<ExposeHeader>a&#13;&#10;Set-Cookie: b</ExposeHeader>`, "InvalidRequest"],
      [`${base}<MaxAgeSeconds>-1</MaxAgeSeconds>`, "MalformedXML"],
      [`${base}<Other/>`, "MalformedXML"],
    ] as const) {
      expect([inner, (await ask(site, "PutBucketCors", { body: rule(inner) })).code]).toEqual([inner, code]);
    }
    const many = `<CORSConfiguration>${`<CORSRule>${base}</CORSRule>`.repeat(101)}</CORSConfiguration>`;
    expect((await ask(site, "PutBucketCors", { body: many })).code).toBe("MalformedXML");
    expect(elements((await ask(site, "GetBucketCors")).text, "ID")).toEqual(["one"]);
    expect((await ask(site, "DeleteBucketCors")).status).toBe(204);
    expect((await ask(site, "GetBucketCors")).code).toBe("NoSuchCORSConfiguration");
  });

  it("public access block: four flags, off where nothing is said", async () => {
    const site = await s3Site();
    const names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    expect((await ask(site, "GetPublicAccessBlock")).code).toBe("NoSuchPublicAccessBlockConfiguration");
    for (const [index, name] of names.entries()) {
      const body = `<PublicAccessBlockConfiguration><${name}>true</${name}></PublicAccessBlockConfiguration>`;
      expect((await ask(site, "PutPublicAccessBlock", { body })).status).toBe(200);
      const { text } = await ask(site, "GetPublicAccessBlock");
      expect(names.map((other) => element(text, other))).toEqual(names.map((_, at) => String(at === index)));
    }
    const body =
      "<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>";
    expect((await ask(site, "PutPublicAccessBlock", { body })).code).toBe("MalformedXML");
    expect((await ask(site, "DeletePublicAccessBlock")).status).toBe(204);
    expect((await ask(site, "GetPublicAccessBlock")).code).toBe("NoSuchPublicAccessBlockConfiguration");
  });

  it("ownership: put, shown, deleted; enforced only while no ACL is public", async () => {
    const site = await s3Site();
    const body = (word: string) =>
      `<OwnershipControls><Rule><ObjectOwnership>${word}</ObjectOwnership></Rule></OwnershipControls>`;
    expect((await ask(site, "GetBucketOwnershipControls")).code).toBe("OwnershipControlsNotFoundError");
    for (const word of ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]) {
      expect((await ask(site, "PutBucketOwnershipControls", { body: body(word) })).status).toBe(200);
      expect(element((await ask(site, "GetBucketOwnershipControls")).text, "ObjectOwnership")).toBe(word);
    }
    expect((await ask(site, "PutBucketOwnershipControls", { body: body("Me") })).code).toBe("MalformedXML");
    const bucket = parseBucketPath("Hawaii/Cola/bk1");
    await site.segment.namespace.putConfig(bucket, "acl", '{"canned":"public-read"}');
    expect((await ask(site, "PutBucketOwnershipControls", { body: body("BucketOwnerEnforced") })).code).toBe(
      "InvalidBucketAclWithObjectOwnership",
    );
    expect((await ask(site, "DeleteBucketOwnershipControls")).status).toBe(204);
    expect((await ask(site, "GetBucketOwnershipControls")).code).toBe("OwnershipControlsNotFoundError");
  });

  it("what is not acted by is not found, refused when it is asked for, and taken when it is turned off", async () => {
    const site = await s3Site();
    const put = async (name: string, body: string) => {
      const answer = await ask(site, name, { body });
      return answer.code ?? answer.status;
    };
    expect((await ask(site, "GetBucketWebsite")).code).toBe("NoSuchWebsiteConfiguration");
    expect((await ask(site, "GetBucketReplication")).code).toBe("ReplicationConfigurationNotFoundError");
    expect(await put("PutBucketReplication", "<ReplicationConfiguration/>")).toBe("NotImplemented");
    expect((await ask(site, "GetBucketLogging")).text).toContain("<BucketLoggingStatus xmlns=");
    expect(await put("PutBucketLogging", "<BucketLoggingStatus/>")).toBe(200);
    expect(
      await put("PutBucketLogging", "<BucketLoggingStatus><LoggingEnabled/></BucketLoggingStatus>"),
    ).toBe("NotImplemented");
    expect((await ask(site, "GetBucketNotificationConfiguration")).text).toContain(
      "<NotificationConfiguration xmlns=",
    );
    expect(await put("PutBucketNotificationConfiguration", "<NotificationConfiguration/>")).toBe(200);
    const bridge = "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>";
    expect(await put("PutBucketNotificationConfiguration", bridge)).toBe("NotImplemented");
    expect(element((await ask(site, "GetBucketRequestPayment")).text, "Payer")).toBe("BucketOwner");
    const payer = (word: string) =>
      `<RequestPaymentConfiguration><Payer>${word}</Payer></RequestPaymentConfiguration>`;
    expect(await put("PutBucketRequestPayment", payer("BucketOwner"))).toBe(200);
    expect(await put("PutBucketRequestPayment", payer("Requester"))).toBe("NotImplemented");
    expect((await ask(site, "GetBucketAccelerateConfiguration")).status).toBe(200);
    const accelerate = (word: string) =>
      `<AccelerateConfiguration><Status>${word}</Status></AccelerateConfiguration>`;
    expect(await put("PutBucketAccelerateConfiguration", accelerate("Suspended"))).toBe(200);
    expect(await put("PutBucketAccelerateConfiguration", accelerate("Enabled"))).toBe("NotImplemented");
    for (const name of ["DeleteBucketWebsite", "DeleteBucketReplication"]) {
      expect((await ask(site, name)).status).toBe(204);
    }
  });

  it("policy: put and shown as it is, its status, refused when it is not understood or blocked", async () => {
    const site = await s3Site();
    const policy = (principal: unknown, resource = "arn:aws:s3:::bk1/*") =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: principal, Action: "s3:GetObject", Resource: resource }],
      });
    const put = (body: string) => ask(site, "PutBucketPolicy", { body });
    const isPublic = async () => element((await ask(site, "GetBucketPolicyStatus")).text, "IsPublic");
    for (const name of ["GetBucketPolicy", "GetBucketPolicyStatus"]) {
      expect((await ask(site, name)).code).toBe("NoSuchBucketPolicy");
    }
    const open = `  ${policy("*")}\n`;
    expect((await put(open)).status).toBe(204);
    expect(await ask(site, "GetBucketPolicy")).toMatchObject({
      status: 200,
      text: open,
      headers: { "content-type": "application/json" },
    });
    expect(await isPublic()).toBe("true");
    expect((await put(policy({ AWS: "amy" }))).status).toBe(204);
    expect(await isPublic()).toBe("false");
    for (const bad of [
      "",
      "{",
      "[]",
      policy("*", "arn:aws:s3:::other/*"),
      policy({ Service: "x" }),
      `${" ".repeat(20_480)}{}`,
    ]) {
      expect([bad.slice(0, 40), (await put(bad)).code]).toEqual([bad.slice(0, 40), "MalformedPolicy"]);
    }
    expect((await put(" ".repeat(90_000))).code).toBe("MaxMessageLengthExceeded");
    const block =
      "<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>";
    await ask(site, "PutPublicAccessBlock", { body: block });
    expect((await put(open)).code).toBe("AccessDenied");
    expect((await ask(site, "GetBucketPolicy")).text).toBe(policy({ AWS: "amy" }));
    expect((await ask(site, "DeleteBucketPolicy")).status).toBe(204);
    expect((await ask(site, "DeleteBucketPolicy")).status).toBe(204);
    expect((await ask(site, "GetBucketPolicy")).code).toBe("NoSuchBucketPolicy");
  });

  it("ACL: canned by header or by what GET shows; refused where ownership or the block forbids it", async () => {
    const site = await s3Site();
    const put = (headers: Record<string, string>, body = "") => ask(site, "PutBucketAcl", { headers, body });
    const grants = async () => elements((await ask(site, "GetBucketAcl")).text, "Permission");
    expect(await grants()).toEqual(["FULL_CONTROL"]);
    for (const [canned, permissions] of [
      ["public-read", ["FULL_CONTROL", "READ"]],
      ["authenticated-read", ["FULL_CONTROL", "READ"]],
      ["private", ["FULL_CONTROL"]],
      ["bucket-owner-full-control", ["FULL_CONTROL"]],
    ] as const) {
      expect((await put({ "x-amz-acl": canned })).status).toBe(200);
      expect(await grants()).toEqual(permissions);
    }
    await put({ "x-amz-acl": "public-read" });
    const document = (await ask(site, "GetBucketAcl")).text;
    await put({ "x-amz-acl": "private" });
    expect((await put({}, document)).status).toBe(200);
    expect(await grants()).toEqual(["FULL_CONTROL", "READ"]);
    expect((await put({})).code).toBe("MissingSecurityHeader");
    expect((await put({ "x-amz-acl": "private" }, document)).code).toBe("InvalidRequest");
    expect((await put({ "x-amz-acl": "nonsense" })).code).toBe("InvalidArgument");
    expect((await put({ "x-amz-grant-read": "id=1" })).code).toBe("NotImplemented");
    expect((await put({}, "<AccessControlPolicy/>")).code).toBe("MalformedACLError");
    await put({ "x-amz-acl": "private" });
    const block =
      "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>";
    await ask(site, "PutPublicAccessBlock", { body: block });
    expect((await put({ "x-amz-acl": "public-read" })).code).toBe("AccessDenied");
    expect((await put({}, document)).code).toBe("AccessDenied");
    await ask(site, "DeletePublicAccessBlock");
    const enforced =
      "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>";
    await ask(site, "PutBucketOwnershipControls", { body: enforced });
    expect((await put({ "x-amz-acl": "public-read" })).code).toBe("AccessControlListNotSupported");
    expect((await put({ "x-amz-acl": "bucket-owner-full-control" })).status).toBe(200);
    expect(await grants()).toEqual(["FULL_CONTROL"]);
  });

  it("go with the bucket", async () => {
    const site = await s3Site();
    await create(site, "again");
    await ask(site, "PutBucketTagging", {
      bucket: "again",
      body: "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    });
    await ask(site, "DeleteBucket", { bucket: "again" });
    await create(site, "again");
    expect((await ask(site, "GetBucketTagging", { bucket: "again" })).code).toBe("NoSuchTagSet");
  });
});

describe("the lifecycle of a bucket", () => {
  const document = (...rules: readonly string[]) =>
    `<LifecycleConfiguration>${rules.map((rule) => `<Rule>${rule}</Rule>`).join("")}</LifecycleConfiguration>`;
  const put = (site: S3Site, ...rules: readonly string[]) =>
    ask(site, "PutBucketLifecycleConfiguration", { body: document(...rules) });
  const on = "<Status>Enabled</Status>";
  const days = "<Expiration><Days>30</Days></Expiration>";

  it("is put and shown the same, in every form that AWS has for it", async () => {
    const site = await s3Site();
    expect((await ask(site, "GetBucketLifecycleConfiguration")).code).toBe("NoSuchLifecycleConfiguration");
    const rules = [
      `<ID>old form</ID><Prefix>logs/</Prefix>${on}${days}`,
      `<ID>everything</ID><Filter></Filter><Status>Disabled</Status><Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration>`,
      `<ID>one tag</ID><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>${on}${days}`,
      `<ID>and</ID><Filter><And><Prefix>p</Prefix><Tag><Key>a</Key><Value>b</Value></Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>${on}${days}`,
      `<ID>versions</ID><Filter><Prefix></Prefix></Filter>${on}<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>`,
      `<ID>uploads</ID><Filter><Prefix>u</Prefix></Filter>${on}<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
    ];
    expect((await put(site, ...rules)).status).toBe(200);
    const shown = (await ask(site, "GetBucketLifecycleConfiguration")).text
      .replaceAll("<Filter/>", "<Filter></Filter>")
      .replaceAll("<Prefix/>", "<Prefix></Prefix>");
    for (const rule of rules) expect(shown).toContain(`<Rule>${rule}</Rule>`);
    expect((await ask(site, "DeleteBucketLifecycle")).status).toBe(204);
    expect((await ask(site, "GetBucketLifecycleConfiguration")).code).toBe("NoSuchLifecycleConfiguration");
  });

  it("is refused where AWS refuses it, and what was there stays", async () => {
    const site = await s3Site();
    await put(site, `<ID>kept</ID><Filter/>${on}${days}`);
    const all = `<Filter/>${on}`;
    const tag = "<Tag><Key>a</Key><Value>b</Value></Tag>";
    for (const [rule, code] of [
      [`${on}${days}`, "MalformedXML"],
      [`<Prefix/>${all}${days}`, "MalformedXML"],
      [`<Filter/><Status>On</Status>${days}`, "MalformedXML"],
      [all, "InvalidRequest"],
      [`${all}<Expiration><Days>0</Days></Expiration>`, "InvalidArgument"],
      [`${all}<Expiration><Days>1.5</Days></Expiration>`, "InvalidArgument"],
      [`${all}<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>`, "MalformedXML"],
      [`${all}<Expiration><Date>2030-01-01T10:00:00Z</Date></Expiration>`, "InvalidArgument"],
      [`${all}<Expiration><Date>2030-13-41</Date></Expiration>`, "InvalidArgument"],
      [`${all}<Expiration/>`, "MalformedXML"],
      [
        `${all}<NoncurrentVersionExpiration><NoncurrentDays>x</NoncurrentDays></NoncurrentVersionExpiration>`,
        "InvalidArgument",
      ],
      [`${all}<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>`, "NotImplemented"],
      [`<Filter>${tag}<Prefix>a</Prefix></Filter>${on}${days}`, "MalformedXML"],
      [`<Filter><And>${tag}</And></Filter>${on}${days}`, "MalformedXML"],
      [`<Filter><ObjectSizeLessThan>x</ObjectSizeLessThan></Filter>${on}${days}`, "InvalidArgument"],
      [
        `<Filter>${tag}</Filter>${on}<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
        "InvalidRequest",
      ],
      [
        `<Filter>${tag}</Filter>${on}<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>`,
        "InvalidRequest",
      ],
      [`<ID>${"x".repeat(256)}</ID>${all}${days}`, "InvalidArgument"],
      [`${all}${days}<Unknown/>`, "MalformedXML"],
    ] as const) {
      expect([rule, (await put(site, rule)).code]).toEqual([rule, code]);
    }
    expect((await put(site)).code).toBe("MalformedXML");
    const twice = `<ID>same</ID>${all}${days}`;
    expect((await put(site, twice, twice)).code).toBe("InvalidArgument");
    expect((await put(site, ...Array(1001).fill(`${all}${days}`))).code).toBe("MalformedXML");
    expect((await put(site, ...Array(1000).fill(`<Filter/>${on}${days}`))).code).toBe("InvalidRequest");
    expect(elements((await ask(site, "GetBucketLifecycleConfiguration")).text, "ID")).toEqual(["kept"]);
  });
});
