import { DataError, tensor } from "@wengert/core";
import { ravel as flat } from "@wengert/core/extend";
import { type Table as Cells, readCsv } from "@wengert/data";
import { standardize } from "@wengert/train";
import { type Dataset, maxClasses, minClasses } from "./dataset.ts";
import { type Column, isMissing, labelOf, type Table } from "./table.ts";

const maxCells = 5_000_000;
const maxFeatures = 200;
const maxReported = 100; // the maximum number of skipped rows in the report

interface Rows {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The number of the line on which each row begins in the file. */
  readonly lines: readonly number[];
}

const maxSize = 1e30; // the squares of float32 numbers stay finite up to this limit
const numberIn = (cell: string): number => {
  const x = /^[+-]?(\d|\.\d)/.test(cell) ? Number(cell) : Number.NaN;
  return Math.abs(x) <= maxSize ? x : Number.NaN;
};

/**
 * Reads a CSV file as a table of text cells.
 * @throws DataError unless the file has at least two columns and two rows
 */
export async function readTable(file: File): Promise<Table> {
  const { name } = file;
  const all = await readCells(file);
  const names = Object.keys(all.columns);
  if (names.length < 2)
    throw new DataError(
      `${name} has one column; expected at least one of numbers and one of classes, with commas, semicolons or tabs between them.`,
    );
  if (all.rows < 2) throw new DataError(`${name} has one row after its header; expected two rows of data or more.`);
  if (all.rows * names.length > maxCells)
    throw new DataError(
      `${name} has more than ${maxCells.toLocaleString("en")} cells, the maximum. Choose a smaller table.`,
    );
  const columns = names.map((each) => columnOf(each, all));
  const rows = { name, columns, lines: all.lines };
  return { name, columns, toData: (label) => toData(rows, label) };
}

/**
 * Reads the cells of a CSV file. If a column of numbers contains a cell that is not a number, readCsv throws an error.
 * In this case, all columns are read as text, which takes longer.
 */
async function readCells(file: File): Promise<Cells> {
  try {
    return await readCsv(file, { missingValues: [] });
  } catch {
    // readCsv reads columns as text only if it gets the names of the columns. To get the names, a first call reads the
    // header line as a table of one row.
    const [header = ""] = /^.*\S.*$/m.exec(await file.text()) ?? [];
    const { columns } = await readCsv(new File([header, "\n", header], file.name), { missingValues: [] });
    const texts = Object.fromEntries(Object.keys(columns).map((name) => [name, "category"] as const));
    return readCsv(file, { columns: texts, missingValues: [] });
  }
}

function columnOf(name: string, { columns, classes }: Cells): Column {
  const values = Array.from(flat(columns[name]!.array!));
  const texts = Object.hasOwn(classes, name) ? classes[name] : undefined;
  if (texts !== undefined) {
    const numbers = texts.map(numberIn);
    const given = values.filter((i) => !isMissing(texts[i]!));
    const numeric = given.filter((i) => Number.isFinite(numbers[i])).length;
    const isNumeric = given.length > 0 && numeric >= 0.8 * given.length;
    return { name, cells: texts, indices: Int32Array.from(values), numbers, isNumeric };
  }
  const places = new Map([...new Set(values)].map((value, i) => [value, i]));
  const cells = Array.from(places.keys(), String);
  const indices = Int32Array.from(values, (value) => places.get(value)!);
  return { name, cells, indices, numbers: cells.map(numberIn), isNumeric: true };
}

function toData({ name, columns, lines }: Rows, label: string | undefined): Dataset {
  const wanted = labelOf(columns, label);
  if (wanted === undefined)
    throw new DataError(
      `${name} has no column with ${minClasses} to ${maxClasses} different values, which could be the classes. Its columns: ${columns.map((column) => show(column.name)).join(", ")}.`,
    );
  const classColumn = columns.find((column) => column.name === wanted)!;
  const used = columns.filter((column) => column.isNumeric && column !== classColumn);
  if (used.length === 0)
    throw new DataError(
      `${name} has no numeric column except ${show(wanted)}; expected at least one feature. Choose another column for the classes.`,
    );
  if (used.length > maxFeatures)
    throw new DataError(`${name} has ${used.length} numeric columns; expected at most ${maxFeatures}. Remove some.`);

  const faults = lines.map((_, row) => [
    ...used.flatMap((column) => faultOf(column, row, ({ numbers }, i) => Number.isFinite(numbers[i]), "a number")),
    ...faultOf(classColumn, row, ({ cells }, i) => !isMissing(cells[i]!), "a class"),
  ]);
  const leftOut = faults.flatMap((each, row) => (each.length > 0 ? [`Line ${lines[row]}: ${each.join("; ")}`] : []));
  const kept = lines.flatMap((_, row) => (faults[row]!.length === 0 ? [row] : []));
  const labels = kept.map((row) => cellOf(classColumn, row));
  const classes = [...new Set(labels)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (classes.length < minClasses || classes.length > maxClasses)
    throw new DataError(
      `${name}: of its ${lines.length} rows ${kept.length} are complete, with ${classes.length} different values in ${show(wanted)}; expected ${minClasses} to ${maxClasses} classes. Choose another column, or correct the rows.`,
    );
  const X = tensor(kept.map((row) => used.map(({ numbers, indices }) => numbers[indices[row]!]!)));
  const { mean, std, transform } = standardize(X);
  const [means, deviations] = [mean, std].map((x) => x.toNested<number[]>()) as [number[], number[]];
  const classOf = new Map(classes.map((each, k) => [each, k]));
  return {
    title: `${kept.length.toLocaleString("en")} rows of ${name}`,
    rows: Float32Array.from(flat(transform(X).array!)),
    labels: Int32Array.from(labels, (each) => classOf.get(each)!),
    classes,
    features: used.map((column) => column.name),
    scales: means.map((each, j) => ({ mean: each, deviation: deviations[j]! })),
    leftOut:
      leftOut.length > maxReported
        ? [...leftOut.slice(0, maxReported), `… and ${leftOut.length - maxReported} more`]
        : leftOut,
  };
}

const cellOf = ({ cells, indices }: Column, row: number): string => cells[indices[row]!]!;

/** Checks a cell of a CSV file. Returns an empty list for a valid cell, and a list with one error message otherwise. */
function faultOf(
  column: Column,
  row: number,
  isFit: (column: Column, i: number) => boolean,
  expected: string,
): string[] {
  if (isFit(column, column.indices[row]!)) return [];
  const cell = cellOf(column, row);
  if (cell === "") return [`${show(column.name)} is empty`];
  const limit = expected === "a number" && Number.isFinite(Number(cell)) ? " up to 1e30" : "";
  return [`${show(column.name)} is ${show(cell)}, not ${expected}${limit}`];
}

const show = (text: string): string => `“${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`;
