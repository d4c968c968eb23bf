import { posix } from "node:path";
import type { ConnectionInFile } from "../database-in-file.ts";
import type { Draft } from "../draft.ts";
import { type Finding, type Path, placeOf, shown } from "../finding.ts";

/** What a restore of each database is told: files that lie in the project, queries, addresses, and of what it is a clone. */
export function restoreRules(draft: Draft): readonly Finding[] {
  return draft.keys(["databases"]).flatMap((name) => {
    const database = ["databases", name];
    const restore = [...database, "restore"];
    return [
      ...cloneFindings(draft, database),
      ...listed(draft, [...restore, "sanitize"], sanitizeFault),
      ...listed(draft, [...restore, "health"], healthFault),
      ...checkFindings(draft, [...restore, "checks"]),
    ];
  });
}

/** `./sql/a.sql` and `sql/a.sql` are one file. */
export function samePath(path: string): string {
  return posix.normalize(path);
}

function listed(draft: Draft, path: Path, faultOf: (text: string) => string | null): readonly Finding[] {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (let index = 0; index < draft.count(path); index += 1) {
    const place = [...path, index];
    const text = draft.part<string>(place);
    if (text === null) continue;
    const fault = faultOf(text) ?? (seen.has(samePath(text)) ? `${shown(text)} is listed twice` : null);
    seen.add(samePath(text));
    if (fault !== null) findings.push({ path: place, at: "value", detail: `${placeOf(place)}: ${fault}` });
  }
  return findings;
}

/** Files that a review sees: whoever can place a file elsewhere must not decide what runs in a restored database. */
function sanitizeFault(path: string): string | null {
  const isInside = !/^[/~]/.test(path) && !samePath(path).split("/").includes("..");
  if (isInside) return null;
  return `${shown(path)} must lie below the folder that holds the environments' folder, and be named from there, such as sql/sanitize.sql`;
}

function healthFault(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    return `${shown(text)} must be an address such as https://api.example.com/health`;
  if (url.username !== "" || url.password !== "") return "an address here holds no user and no password";
  return null;
}

function checkFindings(draft: Draft, path: Path): readonly Finding[] {
  return draft.keys(path).flatMap((name) => {
    const place = [...path, name];
    const sql = draft.part<string>(place);
    if (sql === null || sql.trim() !== "") return [];
    return [
      { path: place, at: "value" as const, detail: `${placeOf(place)} must be a query that gives true` },
    ];
  });
}

function cloneFindings(draft: Draft, database: Path): readonly Finding[] {
  const place = [...database, "cloneOf"];
  const endpoint = draft.part<string>(place);
  if (endpoint === null) return [];
  const finding = (detail: string): readonly Finding[] => [
    { path: place, at: "value", detail: `${placeOf(place)}: ${detail}` },
  ];
  if (!/^(\/.+|service:[^\s=\]]+|[^\s/,@]+:\d{1,5})$/.test(endpoint))
    return finding(
      `${shown(endpoint)} must be the other server's endpoint: host:port, the folder of a socket, or service:NAME`,
    );
  return endpoint === ownEndpoint(draft, database)
    ? finding(`${shown(endpoint)} is this database's own server, which cannot be a clone of itself`)
    : [];
}

/** null: the file does not say it in words. */
function ownEndpoint(draft: Draft, database: Path): string | null {
  const connection = draft.part<ConnectionInFile>([...database, "connection"]);
  if (connection?.service !== undefined) return `service:${connection.service}`;
  if (connection?.host === undefined) return null;
  return connection.host.startsWith("/") ? connection.host : `${connection.host}:${connection.port ?? 5432}`;
}
