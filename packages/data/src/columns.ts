import type { MemoryBudget } from "./memory.ts";

/**
 * The kind of a column: "number", "category" (the classes are inferred from the cells), or a list of the classes of a
 * category, in order.
 */
export type ColumnKind = "number" | "category" | readonly string[];

/** The cells of a table without the header. Spaces around the text of a cell are removed. */
export interface Cells {
  /** The beginning of error messages about the table, such as "readCsv: cars.csv". */
  readonly prefix: string;
  readonly rows: number;
  /** The position of each column, by the name of the column. */
  readonly columns: ReadonlyMap<string, number>;
  /** Returns whether a column has a name in the file. */
  readonly isNamed: (column: number) => boolean;
  /** The line of the file on which a row begins. */
  readonly line: (row: number) => number;
  readonly cell: (row: number, column: number) => string;
  readonly memory: MemoryBudget;
}

/** Returns the number in a cell, or NaN if the text is not a number or overflows float64. */
export function parseNumber(cell: string, decimal: string): number {
  const text = decimal === "," ? cell.replaceAll(/[.,]/g, (mark) => (mark === "," ? "." : "!")) : cell;
  const x = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(x) ? x : Number.NaN;
}

/** Returns the distinct texts of some cells, sorted by value if all are numbers, else by UTF-16 code units. */
export function sortClasses(cells: Iterable<string>): string[] {
  const distinct = [...cells];
  const areNumbers = distinct.every((cell) => !Number.isNaN(parseNumber(cell, ".")));
  return areNumbers ? distinct.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : distinct.sort();
}
