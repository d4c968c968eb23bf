import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { ObjectInfo, ObjectStore } from "../ports/object-store.ts";
import { type Problem, problem } from "../problems/problem.ts";

/** Where the tests write; nothing of it stays. */
export const CONDITIONS_PREFIX = "_dbops/conditions/";

/**
 * Lets creators and replacers race for scratch keys, as two hosts would for a lock. null: one of them won each time, as
 * locks need it. STORE_CONDITIONS: more than one won, or none. Repeating alone would not do: there are servers that
 * honour each condition and decide no race, and a race that they lose is not lost every time, hence so many.
 * Throws where the store fails.
 */
export async function testConditions(store: ObjectStore, signal: AbortSignal): Promise<Problem | null> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const key = `${CONDITIONS_PREFIX}${randomBytes(8).toString("hex")}`;
    try {
      const found = (await raceFor(store, key, signal)) ?? (await repeatOn(store, key, signal));
      if (found !== null) return found;
    } finally {
      await cleanUp(store, key);
    }
  }
  return null;
}

/** Two gateways over one folder without a common lock let a second one win in about one race of ten. */
const ROUNDS = 3;
const REPLACEMENTS = 8;
const RACERS = 8;
const CLEANING_MS = 30_000;

async function raceFor(store: ObjectStore, key: string, signal: AbortSignal): Promise<Problem | null> {
  const written = await race((body) => store.write(`${key}.write`, bodyOf(body), {}, signal));
  if (written.length !== 1) return refusal("writers that create one object", written.length);
  let current = await race((body) => store.replace(key, body, "absent", signal));
  if (current.length !== 1) return refusal("writers that expect no object", current.length);
  for (let time = 0; time < REPLACEMENTS; time += 1) {
    const etag = current[0]?.etag ?? "";
    current = await race((body) => store.replace(key, body, { etag }, signal));
    if (current.length !== 1) return refusal("writers that expect one ETag", current.length);
  }
  return null;
}

/** One after the other, for servers that ignore conditions without any race. */
async function repeatOn(store: ObjectStore, key: string, signal: AbortSignal): Promise<Problem | null> {
  const body = newBody();
  const again = await store.replace(key, body, "absent", signal);
  if (again !== "changed") return refusal("second creations of one object", 1, 0);
  const stale = await store.replace(key, body, { etag: "0123456789abcdef0123456789abcdef" }, signal);
  return stale === "changed" ? null : refusal("writers that expect an ETag that is not there", 1, 0);
}

async function race(run: (body: Buffer) => Promise<ObjectInfo | string>): Promise<readonly ObjectInfo[]> {
  const bodies = Array.from({ length: RACERS }, newBody);
  const outcomes = await Promise.all(bodies.map(run));
  return outcomes.flatMap((one) => (typeof one === "string" ? [] : [one]));
}

/** No two are alike: an ETag is often the digest of the content, and a content that replaces itself changes nothing. */
function newBody(): Buffer {
  return Buffer.from(`dbops tests the conditions of this store: ${randomBytes(16).toString("hex")}\n`);
}

function bodyOf(bytes: Buffer): Readable {
  return Readable.from([bytes], { objectMode: false });
}

function refusal(who: string, won: number, expected = 1): Problem {
  return problem("STORE_CONDITIONS", `of ${who}, ${won} succeeded where ${expected} may`, {
    fix: "use a store that honours If-Match and If-None-Match, or, when only one host ever runs dbops, put this into the environment file:\nlocks: none",
  });
}

/** Under a signal of its own: an interrupt should leave nothing either. */
async function cleanUp(store: ObjectStore, key: string): Promise<void> {
  const signal = AbortSignal.timeout(CLEANING_MS);
  for (const one of [key, `${key}.write`]) {
    const info = await store.head(one, signal);
    if (info !== null) await store.remove(one, { etag: info.etag }, signal);
  }
}
