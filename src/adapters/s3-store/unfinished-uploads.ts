import type { ListMultipartUploadsCommandOutput } from "@aws-sdk/client-s3";
import type { UnfinishedUpload } from "../../model/observation.ts";
import { fail } from "../../problems/dbops-error.ts";
import { compareKeys } from "../file-store/key-order.ts";
import type { Bucket } from "./bucket.ts";
import { readS3Error } from "./s3-errors.ts";
import { placeOf } from "./s3-problems.ts";

/**
 * Multipart uploads below a prefix, in the order of their keys.
 *
 * MinIO lists uploads only of an object whose whole key is the prefix, or, with no prefix at all, all those that it knows
 * since it was started. Servers other than AWS are therefore asked both ways. What neither shows, MinIO removes by itself after a day.
 */
export async function* unfinishedUploads(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<UnfinishedUpload> {
  const wanted = bucket.root + prefix;
  const found = new Map<string, UnfinishedUpload>();
  const prefixes = bucket.declaration.endpoint === null ? [wanted] : new Set([wanted, ""]);
  for (const asked of prefixes)
    for await (const upload of listUploads(bucket, asked, signal))
      if (upload.key.startsWith(wanted))
        found.set(`${upload.key} ${upload.id}`, { ...upload, key: upload.key.slice(bucket.root.length) });
  yield* [...found.values()].sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id));
}

/** Aborts one upload; nothing happens when it is gone. */
export async function discardUpload(
  bucket: Bucket,
  upload: UnfinishedUpload,
  signal: AbortSignal,
): Promise<void> {
  const target = { Bucket: bucket.name, Key: bucket.root + upload.key, UploadId: upload.id };
  try {
    await bucket.tell(signal, (options) => bucket.api.abortMultipartUpload(target, options));
  } catch (error) {
    signal.throwIfAborted();
    if (readS3Error(error).name !== "NoSuchUpload") bucket.failed("write", error);
  }
}

interface Marker {
  readonly KeyMarker?: string;
  readonly UploadIdMarker?: string;
}

/** Keys as the bucket has them. A list that is not whole throws: what it lacks would look abandoned. */
async function* listUploads(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<UnfinishedUpload> {
  let marker: Marker | null = {};
  while (marker !== null) {
    const from: Marker = marker;
    const page: ListMultipartUploadsCommandOutput = await bucket.ask("read", signal, (options) =>
      bucket.api.listMultipartUploads({ Bucket: bucket.name, Prefix: prefix, ...from }, options),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined)
        return failList(bucket, "an entry of a list of uploads lacks its key or id");
      // Without a time of its own it is as young as can be: only what is old is ever cleared away.
      yield { key: Key, id: UploadId, startedAt: Initiated?.toISOString() ?? bucket.clockOf(page) };
    }
    marker = nextMarker(bucket, page, from);
  }
}

function nextMarker(bucket: Bucket, page: ListMultipartUploadsCommandOutput, from: Marker): Marker | null {
  if (page.IsTruncated !== true) return null;
  const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
  if (KeyMarker === undefined || (KeyMarker === from.KeyMarker && UploadIdMarker === from.UploadIdMarker))
    return failList(bucket, "a list of uploads is cut and does not say where it goes on");
  return { KeyMarker, ...(UploadIdMarker === undefined ? {} : { UploadIdMarker }) };
}

function failList(bucket: Bucket, what: string): never {
  fail("STORE_UNREADABLE", `${placeOf(bucket.declaration)}: ${what}`);
}
