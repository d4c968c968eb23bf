import { openS3Store } from "../../src/adapters/s3-store/s3-store.ts";
import type { S3StoreDeclaration } from "../../src/model/environment.ts";
import { Secret } from "../../src/model/secret.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { S3Server } from "./s3-servers.ts";

/** A store on a test server as an environment file would declare it. */
export function s3Declaration(
  server: Pick<S3Server, "endpoint">,
  bucket: string,
  changes: Partial<S3StoreDeclaration> = {},
): S3StoreDeclaration {
  return {
    kind: "s3",
    name: "primary",
    bucket,
    prefix: "backups/test",
    region: process.env["AWS_REGION"] ?? "us-east-1",
    endpoint: server.endpoint,
    pathStyle: true,
    checksums: "when_supported",
    storageClass: null,
    serverSideEncryption: null,
    parts: { max: 10_000, equal: false },
    credentials: null,
    ...changes,
  };
}

/** Opens a store on a test server with the server's own credentials. */
export function openTestStore(
  server: S3Server,
  bucket: string,
  changes: Partial<S3StoreDeclaration> = {},
): Promise<ObjectStore> {
  return openS3Store(s3Declaration(server, bucket, changes), {
    accessKeyId: new Secret(server.accessKeyId),
    secretAccessKey: new Secret(server.secretAccessKey),
  });
}
