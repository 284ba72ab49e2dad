/**
 * The kind of a CSV column: "number"; "category", with the classes inferred from the cells; or a list of classes in
 * order.
 */
export type ColumnKind = "number" | "category" | readonly string[];

/** The cells of a table, without surrounding spaces. Each row has as many cells as the header. */
export interface Cells {
  /** The first words of error messages, such as "readCsv: cars.csv". */
  readonly prefix: string;
  readonly columns: readonly string[];
  /** For each column, whether the file gives it a name. */
  readonly isNamed: readonly boolean[];
  readonly rows: readonly (readonly string[])[];
  /** For each row, the line of the file on which the row begins. */
  readonly lines: readonly number[];
}

/** Returns the number in a cell, or NaN if the text is not a number or overflows float64. */
export function parseNumber(cell: string, decimal: string): number {
  const text = decimal === "," ? cell.replaceAll(/[.,]/g, (mark) => (mark === "," ? "." : "!")) : cell;
  const x = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(x) ? x : Number.NaN;
}

/**
 * Infers the kind of a column: "number" if at least 80 % of the cells are numbers, otherwise "category". `cells`
 * contains no missing cells.
 */
export function inferKind(cells: readonly string[], decimal: string): "number" | "category" {
  const numbers = cells.filter((cell) => !Number.isNaN(parseNumber(cell, decimal))).length;
  return numbers >= 0.8 * cells.length ? "number" : "category";
}

/** Returns the distinct cells of a column, sorted by value if all are numbers, otherwise by UTF-16 code units. */
export function sortedClasses(cells: readonly string[]): string[] {
  const distinct = [...new Set(cells)];
  const areNumbers = distinct.every((cell) => !Number.isNaN(parseNumber(cell, ".")));
  return areNumbers ? distinct.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : distinct.sort();
}
