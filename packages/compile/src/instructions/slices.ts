import { sizeOf } from "@wengert/core/extend";
import { type ComputedStep, isRowMajorValue, type Value, widthOf } from "../memory/layout.ts";
import { type Argument, at, type KernelCall, type Reserve, type Rule } from "./instruction.ts";

/**
 * Returns a call of the kernel `name` of the softmax family. These kernels need contiguous slices along the last axes;
 * for other slices, returns `undefined`.
 */
function sliceCalls(
  name: string,
  { inputs, output }: ComputedStep,
  axes: readonly number[],
  reserve: Reserve,
): readonly KernelCall[] | undefined {
  const { shape } = inputs[0]!;
  const areLast = axes.every((axis, i) => axis === shape.length - axes.length + i);
  if (!areLast || !inputs.every(isRowMajorValue)) return undefined;
  const n = axes.reduce((product, axis) => product * shape[axis]!, 1);
  const rows = sizeOf(shape) / n;
  if (!(rows > 0)) return undefined;
  reserve(Math.max(2 * rows + 2, 3 * n + 6) * 8 + 64);
  const [x, a, b] = inputs;
  const args: Argument[] = [rows, n, at(output), at(x!), a ? at(a) : 0, b ? at(b) : 0, "scratch"];
  const bytesPerRow = ({ shape, dtype }: Value) => (sizeOf(shape) / rows) * widthOf(dtype);
  const values = [output, ...inputs];
  const addresses = values.map((value, i) => [2 + i, bytesPerRow(value)] as const);
  const time = sizeOf(shape) * widthOf(output.dtype); // about 4 ns for each float32
  const call: KernelCall = { kind: "call", kernel: `${name}${8 * widthOf(output.dtype)}`, args };
  // A kernel writes whole vectors of 16 bytes, so the end of one row may overwrite the start of the next row, which
  // another thread computes.
  const isAligned = addresses.every(([, bytes], i) => bytes === widthOf(values[i]!.dtype) || bytes % 16 === 0);
  return [isAligned ? { ...call, rows: { count: 0, unit: 16, addresses, time } } : call];
}

/** Returns the rule of softmax, logSoftmax or a pullback, over the last axes. */
export const softmaxRule =
  (name: string): Rule =>
  (computed, reserve) => {
    const { axes } = computed.step.params as { readonly axes: readonly number[] };
    return sliceCalls(name, computed, axes, reserve);
  };

/** Returns the rule of a loss, such as crossEntropy, whose second input contains class labels. */
export const labelRule =
  (name: string): Rule =>
  (computed, reserve) => {
    const { axis } = computed.step.params as { readonly axis: number };
    const [logits, labels] = computed.inputs;
    if (labels!.dtype !== "int32") return undefined;
    const calls = sliceCalls(name, computed, [axis], reserve);
    return calls && [{ kind: "labels", computed, labels: labels!, classes: logits!.shape[axis]! }, ...calls];
  };
