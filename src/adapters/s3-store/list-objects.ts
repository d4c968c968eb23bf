import type { _Object, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { instantOf } from "../../model/instant.ts";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { fail } from "../../problems/dbops-error.ts";
import { compareKeys } from "../file-store/key-order.ts";
import type { Bucket } from "./bucket.ts";
import { placeOf } from "./s3-problems.ts";

/**
 * All objects below a prefix, page by page. A page that fails, that says there are more and not where, or that is out of
 * order (as S3 Express has it, where "after" would skip objects) ends the listing with STORE_UNREADABLE.
 */
export async function* listObjects(
  bucket: Bucket,
  { prefix, after }: { readonly prefix: string; readonly after: string | undefined },
  signal: AbortSignal,
): AsyncGenerator<ObjectInfo> {
  let token: string | null = null;
  let last = after;
  do {
    const page: ListObjectsV2CommandOutput = await bucket.ask("read", signal, (options) =>
      bucket.api.listObjectsV2(
        { Bucket: bucket.name, Prefix: bucket.root + prefix, ...begin(bucket, token, after) },
        options,
      ),
    );
    for (const object of page.Contents ?? []) {
      signal.throwIfAborted();
      const info = infoOf(bucket, object, page);
      if (last !== undefined && compareKeys(info.key, last) <= 0) failOrder(bucket, info.key, last);
      last = info.key;
      yield info;
    }
    token = nextOf(bucket, page);
  } while (token !== null);
}

/** An etag as the port has it, without the quotes of HTTP. */
export function plainEtag(etag: string | undefined): string {
  return (etag ?? "").replaceAll('"', "");
}

function begin(bucket: Bucket, token: string | null, after: string | undefined) {
  if (token !== null) return { ContinuationToken: token };
  return after === undefined ? {} : { StartAfter: bucket.root + after };
}

function infoOf(bucket: Bucket, object: _Object, page: ListObjectsV2CommandOutput): ObjectInfo {
  const { Key, Size, ETag, LastModified } = object;
  if (Key === undefined || Size === undefined || ETag === undefined || LastModified === undefined)
    return fail(
      "STORE_UNREADABLE",
      `${placeOf(bucket.declaration)}: an entry of a listing lacks its key, size, etag or time`,
    );
  return {
    key: Key.slice(bucket.root.length),
    bytes: Size,
    etag: plainEtag(ETag),
    modifiedAt: wholeSecond(LastModified),
    readAt: bucket.clockOf(page),
  };
}

/** As HEAD tells it; MinIO's listings have milliseconds. */
function wholeSecond(at: Date): string {
  return instantOf(Math.floor(at.getTime() / 1000) * 1000);
}

function nextOf(bucket: Bucket, page: ListObjectsV2CommandOutput): string | null {
  if (page.IsTruncated !== true) return null;
  return (
    page.NextContinuationToken ??
    fail(
      "STORE_UNREADABLE",
      `${placeOf(bucket.declaration)}: a listing is cut and does not say where it goes on`,
    )
  );
}

function failOrder(bucket: Bucket, key: string, last: string): never {
  fail(
    "STORE_UNREADABLE",
    `${placeOf(bucket.declaration)} lists ${key} after ${last}: dbops needs listings in the order of keys`,
    {
      fix: "use a general purpose bucket",
    },
  );
}
