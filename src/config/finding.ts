import { isPlainSecret } from "./plain-secret.ts";

/** The way to a value in an environment file: keys, and positions in lists counted from 0. */
export type Path = readonly (string | number)[];

/** Something wrong at a place of the file; `at` says whether the key or its value is to be looked at. */
export interface Finding {
  readonly path: Path;
  readonly at: "key" | "value";
  readonly detail: string;
  readonly fix?: string;
}

/** `databases.trading_signals.backup.stores[1]`, as people name a place; `the file` for the whole. */
export function placeOf(path: Path): string {
  if (path.length === 0) return "the file";
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${shownKey(part)}`,
    )
    .join("");
}

/** A value as a message may show it: shortened, and never one that looks like a secret. */
export function shown(value: unknown): string {
  if (typeof value === "string" && isPlainSecret(value)) return "(not shown)";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** True when both name the same place. */
export function isSamePath(one: Path, other: Path): boolean {
  return one.length === other.length && isAtOrBelow(one, other);
}

/** True when `path` is `root` or a place inside it. */
export function isAtOrBelow(path: Path, root: Path): boolean {
  return root.every((part, index) => path[index] === part);
}

function shownKey(key: string): string {
  if (isPlainSecret(key)) return "(not shown)";
  return /^[^\s"'.:[\]{}]{1,60}$/.test(key) ? key : shown(key);
}
