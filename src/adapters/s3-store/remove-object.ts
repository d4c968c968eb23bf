import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Bucket } from "./bucket.ts";
import { plainEtag } from "./list-objects.ts";
import { headAnswer } from "./read-object.ts";
import { isMissing, isRefusedCondition, readS3Error, type S3Error } from "./s3-errors.ts";

type Outcome = "removed" | "absent" | "changed" | "locked";

/**
 * Looks, then deletes with If-Match; a server that does not know that header deletes without, which is safe because no
 * key is used twice. In a versioned bucket the object is gone from listings and its version stays, as its owner wanted.
 */
export async function removeObject(
  bucket: Bucket,
  key: string,
  etag: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const head = await headAnswer(bucket, key, signal);
  if (head === null) return "absent";
  if (plainEtag(head.ETag) !== etag) return "changed";
  const conditional = await sendDelete(bucket, key, { IfMatch: `"${etag}"` }, signal);
  if (conditional === null) return "removed";
  const refused = conditional.status === 501 || conditional.name === "NotImplemented";
  const error = refused ? await sendDelete(bucket, key, {}, signal) : conditional;
  if (error === null) return "removed";
  return outcomeOf(bucket, { key, head, error }, signal);
}

/** null: done. Otherwise what the server said. */
async function sendDelete(
  bucket: Bucket,
  key: string,
  condition: { readonly IfMatch?: string },
  signal: AbortSignal,
): Promise<(S3Error & { readonly cause: unknown }) | null> {
  try {
    await bucket.tell(signal, (options) =>
      bucket.api.deleteObject({ Bucket: bucket.name, Key: bucket.root + key, ...condition }, options),
    );
    return null;
  } catch (cause) {
    signal.throwIfAborted();
    return { ...readS3Error(cause), cause };
  }
}

async function outcomeOf(
  bucket: Bucket,
  {
    key,
    head,
    error,
  }: { key: string; head: HeadObjectCommandOutput; error: S3Error & { readonly cause: unknown } },
  signal: AbortSignal,
): Promise<Outcome> {
  if (isLocked(head, error)) return "locked";
  if (!isRefusedCondition(error) && !isMissing(error)) return bucket.failed("write", error.cause);
  if ((await headAnswer(bucket, key, signal)) !== null) return "changed";
  return error.attempts > 1 ? "removed" : "absent"; // the SDK's second try finds what its first has done
}

function isLocked(head: HeadObjectCommandOutput, error: S3Error): boolean {
  if (error.name === "ObjectLocked" || /WORM|object lock|retention/i.test(error.message)) return true;
  const isKept = head.ObjectLockLegalHoldStatus === "ON" || head.ObjectLockRetainUntilDate !== undefined;
  return isKept && (error.status === 403 || error.name === "AccessDenied");
}
