import { Readable } from "node:stream";
import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { ByteRange, ObjectInfo } from "../../ports/object-store.ts";
import { fail } from "../../problems/dbops-error.ts";
import { endWith } from "../store-wrappers/abortable-body.ts";
import { exactly } from "../store-wrappers/exact-body.ts";
import type { Bucket } from "./bucket.ts";
import { plainEtag } from "./list-objects.ts";
import { isMissing, readS3Error } from "./s3-errors.ts";
import { placeOf } from "./s3-problems.ts";

/** One object's facts; null when the bucket is there and the object is not. */
export async function headObject(
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<ObjectInfo | null> {
  const head = await headAnswer(bucket, key, signal);
  return head === null ? null : infoOfHead(bucket, key, head);
}

/** The whole answer, for callers that look at metadata or retention. */
export async function headAnswer(
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<HeadObjectCommandOutput | null> {
  try {
    return await bucket.tell(signal, (options) =>
      bucket.api.headObject({ Bucket: bucket.name, Key: bucket.root + key }, options),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!isMissing(readS3Error(error))) return bucket.failed("read", error);
  }
  await requireBucket(bucket, signal);
  return null;
}

/** The port's form of a HEAD answer. */
export function infoOfHead(bucket: Bucket, key: string, head: HeadObjectCommandOutput): ObjectInfo {
  const { ContentLength, ETag, LastModified } = head;
  if (ContentLength === undefined || ETag === undefined || LastModified === undefined)
    return fail(
      "STORE_UNREADABLE",
      `${placeOf(bucket.declaration)}: the answer about ${key} lacks size, etag or time`,
    );
  return {
    key,
    bytes: ContentLength,
    etag: plainEtag(ETag),
    modifiedAt: LastModified.toISOString(),
    readAt: bucket.clockOf(head),
  };
}

/** The bytes of an object, counted against what the answer promises. */
export async function readObject(
  bucket: Bucket,
  key: string,
  range: ByteRange | null,
  signal: AbortSignal,
): Promise<Readable> {
  const what = `${placeOf(bucket.declaration)}: ${key}`;
  try {
    const Range = range === null ? {} : { Range: `bytes=${range.first}-${range.last}` };
    const answer = await bucket.tell(signal, (options) =>
      bucket.api.getObject({ Bucket: bucket.name, Key: bucket.root + key, ...Range }, options),
    );
    const { Body, ContentLength } = answer;
    if (!(Body instanceof Readable) || ContentLength === undefined)
      return fail("STORE_UNREADABLE", `${what} was answered without a body or its length`);
    const translate = (error: unknown) => translated(bucket, error);
    return endWith(signal, exactly(Body, { what, bytes: ContentLength, translate }));
  } catch (error) {
    signal.throwIfAborted();
    const read = readS3Error(error);
    if (isMissing(read)) return fail("OBJECT_MISSING", `${what} does not exist`, { cause: error });
    if (read.status === 416)
      return fail("OBJECT_DAMAGED", `${what} is too short for a range from ${range?.first}`);
    return bucket.failed("read", error);
  }
}

/**
 * HEAD has no body that would tell a missing object from a missing bucket. Asked by a listing below the prefix: that is all
 * that the policy of a host that only writes allows. Once seen, a bucket is taken to stay.
 */
async function requireBucket(bucket: Bucket, signal: AbortSignal): Promise<void> {
  if (seen.has(bucket)) return;
  const question = { Bucket: bucket.name, Prefix: bucket.root, MaxKeys: 1 };
  try {
    await bucket.tell(signal, (options) => bucket.api.listObjectsV2(question, options));
  } catch (error) {
    signal.throwIfAborted();
    return bucket.failed("read", error);
  }
  seen.add(bucket);
}
const seen = new WeakSet<Bucket>();

function translated(bucket: Bucket, error: unknown): Error {
  try {
    return bucket.failed("read", error);
  } catch (failed) {
    return failed instanceof Error ? failed : new Error(String(failed));
  }
}
