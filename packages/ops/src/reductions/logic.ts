import { type Data, defineOp, type Op, type Unary } from "@wengert/core/extend";
import { type ReduceOptions, type Reduction, reduceDefaults, reducedShape, reductionOf } from "../declaring/axes.ts";
import { irregular } from "../declaring/samples.ts";
import { boolDType, greater } from "../elementwise/compare.ts";
import { reduceSlices, type SliceReduction } from "../loops/columns.ts";
import { countFold } from "../loops/folds.ts";

/** Declares a reduction that counts or tests entries. Not differentiable. */
const reductionTo = (
  name: string,
  dtype: "bool" | "int32",
  ofSlice: SliceReduction,
  ofCount: (count: number, n: number) => number,
): Op<Unary, Reduction, ReduceOptions> =>
  defineOp<Unary, Reduction, ReduceOptions>({
    name,
    options: reduceDefaults,
    params: (options, [x]) => reductionOf(x, options),
    shape: ([x], params) => reducedShape(x.shape, params),
    dtype: (inputs) => (dtype === "bool" ? boolDType(inputs) : dtype),
    batch: "shift",
    kernel: (out, [x], { axes }) => reduceSlices(axes, out, x, ofSlice, countFold(ofCount)),
    vjp: [null],
    samples: () => {
      const x = dtype === "bool" ? greater(irregular([2, 3]), 0) : irregular([2, 3]);
      return [[x], [x, { axis: 1, keepDims: true }]];
    },
  });

function countNonzeroOf(n: number, a: Data, i: number, s: number): number {
  let count = 0;
  for (let l = 0, p = i; l < n; l++, p += s) if (a[p] !== 0) count++;
  return count;
}

/** Returns whether any entry over `axis` is true, for bools; false for an empty slice. */
export const any: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ reductionTo(
  "any",
  "bool",
  (n, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) if (a[p] === 1) return 1;
    return 0;
  },
  (count) => (count > 0 ? 1 : 0),
);

/** Returns whether all entries over `axis` are true, for bools; true for an empty slice. */
export const all: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ reductionTo(
  "all",
  "bool",
  (n, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) if (a[p] === 0) return 0;
    return 1;
  },
  (count, n) => (count === n ? 1 : 0),
);

/** Returns the number of entries over `axis` that are not 0, as int32. NaN counts, and so does true. */
export const countNonzero: Op<Unary, Reduction, ReduceOptions> = /* @__PURE__ */ reductionTo(
  "countNonzero",
  "int32",
  countNonzeroOf,
  (count) => count,
);
