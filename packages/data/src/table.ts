import { ArgumentError, DataError, fromNdarray, type Tensor } from "@wengert/core";
import { allocateArray, ravel as flat, isList, ndarray, show } from "@wengert/core/extend";
import { copyText } from "./cells.ts";
import { type Cells, type ColumnKind, parseNumber, sortClasses } from "./columns.ts";

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
   * The missing cells that were found. Depending on the options, `readCsv` dropped their rows or filled the cells with
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

/**
 * Converts the cells of a file to a table.
 * @throws DataError for invalid or missing cells, ArgumentError for unknown columns
 */
export function tableOf<Name extends string>(cells: Cells, options: TableOptions): Table<Name> {
  const missingSet = new Set(options.missingValues!.map((cell) => cell.trim().toLowerCase()));
  const isMissing = (cell: string) => missingSet.has(cell.toLowerCase());
  const columnsRead = columnsToRead(cells, options, isMissing);
  const { missing, hasMissing } = checkCells(cells, columnsRead, options, isMissing);
  const kept = rowsToKeep(hasMissing, options.missing === "drop");
  if (kept.length === 0)
    throw new DataError(
      `${cells.prefix}: each of its ${cells.rows} rows has a missing cell, so { missing: "drop" } drops all; choose the columns to read with { columns }`,
    );
  const columns: [string, Tensor][] = [];
  const classes: [string, readonly string[]][] = [];
  for (const { name, place, kind, declared } of columnsRead) {
    const cellAt = (i: number) => cells.cell(kept[i]!, place);
    cells.memory.takeArrays(8 * kept.length, `column ${JSON.stringify(name)}`);
    if (kind === "number") {
      const values = new Float64Array(kept.length);
      for (let i = 0; i < values.length; i++) {
        const cell = cellAt(i);
        values[i] = isMissing(cell) ? Number.NaN : parseNumber(cell, options.decimal!);
      }
      if (values.every(Number.isNaN))
        throw new DataError(`${cells.prefix}: column ${JSON.stringify(name)} has no numbers, so it has no mean`);
      fillWithMean(values);
      columns.push([name, tensorOf(values, name)]);
      continue;
    }
    const [names, indices] =
      declared === undefined
        ? findClasses(kept.length, cellAt, (bytes) => {
            cells.memory.takeObjects(bytes, `the classes of column ${JSON.stringify(name)}`);
          })
        : [kind as readonly string[], indicesOf(kept.length, (i) => declared.get(cellAt(i))!)];
    classes.push([name, names]);
    columns.push([name, tensorOf(indices, name)]);
  }
  cells.memory.takeObjects(8 * kept.length, "the line numbers");
  return {
    rows: kept.length,
    columns: Object.fromEntries(columns) as Record<Name, Tensor>, // Object.fromEntries treats `__proto__` as an ordinary name
    classes: Object.fromEntries(classes) as Partial<Record<Name, readonly string[]>>,
    lines: Array.from(kept, cells.line),
    missing,
  };
}

function rowsToKeep(hasMissing: Uint8Array, isDropped: boolean): Int32Array {
  let count = 0;
  for (const isMissing of hasMissing) if (!(isDropped && isMissing)) count++;
  const kept = new Int32Array(count);
  for (let row = 0, i = 0; i < count; row++) if (!(isDropped && hasMissing[row])) kept[i++] = row;
  return kept;
}

const tensorOf = (values: Float64Array | Int32Array, label: string): Tensor =>
  fromNdarray(ndarray(values, [values.length]), { label });

interface ColumnToRead {
  readonly name: string;
  readonly place: number;
  readonly kind: ColumnKind;
  /** The index of each class, if the user listed the classes of the column. */
  readonly declared: ReadonlyMap<string, number> | undefined;
}

function columnsToRead(
  { prefix, columns, isNamed, rows, cell }: Cells,
  { columns: kinds, decimal }: TableOptions,
  isMissing: (cell: string) => boolean,
): ColumnToRead[] {
  if (kinds !== undefined)
    return Object.entries(kinds).map(([name, kind]) => {
      const place = columns.get(name);
      if (place !== undefined) return { name, place, kind, declared: isList(kind) ? indexByName(kind) : undefined };
      throw new ArgumentError(
        `${prefix} has no column ${JSON.stringify(name)}; its columns are ${listNames([...columns.keys()])}`,
      );
    });
  const found: ColumnToRead[] = [];
  for (const [name, place] of columns) {
    let [present, numbers] = [0, 0];
    for (let i = 0; i < rows; i++) {
      const text = cell(i, place);
      if (isMissing(text)) continue;
      present++;
      if (!Number.isNaN(parseNumber(text, decimal!))) numbers++;
    }
    if (present > 0)
      found.push({ name, place, kind: numbers >= 0.8 * present ? "number" : "category", declared: undefined });
    else if (isNamed(place))
      // If the lines of a file end with a delimiter, the last column is unnamed and empty. This column is omitted.
      throw new DataError(
        `${prefix}: column ${JSON.stringify(name)} is empty; choose the columns to read with { columns }`,
      );
  }
  return found;
}

function indicesOf(rows: number, indexAt: (i: number) => number): Int32Array {
  const indices = new Int32Array(rows);
  for (let i = 0; i < rows; i++) indices[i] = indexAt(i);
  return indices;
}

const indexByName = (names: readonly string[]): ReadonlyMap<string, number> =>
  new Map(names.map((name, k) => [name, k]));

const bytesPerMissingCell = 56; // an object with three fields, and its entry in the list

/**
 * Returns the missing cells, and an array with a 1 for each row that has a missing cell.
 * @throws DataError for invalid cells, and for missing cells that the options do not handle
 */
function checkCells(
  { prefix, rows, line, cell, memory }: Cells,
  columnsRead: readonly ColumnToRead[],
  { missing: how, decimal }: TableOptions,
  isMissing: (cell: string) => boolean,
): { readonly missing: readonly MissingCell[]; readonly hasMissing: Uint8Array } {
  const hasMissing = new Uint8Array(rows);
  const invalid: Faults = { count: 0, first: [] };
  const unhandled: Faults = { count: 0, first: [] };
  let count = 0;
  for (let i = 0; i < rows; i++)
    for (const column of columnsRead) {
      const text = cell(i, column.place);
      if (isMissing(text)) {
        count++;
        hasMissing[i] = 1;
        if (how === "error" || (how === "mean" && column.kind !== "number")) addFault(unhandled, line(i), column, text);
      } else if (!fits(text, column, decimal!)) addFault(invalid, line(i), column, text);
    }
  if (invalid.count > 0)
    throw new DataError(`${prefix}, ${listFaults(invalid, (text, column) => faultOf(text, column, decimal!))}`);
  if (unhandled.count > 0)
    throw new DataError(
      `${prefix}, ${listFaults(unhandled, (text) => `the cell is ${text === "" ? "empty" : `${quoteCell(text)}, which counts as missing`}`)}; ${
        how === "mean"
          ? "a category has no mean"
          : '{ missing: "drop" } drops such rows, "mean" uses the mean of the column'
      }`,
    );
  memory.takeObjects(bytesPerMissingCell * count, `a list of ${count.toLocaleString("en")} missing cells`);
  const missing = new Array<MissingCell>(count);
  let at = 0;
  for (let i = 0; at < count; i++)
    if (hasMissing[i])
      for (const { name, place } of columnsRead) {
        const text = cell(i, place);
        if (isMissing(text)) missing[at++] = { line: line(i), column: name, cell: text };
      }
  return { missing, hasMissing };
}

/** Returns whether a cell that is not missing is a valid number or class of its column. */
function fits(cell: string, { kind, declared }: ColumnToRead, decimal: string): boolean {
  if (kind === "number") return !Number.isNaN(parseNumber(cell, decimal));
  return declared === undefined || declared.has(cell);
}

/**
 * Describes an invalid cell for an error message: a cell that is not a number in a column of numbers, or not a class in
 * a column of categories.
 */
function faultOf(cell: string, { kind }: ColumnToRead, decimal: string): string {
  if (isList(kind)) return `the class must be one of ${listNames(kind)}, got ${quoteCell(cell)}`;
  const other = decimal === "." ? "," : ".";
  const hint = Number.isNaN(parseNumber(cell, other)) ? "" : `; if it is a number, write { decimal: "${other}" }`;
  return `expected a number, got ${quoteCell(cell)}${hint}`;
}

/** Replaces NaN, which stands for a missing cell, by the mean of the other numbers. */
function fillWithMean(values: Float64Array): void {
  let count = 0;
  for (const x of values) if (!Number.isNaN(x)) count++;
  if (count === values.length) return;
  let mean = 0;
  for (const x of values) if (!Number.isNaN(x)) mean += x / count;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = mean;
}

const bytesPerClass = 136; // a string, entries of a Map while it grows, and entries of lists

/**
 * Returns the distinct cells of a column, sorted, and for each row the index of its cell in this list. Calls `take`
 * with the number of bytes that the search is about to allocate.
 */
function findClasses(
  rows: number,
  cellAt: (i: number) => string,
  take: (bytes: number) => void,
): [names: readonly string[], indices: Int32Array] {
  const found = new Map<string, number>(); // numbered in the order of the rows
  const indices = indicesOf(rows, (i) => {
    const cell = cellAt(i);
    const index = found.get(cell);
    if (index !== undefined) return index;
    take(bytesPerClass + 2 * cell.length);
    found.set(cell, found.size);
    return found.size - 1;
  });
  const names = sortClasses(found.keys());
  const sortedIndex = new Int32Array(names.length);
  for (const [k, name] of names.entries()) sortedIndex[found.get(name)!] = k;
  for (let i = 0; i < rows; i++) indices[i] = sortedIndex[indices[i]!]!;
  return [names.map(copyText), indices];
}

const maxListed = 5;

/** The number of invalid cells of a table, and the first few invalid cells. */
interface Faults {
  count: number;
  readonly first: { readonly line: number; readonly column: ColumnToRead; readonly cell: string }[];
}

function addFault(faults: Faults, line: number, column: ColumnToRead, cell: string): void {
  if (faults.count++ < maxListed) faults.first.push({ line, column, cell });
}

function listFaults({ count, first }: Faults, describe: (cell: string, column: ColumnToRead) => string): string {
  const texts = first.map(
    ({ line, column, cell }) => `line ${line}, column ${JSON.stringify(column.name)}: ${describe(cell, column)}`,
  );
  return texts.join("; ") + (count > maxListed ? `; and ${count - maxListed} more cells` : "");
}

const quoteCell = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

const maxNames = 20;

/** Returns a list of names as text for an error message. A long list is cut after the first few names. */
const listNames = (names: readonly string[], show = quoteCell): string =>
  names
    .slice(0, maxNames)
    .map((name) => show(name))
    .join(", ") + (names.length > maxNames ? `, … (${names.length.toLocaleString("en")} in all)` : "");

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
  const list = listNames(Object.keys(columns), String);
  throw new ArgumentError(`${caller}: the column must be one of ${list}, got ${JSON.stringify(name)}`);
}

/**
 * Stacks numeric columns into a matrix, float64 [rows, columns], in the order of the names. The matrix can be the input
 * of a model.
 * @throws ArgumentError for an unknown column or a category
 * @throws OutOfRangeError if memory is insufficient
 */
export function matrix<Name extends string>(table: Table<Name>, names: readonly NoInfer<Name>[]): Tensor {
  if (!isList(names) || names.length === 0)
    throw new ArgumentError(
      `matrix: expected a list of column names, got ${show(names)}; write matrix(table, ["mpg", "weight"])`,
    );
  const [rows, width] = [table.rows, names.length];
  const all = allocateArray(Float64Array, "matrix", [rows, width]);
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
