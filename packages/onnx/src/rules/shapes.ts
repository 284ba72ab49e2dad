import * as ops from "@wengert/ops";
import { internalOps, overlapAdd, unslice } from "@wengert/ops/extend";
import { expand, reshape, transpose, unsqueeze } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";
import { flip, padZeros, placeSlice, sliceAxis, takeSlice } from "./slices.ts";

// Rules that export ops to ONNX: the ops that only change the shape or the order of entries, such as reshape and
// transpose.

export const shapeRules = (): readonly Rule[] => [
  rule(ops.reshape, (g, [x], { params: { shape } }) => reshape(g, x, shape)),
  rule(ops.transpose, (g, [x], { params: { axes } }) => transpose(g, x, axes)),
  rule(ops.expandDims, (g, [x], { params: { axis } }) => unsqueeze(g, x, [axis])),
  rule(ops.squeeze, (g, [x], { output: { shape } }) => reshape(g, x, shape)),
  rule(ops.flip, (g, [x], { params: { axes } }) => flip(g, x, axes)),
  rule(ops.broadcastTo, (g, [x], { params: { shape } }) => expand(g, x, shape)),
  rule(ops.concat, (g, names, { params: { axis } }) => g.node("Concat", names as readonly string[], { axis })),
  rule(ops.stack, (g, names, { params: { axis } }) =>
    g.node(
      "Concat",
      (names as readonly string[]).map((name) => unsqueeze(g, name, [axis])),
      { axis },
    ),
  ),
  rule(ops.pad, (g, [x], { inputs: [{ dtype }], params: { widths, value } }) =>
    padZeros(
      g,
      x,
      widths.map(([before]) => before),
      widths.map(([, after]) => after),
      g.number(value, dtype),
    ),
  ),
  rule(ops.roll, (g, [x], { inputs: [{ shape }], params: { shifts } }) =>
    shape.reduce((rolled, n, axis) => {
      const shift = n === 0 ? 0 : ((shifts[axis]! % n) + n) % n;
      if (shift === 0) return rolled;
      const [end, begin] = [sliceAxis(g, rolled, axis, n - shift, n), sliceAxis(g, rolled, axis, 0, n - shift)];
      return g.node("Concat", [end, begin], { axis });
    }, x),
  ),
  rule(ops.slice, (g, [x], { params }) => takeSlice(g, x, params)),
  rule(unslice, (g, [x], { inputs: [{ dtype }], params }) => placeSlice(g, x, params, params.shape, dtype)),
  rule(internalOps.unsliceAll, (g, names, { inputs: [x], params: { selections, shape } }) =>
    (names as readonly string[])
      .map((name, k) => placeSlice(g, name, selections[k]!, shape, x!.dtype))
      .reduce((sum, each) => g.node("Add", [sum, each])),
  ),
  rule(ops.windows, (g, [x], { inputs: [{ shape }], output, params: { axes, size, stride, dilation } }) => {
    // The operator Gather with a matrix of positions replaces an axis by two axes: one for the windows, and one for the
    // entries of a window.
    const order = [...shape.keys()].map(String);
    let entries = x;
    for (const [i, axis] of axes.entries()) {
      const at = order.indexOf(String(axis));
      const count = output.shape[axis]!;
      const positions = Array.from(
        { length: count * size[i]! },
        (_, p) => Math.floor(p / size[i]!) * stride[i]! + (p % size[i]!) * dilation[i]!,
      );
      entries = g.node("Gather", [entries, g.array(positions, [count, size[i]!], "int64")], { axis: at });
      order.splice(at + 1, 0, `entries ${i}`);
    }
    const wanted = [...[...shape.keys()].map(String), ...axes.map((_, i) => `entries ${i}`)];
    return transpose(
      g,
      entries,
      wanted.map((each) => order.indexOf(each)),
    );
  }),
  rule(overlapAdd, (g, [x], { inputs: [{ dtype, shape: given }], params: { axes, size, stride, dilation, shape } }) => {
    // Adds overlapping windows along one axis at a time, beginning with the last axis. Entry j of window w is added at
    // position w · stride + j · dilation of the result.
    let [sum, sizes] = [x, given];
    for (let i = axes.length - 1; i >= 0; i--) {
      const [axis, last] = [axes[i]!, sizes.length - 1];
      const rest = sizes.slice(0, last);
      const target = rest.with(axis, shape[axis]!);
      const placed = Array.from({ length: size[i]! }, (_, j) => {
        const entry = reshape(g, sliceAxis(g, sum, last, j, j + 1), rest);
        const start = rest.map((_, each) => (each === axis ? j * dilation[i]! : 0));
        const step = rest.map((_, each) => (each === axis ? stride[i]! : 1));
        return placeSlice(g, entry, { start, step, size: rest }, target, dtype);
      });
      sum = placed.reduce((all, each) => g.node("Add", [all, each]));
      sizes = target;
    }
    return sum;
  }),
];
