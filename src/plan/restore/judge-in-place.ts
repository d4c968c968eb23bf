import type { LiveDatabase } from "../../model/restore-target.ts";
import type { Problem } from "../../problems/problem.ts";
import { shellQuoted } from "../../problems/shell-quoted.ts";
import { countOf } from "../naming.ts";
import { renderSome } from "./amounts.ts";
import type { Content } from "./content.ts";
import { slotsLost } from "./judge-live.ts";
import { blocked, noted, type RestoreCase } from "./restore-case.ts";
import { namesFor } from "./restore-steps.ts";
import { quoted } from "./sql-text.ts";
import { type InPlaceFound, tellInPlace } from "./tell-in-place.ts";

/** Whether a database can be restored in place, and what is different where it is. */
export function judgeInPlace(at: RestoreCase, content: Content): readonly Problem[] {
  const { request, inPlace, target, restore } = at;
  if (!request.inPlace) return [];
  if (request.into !== null)
    return [blocked("--in-place and --into: one of them", "leave --into out", "USAGE")];
  if (target.live === null || inPlace === null)
    return [
      blocked(
        `nothing is called ${restore.live} on ${target.endpoint}: there is no database to restore in place of`,
        `CREATE DATABASE ${quoted(restore.live)};`,
      ),
    ];
  const found = { ...inPlace, live: target.live };
  if (at.contents.form === "plain dump") return []; // which is refused in any case
  return [
    ...rightProblems(at, found),
    ...extensionProblems(at, found),
    ...dataProblems(content),
    ...slotProblems(at, found.live),
    ...subscriptionProblems(found.live),
    ...tellInPlace(at, content, found),
    ...takenMarker(at, found),
  ];
}

function rightProblems({ target }: RestoreCase, { inside, moves, live }: InPlaceFound): readonly Problem[] {
  const { role } = target;
  const admin = quoted(role.name);
  const moved = new Set(moves.schemas.map(({ name }) => name));
  const foreign = inside.schemas.filter(({ name, isOwned }) => moved.has(name) && !isOwned);
  const owners = [...new Set(foreign.map(({ owner }) => ownerToGrant(owner, live)))];
  return [
    ...(inside.canCreateSchemas
      ? []
      : [
          blocked(
            `${role.name} may not create schemas in ${live.name}, which renaming one takes as well`,
            `GRANT CREATE ON DATABASE ${quoted(live.name)} TO ${admin};`,
            "ADMIN_RIGHTS_MISSING",
          ),
        ]),
    ...(foreign.length === 0
      ? []
      : [
          blocked(
            `${role.name} cannot rename ${countOf(foreign.length, "schema")} of others: ${foreign.map(({ name, owner }) => `${name} (${owner})`).join(", ")}`,
            owners.map((owner) => `GRANT ${quoted(owner)} TO ${admin};`).join("\n"),
            "ADMIN_RIGHTS_MISSING",
          ),
        ]),
  ];
}

/** Nobody can be made a member of that role: the owner of the database is its only one. */
function ownerToGrant(owner: string, { properties }: LiveDatabase): string {
  return owner === "pg_database_owner" ? properties.owner : owner;
}

/** One in a schema that moves has to be moved back out of it: columns and functions that are loaded name it there. */
function extensionProblems(
  { contents, target }: RestoreCase,
  { inside, moves }: InPlaceFound,
): readonly Problem[] {
  const along = new Set(moves.extensions.map(({ name }) => name));
  const stuck = inside.extensions.filter((one) => along.has(one.name) && !(one.isRelocatable && one.isOwned));
  const archived = new Map(contents.extensions.map((one) => [one.name, one.schema]));
  const elsewhere = inside.extensions.filter(({ name, schema }) => (archived.get(name) ?? schema) !== schema);
  return [
    ...stuck.map(({ name, schema, isRelocatable }) =>
      blocked(
        `the extension ${name} stands in ${schema}, which has to be moved aside without it: ${isRelocatable ? `what it consists of belongs to others than ${target.role.name}, as of every extension that a superuser or the server itself made` : "it cannot be moved to another schema (it is not relocatable)"}`,
        isRelocatable
          ? "let a superuser restore; or restore beside it, with a role that may create databases"
          : "restore beside it, with a role that may create databases",
      ),
    ),
    ...elsewhere.map(({ name, schema }) =>
      blocked(
        `the extension ${name} stands in ${schema}, and in the backup in ${archived.get(name)}: what is loaded would look for it there`,
        `ALTER EXTENSION ${quoted(name)} SET SCHEMA ${quoted(archived.get(name) ?? "")};`,
      ),
    ),
  ];
}

function dataProblems({ kept }: Content): readonly Problem[] {
  return [...Map.groupBy(kept, (one) => one.why)].map(([why, some]) =>
    blocked(
      `${countOf(some.length, "entry").replace(/entrys$/, "entries")} with data cannot be loaded in place (${why}): ${renderSome(some.map(({ entry }) => entry.text))}`,
      [
        "restore beside it, with a role that may create databases, or give them up by name:",
        ...some.map(({ entry }) => `--tolerate ${shellQuoted(entry.text)}`),
      ].join("\n"),
    ),
  );
}

function slotProblems({ request, environment }: RestoreCase, live: LiveDatabase): readonly Problem[] {
  const slots = slotsLost(live);
  if (slots.length === 0) return [];
  const detail = `${live.name} has ${countOf(slots.length, "logical replication slot")} (${slots.join(", ")}): what is loaded into tables that are published is sent to the subscribers, who have those rows`;
  if (request.acceptSlotLoss)
    return [noted(detail, "stop the subscribers before the restore, and copy to them anew after it")];
  return [blocked(detail, `dbops plan ${environment.name} restore … --in-place --accept-slot-loss`)];
}

function subscriptionProblems({ name, subscriptions }: LiveDatabase): readonly Problem[] {
  const enabled = subscriptions.filter((one) => one.enabled);
  return [
    ...(enabled.length === 0
      ? []
      : [
          blocked(
            `${name} subscribes to ${enabled.map((one) => one.name).join(", ")}: the worker would go on writing to what was moved aside`,
            [`in ${name}:`, ...enabled.map((one) => `ALTER SUBSCRIPTION ${quoted(one.name)} DISABLE;`)].join(
              "\n",
            ),
          ),
        ]),
    ...(enabled.length === subscriptions.length
      ? []
      : [noted(`the subscriptions of ${name} stay, with the tables that were moved aside`)]),
  ];
}

function takenMarker(at: RestoreCase, { inside, live }: InPlaceFound): readonly Problem[] {
  const { old } = namesFor(at);
  return inside.schemas.some(({ name }) => name.startsWith(old))
    ? [blocked(`${live.name} has ${old}, which this plan would make`, "plan again", "DATABASE_EXISTS")]
    : [];
}
