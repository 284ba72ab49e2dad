import { fromNdarray, type Tensor } from "@wengert/core";
import { ndarray } from "@wengert/core/ndarray";
import { splitKey } from "@wengert/ops";
import { shuffled } from "../shuffle.ts";
import { type Digits, imageOf, pixelsPerImage } from "./mnist.ts";

/** Images [n, 784], between 0 (paper) and 1 (ink), and their labels [n]. */
export interface Batch {
  readonly images: Tensor;
  readonly labels: Tensor;
}

/** All images as one batch. Nothing is copied, so nobody may write to the digits any more. */
export function wholeSet({ count, pixels, labels }: Digits): Batch {
  return {
    images: fromNdarray(ndarray(pixels, [count, pixelsPerImage]), { label: "X" }),
    labels: fromNdarray(ndarray(labels, [count]), { label: "y" }),
  };
}

/** The first `count` images, or all where there are fewer. */
export function first(digits: Digits, count: number): Batch {
  return pick(
    digits,
    Int32Array.from({ length: Math.min(count, digits.count) }, (_, i) => i),
  );
}

/** These images, copied: a tensor never changes, so each batch has memory of its own. */
function pick(digits: Digits, rows: Int32Array): Batch {
  const size = rows.length * pixelsPerImage;
  const pixels = digits.pixels instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  rows.forEach((row, i) => {
    pixels.set(imageOf(digits, row), i * pixelsPerImage);
  });
  return wholeSet({ count: rows.length, pixels, labels: rows.map((row) => digits.labels[row]!) });
}

/** Batches of `size` images, each image once an epoch, in an order that `key` decides; an epoch's last may be smaller. */
export function* batches(
  digits: Digits,
  { size, epochs, key }: { size: number; epochs: number; key: Tensor },
): Generator<Batch> {
  for (const epochKey of splitKey(key, epochs)) {
    const order = shuffled(digits.count, epochKey);
    for (let start = 0; start < digits.count; start += size) yield pick(digits, order.subarray(start, start + size));
  }
}
