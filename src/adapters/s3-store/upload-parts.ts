import type { CompletedPart } from "@aws-sdk/client-s3";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { GatheredPart } from "../store-wrappers/gather-parts.ts";
import type { Bucket } from "./bucket.ts";
import { lastWord, newMark, type WriteMark } from "./own-write.ts";
import { headObject } from "./read-object.ts";
import { placeOf } from "./s3-problems.ts";
import { creationOf, settleCreation } from "./write-object.ts";

export interface Upload {
  readonly key: string;
  readonly first: GatheredPart;
  readonly rest: AsyncIterable<GatheredPart>;
  /** Aborted when a part cannot be uploaded, which ends `rest`. */
  readonly failure: AbortController;
}

/** The SDK sends a CRC32 with each part when asked to; the upload must say so from the start, or its parts do not fit. */
function checksumOf(bucket: Bucket): { readonly ChecksumAlgorithm?: "CRC32" } {
  return bucket.declaration.checksums === "when_supported" ? { ChecksumAlgorithm: "CRC32" } : {};
}

/** Parts that are on their way at once; one more is being gathered. */
const IN_FLIGHT = 2;

/** Sends gathered parts and completes the object; whatever fails before that aborts the upload on the server too. */
export async function uploadParts(
  bucket: Bucket,
  upload: Upload,
  signal: AbortSignal,
): Promise<ObjectInfo | "exists"> {
  const mark = newMark();
  const Key = bucket.root + upload.key;
  const { UploadId } = await bucket.ask("write", signal, (options) =>
    bucket.api.createMultipartUpload(
      { Bucket: bucket.name, Key, ...mark, ...creationOf(bucket), ...checksumOf(bucket) },
      options,
    ),
  );
  const target: Target = {
    Bucket: bucket.name,
    Key,
    UploadId: UploadId ?? fail("STORE_UNWRITABLE", "no upload id"),
  };
  try {
    const { parts, bytes } = await sendAll(bucket, target, upload, signal);
    const outcome = await complete(bucket, target, { key: upload.key, parts, bytes, mark }, signal);
    if (outcome === "exists") await abortUpload(bucket, target);
    else if (outcome.bytes !== bytes)
      fail(
        "STORE_UNWRITABLE",
        `${placeOf(bucket.declaration)}: ${upload.key} has ${outcome.bytes} bytes, sent were ${bytes}`,
      );
    return outcome;
  } catch (error) {
    await abortUpload(bucket, target).catch(() => undefined); // the first error is the one to tell; `unfinished` finds the rest
    signal.throwIfAborted();
    throw error;
  }
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

async function sendAll(bucket: Bucket, target: Target, upload: Upload, signal: AbortSignal) {
  const parts: CompletedPart[] = [];
  const running = new Set<Promise<void>>();
  const both = AbortSignal.any([signal, upload.failure.signal]);
  let bytes = 0;
  const start = async (part: GatheredPart): Promise<void> => {
    bytes += part.bytes.length;
    const sent = sendPart(bucket, target, part, both)
      .then((done) => void parts.push(done))
      .catch((error: unknown) => upload.failure.abort(error))
      .finally(() => running.delete(sent));
    running.add(sent);
    if (running.size >= IN_FLIGHT) await Promise.race(running);
    upload.failure.signal.throwIfAborted();
  };
  try {
    await start(upload.first);
    for await (const part of upload.rest) await start(part);
  } finally {
    // Also after a failure: a part that arrives after the abort would stay on the server, and be paid for.
    await Promise.allSettled(running);
  }
  both.throwIfAborted();
  return { bytes, parts: parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) };
}

async function sendPart(
  bucket: Bucket,
  target: Target,
  part: GatheredPart,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const answer = await bucket.ask(
    "write",
    signal,
    (options) => bucket.api.uploadPart({ ...target, PartNumber: part.number, Body: part.bytes }, options),
    "bulk",
  );
  const { ETag, ChecksumCRC32 } = answer;
  part.release();
  return { PartNumber: part.number, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) };
}

async function complete(
  bucket: Bucket,
  target: Target,
  made: {
    readonly key: string;
    readonly parts: CompletedPart[];
    readonly bytes: number;
    readonly mark: WriteMark;
  },
  signal: AbortSignal,
): Promise<ObjectInfo | "exists"> {
  try {
    const MultipartUpload = { Parts: made.parts };
    await bucket.tell(
      signal,
      (options) =>
        bucket.silentApi().completeMultipartUpload({ ...target, MultipartUpload, IfNoneMatch: "*" }, options),
      { assembling: made.bytes },
    );
  } catch (error) {
    if (error instanceof DbopsError) throw error;
    return settleCreation(bucket, { key: made.key, mark: made.mark, error }, signal);
  }
  const info = await headObject(bucket, made.key, signal);
  return (
    info ??
    fail("STORE_UNWRITABLE", `${placeOf(bucket.declaration)}: ${made.key} was completed and is not there`)
  );
}

async function abortUpload(bucket: Bucket, target: Target): Promise<void> {
  await bucket.ask("write", lastWord(), (options) => bucket.api.abortMultipartUpload({ ...target }, options));
}
