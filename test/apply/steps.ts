import type { CopyStep, HoldStep, PruneStep, Step, VerifyBackupStep } from "../../src/model/step.ts";

type Order = { readonly needs?: readonly string[]; readonly after?: readonly string[] };

/** dump → encrypt → upload of one database, as steps `<database>.dump` and so on, artifact `<database>.new`. */
export function pipelineOf(database: string, order: Order = {}): readonly Step[] {
  const artifact = `${database}.new`;
  const base = { effect: "none", why: "a test", database, artifact, ...orderOf(order) } as const;
  return [
    {
      ...base,
      id: `${database}.dump`,
      kind: "dump",
      origin: "scheduled",
      slotAt: null,
      label: null,
      format: "archive",
      compression: "none",
    },
    { ...base, id: `${database}.encrypt`, kind: "encrypt", needs: [`${database}.dump`], sealing: "none" },
    {
      ...base,
      id: `${database}.upload`,
      kind: "upload",
      effect: "add",
      needs: [`${database}.encrypt`],
      store: "primary",
      hold: null,
      estimatedBytes: 0,
    },
  ];
}

/** Copies what `<database>.upload` makes. */
export function copyOf(database: string, order: Order = { needs: [`${database}.upload`] }): CopyStep {
  return {
    id: `${database}.copy`,
    kind: "copy",
    effect: "add",
    why: "a test",
    database,
    backup: { made: `${database}.upload` },
    from: "primary",
    to: "dr",
    ...orderOf(order),
  };
}

export function verifyOf(
  database: string,
  order: Order = { needs: [`${database}.upload`] },
): VerifyBackupStep {
  return {
    id: `${database}.verify`,
    kind: "verify",
    type: "backup",
    effect: "none",
    why: "a test",
    database,
    backup: { made: `${database}.upload` },
    store: "primary",
    deep: false,
    ...orderOf(order),
  };
}

/** Removes the object `<database>/<name>`, as step `<database>.prune.<name>`. */
export function pruneOf(database: string, name: string, order: Order = {}): PruneStep {
  return {
    id: `${database}.prune.${name}`,
    kind: "prune",
    effect: "destroy",
    why: "a test",
    database,
    store: "primary",
    target: { type: "orphan", name, expect: { etag: "" } },
    ...orderOf(order),
  };
}

/** Writes an object that tells that it ran, as step `<database>.hold.<name>`; the usual `after` step of these tests. */
export function holdOf(database: string, name: string, order: Order = {}): HoldStep {
  return {
    id: `${database}.hold.${name}`,
    kind: "hold",
    action: "place",
    effect: "add",
    why: "a test",
    database,
    backup: { existing: name },
    store: "primary",
    hold: name,
    reason: null,
    ...orderOf(order),
  };
}

/** create, download → decrypt → load, analyze, swap of one database, artifact `<database>.restored`. */
export function restoreOf(database: string): readonly Step[] {
  const base = { effect: "none", why: "a test", database, needs: [], after: [] } as const;
  const pipeline = { ...base, artifact: `${database}.restored` };
  const [name, backup] = [`${database}_side`, `production_${database}_20261124_010000`];
  return [
    { ...base, id: `${database}.create`, kind: "create", name, backup, like: LIKE },
    {
      ...pipeline,
      id: `${database}.download`,
      kind: "download",
      needs: [`${database}.create`],
      from: "production",
      backup,
      store: "primary",
      expect: { etag: "" },
    },
    { ...pipeline, id: `${database}.decrypt`, kind: "decrypt", needs: [`${database}.download`] },
    {
      ...pipeline,
      id: `${database}.load`,
      kind: "load",
      needs: [`${database}.decrypt`],
      into: name,
      jobs: 1,
      skip: [],
      tolerate: [],
    },
    { ...base, id: `${database}.analyze`, kind: "analyze", needs: [`${database}.load`], name },
    {
      ...base,
      id: `${database}.swap`,
      kind: "swap",
      type: "database",
      needs: [`${database}.analyze`],
      side: name,
      live: database,
      old: `${database}_old`,
      backup,
      expect: { liveOid: 1 },
      lostSlots: [],
      properties: null,
    },
  ];
}

const LIKE = {
  encoding: "UTF8",
  collate: "C",
  ctype: "C",
  localeProvider: "libc",
  icuLocale: null,
  icuRules: null,
} as const;

function orderOf({ needs = [], after = [] }: Order): { needs: readonly string[]; after: readonly string[] } {
  return { needs, after };
}
