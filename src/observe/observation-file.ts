import { canonicalJson } from "../model/canonical.ts";
import type { Observation } from "../model/observation.ts";
import { observationFault } from "../model/observation-shape.ts";
import { renderPath } from "../model/shape.ts";
import { fail } from "../problems/dbops-error.ts";

/** The observation as a file: JSON, sorted, without secrets, so that a plan can be made elsewhere. */
export function renderObservation(observation: Observation): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(observation)), null, 2)}\n`;
}

/** Parses what `renderObservation` wrote; throws USAGE with the first place that is wrong in anything else. */
export function parseObservation(text: string, file: string): Observation {
  const value = parseJson(text);
  const fault = value === undefined ? { path: [], detail: "is no JSON" } : observationFault(value);
  if (fault === null) return value as Observation; // observationFault has looked at every member
  const wrong = `${renderPath(fault.path)} ${fault.detail}`.trim();
  return fail("USAGE", `${file} is no observation of this version of dbops: ${wrong}`, {
    fix: "dbops observe ENVIRONMENT --out FILE",
  });
}

/** undefined: the text is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
