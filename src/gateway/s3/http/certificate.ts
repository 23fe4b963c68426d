/** Certificate and key of a TLS port, read from files; read again only when a file changed. */
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { EfsError, systemCode } from "../../../base/errors.ts";

export interface TlsFiles {
  readonly key: string;
  readonly certificate: string;
  /** OpenSSL's list; undefined: Node's own. */
  readonly ciphers: string | undefined;
}

export interface Certificate {
  /** Size, time and number of both files: another stamp, another certificate. */
  readonly stamp: string;
  readonly context: {
    readonly key: string;
    readonly cert: string;
    readonly ciphers?: string;
    readonly minVersion: "TLSv1.2";
  };
}

const FILE_BYTES_MAX = 1024 * 1024;

/** `known` when the files are as they were. @throws BAD_VALUE naming the file */
export async function readCertificate(files: TlsFiles, known?: Certificate): Promise<Certificate> {
  const stamp = `${await stampOf(files.key)} ${await stampOf(files.certificate)}`;
  if (known?.stamp === stamp) return known;
  const key = await pemOf(files.key);
  const cert = await pemOf(files.certificate);
  const { ciphers } = files;
  const context = {
    key,
    cert,
    minVersion: "TLSv1.2" as const,
    ...(ciphers === undefined ? {} : { ciphers }),
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EfsError(
      "BAD_VALUE",
      `${files.certificate} and ${files.key} do not make a certificate: ${reason}`,
      {
        cause,
      },
    );
  }
  return { stamp, context };
}

async function stampOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    if (size > FILE_BYTES_MAX)
      throw new EfsError("BAD_VALUE", `${file} is too large to be a certificate or key`);
    return `${ino}.${size}.${mtimeMs}`;
  } catch (cause) {
    throw cause instanceof EfsError ? cause : unreadable(file, cause);
  }
}

/** A file that is being written is empty for a moment, and TLS would take that for no certificate at all. */
async function pemOf(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  if (!text.includes("-----END "))
    throw new EfsError("BAD_VALUE", `${file} holds no certificate or key in PEM`);
  return text;
}

function unreadable(file: string, cause: unknown): EfsError {
  return new EfsError("BAD_VALUE", `cannot read ${file} (${systemCode(cause) ?? "unknown cause"})`, {
    cause,
  });
}
