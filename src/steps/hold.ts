import type { Facts } from "../model/audit-entry.ts";
import type { Instant } from "../model/instant.ts";
import { classicHoldingKeys, classicHoldKey, folderOf, holdingKeys, holdKey } from "../model/layout.ts";
import type { HoldStep } from "../model/step.ts";
import type { ObjectInfo } from "../ports/object-store.ts";
import { fail } from "../problems/dbops-error.ts";
import { makerOf, resolveName } from "./backup-facts.ts";
import type { Action, ProbeRun, Standing, StepRun } from "./handler.ts";
import { writeOnce } from "./write-once.ts";

/** Places a hold beside a backup, which no prune passes, or ends it: whatever holds under its id goes. */
export const hold: Action<HoldStep> = {
  shape: "action",
  guard: "lock",

  async probe(step: HoldStep, run: ProbeRun): Promise<Standing> {
    const name = resolveName(step.backup, run);
    if (name === null) return { state: "waiting", for: makerOf(step.backup) };
    const there = await findAll(step, name, run);
    const wanted = step.action === "place";
    if (there.length > 0 !== wanted) return { state: "ready" };
    const placing = wanted ? null : stillToPlace(step, run);
    if (placing !== null) return { state: "waiting", for: placing };
    return {
      state: "done",
      evidence: `the hold ${step.hold} is ${wanted ? "there" : "gone"}`,
      facts: { name },
    };
  },

  async execute(step: HoldStep, run: StepRun): Promise<Facts> {
    const name = resolveName(step.backup, run) ?? fail("INTERNAL", `${step.id} has no backup`);
    const store = run.ports.store(step.store);
    if (step.action === "place") {
      await writeOnce(
        store,
        placedKey(step, name),
        renderHold({ id: step.hold, reason: step.reason, at: run.plan.createdAt }),
        run.signal,
      );
      return { name };
    }
    for (const { key, etag } of await findAll(step, name, run)) {
      const answer = await store.remove(key, { etag }, run.signal);
      if (answer === "locked" || answer === "changed")
        fail("PRUNE_REFUSED", `${key} could not be removed: ${answer}`);
    }
    return { name };
  },
};

/** The step of this plan that places the hold which this one ends, and has not done it yet; null: there is none. */
function stillToPlace(step: HoldStep, run: ProbeRun): string | null {
  const placing = run.plan.steps.find(
    (one) =>
      one.kind === "hold" && one.action === "place" && one.hold === step.hold && one.store === step.store,
  );
  return placing === undefined || run.journaled(placing.id) !== null ? null : placing.id;
}

/** The content of `hold/<id>.json`. */
export function renderHold(content: { id: string; reason: string | null; at: Instant }): string {
  return `${JSON.stringify({ formatVersion: 1, ...content }, null, 2)}\n`;
}

function placedKey({ layout, hold: id }: HoldStep, name: string): string {
  return layout === "classic" ? classicHoldKey(name, id) : `${folderOf(name)}${holdKey(id)}`;
}

function releasedKeys({ layout, hold: id }: HoldStep, name: string): readonly string[] {
  return layout === "classic"
    ? classicHoldingKeys(name, id)
    : holdingKeys(id).map((key) => `${folderOf(name)}${key}`);
}

/** What is there: of a hold that is placed only the object that dbops writes, of one that ends all that hold under its id. */
async function findAll(step: HoldStep, name: string, run: ProbeRun): Promise<readonly ObjectInfo[]> {
  const keys = step.action === "place" ? [placedKey(step, name)] : releasedKeys(step, name);
  const store = run.ports.store(step.store);
  const found: ObjectInfo[] = [];
  for (const key of keys) {
    const info = await store.head(key, run.signal);
    if (info !== null) found.push(info);
  }
  return found;
}
