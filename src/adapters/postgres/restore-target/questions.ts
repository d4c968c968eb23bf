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

/** As `RestoreTarget.analyze`. */
export function analyze(access: AdminAccess, name: string, signal: AbortSignal): Promise<void> {
  return inSession(access, name, signal, async (session, target) => {
    await session.query("SET search_path = ''"); // as autovacuum does
    const beside = await session.query<{ name: string }>(BESIDE_ASIDE);
    const statements = beside.length === 0 ? ["ANALYZE"] : beside.map((one) => `ANALYZE ${one.name}`);
    for (const sql of statements)
      await session.query(sql).catch((error: unknown) => {
        const { code, message } = factsOf(error);
        if (!/^42(?!501)/.test(code)) throw targetError(error, target);
        // no bug in dbops: indexes and statistics of expressions call functions of the database
        fail(
          "RESTORE_FAILED",
          `${name} at ${target.endpoint}: ANALYZE: ${withoutData(message, code)} (${code})`,
          {
            fix: `correct in ${name} the function that an index or statistics of an expression calls, then apply again`,
            cause: error,
          },
        );
      });
  });
}

/** All tables but those that a restore in place moved aside; none where there are no such: ANALYZE takes all. */
const BESIDE_ASIDE = `
  WITH aside AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^dbops_[0-9a-f]{8}_(old|part)_')
  SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE EXISTS (SELECT FROM aside) AND n.oid NOT IN (SELECT oid FROM aside)
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'm')
    AND c.relpersistence <> 't' AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
  ORDER BY c.oid`;

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
