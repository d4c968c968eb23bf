import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openFileStore } from "../../src/adapters/file-store/file-store.ts";
import { testConditions } from "../../src/apply/store-conditions.ts";
import { keysOf, LIVE } from "../contracts/object-store-bench.ts";
import { memoryStore } from "../support/memory-store.ts";
import { openTestStore } from "../support/s3-declaration.ts";
import { type S3Server, startMinio, startUnsafeGateways, startVersitygw } from "../support/s3-servers.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("conditions of a store", () => {
  it("are honoured by the file store, and nothing is left of the test", async () => {
    const store = openFileStore(await tempFolder());
    expect(await testConditions(store, LIVE)).toBeNull();
    expect(await keysOf(store, "")).toEqual([]);
  });

  it("are found missing where a store takes them without looking at them", async () => {
    const store = memoryStore({ ignoresConditions: true });
    expect(await testConditions(store, LIVE)).toMatchObject({ code: "STORE_CONDITIONS" });
    expect(store.keys()).toEqual([]);
  });

  it("are found missing where only the expected ETag is ignored", async () => {
    const honest = memoryStore();
    const store = {
      ...honest,
      replace: async (...[key, body, expected, signal]: Parameters<typeof honest.replace>) => {
        const head = await honest.head(key, signal);
        const taken = expected === "absent" || head === null ? expected : { etag: head.etag };
        return honest.replace(key, body, taken, signal);
      },
    };
    expect((await testConditions(store, LIVE))?.detail).toContain("ETag");
  });

  it("leave nothing behind when the test is interrupted", async () => {
    const store = memoryStore();
    const reason = new Error("interrupted");
    await expect(testConditions(store, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(store.keys()).toEqual([]);
  });
});

describe("conditions of S3 servers", () => {
  const servers: S3Server[] = [];
  beforeAll(async () => {
    servers.push(await startMinio(), await startVersitygw(), await startUnsafeGateways());
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });

  async function openStore(server: S3Server | undefined) {
    if (server === undefined) throw new Error("the server has not started");
    return openTestStore(server, await server.newBucket());
  }

  it("are honoured by MinIO and by one versitygw, and nothing is left of the test", async () => {
    for (const server of servers.slice(0, 2)) {
      const store = await openStore(server);
      expect(await testConditions(store, LIVE)).toBeNull();
      expect(await keysOf(store, "")).toEqual([]);
    }
  });

  it("are found missing where two gateways write one folder without a common lock", async () => {
    const store = await openStore(servers[2]);
    const found: unknown[] = [];
    for (let test = 0; test < 5 && found.length === 0; test += 1) {
      const problem = await testConditions(store, LIVE);
      if (problem !== null) found.push(problem.code);
    }
    expect(found).toEqual(["STORE_CONDITIONS"]);
  });
});
