import { DataError } from "../errors.ts";
import type { Bytes } from "../files/bytes.ts";
import type { Origin } from "./source.ts";

export const isGzip = ({ bytes }: Origin): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The first `wanted` bytes of what is packed in a gzip file, or all where there are fewer.
 * @throws DataError for a damaged stream.
 */
export async function unpackedHead(packed: Origin, wanted: number): Promise<Uint8Array> {
  const { bytes } = await unpackUpTo(packed, wanted);
  return bytes.subarray(0, wanted);
}

/**
 * What is packed, until more than `enough` bytes have come: a few kilobytes may unpack to gigabytes, and memory grows only with
 * what comes. @throws DataError for a damaged stream.
 */
export async function unpackUpTo(
  { called, bytes }: Origin,
  enough: number,
  format: "gzip" | "deflate" = "gzip",
): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let isWhole = false;
  const stream = new Blob([bytes as Bytes]).stream();
  const reader = stream.pipeThrough(new DecompressionStream(format)).getReader();
  while (size <= enough) {
    let next: { readonly value?: Uint8Array | undefined; readonly done: boolean };
    try {
      next = await reader.read();
    } catch (cause) {
      throw new DataError(
        `${called} cannot be unpacked: its ${format} stream is damaged or cut off; get the file anew`,
        {
          cause,
        },
      );
    }
    if (next.value === undefined) {
      isWhole = true;
      break;
    }
    parts.push(next.value);
    size += next.value.length;
  }
  if (!isWhole) await reader.cancel().catch(() => {}); // nobody waits for the rest
  return { bytes: joined(parts, size), isWhole };
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
