/** Cells under headings, columns two spaces apart, the last one not padded; `right` names the columns that end flush. */
export function tableText(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): readonly string[] {
  const widths = headings.map((heading, column) =>
    Math.max(width(heading), ...rows.map((row) => width(row[column] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    headings
      .map((heading, column) => {
        const cell = cells[column] ?? "";
        const gap = " ".repeat((widths[column] ?? 0) - width(cell));
        return right.includes(heading) ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd();
  return [line(headings), ...rows.map(line)];
}

function width(cell: string): number {
  return [...cell].length;
}
