import { type DType, OutOfRangeError, ShapeError, type Tensor, type TensorLike, tensor } from "@wengert/core";
import {
  type Binary,
  defineOp,
  describe,
  type Op,
  prefixErrors,
  type Shape,
  show,
  toTensors,
  type Unary,
  withDefaults,
} from "@wengert/core/extend";
import { shapeOption } from "../declaring/axes.ts";
import { positive, type Sampled, withSamples } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import { log } from "../numerics/logarithm.ts";
import { broadcastTo } from "../shapes/sum.ts";
import { distributionInWasm } from "../wasm/random.ts";
import { checkDrawing, keyShape, type RandomOptions, randomDefaults, randomKey, randomUniform } from "./random.ts";

// The distributions in this file compute each random number from one uniform number, which is drawn in float64.

/** Returns the random key as a tensor. @throws DTypeError unless `key` is a key */
export function checkKey(caller: string, key: Tensor): Tensor {
  const [checked] = toTensors(caller, [key], 1) as [Tensor];
  prefixErrors(caller, () => keyShape(checked));
  return checked;
}

/** The sample arguments with which tests call a function that takes a key and a shape. */
export const drawingSamples = (): [[Tensor, RandomOptions]] => [[randomKey(1), { shape: [2, 3] }]];

type Draw = (key: Tensor, options: RandomOptions) => Tensor;

/** Makes a function that returns tensors of random numbers f(u), for uniform numbers u in [0, 1). */
function drawOf(distribution: "exponential" | "gumbel", f: (u: number) => number): Sampled<Draw> {
  const name = distribution === "gumbel" ? "randomGumbel" : "randomExponential";
  const transformed: Op<Unary, { readonly dtype: DType }> = defineOp({
    name,
    options: { dtype: undefined },
    shape: ([u]) => u.shape,
    dtype: (_, { dtype }) => dtype,
    batch: "broadcast",
    kernel: (out, inputs) =>
      distributionInWasm(out, inputs[0], distribution) ||
      elementwise(out, inputs, (n, y, o, a, i, s) => {
        for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = f(a[p]!);
      }),
    vjp: [null],
    samples: () => [[positive([2, 3]), { dtype: "float64" }]],
  });
  return withSamples<Draw>((key, options) => {
    const given = withDefaults<RandomOptions>(name, options, randomDefaults);
    const { shape, dtype } = prefixErrors(name, () => checkDrawing(given));
    return transformed(randomUniform(checkKey(name, key), { shape }), { dtype });
  }, drawingSamples);
}

/**
 * Returns random numbers of the exponential distribution with mean 1: −ln(1 − u) for uniform u in [0, 1). Divide the
 * numbers by λ to get the exponential distribution with rate λ.
 */
export const randomExponential: Sampled<Draw> = /* @__PURE__ */ drawOf("exponential", (u) => -log(1 - u, 0));

/**
 * Returns random numbers of the standard Gumbel distribution, −ln(−ln u) for uniform u in (0, 1). If such a number is
 * added to each logit, the index of the maximum is a random class with the softmax probabilities, as in
 * `randomCategorical`.
 */
export const randomGumbel: Sampled<Draw> = /* @__PURE__ */ drawOf(
  "gumbel",
  (u) => -log(-log(Math.max(u, 2 ** -54), 0), 0), // finite even if u is 0
);

export interface BernoulliOptions {
  /** The probability of true, from 0 to 1: a number, or a tensor that broadcasts to `shape`. Default: 0.5. */
  readonly probability?: TensorLike | undefined;
  /** The shape of the result. Default: the shape of the probabilities, if they are a tensor. */
  readonly shape?: Shape | undefined;
}
type Bernoulli = (key: Tensor, options: BernoulliOptions) => Tensor;

const isBelow: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "randomBernoulli",
  shape: ([u]) => u.shape,
  dtype: () => "bool",
  batch: "shift",
  kernel: (out, inputs) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        if (!(b[q]! >= 0 && b[q]! <= 1))
          throw new OutOfRangeError(`a probability must be from 0 to 1, got ${b[q]}; apply sigmoid to logits`);
        y[o + l] = a[p]! < b[q]! ? 1 : 0;
      }
    }),
  vjp: [null, null],
  samples: () => [[positive([2]), tensor([0.5, 0.3])]],
});

/**
 * Returns random bools, each true with its probability. Not differentiable.
 * @throws OutOfRangeError if a probability is not from 0 to 1
 */
export const randomBernoulli: Sampled<Bernoulli> = /* @__PURE__ */ withSamples<Bernoulli>(
  (key, options) => {
    const { probability, shape } = withDefaults<BernoulliOptions>("randomBernoulli", options, {
      probability: 0.5,
      shape: undefined,
    });
    const p = parameter("randomBernoulli", "probability", probability, shape);
    return isBelow(randomUniform(checkKey("randomBernoulli", key), { shape: p.shape }), p);
  },
  () => [[randomKey(1), { probability: 0.3, shape: [2, 3] }]],
);

/**
 * Returns the parameter of a distribution, broadcast to the shape of the result.
 * @throws ShapeError if the parameter does not broadcast
 */
export function parameter(
  caller: string,
  name: string,
  value: TensorLike | undefined,
  shape: Shape | undefined,
): Tensor {
  const [t] = toTensors(caller, [value], 1) as [Tensor];
  return prefixErrors(caller, () => {
    const target = shapeOption({ shape: shape ?? (typeof value === "number" ? undefined : t.shape) });
    const missing = target.length - t.shape.length;
    if (missing >= 0 && t.shape.every((n, i) => n === 1 || n === target[i + missing]))
      return broadcastTo(t, { shape: target });
    throw new ShapeError(`${describe(t, name)} does not broadcast to the shape [${target.join(", ")}]`);
  });
}

export interface IntegerOptions {
  /** The smallest integer. Default: 0. */
  readonly low?: number | undefined;
  /** The integer after the largest. */
  readonly high: number;
  readonly shape: Shape;
}
type RandomInteger = (key: Tensor, options: IntegerOptions) => Tensor;

const inRange: Op<Unary, { readonly low: number; readonly high: number }> = /* @__PURE__ */ defineOp({
  name: "randomInteger",
  options: { low: undefined, high: undefined },
  shape: ([u]) => u.shape,
  dtype: () => "int32",
  batch: "broadcast",
  kernel: (out, inputs, { low, high }) =>
    elementwise(out, inputs, (n, y, o, a, i, s) => {
      for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = low + Math.floor((high - low) * a[p]!);
    }),
  vjp: [null],
  samples: () => [[tensor([0.2, 0.9]), { low: 0, high: 5 }]],
});

/**
 * Returns uniform random integers from low to high − 1, as int32. The probabilities of two integers differ by at most
 * 2⁻⁵³.
 * @throws OutOfRangeError unless low < high are whole numbers in int32
 */
export const randomInteger: Sampled<RandomInteger> = /* @__PURE__ */ withSamples<RandomInteger>(
  (key, options) => {
    const {
      low = 0,
      high,
      shape,
    } = withDefaults<IntegerOptions>("randomInteger", options, { low: 0, high: undefined, shape: undefined });
    const isInt32 = (x: unknown, most: number) =>
      Number.isInteger(x) && (x as number) >= -(2 ** 31) && (x as number) <= most;
    if (!(isInt32(low, 2 ** 31 - 1) && isInt32(high, 2 ** 31) && low < high!)) {
      const hint = high === undefined ? "; write { high: ... }" : "";
      throw new OutOfRangeError(
        `randomInteger: low and high must be whole numbers in int32, low < high; got low ${show(low)} and high ${show(high)}${hint}`,
      );
    }
    const sizes = prefixErrors("randomInteger", () => shapeOption({ shape }));
    return inRange(randomUniform(checkKey("randomInteger", key), { shape: sizes }), { low, high: high! });
  },
  () => [[randomKey(1), { low: -2, high: 5, shape: [2, 3] }]],
);
