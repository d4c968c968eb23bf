import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { ObjectStoreTraits } from "./object-store-bench.ts";
import { describeChanging } from "./object-store-change.ts";
import { describeReading } from "./object-store-read.ts";
import { describeWriting } from "./object-store-write.ts";

/** The contract of the ObjectStore port; `open` gives an empty store to each test. */
export function describeObjectStore(
  name: string,
  open: () => Promise<ObjectStore>,
  traits: ObjectStoreTraits,
): void {
  const bench = { name, open, traits };
  describeReading(bench);
  describeWriting(bench);
  describeChanging(bench);
}
