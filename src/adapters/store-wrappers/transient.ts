/**
 * True when the same call may succeed a moment later: the connection was lost, or the server said that it is busy.
 * Looks at the error and at what caused it: adapters keep the original error as the cause of a Problem.
 */
export function isTransient(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code, name, status } = marksOf(one);
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

function marksOf(error: Error): { code: string; name: string; status: number | null } {
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: unknown } }; // read as unknown, checked below
  return {
    code: typeof code === "string" ? code : "",
    name: error.name,
    status: typeof $metadata?.httpStatusCode === "number" ? $metadata.httpStatusCode : null,
  };
}
