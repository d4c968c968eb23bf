import { sep } from "node:path";
import type { Store } from "../model/environment.ts";

/**
 * Whether two stores share objects or one lies inside the other, so that one's retention could delete the other's
 * backups; null when they are apart. Tells what they share, for people.
 */
export function overlapOf(one: Store, other: Store): string | null {
  if (one.kind === "file" && other.kind === "file") return pathOverlap(one.path, other.path);
  if (one.kind !== "s3" || other.kind !== "s3") return null;
  if (one.bucket !== other.bucket || serverOf(one.endpoint) !== serverOf(other.endpoint)) return null;
  const prefixes = [slashed(one.prefix), slashed(other.prefix)] as const;
  if (prefixes[0] === prefixes[1]) return `the same bucket and prefix, s3://${one.bucket}/${one.prefix}`;
  const [outer, inner] = prefixes[0].length < prefixes[1].length ? prefixes : [prefixes[1], prefixes[0]];
  return inner.startsWith(outer)
    ? `the prefix s3://${one.bucket}/${inner} lies inside s3://${one.bucket}/${outer}`
    : null;
}

function pathOverlap(one: string, other: string): string | null {
  if (one === other) return `the same folder, ${one}`;
  const [outer, inner] = one.length < other.length ? [one, other] : [other, one];
  return inner.startsWith(outer.endsWith(sep) ? outer : outer + sep)
    ? `the folder ${inner} lies inside ${outer}`
    : null;
}

function slashed(prefix: string): string {
  return prefix === "" ? "" : `${prefix}/`;
}

/** Names of buckets are unique over all of Amazon, so its regional endpoints are one server. */
function serverOf(endpoint: string | null): string {
  if (endpoint === null) return "amazon";
  const url = new URL(endpoint);
  return url.hostname.endsWith(".amazonaws.com") ? "amazon" : url.host;
}
