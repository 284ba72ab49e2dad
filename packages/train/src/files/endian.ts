import type { Bytes } from "./bytes.ts";

/** Whether this machine is little-endian, the byte order of safetensors files. */
const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Returns the bytes of a typed array in little-endian order. On little-endian machines the result is a view, so callers
 * must not modify it.
 */
export function fileBytes(array: ArrayBufferView, little: boolean = isLittle): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return little ? bytes : reverseBytes(bytes.slice(), widthOf(array));
}

/**
 * Returns a typed array over the memory of `bytes`, which are in little-endian order. On big-endian machines the bytes
 * are first swapped in place.
 */
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

/** Reverses the byte order of each element in place; an element has `width` bytes. */
function reverseBytes(bytes: Uint8Array, width: number): Uint8Array {
  for (let i = 0; width > 1 && i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
  return bytes;
}
