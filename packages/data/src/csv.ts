import { ArgumentError, DataError } from "@wengert/core";
import { isList, show, withDefaults } from "@wengert/core/extend";
import type { Cells, ColumnKind } from "./columns.ts";
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
   * The handling of missing cells. `"error"` throws, `"drop"` drops the row, `"mean"` fills in the mean of the column.
   * The mean includes all rows of the file, also rows that you later use for testing. A missing category throws unless
   * `missing` is `"drop"`. Default: "error".
   */
  readonly missing?: "error" | "drop" | "mean" | undefined;
  /**
   * The texts that count as a missing cell, ignoring case. Default: an empty cell, NA, N/A, NaN, null, None and a
   * question mark.
   */
  readonly missingValues?: readonly string[] | undefined;
  /**
   * The character between cells. Default: a tab for a .tsv file. Otherwise the comma, semicolon, tab or vertical bar
   * that gives rows of equal length.
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
 * are numbers, and its remaining cells throw an error. Any other column is a category. Its classes are sorted, by value
 * if all are numbers.
 *
 * @throws DataError if the file is not a table, or a cell is missing or invalid; the message contains the column, and
 * the line as an editor counts it
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
  const text = await textOf(file, maxBytes);
  const delimiter = settings.delimiter ?? (/\.tsv(\.gz)?$/i.test(file.prefix) ? "\t" : undefined);
  const cells = await cellsOf(file.prefix, text, delimiter, settings.names);
  return tableOf<Name>(cells, settings as CsvOptions<Name>);
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

/**
 * Parses the file into rows of cells, and checks that the rows have equal length. papaparse detects the delimiter and
 * handles quotes.
 */
async function cellsOf(
  prefix: string,
  text: string,
  delimiter: string | undefined,
  names: readonly string[] | undefined,
): Promise<Cells> {
  const { default: papa } = await import("papaparse");
  const { data, errors } = papa.parse<string[]>(text, { newline: "\n", ...(delimiter ? { delimiter } : {}) });
  const lines: number[] = []; // the first line of each row; a quoted cell may span several lines
  let line = 1;
  for (const row of data) {
    lines.push(line++);
    for (const cell of row) for (let at = cell.indexOf("\n"); at >= 0; at = cell.indexOf("\n", at + 1)) line++;
  }
  const quoteError = errors.find(({ type }) => type === "Quotes");
  if (quoteError)
    throw new DataError(
      `${prefix}, line ${lines[quoteError.row ?? 0] ?? 1}: a quote is not closed, or is in the middle of a cell; write a cell with quotes as "He said ""yes"""`,
    );
  const isBlank = (row: readonly string[]) => row.length === 1 && row[0]!.trim() === "";
  const dataRows = [...data.keys()].filter((i) => !isBlank(data[i]!));
  const headerRow = names === undefined ? dataRows.shift() : undefined;
  if (dataRows.length === 0)
    throw new DataError(
      `${prefix} must have a line of column names and a line for each row, got ${headerRow === undefined ? "no lines" : "only the header"}`,
    );
  const width = (names ?? data[headerRow!]!).length;
  const uneven = dataRows.filter((i) => data[i]!.length !== width);
  if (uneven.length > 0)
    throw new DataError(
      `${prefix}, line ${lines[uneven[0]!]}: each row must have ${width} cells, got ${data[uneven[0]!]!.length}${uneven.length > 1 ? `; ${uneven.length} rows have a wrong number of cells` : ""}`,
    );
  const header = (names ?? data[headerRow!]!).map((name) => name.trim());
  const columns = header.map((name, j) => name || `column ${j + 1}`); // an unnamed column is often a row number
  const indexByName = new Map<string, number>();
  for (const [j, name] of columns.entries()) {
    const previous = indexByName.get(name);
    if (previous !== undefined)
      throw new DataError(
        `${prefix}: column names must be unique, got ${JSON.stringify(name)} for columns ${previous + 1} and ${j + 1}; rename one`,
      );
    indexByName.set(name, j);
  }
  return {
    prefix,
    columns,
    isNamed: header.map((name) => name !== ""),
    rows: dataRows.map((i) => data[i]!.map((cell) => cell.trim())),
    lines: dataRows.map((i) => lines[i]!),
  };
}
