import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { retrying } from "../../../src/adapters/store-wrappers/retrying.ts";
import { timely } from "../../../src/adapters/store-wrappers/timely.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { problemsOf } from "../../../src/problems/dbops-error.ts";
import { exitCodeOf } from "../../../src/problems/exit-code.ts";
import { gather, keysOf, LIVE, put, stallingBody, unfinishedOf } from "../../contracts/object-store-bench.ts";
import { memoryStore } from "../../support/memory-store.ts";

const PLACE = { what: "store dr (/backups)", fix: "ls -l /backups" };

/** Each call waits until its signal aborts, as adapters do, and then gives the signal's reason. */
function hanging(): ObjectStore {
  const wait = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  async function* none(signal: AbortSignal): AsyncGenerator<never> {
    yield await wait(signal);
  }
  return {
    list: (_prefix, _options, signal) => none(signal),
    unfinished: (_prefix, signal) => none(signal),
    head: (_key, signal) => wait(signal),
    read: (_key, _range, signal) => wait(signal),
    write: (_key, _body, _options, signal) => wait(signal),
    replace: (_key, _body, _expect, signal) => wait(signal),
    remove: (_key, _expect, signal) => wait(signal),
    discard: (_upload, signal) => wait(signal),
  };
}

const CALLS: readonly [string, (store: ObjectStore, signal: AbortSignal) => Promise<unknown>][] = [
  [
    "list",
    async (store, signal) => {
      for await (const _ of store.list("", {}, signal));
    },
  ],
  [
    "unfinished",
    async (store, signal) => {
      for await (const _ of store.unfinished("", signal));
    },
  ],
  ["head", (store, signal) => store.head("k", signal)],
  ["read", (store, signal) => store.read("k", null, signal)],
  ["write", (store, signal) => store.write("k", stallingBody(1).body, {}, signal)],
  ["replace", (store, signal) => store.replace("k", Buffer.from("x"), "absent", signal)],
  ["remove", (store, signal) => store.remove("k", { etag: "e" }, signal)],
  ["discard", (store, signal) => store.discard({ key: "k", id: "k", startedAt: "" }, signal)],
];

describe.each(CALLS)("a %s of a store that does not answer", (_name, ask) => {
  it("is STORE_UNREADABLE at its deadline, not a bug", async () => {
    const asked = ask(timely(retrying(hanging()), PLACE), AbortSignal.timeout(5));
    await expect(asked).rejects.toMatchObject({
      problems: [
        { code: "STORE_UNREADABLE", detail: "store dr (/backups) did not answer in time", fix: PLACE.fix },
      ],
    });
  });

  it("gives an interrupt's own reason", async () => {
    const abort = new AbortController();
    const asked = ask(timely(retrying(hanging()), PLACE), abort.signal);
    abort.abort();
    await expect(asked).rejects.toBe(abort.signal.reason);
    expect(abort.signal.reason).toMatchObject({ name: "AbortError" });
  });
});

describe("a store that answers in time", () => {
  it("is the same store", async () => {
    const store = timely(memoryStore(), PLACE);
    const info = await put(store, "a/b", "text");
    expect(await keysOf(store, "a/")).toEqual(["a/b"]);
    expect(await unfinishedOf(store, "a/")).toEqual([]);
    expect((await gather(await store.read("a/b", null, LIVE))).toString()).toBe("text");
    expect(await store.remove("a/b", { etag: info.etag }, LIVE)).toBe("removed");
    expect(await store.head("a/b", LIVE)).toBeNull();
  });

  it("tells a deadline in the middle of a body too", async () => {
    const store = memoryStore();
    const slow: ObjectStore = {
      ...store,
      async read(_key, _range, signal) {
        const body = new Readable({ read: () => undefined });
        body.push("begun");
        signal.addEventListener("abort", () => body.destroy(signal.reason));
        return body;
      },
    };
    const body = await timely(slow, PLACE).read("k", null, AbortSignal.timeout(20));
    await expect(gather(body)).rejects.toMatchObject({ problems: [{ code: "STORE_UNREADABLE" }] });
  });
});

it("a deadline that reaches the edge unnamed is no bug either", async () => {
  const signal = AbortSignal.timeout(1);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  const problems = problemsOf(signal.reason);
  expect([problems[0]?.code, exitCodeOf(problems)]).toEqual(["STORE_UNREADABLE", 1]);
});
