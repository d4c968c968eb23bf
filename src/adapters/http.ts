import type { Http } from "../ports/http.ts";
import { fail } from "../problems/dbops-error.ts";

const LIMIT_MS = 15_000;

/** Node's own fetch; each question has 15 s. `pauseMs` as in `Http`. */
export function http(pauseMs: number): Http {
  return {
    pauseMs,
    async status(url, signal) {
      try {
        const limit = AbortSignal.timeout(LIMIT_MS);
        const answer = await fetch(url, { signal: AbortSignal.any([signal, limit]) });
        await answer.body?.cancel();
        return answer.status;
      } catch (error) {
        signal.throwIfAborted();
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        const why = cause instanceof Error ? cause.message : String(cause);
        return fail("HTTP_UNREACHABLE", `${url}: ${why}`, { fix: `curl -sS -i ${url}`, cause: error });
      }
    },
  };
}
