import { localeOf } from "../../model/database-locale.ts";
import type { DatabaseLocale, DatabaseProperties } from "../../model/restore-target.ts";
import type { Problem } from "../../problems/problem.ts";
import { noted, type RestoreCase } from "./restore-case.ts";
import { quoted } from "./sql-text.ts";

/** Tells whose a database is; see `markedEnvironment`. */
const MARKER = "dbops.environment";

/**
 * What the restored database gets where there is none to carry it over from; null: there is one. The values of an
 * application's own settings stay out of a plan, since they may be secrets, and a mark of another environment does not come along.
 */
export function propertiesFor(at: RestoreCase): DatabaseProperties | null {
  if (at.target.live !== null) return null;
  const { properties } = at.contents;
  if (properties === null) return ownedByAdmin(at);
  return {
    ...properties,
    tablespace: at.target.tablespaces.includes(properties.tablespace) ? properties.tablespace : "pg_default",
    settings: properties.settings.flatMap(({ role, settings }) => {
      const kept = settings.filter((one) => isKept(at, one));
      return kept.length === 0 ? [] : [{ role, settings: kept }];
    }),
  };
}

/** What CREATE DATABASE gives to who says no more. */
function ownedByAdmin(at: RestoreCase): DatabaseProperties {
  const none = { connectionLimit: -1, accessPrivileges: null, comment: null, settings: [] };
  return { ...localeFor(at).locale, ...none, owner: at.target.role.name, tablespace: "pg_default" };
}

/**
 * Encoding, locale and provider of the restored database, and whose they are: those of what was dumped; where the dump does
 * not tell, of the database that it is to be; else the server's own.
 */
export function localeFor({ contents, target, restore }: RestoreCase): {
  readonly locale: DatabaseLocale;
  readonly of: "backup" | "database" | "server";
} {
  if (contents.properties !== null) return { locale: localeOf(contents.properties), of: "backup" };
  const known = target.live?.properties ?? restore.declaredLocale ?? null;
  if (known !== null) return { locale: localeOf(known), of: "database" };
  return { locale: localeOf(target.template), of: "server" };
}

/** The settings that a person has to set again. */
export function judgeProperties(at: RestoreCase): readonly Problem[] {
  if (at.target.live !== null) return [];
  const lost = (at.contents.properties?.settings ?? []).flatMap(({ role, settings }) =>
    settings
      .filter((one) => nameOf(one) !== MARKER && !isKept(at, one))
      .map((one) => ({ role, name: nameOf(one) })),
  );
  if (lost.length === 0) return [];
  const detail = `the backup has settings of the application, whose values may be secret and so are in no plan: ${lost.map((one) => one.name).join(", ")}`;
  const database = quoted(at.restore.live);
  const fixes = lost.map(({ role, name }) =>
    role === null
      ? `ALTER DATABASE ${database} SET ${name} = '…';`
      : `ALTER ROLE ${quoted(role)} IN DATABASE ${database} SET ${name} = '…';`,
  );
  return [
    noted(
      detail,
      ["set them after the restore; their values stand in the backup's detail.json:", ...fixes].join("\n"),
    ),
  ];
}

function isKept({ environment, restore, request }: RestoreCase, setting: string): boolean {
  const name = nameOf(setting);
  if (name === MARKER) return restore.from === environment.name && request.into === null;
  return !name.includes(".");
}

function nameOf(setting: string): string {
  return setting.slice(0, Math.max(0, setting.indexOf("=")));
}
