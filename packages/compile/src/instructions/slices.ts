import { sizeOf } from "@wengert/core/extend";
import { type ComputedStep, isRowMajorValue, type Value, widthOf } from "../memory/layout.ts";
import { type Argument, at, type KernelCall, type Reserve, type Rule } from "./instruction.ts";

/** The largest number of kernel calls for one op, with one call for each index of axis 0. */
const maxCalls = 256;

/**
 * Returns the kernel calls for an op that works along the last axes, such as softmax. The kernel takes contiguous
 * inputs only. If an input x is not contiguous, but each x[i] is, for example because x is broadcast along axis 0, each
 * index i takes a separate kernel call.
 */
function sliceCalls(
  name: string,
  { inputs, output }: ComputedStep,
  axes: readonly number[],
  reserve: Reserve,
): readonly KernelCall[] | undefined {
  const { shape } = inputs[0]!;
  const areLast = axes.every((axis, i) => axis === shape.length - axes.length + i);
  const n = axes.reduce((product, axis) => product * shape[axis]!, 1);
  const rows = sizeOf(shape) / n;
  if (!areLast || !(rows > 0)) return undefined;
  const kernel = `${name}${8 * widthOf(output.dtype)}`;
  if (inputs.every(isRowMajorValue)) {
    reserve(scratchBytes(rows, n));
    return [sliceCall(kernel, inputs, output, rows, n)];
  }
  const count = shape[0]!;
  const isBatch = axes[0]! > 0 && count <= maxCalls && inputs.every((x) => x.shape[0] === count);
  const entries = inputs.map(entryOf);
  if (!isBatch || !entries.every(isRowMajorValue)) return undefined;
  reserve(scratchBytes(rows / count, n));
  const result = entryOf(output);
  return Array.from({ length: count }, (_, e) => {
    const moved = (x: Value, whole: Value): Value => ({ ...x, offset: x.offset + e * whole.stride[0]! });
    const own = entries.map((x, k) => moved(x, inputs[k]!));
    return sliceCall(kernel, own, moved(result, output), rows / count, n);
  });
}

const scratchBytes = (rows: number, n: number): number => Math.max(2 * rows + 2, 3 * n + 6) * 8 + 64;

/** Returns entry 0 of a tensor along axis 0. */
const entryOf = (x: Value): Value => ({ ...x, shape: x.shape.slice(1), stride: x.stride.slice(1) });

function sliceCall(kernel: string, inputs: readonly Value[], output: Value, rows: number, n: number): KernelCall {
  const [x, a, b] = inputs;
  const args: Argument[] = [rows, n, at(output), at(x!), a ? at(a) : 0, b ? at(b) : 0, "scratch"];
  const call: KernelCall = { kind: "call", kernel, args };
  const bytesPerRow = ({ shape, dtype }: Value) => (sizeOf(shape) / rows) * widthOf(dtype);
  const values = [output, ...inputs];
  const addresses = values.map((value, i) => [2 + i, bytesPerRow(value)] as const);
  const time = rows * n * widthOf(output.dtype); // about 4 ns for each float32
  // A kernel writes whole vectors of 16 bytes, so the end of one row may overwrite the start of the next row, which
  // another thread computes.
  const isAligned = addresses.every(([, bytes], i) => bytes === widthOf(values[i]!.dtype) || bytes % 16 === 0);
  return isAligned ? { ...call, rows: { count: 0, unit: 16, addresses, time } } : call;
}

/**
 * Returns a function that translates softmax, logSoftmax or one of their pullbacks into kernel calls. The axes of the
 * op must be the last axes.
 */
export const softmaxRule =
  (name: string): Rule =>
  (computed, reserve) => {
    const { axes } = computed.step.params as { readonly axes: readonly number[] };
    return sliceCalls(name, computed, axes, reserve);
  };

/** Returns a function that translates a loss with class labels, such as crossEntropy, into kernel calls. */
export const labelRule =
  (name: string): Rule =>
  (computed, reserve) => {
    const { axis } = computed.step.params as { readonly axis: number };
    const [logits, labels] = computed.inputs;
    if (labels!.dtype !== "int32") return undefined;
    const calls = sliceCalls(name, computed, [axis], reserve);
    return calls && [{ kind: "labels", computed, labels: labels!, classes: logits!.shape[axis]! }, ...calls];
  };
