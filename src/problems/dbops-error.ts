import { type More, type Problem, type ProblemCode, problem } from "./problem.ts";

/** The one error that dbops throws on purpose: carries every Problem found, not only the first. */
export class DbopsError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], cause?: unknown) {
    super(problems.map((one) => `${one.summary}: ${one.detail}`).join("\n"), { cause });
    this.name = "DbopsError";
    this.problems = problems;
  }

  /** True when the first problem has this code. */
  is(code: ProblemCode): boolean {
    return this.problems[0]?.code === code;
  }
}

/** Throws a DbopsError with one problem. */
export function fail(
  code: ProblemCode,
  detail: string,
  { cause, ...more }: More & { readonly cause?: unknown } = {},
): never {
  throw new DbopsError([problem(code, detail, more)], cause);
}

/**
 * The problems of any thrown value; what dbops did not throw on purpose becomes INTERNAL. A deadline that passed is the
 * world's doing: only questions to stores have one of their own.
 */
export function problemsOf(thrown: unknown): readonly Problem[] {
  if (thrown instanceof DbopsError) return thrown.problems;
  if (thrown instanceof Error && thrown.name === "TimeoutError")
    return [problem("STORE_UNREADABLE", "a store did not answer in time", { fix: "dbops doctor" })];
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return [
    problem("INTERNAL", detail, {
      fix: "please report it with the output of the same command and --verbose",
    }),
  ];
}
