import type { Instant } from "./instant.ts";

/** What stands in a database that is to be restored in place, as the admin role sees it. */
export interface DatabaseInside {
  /** All but the system's own, sorted by name. */
  readonly schemas: readonly SchemaInside[];
  /** Sorted by name. */
  readonly extensions: readonly ExtensionInside[];
  /** What stands in no schema and is of no extension, extensions among it; sorted by type and name. */
  readonly loose: readonly LooseObject[];
  /** Tables and sequences that extensions made, sorted by schema and name. */
  readonly extensionTables: readonly { readonly schema: string; readonly name: string }[];
  readonly hasLargeObjects: boolean;
  /** The admin role may create schemas in it. */
  readonly canCreateSchemas: boolean;
  /** The admin role has the rights of the owner, who alone can keep others from connecting. */
  readonly canClose: boolean;
  /** The admin role has default privileges of its own that are of no schema: they count for whatever it creates. */
  readonly hasDefaultPrivileges: boolean;
}

export interface NamedSchema {
  readonly name: string;
  readonly oid: number;
}

export interface SchemaInside extends NamedSchema {
  readonly owner: string;
  /** The admin role has the rights of its owner. */
  readonly isOwned: boolean;
  /** The extension that made it; null: none. */
  readonly extension: string | null;
  /** Something stands in it that no extension made. */
  readonly holdsOwn: boolean;
}

export interface ExtensionInside {
  readonly name: string;
  readonly schema: string;
  /** ALTER EXTENSION … SET SCHEMA is defined for it. */
  readonly isRelocatable: boolean;
  /**
   * The admin role has the rights of the owners of all that it consists of, which moving it takes. Who is no superuser has
   * not, even for one that it made itself: what a trusted extension consists of belongs to the server.
   */
  readonly isOwned: boolean;
}

export interface LooseObject {
  /** As an archive's table of contents has it: `PUBLICATION`. */
  readonly type: string;
  /** Likewise: `CAST (text AS jsonb)`. */
  readonly name: string;
  /** Schemas of what it cannot be without (its function, its types), sorted. */
  readonly schemas: readonly string[];
}

/** A schema that is made again under a name whose schema was moved. */
export interface MadeSchema {
  readonly name: string;
  /** null: as a new database has it, where the admin role may, else the admin role itself. */
  readonly owner: string | null;
}

/** What a restore in place does to the schemas of a database before it loads anything. */
export interface SchemaMoves {
  /** Renamed; the n-th, counted from 1, to `asideName(marker, n)`. */
  readonly schemas: readonly NamedSchema[];
  /** Neither renamed nor loaded: of a platform, of an extension, of an earlier restore. */
  readonly stays: readonly NamedSchema[];
  readonly made: readonly MadeSchema[];
  /** Moved along into the schema that is made under the old name. */
  readonly extensions: readonly { readonly name: string; readonly schema: string }[];
  /** Nobody but superusers and the admin role can connect until it is over. */
  readonly closes: boolean;
  /** The database has large objects, which belong to no schema and stay. */
  readonly hasLargeObjects: boolean;
}

/** What the comment of a restore's marker schema says, for people and for a later run. */
export interface AsideNote extends SchemaMoves {
  /** aside: being loaded · loaded: whole and counted · kept: checked, and in use · back: given up, everything has its name again. */
  readonly state: "aside" | "loaded" | "kept" | "back";
  readonly environment: string;
  /** The database's name in stores. */
  readonly database: string;
  readonly backup: string;
  /** Digest of the plan. */
  readonly plan: string;
  /** By the server's clock, when they were renamed. */
  readonly movedAt: Instant;
  /** The database's privileges before it was closed; null: it was not. */
  readonly privileges: { readonly owner: string; readonly items: readonly string[] | null } | null;
  /** `type name` of what stood in no schema, sorted: what a load adds to it goes again when the load is given up. */
  readonly loose: readonly string[];
}
