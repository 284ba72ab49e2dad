import { expect, test } from "vitest";
import { arrayOf, fileBytes } from "../../src/files/endian.ts";

// Simulates a big-endian machine by reversing the bytes of each number.

const numbers = [
  Float64Array.of(1.5, -2),
  Float32Array.of(0.1, 3),
  Int32Array.of(1, -2, 2 ** 30),
  Uint8Array.of(1, 0, 1),
];

test.each(numbers.map((array) => [array.constructor.name, array] as const))("%s", (_, array) => {
  const view = new DataView(array.buffer);
  const width = array.BYTES_PER_ELEMENT;
  const turned = Array.from({ length: array.byteLength }, (_, i) =>
    view.getUint8(i - (i % width) + width - 1 - (i % width)),
  );
  const here = [...new Uint8Array(array.buffer)];
  expect([...fileBytes(array, true)]).toEqual(here);
  expect([...fileBytes(array, false)]).toEqual(turned);
  expect([...new Uint8Array(array.buffer)]).toEqual(here); // the array is unchanged
  const Kind = array.constructor as Float64ArrayConstructor;
  expect([...arrayOf(Kind, Uint8Array.from(here), true)]).toEqual([...array]);
  expect([...arrayOf(Kind, Uint8Array.from(turned), false)]).toEqual([...array]);
});
