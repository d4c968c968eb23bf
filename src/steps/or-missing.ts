import { DbopsError } from "../problems/dbops-error.ts";

/** What a reading gives; OBJECT_MISSING, which a store says without knowing what for, gets the next thing to do. */
export async function orMissing<T>(fix: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DbopsError) || !error.is("OBJECT_MISSING")) throw error;
    throw new DbopsError(
      error.problems.map((one) => ({ fix, ...one })),
      error,
    );
  }
}
