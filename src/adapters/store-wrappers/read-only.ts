import type { ObjectStore } from "../../ports/object-store.ts";
import { fail } from "../../problems/dbops-error.ts";

/** The same store for a dry run: it looks, and whatever would change something throws INTERNAL before it reaches the store. */
export function readOnly(store: ObjectStore): ObjectStore {
  return {
    list: (prefix, options, signal) => store.list(prefix, options, signal),
    head: (key, signal) => store.head(key, signal),
    read: (key, range, signal) => store.read(key, range, signal),
    unfinished: (prefix, signal) => store.unfinished(prefix, signal),
    write: async (key, body) => {
      body.destroy();
      return refuse("write", key);
    },
    replace: async (key) => refuse("replace", key),
    remove: async (key) => refuse("remove", key),
    discard: async (upload) => refuse("discard", upload.key),
  };
}

function refuse(what: string, key: string): never {
  fail("INTERNAL", `a run that must not change anything tried to ${what} ${key}`);
}
