import type { Swap } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { type DatabaseRow, readDatabaseRow } from "../database-row.ts";
import type { Session } from "../session.ts";

/** A database as it stands, under the name that it has now. */
export type Standing = DatabaseRow & { readonly name: string };

/** Where the databases of a swap are, told by their oids: `ready` before it, `swapped` after it. */
export type Places =
  | { readonly state: "ready"; readonly side: Standing; readonly live: Standing | null }
  | { readonly state: "swapped"; readonly restored: Standing; readonly old: Standing | null };

/** Throws TARGET_CHANGED where it is neither of the two, DATABASE_EXISTS when the name of the replaced database is taken. */
export async function readPlaces(session: Session, swap: Swap): Promise<Places> {
  const names = await session.query<{ name: string; oid: number }>(
    "SELECT datname::text AS name, oid FROM pg_catalog.pg_database WHERE oid = ANY ($1::oid[]) OR datname = ANY ($2::text[])",
    [
      [swap.side.oid, swap.liveOid ?? 0],
      [swap.side.name, swap.live, swap.old],
    ],
  );
  const found: Standing[] = [];
  for (const { name, oid } of names) {
    const row = await readDatabaseRow(session, name);
    if (row?.oid === oid) found.push({ ...row, name });
  }
  const withOid = (oid: number | null) => found.find((one) => one.oid === oid);
  const side = withOid(swap.side.oid);
  const live = withOid(swap.liveOid);
  // the replaced one may have been dropped since
  if (side?.name === swap.live && (live === undefined || live.name === swap.old))
    return { state: "swapped", restored: side, old: live ?? null };
  refuseOthers(swap, { side, named: found.find((one) => one.name === swap.live) });
  const taken = found.find((one) => one.name === swap.old);
  if (swap.liveOid !== null && taken !== undefined)
    fail("DATABASE_EXISTS", `${swap.live} would be kept as ${swap.old}, which exists (oid ${taken.oid})`, {
      fix: PLAN_AGAIN,
      final: true,
    });
  if (side === undefined) throw new Error("looked at above");
  return { state: "ready", side, live: live ?? null };
}

/** Which backup it was, and from where, is not known here. */
const PLAN_AGAIN = "look who changed it, and plan the restore again";

function refuseOthers(
  swap: Swap,
  { side, named }: { readonly side: Standing | undefined; readonly named: Standing | undefined },
): void {
  const refuse = (detail: string): never => fail("TARGET_CHANGED", detail, { fix: PLAN_AGAIN });
  if (side === undefined)
    refuse(`there is no database with the oid ${swap.side.oid}, which ${swap.side.name} had`);
  if (side?.name !== swap.side.name)
    refuse(`the database ${swap.side.name} (oid ${swap.side.oid}) is called ${side?.name}`);
  if ((named?.oid ?? null) === swap.liveOid) return;
  const found = named === undefined ? "there is no such database" : `it has the oid ${named.oid}`;
  const planned = swap.liveOid === null ? "nothing had that name" : `it had the oid ${swap.liveOid}`;
  refuse(`${swap.live}: when it was planned ${planned}; now ${found}`);
}
