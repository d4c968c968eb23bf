/** Where a value is not what it must be, and why; the first of them. */
export interface Fault {
  readonly path: readonly (string | number)[];
  readonly detail: string;
}

/** Looks at a value from outside; null: it is as it must be. */
export type Shape = (value: unknown) => Fault | null;

/** The keys of a type, all of them, so that a new member cannot be forgotten where its shape is written. */
export type Members<T> = T extends unknown
  ? { readonly [K in keyof T as undefined extends T[K] ? `${K & string}?` : K]-?: Shape }
  : never;

const HERE = (detail: string): Fault => ({ path: [], detail });

export const text: Shape = (value) => (typeof value === "string" ? null : HERE("must be text"));

export const count: Shape = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? null
    : HERE("must be a whole number, 0 or more");

export const flag: Shape = (value) => (typeof value === "boolean" ? null : HERE("must be true or false"));

/** An instant in UTC. */
export const instant: Shape = (value) =>
  typeof value === "string" &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value))
    ? null
    : HERE("must be an instant such as 2026-11-24T01:00:00.000Z");

/** SHA-256 in lower-case hex. */
export const digest: Shape = (value) =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? null : HERE("must be a SHA-256 in hex");

/** One of some plain values. */
export function oneOf(...values: readonly (string | boolean | number)[]): Shape {
  return (value) =>
    values.some((one) => one === value)
      ? null
      : HERE(`must be ${values.join(", ").replace(/, ([^,]*)$/, " or $1")}`);
}

export function nullable(shape: Shape): Shape {
  return (value) => (value === null ? null : shape(value));
}

export function listOf(shape: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return HERE("must be a list");
    for (const [index, item] of value.entries()) {
      const fault = shape(item);
      if (fault !== null) return { ...fault, path: [index, ...fault.path] };
    }
    return null;
  };
}

/** Any keys, each with this shape. */
export function recordOf(shape: Shape): Shape {
  return (value) => {
    if (!isRecord(value)) return HERE("must have keys");
    return firstFault(Object.entries(value).map(([key, member]) => [key, shape, member]));
  };
}

/** Exactly these keys, those with a `?` at the end may be missing. */
export function object(members: Readonly<Record<string, Shape>>): Shape {
  const shapes = new Map(Object.entries(members).map(([key, shape]) => [key.replace(/\?$/, ""), shape]));
  const needed = Object.keys(members).filter((key) => !key.endsWith("?"));
  return (value) => {
    if (!isRecord(value)) return HERE(`must have the keys ${needed.join(", ")}`);
    const missing = needed.find((key) => !Object.hasOwn(value, key));
    if (missing !== undefined) return HERE(`the key ${missing} is missing`);
    return firstFault(
      Object.entries(value).map(([key, member]) => [key, shapes.get(key) ?? unknownKey, member]),
    );
  };
}

/** At least these keys; what else is there was written by a later dbops and is not looked at. */
export function having(members: Readonly<Record<string, Shape>>): Shape {
  return (value) => {
    if (!isRecord(value)) return HERE(`must have the keys ${Object.keys(members).join(", ")}`);
    return firstFault(Object.entries(members).map(([key, shape]) => [key, shape, value[key]]));
  };
}

/** The objects of a variant, each by its members. */
export function objectsOf(
  members: Readonly<Record<string, Readonly<Record<string, Shape>>>>,
): Readonly<Record<string, Shape>> {
  return Object.fromEntries(Object.entries(members).map(([name, one]) => [name, object(one)]));
}

/** One of several objects, told apart by the value of one key. */
export function variant(key: string, shapes: Readonly<Record<string, Shape>>): Shape {
  const known = oneOf(...Object.keys(shapes));
  return (value) => {
    if (!isRecord(value)) return HERE(`must have the key ${key}`);
    const name = value[key];
    const shape = typeof name === "string" && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (shape !== undefined) return shape(value);
    return { path: Object.hasOwn(value, key) ? [key] : [], detail: known(name)?.detail ?? "" };
  };
}

/** One of several shapes; what is wrong is said in words of its own. */
export function eitherOf(detail: string, ...shapes: readonly Shape[]): Shape {
  return (value) => (shapes.some((shape) => shape(value) === null) ? null : HERE(detail));
}

/** `stores.primary.listings.app.backups[2].at`. */
export function renderPath(path: Fault["path"]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${part}`))
    .join("");
}

const unknownKey: Shape = () => HERE("is no key that this version of dbops knows");

function firstFault(members: readonly (readonly [string, Shape, unknown])[]): Fault | null {
  for (const [key, shape, member] of members) {
    const fault = shape(member);
    if (fault !== null) return { ...fault, path: [key, ...fault.path] };
  }
  return null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
