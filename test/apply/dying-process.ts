import type { AuditEntry } from "../../src/model/audit-entry.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import type { MemoryStore } from "../support/memory-store.ts";

/**
 * When a process dies: at its `at`-th journal write, counted from 1, just before or just after it. Afterwards no operation
 * of it has an effect: each throws, or (as after a kill) never answers.
 */
export interface Death {
  readonly at: number;
  readonly moment: "before" | "after";
  readonly next: "throws" | "hangs";
}

/** The stores as one process sees them, until it dies. */
export interface DyingProcess {
  readonly isDead: boolean;
  /** Resolves at its death. */
  readonly death: Promise<void>;
  /** Every operation on this store dies with the process. */
  through(store: MemoryStore): ObjectStore;
  /** Steps whose `end` it journaled call this, once the entry is safe. */
  onEnd(listener: (step: string) => void): void;
}

export function dyingProcess(death: Death | null): DyingProcess {
  let writes = 0;
  let dead = false;
  let listener: (step: string) => void = () => undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  const die = (): Promise<never> => {
    dead = true;
    resolve();
    return death?.next === "hangs" ? new Promise(() => undefined) : Promise.reject(new Error("killed"));
  };
  const alive = <A extends unknown[], R>(call: (...parameters: A) => Promise<R>) => {
    return (...parameters: A): Promise<R> => (dead ? die() : call(...parameters));
  };
  const write = (store: MemoryStore): ObjectStore["write"] => {
    return async (key, body, options, signal) => {
      if (!key.startsWith("_dbops/journal/")) return store.write(key, body, options, signal);
      writes += 1;
      const mine = writes;
      if (mine === death?.at && death.moment === "before") return die();
      const answer = await store.write(key, body, options, signal);
      const entry = JSON.parse(store.text(key) ?? "") as AuditEntry;
      for (const event of entry.events) if (event.event === "end") listener(event.step);
      return mine === death?.at ? die() : answer;
    };
  };
  return {
    get isDead() {
      return dead;
    },
    death: promise,
    onEnd: (told) => {
      listener = told;
    },
    through: (store) => ({
      head: alive(store.head),
      read: alive(store.read),
      write: alive(write(store)),
      replace: alive(store.replace),
      remove: alive(store.remove),
      discard: alive(store.discard),
      list: (prefix, options, signal) => (dead ? nothing(die) : store.list(prefix, options, signal)),
      unfinished: (prefix, signal) => (dead ? nothing(die) : store.unfinished(prefix, signal)),
    }),
  };
}

// biome-ignore lint/correctness/useYield: it dies before the first
async function* nothing(die: () => Promise<never>): AsyncGenerator<never> {
  await die();
}
