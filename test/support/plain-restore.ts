import type { RestorePolicy } from "../../src/model/environment.ts";

/** The restore policy of a database whose file says nothing of one. */
export const PLAIN_RESTORE: RestorePolicy = {
  jobs: 2,
  graceMs: 7 * 86_400_000,
  sanitize: [],
  checks: [],
  health: [],
  platform: null,
};
