import { untilData, withoutData } from "../load/without-data.ts";
import { stderrLines } from "../stderr-lines.ts";

/** Reads the stderr of psql (`VERBOSITY=verbose`, `SHOW_CONTEXT=never`) as it comes; first lines only, without values. */
export interface PsqlMessages {
  add(chunk: Buffer): void;
  /** Call after the stream ended. */
  finish(): PsqlSaid;
}

export interface PsqlSaid {
  /** The first error that it told of; null: none. */
  readonly refusal: { readonly message: string; readonly sqlstate: string | null } | null;
  readonly warnings: readonly string[];
}

const MAX_LINE = 16 * 1024;
const MAX_SHOWN = 500;
const MAX_WARNINGS = 50;

export function readPsqlMessages(): PsqlMessages {
  let refusal: PsqlSaid["refusal"] = null;
  const warnings: string[] = [];
  const take = (line: string): void => {
    const own = /^psql(?::<stdin>:\d+)?: (.*)$/s.exec(line)?.[1];
    if (own === undefined) return; // DETAIL, HINT, LOCATION, the rest of a message
    const [, level, sqlstate = null, text = own] = LEVEL.exec(own) ?? [];
    const said = level === undefined ? untilData(text.trim()) : withoutData(text.trim(), sqlstate);
    const message = said.slice(0, MAX_SHOWN);
    if (level === undefined || /^(ERROR|FATAL|PANIC)$/.test(level)) refusal ??= { message, sqlstate };
    else if (level === "WARNING" && warnings.length < MAX_WARNINGS) warnings.push(message);
  };
  const lines = stderrLines(MAX_LINE, take);
  return {
    add: lines.add,
    finish: () => {
      lines.finish();
      return { refusal, warnings };
    },
  };
}

const LEVEL = /^([A-Z]+\d?): {2}(?:([0-9A-Z]{5}): )?(.*)$/s;
