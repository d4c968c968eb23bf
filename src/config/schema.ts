import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject, type Options } from "ajv";

/** The part of a JSON schema that messages and suggestions are made from. */
export interface SchemaNode {
  readonly $ref?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly maxProperties?: number;
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
}

/** Every way in which a value is not what the schema of environment files says; none: it is an EnvironmentFile. */
export function schemaErrors(value: unknown): readonly ErrorObject[] {
  validate ??= new Ajv(OPTIONS).compile(schema());
  validate(value);
  return validate.errors ?? [];
}

/** Where in an environment file a key of this name belongs, `databases.*.backup.retention`; null when nowhere. */
export function homeOf(key: string): string | null {
  return homesBelow(schema(), [], key).sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0] ?? null;
}

/** Made for one use at every start: whether the schema itself is a valid one is asked in a test, and faster code would take longer to make. */
const OPTIONS: Options = {
  allErrors: true,
  verbose: true,
  strict: true,
  validateSchema: false,
  code: { optimize: false },
};

let validate: ReturnType<Ajv["compile"]> | null = null;
let loaded: SchemaNode | null = null;

function schema(): SchemaNode {
  // src/ and dist/ both lie one level below the package. `as`: the file is generated, and compared in a test.
  loaded ??= JSON.parse(
    readFileSync(new URL("../../schemas/environment.schema.json", import.meta.url), "utf8"),
  ) as SchemaNode;
  return loaded;
}

function homesBelow(node: SchemaNode, path: readonly string[], key: string): string[] {
  if (path.length > 12) return []; // no file is nested that deeply
  const name = node.$ref?.split("/").at(-1);
  const target = name === undefined ? undefined : schema().definitions?.[name];
  if (target !== undefined) return homesBelow(target, path, key);
  const nested = [...(node.anyOf ?? []), ...(node.items === undefined ? [] : [node.items])];
  const homes = nested.flatMap((one) => homesBelow(one, path, key));
  if (typeof node.additionalProperties === "object") {
    homes.push(...homesBelow(node.additionalProperties, [...path, "*"], key));
  }
  for (const [property, below] of Object.entries(node.properties ?? {})) {
    if (property === key) homes.push([...path, key].join("."));
    homes.push(...homesBelow(below, [...path, property], key));
  }
  return homes;
}
