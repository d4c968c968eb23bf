/** Says that something is planned but does not work yet, so that nobody looks for a typing mistake; null for all else. */
export function notYet(key: string, value: unknown): string | null {
  if (key === "format" && value === "sql")
    return "the format sql is read and not written; use archive, and openssl beside age for what opens the files there are";
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
