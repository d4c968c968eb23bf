/**
 * True when the same call may succeed a moment later: the connection was lost, or the server said that it is busy.
 * Looks at the error and at what caused it: adapters keep the original error as the cause of a Problem.
 * What an adapter has waited for in vain, more than once, is not waited for again.
 */
export function isTransient(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code, name, status, attempts } = marksOf(one);
    if (attempts > 1 && (name === "TimeoutError" || code === "ETIMEDOUT")) return false;
    if (CODES.has(code) || NAMES.has(name) || (status !== null && (status >= 500 || status === 429)))
      return true;
  }
  return false;
}

const CODES = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ESTALE",
  "ERR_STREAM_PREMATURE_CLOSE",
]);
const NAMES = new Set([
  "TimeoutError",
  "SlowDown",
  "RequestTimeout",
  "ServiceUnavailable",
  "InternalError",
  "ThrottlingException",
]);

interface Marks {
  readonly code: string;
  readonly name: string;
  readonly status: number | null;
  /** How often the adapter has tried by itself. */
  readonly attempts: number;
}

function marksOf(error: Error): Marks {
  const { code, $metadata } = error as {
    code?: unknown;
    $metadata?: { httpStatusCode?: unknown; attempts?: unknown };
  }; // read as unknown, checked below
  return {
    code: typeof code === "string" ? code : "",
    name: error.name,
    status: typeof $metadata?.httpStatusCode === "number" ? $metadata.httpStatusCode : null,
    attempts: typeof $metadata?.attempts === "number" ? $metadata.attempts : 1,
  };
}
