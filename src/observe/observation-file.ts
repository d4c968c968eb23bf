import { canonicalJson } from "../model/canonical.ts";
import type { Observation } from "../model/observation.ts";
import { fail } from "../problems/dbops-error.ts";

/** The observation as a file: JSON, sorted, without secrets, so that a plan can be made elsewhere. */
export function renderObservation(observation: Observation): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(observation)), null, 2)}\n`;
}

/** Parses what `renderObservation` wrote; throws USAGE for anything else. */
export function parseObservation(text: string, file: string): Observation {
  try {
    const value: unknown = JSON.parse(text);
    if (isObservation(value)) return value;
  } catch {
    // the same error as for any other text
  }
  return fail("USAGE", `${file} is no observation of this version of dbops`, {
    fix: "dbops observe ENVIRONMENT --out FILE",
  });
}

function isObservation(value: unknown): value is Observation {
  if (typeof value !== "object" || value === null) return false;
  const observation = value as Partial<Observation>; // the members that planning starts from are checked
  return (
    observation.formatVersion === 1 &&
    typeof observation.environment === "string" &&
    !Number.isNaN(Date.parse(observation.observedAt ?? "")) &&
    isStated(observation.stores) &&
    isStated(observation.databases)
  );
}

function isStated(group: unknown): boolean {
  if (typeof group !== "object" || group === null) return false;
  return Object.values(group).every(
    (one) => typeof one === "object" && one !== null && "state" in one && typeof one.state === "string",
  );
}
