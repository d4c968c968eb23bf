import { importsOf, resolve, SDK } from "./imports.ts";
import type { Source } from "./source.ts";

/**
 * How a file comes to load an SDK the moment that it is loaded itself: one chain of paths for each SDK and importer,
 * ending with the package. What is behind import() or is only a type costs nothing at the start.
 */
export function sdksLoadedWith(entry: string, sources: readonly Source[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const chains: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string, chain: readonly string[]): void => {
    const source = byPath.get(path);
    if (source === undefined || seen.has(path)) return;
    seen.add(path);
    for (const one of importsOf(source)) {
      if (one.lazy || one.typeOnly) continue;
      const next = resolve(source, one.target);
      if (next !== null) visit(next, [...chain, next]);
      else if (SDK.test(one.target)) chains.push([...chain, one.target].join(" → "));
    }
  };
  visit(entry, [entry]);
  return chains.sort();
}
