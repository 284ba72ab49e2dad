/** What a column holds: numbers, categories whose classes are found, or these classes, in this order. */
export type ColumnKind = "number" | "category" | readonly string[];

/** The cells of a table, trimmed; all rows are as long as the header. */
export interface Cells {
  /** How messages begin: "readCsv: cars.csv" */
  readonly prefix: string;
  readonly columns: readonly string[];
  /** Whether the file names each column. */
  readonly isNamed: readonly boolean[];
  readonly rows: readonly (readonly string[])[];
  /** The line of the file on which each row begins. */
  readonly lines: readonly number[];
}

/** The number in a cell; NaN where there is none, or one beyond what a float64 holds. */
export function parseNumber(cell: string, decimal: string): number {
  const text = decimal === "," ? cell.replaceAll(/[.,]/g, (mark) => (mark === "," ? "." : "!")) : cell;
  const x = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(x) ? x : Number.NaN;
}

/** Infers what a column without missing cells holds: numbers if at least 80 % of the cells are. */
export function inferKind(cells: readonly string[], decimal: string): "number" | "category" {
  const numbers = cells.filter((cell) => !Number.isNaN(parseNumber(cell, decimal))).length;
  return numbers >= 0.8 * cells.length ? "number" : "category";
}

/** The different cells: by size if they are numbers, else in the order of their characters' codes. */
export function sortedClasses(cells: readonly string[]): string[] {
  const distinct = [...new Set(cells)];
  const areNumbers = distinct.every((cell) => !Number.isNaN(parseNumber(cell, ".")));
  return areNumbers ? distinct.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : distinct.sort();
}
