/** Whether the record of each object says what is there. */
import type { Engine } from "../../src/engine/engine.ts";
import type { ObjectName } from "../../src/model/names.ts";
import type { Expunge, Version } from "../../src/model/version.ts";
import { bucketKeys, endedKey, objectKey, rangeOf, versionPrefix } from "../../src/segment/keys.ts";
import { keptOf, seenBeyond, seenOf } from "../../src/segment/object/kept.ts";
import { decodeExpunged, decodeObjectRecord, decodeOlder } from "../../src/segment/object/object-record.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { BUCKET } from "./support.ts";

/** Sentences about what the records of these objects say that is not so. */
export async function wrongRecords(
  segment: Segment,
  engine: Engine,
  names: readonly ObjectName[],
): Promise<readonly string[]> {
  const [bucket] = await segment.replication.buckets(BUCKET);
  if (bucket === undefined) return ["no bucket"];
  const keys = bucketKeys(bucket.record.logId);
  const wrong: string[] = [];
  const rest = async (prefix: Uint8Array) =>
    (await engine.records.scan({ ...rangeOf(prefix), limit: 10_000 })).records.map(({ value }) => value);
  for (const name of names) {
    const [live, ended] = await engine.records.getMany([objectKey(keys, name), endedKey(keys, name)]);
    const bytes = live ?? ended;
    if (live !== undefined && ended !== undefined) wrong.push(`${name} is there twice`);
    const older = (await rest(versionPrefix(keys.older, name))).map((value) =>
      decodeOlder(BUCKET, name, value),
    );
    const gone = (await rest(versionPrefix(keys.expunged, name))).map((value) =>
      decodeExpunged(BUCKET, name, value),
    );
    if (bytes === undefined) {
      if (older.length + gone.length > 0) wrong.push(`${name} has versions and no record`);
      continue;
    }
    const record = decodeObjectRecord(BUCKET, name, objectKey(keys, name), bytes);
    const { latest } = record;
    const is = (what: string, said: unknown, found: unknown) => {
      if (JSON.stringify(said) !== JSON.stringify(found)) wrong.push(`${name}: ${what}`);
    };
    is("live", live !== undefined, latest !== undefined && !latest.isDeleted);
    is("olderCount", record.olderCount, older.length);
    is("olderNullCount", record.olderNullCount, older.filter(({ isNull }) => isNull).length);
    is("expungedCount", record.expungedCount, gone.length);
    is("expungedNullCount", record.expungedNullCount, gone.filter(({ isNull }) => isNull).length);
    const all: ReadonlyArray<Version | Expunge> = [
      ...(latest === undefined ? [] : [latest]),
      ...older,
      ...gone,
    ];
    is("conflictCount", record.conflictCount, keptOf(all, 1000).conflictCount);
    is("seen", record.seen, seenBeyond(latest, seenOf(all)));
    if (record.nullVersion !== undefined) {
      const { generation, uvid } = older.find(({ isNull }) => isNull) ?? { generation: 0, uvid: "" };
      is("nullVersion", record.nullVersion, { generation, uvid });
    }
  }
  return wrong;
}
