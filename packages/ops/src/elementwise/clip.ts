import { ArgumentError, DTypeError, OutOfRangeError } from "@wengert/core";
import { defineOp, describe, type Op, show, type Unary } from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import { numericDType } from "./arithmetic.ts";
import { greaterEqual, lessEqual, logicalAnd } from "./compare.ts";
import { where } from "./where.ts";

interface Bounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/**
 * Returns y = min(max(x, `min`), `max`); either bound may be missing. The derivative is 1 on the closed interval and 0
 * outside. NaN stays NaN.
 */
export const clip: Op<Unary, Bounds> = /* @__PURE__ */ defineOp({
  name: "clip",
  options: { min: undefined, max: undefined },
  params: (options) => {
    const { min = -Infinity, max = Infinity } = options;
    const invalid = [min, max].find((bound) => typeof bound !== "number");
    if (invalid !== undefined)
      throw new ArgumentError(
        `min and max must be numbers, got ${show(invalid)}; for tensors, use maximum and minimum`,
      );
    if (min <= max) return options;
    throw new OutOfRangeError(`expected min ≤ max, got min ${min} and max ${max}; are they swapped?`);
  },
  shape: ([x]) => x.shape,
  dtype: ([x], { min = -Infinity, max = Infinity }) => {
    const dtype = numericDType([x]);
    const invalid = [min === -Infinity ? 0 : min, max === Infinity ? 0 : max].find((bound) => bound !== (bound | 0));
    if (dtype !== "int32" || invalid === undefined) return dtype;
    const cast = `cast(${x.label ?? "x"}, { dtype: "float64" })`;
    throw new DTypeError(`the bound ${invalid} does not fit in int32, the dtype of ${describe(x)}; write ${cast}`);
  },
  batch: "broadcast",
  kernel: (out, inputs, { min = -Infinity, max = Infinity }) =>
    elementwise(out, inputs, (n, y, o, a, i, s) => {
      for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.min(Math.max(a[p]!, min), max);
    }),
  vjp: [
    (g, { inputs: [x], params: { min = -Infinity, max = Infinity } }) =>
      where(logicalAnd(greaterEqual(x, min), lessEqual(x, max)), g, 0),
  ],
  samples: () => [
    [irregular([2, 3]), { min: -0.5, max: 1 }],
    [irregular([3]), { max: 0.25 }],
  ],
});
