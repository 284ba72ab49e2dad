import { type Shape, sizeOf } from "@wengert/core/extend";
import { mean, reshape, sum } from "@wengert/ops";
import {
  type Buffer,
  type ComputedStep,
  isRowMajorValue,
  isWhole,
  newValue,
  type Value,
  widthOf,
} from "../memory/layout.ts";
import { dtypeOf } from "./elementwise.ts";
import { withTwinsTogether } from "./twins.ts";

// The compiler fuses elementwise steps with the same output shape into one loop, called a group. Results that only this
// loop reads stay in registers. The loop also computes sums of its results over all leading or all trailing axes.

export interface Group {
  readonly kind: "group";
  readonly shape: Shape;
  readonly dtype: "float32" | "float64";
  readonly steps: ComputedStep[];
  readonly sums: GroupSum[];
}
export interface Single {
  readonly kind: "single";
  readonly steps: readonly [ComputedStep];
}

/** A sum or mean of a result that the same fused loop computes. */
export interface GroupSum {
  readonly computed: ComputedStep;
  /**
   * Whether the fused loop sums over trailing axes, which gives one number for each row. If false, the loop sums over
   * leading axes, which gives one number for each column.
   */
  readonly isOfRows: boolean;
  /**
   * For a sum over trailing axes, the first summed axis. For a sum over leading axes, the first axis that is not
   * summed.
   */
  readonly boundary: number;
  readonly divisor: number;
}

/**
 * The largest number of elementwise steps in a fused loop. The intermediate results of more steps would not fit in the
 * registers.
 */
const maxSteps = 40;
/**
 * The largest number of columns whose sums a fused loop computes. The partial sums of one column take 64 bytes, and the
 * partial sums of all columns should fit in the processor's cache.
 */
const maxColumns = 1024;

/** Returns the strides of a value that is broadcast to `shape`. */
export function broadcastTo({ shape: own, stride }: Value, shape: Shape): number[] {
  const missing = shape.length - own.length;
  return shape.map((_, axis) => (axis < missing || own[axis - missing] === 1 ? 0 : stride[axis - missing]!));
}

/** Merges two neighboring axes if, in every operand, a single stride reaches all elements of both axes. */
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

/** Returns the number of bytes of scratch memory that a fused loop needs for partial sums. */
export const scratchBytesOf = ({ sums }: Group): number =>
  sums.reduce((bytes, { computed, isOfRows }) => bytes + (isOfRows ? 0 : sumBytes(computed)), 0);

/** Returns the size in bytes of the eight partial sums of all columns. */
export const sumBytes = ({ output }: ComputedStep): number => 64 * sizeOf(output.shape) + 64;

/** Returns whether a fused loop can load all operands of an elementwise step as vectors. */
export function canLoad({ inputs, output: { shape, dtype } }: ComputedStep): boolean {
  return inputs.every((x) => {
    if (x.uniform !== undefined) return true;
    if (x.stride.some((step) => step < 0)) return false;
    const isConverted = x.dtype === "bool" || widthOf(x.dtype) < widthOf(dtype);
    if (!isConverted) return true;
    const inner = mergeAxes(shape, [broadcastTo(x, shape)]).strides[0]!.at(-1) ?? 0;
    return inner === 0 || inner === 1;
  });
}

/**
 * Fuses elementwise steps into groups. Returns the groups and the remaining steps in an order in which each step comes
 * after the steps that compute its inputs.
 */
export function groupSteps(steps: readonly ComputedStep[]): (Group | Single)[] {
  const order: (Group | Single)[] = [];
  const open = new Map<string, Group>();
  /** Maps each buffer to the fused loop that computes it, as long as more elementwise steps may join the loop. */
  const groupOf = new Map<Buffer, Group>();
  /**
   * Maps each buffer to the fused loop that computes it, even if no more elementwise steps may join the loop. A sum of
   * the buffer may still join the loop, because the sum reads no other buffer.
   */
  const producers = new Map<Buffer, Group>();
  const close = (group: Group) => {
    const key = keyOf(group.dtype, group.shape);
    if (open.get(key) !== group) return;
    open.delete(key);
    order.push(group);
    for (const { output } of group.steps) groupOf.delete(output.buffer);
    for (const { computed } of group.sums) groupOf.delete(computed.output.buffer);
  };
  /**
   * Closes all fused loops that compute one of the tensors in `inputs`, except the loop `own`. No elementwise step can
   * join a closed loop.
   */
  const closeInputs = (inputs: readonly Value[], own?: Group) => {
    for (const { buffer } of inputs) {
      const group = groupOf.get(buffer);
      if (group !== undefined && group !== own) close(group);
    }
  };
  for (const computed of withTwinsTogether(steps)) {
    const { inputs, output } = computed;
    const producer = inputs[0] && producers.get(inputs[0].buffer);
    const reduced = producer && sumOf(computed, producer);
    if (reduced !== undefined) {
      producer!.sums.push(reduced);
      if (groupOf.get(inputs[0]!.buffer) === producer) groupOf.set(output.buffer, producer!);
      continue;
    }
    const stridedSum = sumOfView(computed);
    if (stridedSum !== undefined) {
      closeInputs(inputs);
      order.push(stridedSum);
      continue;
    }
    const dtype = groupDtype(computed, groupOf);
    if (dtype === undefined || output.buffer.size === 0 || !canLoad(computed)) {
      closeInputs(inputs);
      order.push({ kind: "single", steps: [computed] });
      continue;
    }
    const key = keyOf(dtype, output.shape);
    let group = open.get(key);
    if (group && !canJoin(group, computed, groupOf)) {
      close(group);
      group = undefined;
    }
    closeInputs(inputs, group);
    if (group === undefined) {
      group = { kind: "group", shape: output.shape, dtype, steps: [], sums: [] };
      open.set(key, group);
    }
    group.steps.push(computed);
    groupOf.set(output.buffer, group);
    producers.set(output.buffer, group);
  }
  for (const group of [...open.values()]) close(group);
  return order;
}

/**
 * Returns the float dtype of the fused loop that can compute an elementwise step. A step whose tensors are all bools
 * can join a loop that computes one of its inputs, so the function returns the dtype of this loop.
 */
function groupDtype(computed: ComputedStep, groupOf: ReadonlyMap<Buffer, Group>): Group["dtype"] | undefined {
  const dtype = dtypeOf(computed);
  if (dtype !== "bool") return dtype;
  const { shape } = computed.output;
  for (const { buffer } of computed.inputs) {
    const group = groupOf.get(buffer);
    if (group !== undefined && isSame(group.shape, shape)) return group.dtype;
  }
  return undefined;
}

/** Returns whether an elementwise step can join a fused loop. */
function canJoin(
  { shape, steps, sums }: Group,
  { inputs }: ComputedStep,
  groupOf: ReadonlyMap<Buffer, Group>,
): boolean {
  if (steps.length >= maxSteps) return false;
  for (const x of inputs) {
    const producer = groupOf.get(x.buffer);
    if (producer === undefined || producer.steps !== steps) continue;
    // A step cannot join the loop that computes its input x if the step reads x through another view, such as a
    // transpose. The step would need elements of x from other iterations.
    if (!isWhole(x) || sums.some(({ computed }) => computed.output.buffer === x.buffer)) return false;
  }
  return sums.every(({ isOfRows, boundary }) => !isOfRows || keepsOrder(shape, boundary, inputs));
}

/**
 * Returns whether a fused loop visits the elements of each row in order, in blocks of eight, as the sum kernels do. The
 * bits of a sum depend on this order. The order holds if the size of the last axis is a multiple of eight, or if the
 * loop runs over the row as a single axis.
 */
function keepsOrder(shape: Shape, boundary: number, inputs: readonly Value[]): boolean {
  const row = shape.slice(boundary).filter((n) => n > 1);
  if (row.length <= 1 || row.at(-1)! % 8 === 0) return true;
  return inputs.every((x) => x.uniform !== undefined || (isSame(x.shape, shape) && isRowMajorValue(x)));
}

/**
 * Returns the description of the sum or mean `computed` if the fused loop `group` can compute it, and otherwise
 * `undefined`.
 */
function sumOf(computed: ComputedStep, group: Group): GroupSum | undefined {
  const { step, inputs, output } = computed;
  if (step.op !== sum.spec && step.op !== mean.spec) return undefined;
  const x = inputs[0]!;
  const { shape } = group;
  if (x.dtype !== group.dtype || output.dtype !== x.dtype || !isWhole(x) || !isSame(x.shape, shape)) return undefined;
  const { axes } = step.params as { readonly axes: readonly number[] };
  const areTogether = axes.length > 0 && axes.at(-1)! - axes[0]! === axes.length - 1;
  const n = axes.reduce((product, axis) => product * shape[axis]!, 1);
  if (!areTogether || n === 1) return undefined;
  const isOfRows = sizeOf(shape.slice(axes.at(-1)! + 1)) === 1;
  if (!isOfRows && (sizeOf(shape.slice(0, axes[0])) !== 1 || output.buffer.size > maxColumns)) return undefined;
  const boundary = isOfRows ? axes[0]! : axes.at(-1)! + 1;
  if (group.sums.some((other) => other.boundary !== boundary || other.isOfRows !== isOfRows)) return undefined;
  if (isOfRows && !group.steps.every((each) => keepsOrder(shape, boundary, each.inputs))) return undefined;
  return { computed, isOfRows, boundary, divisor: step.op === mean.spec ? n : 1 };
}

/** Returns a loop that computes a sum or mean of a tensor that is not row-major, or `undefined` if no loop can. */
function sumOfView(computed: ComputedStep): Group | undefined {
  const { step, inputs } = computed;
  const x = inputs[0]!;
  const { dtype, shape } = x;
  if ((step.op !== sum.spec && step.op !== mean.spec) || isRowMajorValue(x)) return undefined;
  if ((dtype !== "float32" && dtype !== "float64") || sizeOf(shape) === 0) return undefined;
  const copy: ComputedStep = {
    step: { ...step, op: reshape.spec as never },
    inputs: [x],
    output: newValue("computed", x),
  };
  const group: Group = { kind: "group", shape, dtype, steps: [copy], sums: [] };
  const reduced = canLoad(copy) ? sumOf({ ...computed, inputs: [copy.output] }, group) : undefined;
  return reduced && { ...group, sums: [reduced] };
}

const isSame = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, axis) => n === b[axis]);
const keyOf = (dtype: string, shape: Shape): string => `${dtype} ${shape}`;
