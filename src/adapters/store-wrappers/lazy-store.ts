import type { ObjectStore } from "../../ports/object-store.ts";

/** A store that is opened at its first use: what it needs (secrets, the SDK) is asked for only then, and only once. */
export function lazyStore(open: () => Promise<ObjectStore>): ObjectStore {
  let opening: Promise<ObjectStore> | null = null;
  const store = () => {
    opening ??= open();
    return opening;
  };
  return {
    async *list(prefix, options, signal) {
      yield* (await store()).list(prefix, options, signal);
    },
    head: async (key, signal) => (await store()).head(key, signal),
    read: async (key, range, signal) => (await store()).read(key, range, signal),
    write: async (key, body, options, signal) => {
      try {
        return await (await store()).write(key, body, options, signal);
      } finally {
        if (!body.readableEnded) body.destroy(); // a store that could not be opened must not leave its writer waiting
      }
    },
    replace: async (key, body, expect, signal) => (await store()).replace(key, body, expect, signal),
    remove: async (key, expect, signal) => (await store()).remove(key, expect, signal),
    async *unfinished(prefix, signal) {
      yield* (await store()).unfinished(prefix, signal);
    },
    discard: async (upload, signal) => (await store()).discard(upload, signal),
  };
}
