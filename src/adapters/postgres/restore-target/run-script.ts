import { fail } from "../../../problems/dbops-error.ts";
import { factsOf, isLost } from "../connection-problem.ts";
import { withoutData } from "../load/without-data.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";
import { type ScriptStatement, splitScript } from "./script-statements.ts";
import { targetError } from "./target-problem.ts";

export interface Script {
  /** As people know it. */
  readonly path: string;
  readonly text: string;
}

/** As `RestoreTarget.runScript`: the whole script in one transaction of a session of its own, read to its end before anything runs. */
export async function runScript(
  access: AdminAccess,
  run: { readonly name: string; readonly script: Script },
  signal: AbortSignal,
): Promise<void> {
  const { name, script } = run;
  const statements = statementsOf(script);
  await inSession(access, name, signal, async (session, target) => {
    await session.query("BEGIN");
    const [last] = statements.slice(-1);
    for (const statement of [...statements, ...(last === undefined ? [] : [{ ...last, text: "COMMIT" }])]) {
      try {
        await session.rows(statement.text);
      } catch (error) {
        const { code, message } = factsOf(error);
        if (isLost(error) || code === "") throw targetError(error, target);
        refuse(script, lineOf(statement, error), {
          what: `${withoutData(message, code)} (${code})`,
          cause: error,
        });
      }
    }
  });
}

/** Everything in it, or a refusal of the first thing that would leave the session or the transaction. */
function statementsOf(script: Script): readonly ScriptStatement[] {
  const split = splitScript(script.text);
  if ("what" in split) return refuse(script, split, { what: split.what });
  for (const statement of split) {
    const what = escapeOf(statement.words);
    if (what !== null) refuse(script, { line: statement.line, column: 1 }, { what });
  }
  return split;
}

function escapeOf(words: readonly string[]): string | null {
  const [first = "", second = ""] = words;
  if (first === "COPY") {
    const end = words.find((word, at) => /^(FROM|TO)$/.test(words[at - 1] ?? "") && OUTSIDE.has(word));
    return end === undefined ? null : `COPY with ${end}, which leaves the session`;
  }
  const ends =
    /^(BEGIN|START|COMMIT|END|ABORT)$/.test(first) ||
    (first === "ROLLBACK" && !words.includes("TO")) ||
    (first === "PREPARE" && second === "TRANSACTION");
  return ends ? `${first}, but a script is one transaction, which dbops begins and ends` : null;
}

const OUTSIDE = new Set(["PROGRAM", "STDIN", "STDOUT"]);

/** The line of the fault where the server names a position in the statement, else that of the statement. */
function lineOf(
  statement: ScriptStatement,
  error: unknown,
): { readonly line: number; readonly column: number } {
  const position = typeof error === "object" && error !== null && "position" in error ? error.position : 1;
  const before = [...statement.text].slice(0, Number(position) - 1).join("");
  return { line: statement.line + before.split("\n").length - 1, column: 1 };
}

function refuse(
  script: Script,
  place: { readonly line: number; readonly column: number },
  why: { readonly what: string; readonly cause?: unknown },
): never {
  return fail("RESTORE_FAILED", why.what, {
    where: { file: script.path, line: place.line, column: place.column },
    fix: `correct line ${place.line} of ${script.path}, and plan the restore again`,
    cause: why.cause,
  });
}
