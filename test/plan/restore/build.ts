import type { RestoreRequest } from "../../../src/model/plan.ts";

/** `plan production restore --at latest`, and what else was asked. */
export function restoreRequest(more: Partial<RestoreRequest> = {}): RestoreRequest {
  return {
    operation: "restore",
    database: null,
    point: { at: "latest" },
    from: null,
    store: null,
    into: null,
    inPlace: false,
    safetyBefore: false,
    keepSchema: false,
    acceptSlotLoss: false,
    tolerate: [],
    jobs: null,
    ...more,
  };
}
