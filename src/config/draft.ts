import { type Finding, isAtOrBelow, type Path } from "./finding.ts";

/**
 * A file that may have mistakes, for the rules that go beyond the schema: each asks for the parts it needs and leaves
 * out those that the schema has already complained about, so that one round finds everything, and nothing twice.
 */
export class Draft {
  readonly #root: unknown;
  readonly #findings: readonly Finding[];

  constructor(root: unknown, findings: readonly Finding[]) {
    this.#root = root;
    this.#findings = findings;
  }

  /** The value, when it is there and the schema found nothing wrong with it or inside it; else null. */
  part<T>(path: Path): T | null {
    if (this.#findings.some((one) => isAtOrBelow(one.path, path))) return null;
    const value = this.value(path);
    // `as`: the caller names the type that the schema has at this path, and the schema accepted the value.
    return value === undefined ? null : (value as T);
  }

  /** The keys of a map as written, even where their values are faulty, sorted; none where there is no map. */
  keys(path: Path): readonly string[] {
    const value = this.value(path);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
    return Object.keys(value).sort();
  }

  /** How many entries a list has; 0 where there is no list. */
  count(path: Path): number {
    const value = this.value(path);
    return Array.isArray(value) ? value.length : 0;
  }

  /** Whatever stands there, unchecked; undefined: nothing. */
  value(path: Path): unknown {
    let value = this.#root;
    for (const part of path) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
      value = Reflect.get(value, part);
    }
    return value;
  }
}
