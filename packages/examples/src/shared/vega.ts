import { readFromPackage } from "./files.ts";

/** One row of a data set; null where nothing was measured. */
export type Row = Readonly<Record<string, string | number | null>>;

/** A data set of the npm package `vega-datasets`, by its name there. */
export function readRows(name: string): readonly Row[] {
  // The package exports its index only; the data lie beside the folder in which that stands.
  return JSON.parse(readFromPackage("vega-datasets", `../data/${name}.json`).toString("utf8"));
}

/** The rows with a number in each of `columns`, and the others. */
export function withNumbers<Column extends string>(
  rows: readonly Row[],
  columns: readonly Column[],
): { complete: readonly (Row & Readonly<Record<Column, number>>)[]; incomplete: readonly Row[] } {
  const isComplete = (row: Row): row is Row & Readonly<Record<Column, number>> =>
    columns.every((column) => typeof row[column] === "number");
  return { complete: rows.filter(isComplete), incomplete: rows.filter((row) => !isComplete(row)) };
}
