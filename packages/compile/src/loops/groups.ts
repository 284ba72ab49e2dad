import { type Shape, sizeOf } from "@wengert/core/extend";
import { type Buffer, type ComputedStep, isWhole, type Value } from "../memory/layout.ts";
import { elementwise } from "./elementwise.ts";

// Elementwise steps with the same output shape become one loop, a group. Results that only the group reads stay in
// registers.

export interface Group {
  readonly kind: "group";
  readonly shape: Shape;
  readonly dtype: "float32" | "float64";
  readonly steps: ComputedStep[];
}
export interface Single {
  readonly kind: "single";
  readonly steps: readonly [ComputedStep];
}

/** The largest number of steps in a group: more would not fit in the registers. */
const maxSteps = 40;

/** Returns the strides of a value that is broadcast to `shape`. */
export function broadcastTo({ shape: own, stride }: Value, shape: Shape): number[] {
  const missing = shape.length - own.length;
  return shape.map((_, axis) => (axis < missing || own[axis - missing] === 1 ? 0 : stride[axis - missing]!));
}

/** Merges neighboring axes that every operand passes through without a gap. */
export function mergeAxes(shape: Shape, strides: readonly Shape[]): { shape: number[]; strides: number[][] } {
  const merged = { shape: [] as number[], strides: strides.map((): number[] => []) };
  for (const [axis, n] of shape.entries()) {
    if (n === 1) continue;
    const last = merged.shape.length - 1;
    const joins = last >= 0 && strides.every((stride, k) => merged.strides[k]![last] === stride[axis]! * n);
    if (joins) merged.shape[last]! *= n;
    else merged.shape.push(n);
    for (const [k, stride] of strides.entries()) {
      if (joins) merged.strides[k]![last] = stride[axis]!;
      else merged.strides[k]!.push(stride[axis]!);
    }
  }
  return merged;
}

/** Returns whether a loop over vectors can compute a step: each operand has contiguous or repeated entries. */
function canJoin({ step, inputs, output }: ComputedStep): boolean {
  const { dtype, shape } = output;
  if (!elementwise.has(step.op) || (dtype !== "float32" && dtype !== "float64") || sizeOf(shape) === 0) return false;
  return inputs.every((x) => {
    if (x.dtype !== dtype) return false;
    if (x.uniform !== undefined) return true;
    const strides = mergeAxes(shape, [broadcastTo(x, shape)]).strides[0]!;
    const inner = strides.at(-1) ?? 0;
    return (inner === 0 || inner === 1) && strides.every((stride) => stride >= 0);
  });
}

/** Returns the steps in an order that keeps their dependencies, with elementwise steps joined to groups. */
export function groupSteps(steps: readonly ComputedStep[]): (Group | Single)[] {
  const order: (Group | Single)[] = [];
  const open = new Map<string, Group>();
  const groupOf = new Map<Buffer, Group>();
  const close = (group: Group) => {
    const key = keyOf(group.dtype, group.shape);
    if (open.get(key) !== group) return;
    open.delete(key);
    order.push(group);
    for (const { output } of group.steps) groupOf.delete(output.buffer);
  };
  /** Closes the groups that compute an input, except `own`. */
  const closeInputs = (inputs: readonly Value[], own?: Group) => {
    for (const { buffer } of inputs) {
      const group = groupOf.get(buffer);
      if (group !== undefined && group !== own) close(group);
    }
  };
  for (const computed of steps) {
    const { inputs, output } = computed;
    if (!canJoin(computed)) {
      closeInputs(inputs);
      order.push({ kind: "single", steps: [computed] });
      continue;
    }
    const dtype = output.dtype as Group["dtype"];
    const key = keyOf(dtype, output.shape);
    let group = open.get(key);
    // A result of the group that is read through another view is not a number of the same iteration.
    const isReadOtherwise = inputs.some((x) => groupOf.get(x.buffer) === group && !isWhole(x));
    if (group && (group.steps.length >= maxSteps || isReadOtherwise)) {
      close(group);
      group = undefined;
    }
    closeInputs(inputs, group);
    if (group === undefined) {
      group = { kind: "group", shape: output.shape, dtype, steps: [] };
      open.set(key, group);
    }
    group.steps.push(computed);
    groupOf.set(output.buffer, group);
  }
  for (const group of [...open.values()]) close(group);
  return order;
}

const keyOf = (dtype: string, shape: Shape): string => `${dtype} ${shape}`;
