/** The kind of a column: numbers, categories with classes inferred from the cells, or categories with these classes in order. */
export type ColumnKind = "number" | "category" | readonly string[];

/** The trimmed cells of a table. All rows are as long as the header. */
export interface Cells {
  /** The start of error messages: "readCsv: cars.csv" */
  readonly prefix: string;
  readonly columns: readonly string[];
  /** Whether the file names each column. */
  readonly isNamed: readonly boolean[];
  readonly rows: readonly (readonly string[])[];
  /** The line of the file on which each row begins. */
  readonly lines: readonly number[];
}

/** Parses the number in a cell. Returns NaN for text that is not a number, and for a number that overflows float64. */
export function parseNumber(cell: string, decimal: string): number {
  const text = decimal === "," ? cell.replaceAll(/[.,]/g, (mark) => (mark === "," ? "." : "!")) : cell;
  const x = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(x) ? x : Number.NaN;
}

/** Infers the kind of a column without missing cells: "number" if at least 80 % of the cells are numbers. */
export function inferKind(cells: readonly string[], decimal: string): "number" | "category" {
  const numbers = cells.filter((cell) => !Number.isNaN(parseNumber(cell, decimal))).length;
  return numbers >= 0.8 * cells.length ? "number" : "category";
}

/** Returns the distinct cells, sorted by value if all are numbers, else by UTF-16 code units. */
export function sortedClasses(cells: readonly string[]): string[] {
  const distinct = [...new Set(cells)];
  const areNumbers = distinct.every((cell) => !Number.isNaN(parseNumber(cell, ".")));
  return areNumbers ? distinct.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : distinct.sort();
}
