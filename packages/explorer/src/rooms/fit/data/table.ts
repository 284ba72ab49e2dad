import { DataError, type Dataset, fewestClasses, mostClasses, type Scale } from "./dataset.ts";

const mostCells = 5_000_000;
const mostFeatures = 200;
const mostTold = 100; // cells

/** The cells of a CSV file, checked to be a table. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Of each column: numbers, but for a few cells, or words. */
  readonly kinds: readonly Kind[];
}
type Kind = "numbers" | "words";

interface Kept {
  readonly numbers: readonly number[];
  readonly label: string;
}

const isMissing = (cell: string): boolean => /^(|na|n\/a|nan|null|none|\?|\.|-|–)$/i.test(cell);
const mostSize = 1e30; // squares of float32 numbers stay finite
const numberIn = (cell: string): number => {
  const x = /^[+-]?(\d|\.\d)/.test(cell) ? Number(cell) : Number.NaN;
  return Math.abs(x) <= mostSize ? x : Number.NaN;
};

/** @throws DataError for what is no table with a header. */
export async function parseTable(name: string, text: string): Promise<Table> {
  if (text.includes("\0"))
    throw new DataError(`${name} is no text: expected a CSV file. A spreadsheet can be saved as one.`);
  const { default: papa } = await import("papaparse");
  const { data, errors } = papa.parse<string[]>(text.replace(/^\uFEFF/, ""), { skipEmptyLines: "greedy" });
  const quote = errors.find(({ type }) => type === "Quotes");
  if (quote)
    throw new DataError(
      `${name}, row ${(quote.row ?? 0) + 1}: a quote is not closed or stands in a cell's middle (${quote.message}). Mend it, and open the file again.`,
    );
  const [header, ...rows] = data;
  if (!header || rows.length < 2)
    throw new DataError(
      `${name} has ${data.length} rows; expected a header with the names of the columns, and two rows of data or more.`,
    );
  const columns = header.map((cell, i) => cell.trim() || `column ${i + 1}`);
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined)
    throw new DataError(`${name} has two columns named ${show(twice)}; each needs a name of its own.`);
  if (columns.length < 2)
    throw new DataError(
      `${name} has one column; expected at least one of numbers and one of classes, with commas, semicolons or tabs between them.`,
    );
  const uneven = rows.findIndex((row) => row.length !== columns.length);
  if (uneven >= 0)
    throw new DataError(
      `${name}, row ${uneven + 2}: it has ${rows[uneven]!.length} cells, but the header ${columns.length}. Mend it, and open the file again.`,
    );
  if (rows.length * columns.length > mostCells)
    throw new DataError(
      `${name} has more than ${mostCells.toLocaleString("en")} cells, which is more than can be fitted here.`,
    );
  const trimmed = rows.map((row) => row.map((cell) => cell.trim()));
  return { name, columns, rows: trimmed, kinds: columns.map((_, j) => kindOf(trimmed.map((row) => row[j]!))) };
}

function kindOf(cells: readonly string[]): Kind {
  const given = cells.filter((cell) => !isMissing(cell));
  const numbers = given.filter((cell) => Number.isFinite(numberIn(cell))).length;
  return given.length > 0 && numbers >= 0.8 * given.length ? "numbers" : "words";
}

/** The columns that could hold the classes. */
export const labelsOf = ({ columns, rows }: Table): string[] =>
  columns.filter((_, j) => {
    const different = new Set(rows.map((row) => row[j]!).filter((cell) => !isMissing(cell))).size;
    return different >= fewestClasses && different <= mostClasses;
  });

/** `wanted`, if it can be; else what is probably meant: the first column of words, or the last of few numbers. */
export function labelOf(table: Table, wanted: string | undefined): string | undefined {
  const all = labelsOf(table);
  if (wanted !== undefined && all.includes(wanted)) return wanted;
  return all.find((column) => table.kinds[table.columns.indexOf(column)] === "words") ?? all.at(-1);
}

/**
 * The columns of numbers as features, each with mean 0 and deviation 1; `label` as the class. Rows with a cell that is
 * missing, or no number, are left out and told. @throws DataError
 */
export function tableAsData(table: Table, label: string | undefined): Dataset {
  const { name, columns, rows, kinds } = table;
  const wanted = labelOf(table, label);
  if (wanted === undefined)
    throw new DataError(
      `${name} has no column with ${fewestClasses} to ${mostClasses} different values, which could be the classes. Its columns: ${columns.map(show).join(", ")}.`,
    );
  const place = columns.indexOf(wanted);
  const used = [...columns.keys()].filter((j) => j !== place && kinds[j] === "numbers");
  if (used.length === 0)
    throw new DataError(
      `${name} has no column of numbers beside ${show(wanted)}: there is nothing to tell the classes by.`,
    );
  if (used.length > mostFeatures)
    throw new DataError(`${name} has ${used.length} columns of numbers; up to ${mostFeatures} can be fitted here.`);
  const leftOut: string[] = [];
  const kept: Kept[] = [];
  rows.forEach((row, i) => {
    const numbers = used.map((j) => numberIn(row[j]!));
    const bad = used.filter((_, f) => !Number.isFinite(numbers[f]!));
    const hasLabel = !isMissing(row[place]!);
    if (bad.length === 0 && hasLabel) kept.push({ numbers, label: row[place]! });
    else {
      const cells = [
        ...bad.map((j) =>
          told(columns[j]!, row[j]!, Number.isFinite(Number(row[j])) ? "a number up to 1e30" : "a number"),
        ),
        ...(hasLabel ? [] : [told(wanted, row[place]!, "a class")]),
      ];
      leftOut.push(`Row ${i + 2}: ${cells.join("; ")}`);
    }
  });
  const classes = [...new Set(kept.map(({ label: each }) => each))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  if (classes.length < fewestClasses || classes.length > mostClasses)
    throw new DataError(
      `${name}: of its ${rows.length} rows ${kept.length} are whole, with ${classes.length} different values in ${show(wanted)}; expected ${fewestClasses} to ${mostClasses} classes. Choose another column, or mend the rows.`,
    );
  const scales = used.map((_, f) => scaleOf(kept.map(({ numbers }) => numbers[f]!)));
  const standardised = ({ numbers }: Kept) => numbers.map((x, f) => (x - scales[f]!.mean) / scales[f]!.deviation);
  return {
    title: `${kept.length.toLocaleString("en")} rows of ${name}`,
    rows: Float32Array.from(kept.flatMap(standardised)),
    labels: Int32Array.from(kept, ({ label: each }) => classes.indexOf(each)),
    classes,
    features: used.map((j) => columns[j]!),
    scales,
    leftOut:
      leftOut.length > mostTold ? [...leftOut.slice(0, mostTold), `… and ${leftOut.length - mostTold} more`] : leftOut,
  };
}

const told = (column: string, cell: string, expected: string): string =>
  cell === "" ? `${show(column)} is empty` : `${show(column)} is ${show(cell)}, not ${expected}`;

const show = (text: string): string => `“${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`;

/** A column of one number only has the deviation 1, and becomes 0. */
function scaleOf(column: readonly number[]): Scale {
  const mean = column.reduce((sum, x) => sum + x / column.length, 0);
  const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2 / column.length, 0));
  return { mean, deviation: deviation > 0 ? deviation : 1 };
}
