import {
  PlainDump,
  type PlainDumpFacts,
  type PlainDumpOptions,
} from "../../../src/model/plain-dump/plain-dump.ts";

export const HEADER = "--\n-- PostgreSQL database dump\n--\n\n";
export const TRAILER = "\n--\n-- PostgreSQL database dump complete\n--\n\n";

export interface Read {
  /** What psql would be given. */
  readonly sql: string;
  readonly facts: PlainDumpFacts;
}

/** A dump with this body, read in pieces of these sizes, the last size again and again. */
export function readBody(body: string, options: Partial<PlainDumpOptions> = {}, sizes = [65_536]): Read {
  return readDump(`${HEADER}${body}${TRAILER}`, options, sizes);
}

export function readDump(text: string, options: Partial<PlainDumpOptions> = {}, sizes = [65_536]): Read {
  const dump = new PlainDump({ serverMajor: 15, onForbidden: "refuse", ...options });
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[Math.min(n, sizes.length - 1)] ?? 1;
    out.push(...dump.next(Buffer.from(bytes.subarray(at, at + size))));
    at += size;
  }
  const facts = dump.end();
  return { sql: Buffer.concat(out).toString("utf8"), facts };
}

/** The code and detail it is refused with; null: it is read. */
export function refusalOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    const { problems } = error as { problems?: readonly { code: string; detail: string }[] }; // a DbopsError, or the test fails
    return problems?.map(({ code, detail }) => `${code} ${detail}`).join("; ") ?? String(error);
  }
}
