import type { ErrorObject } from "ajv";
import { nearestDuration } from "./duration.ts";
import { type Finding, type Path, placeOf, shown } from "./finding.ts";
import { notYet } from "./not-yet.ts";
import type { SchemaNode } from "./schema.ts";
import { didYouMean } from "./suggestion.ts";

/** The finding for a value of the wrong type, form or choice, with what was probably meant. */
export function wrongValue(error: ErrorObject, path: Path, schema: SchemaNode): Finding {
  const place = placeOf(path);
  const later = notYet(String(path.at(-1) ?? ""));
  if (later !== null) return { path, at: "value", detail: `${place}: ${later}` };
  if (isSecretSource(schema)) return { path, at: "value", detail: secretHelp(path), fix: secretFix(path) };
  if (error.data === null) return { path, at: "key", detail: `${place} has no value` };
  if (error.schemaPath.includes("/VariableName/")) {
    return {
      path,
      at: "value",
      detail: `${place} is not the name of an environment variable: letters, digits and _, not starting with a digit`,
    };
  }
  if (error.schemaPath.includes("/DurationText/")) {
    const meant = nearestDuration(error.data);
    const hint = meant === null ? "" : `; did you mean ${meant}?`;
    return {
      path,
      at: "value",
      detail: `${place}: ${shown(error.data)} is no duration${hint === "" ? "." : hint} ${help(schema)}`,
    };
  }
  const options = optionsOf(error, schema);
  if (options.length > 0) return wrongChoice(error, path, options);
  if (error.keyword === "pattern") {
    return { path, at: "value", detail: `${place}: ${shown(error.data)} is not valid. ${help(schema)}` };
  }
  return wrongType(error, path);
}

function wrongChoice(error: ErrorObject, path: Path, options: readonly string[]): Finding {
  const data: unknown = error.data;
  // Where a map may stand (encryption), a text could be the secret that belongs into it.
  const given = typeof data === "object" || error.keyword === "anyOf" ? "this" : shown(data);
  const hint = typeof data === "string" ? didYouMean(data, options) : "";
  const rule = options.length === 1 ? `it must be ${options[0]}` : `it must be one of ${options.join(", ")}`;
  return { path, at: "value", detail: `${placeOf(path)}: ${given} is not known; ${rule}${hint}` };
}

function wrongType(error: ErrorObject, path: Path): Finding {
  const type = String(error.params["type"]);
  const given = nounOf(error.data);
  return {
    path,
    at: "value",
    detail: `${placeOf(path)} must be ${NOUNS[type] ?? type}; it is ${given}${typeHint(type, error.data)}`,
  };
}

const NOUNS: Readonly<Record<string, string>> = {
  string: "text",
  object: "a map of keys",
  array: "a list",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function nounOf(data: unknown): string {
  if (Array.isArray(data)) return "a list";
  if (typeof data === "number") return Number.isInteger(data) ? "a number" : "a number with a fraction";
  return NOUNS[typeof data] ?? "something else";
}

function typeHint(type: string, data: unknown): string {
  if (type === "boolean" && typeof data === "string") {
    if (/^(yes|on|true|y)$/i.test(data)) return "; did you mean true?";
    if (/^(no|off|false|n)$/i.test(data)) return "; did you mean false?";
  }
  if (type === "string" && typeof data !== "object") return "; put it in quotes";
  if ((type === "integer" || type === "number") && typeof data === "string" && /^\d+$/.test(data))
    return "; leave out the quotes";
  if (type === "array") return "; put it in [ ]";
  return "";
}

function optionsOf(error: ErrorObject, schema: SchemaNode): readonly string[] {
  const allowed: unknown = error.params["allowedValues"] ?? [error.params["allowedValue"]];
  if (error.keyword === "enum" || error.keyword === "const") return [allowed].flat().map(String);
  if (error.keyword !== "anyOf") return [];
  return (schema.anyOf ?? []).map((one) => {
    const word = one.const === undefined ? null : String(one.const);
    return (
      word ??
      (one.$ref === undefined ? "a name" : SHAPES[one.$ref.split("/").at(-1) ?? ""]) ??
      "a map of keys"
    );
  });
}

const SHAPES: Readonly<Record<string, string>> = {
  CompressionInFile: "{ zstd: LEVEL }, { gzip: LEVEL }",
  EncryptionInFile: "{ age: … }, { openssl: … }",
  StoreOverrides: "{ NAME: { retention: … } }",
};

function help(schema: SchemaNode): string {
  return schema.description ?? "";
}

/** True for the schema of a secret's source, whose faulty values must not be repeated. */
export function isSecretSource(schema: SchemaNode): boolean {
  return schema.properties?.["env"] !== undefined && schema.properties["command"] !== undefined;
}

/** What to write where a secret is needed. */
export function secretHelp(path: Path): string {
  return `${placeOf(path)} must say where the secret is kept, { env: NAME }, { file: PATH } or { command: [PROGRAM, …] }; the secret itself never stands in this file`;
}

function secretFix(path: Path): string {
  const key = typeof path.at(-1) === "string" ? String(path.at(-1)) : "file";
  return `write ${key}: { env: NAME } and export NAME where dbops runs; a secret that was committed must be changed`;
}
