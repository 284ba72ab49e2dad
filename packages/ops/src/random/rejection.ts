import { type NdArray, ravel } from "@wengert/core/extend";
import { log } from "../numerics/logarithm.ts";
import { cosine, stream, threefry, uniform53 } from "./random.ts";

/**
 * Returns the next uniform number in [0, 1) with 53 random bits. Rejection sampling calls the function until a proposal
 * is accepted.
 */
export type NextUniform = () => number;

/**
 * Calls `draw` for each of n elements. Each element has its own sequence of uniform numbers. So an element does not
 * depend on how many proposals were rejected for other elements.
 */
export function drawEach(n: number, key: NdArray, draw: (next: NextUniform, i: number) => void): void {
  const [words, bits] = [ravel(key), new Uint32Array(2)];
  let [element, count] = [0, 0];
  const next = () => {
    threefry(words, element, stream.rejection + 256 * count++, bits);
    return uniform53(bits);
  };
  for (; element < n; element++) {
    count = 0;
    draw(next, element);
  }
}

/** Returns a standard normal number, by the Box–Muller transform. */
export const normalFrom = (next: NextUniform): number => Math.sqrt(-2 * log(1 - next(), 0)) * cosine(next());
