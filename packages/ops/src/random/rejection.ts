import { type NdArray, ravel } from "@wengert/core/extend";
import { log } from "../numerics/logarithm.ts";
import { cosine, stream, threefry } from "./random.ts";

/** Draws uniform numbers in [0, 1) with 53 random bits: as many as the rejection method needs for one element. */
export type NextUniform = () => number;

/**
 * Calls `draw` for each of n elements. Each element has its own sequence of uniform numbers. So an element does not
 * depend on the number of attempts of other elements.
 */
export function drawEach(n: number, key: NdArray, draw: (next: NextUniform, i: number) => void): void {
  const [words, bits] = [ravel(key), new Uint32Array(2)];
  let [element, count] = [0, 0];
  const next = () => {
    threefry(words, element, stream.rejection + 256 * count++, bits);
    return ((bits[0]! >>> 5) * 2 ** 26 + (bits[1]! >>> 6)) / 2 ** 53;
  };
  for (; element < n; element++) {
    count = 0;
    draw(next, element);
  }
}

/** Returns a standard normal number, by the Box–Muller transform. */
export const normalFrom = (next: NextUniform): number => Math.sqrt(-2 * log(1 - next(), 0)) * cosine(next());
