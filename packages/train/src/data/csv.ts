import { ArgumentError, complete, isList, show } from "@wengert/core";
import { DataError } from "../errors.ts";
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
   * Where a cell is missing: `"refuse"` the file, `"drop"` the row, or take the `"mean"` of the column (of all rows, those that
   * a model will be tested on too; a category has none). Default: "refuse".
   */
  readonly missing?: "refuse" | "drop" | "mean" | undefined;
  /** What a missing cell holds, whatever its case. Default: nothing, NA, N/A, NaN, null, None and a question mark. */
  readonly missingCells?: readonly string[] | undefined;
  /** What stands between cells. Default: a tab for a .tsv, else the comma, semicolon, tab or bar that gives equal rows. */
  readonly delimiter?: string | undefined;
  /** What stands before the fraction of a number. Default: the point. */
  readonly decimal?: "." | "," | undefined;
  /** The names of all columns, for a file whose first line is data. */
  readonly names?: readonly string[] | undefined;
  /** The most bytes that the file, and what is packed in it, may have. Default: 2^28. */
  readonly maxBytes?: number | undefined;
}

const usuallyMissing = ["", "NA", "N/A", "NaN", "null", "None", "?"];

/**
 * The table in a CSV or TSV file (RFC 4180, UTF-8, gzipped or not): a column of numbers is a float64 tensor, one of categories
 * an int32 tensor of class indices.
 *
 * Cells are trimmed, and empty lines skipped. A column that is not declared holds numbers if all its cells are numbers, or all
 * but a fifth, of which each is told then; otherwise categories, whose classes are sorted: by size if they are numbers.
 *
 * @throws DataError for what is no table, and for each cell that is missing or does not hold what its column does, with line
 * (as editors count them) and column; ArgumentError for options that do not fit the file.
 */
export async function readCsv<Name extends string = string>(
  source: Source,
  options?: CsvOptions<Name>,
): Promise<Table<Name>> {
  const given = checkOptions(
    complete<CsvOptions>("readCsv", options, {
      columns: undefined,
      missing: "refuse",
      missingCells: usuallyMissing,
      delimiter: undefined,
      decimal: ".",
      names: undefined,
      maxBytes: 2 ** 28,
    }),
  );
  const maxBytes = checkMaxBytes("readCsv", given.maxBytes);
  const file = await open("readCsv", source, maxBytes);
  const text = await textOf(file, maxBytes);
  const delimiter = given.delimiter ?? (/\.tsv(\.gz)?$/i.test(file.called) ? "\t" : undefined);
  const cells = await cellsOf(file.called, text, delimiter, given.names);
  return tableOf<Name>(cells, given as CsvOptions<Name>);
}

function checkOptions(options: CsvOptions): CsvOptions {
  const { columns, missing, missingCells, delimiter, decimal, names } = options;
  const areTexts = (x: unknown) => isList(x) && x.every((each) => typeof each === "string");
  if (!["refuse", "drop", "mean"].includes(missing!))
    throw new ArgumentError(`readCsv: missing is "refuse", "drop" or "mean"; got ${show(missing)}`);
  for (const [name, list] of Object.entries({ missingCells, names }))
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
  called: string,
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
  const quote = errors.find(({ type }) => type === "Quotes");
  if (quote)
    throw new DataError(
      `${called}, line ${lines[quote.row ?? 0] ?? 1}: a quote is not closed, or stands in the middle of a cell; a cell with quotes is "He said ""yes"""`,
    );
  const isBlank = (row: readonly string[]) => row.length === 1 && row[0]!.trim() === "";
  const kept = [...data.keys()].filter((i) => !isBlank(data[i]!));
  const first = names === undefined ? kept.shift() : undefined;
  if (kept.length === 0)
    throw new DataError(
      `${called} holds ${first === undefined ? "nothing" : "no row after its header"}; expected the names of the columns, and a line for each row`,
    );
  const width = (names ?? data[first!]!).length;
  const uneven = kept.filter((i) => data[i]!.length !== width);
  if (uneven.length > 0)
    throw new DataError(
      `${called}, line ${lines[uneven[0]!]}: the row has ${data[uneven[0]!]!.length} cells, but there are ${width} columns${uneven.length > 1 ? `; so it is with ${uneven.length} rows` : ""}`,
    );
  const header = (names ?? data[first!]!).map((name) => name.trim());
  const columns = header.map((name, j) => name || `column ${j + 1}`); // what has no name is often a number of the row
  const places = new Map<string, number>();
  for (const [j, name] of columns.entries()) {
    const first = places.get(name);
    if (first !== undefined)
      throw new DataError(
        `${called}: the columns ${first + 1} and ${j + 1} are both called ${JSON.stringify(name)}; give each a name of its own`,
      );
    places.set(name, j);
  }
  return {
    called,
    columns,
    isNamed: header.map((name) => name !== ""),
    rows: kept.map((i) => data[i]!.map((cell) => cell.trim())),
    lines: kept.map((i) => lines[i]!),
  };
}
