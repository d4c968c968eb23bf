import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectS3, type Patience } from "../../../src/adapters/s3-store/bucket.ts";
import { openS3Store } from "../../../src/adapters/s3-store/s3-store.ts";
import { retrying } from "../../../src/adapters/store-wrappers/retrying.ts";
import { Secret } from "../../../src/model/secret.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { bodyOf, keysOf, LIVE, readAll, unfinishedOf } from "../../contracts/object-store-bench.ts";
import { s3Declaration } from "../../support/s3-declaration.ts";

/** Takes connections and requests, and answers none. */
let server: Server;
let requests: number;

beforeEach(async () => {
  requests = 0;
  server = createServer((socket) => {
    socket.on("data", (chunk) => {
      if (chunk.includes("HTTP/1.1")) requests += 1;
    });
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => server.close());

const CREDENTIALS = { accessKeyId: new Secret("id"), secretAccessKey: new Secret("key") };

function open(patience: Partial<Patience>): Promise<ObjectStore> {
  return openS3Store(declaration(), CREDENTIALS, patience);
}

function declaration() {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return s3Declaration({ endpoint: `http://127.0.0.1:${port}` }, "bucket");
}

/** The deadline of the request comes before the end of its attempts, and the other way round. */
const PATIENCES = [
  { attemptMs: 100_000, requestMs: 100 },
  { attemptMs: 20, requestMs: 100_000 },
] as const;

describe.each(PATIENCES)(
  "a server that answers nothing, waited for $attemptMs and $requestMs ms",
  (patience) => {
    it.each<[string, (store: ObjectStore) => Promise<unknown>]>([
      ["a listing", (store) => keysOf(store, "app/")],
      ["a look", (store) => store.head("object", LIVE)],
      ["a read", (store) => readAll(store, "object")],
      ["a lock", (store) => store.replace("lock", Buffer.from("x"), "absent", LIVE)],
      ["a removal", (store) => store.remove("object", { etag: "e" }, LIVE)],
      ["a write", (store) => store.write("object", bodyOf("x"), {}, LIVE)],
      ["the uploads", (store) => unfinishedOf(store, "app/")],
    ])("ends %s with what is wrong and what to do", async (_name, ask) => {
      await expect(ask(retrying(await open(patience)))).rejects.toMatchObject({
        problems: [
          {
            code: "STORE_UNREADABLE",
            detail: expect.stringContaining("does not answer"),
            fix: expect.stringContaining("curl -sI http://127.0.0.1:"),
          },
        ],
      });
    });

    it("is asked no more often than the SDK does by itself", async () => {
      let questions = 0;
      while (requests === 0) {
        questions += 1; // a busy machine may not even have sent the first one in time
        await expect(keysOf(retrying(await open(patience)), "app/")).rejects.toThrow("does not answer");
      }
      expect(requests).toBeLessThanOrEqual(4 * questions);
    });

    it("is left at once when the caller gives up, with the caller's reason", async () => {
      const abort = new AbortController();
      const asked = (await open({ attemptMs: 100_000, requestMs: 100_000 })).head("object", abort.signal);
      abort.abort(new Error("stop it"));
      await expect(asked).rejects.toThrow("stop it");
    });
  },
);

describe("a server that has left one request without an answer", () => {
  it("is not waited for as long at the next one", async () => {
    const store = await open({ attemptMs: 30, requestMs: 60 });
    await expect(store.head("object", LIVE)).rejects.toThrow("not within 0.06 s");
    await expect(store.head("object", LIVE)).rejects.toThrow("not within 0.03 s");
    await expect(keysOf(store, "app/")).rejects.toThrow("not within 0.03 s");
  });
});

describe("a server that assembles an object in silence", () => {
  it("is waited for while other requests of the same age have long been given up", async () => {
    const asked = Promise.withResolvers<Socket>();
    server.on("connection", (socket) => {
      socket.on("data", (chunk) => {
        if (chunk.includes("POST /bucket/object?uploadId=u")) asked.resolve(socket);
      });
    });
    const bucket = connectS3(declaration(), CREDENTIALS, { idleMs: 20 });
    const upload = { Bucket: "bucket", Key: "object", UploadId: "u" };
    const assembled = bucket.tell(
      LIVE,
      (options) => bucket.silentApi().completeMultipartUpload(upload, options),
      { assembling: 1_000_000 },
    );
    const socket = await asked.promise;
    const part = bucket.tell(
      LIVE,
      (options) => bucket.api.uploadPart({ ...upload, PartNumber: 1, Body: "x" }, options),
      "bulk",
    );
    await expect(part).rejects.toThrow("of inactivity");
    socket.end(ASSEMBLED);
    expect(await assembled).toMatchObject({ ETag: '"e-1"' });
  });

  it("is given up when that lasts longer than copying its bytes can last", async () => {
    const bucket = connectS3(declaration(), CREDENTIALS, { assemblyMs: 20 });
    const upload = { Bucket: "bucket", Key: "object", UploadId: "u" };
    const assembled = bucket.tell(
      LIVE,
      (options) => bucket.silentApi().completeMultipartUpload(upload, options),
      { assembling: 200_000 },
    );
    await expect(assembled).rejects.toThrow("not within 0.03 s");
  });
});

const ASSEMBLED_BODY = '<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>';
const ASSEMBLED = [
  "HTTP/1.1 200 OK",
  `Date: ${new Date().toUTCString()}`,
  `Content-Length: ${ASSEMBLED_BODY.length}`,
  "Connection: close",
  "",
  ASSEMBLED_BODY,
].join("\r\n");
