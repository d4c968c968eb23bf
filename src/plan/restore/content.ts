import type { AcceptedFailure } from "../../model/accepted-before.ts";
import type { ArchiveEntry } from "../../model/archive-contents.ts";
import type { LoadStep } from "../../model/restore-steps.ts";
import { acceptedAgain } from "./accepted-again.ts";
import { type Owner, ownersAmong } from "./entry-owner.ts";
import { whyNotInPlace } from "./in-place-content.ts";
import { whyLeftOut } from "./left-out.ts";
import type { RestoreCase } from "./restore-case.ts";

/** What becomes of each entry of the archive. */
export interface Content {
  /** In the archive's order. */
  readonly skip: LoadStep["skip"];
  /** Entries that are loaded, in the archive's order. */
  readonly loaded: readonly ArchiveEntry[];
  /** Entries that are left out because of what they are; others are left out of a restore in place because of what is there. */
  readonly left: readonly ArchiveEntry[];
  /** Data that a restore in place cannot load, and that nobody gave up by name; in the archive's order. */
  readonly kept: readonly { readonly entry: ArchiveEntry; readonly why: string }[];
  /** Texts of entries whose failure is accepted. */
  readonly tolerated: ReadonlySet<string>;
  /** Those of `tolerated` that were not asked for: the last restore accepted them. */
  readonly acceptedBefore: readonly AcceptedFailure[];
  owner(entry: ArchiveEntry): Owner;
}

/** Decides on each entry. Data is always loaded: to accept that it fails is not to leave it out. */
export function contentOf({ contents, target, request, restore, inPlace }: RestoreCase): Content {
  const owner = ownersAmong([...target.roles, ...contents.roles]);
  const { publications } = contents;
  const publicationsOfAll =
    publications === undefined
      ? null
      : new Set(publications.filter((one) => one.allTables).map((one) => one.name));
  const loader = { role: target.role, publicationsOfAll, owner };
  const judged = contents.entries.map((entry) => {
    const never = whyLeftOut(entry, loader);
    const stays = never === null && inPlace !== null ? whyNotInPlace(entry, owner(entry), inPlace) : null;
    return { entry, never, stays, why: never ?? stays?.why ?? null };
  });
  const named = new Set(request.tolerate);
  const before = restore.accepted?.state === "read" ? restore.accepted.failures : [];
  const acceptedBefore = acceptedAgain(before, contents.entries, named);
  return {
    skip: judged.flatMap(({ entry, why }) => (why === null ? [] : [{ entry: entry.text, why }])),
    loaded: judged.flatMap(({ entry, why }) => (why === null ? [entry] : [])),
    left: judged.flatMap(({ entry, never }) => (never === null ? [] : [entry])),
    kept: judged.flatMap(({ entry, stays }) =>
      stays?.isByName === true && !named.has(entry.text) ? [{ entry, why: stays.why }] : [],
    ),
    tolerated: new Set([...named, ...acceptedBefore.map((one) => one.entry)]),
    acceptedBefore,
    owner,
  };
}
