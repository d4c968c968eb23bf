import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { compareKeys } from "../../src/adapters/file-store/key-order.ts";
import { chunksOf, endWith } from "../../src/adapters/store-wrappers/abortable-body.ts";
import { type Instant, instantOf } from "../../src/model/instant.ts";
import type { UnfinishedUpload } from "../../src/model/observation.ts";
import type { ObjectInfo, ObjectStore } from "../../src/ports/object-store.ts";
import { fail } from "../../src/problems/dbops-error.ts";

/** An ObjectStore in memory, with what a test needs to arrange and to look at, without waiting. */
export interface MemoryStore extends ObjectStore {
  /** Puts an object there, over an old one too; `modifiedAt` defaults to the clock. */
  put(key: string, body: string | Uint8Array, modifiedAt?: Instant): void;
  /** Removes whatever is there. */
  drop(key: string): void;
  /** Pretends that somebody began a write and never ended it. */
  begin(upload: UnfinishedUpload): void;
  /** All keys, in the order of a listing. */
  keys(): readonly string[];
  /** The content as text; null when there is none. */
  text(key: string): string | null;
  /** Objects under the store's own retention: `remove` answers "locked". */
  lock(key: string): void;
}

export interface MemoryStoreOptions {
  /** The store's clock; the host's when not given. */
  readonly now?: () => Instant;
  /** Pretends to be a server that takes conditions without looking at them. */
  readonly ignoresConditions?: boolean;
}

interface Held {
  readonly body: Buffer;
  readonly modifiedAt: Instant;
  readonly etag: string;
}

/** Opens an empty store that lives as long as the object. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const now = options.now ?? (() => instantOf(Date.now()));
  const state: State = {
    objects: new Map(),
    uploads: new Map(),
    locked: new Set(),
    now,
    honours: options.ignoresConditions !== true,
    serial: 0,
  };
  return { ...arranging(state), ...reading(state), ...writing(state) };
}

interface State {
  readonly objects: Map<string, Held>;
  readonly uploads: Map<string, UnfinishedUpload>;
  readonly locked: Set<string>;
  readonly now: () => Instant;
  readonly honours: boolean;
  serial: number;
}

function arranging(state: State): Pick<MemoryStore, "put" | "drop" | "begin" | "keys" | "text" | "lock"> {
  return {
    put: (key, body, modifiedAt) => {
      set(state, key, Buffer.from(body), modifiedAt);
    },
    drop: (key) => {
      state.objects.delete(key);
    },
    begin: (upload) => {
      state.uploads.set(upload.id, upload);
    },
    keys: () => [...state.objects.keys()].sort(compareKeys),
    text: (key) => state.objects.get(key)?.body.toString() ?? null,
    lock: (key) => {
      state.locked.add(key);
    },
  };
}

function reading(state: State): Pick<ObjectStore, "list" | "head" | "read" | "unfinished"> {
  return {
    async *list(prefix, { after }, signal) {
      const keys = [...state.objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
      for (const key of keys) {
        signal.throwIfAborted();
        const held = state.objects.get(key);
        if (held === undefined || (after !== undefined && compareKeys(key, after) <= 0)) continue;
        yield infoOf(state, key, held);
      }
    },
    async head(key, signal) {
      signal.throwIfAborted();
      const held = state.objects.get(key);
      return held === undefined ? null : infoOf(state, key, held);
    },
    async read(key, range, signal) {
      signal.throwIfAborted();
      const held = state.objects.get(key);
      if (held === undefined) fail("OBJECT_MISSING", key);
      const body = range === null ? held.body : held.body.subarray(range.first, range.last + 1);
      return endWith(signal, Readable.from(body.length === 0 ? [] : [body], { objectMode: false }));
    },
    async *unfinished(prefix, signal) {
      const uploads = [...state.uploads.values()].filter((one) => one.key.startsWith(prefix));
      for (const upload of uploads.sort((a, b) => compareKeys(a.key, b.key))) {
        signal.throwIfAborted();
        yield upload;
      }
    },
  };
}

function writing(state: State): Pick<ObjectStore, "write" | "replace" | "remove" | "discard"> {
  return {
    async write(key, body, _options, signal) {
      const chunks: Buffer[] = [];
      const id = `memory-${state.serial++}`;
      state.uploads.set(id, { key, id, startedAt: state.now() });
      try {
        for await (const chunk of chunksOf(body, signal)) chunks.push(chunk);
      } finally {
        state.uploads.delete(id);
      }
      if (state.honours && state.objects.has(key)) return "exists";
      return infoOf(state, key, set(state, key, Buffer.concat(chunks)));
    },
    async replace(key, body, expect, signal) {
      signal.throwIfAborted();
      const held = state.objects.get(key);
      if (state.honours) {
        if (expect === "absent" && held !== undefined) return "changed";
        if (expect !== "absent" && held === undefined) return "absent";
        if (expect !== "absent" && held?.etag !== expect.etag) return "changed";
      }
      return infoOf(state, key, set(state, key, Buffer.from(body)));
    },
    async remove(key, expect, signal) {
      signal.throwIfAborted();
      const held = state.objects.get(key);
      if (held === undefined) return "absent";
      if (held.etag !== expect.etag) return "changed";
      if (state.locked.has(key)) return "locked";
      state.objects.delete(key);
      return "removed";
    },
    async discard(upload, signal) {
      signal.throwIfAborted();
      state.uploads.delete(upload.id);
    },
  };
}

function set(state: State, key: string, body: Buffer, modifiedAt?: Instant): Held {
  const etag = createHash("sha256").update(body).digest("hex");
  const held = { body, modifiedAt: modifiedAt ?? state.now(), etag };
  state.objects.set(key, held);
  return held;
}

function infoOf(state: State, key: string, held: Held): ObjectInfo {
  return {
    key,
    bytes: held.body.length,
    etag: held.etag,
    modifiedAt: held.modifiedAt,
    readAt: state.now(),
  };
}
