import type { S3StoreDeclaration } from "../../model/environment.ts";
import type { Secret } from "../../model/secret.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { Patience } from "./bucket.ts";

export interface S3Credentials {
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
}

/**
 * Objects of a bucket below the declared prefix. Loads the SDK, and asks the server nothing before the first call.
 * `credentials` null: those of the SDK's own chain. Each store has a bounded pool of sockets of its own.
 */
export async function openS3Store(
  declaration: S3StoreDeclaration,
  credentials: S3Credentials | null,
  patience?: Partial<Patience>,
): Promise<ObjectStore> {
  const { s3Objects } = await import("./s3-objects.ts");
  return s3Objects(declaration, credentials, patience);
}
