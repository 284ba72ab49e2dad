import { ArgumentError, OutOfRangeError, ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import {
  defineOp,
  describe,
  type Op,
  type Operand,
  prefixErrors,
  ravel,
  sharedFloat,
  show,
  toTensors,
  type Unary,
  withDefaults,
} from "@wengert/core/extend";
import { axisOf, booleanOption } from "../declaring/axes.ts";
import { irregular, positive, type Sampled, withSamples } from "../declaring/samples.ts";
import { add } from "../elementwise/arithmetic.ts";
import { log } from "../numerics/logarithm.ts";
import { topK } from "../order/sort.ts";
import { sliceAlong } from "../shapes/split.ts";
import { take } from "../shapes/take.ts";
import { randomCategorical } from "./categorical.ts";
import { checkKey, randomGumbel, randomInteger } from "./distributions.ts";
import { permutation, randomKey } from "./random.ts";

export interface ChoiceOptions {
  /** The number of entries to draw. */
  readonly count: number;
  /** Whether an entry may be drawn more than once. Default: true. */
  readonly replace?: boolean | undefined;
  /**
   * A vector with the probability of each entry. The probabilities are divided by their sum. Default: equal
   * probabilities.
   */
  readonly probabilities?: Tensor | undefined;
  /** The axis along which to draw entries. Default: 0. */
  readonly axis?: number | undefined;
}
type Choice = (key: Tensor, x: TensorLike, options: ChoiceOptions) => Tensor;

/**
 * Returns the logarithms of the probabilities p in float64. Throws unless p are valid probabilities, and at least
 * `needed` of them are above 0.
 */
const logWeights: Op<Unary, { readonly needed: number }> = /* @__PURE__ */ defineOp({
  name: "choice",
  options: { needed: undefined },
  shape: ([p]) => p.shape,
  dtype: () => "float64",
  kernel: (out, inputs, { needed }) => {
    const values = ravel(inputs[0]);
    let possible = 0;
    for (let i = 0; i < values.length; i++) {
      if (!(values[i]! >= 0 && values[i]! < Infinity))
        throw new OutOfRangeError(
          `probabilities must be finite numbers of at least 0, got ${values[i]} at ${i}; apply softmax to logits`,
        );
      if (values[i]! > 0) possible++;
      out.data[i] = log(values[i]!, 0);
    }
    if (possible < needed)
      throw new OutOfRangeError(
        `too few probabilities above 0: ${possible} for ${needed} different entries; use a smaller count`,
      );
  },
  vjp: [null],
  samples: () => [[positive([3]), { needed: 1 }]],
});

/**
 * Returns `count` random entries of x along `axis`, with or without replacement, in random order. A number x stands for
 * the integers 0 … x − 1. The cotangent goes to the drawn entries of x; the probabilities receive none.
 * @throws OutOfRangeError if x has fewer entries than are drawn without replacement, or if a probability is negative or
 * not finite
 */
export const choice: Sampled<Choice> = /* @__PURE__ */ withSamples<Choice>(
  (key, x, options) => {
    const given = withDefaults<ChoiceOptions>("choice", options, {
      count: undefined,
      replace: true,
      probabilities: undefined,
      axis: 0,
    });
    const checked = checkKey("choice", key);
    const [t] = toTensors("choice", [x], 1) as [Tensor];
    return prefixErrors("choice", () => {
      const count = countOption(given.count);
      const replace = booleanOption("replace", given.replace);
      const axis = typeof x === "number" ? 0 : axisOf(t, given.axis);
      const n = typeof x === "number" ? entriesOf(x) : t.shape[axis]!;
      if (count > (replace ? (n === 0 ? 0 : count) : n))
        throw new OutOfRangeError(
          `cannot draw ${count} of ${n} entries${replace ? "; pass x with entries" : " without replacement; use a smaller count, or { replace: true }"}`,
        );
      const weights = given.probabilities === undefined ? undefined : checkWeights(given.probabilities, n);
      const indices = drawIndices(checked, n, count, replace, weights);
      return typeof x === "number" ? indices : take(t, indices, { axis });
    });
  },
  () => [
    [randomKey(1), irregular([3, 2]), { count: 4 }],
    [randomKey(1), irregular([2, 3]), { count: 2, replace: false, axis: 1 }],
  ],
);

function drawIndices(key: Tensor, n: number, count: number, replace: boolean, weights: Tensor | undefined): Tensor {
  if (weights === undefined) {
    if (!replace) return sliceAlong(permutation(key, n), 0, 0, count);
    return randomInteger(key, { high: Math.max(n, 1), shape: [count] });
  }
  const logits = logWeights(weights, { needed: replace ? Math.min(count, 1) : count });
  if (replace) return randomCategorical(key, logits, { shape: [count] });
  return topK(add(randomGumbel(key, { shape: [n] }), logits), { k: count }).indices;
}

function countOption(count: unknown): number {
  if (Number.isSafeInteger(count) && (count as number) >= 0) return count as number;
  const hint = count === undefined ? "; write { count: ... }" : "";
  throw new ArgumentError(`count must be a whole number of at least 0, got ${show(count)}${hint}`);
}

function entriesOf(x: number): number {
  if (Number.isInteger(x) && x >= 0 && x < 2 ** 31) return x;
  throw new OutOfRangeError(`a number of entries must be a whole number from 0 to 2^31 − 1, got ${x}`);
}

function checkWeights(probabilities: unknown, n: number): Tensor {
  const [p] = toTensors("choice", [probabilities], 1) as [Tensor];
  sharedFloat([p], ["probabilities"]);
  if ((p as Operand).shape.length === 1 && p.shape[0] === n) return p;
  throw new ShapeError(
    `probabilities must be a vector of ${n} numbers, one per entry; got ${describe(p, "probabilities")}`,
  );
}
