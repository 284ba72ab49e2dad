import type { Program } from "@wengert/core";
import { sizeOf } from "@wengert/core/extend";
import { crossEntropy, exp, log, logSoftmax, matmul, mean, sigmoid, softmax, sum, tanh } from "@wengert/ops";
import { crossEntropyPullback, softmaxPullback } from "@wengert/ops/extend";
import { type ComputedStep, isRowMajorValue, type Value, widthOf } from "../layout.ts";
import { broadcastTo } from "./groups.ts";

// An instruction is a call of a kernel with addresses. A step without a rule runs the kernel of its op on views of the
// same memory.

/** An argument of a kernel: a whole number, a float64, or the address of an element of a value or of the scratch memory. */
export type Argument =
  | number
  | { readonly float64: number }
  | { readonly value: Value; readonly shift: number }
  | "scratch";

export interface KernelCall {
  readonly kind: "call";
  readonly kernel: string;
  readonly args: readonly Argument[];
}
/** Runs the op of the step on views of the memory. */
export interface OpCall {
  readonly kind: "op";
  readonly computed: ComputedStep;
}
/** Throws the error of the op if a label is not a class, because kernels trust labels. */
export interface LabelCheck {
  readonly kind: "labels";
  readonly computed: ComputedStep;
  readonly labels: Value;
  readonly classes: number;
}
export type Instruction = KernelCall | OpCall | LabelCheck;

/** Requests scratch memory of at least `bytes`. */
type Reserve = (bytes: number) => void;
type Rule = (computed: ComputedStep, reserve: Reserve) => readonly Instruction[] | undefined;

/** Returns the instructions of a step. */
export function instructionsFor(computed: ComputedStep, reserve: Reserve): readonly Instruction[] {
  const { dtype, size } = computed.output.buffer;
  const isFloat = dtype === "float32" || dtype === "float64";
  const rule = isFloat && size > 0 ? rules.get(computed.step.op) : undefined;
  return rule?.(computed, reserve) ?? [{ kind: "op", computed }];
}

const at = (value: Value, shift = 0): Argument => ({ value, shift });

const functionRule =
  (name: string): Rule =>
  ({ inputs: [x], output }) => {
    if (!isRowMajorValue(x!) || x!.dtype !== output.dtype) return undefined;
    const kernel = `${name}${8 * widthOf(output.dtype)}`;
    return [{ kind: "call", kernel, args: [sizeOf(output.shape), at(output), at(x!)] }];
  };

/** The numbers of terms and of rows that the kernel packs at a time. See gemm.ts in ops. */
const [packedTerms, packedRows, tileBytes] = [400, 60, 32];
/** The largest number of float32 terms that are summed in float32. */
const maxSingleTerms = 64 * packedTerms;

const matmulRule: Rule = ({ inputs: [a, b], output }, reserve) => {
  const size = widthOf(output.dtype);
  if (a!.shape.length < 2 || b!.shape.length < 2 || a!.dtype !== output.dtype || b!.dtype !== output.dtype)
    return undefined;
  const [m, k, n] = [a!.shape.at(-2)!, a!.shape.at(-1)!, b!.shape.at(-1)!];
  const [aRow, aCol, bRow, bCol] = [a!.stride.at(-2)!, a!.stride.at(-1)!, b!.stride.at(-2)!, b!.stride.at(-1)!];
  const hasUnitStride = (row: number, column: number) => row === 1 || column === 1;
  if (k === 0 || (size === 4 && k > maxSingleTerms) || !hasUnitStride(aRow, aCol) || !hasUnitStride(bRow, bCol))
    return undefined;
  if ([aRow, aCol, bRow, bCol].some((stride) => stride < 0)) return undefined;
  const part = Math.ceil(k / Math.ceil(k / packedTerms));
  /** One product of `rows` rows of a at `i` with b at `j`, into the output at `o`. Elements are counted from the values' starts. */
  const product = (rows: number, i: number, j: number, o: number): KernelCall => {
    // Tiles are wide, so a narrow product is transposed: Cᵀ = Bᵀ Aᵀ.
    const lanes = tileBytes / size;
    const byRows = Math.ceil(n / lanes) * lanes * rows * k;
    const byColumns = Math.ceil(rows / lanes) * lanes * n * k + 2 * rows * n;
    const isTransposed = byColumns < 0.875 * byRows;
    const columns = isTransposed ? rows : n;
    reserve((Math.min(k, packedTerms) * packedRows + k * (columns + 7)) * size + 64);
    const [left, right] = [at(a!, i), at(b!, j)];
    const tail: Argument[] = [1, 0, part, "scratch"]; // isFirst, isRunning
    const args: Argument[] = isTransposed
      ? [n, rows, k, right, bCol * size, bRow * size, left, aCol * size, aRow * size, at(output, o), size, n * size]
      : [rows, n, k, left, aRow * size, aCol * size, right, bRow * size, bCol * size, at(output, o), n * size, size];
    return { kind: "call", kernel: `gemm${8 * size}`, args: [...args, ...tail] };
  };
  const batch = output.shape.slice(0, -2);
  const count = sizeOf(batch);
  if (b!.shape.length === 2 && isRowMajorValue(a!)) return [product(m * count, 0, 0, 0)];
  if (count > 64) return undefined;
  const aBatch = broadcastTo({ ...a!, shape: a!.shape.slice(0, -2), stride: a!.stride.slice(0, -2) }, batch);
  const bBatch = broadcastTo({ ...b!, shape: b!.shape.slice(0, -2), stride: b!.stride.slice(0, -2) }, batch);
  return Array.from({ length: count }, (_, entry) => {
    let [i, j, rest] = [0, 0, entry];
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const index = rest % batch[axis]!;
      rest = (rest - index) / batch[axis]!;
      i += index * aBatch[axis]!;
      j += index * bBatch[axis]!;
    }
    return product(m, i, j, entry * m * n);
  });
};

const sumRule =
  (isMean: boolean): Rule =>
  ({ step, inputs: [x], output }, reserve) => {
    const { axes } = step.params as { readonly axes: readonly number[] };
    const areTogether = axes.length > 0 && axes.at(-1)! - axes[0]! === axes.length - 1;
    if (!areTogether || !isRowMajorValue(x!) || x!.dtype !== output.dtype || sizeOf(x!.shape) === 0) return undefined;
    const outer = sizeOf(x!.shape.slice(0, axes[0]));
    const n = sizeOf(x!.shape.slice(axes[0], axes.at(-1)! + 1));
    const inner = sizeOf(x!.shape.slice(axes.at(-1)! + 1));
    const bits = 8 * widthOf(output.dtype);
    const divisor = { float64: isMean ? n : 1 };
    reserve(64 * (inner + 2));
    if (inner === 1)
      return [{ kind: "call", kernel: `rowSums${bits}`, args: [outer, n, at(output), at(x!), "scratch", 1, divisor] }];
    if (outer > 64) return undefined;
    return Array.from({ length: outer }, (_, o) => ({
      kind: "call",
      kernel: `columnSums${bits}`,
      args: [n, inner, at(output, o * inner), at(x!, o * n * inner), "scratch", 1, divisor],
    }));
  };

/** The rule of a kernel of the softmax family, which processes contiguous slices along the last axes. */
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
  return [{ kind: "call", kernel: `${name}${8 * widthOf(output.dtype)}`, args }];
}

const softmaxRule =
  (name: string): Rule =>
  (computed, reserve) => {
    const { axes } = computed.step.params as { readonly axes: readonly number[] };
    return sliceCalls(name, computed, axes, reserve);
  };

const labelRule =
  (name: string): Rule =>
  (computed, reserve) => {
    const { axis } = computed.step.params as { readonly axis: number };
    const [logits, labels] = computed.inputs;
    if (labels!.dtype !== "int32") return undefined;
    const calls = sliceCalls(name, computed, [axis], reserve);
    return calls && [{ kind: "labels", computed, labels: labels!, classes: logits!.shape[axis]! }, ...calls];
  };

const rules: ReadonlyMap<Program["steps"][number]["op"], Rule> = /* @__PURE__ */ new Map<unknown, Rule>([
  [exp.spec, functionRule("exp")],
  [log.spec, functionRule("log")],
  [tanh.spec, functionRule("tanh")],
  [sigmoid.spec, functionRule("sigmoid")],
  [matmul.spec, matmulRule],
  [sum.spec, sumRule(false)],
  [mean.spec, sumRule(true)],
  [softmax.spec, softmaxRule("softmax")],
  [softmaxPullback.spec, softmaxRule("softmaxPullback")],
  [logSoftmax.spec, softmaxRule("logSoftmax")],
  [crossEntropy.spec, labelRule("labelLosses")],
  [crossEntropyPullback.spec, labelRule("labelPullback")],
]) as ReadonlyMap<Program["steps"][number]["op"], Rule>;
