import { readFromPackage } from "./files.ts";

/** A row of a data set, in which missing values are null. */
export type Row = Readonly<Record<string, string | number | null>>;

/** Reads a data set of the npm package `vega-datasets` by name. */
export function readRows(name: string): readonly Row[] {
  return JSON.parse(readText(`${name}.json`));
}

/** Reads a data file of the npm package `vega-datasets` as text. */
export function readText(file: string): string {
  // `vega-datasets` exports only its index module, so the path of the data folder is relative to that module.
  return readFromPackage("vega-datasets", `../data/${file}`).toString("utf8");
}

/**
 * Separates the complete rows of a data set from the incomplete rows. A complete row has a number in each of `columns`.
 */
export function withNumbers<Column extends string>(
  rows: readonly Row[],
  columns: readonly Column[],
): { complete: readonly (Row & Readonly<Record<Column, number>>)[]; incomplete: readonly Row[] } {
  const isComplete = (row: Row): row is Row & Readonly<Record<Column, number>> =>
    columns.every((column) => typeof row[column] === "number");
  return { complete: rows.filter(isComplete), incomplete: rows.filter((row) => !isComplete(row)) };
}
