import type { Program } from "@wengert/core";
import { pack, place, type Shape, sizeOf } from "@wengert/core/extend";
import { add, concat, reshape } from "@wengert/ops";
import { internalOps, unslice } from "@wengert/ops/extend";
import { type ComputedStep, rowMajorStrides, type Value, widthOf } from "../memory/layout.ts";
import { canLoad, type Group, mergeAxes } from "./groups.ts";

// Loops that copy tensors. Ops such as `concat` copy each input to a part of their output.

/**
 * Returns a loop that copies a tensor to a tensor of the same shape and dtype, or `undefined` if no loop can. If
 * `addsZero` is true, the loop copies x + 0, which is 0 for x = −0.
 */
export function copyLoop({ step }: ComputedStep, from: Value, to: Value, addsZero = false): Group | undefined {
  // If all elements of an operand are equal, a loop contains their value as a float constant. This would change the
  // bits of integers other than 0, so a loop reads such integers from memory.
  const source = from.dtype === "int32" && from.uniform !== 0 ? { ...from, uniform: undefined } : from;
  const copy = (
    addsZero
      ? { step: { ...step, op: add.spec }, inputs: [source, { ...source, uniform: 0 }], output: to }
      : { step: { ...step, op: reshape.spec }, inputs: [source], output: to }
  ) as ComputedStep;
  const dtype = widthOf(to.dtype) === 8 ? "float64" : "float32";
  // A loop stores vectors of several elements, so the elements of a row must be contiguous in memory.
  const inner = mergeAxes(to.shape, [to.stride]).strides[0]!.at(-1) ?? 1;
  const isForward = to.stride.every((step) => step >= 0) && (from.advance?.elements ?? 0) >= 0;
  if (from.dtype !== to.dtype || inner !== 1 || !isForward || !canLoad(copy)) return undefined;
  return { kind: "group", shape: to.shape, dtype, steps: [copy], sums: [] };
}

/** Returns loops that compute an op, such as `concat`, by copying tensors. Returns `undefined` if no loops can. */
export function pieceLoops(computed: ComputedStep): Group[] | undefined {
  const { step, inputs, output } = computed;
  const parts = rules.get(step.op)?.(computed);
  if (parts === undefined || output.buffer.size === 0) return undefined;
  const adds = step.op === (internalOps.unsliceAll.spec as unknown);
  const copied = inputs.reduce((size, { shape }) => size + sizeOf(shape), 0);
  const zeros = { ...output, uniform: 0 };
  const loops = inputs.flatMap((x, k) => (sizeOf(x.shape) === 0 ? [] : [copyLoop(computed, x, parts[k]!, adds)]));
  if (copied < output.buffer.size) loops.unshift(copyLoop(computed, zeros, output));
  return loops.includes(undefined) ? undefined : (loops as Group[]);
}

/**
 * For a step such as concat, returns the views of the output to which the inputs are copied. Returns `undefined` if two
 * of these views may overlap.
 */
type PartsOf = (computed: ComputedStep) => readonly Value[] | undefined;

/** The entries that a slice selects along each axis: `size` entries from `start` on, in steps of `step`. */
interface Selection {
  readonly start: Shape;
  readonly step: Shape;
  readonly size: Shape;
}

const selected = (output: Value, { start, step, size }: Selection): Value => ({
  ...output,
  shape: size,
  stride: output.stride.map((stride, axis) => stride * step[axis]!),
  offset: start.reduce((offset, index, axis) => offset + index * output.stride[axis]!, output.offset),
});

/** Divides the output vector of a step into consecutive views, one for each input, with the input's shape. */
const inOrder = (offset: number, { inputs, output }: ComputedStep): Value[] => {
  let next = output.offset + offset;
  return inputs.map(({ shape }) => {
    const part = { ...output, shape, stride: rowMajorStrides(shape), offset: next };
    next += sizeOf(shape);
    return part;
  });
};

/** Whether two strided slices of an array may have an element in common. */
const mayOverlap = (a: Selection, b: Selection): boolean =>
  a.start.every((start, axis) => {
    const [last, other] = [a, b].map((x) => x.start[axis]! + x.step[axis]! * (x.size[axis]! - 1)) as [number, number];
    return Math.max(start, b.start[axis]!) <= Math.min(last, other);
  });

const rules = /* @__PURE__ */ new Map<unknown, PartsOf>([
  [unslice.spec, ({ step, output }) => [selected(output, step.params as Selection)]],
  [
    internalOps.unsliceAll.spec,
    ({ step, output }) => {
      const { selections } = step.params as { readonly selections: readonly Selection[] };
      const isForward = selections.every((each) => each.step.every((n) => n > 0));
      if (!isForward || selections.some((a, k) => selections.slice(k + 1).some((b) => mayOverlap(a, b))))
        return undefined;
      return selections.map((each) => selected(output, each));
    },
  ],
  [
    concat.spec,
    ({ step, inputs, output }) => {
      const { axis } = step.params as { readonly axis: number };
      let from = 0;
      return inputs.map(({ shape }) => {
        const part = { ...output, shape, offset: output.offset + from * output.stride[axis]! };
        from += shape[axis]!;
        return part;
      });
    },
  ],
  [pack.spec, (computed) => inOrder(0, computed)],
  [place.spec, (computed) => inOrder((computed.step.params as { readonly offset: number }).offset, computed)],
]) as ReadonlyMap<Program["steps"][number]["op"], PartsOf>;
