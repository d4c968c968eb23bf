import type { SchemaMoves } from "./in-place.ts";
import { count, flag, listOf, type Members, nullable, object, text } from "./shape.ts";

const NAMED = listOf(object({ name: text, oid: count }));

/** What a plan and a marker's comment say about the schemas of a database that is restored in place. */
export const MOVES: Members<SchemaMoves> = {
  schemas: NAMED,
  stays: NAMED,
  made: listOf(object({ name: text, owner: nullable(text) })),
  extensions: listOf(object({ name: text, schema: text })),
  closes: flag,
  hasLargeObjects: flag,
};
