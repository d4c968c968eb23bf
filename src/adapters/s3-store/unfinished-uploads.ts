import type { ListMultipartUploadsCommandOutput } from "@aws-sdk/client-s3";
import type { UnfinishedUpload } from "../../model/observation.ts";
import { compareKeys } from "../file-store/key-order.ts";
import type { Bucket } from "./bucket.ts";
import { readS3Error } from "./s3-errors.ts";

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

/** Keys as the bucket has them. */
async function* listUploads(
  bucket: Bucket,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<UnfinishedUpload> {
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
  while (marker !== null) {
    const from: { KeyMarker?: string; UploadIdMarker?: string } = marker;
    const page: ListMultipartUploadsCommandOutput = await bucket.ask("read", signal, (options) =>
      bucket.api.listMultipartUploads({ Bucket: bucket.name, Prefix: prefix, ...from }, options),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
      if (Key !== undefined && UploadId !== undefined)
        yield { key: Key, id: UploadId, startedAt: (Initiated ?? new Date(0)).toISOString() };
    marker = nextMarker(page);
  }
}

function nextMarker(
  page: ListMultipartUploadsCommandOutput,
): { KeyMarker?: string; UploadIdMarker?: string } | null {
  if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return null;
  return {
    KeyMarker: page.NextKeyMarker,
    ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
  };
}
