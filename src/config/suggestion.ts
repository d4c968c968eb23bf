/** The candidate that was probably meant, or null when none is near; ties go to the first in code unit order. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word);
  const ranked = [...candidates]
    .map((name) => ({ name, distance: distance(wanted, plain(name)) }))
    .filter((one) => one.distance <= allowance(wanted.length, plain(one.name).length))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return ranked[0]?.name ?? null;
}

/** `; did you mean NAME?` to end a sentence with, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const name = nearest(word, candidates);
  return name === null ? "" : `; did you mean ${name}?`;
}

function plain(word: string): string {
  return word.slice(0, 64).toLowerCase().replaceAll(/[-_ ]/g, "");
}

function allowance(length: number, other: number): number {
  const shorter = Math.min(length, other);
  if (shorter <= 1) return 0;
  return shorter <= 5 ? 1 : Math.floor(shorter / 3);
}

/** Insertions, deletions, substitutions and swaps of neighbours, each counting one (optimal string alignment). */
function distance(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const replaced = at(last, column - 1) + (same ? 0 : 1);
      const best = Math.min(replaced, at(last, column) + 1, at(next, column - 1) + 1);
      next.push(swapped ? Math.min(best, at(before, column - 2) + 1) : best);
    }
    before = last;
    last = next;
  }
  return at(last, other.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
