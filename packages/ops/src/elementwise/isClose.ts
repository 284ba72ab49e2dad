import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import {
  type Binary,
  type Complete,
  defineOp,
  type Op,
  prefixErrors,
  ravel,
  show,
  toTensors,
  valuesOf,
  withDefaults,
} from "@wengert/core/extend";
import { booleanOption, broadcastShape } from "../declaring/axes.ts";
import { irregular, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import { comparableDType } from "./compare.ts";

export interface CloseOptions {
  /** The allowed difference as a fraction of |b|. Default: 1e-5. */
  readonly relativeTolerance?: number | undefined;
  /** The allowed difference in addition to relativeTolerance · |b|. Default: 1e-8. */
  readonly absoluteTolerance?: number | undefined;
  /** Whether NaN is close to NaN. Default: false. */
  readonly equalNaN?: boolean | undefined;
}

type Closeness = { readonly [K in keyof CloseOptions]-?: NonNullable<CloseOptions[K]> };

const defaults: Closeness = { relativeTolerance: 1e-5, absoluteTolerance: 1e-8, equalNaN: false };

const isCloseOp: Op<Binary, Closeness, CloseOptions> = /* @__PURE__ */ defineOp({
  name: "isClose",
  options: defaults,
  params: (options) => closenessOf(options),
  shape: (inputs) => broadcastShape(inputs),
  dtype: (inputs) => comparableDType(inputs),
  batch: "broadcast",
  kernel: (out, inputs, { relativeTolerance, absoluteTolerance, equalNaN }) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const [x, reference] = [a[p]!, b[q]!];
        const isNear =
          Number.isFinite(reference) &&
          Math.abs(x - reference) <= absoluteTolerance + relativeTolerance * Math.abs(reference);
        const areNaN = equalNaN && Number.isNaN(x) && Number.isNaN(reference);
        y[o + l] = isNear || x === reference || areNaN ? 1 : 0;
      }
    }),
  vjp: [null, null],
  samples: () => [[irregular([2, 2]), irregular([2], 2)]],
});

const closenessOf = ({ relativeTolerance, absoluteTolerance, equalNaN }: Complete<CloseOptions>): Closeness => ({
  relativeTolerance: toleranceOption("relativeTolerance", relativeTolerance),
  absoluteTolerance: toleranceOption("absoluteTolerance", absoluteTolerance),
  equalNaN: booleanOption("equalNaN", equalNaN),
});

function toleranceOption(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  throw new OutOfRangeError(`${name} must be a finite number of at least 0, got ${show(value)}`);
}

type IsClose = (a: TensorLike, b: TensorLike, options?: CloseOptions) => Tensor;
const numpyNames = { rtol: "relativeTolerance", atol: "absoluteTolerance" };

/**
 * Returns whether |a − b| ≤ absoluteTolerance + relativeTolerance · |b|, elementwise and computed in float64, as in
 * NumPy. The formula is not symmetric: b is the reference. An infinity is close only to itself. Comparisons are
 * piecewise constant, so the gradient is 0.
 * @throws OutOfRangeError unless the tolerances are finite numbers ≥ 0
 */
export const isClose: Wrapped<IsClose, typeof isCloseOp> = /* @__PURE__ */ wrapOp<IsClose, typeof isCloseOp>(
  isCloseOp,
  (a, b, options) => isCloseOp(a, b, withDefaults<CloseOptions>("isClose", options, defaults, numpyNames)),
  () => [
    [irregular([2, 2]), irregular([2], 2)],
    [irregular([2, 1]), irregular([3], 2), { relativeTolerance: 0.5, absoluteTolerance: 0.25, equalNaN: true }],
  ],
);

/**
 * Returns whether all elements of a and b are close, as a JavaScript boolean. Broadcasts a and b, and compares each
 * pair of elements as `isClose` does. Returns true if there are no elements.
 * @throws OutOfRangeError unless the tolerances are finite numbers ≥ 0; TracedValueError if a or b is a tensor of a
 * trace, which has no values
 */
export function allClose(a: TensorLike, b: TensorLike, options?: CloseOptions): boolean {
  const complete = withDefaults<CloseOptions>("allClose", options, defaults, numpyNames);
  const inputs = toTensors("allClose", [a, b], 2) as readonly [Tensor, Tensor];
  for (const x of inputs) valuesOf("allClose", x);
  const closeness = prefixErrors("allClose", () => {
    broadcastShape(inputs);
    comparableDType(inputs);
    return closenessOf(complete);
  });
  return ravel(isCloseOp(...inputs, closeness).array!).every((isTrue) => isTrue === 1);
}
