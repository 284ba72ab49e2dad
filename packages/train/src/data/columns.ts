/** What a column holds: numbers, categories whose classes are found, or these classes, in this order. */
export type ColumnKind = "number" | "category" | readonly string[];

/** The cells of a table, trimmed; all rows are as long as the header. */
export interface Cells {
  /** How messages begin: "readCsv: cars.csv" */
  readonly called: string;
  readonly columns: readonly string[];
  /** Whether the file names each column. */
  readonly isNamed: readonly boolean[];
  readonly rows: readonly (readonly string[])[];
  /** The line of the file on which each row begins. */
  readonly lines: readonly number[];
}

/** The number in a cell; NaN where there is none, or one beyond what a float64 holds. */
export function numberIn(cell: string, decimal: string): number {
  const text = decimal === "," ? cell.replaceAll(/[.,]/g, (mark) => (mark === "," ? "." : "!")) : cell;
  const x = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(x) ? x : Number.NaN;
}

/** What a column of these cells holds, none of which is missing: numbers if that is so for four fifths. */
export function kindFound(cells: readonly string[], decimal: string): "number" | "category" {
  const numbers = cells.filter((cell) => !Number.isNaN(numberIn(cell, decimal))).length;
  return numbers >= 0.8 * cells.length ? "number" : "category";
}

/** The different cells: by size if they are numbers, else in the order of their characters' codes. */
export function classesIn(cells: readonly string[]): string[] {
  const different = [...new Set(cells)];
  const areNumbers = different.every((cell) => !Number.isNaN(numberIn(cell, ".")));
  return areNumbers ? different.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : different.sort();
}
