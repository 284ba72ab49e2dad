import type { Bytes } from "./bytes.ts";

/** Whether numbers lie in memory as they do in files, the lowest byte first; nearly everywhere. */
const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes of a typed array as a file has them: its own memory, which must not be written to, or else a copy. */
export function fileBytes(array: ArrayBufferView, little: boolean = isLittle): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return little ? bytes : reverseBytes(bytes.slice(), widthOf(array));
}

/** A typed array whose numbers are `bytes` of a file; it has their memory. */
export function arrayOf<A extends ArrayBufferView>(
  Kind: { new (buffer: ArrayBuffer): A },
  bytes: Bytes,
  little: boolean = isLittle,
): A {
  const array = new Kind(bytes.buffer);
  if (!little) reverseBytes(bytes, widthOf(array));
  return array;
}

const widthOf = (array: ArrayBufferView): number => (array as Uint8Array).BYTES_PER_ELEMENT;

/** Turns each `width` bytes around, in place. */
function reverseBytes(bytes: Uint8Array, width: number): Uint8Array {
  for (let i = 0; width > 1 && i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
  return bytes;
}
