import { ArgumentError, fromNdarray, isList, show, type Tensor } from "@wengert/core";
import { rows as flat, ndarray } from "@wengert/core/ndarray";
import { DataError } from "../errors.ts";
import { type Cells, type ColumnKind, classesIn, kindFound, numberIn } from "./columns.ts";

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
  readonly missing: readonly Missing[];
}

export interface Missing {
  readonly line: number;
  readonly column: string;
  /** What it holds: nothing, "NA" ... */
  readonly cell: string;
}

interface Reading {
  readonly columns?: Readonly<Record<string, ColumnKind>> | undefined;
  readonly missing?: "refuse" | "drop" | "mean" | undefined;
  readonly missingCells?: readonly string[] | undefined;
  readonly decimal?: string | undefined;
}

/** The cells as a table. @throws DataError for those that are not what they should be, ArgumentError for columns that are not there. */
export function tableOf<Name extends string>(cells: Cells, options: Reading): Table<Name> {
  const { called, rows, lines } = cells;
  const decimal = options.decimal!;
  const absent = new Set(options.missingCells!.map((cell) => cell.trim().toLowerCase()));
  const isMissing = (cell: string) => absent.has(cell.toLowerCase());
  const read = columnsToRead(cells, options, isMissing);

  const missing: Missing[] = [];
  const wrong: string[] = [];
  const hasGap = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    for (const { name, place, kind } of read) {
      const cell = row[place]!;
      if (isMissing(cell)) {
        missing.push({ line: lines[i]!, column: name, cell });
        hasGap[i] = 1;
      } else {
        const fault = faultOf(cell, kind, decimal);
        if (fault) wrong.push(`line ${lines[i]}, column ${JSON.stringify(name)}: ${fault}`);
      }
    }
  });
  if (wrong.length > 0) throw new DataError(`${called}, ${listed(wrong)}`);
  refuseMissing(cells, options, missing, read);

  const kept = options.missing === "drop" ? [...rows.keys()].filter((i) => !hasGap[i]) : [...rows.keys()];
  if (kept.length === 0)
    throw new DataError(
      `${called}: each of its ${rows.length} rows misses a cell, so { missing: "drop" } leaves none; name the columns to read, { columns }`,
    );
  const columns: [string, Tensor][] = [];
  const classes: [string, readonly string[]][] = [];
  for (const { name, place, kind } of read) {
    const texts = kept.map((i) => rows[i]![place]!);
    if (kind === "number") {
      if (texts.every(isMissing))
        throw new DataError(`${called}: column ${JSON.stringify(name)} has no number of which a mean could be taken`);
      columns.push([name, numbers(texts, isMissing, decimal)]);
    } else {
      const own = kind === "category" ? classesIn(texts) : kind;
      const places = new Map(own.map((each, k) => [each, k]));
      classes.push([name, own]);
      columns.push([
        name,
        fromNdarray(
          ndarray(
            Int32Array.from(texts, (text) => places.get(text)!),
            [kept.length],
          ),
        ),
      ]);
    }
  }
  for (const [name, column] of columns) column.label = name;
  return {
    rows: kept.length,
    columns: Object.fromEntries(columns) as Record<Name, Tensor>, // `__proto__` is a name like others here
    classes: Object.fromEntries(classes) as Partial<Record<Name, readonly string[]>>,
    lines: kept.map((i) => lines[i]!),
    missing,
  };
}

interface Wanted {
  readonly name: string;
  readonly place: number;
  readonly kind: ColumnKind;
}

function columnsToRead(
  { called, columns, isNamed, rows }: Cells,
  { columns: declared, decimal }: Reading,
  isMissing: (cell: string) => boolean,
): Wanted[] {
  if (declared !== undefined) {
    const unknown = Object.keys(declared).find((name) => !columns.includes(name));
    if (unknown !== undefined)
      throw new ArgumentError(
        `${called} has no column ${JSON.stringify(unknown)}; its columns are ${columns.map((name) => JSON.stringify(name)).join(", ")}`,
      );
    return Object.entries(declared).map(([name, kind]) => ({ name, place: columns.indexOf(name), kind }));
  }
  return columns.flatMap((name, place) => {
    const given = rows.map((row) => row[place]!).filter((cell) => !isMissing(cell));
    if (given.length > 0) return [{ name, place, kind: kindFound(given, decimal!) }];
    if (!isNamed[place]) return []; // the end of lines that end with a delimiter
    throw new DataError(`${called}: column ${JSON.stringify(name)} is empty; name those to read, { columns }`);
  });
}

/** What is wrong with a cell that is there. */
function faultOf(cell: string, kind: ColumnKind, decimal: string): string | undefined {
  if (kind === "category") return undefined;
  if (kind !== "number")
    return kind.includes(cell) ? undefined : `${shown(cell)} is none of the classes ${kind.map(shown).join(", ")}`;
  if (!Number.isNaN(numberIn(cell, decimal))) return undefined;
  const other = decimal === "." ? "," : ".";
  const cure = Number.isNaN(numberIn(cell, other)) ? "" : `; with { decimal: "${other}" } it is one`;
  return `${shown(cell)} is no number${cure}`;
}

function refuseMissing(
  { called }: Cells,
  options: Reading,
  missing: readonly Missing[],
  read: readonly Wanted[],
): void {
  const kinds = new Map(read.map(({ name, kind }) => [name, kind]));
  const refused =
    options.missing === "refuse"
      ? missing
      : options.missing === "mean"
        ? missing.filter(({ column }) => kinds.get(column) !== "number")
        : [];
  if (refused.length === 0) return;
  const told = refused.map(({ line, column, cell }) => {
    const what = cell === "" ? "empty" : `${shown(cell)}, which is missing`;
    return `line ${line}, column ${JSON.stringify(column)}: the cell is ${what}`;
  });
  const cure =
    options.missing === "mean"
      ? "a category has no mean"
      : '{ missing: "drop" } leaves such rows out, "mean" takes the mean of the column';
  throw new DataError(`${called}, ${listed(told)}; ${cure}`);
}

/** A column of numbers, the mean of the others where one is missing. */
function numbers(texts: readonly string[], isMissing: (cell: string) => boolean, decimal: string): Tensor {
  const values = Float64Array.from(texts, (text) => (isMissing(text) ? Number.NaN : numberIn(text, decimal)));
  const given = values.filter((x) => !Number.isNaN(x));
  if (given.length < values.length) {
    const mean = given.reduce((sum, x) => sum + x / given.length, 0);
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = mean;
  }
  return fromNdarray(ndarray(values, [values.length]));
}

const mostListed = 5;

const listed = (faults: readonly string[]): string =>
  faults.slice(0, mostListed).join("; ") +
  (faults.length > mostListed ? `; and ${faults.length - mostListed} more cells` : "");

const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

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
    const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
    if (column === undefined)
      throw new ArgumentError(
        `matrix: there is no column ${JSON.stringify(name)}; the columns are ${Object.keys(table.columns).join(", ")}`,
      );
    if (Object.hasOwn(table.classes, name))
      throw new ArgumentError(
        `matrix: ${JSON.stringify(name)} is a category, whose classes have no order; write oneHot(table.columns.${name}, { numClasses: ${table.classes[name]!.length} }) and concat it`,
      );
    const values = flat(column.array!);
    for (let i = 0; i < rows; i++) all[i * width + j] = values[i]!;
  });
  return fromNdarray(ndarray(all, [rows, width]), { label: "X" });
}
