import { DataError } from "@wengert/core";
import type { Origin } from "./source.ts";

export const isGzip = ({ bytes }: Origin): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * Decompresses the first `byteCount` bytes of a gzip file, or all bytes if there are fewer.
 * @throws DataError for a damaged stream
 */
export async function unpackHead(compressed: Origin, byteCount: number): Promise<Uint8Array> {
  const { bytes } = await unpackUpTo(compressed, byteCount);
  return bytes.subarray(0, byteCount);
}

/**
 * Decompresses a stream and stops as soon as the output exceeds `maxBytes`, because a few kilobytes can decompress to
 * gigabytes. Memory use grows only with the output.
 * @throws DataError for a damaged stream
 */
export async function unpackUpTo(
  { prefix, bytes }: Origin,
  maxBytes: number,
  format: "gzip" | "deflate" = "gzip",
): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  let isComplete = false;
  const stream = new Blob([bytes as ReturnType<Uint8Array["slice"]>]).stream();
  const reader = stream.pipeThrough(new DecompressionStream(format)).getReader();
  while (size <= maxBytes) {
    let next: { readonly value?: Uint8Array | undefined; readonly done: boolean };
    try {
      next = await reader.read();
    } catch (cause) {
      throw new DataError(
        `${prefix} cannot be unpacked: its ${format} stream is damaged or truncated; download the file again`,
        {
          cause,
        },
      );
    }
    if (next.value === undefined) {
      isComplete = true;
      break;
    }
    parts.push(next.value);
    size += next.value.length;
  }
  if (!isComplete) await reader.cancel().catch(() => {}); // the remaining output is not needed
  return { bytes: concatBytes(parts, size), isWhole: isComplete };
}

function concatBytes(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
