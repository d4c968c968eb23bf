import { afterAll, beforeAll } from "vitest";
import { openTestStore } from "../support/s3-declaration.ts";
import { type S3Server, startMinio } from "../support/s3-servers.ts";
import { describeObjectStore } from "./object-store.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startMinio();
});
afterAll(() => server.stop());

const PART_BYTES = 16 * 1024 * 1024;

describeObjectStore("S3 store on MinIO", async () => openTestStore(server, await server.newBucket()), {
  partBytes: PART_BYTES,
});
