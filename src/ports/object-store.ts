import type { Readable } from "node:stream";
import type { Instant } from "../model/instant.ts";
import type { UnfinishedUpload } from "../model/observation.ts";

/**
 * Objects under keys, as S3 and a folder have them. Keys are relative to the store's prefix, with `/` between parts.
 *
 * Expected outcomes are return values; an exception means that the question was not answered. What no adapter may do:
 * return a listing that is not whole (it throws instead), show an object before all its bytes are there, overwrite.
 * Each call ends soon after its signal aborts, with the signal's reason.
 */
export interface ObjectStore {
  /** Keys that start with `prefix` (any text, not only whole folders), after `after`, in code unit order of UTF-8 bytes. */
  list(prefix: string, options: { readonly after?: string }, signal: AbortSignal): AsyncIterable<ObjectInfo>;

  /** null: the store was asked and has no such object. */
  head(key: string, signal: AbortSignal): Promise<ObjectInfo | null>;

  /** Bytes of one object; an error of the stream when it ends early. Throws OBJECT_MISSING when there is none. */
  read(key: string, range: ByteRange | null, signal: AbortSignal): Promise<Readable>;

  /**
   * Writes an object of unknown length. It becomes visible, whole, only after the body ended without error;
   * a body that fails or an abort leaves nothing. Never overwrites: "exists" when the key is taken (then or at the end).
   */
  write(
    key: string,
    body: Readable,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ObjectInfo | "exists">;

  /**
   * Compare and set for small objects: only locks use it. `expect` is the etag that must be there, or "absent".
   * Of any number of callers with the same `expect`, one at most gets an ObjectInfo.
   */
  replace(
    key: string,
    body: Uint8Array,
    expect: { readonly etag: string } | "absent",
    signal: AbortSignal,
  ): Promise<ObjectInfo | "changed" | "absent">;

  /** Removes the object with this etag. "locked": the store's own retention forbids it. */
  remove(
    key: string,
    expect: { readonly etag: string },
    signal: AbortSignal,
  ): Promise<"removed" | "absent" | "changed" | "locked">;

  /** Writes under keys that start with `prefix` which were begun and neither finished nor aborted. */
  unfinished(prefix: string, signal: AbortSignal): AsyncIterable<UnfinishedUpload>;

  /** Clears away one of them; nothing happens when it is gone. */
  discard(upload: UnfinishedUpload, signal: AbortSignal): Promise<void>;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  /** The store's clock when the object became visible. */
  readonly modifiedAt: Instant;
  /** The store's clock at this answer. */
  readonly readAt: Instant;
}

/** Both ends inclusive, from 0. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface WriteOptions {
  /** An estimate of the length, for the part size; 0 when unknown. */
  readonly estimatedBytes?: number;
}
