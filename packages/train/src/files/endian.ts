import type { Bytes } from "./bytes.ts";

/** Whether this machine is little-endian, as files are. */
const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Returns the little-endian bytes of a typed array: a view that must not be changed, or a copy on big-endian machines. */
export function fileBytes(array: ArrayBufferView, little: boolean = isLittle): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return little ? bytes : reverseBytes(bytes.slice(), widthOf(array));
}

/** Returns a typed array over the little-endian `bytes`. It uses their memory. */
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

/** Reverses each group of `width` bytes, in place. */
function reverseBytes(bytes: Uint8Array, width: number): Uint8Array {
  for (let i = 0; width > 1 && i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
  return bytes;
}
