import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { bodyOfBytes, LIVE, put } from "../../contracts/object-store-bench.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { openTestStore } from "../../support/s3-declaration.ts";
import { type S3Server, startMinio } from "../../support/s3-servers.ts";

const BYTES = 40 * 1024 * 1024; // three parts
let server: S3Server;
let bucket: string;
let proxy: FaultProxy;
/** What each request says of its content: a part's `PUT … partNumber`, or any other one. */
let seen: { isPart: boolean; signed: string; checksum: string }[];

beforeAll(async () => {
  server = await startMinio();
});
afterAll(() => server.stop());
beforeEach(async () => {
  seen = [];
  bucket = await server.newBucket();
  proxy = await startFaultProxy(server.endpoint, (line, headers) => {
    const signed = String(headers["x-amz-content-sha256"]);
    seen.push({
      isPart: line.includes("partNumber="),
      signed,
      checksum: String(headers["x-amz-checksum-crc32"]),
    });
    return "pass";
  });
});
afterEach(() => proxy.close());

it("signs the content of every request but of parts that carry a checksum", async () => {
  const store = await openTestStore(server, bucket, { endpoint: proxy.endpoint });
  await put(store, "small");
  await store.write("large", bodyOfBytes(BYTES), { estimatedBytes: BYTES }, LIVE);
  const parts = seen.filter((one) => one.isPart);
  expect(parts.length).toBeGreaterThan(1);
  for (const part of parts) {
    expect(part.signed).toBe("UNSIGNED-PAYLOAD");
    expect(part.checksum).toMatch(/^[A-Za-z0-9+/]{6}==$/);
  }
  for (const other of seen.filter((one) => !one.isPart)) expect(other.signed).toMatch(/^[0-9a-f]{64}$/);
});

it("signs the content of parts as well where the server is spared checksums", async () => {
  const store = await openTestStore(server, bucket, { endpoint: proxy.endpoint, checksums: "when_required" });
  await store.write("large", bodyOfBytes(BYTES), { estimatedBytes: BYTES }, LIVE);
  expect(seen.filter((one) => one.isPart).length).toBeGreaterThan(1);
  for (const { signed } of seen) expect(signed).toMatch(/^[0-9a-f]{64}$/);
});
