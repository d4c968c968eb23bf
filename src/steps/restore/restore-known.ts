import type { Facts } from "../../model/audit-entry.ts";
import type { Manifest } from "../../model/manifest.ts";

/** What the head of a restore's pipeline knows before the first byte. */
export interface RestoreKnown {
  /** The environment that the backup is from. */
  readonly from: string;
  readonly manifest: Manifest;
  /** True behind `decrypt`: the parts are what pg_dump wrote. */
  readonly isPlain: boolean;
}

export function fromRestoreKnown(known: RestoreKnown): Facts {
  return { ...known };
}

export function toRestoreKnown(facts: Facts): RestoreKnown {
  return facts as unknown as RestoreKnown; // the source of a restore's pipeline is always `download`, which built it from this type
}
