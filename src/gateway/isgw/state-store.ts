/**
 * What an isgw service keeps durable besides counters, under keys of its own:
 *
 * | key | at | value |
 * |---|---|---|
 * | `marker/LOG` | sender | a `following` mark: where the log stood when the service first served the bucket |
 * | `path/PATH` | sender | empty: the path has been served before, so buckets that appear under it are new |
 * | `acked/LOG` | sender | the mark that the receiver last acknowledged; for showing the backlog, never for deciding |
 * | `walked/LOG` | sender | weight of what a walk has done, as decimal text; for showing its share |
 * | `owed/LOG/UVID` | sender | object name of a version whose content could not be read here |
 * | `position/SEGMENT/LOG/OWNLOG` | receiver | the mark that rules, written with the versions before it |
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { LogId, SegmentId } from "../../model/ids.ts";
import { type ObjectName, parseObjectName, type ServiceName } from "../../model/names.ts";
import { parseUvid, type Uvid } from "../../model/uvid.ts";
import type { ServiceStore } from "../../segment/services.ts";
import { decodeMark, encodeMark, type LogPoint, type Mark } from "./position/mark.ts";

export interface Owed {
  readonly object: ObjectName;
  readonly uvid: Uvid;
}

export function positionKey(segment: SegmentId, log: LogId, ownLog: LogId): string {
  return `position/${segment}/${log}/${ownLog}`;
}

export class StateStore {
  readonly #services: ServiceStore;
  /** Markers never change once they are there. */
  readonly #markers = new Map<LogId, LogPoint>();
  readonly service: ServiceName;

  constructor(services: ServiceStore, service: ServiceName) {
    this.#services = services;
    this.service = service;
  }

  async getMark(key: string): Promise<Mark | undefined> {
    const value = await this.#services.getState(this.service, key);
    return value === undefined ? undefined : decodeMark(value);
  }

  async putMark(key: string, mark: Mark): Promise<void> {
    await this.#services.putState(this.service, key, encodeMark(mark));
  }

  acked(log: LogId): Promise<Mark | undefined> {
    return this.getMark(`acked/${log}`);
  }

  async setAcked(log: LogId, mark: Mark): Promise<void> {
    await this.putMark(`acked/${log}`, mark);
  }

  async marker(log: LogId): Promise<LogPoint | undefined> {
    const known = this.#markers.get(log);
    if (known !== undefined) return known;
    const mark = await this.getMark(`marker/${log}`);
    if (mark?.kind !== "following") return undefined;
    this.#markers.set(log, mark.at);
    return mark.at;
  }

  async setMarker(log: LogId, at: LogPoint): Promise<void> {
    await this.putMark(`marker/${log}`, { kind: "following", at, isEverything: false });
  }

  async walked(log: LogId): Promise<number> {
    const value = await this.#services.getState(this.service, `walked/${log}`);
    const weight = Number(fromUtf8(value ?? new Uint8Array(0)) ?? "0");
    return Number.isSafeInteger(weight) && weight > 0 ? weight : 0;
  }

  async setWalked(log: LogId, weight: number): Promise<void> {
    await this.#services.putState(this.service, `walked/${log}`, utf8(String(weight)));
  }

  async isPathKnown(path: string): Promise<boolean> {
    return (await this.#services.getState(this.service, `path/${path}`)) !== undefined;
  }

  async setPathKnown(path: string): Promise<void> {
    await this.#services.putState(this.service, `path/${path}`, new Uint8Array(1));
  }

  async owe(log: LogId, owed: Owed): Promise<void> {
    await this.#services.putState(this.service, `owed/${log}/${owed.uvid}`, utf8(owed.object));
  }

  async settle(log: LogId, uvid: Uvid): Promise<void> {
    await this.#services.putState(this.service, `owed/${log}/${uvid}`, undefined);
  }

  async owed(log: LogId): Promise<readonly Owed[]> {
    const prefix = `owed/${log}/`;
    const states = await this.#services.listState(this.service, prefix);
    return states.map(({ key, value }) => ({
      object: parseObjectName(fromUtf8(value) ?? ""),
      uvid: parseUvid(key.slice(prefix.length)),
    }));
  }
}
