/** Formats rows of cells as lines of text. The first `left` columns are aligned left, the other columns right. */
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

/** Formats a number as a digit and a power of ten, such as 3e-5. */
export const size = (x: number): string => (x === 0 ? "0" : x.toExponential(0));

/** Formats an integer as a subscript: 12 as ₁₂. */
export const index = (i: number): string => `${i}`.replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]!);

/** Returns the numbers of the steps to print: the first, the last, and 1, 2, 5, 10, 20, 50, … in between. */
export function roundSteps(steps: number): number[] {
  const round = Array.from({ length: 18 }, (_, k) => [1, 2, 5][k % 3]! * 10 ** Math.floor(k / 3));
  return [0, ...round.filter((step) => step < steps), steps];
}

/** Formats a fraction as a percentage. */
export const percent = (fraction: number, decimals = 2): string => `${(100 * fraction).toFixed(decimals)} %`;

/** Formats a number with at most four significant digits. */
export const short = (x: number): string =>
  x !== 0 && Math.abs(x) < 1e-3 ? x.toExponential(2) : `${Number(x.toPrecision(4))}`;

/** Formats a whole number with commas at the thousands. */
export const whole = (value: number): string => value.toLocaleString("en");

/** Returns the width of a text in columns. Combining marks, such as the bar of x̄, have width 0. */
function widthOf(text: string): number {
  return text.replace(/\p{Mark}/gu, "").length;
}
