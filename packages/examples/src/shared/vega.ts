import { readFromPackage } from "./files.ts";

/** One row of a data set. Missing values are null. */
export type Row = Readonly<Record<string, string | number | null>>;

/** Reads a data set of the npm package `vega-datasets` by name. */
export function readRows(name: string): readonly Row[] {
  // The package exports only its index. The data folder is a sibling of the index's folder.
  return JSON.parse(readFromPackage("vega-datasets", `../data/${name}.json`).toString("utf8"));
}

/** Splits rows into those with a number in each of `columns`, and the incomplete ones. */
export function withNumbers<Column extends string>(
  rows: readonly Row[],
  columns: readonly Column[],
): { complete: readonly (Row & Readonly<Record<Column, number>>)[]; incomplete: readonly Row[] } {
  const isComplete = (row: Row): row is Row & Readonly<Record<Column, number>> =>
    columns.every((column) => typeof row[column] === "number");
  return { complete: rows.filter(isComplete), incomplete: rows.filter((row) => !isComplete(row)) };
}
