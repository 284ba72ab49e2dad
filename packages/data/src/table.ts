import { ArgumentError, DataError, fromNdarray, type Tensor } from "@wengert/core";
import { ravel as flat, isList, ndarray, show } from "@wengert/core/extend";
import { type Cells, type ColumnKind, inferKind, parseNumber, sortedClasses } from "./columns.ts";

/** Columns with names, of the same number of rows. */
export interface Table<Name extends string = string> {
  readonly rows: number;
  /** float64 [rows] for numbers, int32 [rows] for categories: the places of their classes. */
  readonly columns: Readonly<Record<Name, Tensor>>;
  /** The classes of each column of categories. */
  readonly classes: Readonly<Partial<Record<Name, readonly string[]>>>;
  /** The line of the file from which each row is. */
  readonly lines: readonly number[];
  /** The cells that were missing: their rows were dropped, or they hold the mean of their column. */
  readonly missing: readonly MissingCell[];
}

export interface MissingCell {
  readonly line: number;
  readonly column: string;
  /** What it holds: nothing, "NA" ... */
  readonly cell: string;
}

interface TableOptions {
  readonly columns?: Readonly<Record<string, ColumnKind>> | undefined;
  readonly missing?: "error" | "drop" | "mean" | undefined;
  readonly missingValues?: readonly string[] | undefined;
  readonly decimal?: string | undefined;
}

/** The cells as a table. @throws DataError for those that are not what they should be, ArgumentError for columns that are not there. */
export function tableOf<Name extends string>(cells: Cells, options: TableOptions): Table<Name> {
  const { prefix, rows, lines } = cells;
  const decimal = options.decimal!;
  const missingSet = new Set(options.missingValues!.map((cell) => cell.trim().toLowerCase()));
  const isMissing = (cell: string) => missingSet.has(cell.toLowerCase());
  const columnsRead = columnsToRead(cells, options, isMissing);

  const missing: MissingCell[] = [];
  const faults: string[] = [];
  const hasMissing = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    for (const { name, place: index, kind } of columnsRead) {
      const cell = row[index]!;
      if (isMissing(cell)) {
        missing.push({ line: lines[i]!, column: name, cell });
        hasMissing[i] = 1;
      } else {
        const fault = faultOf(cell, kind, decimal);
        if (fault) faults.push(`line ${lines[i]}, column ${JSON.stringify(name)}: ${fault}`);
      }
    }
  });
  if (faults.length > 0) throw new DataError(`${prefix}, ${listFaults(faults)}`);
  checkMissing(cells, options, missing, columnsRead);

  const keptRows = options.missing === "drop" ? [...rows.keys()].filter((i) => !hasMissing[i]) : [...rows.keys()];
  if (keptRows.length === 0)
    throw new DataError(
      `${prefix}: each of its ${rows.length} rows misses a cell, so { missing: "drop" } leaves none; name the columns to read, { columns }`,
    );
  const columns: [string, Tensor][] = [];
  const classes: [string, readonly string[]][] = [];
  for (const { name, place: index, kind } of columnsRead) {
    const texts = keptRows.map((i) => rows[i]![index]!);
    if (kind === "number") {
      if (texts.every(isMissing))
        throw new DataError(`${prefix}: column ${JSON.stringify(name)} has no number of which a mean could be taken`);
      columns.push([name, numberTensor(texts, isMissing, decimal, name)]);
    } else {
      const classNames = kind === "category" ? sortedClasses(texts) : kind;
      const indexByClass = new Map(classNames.map((each, k) => [each, k]));
      classes.push([name, classNames]);
      columns.push([
        name,
        fromNdarray(
          ndarray(
            Int32Array.from(texts, (text) => indexByClass.get(text)!),
            [keptRows.length],
          ),
          { label: name },
        ),
      ]);
    }
  }
  return {
    rows: keptRows.length,
    columns: Object.fromEntries(columns) as Record<Name, Tensor>, // `__proto__` is a name like others here
    classes: Object.fromEntries(classes) as Partial<Record<Name, readonly string[]>>,
    lines: keptRows.map((i) => lines[i]!),
    missing,
  };
}

interface ColumnToRead {
  readonly name: string;
  readonly place: number;
  readonly kind: ColumnKind;
}

function columnsToRead(
  { prefix, columns, isNamed, rows }: Cells,
  { columns: declared, decimal }: TableOptions,
  isMissing: (cell: string) => boolean,
): ColumnToRead[] {
  if (declared !== undefined) {
    const unknownName = Object.keys(declared).find((name) => !columns.includes(name));
    if (unknownName !== undefined)
      throw new ArgumentError(
        `${prefix} has no column ${JSON.stringify(unknownName)}; its columns are ${columns.map((name) => JSON.stringify(name)).join(", ")}`,
      );
    return Object.entries(declared).map(([name, kind]) => ({ name, place: columns.indexOf(name), kind }));
  }
  return columns.flatMap((name, index) => {
    const present = rows.map((row) => row[index]!).filter((cell) => !isMissing(cell));
    if (present.length > 0) return [{ name, place: index, kind: inferKind(present, decimal!) }];
    if (!isNamed[index]) return []; // the end of lines that end with a delimiter
    throw new DataError(`${prefix}: column ${JSON.stringify(name)} is empty; name those to read, { columns }`);
  });
}

/** What is wrong with a cell that is not missing. */
function faultOf(cell: string, kind: ColumnKind, decimal: string): string | undefined {
  if (kind === "category") return undefined;
  if (kind !== "number")
    return kind.includes(cell)
      ? undefined
      : `${quoteCell(cell)} is none of the classes ${kind.map(quoteCell).join(", ")}`;
  if (!Number.isNaN(parseNumber(cell, decimal))) return undefined;
  const other = decimal === "." ? "," : ".";
  const hint = Number.isNaN(parseNumber(cell, other)) ? "" : `; with { decimal: "${other}" } it is one`;
  return `${quoteCell(cell)} is no number${hint}`;
}

function checkMissing(
  { prefix }: Cells,
  options: TableOptions,
  missing: readonly MissingCell[],
  columnsRead: readonly ColumnToRead[],
): void {
  const kinds = new Map(columnsRead.map(({ name, kind }) => [name, kind]));
  const unfilled =
    options.missing === "error"
      ? missing
      : options.missing === "mean"
        ? missing.filter(({ column }) => kinds.get(column) !== "number")
        : [];
  if (unfilled.length === 0) return;
  const messages = unfilled.map(({ line, column, cell }) => {
    const content = cell === "" ? "empty" : `${quoteCell(cell)}, which is missing`;
    return `line ${line}, column ${JSON.stringify(column)}: the cell is ${content}`;
  });
  const hint =
    options.missing === "mean"
      ? "a category has no mean"
      : '{ missing: "drop" } leaves such rows out, "mean" takes the mean of the column';
  throw new DataError(`${prefix}, ${listFaults(messages)}; ${hint}`);
}

/** A column of numbers, the mean of the others where one is missing. */
function numberTensor(
  texts: readonly string[],
  isMissing: (cell: string) => boolean,
  decimal: string,
  label: string,
): Tensor {
  const values = Float64Array.from(texts, (text) => (isMissing(text) ? Number.NaN : parseNumber(text, decimal)));
  const present = values.filter((x) => !Number.isNaN(x));
  if (present.length < values.length) {
    const mean = present.reduce((sum, x) => sum + x / present.length, 0);
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = mean;
  }
  return fromNdarray(ndarray(values, [values.length]), { label });
}

const maxListed = 5;

const listFaults = (faults: readonly string[]): string =>
  faults.slice(0, maxListed).join("; ") +
  (faults.length > maxListed ? `; and ${faults.length - maxListed} more cells` : "");

const quoteCell = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

/**
 * The column of that name: float64 [rows], or int32 [rows] for categories. `table.columns.mpg` is the same, but TypeScript only
 * knows that it is there if `readCsv` was given the columns.
 * @throws ArgumentError if there is no such column
 */
export const column = <Name extends string>(table: Table<Name>, name: NoInfer<Name>): Tensor =>
  columnOf("column", table, name);

function columnOf<Name extends string>(caller: string, { columns }: Table<Name>, name: Name): Tensor {
  const found = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (found !== undefined) return found;
  const list = Object.keys(columns).join(", ");
  throw new ArgumentError(`${caller}: there is no column ${JSON.stringify(name)}; the columns are ${list}`);
}

/**
 * Columns of numbers side by side, in this order: X [rows, columns], float64, what a model reads.
 * @throws ArgumentError for a column that is not there, or that holds categories.
 */
export function matrix<Name extends string>(table: Table<Name>, names: readonly NoInfer<Name>[]): Tensor {
  if (!isList(names) || names.length === 0)
    throw new ArgumentError(
      `matrix: expected the names of columns, matrix(table, ["mpg", "weight"]); got ${show(names)}`,
    );
  const [rows, width] = [table.rows, names.length];
  const all = new Float64Array(rows * width);
  names.forEach((name, j) => {
    const values = flat(columnOf("matrix", table, name).array!);
    if (Object.hasOwn(table.classes, name))
      throw new ArgumentError(
        `matrix: ${JSON.stringify(name)} is a category, whose classes have no order; write oneHot(table.columns.${name}, { numClasses: ${table.classes[name]!.length} }) and concat it`,
      );
    for (let i = 0; i < rows; i++) all[i * width + j] = values[i]!;
  });
  return fromNdarray(ndarray(all, [rows, width]), { label: "X" });
}
