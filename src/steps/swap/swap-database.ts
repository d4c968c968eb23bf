import type { Facts } from "../../model/audit-entry.ts";
import type { Instant } from "../../model/instant.ts";
import type { SwapDatabaseStep } from "../../model/restore-steps.ts";
import type { MadeNote } from "../../model/restore-target.ts";
import { DbopsError, fail } from "../../problems/dbops-error.ts";
import type { ProbeRun, Standing, StepRun } from "../handler.ts";
import { plannedServer } from "../restore/planned-server.ts";
import { loadedSide, type SideName, standingOnSide } from "../restore/side-database.ts";
import { type Places, swapRefusal } from "../restore/swap-refusal.ts";
import type { Variant } from "../verify/variant.ts";

/** Gives the side database the name, and keeps what had it beside. Done when it has the name, and nothing else stands beside. */
export const swapDatabase: Variant<SwapDatabaseStep> = {
  async probe(step: SwapDatabaseStep, run: ProbeRun): Promise<Standing> {
    const server = await plannedServer(step, run);
    const places = await lookAtPlaces(step, run);
    const done = swappedFacts(step, places, run);
    if (done !== null)
      return { state: "done", evidence: `${step.live} is the database that was loaded`, facts: done };
    const refusal = swapRefusal(step, { server, places }, run);
    if (refusal !== null) return { state: "blocked", problem: refusal };
    return standingOnSide(sideOf(step), run);
  },

  async execute(step: SwapDatabaseStep, run: StepRun): Promise<Facts> {
    const server = await plannedServer(step, run);
    const refusal = swapRefusal(step, { server, places: await lookAtPlaces(step, run) }, run);
    if (refusal !== null) throw new DbopsError([refusal]);
    const { name, oid } = await loadedSide(sideOf(step), run);
    const facts = factsOf(step, oid);
    await run.note(facts); // the comment that tells the side database goes with the swap: its oid is what is left
    const note = await noteOf(step, run);
    await run.assertHeld();
    await run.ports.restoreTarget(step.database).swap(
      {
        side: { name, oid },
        live: step.live,
        liveOid: step.expect.liveOid,
        old: step.old,
        note,
        properties: step.properties,
      },
      run.signal,
    );
    return facts;
  },
};

function sideOf({ database, side }: SwapDatabaseStep): SideName {
  return { database, name: side };
}

function factsOf(step: SwapDatabaseStep, oid: number): Facts {
  const { liveOid } = step.expect;
  return { live: step.live, liveOid: oid, old: liveOid === null ? null : step.old, oldOid: liveOid };
}

async function lookAtPlaces(step: SwapDatabaseStep, run: ProbeRun): Promise<Places> {
  const target = run.ports.restoreTarget(step.database);
  return {
    live: await target.find(step.live, run.signal),
    old: await target.find(step.old, run.signal),
  };
}

/** null: it is not swapped. */
function swappedFacts(step: SwapDatabaseStep, { live, old }: Places, run: ProbeRun): Facts | null {
  const noted = run.journaled(step.id)?.["liveOid"];
  if (live === null || live.oid !== noted) return null;
  // what it replaced may be gone by now: who applies again behind a crash may be late
  return old === null || old.oid === step.expect.liveOid ? factsOf(step, live.oid) : null;
}

/** The server's own clock, which the backups of what is replaced are dated with. */
const NOW = `SELECT pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

async function noteOf(step: SwapDatabaseStep, run: StepRun): Promise<MadeNote> {
  const answer = await run.ports.restoreTarget(step.database).ask(step.side, NOW, run.signal);
  const replacedAt: Instant = typeof answer === "string" ? answer : fail("INTERNAL", "a server told no time");
  const { environment, plan } = run.plan;
  return { state: "old", environment, database: step.database, backup: step.backup, plan, replacedAt };
}
