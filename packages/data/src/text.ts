import { DataError } from "@wengert/core";
import { MemoryBudget } from "./memory.ts";
import { limitText, type Origin } from "./source.ts";
import { isGzip, unpackUpTo } from "./unpack.ts";

/**
 * Returns the text of a file, optionally gzipped. The encoding is UTF-8, or UTF-16 with a byte order mark, as
 * spreadsheets save it.
 * @throws DataError for invalid text, with the number of the line, and for a text that does not fit into memory
 */
export async function textOf(file: Origin, maxBytes: number): Promise<{ text: string; memory: MemoryBudget }> {
  const { prefix } = file;
  const { bytes } = isGzip(file) ? await unpackUpTo(file, maxBytes) : file;
  if (bytes.length > maxBytes) throw new DataError(`${prefix} unpacks to too many bytes; ${limitText(maxBytes)}`);
  const memory = new MemoryBudget(prefix, bytes.length);
  memory.takeObjects(2 * bytes.length, "its text"); // some characters make a string take two bytes for each
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  const text = decodeText(prefix, bytes, encoding);
  if (text.includes("\0")) throw new DataError(`${prefix} is not a text file; save a spreadsheet as CSV`);
  return { text, memory };
}

function decodeText(prefix: string, bytes: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    if (encoding !== "utf-8") throw new DataError(`${prefix} is not valid ${encoding}; save it as UTF-8`, { cause });
    throw new DataError(
      `${prefix}, line ${firstWrongLine(bytes)}: the text is not valid UTF-8; save the file as UTF-8`,
      {
        cause,
      },
    );
  }
}

function firstWrongLine(bytes: Uint8Array): number {
  let [line, start] = [1, 0];
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) break;
    [line, start] = [line + 1, end + 1];
  }
  return line;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
