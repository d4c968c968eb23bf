/**
 * What stands in pg_dumpall's output, in the order in which one can hide another: a comment, a string (with backslashes only
 * where an E is in front), a statement that makes a role, a quoted name.
 */
const TOKENS =
  /--[^\n]*|\bE'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|^CREATE ROLE (?<role>"(?:[^"]|"")*"|[^\s;"']+);|"(?:[^"]|"")*"/gms;

/** Names of the roles that the output of `pg_dumpall --globals-only` makes, without quotes, sorted. */
export function roleNamesIn(globals: string): readonly string[] {
  const names = [...globals.matchAll(TOKENS)].flatMap((one) => one.groups?.["role"] ?? []);
  return [...new Set(names.map(unquoted))].sort();
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
