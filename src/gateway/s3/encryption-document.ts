/** The XML document `ServerSideEncryptionConfiguration`: AES256, or nothing that is here. */
import { AES256 } from "./encryption.ts";
import { S3Error } from "./errors.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

const FOREIGN = new Set(["aws:kms", "aws:kms:dsse"]);

/** Takes what asks for AES256. @throws MalformedXML, InvalidArgument, NotImplemented (keys of a key management service) */
export function checkEncryptionDocument(document: XmlElement): void {
  const rules = document.allow("Rule").many("Rule");
  const [rule] = rules;
  if (rule === undefined || rules.length > 1) throw new S3Error("MalformedXML", "One rule is expected");
  rule.allow("ApplyServerSideEncryptionByDefault", "BucketKeyEnabled");
  const applied = rule.required("ApplyServerSideEncryptionByDefault").allow("SSEAlgorithm", "KMSMasterKeyID");
  const algorithm = applied.requiredText("SSEAlgorithm");
  if (FOREIGN.has(algorithm)) {
    throw new S3Error("NotImplemented", "There is no key management service here: ask for AES256");
  }
  if (algorithm !== AES256) throw new S3Error("MalformedXML");
  if (applied.textOf("KMSMasterKeyID") !== undefined) {
    throw new S3Error(
      "InvalidArgument",
      "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms",
    );
  }
}

/** Of an encrypted bucket. */
export const ENCRYPTION_CONTENT: XmlChildren = {
  Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: AES256 }, BucketKeyEnabled: "false" },
};
