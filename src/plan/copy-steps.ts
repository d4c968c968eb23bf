import type { Backup } from "../model/backup.ts";
import type { BackupReference, Step } from "../model/step.ts";

interface Route {
  readonly database: string;
  readonly from: string;
  readonly to: string;
}

interface Copied {
  readonly backup: BackupReference;
  readonly layout: Backup["layout"];
  /** Tells several copies apart. */
  readonly suffix: string;
  readonly why: string;
  readonly needs: readonly string[];
}

/** A copy of one backup into another store and the verify of what arrived there. */
export function copySteps({ database, from, to }: Route, copy: Copied): readonly Step[] {
  const id = `${database}.copy.${to}${copy.suffix}`;
  const none: readonly string[] = [];
  return [
    {
      id,
      kind: "copy",
      effect: "add",
      why: copy.why,
      needs: copy.needs,
      after: none,
      database,
      backup: copy.backup,
      ...(copy.layout === "classic" ? { layout: "classic" } : {}),
      from,
      to,
    },
    {
      id: `${database}.verify.${to}${copy.suffix}`,
      kind: "verify",
      effect: "none",
      why: `what arrived in ${to} must be what ${from} has`,
      needs: [id],
      after: none,
      database,
      type: copy.layout === "classic" ? "classic" : "backup",
      backup: copy.backup,
      store: to,
      deep: false,
    },
  ];
}
