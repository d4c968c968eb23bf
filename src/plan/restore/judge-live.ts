import type { DatabaseProperties, LiveDatabase } from "../../model/restore-target.ts";
import type { Problem } from "../../problems/problem.ts";
import { countOf } from "../naming.ts";
import { blocked, noted, type RestoreCase } from "./restore-case.ts";
import { quoted } from "./sql-text.ts";

/** What hangs on the database that is replaced, and what becomes of each. */
export function judgeLive(at: RestoreCase): readonly Problem[] {
  const { live } = at.target;
  if (live === null || at.request.into !== null) return [];
  if (at.request.inPlace) return [...schemaProblems(at, live), ...shutProblems(at, live)];
  return [
    ...slotProblems(at, live),
    ...subscriptionProblems(live),
    ...schemaProblems(at, live),
    ...shutProblems(at, live),
    ...closingProblems(at, live),
    ...carriedOver(live),
  ];
}

/** The logical slots that go with it. A physical one belongs to the server. */
export function slotsLost(live: LiveDatabase): readonly string[] {
  return live.slots.filter((one) => one.type === "logical").map((one) => one.name);
}

function slotProblems({ request, environment }: RestoreCase, live: LiveDatabase): readonly Problem[] {
  const lost = slotsLost(live);
  if (lost.length === 0) return [];
  const names = live.slots
    .filter((one) => one.type === "logical")
    .map((one) => `${one.name} (${one.active ? "in use" : "not in use"})`)
    .join(", ");
  if (request.acceptSlotLoss)
    return [
      noted(
        `${countOf(lost.length, "logical replication slot")} of ${live.name} will be lost to its subscribers: ${names}; it stays with the replaced database and keeps WAL until it is dropped`,
        lost.map((name) => `SELECT pg_drop_replication_slot('${name}');`).join("\n"),
      ),
    ];
  return [
    blocked(
      `${live.name} has ${countOf(lost.length, "logical replication slot")} that would be lost to its subscribers: ${names}`,
      `dbops plan ${environment.name} restore … --accept-slot-loss, and copy to each subscriber anew afterwards`,
    ),
  ];
}

function subscriptionProblems({ name, subscriptions }: LiveDatabase): readonly Problem[] {
  const enabled = subscriptions.filter((one) => one.enabled);
  const disabled = subscriptions.filter((one) => !one.enabled);
  return [
    ...(enabled.length === 0
      ? []
      : [
          blocked(
            `${name} subscribes to ${enabled.map((one) => one.name).join(", ")}: the worker comes back whenever it is ended, and keeps the database from being renamed`,
            [`in ${name}:`, ...enabled.map((one) => `ALTER SUBSCRIPTION ${quoted(one.name)} DISABLE;`)].join(
              "\n",
            ),
          ),
        ]),
    ...(disabled.length === 0
      ? []
      : [
          noted(
            `the subscriptions ${disabled.map((one) => one.name).join(", ")} stay with the replaced database; its drop detaches them and leaves their slots on the publisher`,
          ),
        ]),
  ];
}

function schemaProblems(
  { request, contents, environment }: RestoreCase,
  live: LiveDatabase,
): readonly Problem[] {
  const detail = misfit(live, contents.schemaRevision);
  if (detail === null) return [];
  const look = live.revisionProblem === undefined ? "" : "let the admin role read it, or do without:\n";
  return request.keepSchema
    ? [
        noted(
          detail,
          "run the release's migrations after the swap, or roll the release back",
          "SCHEMA_MISMATCH",
        ),
      ]
    : [blocked(detail, `${look}dbops plan ${environment.name} restore … --schema keep`, "SCHEMA_MISMATCH")];
}

/** A revision that could not be looked at may be any, and is never none. */
function misfit(live: LiveDatabase, restored: string | null | undefined): string | null {
  const revision = restored === undefined ? "one that nobody knows" : (restored ?? "none");
  const backup = `the backup at ${revision}: the release that runs may not fit what is restored`;
  if (live.revisionProblem !== undefined)
    return `the schema revision of ${live.name} could not be looked at (${live.revisionProblem.detail}), ${backup}`;
  if (live.schemaRevision === null || live.schemaRevision === restored) return null;
  return `${live.name} is at schema revision ${live.schemaRevision}, ${backup}`;
}

function shutProblems(
  { request }: RestoreCase,
  { name, allowsConnections }: LiveDatabase,
): readonly Problem[] {
  if (allowsConnections !== false) return [];
  return request.inPlace
    ? [
        blocked(
          `${name} lets nobody connect (ALLOW_CONNECTIONS false), and so cannot be restored in place`,
          `ALTER DATABASE ${quoted(name)} ALLOW_CONNECTIONS true;`,
        ),
      ]
    : [
        noted(
          `${name} lets nobody connect (ALLOW_CONNECTIONS false); what takes its name will let in whom its privileges allow`,
          `after the swap, if that is not meant:\nALTER DATABASE ${quoted(name)} ALLOW_CONNECTIONS false;`,
        ),
      ];
}

/** The swap takes CONNECT from the owner as well; no REVOKE keeps a superuser out, and the admin role stays let in. */
function closingProblems({ target }: RestoreCase, live: LiveDatabase): readonly Problem[] {
  const { owner } = live.properties;
  const { role } = target;
  const others = role.isSuperuser
    ? ""
    : ` and to ${role.name}, the admin role${owner === role.name ? " and owner" : ""}`;
  const ifOne =
    owner === role.name ? "" : ` (${owner}, who owns what is replaced, is kept out unless it is one)`;
  return [
    noted(
      `the side database and the replaced one cannot be closed to superusers${others}: an application that connects as one of them still gets in${ifOne}`,
    ),
  ];
}

function carriedOver({ properties, name }: LiveDatabase): readonly Problem[] {
  const parts = hangingOn(properties);
  return parts.length === 0
    ? []
    : [noted(`carried over from ${name} as it is now, beside its owner: ${parts.join(", ")}`)];
}

function hangingOn(properties: DatabaseProperties): readonly string[] {
  const own = properties.settings.filter((one) => one.role === null).flatMap((one) => one.settings);
  const ofRoles = properties.settings.filter((one) => one.role !== null).flatMap((one) => one.settings);
  return [
    ...(properties.accessPrivileges === null ? [] : [`privileges ${properties.accessPrivileges.join(" ")}`]),
    ...(own.length === 0 ? [] : [countOf(own.length, "setting")]),
    ...(ofRoles.length === 0 ? [] : [`${countOf(ofRoles.length, "setting")} of roles in it`]),
    ...(properties.connectionLimit === -1 ? [] : [`connection limit ${properties.connectionLimit}`]),
    ...(properties.comment === null ? [] : ["its comment"]),
  ];
}
