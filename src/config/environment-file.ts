import type { AutomaticKind } from "../model/environment.ts";
import type { DatabaseInFile } from "./database-in-file.ts";
import type { StoreInFile } from "./store-in-file.ts";

/**
 * An environment as a team writes it: `environments/<environment>.yaml`.
 * What each key says here is the help that an editor shows; schemas/environment.schema.json is generated from it.
 */
export interface EnvironmentFile {
  /** The version of this format. */
  readonly version: 1;
  /** The environment's name, the same as the file's name without `.yaml`. Every backup carries it. */
  readonly environment: EnvironmentName;
  /**
   * Destructive plans ask for the environment's name (`--confirm`).
   * @default false
   */
  readonly protected?: boolean;
  /**
   * What `dbops run` may do without a person.
   * @uniqueItems true
   * @default ["backup", "copy"]
   */
  readonly automatic?: readonly AutomaticKind[];
  /** The store that holds locks, journal and plans. Needed when there are several stores. */
  readonly records?: string;
  /** `none` gives up locks, for a store that honours no conditional writes: then only one dbops may run at a time. */
  readonly locks?: "none";
  /**
   * Where backups are kept, by a name of your choice. Each must exist and be marked by `dbops init stores`.
   * @minProperties 1
   * @propertyNames {"pattern": "^[a-z0-9][a-z0-9_-]{0,40}$"}
   */
  readonly stores: Readonly<Record<string, StoreInFile>>;
  /** The age private keys that can open backups; only on hosts that restore. A host that only writes has none. */
  readonly identities?: readonly SecretInFile[];
  /**
   * The databases, by the name that they have in stores: lower-case letters, digits, `_` and `-`.
   * @minProperties 1
   * @propertyNames {"pattern": "^[a-z0-9][a-z0-9_-]{0,40}$"}
   */
  readonly databases: Readonly<Record<string, DatabaseInFile>>;
}

/**
 * A lower-case letter, then lower-case letters, digits and `-`; at most 40 characters.
 * @pattern ^[a-z][a-z0-9-]{0,39}$
 */
export type EnvironmentName = string;

/**
 * The name of an environment variable: letters, digits and `_`, not starting with a digit.
 * @pattern ^[A-Za-z_][A-Za-z0-9_]*$
 */
export type VariableName = string;

/**
 * Text that is not empty.
 * @minLength 1
 */
export type Text = string;

/**
 * Where a secret is kept, one of: `env`, `file`, `command`. The secret itself is never written here.
 * @minProperties 1
 * @maxProperties 1
 */
export interface SecretInFile {
  /** The environment variable that holds it. */
  readonly env?: VariableName;
  /** The file that holds it; a newline at its end is dropped. `~/` is your home folder. */
  readonly file?: Text;
  /**
   * The program that prints it, with its arguments; no shell is involved.
   * @minItems 1
   */
  readonly command?: readonly Text[];
}
