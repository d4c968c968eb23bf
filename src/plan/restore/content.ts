import type { AcceptedFailure } from "../../model/accepted-before.ts";
import type { ArchiveEntry } from "../../model/archive-contents.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import { acceptedAgain } from "./accepted-again.ts";
import { type Owner, ownersAmong } from "./entry-owner.ts";
import { whyLeftOut } from "./left-out.ts";
import type { RestoreCase } from "./restore-case.ts";

/** What becomes of each entry of the archive. */
export interface Content {
  /** In the archive's order. */
  readonly skip: LoadStep["skip"];
  /** Entries that are loaded, in the archive's order. */
  readonly loaded: readonly ArchiveEntry[];
  /** Entries that are left out, in the same order as `skip`. */
  readonly left: readonly ArchiveEntry[];
  /** Texts of entries whose failure is accepted. */
  readonly tolerated: ReadonlySet<string>;
  /** Those of `tolerated` that were not asked for: the last restore accepted them. */
  readonly acceptedBefore: readonly AcceptedFailure[];
  owner(entry: ArchiveEntry): Owner;
}

/** Decides on each entry. Data is always loaded: to accept that it fails is not to leave it out. */
export function contentOf({ contents, target, request, restore }: RestoreCase): Content {
  const owner = ownersAmong([...target.roles, ...contents.roles]);
  const { publications } = contents;
  const publicationsOfAll =
    publications === undefined
      ? null
      : new Set(publications.filter((one) => one.allTables).map((one) => one.name));
  const loader = { role: target.role, publicationsOfAll, owner };
  const judged = contents.entries.map((entry) => ({ entry, why: whyLeftOut(entry, loader) }));
  const named = new Set(request.tolerate);
  const before = restore.accepted?.state === "read" ? restore.accepted.failures : [];
  const acceptedBefore = acceptedAgain(before, contents.entries, named);
  return {
    skip: judged.flatMap(({ entry, why }) => (why === null ? [] : [{ entry: entry.text, why }])),
    loaded: judged.flatMap(({ entry, why }) => (why === null ? [entry] : [])),
    left: judged.flatMap(({ entry, why }) => (why === null ? [] : [entry])),
    tolerated: new Set([...named, ...acceptedBefore.map((one) => one.entry)]),
    acceptedBefore,
    owner,
  };
}
