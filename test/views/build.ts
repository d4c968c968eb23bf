import type { Plan } from "../../src/model/plan.ts";
import type { Planned } from "../../src/model/planned.ts";
import type { CopyStep, Effect, PruneStep, Step, VerifyBackupStep } from "../../src/model/step.ts";

export const NEW = "production_trading_signals_20261124_010000";
export const OLD = "production_trading_signals_20261020_010000";

const NONE = { needs: [], after: [], database: "trading_signals" } as const;
const MIB = 1024 * 1024;

/** dump → encrypt → upload of one database. */
export function backupSteps(database = "trading_signals", store = "primary"): readonly Step[] {
  const base = { ...NONE, database, artifact: `${database}.backup` };
  const why = "slot 2026-11-24 01:00 of schedule daily is due";
  return [
    {
      ...base,
      id: `${database}.dump`,
      kind: "dump",
      effect: "none",
      why,
      origin: "scheduled",
      slotAt: "2026-11-24T01:00:00.000Z",
      label: null,
      format: "archive",
      compression: { zstd: 1 },
    },
    {
      ...base,
      id: `${database}.encrypt`,
      kind: "encrypt",
      effect: "none",
      why,
      sealing: { age: { recipients: ["age1one", "age1two"] } },
    },
    {
      ...base,
      id: `${database}.upload`,
      kind: "upload",
      effect: "add",
      why,
      store,
      hold: null,
      estimatedBytes: 1200 * MIB,
    },
  ];
}

export function copyStep(more: Partial<CopyStep> = {}): Step {
  return {
    ...NONE,
    id: "trading_signals.copy.dr",
    kind: "copy",
    effect: "add",
    why: "dr should hold it and lacks it",
    backup: { made: "trading_signals.upload" },
    from: "primary",
    to: "dr",
    ...more,
  };
}

export function verifyStep(more: Partial<VerifyBackupStep> = {}): Step {
  return {
    ...NONE,
    id: "trading_signals.verify.primary",
    kind: "verify",
    type: "backup",
    effect: "none",
    why: "a deletion needs it",
    backup: { made: "trading_signals.upload" },
    store: "primary",
    deep: false,
    ...more,
  };
}

export function pruneStep(more: Partial<PruneStep> = {}): Step {
  return {
    ...NONE,
    id: `prune.${OLD}`,
    kind: "prune",
    effect: "destroy" satisfies Effect,
    why: "no rule covers it: outside within 30d",
    store: "primary",
    target: { type: "backup", name: OLD, expect: { etag: "e1", survivors: [NEW], atLeast: 3 } },
    ...more,
  };
}

export function aPlan(steps: readonly Step[], more: Partial<Plan> = {}): Plan {
  return {
    version: 1,
    plan: "3f2a".repeat(16),
    environment: "production",
    operation: "converge",
    createdAt: "2026-11-24T01:02:03.000Z",
    expiresAt: "2026-11-25T01:02:03.000Z",
    config: "c0ff".repeat(16),
    targets: { stores: {}, databases: {} },
    summary: {
      add: steps.filter((step) => step.effect === "add").length,
      change: steps.filter((step) => step.effect === "change").length,
      destroy: steps.filter((step) => step.effect === "destroy").length,
    },
    steps,
    ...more,
  };
}

export function aPlanned(steps: readonly Step[], more: Partial<Planned> = {}): Planned {
  return { plan: aPlan(steps), leftOut: 0, problems: [], notices: [], decisions: [], ...more };
}
