import type { Facts } from "../../src/model/audit-entry.ts";
import { sha256 } from "../../src/model/canonical.ts";
import type { Step } from "../../src/model/step.ts";
import { DbopsError, fail } from "../../src/problems/dbops-error.ts";
import type { StepRun } from "../../src/steps/handler.ts";
import { never, planOf, portsOf } from "../apply/build.ts";
import type { MemoryStore } from "../support/memory-store.ts";

export const NAME = "production_app_20261124_010000";
export const FILE = `${NAME}.sql.gz.enc`;
export const CHECKSUM = `${FILE}.sha256`;
export const BYTES = "what openssl made";
/** As sha256sum writes it. */
export const LINE = `${sha256(BYTES)}  ${FILE}\n`;

/** What a step runs with: these stores, and what an earlier attempt noted. */
export function runOn(
  stores: Readonly<Record<string, MemoryStore>>,
  step: Step,
  noted: Facts | null = null,
): StepRun {
  return {
    ports: portsOf(stores),
    plan: planOf([step]),
    signal: never,
    journaled: () => noted,
    leaseHolder: async () => null,
    note: async () => undefined,
    assertHeld: async () => fail("INTERNAL", "a lease is not asked"),
    progress: () => undefined,
  };
}

/** The code of what it fails with; `done` when it does not. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (!(error instanceof DbopsError)) throw error;
    return error.problems.map(({ code, detail }) => `${code} ${detail}`).join("; ");
  }
}
