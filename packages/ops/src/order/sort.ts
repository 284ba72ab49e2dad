import { ArgumentError, OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import {
  defineOp,
  describe,
  type Op,
  prefixErrors,
  show,
  toTensors,
  type Unary,
  withDefaults,
} from "@wengert/core/extend";
import { axisOf, booleanOption } from "../declaring/axes.ts";
import { irregular, type Sampled, type Wrapped, withSamples, wrapOp } from "../declaring/samples.ts";
import { alongAxes } from "../loops/alongAxes.ts";
import { sliceAlong } from "../shapes/split.ts";
import { takeAlong } from "../shapes/takeAlong.ts";
import { sortableOf, sortIndices } from "./mergeSort.ts";

interface Order {
  readonly axis: number;
  readonly descending: boolean;
  /**
   * How to treat NaN entries. "first" or "last": their indices come first or last. "everywhere": all results of a slice
   * with a NaN are the index of its first NaN.
   */
  readonly nan: "first" | "last" | "everywhere";
}

/**
 * Returns the indices that sort each slice along `axis`, as int32. Equal entries keep their order. Not differentiable.
 */
export const orderOf: Op<Unary, Order> = /* @__PURE__ */ defineOp({
  name: "argsort",
  options: { axis: -1, descending: false, nan: "last" },
  shape: ([x]) => x.shape,
  dtype: () => "int32",
  batch: "shift",
  kernel: (out, [x], { axis, descending, nan }) => {
    const n = x.shape[axis]!;
    const slice = sortableOf(n);
    const [keys, order] = [slice.keys[0], slice.order[0]];
    alongAxes([axis], out, [x], (_, y, o, r, a, i, s) => {
      for (let l = 0, p = i; l < n; l++, p += s) keys[l] = descending ? -a[p]! : a[p]!;
      const count = sortIndices(n, slice);
      if (nan === "everywhere" && count < n) order.fill(order[count]!);
      const first = nan === "first" ? count : 0;
      for (let l = 0; l < n; l++) y[o + l * r] = order[(l + first) % n]!;
    });
  },
  flops: () => 0,
  vjp: [null],
  samples: () => [[irregular([2, 3]), { axis: 1, descending: false, nan: "last" }]],
});

export interface SortOptions {
  /** The axis to sort along. Default: −1, the last. */
  readonly axis?: number | undefined;
  /** Whether the largest entry is first. Default: false. */
  readonly descending?: boolean | undefined;
}
type SortOf = (x: TensorLike, options?: SortOptions) => Tensor;

const sortDefaults = { axis: -1, descending: false };
const sortSamples = (): [[Tensor], [Tensor, SortOptions]] => [
  [irregular([2, 3])],
  [irregular([3, 2]), { axis: 0, descending: true }],
];

function checkedOrder(caller: string, x: Tensor, options: SortOptions | undefined): Order {
  const { axis, descending } = withDefaults<SortOptions>(caller, options, sortDefaults);
  return prefixErrors(caller, () => ({
    axis: axisOf(x, axis),
    descending: booleanOption("descending", descending),
    nan: "last",
  }));
}

/**
 * Returns the indices that sort x along `axis`, as int32: `takeAlong(x, argsort(x), { axis: -1 })` is sorted. Equal
 * entries keep their order, also if `descending`. NaN is last in both directions.
 */
export const argsort: Wrapped<SortOf, typeof orderOf> = /* @__PURE__ */ wrapOp<SortOf, typeof orderOf>(
  orderOf,
  (x, options) => {
    const [t] = toTensors("argsort", [x], 1) as [Tensor];
    return orderOf(t, checkedOrder("argsort", t, options));
  },
  sortSamples,
);

/**
 * Returns x sorted along `axis`. Equal entries keep their order. NaN is last in both directions. The VJP gives each
 * entry of x the cotangent of its position in the sorted slice, also for equal entries.
 */
export const sort: Sampled<SortOf> = /* @__PURE__ */ withSamples<SortOf>((x, options) => {
  const [t] = toTensors("sort", [x], 1) as [Tensor];
  const order = checkedOrder("sort", t, options);
  return takeAlong(t, orderOf(t, order), { axis: order.axis });
}, sortSamples);

export interface TopKOptions {
  /** The number of entries to return. */
  readonly k: number;
  /** The axis to search. Default: −1, the last. */
  readonly axis?: number | undefined;
}
type TopK = (x: TensorLike, options: TopKOptions) => { values: Tensor; indices: Tensor };

/**
 * Returns the k largest entries of x along `axis`, the largest first, and their indices (int32). Equal entries keep
 * their order. NaN counts as the largest number, as in `max` and `argmax`. Each returned entry's cotangent goes to the
 * same entry of x.
 * @throws OutOfRangeError if the axis has fewer than k entries, ArgumentError unless k is a whole number of at least 0
 */
export const topK: Sampled<TopK> = /* @__PURE__ */ withSamples<TopK>(
  (x, options) => {
    if (typeof options === "number")
      throw new ArgumentError(`topK: options must be one object, got ${options}; write { k: ${options} }`);
    const { k, axis } = withDefaults<TopKOptions>("topK", options, { k: undefined, axis: -1 });
    const [t] = toTensors("topK", [x], 1) as [Tensor];
    const at = prefixErrors("topK", () => axisOf(t, axis));
    if (!Number.isSafeInteger(k) || k! < 0)
      throw new ArgumentError(
        `topK: k must be a whole number of at least 0, got ${show(k)}${k === undefined ? "; write { k: ... }" : ""}`,
      );
    if (k! > t.shape[at]!)
      throw new OutOfRangeError(
        `topK: k is ${k}, but axis ${at} of ${describe(t)} has ${t.shape[at]} entries; use a smaller k`,
      );
    const indices = sliceAlong(orderOf(t, { axis: at, descending: true, nan: "first" }), at, 0, k!);
    return { values: takeAlong(t, indices, { axis: at }), indices };
  },
  () => [
    [irregular([2, 3]), { k: 2 }],
    [irregular([3, 2]), { k: 1, axis: 0 }],
  ],
);
