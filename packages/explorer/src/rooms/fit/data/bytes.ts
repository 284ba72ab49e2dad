import { DataError } from "./dataset.ts";

const mostBytes = 2 ** 29;

/** What was compressed, by the browser itself. @throws DataError for what is damaged, or would fill the memory. */
export async function unzipped(
  bytes: Uint8Array<ArrayBuffer>,
  format: CompressionFormat,
  name = "the data",
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw new DataError(`${name} cannot be unpacked: its ${format} stream is damaged or cut off. Get the file anew.`);
    });
    if (done) break;
    size += value.length;
    if (size > mostBytes) {
      void reader.cancel();
      throw new DataError(
        `${name} unpacks to more than ${mostBytes / 2 ** 20} MB, which is more than a page should hold.`,
      );
    }
    parts.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
