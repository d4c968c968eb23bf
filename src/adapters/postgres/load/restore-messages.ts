import { stderrLines } from "../stderr-lines.ts";
import { untilData, withoutData } from "./without-data.ts";

/** Reads the stderr of `pg_restore --verbose` as it comes; only failures and some warnings are kept. */
export interface RestoreMessages {
  add(chunk: Buffer): void;
  /** Call after the stream ended. */
  finish(): RestoreSaid;
}

export interface RestoreSaid {
  /** What the server refused, in the order it was told. */
  readonly failures: readonly EntryFailure[];
  /** What pg_restore counted at its end; null when it counted none, or did not come to that. */
  readonly ignored: number | null;
  /** Refused settings of a newer pg_restore that an older server can do without. */
  readonly refusedSettings: number;
  /** The first thing that is more than the refusal of one entry: a lost connection, a cut archive. */
  readonly fatal: string | null;
  /** An error that could not be told for certain from its neighbours; pg_restore's count decides. */
  readonly unclear: string | null;
  readonly warnings: readonly string[];
}

export interface EntryFailure {
  /** pg_restore's number of the entry. */
  readonly id: number;
  readonly message: string;
}

const MAX_LINE = 16 * 1024;

/**
 * `parallel`: several processes write to one stderr, each a whole message at once, but what stands before it (`pg_restore:`, a
 * blank, `error: `) apart. Two that fail at the same moment may get each other's message; which entries failed is certain.
 * Statements, DETAIL and CONTEXT are read over. `onData`: rows of this `schema.table` begin.
 */
export function readRestoreMessages(
  parallel: boolean,
  onData: (table: string) => void = () => undefined,
): RestoreMessages {
  const said = new Said(parallel, onData);
  const lines = stderrLines(MAX_LINE, (line) => said.take(line));
  return {
    add: lines.add,
    finish: () => {
      lines.finish();
      return said.finish();
    },
  };
}

const PREFIX = /^pg_restore: (?:error: |warning: )?/;
const TORN_PREFIX = /^(?:pg_restore:|error: |warning: | )+/;
/** Two blanks follow a severity of the server, which comes in the server's language. */
const REFUSED = /^(?:could not |COPY failed for table ).*?: (?<severity>\p{L}+): {2}(?<message>.*)$/u;
const SERVERS = /^(?<prefix>.*?\p{Lu}+: {2})(?<message>.*)$/u;
const LOST = /^(?:server closed the connection unexpectedly|SSL connection has been closed unexpectedly)$/;
const MAX_SHOWN = 500;
const MAX_WARNINGS = 50;
/** pg_restore switches them off or to a default, which needs no doing where a server does not know them. */
const DISPENSABLE = new Set([
  ...["transaction_timeout", "idle_in_transaction_session_timeout", "lock_timeout"],
  ...["default_table_access_method", "row_security"],
]);

class Said {
  readonly #parallel: boolean;
  readonly #onData: (table: string) => void;
  readonly #failures: { id: number | null; message: string }[] = [];
  readonly #warnings: string[] = [];
  /** Entries that were named and whose error has yet to come. */
  readonly #named: number[] = [];
  #current: number | null = null;
  #ignored: number | null = null;
  #refusedSettings = 0;
  #moreWarnings = 0;
  #fatal: string | null = null;
  #unclear: string | null = null;
  #started = false;

  constructor(parallel: boolean, onData: (table: string) => void) {
    this.#parallel = parallel;
    this.#onData = onData;
  }

  take(line: string): void {
    const prefix = (this.#parallel ? TORN_PREFIX : PREFIX).exec(line)?.[0] ?? "";
    const text = line.slice(prefix.length);
    if (prefix.includes("pg_restore:")) this.#started = true;
    else if (this.#explains(text)) return;
    if (prefix !== "" || this.#parallel) this.#message(text, prefix);
    else if (!this.#started && line.trim() !== "") this.#fail(line);
  }

  /** Lines below a message. */
  #explains(line: string): boolean {
    if (LOST.test(line)) this.#fail(line);
    const setting = /^Command was: SET (\w+) = /.exec(line)?.[1];
    if (setting !== undefined && DISPENSABLE.has(setting)) this.#forgive(setting);
    return /^(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+|Command was): /.test(line);
  }

  /** A refused setting is no failure of the entry that it was counted for. */
  #forgive(setting: string): void {
    const last = this.#failures.at(-1);
    if (last?.message !== `unrecognized configuration parameter "${setting}"`) return;
    this.#failures.pop();
    this.#refusedSettings++;
    if (this.#parallel && last.id !== null) this.#named.unshift(last.id);
  }

  #message(text: string, prefix: string): void {
    const id = /^from TOC entry (\d+); /.exec(text)?.[1];
    const ignored = /^errors ignored on restore: (\d+)$/.exec(text)?.[1];
    const table = /^processing data for table "(.*)"$/.exec(text)?.[1];
    if (table !== undefined) this.#onData(table);
    else if (id !== undefined) this.#name(Number(id));
    else if (ignored !== undefined) this.#ignored = Number(ignored);
    else if (/^while (?:INITIALIZING|PROCESSING TOC|FINALIZING):$/.test(text)) this.#current = null;
    else if (REFUSED.test(text)) this.#refuse(text);
    else if (prefix.includes("error: ")) this.#parallel ? this.#suspect(text) : this.#fail(text);
    else if (prefix.includes("warning: ") || /^\p{Lu}+: {2}/u.test(text)) this.#warn(text);
  }

  #name(id: number): void {
    if (this.#named.length > 0 && !this.#parallel) this.#fail("it named an entry and no error of it");
    this.#named.push(id);
  }

  #refuse(text: string): void {
    const { severity, message = "" } = REFUSED.exec(text)?.groups ?? {};
    if (severity === "FATAL" || severity === "PANIC") {
      this.#fail(`${severity}: ${message}`);
      return;
    }
    this.#current = this.#named.shift() ?? this.#current;
    this.#failures.push({ id: this.#current, message: withoutData(message, null).slice(0, MAX_SHOWN) });
  }

  #fail(text: string): void {
    this.#fatal ??= shown(text);
  }

  #suspect(text: string): void {
    this.#unclear ??= shown(text);
  }

  #warn(text: string): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(shown(text));
    else this.#moreWarnings++;
  }

  finish(): RestoreSaid {
    const failures = this.#failures.flatMap(({ id, message }) => (id === null ? [] : [{ id, message }]));
    const ofNone = this.#failures.find(({ id }) => id === null)?.message ?? null;
    const open = this.#named.length > 0 ? "it named an entry and no error of it" : null;
    const more = this.#moreWarnings === 0 ? [] : [`and ${this.#moreWarnings} more warnings`];
    return {
      failures,
      ignored: this.#ignored,
      refusedSettings: this.#refusedSettings,
      fatal: this.#fatal ?? ofNone ?? open,
      unclear: this.#unclear,
      warnings: [...this.#warnings, ...more],
    };
  }
}

function shown(text: string): string {
  const { prefix = "", message = null } = SERVERS.exec(text)?.groups ?? {};
  return (message === null ? untilData(text) : `${prefix}${withoutData(message, null)}`).slice(0, MAX_SHOWN);
}
