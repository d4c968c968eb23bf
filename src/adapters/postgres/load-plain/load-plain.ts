import { randomBytes } from "node:crypto";
import { PlainDump, type PlainDumpFacts } from "../../../model/plain-dump/plain-dump.ts";
import type { Load, LoadReport } from "../../../ports/restore-target.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { chunksOf } from "../../store-wrappers/abortable-body.ts";
import { childEnvironment } from "../child-environment.ts";
import { assertStillSame, openTargetDatabase } from "../load/target-database.ts";
import type { AdminAccess } from "../restore-target/admin-access.ts";
import { findPsql } from "./find-psql.ts";
import { Psql, type PsqlEnd } from "./psql.ts";

/** `archive`: what pg_dump -Fp wrote. */
export type PlainLoad = Pick<Load, "into" | "inPlace" | "archive" | "ignoreTablespaces" | "onProgress">;

/**
 * Loads a plain dump into an empty database by psql, in one transaction, in constant memory. Psql is given only what
 * `PlainDump` lets pass, under a `\restrict` of its own, and COMMIT only after the stream has ended well and the trailer has passed: whatever
 * happens before that, nothing is there. The first error of the server ends it (LOAD_FAILED); a cut dump is OBJECT_DAMAGED.
 */
export async function loadPlain(
  access: AdminAccess,
  load: PlainLoad,
  signal: AbortSignal,
): Promise<LoadReport> {
  load.archive.on("error", () => undefined); // told by the loop that reads it
  try {
    const { target, serverMajor } = await openTargetDatabase(access, load, signal);
    const tool = await findPsql(serverMajor, access.env, signal);
    const place = `${load.into.name} at ${target.endpoint}`;
    const psql = new Psql(tool, childEnvironment(target, access.env));
    const { facts, end } = await run(psql, load, { serverMajor, place, signal });
    await assertStillSame(access, load.into, signal);
    const leftOut = facts.leftOut.map((what) => `left out: ${what}`);
    const warnings = [...leftOut, ...end.warnings];
    return { program: tool.version, entries: [], failures: [], warnings, tables: facts.made };
  } finally {
    if (!load.archive.readableEnded) load.archive.destroy();
  }
}

interface Run {
  readonly serverMajor: number;
  readonly place: string;
  readonly signal: AbortSignal;
}

async function run(
  psql: Psql,
  load: PlainLoad,
  { serverMajor, place, signal }: Run,
): Promise<{ readonly facts: PlainDumpFacts; readonly end: PsqlEnd }> {
  const token = randomBytes(16).toString("hex");
  const { ignoreTablespaces = false } = load;
  const dump = new PlainDump({ serverMajor, ignoreTablespaces, onForbidden: "refuse" });
  const kill = () => psql.kill();
  signal.addEventListener("abort", kill);
  try {
    await psql.write(beginning(token, serverMajor));
    const isTaken = await feed(psql, { load, dump }, signal);
    const facts = isTaken ? dump.end() : null;
    // Only here: the stream has ended well, and the trailer has passed.
    if (facts !== null) await psql.write(`COMMIT;\nSELECT '${token}';\n`);
    psql.end();
    const end = await psql.ended;
    signal.throwIfAborted();
    assertCommitted(end, { token, place });
    return { facts: facts ?? fail("LOAD_FAILED", `${place}: psql ended before the dump did`), end };
  } finally {
    signal.removeEventListener("abort", kill);
    psql.kill();
    await psql.ended;
  }
}

/** Settings of the role or the database must not end a load that waits for its stream. */
function beginning(token: string, serverMajor: number): string {
  const timeouts = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];
  const all = serverMajor >= 17 ? [...timeouts, "transaction_timeout"] : timeouts;
  return `\\restrict ${token}\n${all.map((name) => `SET ${name} = 0;\n`).join("")}BEGIN;\n`;
}

/** false: psql takes nothing any more. */
async function feed(
  psql: Psql,
  { load, dump }: { readonly load: PlainLoad; readonly dump: PlainDump },
  signal: AbortSignal,
): Promise<boolean> {
  let bytes = 0;
  for await (const chunk of chunksOf(load.archive, signal)) {
    const passed = Buffer.concat(dump.next(chunk)); // one write: its statements are many and small
    if (passed.length > 0 && !(await psql.write(passed))) return false;
    bytes += chunk.length;
    load.onProgress(bytes);
  }
  return true;
}

/** Exit code 0 alone proves nothing: psql ends with it wherever its input ends. What it prints after COMMIT does. */
function assertCommitted(
  end: PsqlEnd,
  { token, place }: { readonly token: string; readonly place: string },
): void {
  const again = "look into the log of the server, then apply again";
  const refuse = (why: string, fix: string, final = false): never =>
    fail("LOAD_FAILED", `${place}: ${why}; nothing of it counts as loaded`, { fix, final });
  if (end.error !== null) refuse(`psql does not start (${end.error.message})`, again);
  if (end.refusal !== null) {
    const { message, sqlstate } = end.refusal;
    const fix = fixFor(sqlstate) ?? again;
    refuse(`${message}${sqlstate === null ? "" : ` (SQLSTATE ${sqlstate})`}`, fix, fix === ANOTHER);
  }
  if (end.killedBy !== null) refuse(`psql was killed by ${end.killedBy}`, again);
  if (end.code !== 0) refuse(`psql ended with exit code ${end.code}`, again);
  if (!end.printed.endsWith(`${token}\n`)) refuse("psql did not confirm the end of the transaction", again);
}

/** null: the state does not tell. */
function fixFor(sqlstate: string | null): string | null {
  if (sqlstate === null) return null;
  if (sqlstate === "53200")
    return "a plain dump is loaded in one transaction, which locks every table: raise max_locks_per_transaction on the server, then apply again";
  if (sqlstate === "42704" || sqlstate === "0LP01")
    return "create the role or object that the message names, then apply again";
  if (sqlstate.startsWith("53")) return "make room on the server, then apply again";
  return sqlstate !== NO_RIGHT && OF_THE_DUMP.test(sqlstate) ? ANOTHER : null;
}

const ANOTHER = "the dump itself does not load, and would fail so again: restore another backup";
/** Values, constraints, names and syntax, and what its own functions raise: an empty database has none but the dump's. */
const OF_THE_DUMP = /^(22|23|42|P0)/;
const NO_RIGHT = "42501";
