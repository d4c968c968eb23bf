import type { RestoreTarget } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";

/** The same server for a dry run: it looks, and whatever would change something throws INTERNAL before it gets there. */
export function readOnlyTarget(target: RestoreTarget): RestoreTarget {
  return {
    liveName: (signal) => target.liveName(signal),
    inspect: (live, signal) => target.inspect(live, signal),
    find: (name, signal) => target.find(name, signal),
    tables: (name, signal) => target.tables(name, signal),
    countRows: (request, signal) => target.countRows(request, signal),
    ask: (name, sql, signal) => target.ask(name, sql, signal),
    openSnapshot: (named, signal) => target.openSnapshot(named, signal),
    create: async (name) => refuse("create", name),
    setNote: async ({ name }) => refuse("comment on", name),
    drop: async ({ name }) => refuse("drop", name),
    load: async ({ into, archive }) => {
      archive.destroy();
      return refuse("load", into.name);
    },
    analyze: async ({ name }) => refuse("analyze", name),
    runScript: async (name) => refuse("run a script in", name),
    swap: async ({ live }) => refuse("swap", live),
    inPlace: {
      inspect: (database, signal) => target.inPlace.inspect(database, signal),
      find: (place, signal) => target.inPlace.find(place, signal),
      moveAside: async ({ database }) => refuse("move schemas of", database.name),
      clear: async ({ database }) => refuse("move schemas of", database.name),
      setLoaded: async ({ database }) => refuse("comment on", database.name),
      keep: async ({ database }) => refuse("open", database.name),
      moveBack: async ({ database }) => refuse("move schemas of", database.name),
    },
  };
}

function refuse(what: string, name: string): never {
  fail("INTERNAL", `a run that must not change anything tried to ${what} the database ${name}`);
}
