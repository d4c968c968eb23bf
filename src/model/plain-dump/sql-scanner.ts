/** Why a scan stopped: more bytes are needed, behind the `;` that ends a statement, or at a backslash outside of quotes. */
export type Stop = "more" | "end" | "command";

export interface Scanned {
  /** The first byte that was not consumed. */
  readonly at: number;
  readonly stop: Stop;
}

type Mode = "plain" | "quote" | "escape quote" | "identifier" | "dollar" | "line comment" | "block comment";

const [QUOTE, DOUBLE, BACKSLASH, SEMICOLON, DOLLAR] = [0x27, 0x22, 0x5c, 0x3b, 0x24];
const [MINUS, SLASH, STAR, OPEN, CLOSE, LF, CR] = [0x2d, 0x2f, 0x2a, 0x28, 0x29, 0x0a, 0x0d];

/**
 * Finds the end of a statement as psql finds it (psqlscan.l of PostgreSQL 15, standard_conforming_strings on, an encoding
 * whose bytes of one character are all above 127): quotes, dollar quotes, nested comments, parentheses, BEGIN ATOMIC bodies. What
 * versions of psql read differently, and pg_dump never writes, is told as `odd`.
 */
export class SqlScanner {
  /** The first thing that another reader might read otherwise; null: nothing. */
  odd: string | null = null;
  #source: Buffer = Buffer.alloc(0);
  #at = 0;
  #isLast = false;
  #mode: Mode = "plain";
  #tag: Buffer = Buffer.alloc(0);
  #commentDepth = 0;
  #parens = 0;
  #blocks = 0;
  #words: string[] = [];
  /** The word or number that ends where the scan is. */
  #run = "";
  #isBehindString = false;

  /** Goes on from `from`; `isLast`: no byte comes behind this source, so that nothing is waited for. */
  scan(source: Buffer, from: number, isLast: boolean): Scanned {
    this.#source = source;
    this.#at = from;
    this.#isLast = isLast;
    while (this.#at < source.length) {
      const stop = this.#mode === "plain" ? this.#token() : this.#inside();
      if (stop !== null) return { at: this.#at, stop };
    }
    return { at: this.#at, stop: "more" };
  }

  #token(): Stop | null {
    const byte = this.#source[this.#at] ?? 0;
    if (isWordStart(byte) || isDigit(byte)) return this.#word(isDigit(byte));
    const run = this.#run;
    this.#run = "";
    if (byte === QUOTE) return this.#openQuote(run);
    if (byte === DOLLAR) return this.#openDollar(run);
    if (byte === MINUS || byte === SLASH) return this.#openComment(byte);
    if (!isSpace(byte)) this.#isBehindString = false;
    if (byte === BACKSLASH) return "command";
    this.#at += 1;
    if (byte === DOUBLE) this.#mode = "identifier";
    if (byte === OPEN) this.#parens += 1;
    if (byte === CLOSE && this.#parens > 0) this.#parens -= 1;
    if (byte !== SEMICOLON || this.#parens > 0 || this.#blocks > 0) return null;
    this.#parens = 0;
    this.#words = [];
    return "end";
  }

  #word(isNumber: boolean): Stop | null {
    let end = this.#at + 1;
    const source = this.#source;
    while (end < source.length && isWordPart(source[end] ?? 0, isNumber)) end += 1;
    if (end === source.length && !this.#isLast) return "more";
    this.#run = source.toString("latin1", this.#at, Math.min(end, this.#at + 64)).toLowerCase();
    this.#at = end;
    this.#isBehindString = false;
    if (!isNumber) this.#count(this.#run);
    return null;
  }

  /** psql's own way to see that the `;` in the body of an SQL function ends nothing. */
  #count(word: string): void {
    if (this.#words.length < 4) this.#words.push(word);
    if (this.#parens > 0 || !/^create( or replace)? (function|procedure)\b/.test(this.#words.join(" ")))
      return;
    if (word === "begin" || (word === "case" && this.#blocks > 0)) this.#blocks += 1;
    if (word === "end" && this.#blocks > 0) this.#blocks -= 1;
  }

  #openQuote(run: string): null {
    if (this.#isBehindString) this.#tellOdd("a string in two pieces");
    if (!/^[ebxn]?$/.test(run)) this.#tellOdd(`a quote right behind ${run}`);
    this.#mode = run === "e" ? "escape quote" : "quote";
    this.#at += 1;
    return null;
  }

  #openDollar(run: string): Stop | null {
    let end = this.#at + 1;
    const source = this.#source;
    while (end < source.length && isWordPart(source[end] ?? 0, false) && source[end] !== DOLLAR) end += 1;
    if (end === source.length && !this.#isLast) {
      this.#run = run;
      return "more";
    }
    this.#isBehindString = false;
    if (source[end] !== DOLLAR || isDigit(source[this.#at + 1] ?? 0)) {
      this.#at += 1; // a parameter, or nothing that has a meaning
      return null;
    }
    if (run !== "") this.#tellOdd(`a dollar quote right behind ${run}`);
    this.#tag = Buffer.from(source.subarray(this.#at, end + 1));
    this.#mode = "dollar";
    this.#at = end + 1;
    return null;
  }

  #openComment(byte: number): Stop | null {
    if (this.#at + 1 === this.#source.length && !this.#isLast) return "more";
    const next = this.#source[this.#at + 1];
    const isComment = byte === MINUS ? next === MINUS : next === STAR;
    if (isComment) {
      this.#mode = byte === MINUS ? "line comment" : "block comment";
      this.#commentDepth = 1;
    } else this.#isBehindString = false;
    this.#at += isComment ? 2 : 1;
    return null;
  }

  #inside(): Stop | null {
    switch (this.#mode) {
      case "quote":
        return this.#close(this.#source.indexOf(QUOTE, this.#at), QUOTE);
      case "identifier":
        return this.#close(this.#source.indexOf(DOUBLE, this.#at), DOUBLE);
      case "escape quote":
        return this.#escapes();
      case "dollar":
        return this.#dollar();
      case "line comment":
        return this.#line();
      default:
        return this.#block();
    }
  }

  /** Of a quote at `end`: two of them are one in the text. */
  #close(end: number, quote: number): Stop | null {
    if (end === -1) {
      this.#at = this.#source.length;
      return null;
    }
    this.#at = end;
    if (end + 1 === this.#source.length && !this.#isLast) return "more";
    const isDoubled = this.#source[end + 1] === quote;
    this.#at = isDoubled ? end + 2 : end + 1;
    if (isDoubled) return null;
    this.#mode = "plain";
    this.#isBehindString = quote === QUOTE;
    return null;
  }

  #escapes(): Stop | null {
    const source = this.#source;
    let at = this.#at;
    while (at < source.length && source[at] !== QUOTE && source[at] !== BACKSLASH) at += 1;
    this.#at = at;
    if (source[at] === QUOTE) return this.#close(at, QUOTE);
    if (at === source.length) return null;
    if (at + 1 === source.length && !this.#isLast) return "more";
    this.#at = Math.min(at + 2, source.length);
    return null;
  }

  #dollar(): Stop | null {
    const end = this.#source.indexOf(this.#tag, this.#at);
    if (end === -1) {
      const keep = this.#isLast ? 0 : this.#tag.length - 1;
      this.#at = Math.max(this.#at, this.#source.length - keep);
      return "more";
    }
    this.#at = end + this.#tag.length;
    this.#mode = "plain";
    return null;
  }

  /** A carriage return ends a comment, too. */
  #line(): null {
    const source = this.#source;
    let at = this.#at;
    while (at < source.length && source[at] !== LF && source[at] !== CR) at += 1;
    this.#at = at;
    if (at < source.length) this.#mode = "plain";
    return null;
  }

  #block(): Stop | null {
    const source = this.#source;
    for (let at = this.#at; at < source.length; at += 1) {
      const [byte, next] = [source[at], source[at + 1]];
      if (byte !== STAR && byte !== SLASH) continue;
      this.#at = at;
      if (next === undefined && !this.#isLast) return "more";
      const change = byte === SLASH && next === STAR ? 1 : byte === STAR && next === SLASH ? -1 : 0;
      if (change === 0) continue;
      this.#commentDepth += change;
      this.#at = at + 2;
      if (this.#commentDepth === 0) this.#mode = "plain";
      return null;
    }
    this.#at = source.length;
    return null;
  }

  #tellOdd(what: string): void {
    this.odd ??= what;
  }
}

function isWordStart(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte >= 0x80;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isWordPart(byte: number, inNumber: boolean): boolean {
  if (isWordStart(byte) || isDigit(byte)) return true;
  return inNumber ? byte === 0x2e : byte === DOLLAR;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
