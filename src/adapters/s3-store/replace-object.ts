import type { ObjectInfo } from "../../ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { plainEtag } from "./list-objects.ts";
import { lookUp, newMark, type WriteMark } from "./own-write.ts";
import { isMissing, isRefusedCondition, isUnanswered, readS3Error } from "./s3-errors.ts";

export interface Change {
  readonly key: string;
  readonly body: Uint8Array;
  readonly expect: { readonly etag: string } | "absent";
}

/**
 * A conditional PUT. After a refusal or a lost answer the object is looked at: the SDK sends a request again by itself,
 * and the second time its own first success refuses it.
 */
export async function replaceObject(
  bucket: Bucket,
  change: Change,
  signal: AbortSignal,
): Promise<ObjectInfo | "changed" | "absent"> {
  const { key, body, expect } = change;
  const mark = newMark();
  const condition = expect === "absent" ? { IfNoneMatch: "*" } : { IfMatch: `"${expect.etag}"` };
  const encryption = bucket.declaration.serverSideEncryption;
  const object = {
    Bucket: bucket.name,
    Key: bucket.root + key,
    Body: body,
    ContentLength: body.length,
    ...condition,
    ...mark,
    ...(encryption === null ? {} : { ServerSideEncryption: encryption as "AES256" }), // any that the server knows
  };
  try {
    const answer = await bucket.tell(signal, (options) => bucket.api.putObject(object, options));
    const at = bucket.clockOf(answer);
    return { key, bytes: body.length, etag: plainEtag(answer.ETag), modifiedAt: at, readAt: at };
  } catch (error) {
    signal.throwIfAborted();
    return settleReplacement(bucket, change, { mark, error }, signal);
  }
}

async function settleReplacement(
  bucket: Bucket,
  { key, expect }: Change,
  { mark, error }: { readonly mark: WriteMark; readonly error: unknown },
  signal: AbortSignal,
): Promise<ObjectInfo | "changed" | "absent"> {
  const read = readS3Error(error);
  if (!isRefusedCondition(read) && !isMissing(read) && !isUnanswered(read))
    return bucket.failed("write", error);
  const found = await lookUp(bucket, key, mark, signal);
  if (found?.isMine) return found.info;
  // Without an answer the request may still take effect, unless what stands there now already refuses it.
  if (found === null) return expect === "absent" ? bucket.failed("write", error) : "absent";
  if (isUnanswered(read) && expect !== "absent" && found.info.etag === expect.etag)
    return bucket.failed("write", error);
  return "changed";
}
