import { ArgumentError, type DType, ShapeError } from "@wengert/core";
import {
  assign,
  defineOp,
  describe,
  type Inputs,
  isSameShape,
  mixedDTypes,
  type Op,
  type Operand,
} from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { irregular } from "../declaring/samples.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

interface AxisParams {
  readonly axis: number;
}

/** Returns the tensors joined along the existing axis `axis`. Each tensor receives its slice of the cotangent. */
export const concat: Op<Inputs, AxisParams, Partial<AxisParams>> = /* @__PURE__ */ defineOp({
  name: "concat",
  options: { axis: 0 },
  params: (options, tensors) => ({ axis: axisOf(firstTensor(tensors), options.axis) }),
  shape: (tensors, { axis }) => {
    const first = tensors[0]!;
    const total = tensors.reduce((n, x, i) => n + checkFits(x, i, first, axis).shape[axis]!, 0);
    return first.shape.with(axis, total);
  },
  dtype: (tensors) => sharedDType(tensors),
  batch: "shift",
  kernel: (out, arrays, { axis }) => {
    let from = 0;
    for (const array of arrays) {
      const rest = out.lo(...array.shape.map((_, i) => (i === axis ? from : 0)));
      assign(rest.hi(...array.shape), array);
      from += array.shape[axis]!;
    }
  },
  vjp: (g, { inputs, params: { axis } }, needed) => {
    let from = 0;
    return inputs.map(({ shape }, k) => {
      from += shape[axis]!;
      if (!needed[k]) return null;
      const boundsAt = (bound: number) => shape.map((_, i) => (i === axis ? bound : null));
      return slice(g, { start: boundsAt(from - shape[axis]!), stop: boundsAt(from) });
    });
  },
  samples: () => [
    [[irregular([1, 2]), irregular([2, 2], 2)]],
    [[irregular([2, 1]), irregular([2, 2], 2)], { axis: -1 }],
  ],
});

/**
 * Returns the tensors, which have the same shape, joined along a new axis. Each tensor receives its slice of the
 * cotangent.
 */
export const stack: Op<Inputs, AxisParams, Partial<AxisParams>> = /* @__PURE__ */ defineOp({
  name: "stack",
  options: { axis: 0 },
  params: (options, tensors) => {
    const first = firstTensor(tensors);
    return { axis: axisOf(first, options.axis, first.shape.length + 1) };
  },
  shape: (tensors, { axis }) => {
    const first = tensors[0]!;
    const mismatch = tensors.findIndex(({ shape }) => !isSameShape(shape, first.shape));
    if (mismatch < 0) return first.shape.toSpliced(axis, 0, tensors.length);
    const [expected, got] = [describe(first, "tensor 0"), describe(tensors[mismatch]!, `tensor ${mismatch}`)];
    throw new ShapeError(
      `all tensors must have the shape of ${expected}, got ${got}; concat joins along an existing axis`,
    );
  },
  dtype: (tensors) => sharedDType(tensors),
  batch: "shift",
  kernel: (out, arrays, { axis }) => {
    for (const [k, array] of arrays.entries())
      assign(out.pick(...out.shape.map((_, i) => (i === axis ? k : null))), array);
  },
  vjp: (g, { inputs, params: { axis } }, needed) =>
    inputs.map(({ shape }, k) => {
      if (!needed[k]) return null;
      const boundsAt = (bound: number) => g.shape.map((_, i) => (i === axis ? bound : null));
      return reshape(slice(g, { start: boundsAt(k), stop: boundsAt(k + 1) }), { shape });
    }),
  samples: () => [[[irregular([2]), irregular([2], 2)]], [[irregular([2]), irregular([2], 2)], { axis: -1 }]],
});

function firstTensor(tensors: readonly Operand[]): Operand {
  if (tensors.length > 0) return tensors[0]!;
  throw new ArgumentError(`expected a list of at least one tensor, got an empty list`);
}

function checkFits(x: Operand, position: number, first: Operand, axis: number): Operand {
  const fits = x.shape.length === first.shape.length && x.shape.every((n, i) => i === axis || n === first.shape[i]);
  if (fits) return x;
  const [got, expected] = [describe(x, `tensor ${position}`), describe(first, "tensor 0")];
  const differing = first.shape.flatMap((n, i) => (n === x.shape[i] ? [] : [i]));
  const isOther = x.shape.length === first.shape.length && differing.length === 1;
  const hint = isOther ? `did you mean { axis: ${differing[0]} }?` : "stack joins along a new axis";
  throw new ShapeError(`tensors may differ along axis ${axis} only, got ${expected} and ${got}; ${hint}`);
}

function sharedDType(tensors: readonly Operand[]): DType {
  const first = tensors[0]!;
  const mismatch = tensors.findIndex(({ dtype }) => dtype !== first.dtype);
  if (mismatch < 0) return first.dtype;
  throw mixedDTypes([first, "tensor 0"], [tensors[mismatch]!, `tensor ${mismatch}`]);
}
