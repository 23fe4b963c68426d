/** Who may ask: on the Unix socket everybody who can open it (its mode is 0600); on TCP the bearer of a token. */
import type { IncomingMessage } from "node:http";
import { EfsError } from "../../base/errors.ts";
import type { TokenStore } from "../../segment/services.ts";

const TOKEN_LENGTH_MAX = 512;

/** @throws TOKEN_MISSING, TOKEN_WRONG */
export async function authorise(tokens: TokenStore, request: IncomingMessage): Promise<void> {
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  if (given === undefined) {
    throw new EfsError("TOKEN_MISSING", "this address of the admin API wants a token", {
      hint: "at the segment: efscli system token create NAME; then save it and give it with --token-file FILE",
    });
  }
  const name = given.length > TOKEN_LENGTH_MAX ? undefined : await tokens.verify(given);
  if (name === undefined) {
    throw new EfsError("TOKEN_WRONG", "the token is not known here, or was revoked", {
      hint: "at the segment: efscli system token create NAME",
    });
  }
}
