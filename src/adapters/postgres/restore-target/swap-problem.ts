import type { Swap } from "../../../ports/restore-target.ts";
import { DbopsError } from "../../../problems/dbops-error.ts";
import { problem } from "../../../problems/problem.ts";
import { factsOf } from "../connection-problem.ts";
import type { Change } from "./carry-over.ts";
import type { Holder } from "./database-holders.ts";

/** The session is gone; nothing says how far its transaction came. */
export function isLost(error: unknown): boolean {
  if (error instanceof DbopsError) return false;
  const { code, message } = factsOf(error);
  if (/^(08...|57P0[1-5]|25P0[34])$/.test(code)) return true;
  return /^E[A-Z]{3,}$/.test(code) || (code === "" && /connection|socket/i.test(message));
}

/** Somebody was in the way; the transaction is rolled back and worth another try. */
export function isPassing(error: unknown): boolean {
  const { code, message } = factsOf(error);
  return PASSING.has(code) || (code === "XX000" && message.startsWith("tuple concurrently"));
}

/** In use, lock or statement took too long, deadlock, serialization; a name that came or went is looked at again. */
const PASSING = new Set(["55006", "55P03", "57014", "40P01", "40001", "42P04", "23505", "3D000"]);

/** What the server refused. Never DETAIL or CONTEXT, and no message that can quote the value of a setting. */
export function refused(error: unknown, { what, fix, isHushed }: Change): DbopsError {
  const { code, message } = factsOf(error);
  const said = isHushed && code !== "42501" ? `the server refuses it (${code})` : `${message} (${code})`;
  const role =
    code === "42704" && !isHushed ? "CREATE ROLE, as in the backup's globals, then apply again" : fix;
  return swapFailed(`it cannot ${what}: ${said}`, role, error);
}

/** What ended a transaction for no reason that is known; a statement that the server does not understand is a bug, and stays as it is. */
export function failedBy(error: unknown): unknown {
  const { code, message } = factsOf(error);
  if (error instanceof DbopsError || code === "" || /^42(?!501)/.test(code)) return error;
  return swapFailed(`${message} (${code})`, "look into the server's log, then apply again", error);
}

/** Holders that dbops may not or cannot end, or that came back until the time was over. */
export function heldBy(swap: Swap, holders: readonly Holder[]): DbopsError {
  const stubborn = holders.filter((one) => !one.isEndable);
  const shown = (stubborn.length > 0 ? stubborn : holders).slice(0, SHOWN);
  if (shown.length === 0)
    return swapFailed(
      `${swap.live} and ${swap.side.name} were in use whenever it was tried`,
      "stop the programs that connect to them, then apply again",
    );
  const more = holders.length > shown.length ? `, and ${holders.length - shown.length} more` : "";
  const how = stubborn.length > 0 ? "held by" : "clients connect as fast as they are ended:";
  return swapFailed(`${how} ${shown.map((one) => one.text).join("; ")}${more}`, shown[0]?.fix);
}

const SHOWN = 5;

/** Nothing was renamed. */
export function swapFailed(detail: string, fix: string | undefined, cause?: unknown): DbopsError {
  return new DbopsError([problem("SWAP_FAILED", `${detail}; nothing was renamed`, { fix })], cause);
}
