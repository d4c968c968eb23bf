import type { Readable } from "node:stream";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { fail } from "../../problems/dbops-error.ts";
import { chunksOf } from "../store-wrappers/abortable-body.ts";
import { type GatheredPart, gatherParts } from "../store-wrappers/gather-parts.ts";
import type { Bucket } from "./bucket.ts";
import { plainEtag } from "./list-objects.ts";
import { lastWord, lookUp, newMark, type WriteMark } from "./own-write.ts";
import { partSizesFor } from "./part-size.ts";
import { headObject } from "./read-object.ts";
import { isRefusedCondition, isUnanswered, readS3Error } from "./s3-errors.ts";
import { placeOf } from "./s3-problems.ts";
import { uploadParts } from "./upload-parts.ts";

export interface Writing {
  readonly key: string;
  readonly body: Readable;
  readonly estimatedBytes: number;
}

/**
 * A body that fits into one part goes in one PUT, any other in a multipart upload. Both create with If-None-Match, and
 * both can tell their own object from another's after an answer was lost.
 */
export async function writeObject(
  bucket: Bucket,
  { key, body, estimatedBytes }: Writing,
  signal: AbortSignal,
): Promise<ObjectInfo | "exists"> {
  const { parts } = bucket.declaration;
  const sizes = partSizesFor(estimatedBytes, parts);
  // An upload that fails must end the gathering at once, even while the body gives nothing.
  const failure = new AbortController();
  const both = AbortSignal.any([signal, failure.signal]);
  const gathered = gatherParts(chunksOf(body, both), sizes.bytesOf, () =>
    failParts(bucket, key, estimatedBytes),
  );
  try {
    signal.throwIfAborted();
    if ((await headObject(bucket, key, signal)) !== null) return "exists";
    const first = await gathered.next();
    if (first.done === true) return fail("INTERNAL", `no part was gathered of ${key}`);
    if (first.value.isLast) return await putWhole(bucket, key, first.value, signal);
    return await uploadParts(bucket, { key, first: first.value, rest: gathered, failure }, signal);
  } finally {
    await gathered.return(undefined);
    if (!body.readableEnded) body.destroy();
  }
}

/** Headers of every new object, as the declaration has them. */
export function creationOf(bucket: Bucket) {
  const { storageClass, serverSideEncryption } = bucket.declaration;
  return {
    ...(storageClass === null ? {} : { StorageClass: storageClass as "STANDARD" }), // any class that the server knows
    ...(serverSideEncryption === null ? {} : { ServerSideEncryption: serverSideEncryption as "AES256" }), // likewise
  };
}

/**
 * What a creating request that threw has left: our object (its answer was lost), or "exists" when somebody else's
 * stands there. Throws the request's own Problem when there is none. After an abort our object is removed.
 */
export async function settleCreation(
  bucket: Bucket,
  { key, mark, error }: { readonly key: string; readonly mark: WriteMark; readonly error: unknown },
  signal: AbortSignal,
): Promise<ObjectInfo | "exists"> {
  const read = readS3Error(error);
  if (!signal.aborted && !isRefusedCondition(read) && !isUnanswered(read) && read.name !== "NoSuchUpload")
    return bucket.failed("write", error);
  if (signal.aborted) {
    await removeMine(bucket, key, mark).catch(() => undefined); // the reason of the abort is the one to tell
    signal.throwIfAborted();
  }
  const found = await lookUp(bucket, key, mark, signal);
  if (found === null) return bucket.failed("write", error);
  return found.isMine ? found.info : "exists";
}

/** The request may have taken effect although it was aborted. */
async function removeMine(bucket: Bucket, key: string, mark: WriteMark): Promise<void> {
  const found = await lookUp(bucket, key, mark, lastWord());
  if (found?.isMine)
    await bucket.tell(lastWord(), (options) =>
      bucket.api.deleteObject({ Bucket: bucket.name, Key: bucket.root + key }, options),
    );
}

async function putWhole(
  bucket: Bucket,
  key: string,
  part: GatheredPart,
  signal: AbortSignal,
): Promise<ObjectInfo | "exists"> {
  const mark = newMark();
  const object = {
    Bucket: bucket.name,
    Key: bucket.root + key,
    Body: part.bytes,
    ContentLength: part.bytes.length, // the SDK warns on stderr of an empty body without it
    IfNoneMatch: "*",
    ...mark,
    ...creationOf(bucket),
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await bucket.tell(
        signal,
        (options) => bucket.api.putObject(object, options),
        part.bytes.length > SMALL_BYTES ? "bulk" : "prompt",
      );
      const at = bucket.clockOf(answer);
      return { key, bytes: part.bytes.length, etag: plainEtag(answer.ETag), modifiedAt: at, readAt: at };
    } catch (error) {
      // A conflict with a request that left nothing behind: S3 asks to send it again.
      const isConflict = !signal.aborted && readS3Error(error).status === 409 && attempt < CONFLICTS;
      if (isConflict && (await lookUp(bucket, key, mark, signal)) === null) continue;
      return settleCreation(bucket, { key, mark, error }, signal);
    }
  }
}

/** How often a request is sent that others keep getting in the way of. */
const CONFLICTS = 5;

/** What even a slow line sends at once: entries, plans, manifests. */
const SMALL_BYTES = 256 * 1024;

function failParts(bucket: Bucket, key: string, estimatedBytes: number): never {
  const { max, equal } = bucket.declaration.parts;
  fail(
    "STORE_UNWRITABLE",
    `${placeOf(bucket.declaration)}: ${key} needs more than ${max} ${equal ? "equal " : ""}parts; it was estimated at ${estimatedBytes} bytes`,
    {
      fix: "plan again, so that the estimate is that of today, or raise parts.max where the store allows more",
    },
  );
}
