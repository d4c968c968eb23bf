import type { BackupReference, Step } from "../model/step.ts";

/** A copy of one backup into another store and the verify of what arrived there. `suffix` tells several copies apart. */
export function copySteps(
  route: { readonly database: string; readonly from: string; readonly to: string },
  copy: {
    readonly backup: BackupReference;
    readonly suffix: string;
    readonly why: string;
    readonly needs: readonly string[];
  },
): readonly Step[] {
  const { database, from, to } = route;
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
      type: "backup",
      backup: copy.backup,
      store: to,
      deep: false,
    },
  ];
}
