import type { ErrorObject } from "ajv";
import { type Finding, isAtOrBelow, isSamePath, type Path, placeOf, shown } from "./finding.ts";
import { notYet } from "./not-yet.ts";
import { homeOf, type SchemaNode, schemaErrors } from "./schema.ts";
import { didYouMean, nearest } from "./suggestion.ts";
import { isSecretSource, secretHelp, wrongValue } from "./wrong-value.ts";

/** What the schema finds wrong with a file, one finding for one mistake; none: it is an EnvironmentFile. */
export function schemaFindings(value: unknown): readonly Finding[] {
  const faults = schemaErrors(value)
    .filter((error) => error.propertyName === undefined) // what `propertyNames` says again
    .map((error) => ({ error, path: pathOf(error.instancePath, value) }));
  return faults
    .filter((one) => !isEcho(one, faults) && !isMisspelt(one, faults) && !isTyped(one, faults))
    .map(({ error, path }) => findingOf(error, path));
}

interface Fault {
  readonly error: ErrorObject;
  readonly path: Path;
}

/**
 * A value that may be one of several things (a word or a map) fails each of them: where it is a map, what is wrong
 * inside it is the mistake; otherwise the choice itself is.
 */
function isEcho(fault: Fault, all: readonly Fault[]): boolean {
  const choices = all.filter((one) => one.error.keyword === "anyOf" && isAtOrBelow(fault.path, one.path));
  return choices.some((choice) => {
    const inside = all.some((one) => isAtOrBelow(one.path, choice.path) && !isMismatch(one, choice));
    return isMismatch(fault, choice) && (fault !== choice || inside);
  });
}

/** A key that is missing because it is there with a typing mistake, or because what stands in its place comes later. */
function isMisspelt(fault: Fault, all: readonly Fault[]): boolean {
  if (fault.error.keyword !== "required") return false;
  const missing = String(fault.error.params["missingProperty"]);
  return all.some(({ error, path }) => {
    if (error.keyword !== "additionalProperties" || !isSamePath(path, fault.path)) return false;
    const key = String(error.params["additionalProperty"]);
    return notYet(key) !== null || nearest(key, knownKeys(error)) === missing;
  });
}

/** A value that is of the wrong type is not one of the allowed ones either. */
function isTyped(fault: Fault, all: readonly Fault[]): boolean {
  const said = ["const", "enum"];
  if (fault.error.keyword !== "type") return false;
  return all.some(({ error, path }) => said.includes(error.keyword) && isSamePath(path, fault.path));
}

function knownKeys(error: ErrorObject): readonly string[] {
  return Object.keys(schemaOf(error).properties ?? {});
}

/** `as`: verbose errors carry the schema they come from, and ours is generated from types. */
function schemaOf(error: ErrorObject): SchemaNode {
  return (error.parentSchema ?? {}) as SchemaNode;
}

function isMismatch(fault: Fault, choice: Fault): boolean {
  const keywords = ["anyOf", "type", "const", "enum"];
  return isSamePath(fault.path, choice.path) && keywords.includes(fault.error.keyword);
}

function findingOf(error: ErrorObject, path: Path): Finding {
  const schema = schemaOf(error);
  const place = placeOf(path);
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(path, String(error.params["additionalProperty"]), schema);
    case "required": {
      const key = String(error.params["missingProperty"]);
      const help = schema.properties?.[key]?.description;
      return {
        path,
        at: "key",
        detail: `${place} lacks the key ${key}${help === undefined ? "" : `: ${help}`}`,
      };
    }
    case "propertyNames":
      return badName(path, String(error.params["propertyName"]));
    case "minProperties":
    case "maxProperties":
      return wrongCount(path, schema, error.data);
    case "minItems":
    case "minLength":
      return { path, at: "value", detail: `${place} must not be empty` };
    case "uniqueItems":
      return { path, at: "value", detail: `${place} has one entry twice` };
    case "minimum":
    case "maximum":
      return { path, at: "value", detail: `${place} is ${shown(error.data)}; it must be ${limitOf(error)}` };
    default:
      return wrongValue(error, path, schema);
  }
}

function unknownKey(parent: Path, key: string, schema: SchemaNode): Finding {
  const known = Object.keys(schema.properties ?? {});
  const path = [...parent, key];
  const later = notYet(key);
  if (later !== null) return { path, at: "key", detail: `${placeOf(path)}: ${later}` };
  const meant = nearest(key, known);
  if (isSecretSource(schema) && meant === null)
    return { path: parent, at: "value", detail: secretHelp(parent) };
  const home = meant === null ? homeOf(key) : null;
  const hint = home === null ? didYouMean(key, known) : `; it belongs in ${home}`;
  return { path, at: "key", detail: `${placeOf(path)}: unknown key${hint}` };
}

function badName(parent: Path, key: string): Finding {
  const path = [...parent, key];
  const rule =
    "a name has lower-case letters, digits, _ and -, starts with a letter or digit, at most 41 characters";
  return { path, at: "key", detail: `${placeOf(path)}: this name is not valid: ${rule}` };
}

function wrongCount(path: Path, schema: SchemaNode, data: unknown): Finding {
  const place = placeOf(path);
  const given = Object.keys(typeof data === "object" && data !== null ? data : {});
  if (schema.maxProperties !== 1) return { path, at: "key", detail: `${place} must not be empty` };
  const choices = Object.keys(schema.properties ?? {});
  const what = choices.length === 0 ? "one name" : `one of ${choices.join(", ")}`;
  const had = given.length === 0 ? "none" : `${given.length} keys`;
  return { path, at: "key", detail: `${place} must have ${what}; it has ${had}` };
}

function limitOf(error: ErrorObject): string {
  const limit = String(error.params["limit"]);
  return error.keyword === "minimum" ? `${limit} or more` : `${limit} or less`;
}

/** JSON pointer to path; a part that is an index of a list becomes a number. */
function pathOf(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(value) ? Number(key) : key);
    value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  }
  return path;
}
