import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { readCertificate } from "../../../src/gateway/s3/http/certificate.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../../support/tls.ts";

it("a certificate or key that is just being written is refused, not taken for none", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "efs-s3-cert-"));
  const files = {
    key: path.join(directory, "key.pem"),
    certificate: path.join(directory, "cert.pem"),
    ciphers: undefined,
  };
  try {
    for (const [key, certificate] of [
      [TEST_KEY, ""],
      ["", TEST_CERTIFICATE],
      [TEST_KEY, TEST_CERTIFICATE.slice(0, TEST_CERTIFICATE.length / 2)],
      [TEST_KEY.slice(0, 100), TEST_CERTIFICATE],
    ] as const) {
      await writeFile(files.key, key);
      await writeFile(files.certificate, certificate);
      await expect(readCertificate(files)).rejects.toMatchObject({ code: "BAD_VALUE" });
    }
    await writeFile(files.key, TEST_KEY);
    await writeFile(files.certificate, TEST_CERTIFICATE);
    const certificate = await readCertificate(files);
    expect(await readCertificate(files, certificate)).toBe(certificate);
  } finally {
    await rm(directory, { recursive: true });
  }
});
