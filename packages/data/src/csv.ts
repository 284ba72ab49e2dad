import { ArgumentError, DataError } from "@wengert/core";
import { isList, show, withDefaults } from "@wengert/core/extend";
import type { Cells, ColumnKind } from "./columns.ts";
import { checkMaxBytes, open, type Source } from "./source.ts";
import { type Table, tableOf } from "./table.ts";
import { textOf } from "./text.ts";

export interface CsvOptions<Name extends string = string> {
  /**
   * The columns to read, and what each holds: `{ mpg: "number", origin: "category" }`, or the classes in their order,
   * `{ origin: ["USA", "Europe", "Japan"] }`. Others are not looked at. Default: all, by what their cells look like.
   */
  readonly columns?: Readonly<Record<Name, ColumnKind>> | undefined;
  /**
   * For a missing cell: `"error"` throws, `"drop"` leaves the row out, `"mean"` takes the mean of the column (over all rows,
   * also those that a model will be tested on; a category has none). Default: "error".
   */
  readonly missing?: "error" | "drop" | "mean" | undefined;
  /** The cells that count as missing, in any case. Default: an empty cell, NA, N/A, NaN, null, None and a question mark. */
  readonly missingValues?: readonly string[] | undefined;
  /** The character between cells. Default: a tab for a .tsv, else the comma, semicolon, tab or bar that gives equal rows. */
  readonly delimiter?: string | undefined;
  /** The decimal mark of numbers. Default: the point. */
  readonly decimal?: "." | "," | undefined;
  /** The names of all columns, for a file whose first line is data. */
  readonly names?: readonly string[] | undefined;
  /** The most bytes that the file, and what is packed in it, may have. Default: 2^28. */
  readonly maxBytes?: number | undefined;
}

const defaultMissingValues = ["", "NA", "N/A", "NaN", "null", "None", "?"];

/**
 * The table in a CSV or TSV file (RFC 4180, UTF-8, gzipped or not): a column of numbers is a float64 tensor, one of categories
 * an int32 tensor of class indices.
 *
 * Cells are trimmed, and empty lines skipped. A column that is not declared holds numbers if at least 80 % of its cells
 * are numbers; the rest are then reported as errors. Otherwise it holds categories with sorted classes: by size if they are numbers.
 *
 * @throws DataError for what is no table, and for each cell that is missing or does not hold what its column does, with line
 * (as editors count them) and column; ArgumentError for options that do not fit the file.
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
    throw new ArgumentError(`readCsv: missing is "error", "drop" or "mean"; got ${show(missing)}`);
  for (const [name, list] of Object.entries({ missingValues, names }))
    if (list !== undefined && !areTexts(list))
      throw new ArgumentError(`readCsv: ${name} is a list of strings; got ${show(list)}`);
  if (delimiter !== undefined && (typeof delimiter !== "string" || !/^[^"\r\n]$/.test(delimiter)))
    throw new ArgumentError(`readCsv: delimiter is one character, such as ";" or "\\t"; got ${show(delimiter)}`);
  if (decimal !== "." && decimal !== ",")
    throw new ArgumentError(`readCsv: decimal is "." or ","; got ${show(decimal)}`);
  if (columns === undefined) return options;
  if (typeof columns !== "object" || columns === null || isList(columns))
    throw new ArgumentError(
      `readCsv: columns says what each column holds, { mpg: "number", origin: "category" }; got ${show(columns)}`,
    );
  for (const [name, kind] of Object.entries(columns)) {
    if (kind === "number" || kind === "category" || (areTexts(kind) && new Set(kind).size === kind.length)) continue;
    throw new ArgumentError(
      `readCsv: column ${JSON.stringify(name)} is "number", "category" or a list of different classes; got ${show(kind)}`,
    );
  }
  return options;
}

/** The cells of a file, row by row, checked to be a table. papaparse finds the delimiter, and knows what quotes may do. */
async function cellsOf(
  prefix: string,
  text: string,
  delimiter: string | undefined,
  names: readonly string[] | undefined,
): Promise<Cells> {
  const { default: papa } = await import("papaparse");
  const { data, errors } = papa.parse<string[]>(text, { newline: "\n", ...(delimiter ? { delimiter } : {}) });
  const lines: number[] = []; // where each row begins; a quoted cell may go on over several
  let line = 1;
  for (const row of data) {
    lines.push(line++);
    for (const cell of row) for (let at = cell.indexOf("\n"); at >= 0; at = cell.indexOf("\n", at + 1)) line++;
  }
  const quoteError = errors.find(({ type }) => type === "Quotes");
  if (quoteError)
    throw new DataError(
      `${prefix}, line ${lines[quoteError.row ?? 0] ?? 1}: a quote is not closed, or stands in the middle of a cell; a cell with quotes is "He said ""yes"""`,
    );
  const isBlank = (row: readonly string[]) => row.length === 1 && row[0]!.trim() === "";
  const dataRows = [...data.keys()].filter((i) => !isBlank(data[i]!));
  const headerRow = names === undefined ? dataRows.shift() : undefined;
  if (dataRows.length === 0)
    throw new DataError(
      `${prefix} holds ${headerRow === undefined ? "nothing" : "no row after its header"}; expected the names of the columns, and a line for each row`,
    );
  const width = (names ?? data[headerRow!]!).length;
  const uneven = dataRows.filter((i) => data[i]!.length !== width);
  if (uneven.length > 0)
    throw new DataError(
      `${prefix}, line ${lines[uneven[0]!]}: the row has ${data[uneven[0]!]!.length} cells, but there are ${width} columns${uneven.length > 1 ? `; so it is with ${uneven.length} rows` : ""}`,
    );
  const header = (names ?? data[headerRow!]!).map((name) => name.trim());
  const columns = header.map((name, j) => name || `column ${j + 1}`); // what has no name is often a number of the row
  const indexByName = new Map<string, number>();
  for (const [j, name] of columns.entries()) {
    const previous = indexByName.get(name);
    if (previous !== undefined)
      throw new DataError(
        `${prefix}: the columns ${previous + 1} and ${j + 1} are both called ${JSON.stringify(name)}; give each a name of its own`,
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
