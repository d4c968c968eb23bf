import { STORE_MARK } from "../model/layout.ts";
import { parseStoreMark, type StoreMark } from "../model/store-mark.ts";
import { fail } from "../problems/dbops-error.ts";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";
import { readText } from "./read-object.ts";

/** The mark of a store; throws STORE_UNMARKED or STORE_FOREIGN: an unmounted disk leaves an empty folder behind. */
export async function readMark(
  store: ObjectStore,
  question: { readonly environment: string; readonly store: string },
  signal: AbortSignal,
): Promise<{ mark: StoreMark; info: ObjectInfo }> {
  const info = await store.head(STORE_MARK, signal);
  if (info === null)
    fail(
      "STORE_UNMARKED",
      `store ${question.store} has no ${STORE_MARK}: a wrong prefix, an unmounted disk or a new store`,
      {
        fix: `dbops init stores ${question.environment}`,
      },
    );
  const mark = parseStoreMark(await readText(store, STORE_MARK, signal));
  if (mark === null)
    fail("STORE_UNMARKED", `${STORE_MARK} of store ${question.store} is no mark of dbops`, {
      fix: `look at ${STORE_MARK}`,
    });
  if (mark.environment !== question.environment)
    fail(
      "STORE_FOREIGN",
      `store ${question.store} belongs to ${mark.environment}, not to ${question.environment}`,
      {
        fix: "correct the bucket, the prefix or the path in the environment file",
      },
    );
  return { mark, info };
}
