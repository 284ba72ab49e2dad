import {
  type Binary,
  defineOp,
  ndarray,
  type Op,
  type Operand,
  type Shape,
  sizeOf,
  type VjpRule,
} from "@wengert/core/extend";
import { prodCause, sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { numericDType } from "../elementwise/arithmetic.ts";
import { reshapeTo } from "../shapes/reshape.ts";
import { type Contraction, contract, contractedShape, contractionFlops } from "./contraction.ts";
import { contractBatch, cotangentOf } from "./einsum.ts";
import { checkInnerSizes } from "./matmul.ts";

// This file declares dot and outer as contractions of two tensors, whose ranks determine the einsum labels of the axes.
// So the VJP rules of einsum apply.

type Shaped = Pick<Operand, "shape">;
type Pair = readonly [Shaped, Shaped];

function contractionOp(
  name: string,
  shape: (inputs: readonly [Operand, Operand]) => Shape,
  labelsOf: (inputs: Pair) => Contraction,
  nonFinite: typeof prodCause,
  samples: Op<Binary>["spec"]["samples"],
): Op<Binary> {
  const ruleForInput =
    (k: number): VjpRule<Binary, undefined> =>
    (g, { inputs }) => {
      const labels = labelsOf(inputs);
      return cotangentOf(k, reshapeTo(g, contractedShape(labels, inputs)), inputs, labels);
    };
  return defineOp<Binary>({
    name,
    shape,
    dtype: (inputs) => numericDType(inputs),
    batch: (call) =>
      reshapeTo(contractBatch(labelsOf(call.operands), call.inputs, call.batched), [call.size, ...call.output.shape]),
    kernel: (out, inputs) => {
      const labels = labelsOf(inputs);
      contract(ndarray(out.data, contractedShape(labels, inputs)), inputs, labels);
    },
    flops: (inputs) => contractionFlops(labelsOf(inputs), inputs),
    vjp: [ruleForInput(0), ruleForInput(1)],
    nonFinite,
    samples,
  });
}

/** Returns a string of `count` einsum labels, starting with label number `first`. */
const labelsFrom = (first: number, count: number): string =>
  String.fromCharCode(...Array.from({ length: count }, (_, i) => "a".charCodeAt(0) + first + i));

/**
 * Returns y = a · b, as in NumPy: the inner product of vectors, the product of matrices. In general, sums over the last
 * axis of a and the second-to-last axis of b (the only axis of a vector); the output has the other axes of both. A
 * scalar multiplies the other input. The cotangent of each input is the contraction of the cotangent of y with the
 * other input.
 */
export const dot: Op<Binary> = /* @__PURE__ */ contractionOp(
  "dot",
  ([a, b]) => {
    if (a.shape.length > 0 && b.shape.length > 0) checkInnerSizes(a, b);
    return contractedShape(dotLabels([a, b]), [a, b]);
  },
  dotLabels,
  sumOfProductsCause,
  () => [
    [irregular([3]), irregular([3], 2)],
    [irregular([2, 3]), irregular([3, 2], 2)],
    [irregular([2, 3]), irregular([2, 3, 1], 2)],
    [irregular([]), irregular([2, 3], 2)],
  ],
);

function dotLabels([{ shape: p }, { shape: q }]: Pair): Contraction {
  const [a, b] = [labelsFrom(0, p.length), labelsFrom(p.length, q.length)];
  if (a === "" || b === "") return { operands: [a, b], output: a + b };
  const at = Math.max(0, q.length - 2);
  const [rest, after] = [b.slice(0, at), b.slice(at + 1)];
  return { operands: [a, rest + a.at(-1) + after], output: a.slice(0, -1) + rest + after };
}

/**
 * Returns yᵢⱼ = aᵢ bⱼ over all elements of a and b in row-major order. The VJP maps the cotangent g to Σⱼ gᵢⱼ bⱼ for a
 * and Σᵢ gᵢⱼ aᵢ for b.
 */
export const outer: Op<Binary> = /* @__PURE__ */ contractionOp(
  "outer",
  ([a, b]) => [sizeOf(a.shape), sizeOf(b.shape)],
  ([{ shape: p }, { shape: q }]) => {
    const [a, b] = [labelsFrom(0, p.length), labelsFrom(p.length, q.length)];
    return { operands: [a, b], output: a + b };
  },
  prodCause,
  () => [
    [irregular([2]), irregular([3], 2)],
    [irregular([2, 2]), irregular([], 2)],
  ],
);
