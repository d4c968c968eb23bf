import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openS3Store } from "../../../src/adapters/s3-store/s3-store.ts";
import { Secret } from "../../../src/model/secret.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import {
  bodyOf,
  bodyOfBytes,
  bytesOf,
  keysOf,
  LIVE,
  put,
  readAll,
  stallingBody,
  unfinishedOf,
} from "../../contracts/object-store-bench.ts";
import { fillBucket } from "../../support/fill-bucket.ts";
import { openTestStore, s3Declaration } from "../../support/s3-declaration.ts";
import { freePort, type S3Server, startMinio, startVersitygw } from "../../support/s3-servers.ts";

const PART_BYTES = 16 * 1024 * 1024;
const servers = { minio: startMinio, versitygw: startVersitygw };
let minio: S3Server;
beforeAll(async () => {
  minio = await startMinio();
});
afterAll(() => minio.stop());

/** More than six pages, and more than MinIO reads at a time, which is 5,000. */
const MANY = 6500;

describe("thousands of keys", () => {
  it("are listed page by page, each once and in order, from any key on", async () => {
    const bucket = await minio.newBucket();
    const keys = Array.from({ length: MANY }, (_, n) => `app/${String(n).padStart(5, "0")}`);
    await fillBucket(
      minio.admin,
      bucket,
      keys.map((key) => `backups/test/${key}`),
    );
    const store = await openTestStore(minio, bucket);
    expect(await keysOf(store, "app/")).toEqual(keys);
    expect(await keysOf(store, "", "app/05499")).toEqual(keys.slice(5500));
  });
});

describe("a store below a prefix", () => {
  it("neither sees nor touches what lies beside it", async () => {
    const bucket = await minio.newBucket();
    const store = await openTestStore(minio, bucket, { prefix: "backups/prod" });
    const neighbour = await openTestStore(minio, bucket, { prefix: "backups/prod-eu" });
    const whole = await openTestStore(minio, bucket, { prefix: "" });
    await put(store, "object");
    await put(neighbour, "other");
    expect(await keysOf(store, "")).toEqual(["object"]);
    expect(await keysOf(whole, "")).toEqual(["backups/prod-eu/other", "backups/prod/object"]);
  });
});

describe.each(Object.entries(servers))("checksums only where required, on %s", (_name, start) => {
  it("still write objects of one part and of several", async () => {
    const server = await start();
    try {
      const store = await openTestStore(server, await server.newBucket(), { checksums: "when_required" });
      for (const bytes of [10, PART_BYTES + 10]) {
        await store.write(`object-${bytes}`, bodyOfBytes(bytes), {}, LIVE);
        expect((await readAll(store, `object-${bytes}`)).equals(bytesOf(bytes))).toBe(true);
      }
    } finally {
      await server.stop();
    }
  });
});

describe("a server that is killed", () => {
  it("in the middle of an upload fails the write and leaves no object", async () => {
    const server = await startMinio();
    const store = await openTestStore(server, await server.newBucket());
    try {
      const { body, stalled, release } = stallingBody(3 * PART_BYTES);
      const written = store.write("object", body, {}, LIVE);
      written.catch(() => undefined); // looked at below
      await stalled;
      await server.kill();
      release();
      await expect(written).rejects.toMatchObject({ problems: [{ severity: "error" }] });
    } finally {
      await server.stop();
    }
  });

  it("in the middle of a listing makes the store unreadable, never empty or short", async () => {
    const server = await startMinio();
    const bucket = await server.newBucket();
    try {
      const keys = Array.from({ length: 1100 }, (_, n) => `backups/test/${n}`);
      await fillBucket(server.admin, bucket, keys);
      const store = await openTestStore(server, bucket);
      const read = async () => {
        for await (const _ of store.list("", {}, LIVE)) await server.kill();
      };
      await expect(read()).rejects.toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
      await expect(store.head("0", LIVE)).rejects.toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
    } finally {
      await server.stop();
    }
  });
});

describe("an upload that nobody ended", () => {
  it("is found and cleared away below a folder, on both servers", async () => {
    for (const start of Object.values(servers)) {
      const server = await start();
      try {
        const bucket = await server.newBucket();
        const store = await openTestStore(server, bucket);
        const Key = "backups/test/app/20260101_000000/object";
        await server.admin.createMultipartUpload({ Bucket: bucket, Key });
        await server.admin.createMultipartUpload({ Bucket: bucket, Key: "elsewhere/app/object" });
        const found = await unfinishedOf(store, "app/");
        expect(found.map((one) => one.key)).toEqual(["app/20260101_000000/object"]);
        for (const upload of found) await store.discard(upload, LIVE);
        expect(await unfinishedOf(store, "")).toEqual([]);
      } finally {
        await server.stop();
      }
    }
  });
});

describe("a bucket with object lock", () => {
  it("lets the object go from the listing, while its version stays", async () => {
    const bucket = await minio.newBucket({ objectLock: true });
    const store = await openTestStore(minio, bucket);
    const info = await put(store, "object");
    expect(await store.remove("object", { etag: info.etag }, LIVE)).toBe("removed");
    expect(await keysOf(store, "")).toEqual([]);
    const { Versions } = await minio.admin.listObjectVersions({ Bucket: bucket });
    expect(Versions?.length).toBe(1);
  });
});

describe("a store that cannot be used", () => {
  const everyLook = (store: ObjectStore) => [
    () => keysOf(store, ""),
    () => store.head("object", LIVE),
    () => store.read("object", null, LIVE),
    () => unfinishedOf(store, ""),
    () => store.write("object", bodyOf("x"), {}, LIVE),
    () => store.remove("object", { etag: "x" }, LIVE),
  ];
  const credentials = (secret: string) => ({
    accessKeyId: new Secret(minio.accessKeyId),
    secretAccessKey: new Secret(secret),
  });

  it("because its bucket is missing says so at every call", async () => {
    const store = await openTestStore(minio, "there-is-no-such-bucket");
    for (const look of everyLook(store))
      await expect(look()).rejects.toMatchObject({
        problems: [
          { code: "STORE_UNREADABLE", fix: expect.stringContaining("s3 mb s3://there-is-no-such-bucket") },
        ],
      });
    await expect(store.replace("lock", Buffer.from("x"), "absent", LIVE)).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE" }],
    });
  });

  it("because its credentials are wrong says so, without the secret", async () => {
    const declaration = s3Declaration(minio, await minio.newBucket());
    const store = await openS3Store(declaration, credentials("quite-the-wrong-secret"));
    for (const look of everyLook(store)) {
      const thrown = await look().then(
        () => null,
        (error: unknown) => error,
      );
      expect(thrown).toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
      expect(JSON.stringify(thrown)).not.toContain("quite-the-wrong-secret");
    }
    await expect(keysOf(store, "")).rejects.toThrow(
      "the credentials are not accepted (SignatureDoesNotMatch)",
    );
  });

  it("because nothing listens there says so", async () => {
    const declaration = s3Declaration({ endpoint: `http://127.0.0.1:${await freePort()}` }, "bucket");
    const store = await openS3Store(declaration, credentials("any"));
    await expect(keysOf(store, "")).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE", detail: expect.stringContaining("ECONNREFUSED") }],
    });
  });

  it("because its name does not resolve says so", async () => {
    const declaration = s3Declaration({ endpoint: "http://no-such-host.invalid" }, "bucket");
    const store = await openS3Store(declaration, credentials("any"));
    await expect(keysOf(store, "")).rejects.toThrow("its name does not resolve");
  });
});
