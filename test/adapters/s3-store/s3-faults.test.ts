import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import {
  bodyOf,
  bodyOfBytes,
  bytesOf,
  gather,
  keysOf,
  LIVE,
  leftUnder,
  put,
  readAll,
  unfinishedOf,
} from "../../contracts/object-store-bench.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { fillBucket } from "../../support/fill-bucket.ts";
import { openTestStore } from "../../support/s3-declaration.ts";
import { type S3Server, startMinio } from "../../support/s3-servers.ts";

const PART_BYTES = 16 * 1024 * 1024;
let server: S3Server;
let bucket: string;
/** Without the proxy. */
let direct: ObjectStore;
let store: ObjectStore;
let proxy: FaultProxy;
let decide: (line: string, count: number) => Fault;

beforeAll(async () => {
  server = await startMinio();
});
afterAll(() => server.stop());
beforeEach(async () => {
  const seen = new Map<string, number>();
  decide = () => "pass";
  proxy = await startFaultProxy(server.endpoint, (line) => {
    const kind = kindOf(line);
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return decide(kind, seen.get(kind) ?? 0);
  });
  bucket = await server.newBucket();
  direct = await openTestStore(server, bucket);
  store = await openTestStore(server, bucket, { endpoint: proxy.endpoint });
});
afterEach(() => proxy.close());

describe("a listing of an S3 store", () => {
  let filled: string;
  beforeAll(async () => {
    filled = await server.newBucket();
    const keys = Array.from({ length: 1100 }, (_, n) => `backups/test/app/${String(n).padStart(4, "0")}`);
    await fillBucket(server.admin, filled, keys);
  });
  beforeEach(async () => {
    store = await openTestStore(server, filled, { endpoint: proxy.endpoint });
  });

  it("throws when its second page is cut off", async () => {
    decide = (kind, count) => (kind === "list" && count > 1 ? { cutAfterBytes: 5000 } : "pass");
    const seen: string[] = [];
    const read = async () => {
      for await (const info of store.list("app/", {}, LIVE)) seen.push(info.key);
    };
    await expect(read()).rejects.toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
    expect(seen.length).toBe(1000);
  });

  it("throws when its second page is refused", async () => {
    decide = (kind, count) => (kind === "list" && count > 1 ? { status: 403 } : "pass");
    await expect(keysOf(store, "")).rejects.toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
  });

  it("throws when a page says that there are more and not where", async () => {
    const body =
      '<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>';
    decide = (kind) => (kind === "list" ? { status: 200, body } : "pass");
    await expect(keysOf(store, "")).rejects.toThrow("does not say where it goes on");
  });

  it("throws when keys come out of order", async () => {
    const entry = (key: string) =>
      `<Contents><Key>backups/test/${key}</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`;
    const body = `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${entry("b")}${entry("a")}</ListBucketResult>`;
    decide = (kind) => (kind === "list" ? { status: 200, body } : "pass");
    await expect(keysOf(store, "")).rejects.toThrow("lists a after b");
  });

  it("names the region when the bucket is in another one", async () => {
    const headers = { "x-amz-bucket-region": "eu-central-1" };
    decide = (kind) => (kind === "list" ? { status: 301, headers } : "pass");
    await expect(keysOf(store, "")).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE", fix: expect.stringContaining("region: eu-central-1") }],
    });
  });

  it("gets over a connection that breaks once", async () => {
    decide = (kind, count) => (kind === "list" && count === 2 ? "refuse" : "pass");
    expect((await keysOf(store, "app/")).length).toBe(1100);
  });
});

describe("the uploads of an S3 store", () => {
  const listed = (more: string) =>
    `<?xml version="1.0"?><ListMultipartUploadsResult><IsTruncated>true</IsTruncated>${more}</ListMultipartUploadsResult>`;

  it("throw when a page says that there are more and not where", async () => {
    decide = (kind) => (kind === "uploads" ? { status: 200, body: listed("") } : "pass");
    const read = unfinishedOf(store, "app/");
    await expect(read).rejects.toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
    await expect(read).rejects.toThrow("does not say where it goes on");
  });

  it("throw when a page goes on where it began", async () => {
    const same = listed("<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>i</NextUploadIdMarker>");
    decide = (kind) => (kind === "uploads" ? { status: 200, body: same } : "pass");
    await expect(unfinishedOf(store, "app/")).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE" }],
    });
  });
});

describe("a write to an S3 store whose answer is lost", () => {
  it("knows its own object again, written in one piece", async () => {
    decide = (kind, count) => (kind === "put" && count === 1 ? "lose-answer" : "pass");
    expect(await store.write("object", bodyOf("mine"), {}, LIVE)).toMatchObject({ bytes: 4 });
    expect((await readAll(direct, "object")).toString()).toBe("mine");
  });

  it("knows its own object again, even when every answer is lost", async () => {
    decide = (kind) => (kind === "put" ? "lose-answer" : "pass");
    expect(await store.write("object", bodyOf("mine"), {}, LIVE)).toMatchObject({ bytes: 4 });
  });

  it("knows its own object again, completed from parts", async () => {
    decide = (kind, count) => (kind === "complete" && count === 1 ? "lose-answer" : "pass");
    const info = await store.write("object", bodyOfBytes(PART_BYTES + 10), {}, LIVE);
    expect(info).toMatchObject({ bytes: PART_BYTES + 10 });
    expect(await leftUnder(direct, "object")).toEqual(["object"]);
  });

  it("does not take another's object for its own", async () => {
    let other: Promise<unknown> = Promise.resolve();
    decide = (kind, count) => {
      if (kind !== "put" || count > 1) return "pass";
      other = direct.write("object", bodyOf("theirs"), {}, LIVE); // either may win
      return "refuse";
    };
    const outcome = await store.write("object", bodyOf("mine"), {}, LIVE);
    await other;
    const stored = (await readAll(direct, "object")).toString();
    expect([outcome === "exists", stored]).toEqual([
      stored === "theirs",
      outcome === "exists" ? "theirs" : "mine",
    ]);
  });

  it("sends a part again that did not arrive", async () => {
    decide = (kind, count) => (kind === "part" && count === 2 ? "refuse" : "pass");
    await store.write("object", bodyOfBytes(2 * PART_BYTES + 10), {}, LIVE);
    expect((await readAll(direct, "object")).equals(bytesOf(2 * PART_BYTES + 10))).toBe(true);
  });
});

describe("a write to an S3 store that fails", () => {
  it("leaves nothing when a part is refused", async () => {
    decide = (kind, count) => (kind === "part" && count >= 2 ? { status: 403, body: ACCESS_DENIED } : "pass");
    const body = bodyOfBytes(4 * PART_BYTES);
    await expect(store.write("object", body, {}, LIVE)).rejects.toMatchObject({
      problems: [{ code: "STORE_UNWRITABLE", fix: expect.stringContaining("s3:PutObject") }],
    });
    expect(body.destroyed).toBe(true);
    expect(await leftUnder(direct, "object")).toEqual([]);
  });

  it("says STORE_FULL when the server has no space left, and leaves nothing", async () => {
    decide = (kind) => (kind === "part" ? { status: 507, body: FULL } : "pass");
    await expect(store.write("object", bodyOfBytes(PART_BYTES + 1), {}, LIVE)).rejects.toMatchObject({
      problems: [{ code: "STORE_FULL" }],
    });
    expect(await leftUnder(direct, "object")).toEqual([]);
  });

  it("says STORE_CONDITIONS when the server does not know the condition", async () => {
    decide = (kind) => (kind === "put" ? { status: 501, body: NOT_IMPLEMENTED } : "pass");
    await expect(store.write("object", bodyOf("x"), {}, LIVE)).rejects.toMatchObject({
      problems: [{ code: "STORE_CONDITIONS" }],
    });
  });

  it("names the limit when a store of equal parts has too few of them", async () => {
    const few = await openTestStore(server, bucket, { parts: { max: 2, equal: true } });
    await few.write("fits", bodyOfBytes(2 * PART_BYTES), {}, LIVE);
    await expect(few.write("object", bodyOfBytes(2 * PART_BYTES + 1), {}, LIVE)).rejects.toThrow(
      "more than 2 equal parts",
    );
    expect(await leftUnder(direct, "object")).toEqual([]);
  });
});

describe("a replacement in an S3 store whose answer is lost", () => {
  it("knows that it has won", async () => {
    const first = await store.replace("lock", Buffer.from("one"), "absent", LIVE);
    const etag = typeof first === "string" ? "" : first.etag;
    decide = (kind) => (kind === "put" ? "lose-answer" : "pass");
    const outcome = await store.replace("lock", Buffer.from("two"), { etag }, LIVE);
    expect(outcome).toMatchObject({ bytes: 3, etag: (await direct.head("lock", LIVE))?.etag });
  });

  it("knows that it has lost", async () => {
    const first = await direct.replace("lock", Buffer.from("one"), "absent", LIVE);
    const etag = typeof first === "string" ? "" : first.etag;
    await direct.replace("lock", Buffer.from("theirs"), { etag }, LIVE);
    decide = (kind) => (kind === "put" ? "lose-answer" : "pass");
    expect(await store.replace("lock", Buffer.from("mine"), { etag }, LIVE)).toBe("changed");
  });

  it("throws while it is not known whether it took effect", async () => {
    const first = await store.replace("lock", Buffer.from("one"), "absent", LIVE);
    const etag = typeof first === "string" ? "" : first.etag;
    decide = (kind) => (kind === "put" ? "refuse" : "pass");
    await expect(store.replace("lock", Buffer.from("two"), { etag }, LIVE)).rejects.toMatchObject({
      problems: [{ code: "STORE_UNREADABLE" }],
    });
  });
});

describe("a removal from an S3 store", () => {
  it("does without If-Match where the server does not know it", async () => {
    const info = await put(direct, "object");
    decide = (kind, count) =>
      kind === "delete" && count === 1 ? { status: 501, body: NOT_IMPLEMENTED } : "pass";
    expect(await store.remove("object", { etag: info.etag }, LIVE)).toBe("removed");
    expect(await direct.head("object", LIVE)).toBeNull();
  });

  it("says locked when the store's retention forbids it", async () => {
    const info = await put(direct, "object");
    const body =
      "<Error><Code>AccessDenied</Code><Message>Object is WORM protected and cannot be overwritten</Message></Error>";
    decide = (kind) => (kind === "delete" ? { status: 403, body } : "pass");
    expect(await store.remove("object", { etag: info.etag }, LIVE)).toBe("locked");
  });
});

describe("a read from an S3 store", () => {
  it("ends with an error when the connection breaks in the middle", async () => {
    await direct.write("object", bodyOfBytes(1_000_000), {}, LIVE);
    decide = (kind) => (kind === "get" ? { cutAfterBytes: 300_000 } : "pass");
    const body = await store.read("object", null, LIVE);
    await expect(gather(body)).rejects.toMatchObject({ name: "DbopsError" });
  });
});

const ACCESS_DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>";
const FULL =
  "<Error><Code>XMinioStorageFull</Code><Message>Storage backend has reached its minimum free drive threshold.</Message></Error>";
const NOT_IMPLEMENTED =
  "<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message></Error>";

function kindOf(line: string): string {
  if (line.startsWith("GET") && line.includes("list-type=2")) return "list";
  if (line.startsWith("GET") && /[?&]uploads/.test(line)) return "uploads";
  if (line.startsWith("PUT")) return line.includes("partNumber=") ? "part" : "put";
  if (line.startsWith("POST")) return line.includes("uploadId=") ? "complete" : "create";
  return line.split(" ")[0]?.toLowerCase() ?? "";
}
