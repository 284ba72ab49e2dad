import { type Dataset, maxClasses, minClasses } from "./dataset.ts";

/** A CSV file. `csv.ts` reads it; the page loads that module when it shows a table. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /**
   * Makes a data set: numeric columns become standardized features, the column `label` becomes the class. Skips and reports rows
   * with a missing or non-numeric cell. @throws DataError if too few rows, columns or classes remain
   */
  toData(label: string | undefined): Dataset;
}

export interface Column {
  readonly name: string;
  /** The distinct cells, and for each row the index of its cell. */
  readonly cells: readonly string[];
  readonly indices: Int32Array;
  /** The number in each distinct cell; NaN if it is not numeric. */
  readonly numbers: readonly number[];
  /** Whether at least 80 % of the cells that are not missing are numeric. */
  readonly isNumeric: boolean;
}

export const isMissing = (cell: string): boolean => /^(|na|n\/a|nan|null|none|\?|\.|-|–)$/i.test(cell);

/** Returns the columns that can hold the classes. */
export const labelsOf = (columns: readonly Column[]): Column[] =>
  columns.filter(({ cells }) => {
    const different = cells.filter((cell) => !isMissing(cell)).length;
    return different >= minClasses && different <= maxClasses;
  });

/** Returns `wanted` if it can hold the classes, otherwise the first text column that can, or the last numeric one. */
export function labelOf(columns: readonly Column[], wanted: string | undefined): string | undefined {
  const all = labelsOf(columns);
  const found = all.find(({ name }) => name === wanted) ?? all.find(({ isNumeric }) => !isNumeric) ?? all.at(-1);
  return found?.name;
}
