import { type Dataset, maxClasses, minClasses } from "./dataset.ts";

/** A CSV file. `csv.ts` reads it, which the page loads when it shows a table. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /**
   * The columns of numbers as features, each standardized; the column `label` as the class. Rows with a missing cell, or
   * without a number where one belongs, are left out and reported. @throws DataError
   */
  toData(label: string | undefined): Dataset;
}

export interface Column {
  readonly name: string;
  /** The different cells, and for each row the index of its cell. */
  readonly cells: readonly string[];
  readonly indices: Int32Array;
  /** The number in each of the different cells; NaN if there is none. */
  readonly numbers: readonly number[];
  /** Whether at least 80 % of the cells that are not missing hold numbers. */
  readonly isNumeric: boolean;
}

export const isMissing = (cell: string): boolean => /^(|na|n\/a|nan|null|none|\?|\.|-|–)$/i.test(cell);

/** The columns that can hold the classes. */
export const labelsOf = (columns: readonly Column[]): Column[] =>
  columns.filter(({ cells }) => {
    const different = cells.filter((cell) => !isMissing(cell)).length;
    return different >= minClasses && different <= maxClasses;
  });

/** `wanted` if it can hold the classes; else the first column of words that can, or the last of numbers. */
export function labelOf(columns: readonly Column[], wanted: string | undefined): string | undefined {
  const all = labelsOf(columns);
  const found = all.find(({ name }) => name === wanted) ?? all.find(({ isNumeric }) => !isNumeric) ?? all.at(-1);
  return found?.name;
}
