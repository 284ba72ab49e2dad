import { type Tensor, tensor } from "@wengert/core";
import { type Binary, type Data, defineOp, type Op, type Operand, sizeOf, type Unary } from "@wengert/core/extend";
import {
  type Axes,
  axesOf,
  booleanOption,
  commonShape,
  keepDimsShape,
  type ReduceOptions,
  type Reduction,
  reduceDefaults,
  reducedShape,
  reductionOf,
} from "../declaring/axes.ts";
import { prodCause, sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { alongAxes } from "../loops/alongAxes.ts";
import { reduceSlices } from "../loops/columns.ts";
import { integerProductFold, productFold } from "../loops/folds.ts";
import { reshape } from "../shapes/reshape.ts";
import { sumDType } from "../shapes/sum.ts";

/**
 * Returns the product y = Π x over `axis`; 1 for an empty slice; int32 wraps around, bools give int32. ∂y/∂xᵢ is the
 * product of the entries before i times the product of the entries after i. This formula needs no division, so zeros
 * are handled exactly.
 */
export const prod: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ defineOp({
  name: "prod",
  options: reduceDefaults,
  params: (options, [x]) => reductionOf(x, options),
  shape: ([x], params) => reducedShape(x.shape, params),
  dtype: sumDType,
  batch: "shift",
  kernel: (out, [x], { axes }) =>
    out.data instanceof Int32Array
      ? reduceSlices(axes, out, x, integerProductOf, integerProductFold)
      : reduceSlices(axes, out, x, productOf, productFold),
  flops: ([x]) => sizeOf(x.shape),
  vjp: [
    (g, { inputs: [x], params: { axes: axis } }) => {
      const [before, after] = [exclusiveCumprod(x, { axis }), exclusiveCumprod(x, { axis, reverse: true })];
      return mul(reshape(g, { shape: keepDimsShape(x.shape, axis) }), mul(before, after));
    },
  ],
  nonFinite: prodCause,
  samples: () => [
    [irregular([2, 3])],
    [irregular([2, 3], 2), { axis: 0, keepDims: true }],
    [irregular([2, 2, 1]), { axis: [0, -1] }],
    [withZeros(), { axis: 1 }],
  ],
});

function productOf(n: number, a: Data, i: number, s: number): number {
  let product = 1;
  for (let l = 0, p = i; l < n; l++, p += s) product *= a[p]!;
  return product;
}

function integerProductOf(n: number, a: Data, i: number, s: number): number {
  let product = 1;
  for (let l = 0, p = i; l < n; l++, p += s) product = Math.imul(product, a[p]!);
  return product;
}

const withZeros = (): Tensor =>
  tensor([
    [2, 0, 3, -1],
    [0, 0, 4, 5],
    [0, 6, 0, 0],
  ]);

interface DirectedOptions {
  /** The axes along which to accumulate. Several axes are visited in row-major order. Default: all axes. */
  readonly axis?: Axes | undefined;
  /** Whether to visit the elements from the last to the first. Default: false. */
  readonly reverse?: boolean | undefined;
}

interface Directed {
  readonly axes: readonly number[];
  readonly reverse: boolean;
}

const directedDefaults = { axis: undefined, reverse: false };

const directedParams = (x: Operand, { axis, reverse }: DirectedOptions): Directed => ({
  axes: axesOf(x, axis),
  reverse: booleanOption("reverse", reverse),
});

/**
 * Returns yᵢ = Πⱼ xⱼ over j < i along `axis` (`reverse`: j > i); 1 for the empty product. The cotangent of x is y ⊙ r,
 * where r is the `linearRecurrence` of the cotangent g of y.
 */
export const exclusiveCumprod: Op<Unary, Directed, DirectedOptions> = /* @__PURE__ */ defineOp({
  name: "exclusiveCumprod",
  options: directedDefaults,
  params: (options, [x]) => directedParams(x, options),
  shape: ([x]) => x.shape,
  batch: "shift",
  kernel: (out, [x], { axes, reverse }) =>
    alongAxes(axes, out, [x], (n, y, o, r, a, i, s) => {
      const [first, step] = reverse ? [n - 1, -1] : [0, 1];
      let product = 1;
      for (let l = 0, e = first; l < n; l++, e += step) {
        y[o + e * r] = product;
        product *= a[i + e * s]!;
      }
    }),
  vjp: [
    (g, { inputs: [x], output, params: { axes, reverse } }) =>
      mul(linearRecurrence(x, g, { axis: axes, reverse: !reverse }), output),
  ],
  nonFinite: prodCause,
  samples: () => [[irregular([2, 3]), { axis: 0 }], [withZeros(), { axis: 1, reverse: true }], [irregular([2, 2])]],
});

/**
 * Returns the y with y₀ = 0 and yᵢ₊₁ = aᵢ yᵢ + bᵢ along `axis` (`reverse`: from its end). For the cotangent g of y, let
 * rᵢ be the derivative of Σ g y by yᵢ₊₁. Then rᵢ = aᵢ₊₁ rᵢ₊₁ + gᵢ₊₁, the same recurrence in the other direction. So the
 * cotangent of b is r, and the cotangent of a is r ⊙ y.
 */
export const linearRecurrence: Op<Binary, Directed, DirectedOptions> = /* @__PURE__ */ defineOp({
  name: "linearRecurrence",
  options: directedDefaults,
  params: (options, [a]) => directedParams(a, options),
  shape: (inputs) => commonShape(inputs, ["a", "b"]),
  batch: "shift",
  kernel: (out, inputs, { axes, reverse }) =>
    alongAxes(axes, out, inputs, (n, y, o, r, a, i, s, b, j, t) => {
      const [first, step] = reverse ? [n - 1, -1] : [0, 1];
      let state = 0;
      for (let l = 0, e = first; l < n; l++, e += step) {
        y[o + e * r] = state;
        state = l === 0 ? b[j + e * t]! : a[i + e * s]! * state + b[j + e * t]!; // omits a₀ × 0, which is NaN for an infinite a₀
      }
    }),
  flops: ([a]) => 2 * sizeOf(a.shape),
  vjp: [
    (g, { inputs: [a], output, params: { axes, reverse } }) =>
      mul(linearRecurrence(a, g, { axis: axes, reverse: !reverse }), output),
    (g, { inputs: [a], params: { axes, reverse } }) => linearRecurrence(a, g, { axis: axes, reverse: !reverse }),
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [
    [irregular([2, 3]), irregular([2, 3], 2), { axis: 0 }],
    [withZeros(), irregular([3, 4], 2), { axis: 1, reverse: true }],
    [irregular([2, 2]), irregular([2, 2], 2)],
  ],
});
