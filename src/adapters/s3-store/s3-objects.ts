import type { S3StoreDeclaration } from "../../model/environment.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { connectS3, type Patience } from "./bucket.ts";
import { listObjects } from "./list-objects.ts";
import { headObject, readObject } from "./read-object.ts";
import { removeObject } from "./remove-object.ts";
import { replaceObject } from "./replace-object.ts";
import type { S3Credentials } from "./s3-store.ts";
import { discardUpload, unfinishedUploads } from "./unfinished-uploads.ts";
import { writeObject } from "./write-object.ts";

/** The store itself; see `openS3Store`. */
export function s3Objects(
  declaration: S3StoreDeclaration,
  credentials: S3Credentials | null,
  patience?: Partial<Patience>,
): ObjectStore {
  const bucket = connectS3(declaration, credentials, patience);
  return {
    list: (prefix, { after }, signal) => listObjects(bucket, { prefix, after }, signal),
    head: (key, signal) => headObject(bucket, key, signal),
    read: (key, range, signal) => readObject(bucket, key, range, signal),
    write: (key, body, options, signal) =>
      writeObject(bucket, { key, body, estimatedBytes: options.estimatedBytes ?? 0 }, signal),
    replace: (key, body, expect, signal) => replaceObject(bucket, { key, body, expect }, signal),
    remove: (key, expect, signal) => removeObject(bucket, key, expect.etag, signal),
    unfinished: (prefix, signal) => unfinishedUploads(bucket, prefix, signal),
    discard: (upload, signal) => discardUpload(bucket, upload, signal),
  };
}
