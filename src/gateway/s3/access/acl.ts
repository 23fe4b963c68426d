/** Canned ACLs as `AccessControlPolicy` documents and back. Grants that no canned ACL stands for are refused: whoever needs them writes a policy. */
import type { CannedAcl } from "../../../model/annotation.ts";
import { S3Error } from "../errors.ts";
import type { Owner } from "../owner.ts";
import type { XmlChildren, XmlElement } from "../wire/xml.ts";

const ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const XSI = "http://www.w3.org/2001/XMLSchema-instance";
const GRANTS_MAX = 100;
const PERMISSIONS: readonly string[] = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"];

/** What an `AccessControlPolicy` holds. */
export function aclContent(canned: CannedAcl, owner: Owner): XmlChildren {
  const person = { ID: owner.id, DisplayName: owner.displayName };
  const grants: XmlChildren[] = [grant("CanonicalUser", person, "FULL_CONTROL")];
  if (canned === "public-read") grants.push(grant("Group", { URI: ALL_USERS }, "READ"));
  if (canned === "authenticated-read") grants.push(grant("Group", { URI: AUTHENTICATED_USERS }, "READ"));
  return { Owner: person, AccessControlList: { Grant: grants } };
}

function grant(type: string, grantee: XmlChildren, permission: string): XmlChildren {
  return { Grantee: { "@xmlns:xsi": XSI, "@xsi:type": type, ...grantee }, Permission: permission };
}

/**
 * The canned ACL that grants the same as the document. Whatever the owner is granted counts as full control, which the owner has anyway.
 * @throws MalformedACLError, InvalidArgument (another owner or grantee), NotImplemented (grants that no canned ACL has)
 */
export function cannedAclOfDocument(document: XmlElement, owner: Owner): CannedAcl {
  const { ownerId, grants } = partsOf(document);
  if (ownerId !== undefined && ownerId !== owner.id) {
    throw new S3Error("InvalidArgument", "The Owner of the document is not the owner of the bucket", {
      elements: { ArgumentName: "Owner/ID" },
    });
  }
  let canned: CannedAcl = "private";
  for (const { grantee, permission } of grants) {
    if (grantee === owner.id) continue;
    if (grantee !== ALL_USERS && grantee !== AUTHENTICATED_USERS) {
      throw new S3Error("InvalidArgument", "A grantee is not known here: grant to users by a bucket policy", {
        elements: { ArgumentName: "Grantee", ArgumentValue: grantee.slice(0, 200) },
      });
    }
    if (permission !== "READ") {
      throw new S3Error(
        "NotImplemented",
        `${permission} for a group is not implemented: use a bucket policy`,
      );
    }
    // Who may read without an account may also read with one.
    if (grantee === ALL_USERS) canned = "public-read";
    else if (canned === "private") canned = "authenticated-read";
  }
  return canned;
}

function partsOf(document: XmlElement) {
  try {
    document.allow("Owner", "AccessControlList");
    const list = document.required("AccessControlList").allow("Grant");
    if (list.children.length > GRANTS_MAX)
      throw new S3Error("MalformedACLError", `An ACL has at most ${GRANTS_MAX} grants`);
    const grants = list.many("Grant").map((element) => {
      element.allow("Grantee", "Permission");
      const grantee = element.required("Grantee").allow("ID", "DisplayName", "URI", "EmailAddress");
      const permission = element.requiredText("Permission").trim();
      if (!PERMISSIONS.includes(permission)) throw new S3Error("MalformedACLError");
      const names = [grantee.textOf("ID"), grantee.textOf("URI"), grantee.textOf("EmailAddress")];
      const [name, more] = names.filter((text) => text !== undefined);
      if (name === undefined || more !== undefined) throw new S3Error("MalformedACLError");
      return { grantee: name.trim(), permission };
    });
    return { ownerId: document.one("Owner")?.textOf("ID")?.trim(), grants };
  } catch (thrown) {
    if (thrown instanceof S3Error && thrown.code === "MalformedXML") {
      throw new S3Error("MalformedACLError", undefined, { cause: thrown });
    }
    throw thrown;
  }
}
