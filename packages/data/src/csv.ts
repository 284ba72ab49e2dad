import { ArgumentError, DataError } from "@wengert/core";
import { isList, show, withDefaults } from "@wengert/core/extend";
import { copyText, type Grid, gridOf, guessDelimiter } from "./cells.ts";
import type { Cells, ColumnKind } from "./columns.ts";
import type { MemoryBudget } from "./memory.ts";
import { checkMaxBytes, open, type Source } from "./source.ts";
import { type Table, tableOf } from "./table.ts";
import { textOf } from "./text.ts";

export interface CsvOptions<Name extends string = string> {
  /**
   * The columns to read, with the kind of each: `{ mpg: "number", origin: "category" }`. A list of classes fixes their
   * order: `{ origin: ["USA", "Europe", "Japan"] }`. Other columns are ignored. Default: all columns, with inferred
   * kinds.
   */
  readonly columns?: Readonly<Record<Name, ColumnKind>> | undefined;
  /**
   * How to handle missing cells: `"error"` throws an error, `"drop"` drops the row, and `"mean"` fills in the mean of
   * the column. The mean includes all rows of the file, even rows that you later use for testing. A missing category
   * throws unless `missing` is `"drop"`. Default: "error".
   */
  readonly missing?: "error" | "drop" | "mean" | undefined;
  /**
   * The strings that count as a missing cell, ignoring case. Default: an empty cell, NA, N/A, NaN, null, None and a
   * question mark.
   */
  readonly missingValues?: readonly string[] | undefined;
  /**
   * The character between cells. Default: a tab for a .tsv, else the comma, semicolon, tab or bar that gives rows of
   * equal length. With a decimal comma, the comma is the delimiter only if all rows have equally many commas.
   */
  readonly delimiter?: string | undefined;
  /** The decimal mark of numbers: "." or ",". Default: ".". */
  readonly decimal?: "." | "," | undefined;
  /** The names of all columns, if the file has no header line. */
  readonly names?: readonly string[] | undefined;
  /** The maximum size of the file in bytes, both before and after decompression. Default: 2^28. */
  readonly maxBytes?: number | undefined;
}

const defaultMissingValues = ["", "NA", "N/A", "NaN", "null", "None", "?"];

/**
 * Reads the table in a CSV or TSV file (RFC 4180, UTF-8 or UTF-16 with a byte order mark, optionally gzipped). A column
 * of numbers becomes a float64 tensor, a column of categories an int32 tensor of class indices.
 *
 * Spaces around cells and empty lines are ignored. Without `columns`, a column is numeric if at least 80 % of its cells
 * are numbers; any other cell of that column is an error. All other columns are categories. Classes are sorted, by
 * value if all are numbers.
 *
 * A table takes at most about 60 bytes of memory per byte of its text.
 *
 * @throws DataError if the file is not a table, or a cell is missing or invalid; the message has line (as editors
 * count) and column
 * @throws DataError if the table would take more memory than is free; a small file may take 256 MB
 * @throws ArgumentError for invalid options, or a column that the file does not have
 */
export async function readCsv<Name extends string = string>(
  source: Source,
  options?: CsvOptions<Name>,
): Promise<Table<Name>> {
  const settings = checkOptions(
    withDefaults<CsvOptions>("readCsv", options, {
      columns: undefined,
      missing: "error",
      missingValues: defaultMissingValues,
      delimiter: undefined,
      decimal: ".",
      names: undefined,
      maxBytes: 2 ** 28,
    }),
  );
  const maxBytes = checkMaxBytes("readCsv", settings.maxBytes);
  const file = await open("readCsv", source, maxBytes);
  const { text, memory } = await textOf(file, maxBytes);
  const { names, decimal } = settings;
  const isTsv = /\.tsv(\.gz)?$/i.test(file.prefix);
  const delimiter = settings.delimiter ?? (isTsv ? "\t" : guessDelimiter(text, decimal!, names?.length));
  const grid = gridOf(file.prefix, text, delimiter, names?.length, memory);
  return tableOf<Name>(cellsOf(file.prefix, grid, settings, memory), settings as CsvOptions<Name>);
}

function checkOptions(options: CsvOptions): CsvOptions {
  const { columns, missing, missingValues, delimiter, decimal, names } = options;
  const areTexts = (x: unknown) => isList(x) && x.every((each) => typeof each === "string");
  if (!["error", "drop", "mean"].includes(missing!))
    throw new ArgumentError(`readCsv: missing must be "error", "drop" or "mean", got ${show(missing)}`);
  for (const [name, list] of Object.entries({ missingValues, names }))
    if (list !== undefined && !areTexts(list))
      throw new ArgumentError(`readCsv: ${name} must be a list of strings, got ${show(list)}`);
  if (delimiter !== undefined && (typeof delimiter !== "string" || !/^[^"\r\n]$/.test(delimiter)))
    throw new ArgumentError(`readCsv: delimiter must be one character, such as ";" or "\\t", got ${show(delimiter)}`);
  if (decimal !== "." && decimal !== ",")
    throw new ArgumentError(`readCsv: decimal must be "." or ",", got ${show(decimal)}`);
  if (columns === undefined) return options;
  if (typeof columns !== "object" || columns === null || isList(columns))
    throw new ArgumentError(
      `readCsv: columns must be an object of column kinds, got ${show(columns)}; write { mpg: "number", origin: "category" }`,
    );
  for (const [name, kind] of Object.entries(columns)) {
    if (kind === "number" || kind === "category" || (areTexts(kind) && new Set(kind).size === kind.length)) continue;
    throw new ArgumentError(
      `readCsv: column ${JSON.stringify(name)} must be "number", "category" or a list of distinct classes, got ${show(kind)}`,
    );
  }
  return options;
}

const bytesPerName = 150; // a string, and an entry of a Map
const bytesPerColumn = 1000; // a tensor with its arrays, and entries of lists and objects

/** Separates the header from the rows. Checks that there are rows, and that names of columns are unique. */
function cellsOf(prefix: string, grid: Grid, { names, columns: kinds }: CsvOptions, memory: MemoryBudget): Cells {
  const first = names === undefined ? 1 : 0;
  if (grid.rows <= first)
    throw new DataError(
      `${prefix} must have a line of column names and a line for each row, got ${grid.rows === 0 ? "no lines" : "only the header"}`,
    );
  memory.takeObjects(
    bytesPerName * grid.width + bytesPerColumn * (kinds === undefined ? grid.width : Object.keys(kinds).length),
    `${grid.width.toLocaleString("en")} columns`,
  );
  const nameAt = (j: number) => (names === undefined ? copyText(grid.cell(0, j)) : names[j]!.trim());
  const columns = new Map<string, number>();
  for (let j = 0; j < grid.width; j++) {
    const name = nameAt(j) || `column ${j + 1}`; // an unnamed column is often a row number
    const previous = columns.get(name);
    if (previous !== undefined)
      throw new DataError(
        `${prefix}: column names must be unique, got ${JSON.stringify(name)} for columns ${previous + 1} and ${j + 1}; rename one`,
      );
    columns.set(name, j);
  }
  return {
    prefix,
    rows: grid.rows - first,
    columns,
    isNamed: (j) => nameAt(j) !== "",
    line: (i) => grid.line(i + first),
    cell: (i, j) => grid.cell(i + first, j),
    memory,
  };
}
