/** Says that something is planned but does not work yet, so that nobody looks for a typing mistake; null for all else. */
export function notYet(key: string): string | null {
  if (KEYS.includes(key)) return `${key} is not supported yet`;
  return null;
}

const KEYS = [
  "drill",
  "drills",
  "promotion",
  "promotions",
  "routes",
  "release",
  "releases",
  "registry",
  "cluster",
  "migrations",
  "notify",
  "metrics",
];
