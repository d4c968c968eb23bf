import { appendFileSync, existsSync, readFileSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import type { AuditEntry, AuditEvent } from "../../src/model/audit-entry.ts";

// Loaded into dbops by --import: kills it at the first moment around an entry of its journal that the file DBOPS_TEST_DEATHS
// does not name yet, and names it there. Run again and again, a plan dies at every one of them: after an entry whose effect
// follows it, before one that says that something has ended.

const deaths = process.env["DBOPS_TEST_DEATHS"] ?? "";
/** Only at moments in whose name this is found. */
const wanted = new RegExp(process.env["DBOPS_TEST_DEATHS_AT"] ?? "");
const link = fs.link;

fs.link = async (from, to): Promise<void> => {
  const isEntry = /\/_dbops\/journal\/[^/]+\/\d+\.json$/.test(String(to));
  const entry = isEntry ? (JSON.parse(readFileSync(from, "utf8")) as AuditEntry) : null; // dbops wrote it just now
  const ends = entry?.events.some(({ event }) => event === "end" || event === "applied") === true;
  if (entry !== null && ends) dieOnce(`before ${nameOf(entry)}`);
  await link(from, to);
  if (entry !== null && !ends) dieOnce(`after ${nameOf(entry)}`);
};
syncBuiltinESMExports();

function dieOnce(moment: string): void {
  if (!wanted.test(moment)) return;
  const earlier = existsSync(deaths) ? readFileSync(deaths, "utf8").split("\n") : [];
  if (earlier.includes(moment)) return;
  appendFileSync(deaths, `${moment}\n`);
  process.kill(process.pid, "SIGKILL");
}

function nameOf({ scope, events }: AuditEntry): string {
  return events.map((event) => textOf(event, scope)).join(", ");
}

function textOf(event: AuditEvent, scope: string): string {
  if (event.event === "noted") return `noted ${event.step} ${Object.keys(event.facts).join("+")}`;
  return `${event.event} ${"step" in event ? event.step : scope}`;
}
