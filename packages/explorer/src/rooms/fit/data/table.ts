import { type Dataset, maxClasses, minClasses } from "./dataset.ts";

/** A CSV file as a table of text. The module `csv.ts`, which reads CSV files, is loaded when the page shows a table. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /**
   * Converts a table to a data set. Numeric columns become standardized features, and the column `label` becomes the
   * class. Rows with a missing or non-numeric cell are skipped and reported.
   * @throws DataError if too few rows, columns or classes remain
   */
  toData(label: string | undefined): Dataset;
}

export interface Column {
  readonly name: string;
  /** The distinct cells of a column. The cell in row i is `cells[indices[i]]`. */
  readonly cells: readonly string[];
  readonly indices: Int32Array;
  /** Each distinct cell of the column converted to a number, or NaN if the cell is not numeric. */
  readonly numbers: readonly number[];
  /** Whether at least 80 % of the column's non-missing cells are numbers. */
  readonly isNumeric: boolean;
}

export const isMissing = (cell: string): boolean => /^(|na|n\/a|nan|null|none|\?|\.|-|–)$/i.test(cell);

/** Returns the names of the columns that can contain the classes. */
export const labelsOf = (columns: readonly Column[]): Column[] =>
  columns.filter(({ cells }) => {
    const different = cells.filter((cell) => !isMissing(cell)).length;
    return different >= minClasses && different <= maxClasses;
  });

/**
 * Chooses the column that contains the classes. Prefers the column `wanted`, then the first text column, then the last
 * numeric column. Skips columns that cannot contain the classes.
 */
export function labelOf(columns: readonly Column[], wanted: string | undefined): string | undefined {
  const all = labelsOf(columns);
  const found = all.find(({ name }) => name === wanted) ?? all.find(({ isNumeric }) => !isNumeric) ?? all.at(-1);
  return found?.name;
}
