import { ArgumentError, type DType } from "@wengert/core";
import { type Shape, sizeOf } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { internalOps, scatterAdd, scatterAddAlong } from "@wengert/ops/extend";
import type { GraphBuilder } from "../graph/graph.ts";
import { anyNaN, castTo, expand, fill, notANumber, reduce, reshape, unsqueeze } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";

// Ops that read and write entries at indices. ONNX also counts negative indices from the end, and runtimes throw an error
// if an index is out of range.

/**
 * Replaces negative class indices by `count`. ONNX would count negative indices from the end of the axis, but for the
 * index `count` a runtime throws an error.
 */
export function checkedClasses(g: GraphBuilder, indices: string, count: number): string {
  const isNegative = g.node("Less", [indices, g.number(0, "int32")]);
  return g.node("Where", [isNegative, g.number(count, "int32"), indices]);
}

/**
 * Returns an array of `shape` with ones at the given indices along `axis`, and zeros elsewhere. `indices` has size 1
 * along this axis.
 */
export function oneHotAlong(g: GraphBuilder, indices: string, axis: number, shape: Shape, dtype: DType): string {
  const ones = fill(g, 1, shape.with(axis, 1), dtype);
  return g.node("ScatterElements", [fill(g, 0, shape, dtype), indices, ones], { axis });
}

/**
 * Adds each entry of `values` to the entry of `base` whose position along `axis` is the corresponding entry of
 * `indices`.
 */
function addElements(g: GraphBuilder, base: string, indices: string, values: string, axis: number): string {
  if (g.opset >= 16) return g.node("ScatterElements", [base, indices, values], { axis, reduction: "add" });
  throw new ArgumentError(
    `toOnnx: sums of entries with equal indices need opset 16, got ${g.opset}; write { opset: 17 }`,
  );
}

interface Entries {
  /** The name of the tensor of indices. `indicesShape` is the shape of this tensor. */
  readonly indices: string;
  readonly indicesShape: Shape;
  /**
   * The name of the tensor whose entries are read or written. This tensor has the shape of the whole array, with `axis`
   * replaced by the axes of `indices`.
   */
  readonly values: string;
}

/**
 * Reshapes indices and values for the operator ScatterElements. The indices are flattened along `axis`, and repeated
 * along all other axes of the target.
 */
function elementsOf(g: GraphBuilder, { indices, indicesShape, values }: Entries, target: Shape, axis: number) {
  const count = sizeOf(indicesShape);
  const shape = target.with(axis, count);
  const along = reshape(
    g,
    indices,
    shape.map((_, i) => (i === axis ? count : 1)),
  );
  return { indices: expand(g, along, shape), values: reshape(g, values, shape) };
}

/** Converts bools to int32, so that they can be added. Returns other numbers unchanged. */
const addable = (g: GraphBuilder, x: string, dtype: DType): string => (dtype === "bool" ? castTo(g, x, "int32") : x);

export const indexRules = (): readonly Rule[] => [
  rule(ops.take, (g, names, { params: { axis } }) => g.node("Gather", names, { axis })),
  rule(ops.takeAlong, (g, [x, indices], { inputs: [input, at], output, params: { axis } }) => {
    const full = output.shape.with(axis, input.shape[axis]!);
    const source = String(full) === String(input.shape) ? x : expand(g, x, full);
    const positions = String(output.shape) === String(at.shape) ? indices : expand(g, indices, output.shape);
    return g.node("GatherElements", [source, positions], { axis });
  }),
  rule(ops.oneHot, (g, [indices], { output: { shape, dtype }, params: { numClasses } }) => {
    const axis = shape.length - 1;
    return oneHotAlong(g, unsqueeze(g, checkedClasses(g, indices, numClasses), [axis]), axis, shape, dtype);
  }),
  rule(scatterAdd, (g, [x, indices], { inputs: [{ dtype }, at], output, params: { axis } }) => {
    const entries = { indices, indicesShape: at.shape, values: addable(g, x, dtype) };
    const elements = elementsOf(g, entries, output.shape, axis);
    return addElements(g, fill(g, 0, output.shape, output.dtype), elements.indices, elements.values, axis);
  }),
  rule(internalOps.scatterAddAll, (g, names, { inputs, output, params: { axis } }) => {
    const count = inputs.length / 2;
    return (names as readonly string[]).slice(0, count).reduce(
      (sum, values, k) => {
        const entries = { indices: names[k + count]!, indicesShape: inputs[k + count]!.shape, values };
        const elements = elementsOf(g, entries, output.shape, axis);
        return addElements(g, sum, elements.indices, elements.values, axis);
      },
      fill(g, 0, output.shape, output.dtype),
    );
  }),
  rule(scatterAddAlong, (g, [x, indices], { inputs: [input, at], output, params: { axis } }) => {
    const positions = String(input.shape) === String(at.shape) ? indices : expand(g, indices, input.shape);
    const base = fill(g, 0, output.shape, output.dtype);
    return addElements(g, base, positions, addable(g, x, input.dtype), axis);
  }),
  rule(ops.segmentSum, (g, [x, ids], { inputs: [{ dtype }, at], output, params: { count } }) => {
    const entries = {
      indices: checkedClasses(g, ids, count),
      indicesShape: at.shape,
      values: addable(g, x, dtype),
    };
    const elements = elementsOf(g, entries, output.shape, 0);
    return addElements(g, fill(g, 0, output.shape, output.dtype), elements.indices, elements.values, 0);
  }),
  rule(ops.setAt, (g, [x, indices, values], { inputs: [, at], output: { shape }, params: { axis } }) => {
    const elements = elementsOf(g, { indices, indicesShape: at.shape, values }, shape, axis);
    return g.node("ScatterElements", [x, elements.indices, elements.values], { axis });
  }),
  rule(ops.addAt, (g, [x, indices, values], { inputs: [, at], output: { shape }, params: { axis } }) => {
    const elements = elementsOf(g, { indices, indicesShape: at.shape, values }, shape, axis);
    return addElements(g, x, elements.indices, elements.values, axis);
  }),
  rule(ops.argsort, (g, [x], { inputs: [{ shape, dtype }], params: { axis, descending, nan } }) => {
    const attributes = { axis, largest: descending ? 1 : 0, sorted: 1 };
    const order = g.nodes("TopK", [x, g.ints([shape[axis]!])], 2, attributes)[1]!;
    if (nan !== "everywhere" || dtype === "int32") return castTo(g, order, "int32");
    const first = g.node("ArgMax", [castTo(g, notANumber(g, x), "int32")], { axis, keepdims: 1 });
    return castTo(g, g.node("Where", [anyNaN(g, x, [axis], true), first, order]), "int32");
  }),
  rule(ops.searchsorted, (g, [sorted, x], { output: { shape }, params: { side } }) => {
    const each = unsqueeze(g, x, [shape.length]);
    const isBefore = g.node(side === "left" ? "Less" : "LessOrEqual", [sorted, each]);
    return reduce(g, "ReduceSum", castTo(g, isBefore, "int32"), [shape.length], false);
  }),
];
