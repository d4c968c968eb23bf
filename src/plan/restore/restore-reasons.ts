import { renderDuration } from "../../policy/calendar.ts";
import { countOf } from "../naming.ts";
import { renderAbout, renderSize } from "./amounts.ts";
import type { Content } from "./content.ts";
import type { KnownContents } from "./known-contents.ts";
import type { RestoreCase } from "./restore-case.ts";

/** What a load is taken to do where nobody has measured one: a cautious figure for one stream into an ordinary server. */
const ASSUMED_BYTES_PER_SECOND = 20 * 1024 * 1024;
/** How much SQL text a compressed byte is taken to hold. */
const ASSUMED_RATIO = 4;

/** Why the side database is made as it is, and what it needs. */
export function createWhy(at: RestoreCase): string {
  const { contents, target, restore, candidate } = at;
  const beside = target.live === null ? "" : `, beside ${restore.live}`;
  const room =
    contents.sizeBytes === null
      ? `how much it needs is not known (the compressed file has ${renderSize(candidate.backup.bytes)})`
      : `needs about ${renderSize(contents.sizeBytes)}`;
  return `closed until it is verified${beside}; ${room} on ${target.endpoint}, where nobody can ask how much is free`;
}

/** What the backup is opened with. */
export function decryptWhy({ encryption }: KnownContents): string {
  switch (encryption) {
    case "age":
      return "with an identity of this host";
    case "age-passphrase":
      return "with the passphrase of the environment file";
    case "openssl":
      return "with the passphrase under encryption.openssl of the environment file, then gunzip";
    case "none":
      return "it is not encrypted: bytes are only checked";
  }
}

/** How much is loaded, and how long that is taken to last. */
export function loadWhy({ contents, candidate, target }: RestoreCase, { loaded }: Content): string {
  const rate = `${renderSize(ASSUMED_BYTES_PER_SECOND)}/s`;
  const guess = `a guess at ${rate}: no restore of it was measured`;
  if (contents.form === "plain dump") {
    const stored = candidate.backup.bytes;
    const lasts = durationOf(stored * ASSUMED_RATIO);
    return `all of the dump or nothing: psql runs it as ${target.role.name} in one transaction, committed when its last line has passed; ${lasts} for ${ASSUMED_RATIO} times ${renderSize(stored)}, ${guess}`;
  }
  const { entries, plainBytes } = contents;
  const bytes = plainBytes ?? 0;
  const whole = loaded.length === entries.length ? "all" : String(loaded.length);
  return `${whole} of ${countOf(entries.length, "entry").replace(/entrys$/, "entries")}; ${durationOf(bytes)} for ${renderSize(bytes)}, ${guess}`;
}

/** How long so many bytes of an archive are taken to load. */
export function durationOf(bytes: number): string {
  const ms = (bytes / ASSUMED_BYTES_PER_SECOND) * 1000;
  return ms < 60_000 ? renderAbout(ms) : `about ${renderAbout(ms)}`;
}

/** What must be there before the swap. */
export function checkWhy({ contents, database, restore }: RestoreCase): string {
  const { checks } = database.restore;
  const declared =
    checks.length === 0 ? "" : `, and ${countOf(checks.length, "declared check")} must be true`;
  const { tables, counted } = contents;
  return tables === null
    ? `at least one table, and as many as the dump made, must be there (no list tells which, no row is counted)${declared}`
    : `${countOf(tables, "table")} must be there${renderCounted({ tables, counted }, restore.sanitize.length > 0)}${declared}`;
}

function renderCounted(
  { tables, counted }: { readonly tables: number; readonly counted: number },
  isSanitized: boolean,
): string {
  if (counted === 0) return " (no row is counted)";
  if (isSanitized) return " (no row is counted: the SQL files may remove some)";
  return `, ${counted === tables ? "" : `${counted} of them `}with as many rows as the dump counted`;
}

/** What the swap replaces. */
export function swapWhy({ target, restore, database, candidate }: RestoreCase): string {
  const { live } = target;
  const { name } = candidate.backup;
  if (live === null)
    return `nothing is called ${restore.live} on ${target.endpoint}: ${name} takes the name, verified`;
  const size = live.sizeBytes === null ? "" : ` (${renderSize(live.sizeBytes)})`;
  const sessions =
    live.sessions === 0 ? "nobody is connected" : `${countOf(live.sessions, "session")} will be ended`;
  return `${name} takes the name in one transaction; what has it now${size} is kept for ${renderDuration(database.restore.graceMs)}; ${sessions}`;
}
