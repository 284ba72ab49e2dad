import { DataError } from "@wengert/core";
import type { MemoryBudget } from "./memory.ts";

/**
 * The cells of a file, stored as the position in the file's text at which each cell ends. To store each cell as a
 * string would take ten times the memory.
 */
export interface Grid {
  readonly rows: number;
  /** The number of cells in the first row of the file. */
  readonly width: number;
  /** The line of the file on which a row begins. A quoted cell may span several lines. */
  readonly line: (row: number) => number;
  /** Returns the text of a cell without quotes and surrounding spaces. */
  readonly cell: (row: number, column: number) => string;
}

/**
 * Finds the cells of a CSV text (RFC 4180). Blank lines are skipped. Each row must have `width` cells; by default as
 * many as the first row.
 * @throws DataError for a row of another width, or an invalid quote
 */
export function gridOf(
  prefix: string,
  text: string,
  delimiter: string,
  width: number | undefined,
  memory: MemoryBudget,
): Grid {
  const most = countMarks(text, delimiter);
  memory.takeArrays(4 * most.cells + 8 * most.rows, "the places of its cells");
  const ends = new Int32Array(most.cells);
  const begins = new Int32Array(most.rows);
  const lines = new Int32Array(most.rows);
  let [rows, cells, rowStart] = [0, 0, 0];
  let expected = width;
  let uneven: { readonly line: number; readonly cells: number } | undefined;
  let unevenRows = 0;
  scanRows(
    prefix,
    text,
    delimiter,
    (end) => {
      ends[cells++] = end;
    },
    (begin, line) => {
      const count = cells - rowStart;
      if (count === 1 && cellText(text, begin, ends[rowStart]!) === "") {
        cells = rowStart;
        return true;
      }
      expected ??= count;
      if (count !== expected) {
        uneven ??= { line, cells: count };
        unevenRows++;
      }
      begins[rows] = begin;
      lines[rows++] = line;
      rowStart = cells;
      return true;
    },
  );
  if (uneven)
    throw new DataError(
      `${prefix}, line ${uneven.line}: each row must have ${expected} cells, got ${uneven.cells}${unevenRows > 1 ? `; ${unevenRows} rows have a wrong number of cells` : ""}`,
    );
  const perRow = expected ?? 0;
  return {
    rows,
    width: perRow,
    line: (row) => lines[row]!,
    cell: (row, column) => {
      const i = row * perRow + column;
      return cellText(text, column === 0 ? begins[row]! : ends[i - 1]! + 1, ends[i]!);
    },
  };
}

const guessedFrom = 10; // rows
const candidates = [",", "\t", "|", ";"];

/**
 * Guesses the delimiter of a CSV text. Returns the delimiter that splits the first rows most evenly. Among equally good
 * delimiters, returns the one that gives the most cells. A comma that is also the decimal separator must give the same
 * number of cells in all rows: `width` cells, if `width` is defined.
 */
export function guessDelimiter(text: string, decimal: string, width: number | undefined): string {
  let best = { delimiter: decimal === "," ? ";" : ",", steps: Number.POSITIVE_INFINITY, cells: 0 };
  for (const delimiter of candidates) {
    const widths = firstWidths(text, delimiter);
    const steps = widths.slice(1).reduce((sum, n, i) => sum + Math.abs(n - widths[i]!), 0);
    const cells = widths.reduce((sum, n) => sum + n, 0) / widths.length;
    if (!(cells > 1.99)) continue; // most rows are one cell
    if (delimiter === decimal && (steps > 0 || cells !== (width ?? cells))) continue;
    const isBetter = steps < best.steps || (steps === best.steps && cells > best.cells);
    if (isBetter) best = { delimiter, steps, cells };
  }
  return best.delimiter;
}

/** Returns the number of cells in each of the first few rows of a CSV text. Stops at an invalid quote. */
function firstWidths(text: string, delimiter: string): number[] {
  const widths: number[] = [];
  let cells = 0;
  let end = 0;
  const onRow = (begin: number) => {
    if (cells > 1 || cellText(text, begin, end) !== "") widths.push(cells);
    cells = 0;
    return widths.length < guessedFrom;
  };
  try {
    scanRows(
      "",
      text,
      delimiter,
      (at) => {
        cells++;
        end = at;
      },
      onRow,
    );
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
  return widths;
}

const [quote, lineFeed, carriageReturn, space, tab] = [0x22, 0x0a, 0x0d, 0x20, 0x09];

/**
 * Parses a CSV text: calls `onCell` with the end of each cell, and `onRow` with the start and line number of each row.
 * Stops if `onRow` returns false.
 */
function scanRows(
  prefix: string,
  text: string,
  delimiter: string,
  onCell: (end: number) => void,
  onRow: (begin: number, line: number) => boolean,
): void {
  const mark = delimiter.charCodeAt(0);
  const isEnd = (c: number) => c === mark || c === lineFeed || c === carriageReturn;
  let line = 1;
  for (let at = 0; at < text.length; at++) {
    const [begin, firstLine] = [at, line];
    for (; ; at++) {
      if (text.charCodeAt(at) === quote) {
        const end = endOfQuotes(text, at);
        line += lineEndsIn(text, at, end);
        at = end;
        for (let c = text.charCodeAt(at); (c === space || c === tab) && c !== mark; c = text.charCodeAt(at)) at++;
        if (end < 0 || (at < text.length && !isEnd(text.charCodeAt(at))))
          throw new DataError(
            `${prefix}, line ${firstLine}: a quote is not closed, or is in the middle of a cell; write a cell with quotes as "He said ""yes"""`,
          );
      } else while (at < text.length && !isEnd(text.charCodeAt(at))) at++;
      onCell(at);
      if (text.charCodeAt(at) !== mark) break;
    }
    if (text.charCodeAt(at) === carriageReturn && text.charCodeAt(at + 1) === lineFeed) at++;
    line++;
    if (!onRow(begin, firstLine)) return;
  }
}

/**
 * Returns the position after the closing quote of a cell, or -1 if the quote is not closed. Two quotes in a row are an
 * escaped quote.
 */
function endOfQuotes(text: string, begin: number): number {
  let at = text.indexOf('"', begin + 1);
  while (at >= 0 && text.charCodeAt(at + 1) === quote) at = text.indexOf('"', at + 2);
  return at < 0 ? -1 : at + 1;
}

function lineEndsIn(text: string, begin: number, end: number): number {
  let count = 0;
  for (let i = begin; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === lineFeed || (c === carriageReturn && text.charCodeAt(i + 1) !== lineFeed)) count++;
  }
  return count;
}

function cellText(text: string, begin: number, end: number): string {
  const raw = text.slice(begin, end);
  if (raw.charCodeAt(0) !== quote) return raw.trim();
  const inner = raw.slice(1, raw.lastIndexOf('"')).replaceAll('""', '"');
  return (inner.includes("\r") ? inner.replaceAll(/\r\n?/g, "\n") : inner).trim();
}

/**
 * Copies a substring. Without the copy, a JavaScript engine may store a reference to the whole text, which keeps the
 * whole text in memory.
 */
export const copyText = (part: string): string => JSON.parse(JSON.stringify(part)) as string;

/**
 * Returns upper bounds for the number of cells and the number of rows. The bounds may be too large, because delimiters
 * and line ends inside quotes count, too.
 */
function countMarks(text: string, delimiter: string): { readonly cells: number; readonly rows: number } {
  const mark = delimiter.charCodeAt(0);
  let [marks, lineEnds] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === mark) marks++;
    else if (c === lineFeed || c === carriageReturn) lineEnds++;
  }
  return { cells: marks + lineEnds + 1, rows: lineEnds + 1 };
}
