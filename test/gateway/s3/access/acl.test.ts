/** ACL documents to canned ACLs and back, and CORS rules applied to requests. */
import { describe, expect, it } from "vitest";
import { aclContent, cannedAclOfDocument } from "../../../../src/gateway/s3/access/acl.ts";
import { corsHeaders, requestedHeaders } from "../../../../src/gateway/s3/access/cors.ts";
import { parseXml, xmlDocument } from "../../../../src/gateway/s3/wire/xml.ts";
import { CANNED_ACLS } from "../../../../src/model/annotation.ts";

const owner = { id: "a".repeat(64), displayName: "Cola" };
const read = async (text: string) =>
  cannedAclOfDocument(await parseXml(Buffer.from(text), "AccessControlPolicy"), owner);

describe("an ACL document", () => {
  it.each(CANNED_ACLS)("of %s means the same again", async (canned) => {
    const text = xmlDocument("AccessControlPolicy", aclContent(canned, owner));
    expect(await read(text)).toBe(canned === "bucket-owner-full-control" ? "private" : canned);
  });

  it("names the owner, the groups and their permissions", () => {
    const text = xmlDocument("AccessControlPolicy", aclContent("public-read", owner));
    expect(text).toContain(
      'xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission>',
    );
    expect(text).toContain(`xsi:type="CanonicalUser"><ID>${owner.id}</ID>`);
  });

  const grant = (grantee: string, permission: string) =>
    `<AccessControlPolicy><AccessControlList><Grant><Grantee>${grantee}</Grantee><Permission>${permission}</Permission></Grant></AccessControlList></AccessControlPolicy>`;
  it.each([
    ["of no list", "MalformedACLError", "<AccessControlPolicy/>"],
    ["with an unknown permission", "MalformedACLError", grant(`<ID>${owner.id}</ID>`, "ALL")],
    ["with a grantee of two names", "MalformedACLError", grant(`<ID>${owner.id}</ID><URI>x</URI>`, "READ")],
    ["with a grantee of none", "MalformedACLError", grant("", "READ")],
    [
      "with another owner",
      "InvalidArgument",
      "<AccessControlPolicy><Owner><ID>x</ID></Owner><AccessControlList/></AccessControlPolicy>",
    ],
    ["with another grantee", "InvalidArgument", grant("<ID>x</ID>", "READ")],
    [
      "that lets everybody write",
      "NotImplemented",
      grant("<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>", "WRITE"),
    ],
  ])("%s is refused: %s", async (_, code, text) => {
    await expect(read(text)).rejects.toMatchObject({ code });
  });

  it("of no grants is private", async () => {
    expect(await read("<AccessControlPolicy><AccessControlList/></AccessControlPolicy>")).toBe("private");
  });
});

describe("CORS", () => {
  const rules = [
    {
      allowedOrigins: ["https://*.example.com", "http://a.com"],
      allowedMethods: ["PUT", "GET"],
      allowedHeaders: ["x-amz-*", "Content-Type"],
      exposeHeaders: ["ETag"],
      maxAgeSeconds: 30,
    },
    { allowedOrigins: ["*"], allowedMethods: ["GET"], allowedHeaders: [], exposeHeaders: [] },
  ];
  const ask = (origin: string, method: string, headers?: string) =>
    corsHeaders(rules, { origin, method, headers: requestedHeaders(headers) });

  it("answers by the first rule that fits", () => {
    expect(ask("https://www.example.com", "PUT", "X-Amz-Date, content-type")).toEqual({
      "Access-Control-Allow-Origin": "https://www.example.com",
      "Access-Control-Allow-Methods": "PUT, GET",
      "Access-Control-Allow-Headers": "x-amz-date, content-type",
      "Access-Control-Allow-Credentials": "true",
      "Access-Control-Expose-Headers": "ETag",
      "Access-Control-Max-Age": "30",
      Vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    });
    expect(ask("http://anywhere.org", "GET")).toMatchObject({ "Access-Control-Allow-Origin": "*" });
    expect(ask("http://anywhere.org", "GET")).not.toHaveProperty("Access-Control-Allow-Credentials");
  });

  it.each([
    ["another method", "http://a.com", "DELETE", undefined],
    ["another origin", "http://b.com", "PUT", undefined],
    ["an origin that only ends alike", "https://evilexample.com", "PUT", undefined],
    ["a header that is not allowed", "http://a.com", "PUT", "x-amz-date,authorization"],
    ["a header where none is allowed", "http://b.com", "GET", "x-amz-date"],
  ])("does not answer %s", (_, origin, method, headers) => {
    expect(ask(origin, method, headers)).toBeUndefined();
  });
});
