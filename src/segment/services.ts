/** Service records and what services keep durable: their counters and their positions. */
import type { ServiceName } from "../model/names.ts";
import type { ServiceRecord } from "../model/service.ts";

export interface ServiceStore {
  /** All services in order of names. */
  list(): Promise<readonly ServiceRecord[]>;
  /** @throws SERVICE_NOT_FOUND */
  show(name: ServiceName): Promise<ServiceRecord>;
  /** @throws SERVICE_EXISTS */
  create(service: Omit<ServiceRecord, "revision">): Promise<ServiceRecord>;
  /** Replaces the record whose revision is `service.revision`. @throws SERVICE_NOT_FOUND, CONFLICT (changed meanwhile) */
  update(service: ServiceRecord): Promise<ServiceRecord>;
  /** Removes the service, its counters and positions. @throws SERVICE_NOT_FOUND */
  delete(name: ServiceName): Promise<void>;
  /** Small durable state of a service under a key of its own choosing (counters, cursors): opaque bytes. */
  getState(name: ServiceName, key: string): Promise<Uint8Array | undefined>;
  /** At most 128 KiB a value. Durable when resolved. */
  putState(name: ServiceName, key: string, value: Uint8Array | undefined): Promise<void>;
  listState(
    name: ServiceName,
    prefix: string,
  ): Promise<ReadonlyArray<{ readonly key: string; readonly value: Uint8Array }>>;
  /** A hint that some service record changed. Returns the function that ends the watch. */
  watch(onChange: () => void): () => void;
  /** Secrets that authorise TCP admin access; only hashes are stored. */
  readonly tokens: TokenStore;
}

export interface TokenSummary {
  readonly name: string;
  readonly createdMs: number;
}

export interface TokenStore {
  /** A new token; the text is shown once and never stored. @throws TOKEN_EXISTS, BAD_NAME */
  create(name: string): Promise<string>;
  list(): Promise<readonly TokenSummary[]>;
  /** @throws TOKEN_NOT_FOUND */
  revoke(name: string): Promise<void>;
  /** The token's name, or undefined; compares in constant time. */
  verify(token: string): Promise<string | undefined>;
}
