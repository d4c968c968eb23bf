import { canonicalJson } from "../../model/canonical.ts";
import { holdOf, madeNames } from "../../model/made-database.ts";
import type { DownloadStep, LoadStep } from "../../model/restore-steps.ts";
import type { Step } from "../../model/step.ts";
import type { Content } from "./content.ts";
import { slotsLost } from "./judge-live.ts";
import { describeSource } from "./judge-source.ts";
import { localeFor, propertiesFor } from "./properties.ts";
import type { RestoreCase } from "./restore-case.ts";
import { checkWhy, createWhy, decryptWhy, loadWhy, swapWhy } from "./restore-reasons.ts";

/** A restore in the order in which it runs; `safety` are the steps of the backup that is made before it, if any. */
export function restoreSteps(at: RestoreCase, content: Content, safety: readonly Step[]): readonly Step[] {
  const names = namesFor(at);
  const pin = pinStep(at, names);
  return [
    ...safety,
    ...pin,
    ...sideSteps(at, { content, names, needs: pin.map((one) => one.id) }),
    swapStep(at, names, safety.map((one) => one.id).slice(-1)),
    ...healthSteps(at),
    ...unpinSteps(at, names),
  ];
}

export interface Names {
  readonly side: string;
  readonly old: string;
  readonly hold: string;
}

/** The same request at the same moment gives the same names; another one never does. */
export function namesFor({ environment, database, candidate, now }: RestoreCase): Names {
  const seed = canonicalJson({
    environment: environment.name,
    database: database.name,
    backup: candidate.backup.name,
    createdAt: now,
  });
  const { side, old } = madeNames(seed);
  return { side, old, hold: holdOf(side) };
}

/** The hold while the backup is read; none on a backup of another environment. */
export function pinStep(at: RestoreCase, { hold }: Names): readonly Step[] {
  const { database, candidate, restore } = at;
  if (restore.from !== at.environment.name) return []; // another environment's stores are only read
  return [
    {
      ...base(at, "pin", "add"),
      kind: "hold",
      why: "it must not be pruned while it is read",
      action: "place",
      backup: { existing: candidate.backup.name },
      ...layoutOf(at),
      store: restore.store,
      hold,
      reason: `a restore of ${database.name} reads it`,
    },
  ];
}

function sideSteps(
  at: RestoreCase,
  { content, names, needs }: { content: Content; names: Names; needs: readonly string[] },
): readonly Step[] {
  const create: Step = {
    ...base(at, "create", "add"),
    kind: "create",
    why: createWhy(at),
    needs,
    name: names.side,
    backup: at.candidate.backup.name,
    like: localeFor(at).locale,
  };
  return [create, ...filledSteps(at, { content, names, needs: [...needs, create.id] })];
}

/** From the download to the check, in the database that `names.side` names. */
export function filledSteps(
  at: RestoreCase,
  { content, names, needs }: { content: Content; names: Names; needs: readonly string[] },
): readonly Step[] {
  const load = pipelineSteps(at, { content, names, needs });
  const analyze: Step = {
    ...base(at, "analyze", "none"),
    kind: "analyze",
    why: "no archive brings statistics back, and queries would crawl",
    needs: load.slice(-1).map((one) => one.id),
    name: names.side,
  };
  const sanitize = sanitizeSteps(at, names, analyze.id);
  const last = sanitize.at(-1) ?? analyze;
  const check = checkStep(at, { content, names, needs: [last.id] });
  return [...load, analyze, ...sanitize, check];
}

function pipelineSteps(
  at: RestoreCase,
  { content, names, needs }: { content: Content; names: Names; needs: readonly string[] },
): readonly Step[] {
  const { database, candidate, restore, request, contents } = at;
  const artifact = `${database.name}.restored`;
  const download: Step = {
    ...base(at, "download", "add"),
    kind: "download",
    why: describeSource(at),
    needs,
    artifact,
    from: restore.from,
    backup: candidate.backup.name,
    ...layoutOf(at),
    store: restore.store,
    expect: expectOf(at),
  };
  const decrypt: Step = {
    ...base(at, "decrypt", "add"),
    kind: "decrypt",
    why: decryptWhy(contents),
    needs: [download.id],
    artifact,
  };
  const load: Step = {
    ...base(at, "load", "add"),
    kind: "load",
    why: loadWhy(at, content),
    needs: [decrypt.id],
    artifact,
    into: names.side,
    ...formatOf(at),
    ...(request.noTablespaces ? { tablespaces: "ignore" as const } : {}),
    skip: content.skip,
    tolerate: [...content.tolerated].sort(),
    ...(content.acceptedBefore.length === 0 ? {} : { acceptedBefore: content.acceptedBefore }),
  };
  return [download, decrypt, load];
}

function layoutOf({ candidate }: RestoreCase): { readonly layout?: "classic" } {
  return candidate.backup.layout === "classic" ? { layout: "classic" } : {};
}

function formatOf({
  contents,
  request,
  database,
}: RestoreCase): Pick<LoadStep, "format" | "schema" | "jobs"> {
  if (contents.form === "plain dump")
    return { format: "sql", ...(request.keepSchema ? { schema: "keep" as const } : {}), jobs: 1 };
  return { jobs: request.jobs ?? database.restore.jobs };
}

function expectOf({ candidate, restore }: RestoreCase): DownloadStep["expect"] {
  const etag = candidate.backup.etag ?? "";
  return restore.contents.state === "plain" ? { etag, sha256: restore.contents.sha256 } : { etag };
}

function sanitizeSteps(at: RestoreCase, names: Names, after: string): readonly Step[] {
  const { sanitize } = at.restore;
  if (sanitize.length === 0) return [];
  return [
    {
      ...base(at, "sanitize", "change"),
      kind: "sanitize",
      why: `declared for every restore of ${at.database.name}, before anyone can connect`,
      needs: [after],
      name: names.side,
      files: sanitize,
    },
  ];
}

function checkStep(
  at: RestoreCase,
  { content, names, needs }: { content: Content; names: Names; needs: readonly string[] },
): Step {
  return {
    ...base(at, "check", "none"),
    kind: "verify",
    type: "database",
    why: checkWhy(at),
    needs,
    name: names.side,
    without: [...new Set([...content.skip.map((one) => one.entry), ...content.tolerated])].sort(),
    checks: at.database.restore.checks,
  };
}

function swapStep(at: RestoreCase, names: Names, after: readonly string[]): Step {
  const { target, restore, candidate, environment, request } = at;
  const { live } = target;
  const isFinal =
    live !== null || (environment.protected && restore.from !== environment.name && request.into === null);
  return {
    ...base(at, "swap", live === null ? "add" : "change"),
    ...(isFinal ? { pointOfNoReturn: true as const } : {}),
    kind: "swap",
    type: "database",
    why: swapWhy(at),
    needs: [`${at.database.name}.check`],
    after,
    side: names.side,
    live: restore.live,
    old: names.old,
    backup: candidate.backup.name,
    expect: { liveOid: live?.oid ?? null },
    lostSlots: live === null ? [] : [...slotsLost(live)].sort(),
    properties: propertiesFor(at),
  };
}

/** Asked when what was restored is in its place, by the step called swap. */
export function healthSteps(at: RestoreCase): readonly Step[] {
  const { health } = at.database.restore;
  if (health.length === 0 || at.request.into !== null) return [];
  return [
    {
      ...base(at, "health", "none"),
      kind: "verify",
      type: "http",
      why: "the application must answer on what was restored",
      needs: [`${at.database.name}.swap`],
      urls: health,
    },
  ];
}

/** Ends the hold, where there is one. */
export function unpinSteps(at: RestoreCase, names: Names): readonly Step[] {
  return pinStep(at, names).map((pin) => ({
    ...pin,
    ...base(at, "unpin", "change"),
    action: "release",
    why: "it was read; from now on its retention decides",
    needs: [`${at.database.name}.swap`],
    reason: null,
  }));
}

/** What all steps of a restore have. */
export function base<E extends Step["effect"]>({ database }: RestoreCase, name: string, effect: E) {
  const none: readonly string[] = [];
  return {
    id: `${database.name}.${name}`,
    effect,
    why: "",
    needs: none,
    after: none,
    database: database.name,
  };
}
