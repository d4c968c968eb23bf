import { stderrLines } from "./stderr-lines.ts";

/**
 * Reads the stderr of pg_dump and pg_dumpall as it comes, in bounded memory. What is no warning is an error: the programs
 * have ended with 0 after errors before.
 */
export interface Messages {
  add(chunk: Buffer): void;
  /** Call after the stream ended. `error`: null when nothing but warnings came. */
  finish(): { readonly error: string | null; readonly warnings: readonly string[] };
}

const MAX_LINE = 64 * 1024;
const MAX_SHOWN = 500;
const MAX_WARNINGS = 50;

/** Only first lines are kept: DETAIL, CONTEXT and statements may hold personal data. */
export function readMessages(program: string): Messages {
  let previous: LineKind = "unknown";
  let error: string | null = null;
  let serverError: string | null = null;
  let more = 0;
  const warnings: string[] = [];
  const take = (line: string): void => {
    const kind = kindOf(line, program, previous);
    if (kind === "blank") return;
    const shown = line.slice(0, MAX_SHOWN);
    if (kind === "error" || kind === "unknown") error ??= shown;
    if (error !== null) serverError ??= /Error message from server: (.*)/.exec(shown)?.[1] ?? null;
    if (kind === "warning") warnings.length < MAX_WARNINGS ? warnings.push(shown) : more++;
    if (kind !== "continuation") previous = kind;
  };
  const lines = stderrLines(MAX_LINE, take);
  return {
    add: lines.add,
    finish: () => {
      lines.finish();
      const dropped = more === 0 ? [] : [`and ${more} more warnings`];
      const said = error !== null && serverError !== null && !error.includes(serverError);
      return { error: said ? `${error} ${serverError}` : error, warnings: [...warnings, ...dropped] };
    },
  };
}

type LineKind = "warning" | "error" | "continuation" | "unknown" | "blank";

function kindOf(line: string, program: string, previous: LineKind): LineKind {
  if (line.trim() === "") return "blank";
  const own = line.startsWith(`${program}: `) ? line.slice(program.length + 2) : null;
  if (own?.startsWith("warning: ") || /^(WARNING|NOTICE|INFO|LOG|DEBUG\d?): {2}/.test(line)) return "warning";
  if (own?.startsWith("error: ") || /^(ERROR|FATAL|PANIC): {2}/.test(line)) return "error";
  const explains =
    /^(detail|hint): /.test(own ?? "") || /^(DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION): {2}/.test(line);
  const follows = previous === "warning" || previous === "error";
  // up to 14, what explains a warning carries no level of its own
  return follows && (explains || (own !== null && previous === "warning")) ? "continuation" : "unknown";
}
