import type { Backup } from "../model/backup.ts";
import type { Listing } from "../model/observation.ts";
import type { RestorePoint, Verdict } from "../policy/retention.ts";
import { completeIn, completeOf, pointsFor, provenIn, verdictsOf } from "../policy/union.ts";
import type { DatabaseView, StoreView } from "./database-view.ts";

/** The backup that this plan makes, as retention counts it: dated now, under a name that stands for the real one. */
export interface Made {
  readonly point: RestorePoint;
  /** The store that it is uploaded to. */
  readonly store: string;
}

/** What one store should hold, by its own policy over the union of all readable stores. */
export interface StoreDecision {
  readonly view: StoreView;
  /** By name, of every restore point that counts here. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Missing here and wanted by the policy, newest first. */
  readonly copies: readonly MissingCopy[];
  /** The verdict on the backup of this plan; null when the plan makes none. */
  readonly made: Verdict | null;
  /** Complete here, and not wanted any more; the rails have not been asked. */
  readonly surplus: readonly Backup[];
  /** Names of the surplus that is one only because of what this plan brings here. */
  readonly displaced: ReadonlySet<string>;
}

export interface MissingCopy {
  readonly name: string;
  readonly from: string;
  readonly layout: Backup["layout"];
  readonly reasons: readonly string[];
}

/** Decides for one store of a database. */
export function decideStore(view: DatabaseView, store: StoreView, made: Made | null): StoreDecision {
  const points = pointsFor(view.stores, store);
  const counted = made === null ? points : [...points, made.point];
  const provenName = provenIn(view.stores);
  const verdicts = verdictsOf(store, counted, provenName);
  const own = verdictsOf(
    store,
    points.filter((point) => completeIn(store, point.name) !== null),
    provenName,
  );
  const surplus = completeOf(store).filter(
    (one) => verdicts.get(one.name)?.verdict === "prune" && !store.ambiguous.has(one.name),
  );
  return {
    view: store,
    verdicts,
    copies: points.flatMap((point) => missingCopy(view, store, verdicts.get(point.name))),
    made: made === null ? null : (verdicts.get(made.point.name) ?? null),
    surplus,
    displaced: new Set(
      surplus.filter((one) => own.get(one.name)?.verdict !== "prune").map((one) => one.name),
    ),
  };
}

/** The listing of a store as it will be once the backup and the copies of this plan are there. A copy brings its holds, not its proofs. */
export function expectedListing(
  view: DatabaseView,
  decision: StoreDecision,
  made: Made | null,
): Extract<Listing, { state: "listed" }> {
  const { store, listing } = decision.view;
  const copied = decision.copies.flatMap(({ name, from }) => {
    const source = view.stores.find((one) => one.store === from)?.byName.get(name);
    return source === undefined ? [] : [{ ...source, proofs: [] }];
  });
  const names = new Set(copied.map((one) => one.name));
  const arrives = made !== null && (made.store === store || decision.made?.verdict === "keep");
  return {
    ...listing,
    backups: [
      ...listing.backups.filter((one) => !names.has(one.name)),
      ...copied,
      ...(arrives ? [madeBackup(view, made)] : []),
    ],
  };
}

function missingCopy(
  view: DatabaseView,
  store: StoreView,
  verdict: Verdict | undefined,
): readonly MissingCopy[] {
  if (verdict === undefined || !verdict.ruled || completeIn(store, verdict.name) !== null) return [];
  const { name, reasons } = verdict;
  for (const { store: from, byName } of view.stores) {
    const there = completeIn({ byName }, name);
    if (there !== null && there.origin !== null) return [{ name, from, layout: there.layout, reasons }];
  }
  return [];
}

function madeBackup(view: DatabaseView, made: Made): Backup {
  const { name, at, layout, origin } = made.point;
  return {
    name,
    database: view.database.name,
    at,
    layout,
    state: "complete",
    origin,
    bytes: 0,
    etag: "made",
    modifiedAt: at,
    proofs: [],
    holds: [],
  };
}
