import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openSession, type Session } from "../../../../src/adapters/postgres/session.ts";
import type { Swap } from "../../../../src/ports/restore-target.ts";
import { type Cluster, startCluster } from "../../../support/postgres-cluster.ts";
import { type Passage, type PostgresProxy, startPostgresProxy } from "../../../support/postgres-proxy.ts";
import { until } from "../../../support/store-files.ts";
import { signal } from "../declared.ts";
import type { SwapTask } from "./swap-process.ts";
import {
  accessTo,
  namesAfter,
  namesBefore,
  namesOf,
  openTo,
  propertiesOf,
  standing,
  swap,
} from "./swap-world.ts";
import { adminOf, declaredWith, problemOf } from "./target-access.ts";

let cluster: Cluster;
let observer: Session;
const proxies: PostgresProxy[] = [];

beforeAll(async () => {
  cluster = await startCluster({ inMemory: true });
  observer = await openSession(await accessTo(cluster).target(null, signal()), signal());
  await observer.query("SET application_name = 'observer'");
});

afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close();
});

afterAll(async () => {
  await observer?.close();
  await cluster?.stop();
});

const COMMIT = "; COMMIT";
const RENAME = " RENAME TO ";

/** A proxy that passes everything on but the first message with this text. */
async function proxyAt(text: string, passage: () => Passage | Promise<Passage>): Promise<PostgresProxy> {
  let isDone = false;
  const proxy = await startPostgresProxy(cluster.port, (message) => {
    if (isDone || !message.includes(text)) return "pass";
    isDone = true;
    return passage();
  });
  proxies.push(proxy);
  return proxy;
}

function startSwap(asked: Swap, { port }: PostgresProxy): ChildProcess {
  const task: SwapTask = { database: declaredWith(cluster, adminOf(cluster), { port }), swap: asked };
  const args = [join(import.meta.dirname, "swap-process.ts"), JSON.stringify(task)];
  return spawn(process.execPath, args, { stdio: "inherit" });
}

/** The admin's sessions that are in a transaction, ended by somebody who was connected before. */
async function endAdmins(): Promise<void> {
  await observer.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_get_activity(NULL)
     WHERE application_name = 'dbops' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`,
  );
}

test("a swap that another run finishes between its look and its transaction is done", async () => {
  const asked = await standing(cluster, "overtaken");
  const proxy = await proxyAt("BEGIN", async () => {
    await swap(cluster, asked);
    return "pass" as const;
  });
  await swap(cluster, asked, { port: proxy.port });
  expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
  expect(await openTo(cluster, "overtaken_old")).toBe("nobody");
});

test("a client that comes between the renames and COMMIT finds what was swapped in, and is never told that it is missing", async () => {
  const asked = await standing(cluster, "gated");
  let says: Promise<string> = Promise.resolve("no client came");
  const proxy = await proxyAt(COMMIT, async () => {
    says = cluster.psql("gated", "SELECT says FROM content");
    says.catch(() => undefined); // asked below
    await until(isSomebodyWaiting);
    return "pass" as const;
  });
  await swap(cluster, asked, { port: proxy.port });
  expect(await says).toBe("restored");
});

/** Asked without pg_database, which the swap has locked. */
async function isSomebodyWaiting(): Promise<boolean> {
  return (await observer.query("SELECT FROM pg_lock_status() AS lock WHERE NOT lock.granted")).length > 0;
}

async function hasSwapped(asked: Swap): Promise<boolean> {
  return (await namesOf(cluster, asked)) === namesAfter(asked);
}

async function isWhole(asked: Swap, properties: string): Promise<void> {
  expect(await namesOf(cluster, asked)).toBe(namesAfter(asked));
  expect(await cluster.psql(asked.live, "SELECT says FROM content")).toBe("restored");
  expect(await propertiesOf(cluster, asked.live)).toBe(properties);
  expect(await openTo(cluster, asked.old)).toBe("nobody");
}

async function isUntouched(asked: Swap, properties: string): Promise<void> {
  expect(await namesOf(cluster, asked)).toBe(namesBefore(asked));
  expect(await propertiesOf(cluster, asked.live)).toBe(properties);
  expect(await openTo(cluster, asked.side.name)).toBe("postgres");
}

describe("a connection that is lost", () => {
  test.each([
    ["before the renames", RENAME, async (): Promise<Passage> => "cut"],
    ["before COMMIT", COMMIT, async (): Promise<Passage> => "cut"],
    ["before COMMIT, ended by an administrator", COMMIT, async () => endAdmins().then(() => "pass" as const)],
    ["while COMMIT is under way", COMMIT, async (): Promise<Passage> => ({ after: async () => undefined })],
  ])("%s leaves a swap that is tried again", async (what, text, passage) => {
    const asked = await standing(cluster, `lost ${what}`.replaceAll(/[, ]+/g, "_").toLowerCase());
    const before = await propertiesOf(cluster, asked.live);
    const proxy = await proxyAt(text, passage);
    await swap(cluster, asked, { port: proxy.port });
    await isWhole(asked, before);
  });

  test("after COMMIT is found to have happened", async () => {
    const asked = await standing(cluster, "committed");
    const before = await propertiesOf(cluster, asked.live);
    const committed = () => until(() => hasSwapped(asked));
    const proxy = await proxyAt(COMMIT, () => ({ after: committed }));
    await swap(cluster, asked, { port: proxy.port });
    await isWhole(asked, before);
  });

  test("after COMMIT tells what somebody changed meanwhile, and does not call the swap failed", async () => {
    const asked = await standing(cluster, "meddled");
    const proxy = await proxyAt(COMMIT, () => ({
      after: async () => {
        await until(() => hasSwapped(asked));
        await cluster.psql("postgres", "ALTER DATABASE meddled CONNECTION LIMIT 3");
      },
    }));
    expect(await problemOf(swap(cluster, asked, { port: proxy.port }))).toMatchObject({
      code: "RESTORE_INCOMPLETE",
      detail: "meddled was swapped in, but now its connection limit is 3, not -1",
    });
    expect(await openTo(cluster, "meddled_old")).toBe("nobody");
  });

  test("and does not come back is SWAP_FAILED before COMMIT, which renamed nothing", async () => {
    const asked = await standing(cluster, "gone_before");
    const before = await propertiesOf(cluster, asked.live);
    const proxy: PostgresProxy = await startPostgresProxy(cluster.port, (message) => {
      if (message.includes(RENAME)) proxy.goDown();
      return "pass";
    });
    const problem = await problemOf(swap(cluster, asked, { port: proxy.port, isHurried: true }));
    expect([problem.code, problem.detail]).toEqual([
      "SWAP_FAILED",
      expect.stringContaining("nothing was renamed"),
    ]);
    await isUntouched(asked, before);
    await proxy.close();
  });

  test("and does not come back is not called failed once COMMIT was sent", async () => {
    const asked = await standing(cluster, "gone_after");
    const before = await propertiesOf(cluster, asked.live);
    const proxy: PostgresProxy = await startPostgresProxy(cluster.port, (message) => {
      if (!message.includes(COMMIT)) return "pass";
      return { after: () => until(() => hasSwapped(asked)).then(() => proxy.goDown()) };
    });
    const problem = await problemOf(swap(cluster, asked, { port: proxy.port, isHurried: true }));
    expect([problem.code, problem.detail]).toEqual([
      "DATABASE_UNREACHABLE",
      expect.stringContaining("whether gone_after was swapped is not known"),
    ]);
    await proxy.close();
    await swap(cluster, asked);
    await isWhole(asked, before);
  });
});

describe("an interrupt", () => {
  test("inside the transaction renames nothing", async () => {
    const asked = await standing(cluster, "interrupted");
    const before = await propertiesOf(cluster, asked.live);
    const controller = new AbortController();
    const proxy = await proxyAt(COMMIT, () => {
      controller.abort(new Error("enough"));
      return "cut";
    });
    await expect(swap(cluster, asked, { port: proxy.port, signal: controller.signal })).rejects.toThrow(
      "enough",
    );
    await until(async () => (await admins()) === "0");
    await isUntouched(asked, before);
    await swap(cluster, asked);
    await isWhole(asked, before);
  });

  test("by SIGKILL inside the transaction renames nothing, and the next run swaps", async () => {
    const asked = await standing(cluster, "killed");
    const before = await propertiesOf(cluster, asked.live);
    const holding = Promise.withResolvers<void>();
    const proxy = await proxyAt(COMMIT, () => {
      holding.resolve();
      return new Promise(() => undefined);
    });
    const child = startSwap(asked, proxy);
    const exited = once(child, "exit");
    await Promise.race([
      holding.promise,
      exited.then(() => Promise.reject(new Error("it ended before COMMIT"))),
    ]);
    child.kill("SIGKILL");
    await exited;
    await until(async () => (await admins()) === "0");
    await isUntouched(asked, before);
    await swap(cluster, asked);
    await isWhole(asked, before);
  });

  test("by SIGKILL after COMMIT was sent is a swap that the next run finds", async () => {
    const asked = await standing(cluster, "killed_late");
    const before = await propertiesOf(cluster, asked.live);
    const proxy = await proxyAt(COMMIT, () => ({ after: () => new Promise(() => undefined) }));
    const child = startSwap(asked, proxy);
    const exited = once(child, "exit");
    await until(() => hasSwapped(asked));
    child.kill("SIGKILL");
    await exited;
    await swap(cluster, asked);
    await isWhole(asked, before);
  });
});

function admins(): Promise<string> {
  return cluster.psql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dbops'");
}
