import { afterAll, beforeAll } from "vitest";
import { openTestStore } from "../support/s3-declaration.ts";
import { type S3Server, startVersitygw } from "../support/s3-servers.ts";
import { describeObjectStore } from "./object-store.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startVersitygw();
});
afterAll(() => server.stop());

const PART_BYTES = 16 * 1024 * 1024;

describeObjectStore("S3 store on versitygw", async () => openTestStore(server, await server.newBucket()), {
  partBytes: PART_BYTES,
});
