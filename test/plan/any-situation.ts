import fc from "fast-check";
import { type Backup, ORIGINS } from "../../src/model/backup.ts";
import type { Environment, Retention, Schedule } from "../../src/model/environment.ts";
import { type Instant, instantOf, msOf } from "../../src/model/instant.ts";
import type { Observation } from "../../src/model/observation.ts";
import { backupAt, DAY_MS, database, environment, HOUR_MS, NOW, observation } from "./build.ts";

const CRONS = ["0 1 * * *", "0 * * * *", "*/20 * * * *", "30 2 * * 0", "15 */6 * * *", "0 4 1 * *"];

/** Up to three schedules. */
export const schedules = fc
  .uniqueArray(fc.constantFrom(...CRONS), { maxLength: 3 })
  .map((crons): readonly Schedule[] =>
    crons.map((cron, index) => ({ name: `s${index}`, cron, timezone: "UTC" })),
  );

const retention: fc.Arbitrary<Retention> = fc.record({
  withinMs: fc.oneof(
    fc.constant(null),
    fc.integer({ min: 0, max: 240 }).map((hours) => hours * HOUR_MS),
  ),
  daily: fc.integer({ min: 0, max: 8 }),
  weekly: fc.integer({ min: 0, max: 4 }),
  monthly: fc.integer({ min: 0, max: 3 }),
  yearly: fc.integer({ min: 0, max: 2 }),
  atLeast: fc.integer({ min: 0, max: 4 }),
  keepOthersMs: fc.integer({ min: 0, max: 40 }).map((days) => days * DAY_MS),
});

const moment = fc
  .integer({ min: 0, max: 90 * 24 * 60 })
  .map((minutes): Instant => instantOf(msOf(NOW) - minutes * 60_000));

const stored = fc
  .record({
    at: moment,
    origin: fc.oneof(
      { weight: 4, arbitrary: fc.constant("scheduled" as const) },
      fc.constantFrom(...ORIGINS),
    ),
    state: fc.oneof(
      { weight: 8, arbitrary: fc.constant("complete" as const) },
      fc.constant("incomplete" as const),
    ),
    damagedIn: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, fc.constantFrom("primary", "dr", "far")),
    holds: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, fc.constant(["incident-42"])),
    proofs: fc.array(fc.record({ at: moment, passed: fc.boolean() }), { maxLength: 1 }),
    classic: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    places: fc.subarray(["primary", "dr", "far"], { minLength: 1 }),
    triedIn: fc.subarray(["primary", "dr", "far"]),
    heldIn: fc.subarray(["primary", "dr", "far"]),
  })
  .map(({ classic, places, damagedIn, triedIn, heldIn, ...more }) => {
    const backup = asStored(more, classic);
    const inStore = (store: string): Backup => ({
      ...backup,
      proofs: triedIn.includes(store) ? backup.proofs : [],
      holds: heldIn.includes(store) ? backup.holds : [],
      ...(store === damagedIn ? { state: "incomplete", etag: `etag-${backup.name}` } : {}),
    });
    return { places, backup, in: inStore };
  });

function asStored(
  more: Pick<Backup, "at" | "origin" | "state" | "holds" | "proofs">,
  classic: boolean,
): Backup {
  const etag = more.state === "complete" || classic ? `etag-${more.at}` : null;
  const layout = classic ? { layout: "classic" as const, origin: null, holds: [], proofs: [] } : {};
  return backupAt(more.at, { ...more, etag, modifiedAt: more.at, ...layout });
}

export interface Situation {
  readonly environment: Environment;
  readonly observation: Observation;
}

/** Mostly archives; also a database that dbops backs up as the runbook's files. */
const format = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.constant({ format: "sql", compression: { gzip: 6 }, encryption: { kind: "openssl" } } as const),
);

/** One database in one to three stores, with backups of every kind and age, some of them damaged in one store. */
export const situation: fc.Arbitrary<Situation> = fc
  .record({
    schedules,
    policies: fc.tuple(retention, retention, retention),
    used: fc.integer({ min: 1, max: 3 }),
    format,
    backups: fc.uniqueArray(stored, { maxLength: 25, selector: (one) => one.backup.name }),
  })
  .map(({ schedules, policies, used, format, backups }) => {
    const names = ["primary", "dr", "far"].slice(0, used);
    const stores = names.map((store, index) => ({ store, retention: policies[index] ?? policies[0] }));
    const seen = names.map((store) => [
      store,
      backups.filter((one) => one.places.includes(store)).map((one) => one.in(store)),
    ]);
    return {
      environment: environment(database({ schedules, stores, ...format })),
      observation: observation({ stores: Object.fromEntries(seen) }),
    };
  });
