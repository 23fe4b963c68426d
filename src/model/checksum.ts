/** Computing the checksums of S3 over content that comes piece by piece. */
import { createHash } from "node:crypto";
import { unreachable } from "../base/assert.ts";
import { crc32, crc32c } from "../base/crc.ts";
import { Crc64Nvme } from "../base/crc64.ts";
import type { ChecksumAlgorithm } from "./version.ts";

export interface ChecksumMaker {
  update(bytes: Uint8Array): unknown;
  /** Big-endian. Once. */
  digest(): Uint8Array;
}

export function checksumMaker(algorithm: ChecksumAlgorithm): ChecksumMaker {
  switch (algorithm) {
    case "crc32":
      return maker32(crc32);
    case "crc32c":
      return maker32(crc32c);
    case "crc64nvme":
      return new Crc64Nvme();
    case "sha1":
    case "sha256":
      return hashMaker(algorithm);
    default:
      return unreachable(algorithm);
  }
}

function maker32(compute: (bytes: Uint8Array, before: number) => number): ChecksumMaker {
  let value = 0;
  return {
    update: (bytes) => {
      value = compute(bytes, value);
    },
    digest: () => {
      const out = new Uint8Array(4);
      new DataView(out.buffer).setUint32(0, value);
      return out;
    },
  };
}

function hashMaker(algorithm: "sha1" | "sha256"): ChecksumMaker {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => hash.update(bytes),
    digest: () => new Uint8Array(hash.digest()),
  };
}
