import { ArgumentError, DataError, fromNdarray, type Tensor } from "@wengert/core";
import { ravel as flat, isList, ndarray, show } from "@wengert/core/extend";
import { type Cells, type ColumnKind, inferKind, parseNumber, sortedClasses } from "./columns.ts";

/** A table: named columns with the same number of rows. */
export interface Table<Name extends string = string> {
  readonly rows: number;
  /** The columns by name: float64 [rows] for a column of numbers, int32 [rows] of class indices for a category. */
  readonly columns: Readonly<Record<Name, Tensor>>;
  /** The class names of each category column. */
  readonly classes: Readonly<Partial<Record<Name, readonly string[]>>>;
  /** For each row, the line of the file on which the row begins. */
  readonly lines: readonly number[];
  /**
   * The missing cells that were found. Depending on the options, their rows were dropped or the cells were filled with
   * the mean of the column.
   */
  readonly missing: readonly MissingCell[];
}

export interface MissingCell {
  readonly line: number;
  readonly column: string;
  /** The text of the missing cell, such as "" or "NA". */
  readonly cell: string;
}

interface TableOptions {
  readonly columns?: Readonly<Record<string, ColumnKind>> | undefined;
  readonly missing?: "error" | "drop" | "mean" | undefined;
  readonly missingValues?: readonly string[] | undefined;
  readonly decimal?: string | undefined;
}

/** Converts cells to a table. @throws DataError for invalid or missing cells, ArgumentError for unknown columns */
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
      `${prefix}: each of its ${rows.length} rows has a missing cell, so { missing: "drop" } drops all; choose the columns to read with { columns }`,
    );
  const columns: [string, Tensor][] = [];
  const classes: [string, readonly string[]][] = [];
  for (const { name, place: index, kind } of columnsRead) {
    const texts = keptRows.map((i) => rows[i]![index]!);
    if (kind === "number") {
      if (texts.every(isMissing))
        throw new DataError(`${prefix}: column ${JSON.stringify(name)} has no numbers, so it has no mean`);
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
    columns: Object.fromEntries(columns) as Record<Name, Tensor>, // Object.fromEntries treats `__proto__` as an ordinary name
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
    if (!isNamed[index]) return []; // an unnamed empty column: each line ends with a delimiter
    throw new DataError(
      `${prefix}: column ${JSON.stringify(name)} is empty; choose the columns to read with { columns }`,
    );
  });
}

/** Returns the problem with a non-missing cell, or `undefined` if the cell is valid. */
function faultOf(cell: string, kind: ColumnKind, decimal: string): string | undefined {
  if (kind === "category") return undefined;
  if (kind !== "number")
    return kind.includes(cell)
      ? undefined
      : `the class must be one of ${kind.map(quoteCell).join(", ")}, got ${quoteCell(cell)}`;
  if (!Number.isNaN(parseNumber(cell, decimal))) return undefined;
  const other = decimal === "." ? "," : ".";
  const hint = Number.isNaN(parseNumber(cell, other)) ? "" : `; if it is a number, write { decimal: "${other}" }`;
  return `expected a number, got ${quoteCell(cell)}${hint}`;
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
    const content = cell === "" ? "empty" : `${quoteCell(cell)}, which counts as missing`;
    return `line ${line}, column ${JSON.stringify(column)}: the cell is ${content}`;
  });
  const hint =
    options.missing === "mean"
      ? "a category has no mean"
      : '{ missing: "drop" } drops such rows, "mean" uses the mean of the column';
  throw new DataError(`${prefix}, ${listFaults(messages)}; ${hint}`);
}

/** Converts a column of numbers. Missing cells get the mean of the other cells. */
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
 * Returns a column of a table by name: float64 [rows] for numbers, int32 [rows] of class indices for a category. The
 * expression `table.columns.mpg` returns the same column, but TypeScript knows the names only if `columns` was passed
 * to `readCsv`.
 * @throws ArgumentError for an unknown column
 */
export const column = <Name extends string>(table: Table<Name>, name: NoInfer<Name>): Tensor =>
  columnOf("column", table, name);

function columnOf<Name extends string>(caller: string, { columns }: Table<Name>, name: Name): Tensor {
  const found = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (found !== undefined) return found;
  const list = Object.keys(columns).join(", ");
  throw new ArgumentError(`${caller}: the column must be one of ${list}, got ${JSON.stringify(name)}`);
}

/**
 * Stacks numeric columns into a matrix, float64 [rows, columns], in the order of the names. The matrix can be the input
 * of a model.
 * @throws ArgumentError for an unknown column or a category
 */
export function matrix<Name extends string>(table: Table<Name>, names: readonly NoInfer<Name>[]): Tensor {
  if (!isList(names) || names.length === 0)
    throw new ArgumentError(
      `matrix: expected a list of column names, got ${show(names)}; write matrix(table, ["mpg", "weight"])`,
    );
  const [rows, width] = [table.rows, names.length];
  const all = new Float64Array(rows * width);
  names.forEach((name, j) => {
    const values = flat(columnOf("matrix", table, name).array!);
    if (Object.hasOwn(table.classes, name))
      throw new ArgumentError(
        `matrix: columns must be numeric, got the category ${JSON.stringify(name)}, whose classes have no order; write oneHot(table.columns.${name}, { numClasses: ${table.classes[name]!.length} }) and concat it`,
      );
    for (let i = 0; i < rows; i++) all[i * width + j] = values[i]!;
  });
  return fromNdarray(ndarray(all, [rows, width]), { label: "X" });
}
