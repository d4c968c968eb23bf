import type { Facts } from "../model/audit-entry.ts";
import type { Instant } from "../model/instant.ts";
import { folderOf, holdKey } from "../model/layout.ts";
import type { HoldStep } from "../model/step.ts";
import { fail } from "../problems/dbops-error.ts";
import { makerOf, resolveName } from "./backup-facts.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { writeOnce } from "./write-once.ts";

/** Places a hold beside a backup, which no prune passes, or ends it. */
export const hold: Action<HoldStep> = {
  shape: "action",
  guard: "lock",

  async probe(step: HoldStep, run: ProbeRun): Promise<Standing> {
    const name = resolveName(step.backup, run);
    if (name === null) return { state: "waiting", for: makerOf(step.backup) };
    const there = await run.ports.store(step.store).head(keyOf(step, name), run.signal);
    const wanted = step.action === "place";
    if ((there !== null) !== wanted) return { state: "ready" };
    return {
      state: "done",
      evidence: `the hold ${step.hold} is ${wanted ? "there" : "gone"}`,
      facts: { name },
    };
  },

  async execute(step: HoldStep, run: StepRun): Promise<Facts> {
    const name = resolveName(step.backup, run) ?? fail("INTERNAL", `${step.id} has no backup`);
    const store = run.ports.store(step.store);
    const key = keyOf(step, name);
    if (step.action === "place") {
      await writeOnce(
        store,
        key,
        renderHold({ id: step.hold, reason: step.reason, at: run.plan.createdAt }),
        run.signal,
      );
      return { name };
    }
    const there = await store.head(key, run.signal);
    const answer = there === null ? "absent" : await store.remove(key, { etag: there.etag }, run.signal);
    if (answer === "locked" || answer === "changed")
      fail("PRUNE_REFUSED", `${key} could not be removed: ${answer}`);
    return { name };
  },
};

/** The content of `hold/<id>.json`. */
export function renderHold(content: { id: string; reason: string | null; at: Instant }): string {
  return `${JSON.stringify({ formatVersion: 1, ...content }, null, 2)}\n`;
}

function keyOf(step: HoldStep, name: string): string {
  return `${folderOf(name)}${holdKey(step.hold)}`;
}
