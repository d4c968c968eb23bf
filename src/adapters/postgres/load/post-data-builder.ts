import type { ArchiveEntry } from "../../../model/archive-contents.ts";
import { type LoadEntries, retryDeadlocks } from "./load-post-data.ts";
import type { Restored } from "./run-restore.ts";
import { type ArchiveTable, BUILT_ON_ROWS, indexesByRows, RowsCursor } from "./table-indexes.ts";

interface Sessions {
  /** At most so many at a time, the one that loads rows among them. */
  readonly jobs: number;
  readonly load: LoadEntries;
}

/**
 * Loads post-data, and begins with it early: indexes and keys of a table whose rows are there are built, one after another,
 * while the rows of other tables are still on their way, as `pg_restore --jobs` does with a file.
 */
export class PostDataBuilder {
  readonly #wanted: readonly ArchiveEntry[];
  readonly #indexes: ReadonlyMap<number, readonly ArchiveEntry[]>;
  readonly #cursor: RowsCursor;
  readonly #sessions: Sessions;
  readonly #giveUp: (reason: unknown) => void;
  readonly #waiting: ArchiveEntry[] = [];
  readonly #begun = new Set<number>();
  readonly #restored: Restored[] = [];
  #running: Promise<void> | null = null;
  #isClosed = false;

  /** `giveUp` is told of a failure that is worth more than one entry as soon as it is known. */
  constructor(archive: ArchiveTable, sessions: Sessions, giveUp: (reason: unknown) => void) {
    this.#wanted = archive.entries;
    this.#indexes = sessions.jobs > 1 ? indexesByRows(archive) : new Map();
    this.#cursor = new RowsCursor(archive.entries);
    this.#sessions = sessions;
    this.#giveUp = giveUp;
  }

  /** The rows of this `schema.table` are next: those of the tables before it are there. */
  rowsBegin(table: string): void {
    this.#waiting.push(...this.#cursor.begun(table).flatMap(({ id }) => this.#indexes.get(id) ?? []));
    if (this.#isClosed || this.#running !== null || this.#waiting.length === 0) return;
    this.#running = this.#build();
    this.#running.catch(this.#giveUp);
  }

  /** All that is left of post-data, now that all rows are there; what became of it, and of what was begun early. */
  async finish(): Promise<Restored> {
    this.#isClosed = true;
    const { jobs, load } = this.#sessions;
    const left = this.#wanted.filter(({ id }) => !this.#begun.has(id));
    // Nothing of what is built on rows needs the entry that is still being built; all the rest may.
    const isBeside = ({ type }: ArchiveEntry) => this.#running !== null && BUILT_ON_ROWS.includes(type);
    const [beside, rest] = [left.filter(isBeside), left.filter((one) => !isBeside(one))];
    await this.#together(beside.length === 0 ? null : load(beside, jobs - 1));
    this.#restored.push(await load(rest, jobs));
    const all = {
      failures: this.#restored.flatMap((one) => one.failures),
      warnings: this.#restored.flatMap((one) => one.warnings),
    };
    return retryDeadlocks(all, this.#wanted, load);
  }

  /** Resolves when nothing runs any more; never throws. */
  async ended(): Promise<void> {
    this.#isClosed = true;
    await this.#running?.catch(() => undefined);
  }

  async #build(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#begun.add(next.id);
      this.#restored.push(await this.#sessions.load([next], 1));
      if (this.#isClosed) break;
    }
    this.#running = null;
  }

  /** Waits for both, whatever becomes of one: a failure of either ends the other. */
  async #together(beside: Promise<Restored> | null): Promise<void> {
    beside?.catch(this.#giveUp);
    const [early, late] = await Promise.allSettled([this.#running, beside]);
    if (early.status === "rejected") throw early.reason;
    if (late.status === "rejected") throw late.reason;
    if (late.value !== null) this.#restored.push(late.value);
  }
}
