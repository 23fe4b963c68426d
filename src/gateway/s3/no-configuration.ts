/**
 * Configurations of buckets that this gateway does not act by: what asks for something is refused in clear words rather than kept without effect, and what
 * turns it off, as clients do to be sure, is answered as if it had been.
 */
import { S3Error } from "./errors.ts";

/** What a bucket cannot have here, and what to do instead where there is something. */
export function notHere(what: string, instead = ""): S3Error {
  return new S3Error("NotImplemented", `${what} is not implemented${instead === "" ? "" : `: ${instead}`}`);
}
