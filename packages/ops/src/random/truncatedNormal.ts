import { OutOfRangeError, type Tensor } from "@wengert/core";
import { defineOp, type Op, show } from "@wengert/core/extend";
import { exp } from "../numerics/exponential.ts";
import { log } from "../numerics/logarithm.ts";
import { checkDrawing, type Drawing, keyShape, type RandomOptions, randomKey } from "./random.ts";
import { drawEach, type NextUniform, normalFrom } from "./rejection.ts";

export interface TruncatedNormalOptions extends RandomOptions {
  /** The lower bound of the numbers; −Infinity means no bound. Default: -2. */
  readonly low?: number | undefined;
  /** The upper bound of the numbers; Infinity means no bound. Default: 2. */
  readonly high?: number | undefined;
}

interface Truncated extends Drawing {
  readonly low: number;
  readonly high: number;
}

/**
 * Returns standard normal random numbers between low and high, by rejection. The bounds may be far in a tail. The
 * method is from C. P. Robert, Simulation of truncated normal variables (1995).
 * @throws OutOfRangeError unless low < high
 */
export const randomTruncatedNormal: Op<readonly [key: Tensor], Truncated, TruncatedNormalOptions> =
  /* @__PURE__ */ defineOp({
    name: "randomTruncatedNormal",
    options: { shape: undefined, dtype: "float64", low: -2, high: 2 },
    params: ({ low = -2, high = 2, ...options }) => {
      if (typeof low === "number" && typeof high === "number" && low < high && low < Infinity && high > -Infinity)
        return { ...checkDrawing(options), low, high };
      throw new OutOfRangeError(`expected low < high, got low ${show(low)} and high ${show(high)}; are they swapped?`);
    },
    shape: ([key], { shape }) => keyShape(key) && shape,
    dtype: (_, { dtype }) => dtype,
    kernel: (out, [key], { low, high }) => {
      const isMirrored = high < 0;
      const draw = isMirrored ? drawer(-high, -low) : drawer(low, high);
      drawEach(out.data.length, key, (next, i) => {
        out.data[i] = isMirrored ? -draw(next) : draw(next);
      });
    },
    vjp: [null],
    samples: () => [[randomKey(1), { shape: [2, 3], low: -1, high: 0.5 }]],
  });

/**
 * Returns a rejection sampler for the normal distribution truncated to [low, high], for high ≥ 0. Uses the proposal
 * distribution that is accepted most often, which is at least 1 of 4 times.
 */
function drawer(low: number, high: number): (next: NextUniform) => number {
  if (low <= 0) return high - low > Math.sqrt(2 * Math.PI) ? fromNormal(low, high) : fromUniform(low, high);
  const root = low > 2 ** 26 ? low : Math.sqrt(low * low + 4); // the root rounds to low, and low² may overflow
  const isNarrow = high - low < (2 / (low + root)) * exp(0.5 - low / (low + root), 0);
  return isNarrow ? fromUniform(low, high) : fromTail(low, high, (low + root) / 2);
}

const fromNormal = (low: number, high: number) => (next: NextUniform) => {
  for (;;) {
    const x = normalFrom(next);
    if (x >= low && x <= high) return x;
  }
};

/**
 * Proposes uniform numbers x, and accepts x with a probability that is the normal density at x divided by its maximum
 * in the interval.
 */
const fromUniform = (low: number, high: number) => (next: NextUniform) => {
  const mode = Math.max(low, 0);
  for (;;) {
    const x = low + (high - low) * next();
    if (next() < exp(((mode - x) * (mode + x)) / 2, 0)) return x;
  }
};

/**
 * Draws from the tail of the normal distribution between `low` and `high`, by rejection: proposes the sum of `low` and
 * an exponential random number of the given rate.
 */
const fromTail = (low: number, high: number, rate: number) => (next: NextUniform) => {
  for (;;) {
    const x = low - log(1 - next(), 0) / rate;
    if (next() < exp(-((x - rate) ** 2) / 2, 0) && x <= high) return x;
  }
};
