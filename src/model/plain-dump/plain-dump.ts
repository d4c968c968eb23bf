import { fail } from "../../problems/dbops-error.ts";
import { CopyData } from "./copy-data.ts";
import { judgeStatement, type LoadTarget, type Verdict } from "./judge-statement.ts";
import { SqlScanner } from "./sql-scanner.ts";
import { tablesMade } from "./tables-made.ts";

export interface PlainDumpOptions extends LoadTarget {
  /** `refuse`: throws at the first thing that a restore must not run; `note`: only tells it, for who reads and loads nothing. */
  readonly onForbidden: "refuse" | "note";
}

/** What a whole plain dump turned out to hold. */
export interface PlainDumpFacts {
  /** Bytes of SQL text and data. */
  readonly bytes: number;
  readonly statements: number;
  /** Tables with data (COPY). */
  readonly tables: number;
  /** Tables that it makes, with data or without. */
  readonly made: number;
  /** Version of the pg_dump that wrote it, `15.18`; null: it does not say. */
  readonly madeBy: string | null;
  /** What was left out and matters to people. */
  readonly leftOut: readonly string[];
  /** The first thing that a restore refuses to run; null: nothing. */
  readonly forbidden: string | null;
}

/** A statement longer than this is judged by its beginning. */
const HELD_BYTES = 1024 * 1024;
/** Longer than any word, comment line or command that pg_dump writes. */
const MAX_REST_BYTES = 256 * 1024;
const [LF, CR, MINUS, BACKSLASH] = [0x0a, 0x0d, 0x2d, 0x5c];
const HEADER = "-- PostgreSQL database dump";
const TRAILER = "-- PostgreSQL database dump complete";
const SEVERAL = "goes on behind its end, as if there were several dumps in it";
const EMPTY: Buffer = Buffer.alloc(0);

type Place = "gap" | "statement" | "copy line" | "copy";

/**
 * Reads a plain dump of pg_dump in pieces of any size, in bounded memory. `next` gives what psql may run of it: statements
 * and data without comments, `\restrict` lines, and transactions of its own. `end` throws unless the trailer has passed outside
 * of any data: only that proves a plain dump whole. OBJECT_DAMAGED for a cut one or no dump at all, LOAD_FAILED for a
 * forbidden statement or `\` command.
 */
export class PlainDump {
  readonly #options: PlainDumpOptions;
  #place: Place = "gap";
  #source: Buffer = EMPTY;
  #at = 0;
  #isLast = false;
  #doneBytes = 0;
  #scanner = new SqlScanner();
  #copy = new CopyData();
  #out: Buffer[] = [];
  /** Of the statement that is read: what is held until it is judged, and what it was judged to be. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #verdict: Verdict | null = null;
  #seen = { header: false, trailer: false, restrict: "", unrestrict: false };
  #facts = { statements: 0, tables: 0, made: 0 };
  #table = "";
  #madeBy: string | null = null;
  #leftOut: string[] = [];
  #forbidden: string | null = null;

  constructor(options: PlainDumpOptions) {
    this.#options = options;
  }

  next(piece: Buffer): Buffer[] {
    return this.#read(piece, false);
  }

  end(): PlainDumpFacts {
    this.#read(EMPTY, true);
    const { header, trailer, restrict, unrestrict } = this.#seen;
    if (!header) this.#damaged("is no plain dump of pg_dump");
    if (this.#place !== "gap" || !trailer || (restrict !== "" && !unrestrict))
      this.#damaged(`is truncated: after ${this.#doneBytes} bytes it ends ${this.#whereItEnds()}`);
    return {
      bytes: this.#doneBytes,
      ...this.#facts,
      madeBy: this.#madeBy,
      leftOut: this.#leftOut,
      forbidden: this.#forbidden,
    };
  }

  #read(piece: Buffer, isLast: boolean): Buffer[] {
    if (piece.includes(0)) this.#damaged("holds a zero byte, which no plain dump has");
    this.#source = this.#at < this.#source.length ? Buffer.concat([this.#restBytes(), piece]) : piece;
    this.#at = 0;
    this.#isLast = isLast;
    let from = -1;
    while (this.#at < this.#source.length && this.#at !== from) {
      from = this.#at;
      this.#step();
      this.#doneBytes += this.#at - from;
    }
    if (this.#restBytes().length > MAX_REST_BYTES) this.#damaged("holds a line that pg_dump never writes");
    const out = this.#out;
    this.#out = [];
    return out;
  }

  #restBytes(): Buffer {
    return this.#source.subarray(this.#at);
  }

  /** Consumes something, or nothing where more bytes are needed. */
  #step(): void {
    if (this.#place === "gap") this.#gap();
    else if (this.#place === "statement") this.#statement();
    else if (this.#place === "copy line") this.#copyLine();
    else this.#data();
  }

  #gap(): void {
    const byte = this.#source[this.#at] ?? 0;
    if (byte === LF || byte === CR || byte === 0x20 || byte === 0x09) this.#at += 1;
    else if (byte === BACKSLASH) this.#command();
    else if (byte === MINUS) this.#comment();
    else {
      if (!this.#seen.header) this.#damaged("is no plain dump of pg_dump: it does not begin as one");
      if (this.#seen.trailer) this.#damaged(SEVERAL);
      this.#place = "statement";
      this.#statement();
    }
  }

  /** The line that begins here, without its end; null: it has none yet. */
  #line(): string | null {
    let end = this.#at;
    const source = this.#source;
    while (end < source.length && source[end] !== LF && source[end] !== CR) end += 1;
    if (end === source.length && !this.#isLast) return null;
    const line = source.toString("utf8", this.#at, end);
    this.#at = end;
    return line;
  }

  #comment(): void {
    const line = this.#line();
    if (line === null) return;
    if (!line.startsWith("--") && !this.#isCut()) this.#damaged("is no plain dump of pg_dump");
    if (line === HEADER) this.#seen.header = true;
    if (line === TRAILER) this.#seen.trailer = true;
    this.#madeBy ??= /^-- Dumped by pg_dump version (\d+(?:\.\d+)*)/.exec(line)?.[1] ?? null;
  }

  /** Every version of psql takes these two; any other may run a program, read a file or leave the database. */
  #command(): void {
    const line = this.#line();
    if (line === null) return;
    const [, verb, key = ""] = /^\\(restrict|unrestrict) ([A-Za-z0-9]+)$/.exec(line) ?? [];
    const { header, trailer, restrict } = this.#seen;
    if (verb === "restrict" && header && !trailer && restrict === "") this.#seen.restrict = key;
    else if (verb === "unrestrict" && trailer && key === restrict) this.#seen.unrestrict = true;
    else if (trailer && !this.#isCut()) this.#damaged(SEVERAL);
    else if (!this.#isCut()) this.#forbid(`the psql command ${/^\\\S{0,20}/.exec(line)?.[0] ?? "\\"}`);
  }

  /** The line that was read ends with the dump, which then is no whole one. */
  #isCut(): boolean {
    return this.#isLast && this.#at === this.#source.length;
  }

  #statement(): void {
    const from = this.#at;
    const { at, stop } = this.#scanner.scan(this.#source, from, this.#isLast);
    this.#at = stop === "command" ? at + 1 : at;
    this.#hold(this.#source.subarray(from, at));
    if (stop === "command") this.#forbid("a psql command inside a statement");
    if (this.#scanner.odd !== null) this.#forbid(this.#scanner.odd);
    this.#scanner.odd = null;
    if (stop === "end") this.#endStatement();
  }

  /** Keeps the bytes of a statement until it is judged, then hands them on or drops them. */
  #hold(bytes: Buffer): void {
    if (this.#verdict === null) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      if (this.#heldBytes > HELD_BYTES) this.#judge(false);
    } else if (this.#verdict.kind === "pass") this.#out.push(bytes);
  }

  #judge(isWhole: boolean): Verdict {
    const text = Buffer.concat(this.#held).toString("latin1");
    const verdict = judgeStatement(text, isWhole, this.#options);
    this.#verdict = verdict;
    if (verdict.kind === "pass") this.#facts.made += tablesMade(text);
    if (verdict.kind === "refused") this.#forbid(verdict.what);
    if (verdict.kind === "left-out" && verdict.why !== null) this.#leftOut.push(utf8(verdict.why));
    if (verdict.kind === "pass" || verdict.kind === "copy") this.#out.push(...this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return verdict;
  }

  #endStatement(): void {
    const verdict = this.#verdict ?? this.#judge(true);
    this.#verdict = null;
    this.#facts.statements += 1;
    this.#place = verdict.kind === "copy" ? "copy line" : "gap";
    if (verdict.kind === "copy") this.#table = utf8(verdict.table);
    if (verdict.kind === "pass") this.#out.push(Buffer.from("\n"));
  }

  /** psql reads data from the next line on, and what stands behind the `;` as a statement after them. */
  #copyLine(): void {
    const end = this.#source.indexOf(LF, this.#at);
    if (end === -1) return;
    const behind = this.#source.toString("latin1", this.#at, end);
    if (behind !== "" && behind !== "\r") this.#forbid("text behind COPY");
    this.#at = end + 1;
    this.#out.push(Buffer.from("\n"));
    this.#copy = new CopyData();
    this.#place = "copy";
    this.#facts.tables += 1;
  }

  #data(): void {
    const from = this.#at;
    const { at, isOver } = this.#copy.scan(this.#source, from);
    this.#at = at;
    if (at > from) this.#out.push(this.#source.subarray(from, at));
    if (isOver) this.#place = "gap";
  }

  #forbid(what: string): void {
    this.#forbidden ??= what;
    if (this.#options.onForbidden === "note") return;
    fail(
      "LOAD_FAILED",
      `the dump holds ${what} (near byte ${this.#doneBytes}), which no restore of a plain dump runs`,
      {
        fix: "restore another backup; openssl, gunzip and psql load this one by hand, and run all that is in it",
        final: true,
      },
    );
  }

  #damaged(what: string): never {
    return fail("OBJECT_DAMAGED", `the dump ${what}`, { fix: "use another backup", final: true });
  }

  #whereItEnds(): string {
    if (this.#place === "copy" || this.#place === "copy line") return `inside the data of ${this.#table}`;
    return this.#place === "statement" ? "inside a statement" : "without the line that ends every dump";
  }
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}
