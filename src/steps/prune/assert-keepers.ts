import { classicDigestKey, classicKey, folderOf, MANIFEST } from "../../model/layout.ts";
import type { PruneStep } from "../../model/step.ts";
import { contentsOf, keepersIn } from "../../policy/union.ts";
import { readDigest } from "../../ports/open-classic.ts";
import { readManifest } from "../../ports/read-manifest.ts";
import { readText } from "../../ports/read-object.ts";
import { fail } from "../../problems/dbops-error.ts";
import type { StepRun } from "../handler.ts";
import { wrongIn } from "./assert-survivors.ts";
import type { Look, Looks } from "./look-at-stores.ts";

/**
 * A backup that another store keeps must be the same there, and whole by its own manifest: what looks complete in a
 * listing may have lost bytes, and this deletion would take the good original. Throws PRUNE_REFUSED.
 */
export async function assertKeepers(step: PruneStep, { here, others }: Looks, run: StepRun): Promise<void> {
  const { target } = step;
  if (target.type !== "backup") return;
  const backup = here.listing.backups.find((one) => one.name === target.name);
  if (backup === undefined) return;
  const keeping = new Set(
    keepersIn(contentsOf([here, ...others]), step.store)(backup).map((keeper) => keeper.store),
  );
  for (const look of others)
    if (keeping.has(look.store)) await assertSame({ step, here, there: look, name: backup.name }, run);
}

interface Comparison {
  readonly step: PruneStep;
  readonly here: Look;
  readonly there: Look;
  readonly name: string;
}

async function assertSame(at: Comparison, run: StepRun): Promise<void> {
  const { here, there, name } = at;
  if (bytesOf(there, classicKey(name)) !== undefined) return assertSameClassic(at, run);
  const { manifest, text } = await readManifest(run.ports.store(there.store), name, run.signal);
  const wrong = wrongIn(manifest, there.objects);
  if (wrong !== null) refuse(at, wrong);
  const key = `${folderOf(name)}${MANIFEST}`;
  if (!here.objects.some((one) => one.key === key)) return; // an earlier attempt removed it
  if ((await readText(run.ports.store(here.store), key, run.signal)) !== text)
    refuse(at, `${MANIFEST} is another one there`);
}

/** The runbook's file has no manifest: its size and its checksum tell. */
async function assertSameClassic(at: Comparison, run: StepRun): Promise<void> {
  const { here, there, name } = at;
  const key = classicKey(name);
  const [mine, theirs] = [bytesOf(here, key), bytesOf(there, key)];
  if (mine === undefined) return; // an earlier attempt removed it
  if (mine !== theirs) refuse(at, `${key} has ${theirs} bytes there and ${mine} here`);
  const checksum = classicDigestKey(name);
  if ([here, there].some((look) => bytesOf(look, checksum) === undefined)) return;
  const [one, other] = await Promise.all(
    [here, there].map((look) => readDigest(run.ports.store(look.store), checksum, run.signal)),
  );
  if (one !== other) refuse(at, `${checksum} is another one there`);
}

function bytesOf(look: Look, key: string): number | undefined {
  return look.objects.find((one) => one.key === key)?.bytes;
}

function refuse({ step, there, name }: Comparison, what: string): never {
  fail("PRUNE_REFUSED", `${name} is not deleted from ${step.store}: ${there.store} keeps it, but ${what}`, {
    fix: `look at ${folderOf(name)} in store ${there.store}`,
  });
}
