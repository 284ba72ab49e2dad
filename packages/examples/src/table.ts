/** Rows of cells as lines: the first `left` columns begin on the left, the others end on the right. */
export function table(rows: readonly (readonly string[])[], { left = 1 }: { left?: number } = {}): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => widthOf(row[i] ?? ""))));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => {
      const room = " ".repeat(widths[i]! - widthOf(cell));
      return i < left ? cell + room : room + cell;
    });
  return rows.map((row) => `  ${line(row).join("   ")}`.trimEnd()).join("\n");
}

/** How large a small number is: one digit and the power of ten. */
export const size = (x: number): string => (x === 0 ? "0" : x.toExponential(0));

/** Columns on the screen: the bar of x̄ takes none of its own. */
function widthOf(text: string): number {
  return text.replace(/\p{Mark}/gu, "").length;
}
