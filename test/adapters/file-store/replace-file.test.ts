import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir, readlink, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openFileStore } from "../../../src/adapters/file-store/file-store.ts";
import { keysOf, LIVE, readAll } from "../../contracts/object-store-bench.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const CANDIDATE = "0123456789abcdef";

describe("a replacement in a file store", () => {
  it("that died before its decision hinders nobody", async () => {
    const { root, store, etag } = await withLock("one");
    await writeFile(join(root, `lock.next.${etag}.${CANDIDATE}`), "died");
    expect(await store.replace("lock", Buffer.from("two"), { etag }, LIVE)).toMatchObject({ bytes: 3 });
    expect((await readAll(store, "lock")).toString()).toBe("two");
  });

  it("that died after its decision is carried out by whoever comes next", async () => {
    const { root, store, etag } = await withLock("one");
    await decide(root, etag, "died");
    expect((await readAll(store, "lock")).toString()).toBe("one");
    expect(await store.replace("lock", Buffer.from("two"), { etag }, LIVE)).toBe("changed");
    expect((await readAll(store, "lock")).toString()).toBe("died");
    const next = (await store.head("lock", LIVE))?.etag ?? "";
    expect(await store.replace("lock", Buffer.from("three"), { etag: next }, LIVE)).toMatchObject({
      bytes: 5,
    });
    expect(await keysOf(store, "")).toEqual(["lock"]);
  });

  it("that died after the rename has taken effect", async () => {
    const { root, store, etag } = await withLock("one");
    await decide(root, etag, "two!");
    await rename(join(root, `lock.next.${etag}.${CANDIDATE}`), join(root, "lock"));
    expect(await store.replace("lock", Buffer.from("three"), { etag }, LIVE)).toBe("changed");
    expect((await readAll(store, "lock")).toString()).toBe("two!");
  });

  it("that decides too late hangs in the air and takes no effect", async () => {
    const { root, store, etag } = await withLock("one");
    const two = await store.replace("lock", Buffer.from("two"), { etag }, LIVE);
    await rm(join(root, `lock.next.${etag}`), { force: true });
    await decide(root, etag, "late");
    const next = typeof two === "string" ? "" : two.etag;
    expect(await store.replace("lock", Buffer.from("three"), { etag: next }, LIVE)).toMatchObject({
      bytes: 5,
    });
    expect((await readAll(store, "lock")).toString()).toBe("three");
  });

  it("never gives two contents of one key the same etag, however fast and alike they are", async () => {
    const { store, etag } = await withLock("same");
    const etags = [etag];
    for (let n = 0; n < 60; n += 1) {
      const next = await store.replace("lock", Buffer.from("same"), { etag: etags.at(-1) ?? "" }, LIVE);
      etags.push(typeof next === "string" ? next : next.etag);
    }
    expect(new Set(etags).size).toBe(61);
  });

  it("goes on when the lock it replaces is dated in the future", async () => {
    const { root, store } = await withLock("one");
    const tomorrow = Date.now() / 1000 + 86_400;
    await utimes(join(root, "lock"), tomorrow, tomorrow);
    const etag = (await store.head("lock", LIVE))?.etag ?? "";
    expect(await store.replace("lock", Buffer.from("two"), { etag }, LIVE)).toMatchObject({ bytes: 3 });
    expect((await stat(join(root, "lock"))).mtimeMs).toBeGreaterThan(tomorrow * 1000);
  });

  it("names the file to remove when somebody took a decided content away", async () => {
    const { root, store, etag } = await withLock("one");
    await symlink(`lock.next.${etag}.${CANDIDATE}`, join(root, `lock.next.${etag}`));
    await expect(store.replace("lock", Buffer.from("two"), { etag }, LIVE)).rejects.toMatchObject({
      problems: [{ code: "STORE_UNWRITABLE", fix: expect.stringContaining(`rm ${root}/lock.next.${etag}`) }],
    });
  });

  it("keeps no more than the latest decision", async () => {
    const { root, store, etag } = await withLock("0");
    let current = etag;
    for (let n = 1; n <= 20; n += 1) {
      const next = await store.replace("lock", Buffer.from(String(n)), { etag: current }, LIVE);
      current = typeof next === "string" ? next : next.etag;
    }
    expect((await readdir(root)).length).toBeLessThanOrEqual(2);
    expect(await store.remove("lock", { etag: current }, LIVE)).toBe("removed");
    expect(await readdir(root)).toEqual([]);
  });

  it("is won by one process only while processes that count up are killed again and again", async () => {
    const { root, store } = await withLock("0");
    onTestFinished(() => rm(`${root}-log`, { recursive: true }));
    for (let round = 0; round < 4; round += 1) {
      const children = [1, 2, 3].map(() =>
        fork(COUNT_UP, [root], { stdio: ["ignore", "ignore", "inherit", "ipc"] }),
      );
      await Promise.all(children.map((child) => once(child, "message"))); // each has won and counted
      for (const child of children) {
        expect(child.exitCode).toBeNull(); // a number that two processes won would have ended one of them
        child.kill("SIGKILL");
      }
      await Promise.all(children.map(async (child) => child.signalCode ?? (await once(child, "exit"))));
    }
    await store.replace("lock", Buffer.from("nobody"), { etag: "0-0" }, LIVE); // finishes what the last one left
    const count = Number((await readAll(store, "lock")).toString());
    const won = (await readdir(`${root}-log`)).map(Number).sort((a, b) => a - b);
    expect(won.length).toBeGreaterThanOrEqual(12);
    expect(won.at(-1)).toBeLessThanOrEqual(count);
    expect(count - won.length).toBeLessThanOrEqual(12); // killed after the replacement, before its note
  });
});

const COUNT_UP = join(import.meta.dirname, "../../support/count-up.ts");

async function withLock(text: string) {
  const root = await tempFolder();
  const store = openFileStore(root);
  const info = await store.replace("lock", Buffer.from(text), "absent", LIVE);
  if (typeof info === "string") throw new Error(info);
  return { root, store, etag: info.etag };
}

/** What a process has left that was killed after its decision. */
async function decide(root: string, etag: string, text: string): Promise<void> {
  const candidate = `lock.next.${etag}.${CANDIDATE}`;
  await writeFile(join(root, candidate), text);
  await symlink(candidate, join(root, `lock.next.${etag}`));
  expect(await readlink(join(root, `lock.next.${etag}`))).toBe(candidate);
}
