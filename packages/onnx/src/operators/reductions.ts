import type { Tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { castTo } from "./elementwise.ts";
import { flag, int, ints, type Operator, operator } from "./operator.ts";
import { positive } from "./shapes.ts";

// Reductions, and operators that search or accumulate along an axis.

type Reduction = (x: Tensor, options: { readonly axis: readonly number[]; readonly keepDims: boolean }) => Tensor;

/** Declares a reduction. Its axes are an input since opset 18, and were an attribute before, except those of ReduceSum. */
const reduction = (name: string, reduce: Reduction): Operator =>
  operator(
    name,
    [1, 2],
    { axes: ints, keepdims: flag(true), noop_with_empty_axes: flag(false) },
    ([x, given], { axes, keepdims, noop_with_empty_axes }, { numbers }) => {
      const listed = given ? numbers(given) : (axes ?? []);
      if (listed.length === 0 && noop_with_empty_axes) return x;
      return reduce(x, { axis: listed.length > 0 ? listed : [...x.shape.keys()], keepDims: keepdims });
    },
  );

/** Declares ArgMax or ArgMin. Among equal entries, the first wins, or the last if `select_last_index` is set. */
const search = (name: string, find: typeof ops.argmax): Operator =>
  operator(
    name,
    [1, 1],
    { axis: int(0), keepdims: flag(true), select_last_index: flag(false) },
    ([x], { axis, keepdims, select_last_index }) => {
      if (!select_last_index) return find(x, { axis, keepDims: keepdims });
      const fromEnd = find(ops.flip(x, { axis }), { axis, keepDims: keepdims });
      return ops.sub(x.shape[positive(axis, x.shape.length)]! - 1, fromEnd);
    },
  );

/** Returns x moved by one entry towards the end of an axis, with 0 in front. */
function shifted(x: Tensor, axis: number): Tensor {
  const at = positive(axis, x.shape.length);
  if (x.shape[at] === 0) return x;
  const kept = ops.slice(x, { stop: x.shape.map((n, i) => (i === at ? n - 1 : null)) });
  return ops.pad(kept, { widths: x.shape.map((_, i) => (i === at ? [1, 0] : [0, 0])) });
}

export const reductionOperators = (): readonly Operator[] => [
  reduction("ReduceSum", ops.sum),
  reduction("ReduceMean", ops.mean),
  reduction("ReduceProd", ops.prod),
  reduction("ReduceMax", (x, options) => (x.dtype === "bool" ? ops.any(x, options) : ops.max(x, options))),
  reduction("ReduceMin", (x, options) => (x.dtype === "bool" ? ops.all(x, options) : ops.min(x, options))),
  reduction("ReduceL1", (x, options) => ops.sum(ops.abs(x), options)),
  reduction("ReduceL2", (x, options) => (x.dtype === "int32" ? normOfIntegers(x, options) : ops.norm(x, options))),
  reduction("ReduceSumSquare", (x, options) => ops.sum(ops.square(x), options)),
  reduction("ReduceLogSum", (x, options) => ops.log(ops.sum(x, options))),
  reduction("ReduceLogSumExp", ops.logSumExp),
  search("ArgMax", ops.argmax),
  search("ArgMin", ops.argmin),
  operator(
    "CumSum",
    [2, 2],
    { exclusive: flag(false), reverse: flag(false) },
    ([x, along], { exclusive, reverse }, { number }) => {
      const axis = number(along);
      const turn = (y: Tensor) => (reverse ? ops.flip(y, { axis }) : y);
      const turned = turn(x);
      return turn(ops.cumsum(exclusive ? shifted(turned, axis) : turned, { axis }));
    },
  ),
  operator(
    "TopK",
    [2, 2],
    { axis: int(-1), largest: flag(true), sorted: flag(true) },
    ([x, count], { axis, largest }, { number }) => {
      const order = ops.argsort(x, { axis, descending: largest });
      const at = positive(axis, x.shape.length);
      const indices = ops.slice(order, { stop: x.shape.map((_, i) => (i === at ? number(count) : null)) });
      return [ops.takeAlong(x, indices, { axis: at }), indices];
    },
    { outputs: 2 },
  ),
];

const normOfIntegers: Reduction = (x, options) => castTo(ops.norm(castTo(x, "float64"), options), "int32");
