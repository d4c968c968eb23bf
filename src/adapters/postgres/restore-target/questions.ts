import type { DetailTable } from "../../../model/archive-contents.ts";
import { fail } from "../../../problems/dbops-error.ts";
import { factsOf, isLost } from "../connection-problem.ts";
import { TABLES } from "../detail.ts";
import { withoutData } from "../load/without-data.ts";
import type { Session } from "../session.ts";
import type { Target } from "../target.ts";
import { type AdminAccess, inSession } from "./admin-access.ts";
import { targetError } from "./target-problem.ts";

const ANSWER_TIMEOUT_MS = 300_000;

/** As `RestoreTarget.tables`. */
export function readTables(
  access: AdminAccess,
  name: string,
  signal: AbortSignal,
): Promise<readonly DetailTable[]> {
  return inSession(access, name, signal, async (session) => {
    await beginReading(session);
    await session.query("SET LOCAL search_path = pg_catalog");
    return session.query<DetailTable>(TABLES);
  });
}

/** As `RestoreTarget.ask`. CHECK_FAILED when the answer is not one value, or the server refuses the question. */
export function ask(
  access: AdminAccess,
  question: { readonly name: string; readonly sql: string },
  signal: AbortSignal,
): Promise<unknown> {
  return inSession(access, question.name, signal, async (session, target) => {
    await beginReading(session);
    const answer = await answerTo(question.sql, session, target);
    const [row, second] = answer.rows;
    if (answer.columns !== 1) refuse(`the query gives ${answer.columns} columns, not one`);
    if (row === undefined) return refuse("the query gives no row");
    return second === undefined ? row[0] : refuse("the query gives more than one row");
  });
}

async function beginReading(session: Session): Promise<void> {
  await session.query("BEGIN READ ONLY");
  await session.query(`SET LOCAL statement_timeout = ${ANSWER_TIMEOUT_MS}`);
}

/** Through a cursor, which takes a SELECT and nothing else, and reads no more rows than it is asked for. */
async function answerTo(sql: string, session: Session, target: Target): ReturnType<Session["rows"]> {
  try {
    await session.rows(`DECLARE dbops_question NO SCROLL CURSOR FOR ${sql}`);
    return await session.rows("FETCH 2 FROM dbops_question");
  } catch (error) {
    const { code, message } = factsOf(error);
    if (isLost(error) || code === "") throw targetError(error, target);
    return refuse(
      code === "57014"
        ? "no answer within 5 minutes, or it was cancelled"
        : `${withoutData(message, code)} (${code})`,
      error,
    );
  }
}

function refuse(detail: string, cause?: unknown): never {
  return fail("CHECK_FAILED", detail, {
    fix: "a check is one SELECT that gives one row with one column; correct it, and plan again",
    cause,
  });
}
