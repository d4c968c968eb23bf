import { fail } from "../problems/dbops-error.ts";

/** `plan E` without an operation. */
const CONVERGE = "";
const LOOKING = [CONVERGE, "backup", "verify", "prune", "release"];

/** Options that not every operation takes, by commander's name for them; a new operation takes none of them by itself. */
const OWN_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  observed: LOOKING,
  target: LOOKING,
  except: LOOKING,
  allowLargePrune: [CONVERGE, "prune"],
  discard: [CONVERGE],
  deep: [CONVERGE, "backup", "verify"],
  label: ["backup"],
  hold: ["backup"],
  store: ["backup", "restore"],
  orphan: ["prune"],
  database: ["restore"],
  at: ["restore"],
  file: ["restore"],
  from: ["restore"],
  into: ["restore"],
  inPlace: ["restore"],
  safety: ["restore"],
  schema: ["restore"],
  acceptSlotLoss: ["restore"],
  tolerate: ["restore"],
  tablespaces: ["restore"],
  jobs: ["restore"],
};

/** Options that begin with `--no-`: commander has them without it, true until they are given. */
const NEGATED = new Set(["tablespaces"]);

/** USAGE where an option is given that means nothing to this operation; null: none is named. */
export function refuseForeignOptions(operation: string | null, options: object): void {
  const known = new Set(Object.values(OWN_OPTIONS).flat());
  if (!known.has(operation ?? CONVERGE)) return; // that is what is wrong
  const given = new Map(Object.entries(options));
  for (const [name, owners] of Object.entries(OWN_OPTIONS)) {
    const value: unknown = given.get(name);
    const isGiven = NEGATED.has(name) ? value === false : value !== undefined && value !== false;
    if (isGiven && !owners.includes(operation ?? CONVERGE)) refuse(name, owners, operation);
  }
}

function refuse(name: string, owners: readonly string[], operation: string | null): never {
  const named = owners.map((one) => (one === CONVERGE ? "plan without an operation" : `plan ${one}`));
  const flag = `--${NEGATED.has(name) ? "no-" : ""}${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const here = operation === null ? "plan without an operation" : `plan ${operation}`;
  fail("USAGE", `${flag} belongs to ${named.join(" and ")}, not to ${here}`, { fix: "dbops plan --help" });
}
