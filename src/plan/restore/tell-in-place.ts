import type { LiveDatabase } from "../../model/restore-target.ts";
import type { Problem } from "../../problems/problem.ts";
import { renderSome } from "./amounts.ts";
import type { Content } from "./content.ts";
import { type InPlaceCase, schemaOf } from "./in-place-case.ts";
import { noted, type RestoreCase } from "./restore-case.ts";
import { namesFor } from "./restore-steps.ts";
import { quoted } from "./sql-text.ts";

/** A restore in place with the database that is there. */
export type InPlaceFound = InPlaceCase & { readonly live: LiveDatabase };

/** What a person has to know before the schemas of a database are moved aside: who is shut out, what stays, and how it ends. */
export function tellInPlace(at: RestoreCase, content: Content, found: InPlaceFound): readonly Problem[] {
  return [
    ...accessNotices(at, found),
    ...stayNotices(at, found),
    ...looseNotices(at, content, found),
    ...endNotices(at, found),
  ];
}

function accessNotices({ target }: RestoreCase, { moves, live }: InPlaceFound): readonly Problem[] {
  const { role } = target;
  const end = role.memberOf.includes("pg_signal_backend") || role.isSuperuser;
  return [
    moves.closes
      ? noted(
          `${live.name} is closed until the restore is over, to everybody but superusers and ${role.name}; killed half-way it stays closed until dbops apply goes on`,
        )
      : noted(
          `${role.name} has not the rights of ${live.properties.owner}, who owns ${live.name}, and cannot close it: an application that connects finds a half restored database, and may write to it`,
          `stop the application before; or GRANT ${quoted(live.properties.owner)} TO ${quoted(role.name)};`,
        ),
    ...(end
      ? []
      : [
          noted(
            `${role.name} can end only sessions of roles that it is a member of: others keep the restore from beginning`,
            `GRANT pg_signal_backend TO ${quoted(role.name)};`,
          ),
        ]),
  ];
}

function stayNotices(at: RestoreCase, { inside, moves, stays, live }: InPlaceFound): readonly Problem[] {
  const { contents } = at;
  const was = contents.properties;
  const now = live.properties;
  const differs =
    was !== null &&
    (["encoding", "collate", "ctype", "localeProvider", "icuLocale"] as const).some(
      (key) => was[key] !== now[key],
    );
  const groups = Map.groupBy([...stays], ([, { why }]) => why);
  return [
    ...[...groups].map(([why, some]) =>
      noted(`stays as it is, and is not loaded: ${some.map(([name]) => name).join(", ")} (${why})`),
    ),
    ...(inside.hasLargeObjects
      ? [noted(`the large objects of ${live.name} stay: they stand in no schema`)]
      : []),
    ...(moves.extensions.length === 0
      ? []
      : [
          noted(
            `extensions stay in the version that they have; into the new schemas go along: ${moves.extensions.map(({ name }) => name).join(", ")}`,
          ),
        ]),
    ...(differs
      ? [
          noted(
            `${live.name} keeps its encoding and locale (${now.encoding}, ${now.collate}, ${now.localeProvider}); the backup has ${was.encoding}, ${was.collate}, ${was.localeProvider}`,
          ),
        ]
      : []),
  ];
}

/** What stands in no schema goes on as it is, also where it was made of something that was moved. */
function looseNotices({ target }: RestoreCase, { loaded }: Content, found: InPlaceFound): readonly Problem[] {
  const { inside, moves, schemas, live } = found;
  const moved = new Set(moves.schemas.map(({ name }) => name));
  const hanging = inside.loose.filter((one) => one.schemas.some((name) => moved.has(name)));
  const triggers = inside.loose.filter(({ type }) => type === "EVENT TRIGGER");
  const publications = inside.loose.filter(({ type }) => type === "PUBLICATION");
  const isPublished = loaded.some((entry) => schemaOf(entry, schemas) !== null) && publications.length > 0;
  return [
    ...(hanging.length === 0
      ? []
      : [
          noted(
            `goes on using what was moved aside, and goes with it when that is dropped: ${renderSome(hanging.map(({ type, name }) => `${type} ${name}`))}`,
            "make it anew afterwards, as the backup's archive has it",
          ),
        ]),
    ...(triggers.length === 0
      ? []
      : [
          noted(
            `event triggers of ${live.name} are run by the load as well: ${triggers.map(({ name }) => name).join(", ")}`,
            triggers.map(({ name }) => `ALTER EVENT TRIGGER ${quoted(name)} DISABLE;`).join("\n"),
          ),
        ]),
    ...(isPublished
      ? [
          noted(
            `publications of ${live.name} go on publishing what was moved aside: ${publications.map(({ name }) => name).join(", ")}`,
          ),
        ]
      : []),
    ...(inside.hasDefaultPrivileges
      ? [noted(`${target.role.name} has default privileges, which count for all that is loaded`)]
      : []),
  ];
}

function endNotices(at: RestoreCase, { moves, live }: InPlaceFound): readonly Problem[] {
  const { old } = namesFor(at);
  const first = moves.schemas.length === 0 ? `${old}` : `${old}_1`;
  return [
    noted(
      `what is moved aside stays in ${live.name} until somebody drops it: it needs its room beside what is loaded, and until then every backup holds both`,
      [
        `when nobody wants it back, table by table (one DROP SCHEMA of thousands of tables is out of locks), in psql:`,
        `SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = '${first}'::regnamespace \\gexec`,
        `DROP SCHEMA ${first} CASCADE;`,
        ...(moves.schemas.length > 1
          ? [`… as far as ${old}_${moves.schemas.length}, then DROP SCHEMA ${old};`]
          : [`DROP SCHEMA ${old};`]),
      ].join("\n"),
    ),
    noted(
      `owner, privileges, settings, connection limit and comment of ${live.name} stay as they are; its replication slots and subscriptions too`,
    ),
  ];
}
