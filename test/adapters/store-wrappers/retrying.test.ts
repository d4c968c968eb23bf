import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { retrying } from "../../../src/adapters/store-wrappers/retrying.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { DbopsError } from "../../../src/problems/dbops-error.ts";
import { problem } from "../../../src/problems/problem.ts";
import { gather, keysOf, LIVE, readAll } from "../../contracts/object-store-bench.ts";
import { memoryStore } from "../../support/memory-store.ts";

const QUICK = { attempts: 3, delayMs: 1 };
const KEYS = ["a", "b", "c", "d", "e"];

describe("a patient store", () => {
  it("lists on after the last key when the connection breaks between two", async () => {
    const faults = new Faults(3);
    expect(await keysOf(retrying(faults.breakLists(2), QUICK), "")).toEqual(KEYS);
    expect(faults.calls).toBeGreaterThan(2);
  });

  it("gives up a listing after a few tries without any progress", async () => {
    const faults = new Faults(100);
    await expect(keysOf(retrying(faults.breakLists(0), QUICK), "")).rejects.toThrow("ECONNRESET");
    expect(faults.calls).toBe(3);
  });

  it("reads on after the last byte when the connection breaks, in a range too", async () => {
    const store = retrying(new Faults(4).breakReads(1000), QUICK);
    expect((await readAll(store, "large")).equals(LARGE)).toBe(true);
    const body = await retrying(new Faults(4).breakReads(1000), QUICK).read(
      "large",
      { first: 10, last: 5000 },
      LIVE,
    );
    expect((await gather(body)).equals(LARGE.subarray(10, 5001))).toBe(true);
  });

  it("asks again for one object's facts", async () => {
    const faults = new Faults(2);
    expect(await retrying(faults.breakHeads(), QUICK).head("a", LIVE)).toMatchObject({ key: "a" });
    expect(faults.calls).toBe(3);
  });

  it("does not ask again where asking again cannot help", async () => {
    const faults = new Faults(1, new DbopsError([problem("STORE_UNREADABLE", "the bucket does not exist")]));
    await expect(retrying(faults.breakHeads(), QUICK).head("a", LIVE)).rejects.toThrow("does not exist");
    expect(faults.calls).toBe(1);
  });

  it("stops waiting when its signal aborts, with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const faults = new Faults(100);
    faults.onFault = () => setImmediate(() => controller.abort(reason));
    const store = retrying(faults.breakHeads(), { attempts: 3, delayMs: 600_000 });
    await expect(store.head("a", controller.signal)).rejects.toBe(reason);
  });
});

const LARGE = Buffer.alloc(10_000, "0123456789abcdefg");

/** A store whose connection breaks so many times. */
class Faults {
  readonly store = memoryStore();
  calls = 0;
  onFault: () => void = () => undefined;
  #left: number;
  readonly #error: Error;

  constructor(times: number, error: Error = broken()) {
    this.#left = times;
    this.#error = error;
    for (const key of KEYS) this.store.put(key, key);
  }

  breakHeads(): ObjectStore {
    return {
      ...this.store,
      head: async (key, signal) => {
        this.calls += 1;
        this.#breakMaybe();
        return this.store.head(key, signal);
      },
    };
  }

  breakLists(afterEntries: number): ObjectStore {
    const faults = this;
    return {
      ...this.store,
      async *list(prefix, options, signal) {
        faults.calls += 1;
        let seen = 0;
        for await (const info of faults.store.list(prefix, options, signal)) {
          if (seen === afterEntries) faults.#breakMaybe();
          seen += 1;
          yield info;
        }
      },
    };
  }

  breakReads(afterBytes: number): ObjectStore {
    this.store.put("large", LARGE);
    const faults = this;
    return {
      ...this.store,
      read: async (key, range, signal) => {
        const whole = await gather(await faults.store.read(key, range, signal));
        async function* bytes() {
          yield whole.subarray(0, afterBytes);
          faults.#breakMaybe();
          yield whole.subarray(afterBytes);
        }
        return Readable.from(bytes(), { objectMode: false });
      },
    };
  }

  #breakMaybe(): void {
    if (this.#left === 0) return;
    this.#left -= 1;
    this.onFault();
    throw this.#error;
  }
}

/** As an adapter throws it: a Problem caused by the error of the connection. */
function broken(): Error {
  const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  return new DbopsError([problem("STORE_UNREADABLE", "read ECONNRESET")], cause);
}
