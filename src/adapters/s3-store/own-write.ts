import { randomBytes } from "node:crypto";
import type { ObjectInfo } from "../../ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { headAnswer, infoOfHead } from "./read-object.ts";

/** Marks one write, so that after a lost answer it can be told from another's. */
export interface WriteMark {
  readonly Metadata: Readonly<Record<string, string>>;
}

const NAME = "dbops-write";
/** For what has to be done although the caller's signal has aborted. */
const LAST_WORD_MS = 30_000;

export function newMark(): WriteMark {
  return { Metadata: { [NAME]: randomBytes(12).toString("hex") } };
}

/** Looks at what stands under a key, and whether it is the object of the write with this mark; null when none is there. */
export async function lookUp(
  bucket: Bucket,
  key: string,
  mark: WriteMark,
  signal: AbortSignal,
): Promise<{ readonly info: ObjectInfo; readonly isMine: boolean } | null> {
  const head = await headAnswer(bucket, key, signal);
  if (head === null) return null;
  return { info: infoOfHead(bucket, key, head), isMine: head.Metadata?.[NAME] === mark.Metadata[NAME] };
}

/** A signal that ends by itself, for clearing away after an abort. */
export function lastWord(): AbortSignal {
  return AbortSignal.timeout(LAST_WORD_MS);
}
