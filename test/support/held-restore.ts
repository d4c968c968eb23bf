import { onTestFinished } from "vitest";
import type { Running } from "./dbops.ts";
import type { Declared } from "./declared-environment.ts";
import { type Passage, startPostgresProxy } from "./postgres-proxy.ts";
import type { Place, RestorableWorld } from "./restorable-world.ts";
import { mustSucceed } from "./taken-backup.ts";

/** What a load sends when it has made the tables: nothing else of a restore does. */
export const AT_DATA = " FROM stdin;";
/** What comes between the load and the swap. */
export const AT_ANALYZE = "ANALYZE";
/** The end of the swap's transaction. */
export const AT_COMMIT = "; COMMIT";
export const AT_RENAME = " RENAME TO ";

/** A place whose server is behind a proxy that stops the first message with a text in it. */
export interface HeldPlace extends Place {
  /** Resolves when that message is held. */
  readonly reached: Promise<void>;
  /** What becomes of it; messages of this kind that come later pass. */
  letGo(passage: Passage): void;
  /** The server is gone for this place. */
  goDown(): void;
  comeBack(): void;
}

/** A database like the one that was backed up, but ruined, and a plan to restore it in `r.yaml`. */
export async function heldPlace(
  world: RestorableWorld,
  text: string,
  declared: Declared = {},
): Promise<HeldPlace> {
  const reached = Promise.withResolvers<void>();
  const passage = Promise.withResolvers<Passage>();
  let isHeld = false;
  const proxy = await startPostgresProxy(world.cluster.port, (message) => {
    if (isHeld || !message.includes(text)) return "pass";
    isHeld = true;
    reached.resolve();
    return passage.promise;
  });
  onTestFinished(() => proxy.close());
  const { host, port } = world.cluster;
  const place = await ruinedPlace(world, {
    ...declared,
    connection: { port: proxy.port },
    cloneOf: `${host}:${port}`, // by another name
  });
  const { goDown, comeBack } = proxy;
  return { ...place, reached: reached.promise, letGo: passage.resolve, goDown, comeBack };
}

/** As `heldPlace`, with nothing in between. */
export async function ruinedPlace(world: RestorableWorld, declared: Declared = {}): Promise<Place> {
  const place = await world.fresh(declared);
  await planRuined(world, place);
  const start: Place["start"] = (args, env) => {
    const running = place.start(args, env);
    onTestFinished(async () => {
      running.child.kill("SIGKILL"); // one that has ended does not notice
      await running.ended;
    });
    return running;
  };
  return { ...place, start };
}

/** Ruins the database of a place and plans its restore into `r.yaml`. */
export async function planRuined(world: RestorableWorld, place: Place): Promise<void> {
  await world.cluster.psql(place.live, RUIN);
  mustSucceed(await place.dbops(["plan", "production", "restore", "--at", "latest", "--out", "r.yaml"]));
}

const RUIN = "DROP TABLE owned; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE junk (id int)";
export const APPLY: readonly string[] = ["apply", "r.yaml", "--yes"];

/** Starts the restore and waits until its message is held; throws what it said when it ended before. */
export async function startHeld(
  place: HeldPlace,
  env: Parameters<Place["start"]>[1] = {},
  args: readonly string[] = APPLY,
): Promise<Running> {
  const running = place.start(args, env);
  const ended = running.ended.then((ran) => {
    throw new Error(`dbops ended with ${ran.code} before it came there:\n${ran.stdout}${ran.stderr}`);
  });
  ended.catch(() => undefined);
  await Promise.race([place.reached, ended]);
  return running;
}
