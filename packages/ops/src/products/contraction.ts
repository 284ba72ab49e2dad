import {
  assign,
  type Data,
  type NdArray,
  ndarray,
  type Operand,
  ravel,
  type Shape,
  sizeOf,
} from "@wengert/core/extend";
import { mulLoop } from "../elementwise/arithmetic.ts";
import { alongAxes, type SliceLoop, sliceStride } from "../loops/alongAxes.ts";
import { innerProduct } from "../loops/slices.ts";
import { elementwise } from "../loops/strided.ts";
import { sumInto } from "../shapes/sum.ts";
import { multiplyMatrices as matrixProducts } from "./gemm.ts";

/**
 * A contraction, as in einsum: each axis of an operand has a label, a single character. Products are summed over all
 * labels missing from the output.
 */
export interface Contraction {
  readonly operands: readonly string[];
  readonly output: string;
}

/** Parses subscripts such as "ij,jk->ik". */
export function contractionOf(subscripts: string): Contraction {
  const [operands, output] = subscripts.split("->") as [string, string];
  return { operands: operands.split(","), output };
}

export const subscriptsOf = ({ operands, output }: Contraction): string => `${operands.join()}->${output}`;

/**
 * Returns f(label) for each label of a string. Uses an index loop, because `for … of` over a string takes longer than a
 * small matrix product.
 */
function perLabel<T>(labels: string, f: (label: string) => T): T[] {
  const list: T[] = [];
  for (let axis = 0; axis < labels.length; axis++) list.push(f(labels[axis]!));
  return list;
}

type Shaped = Pick<Operand, "shape">;

export type Sizes = ReadonlyMap<string, number>;

/** Returns the size of the axes with each label. Axes of size 1 broadcast to the size of their label. */
export function labelSizes({ operands }: Contraction, inputs: readonly Shaped[]): Sizes {
  const sizes = new Map<string, number>();
  operands.forEach((labels, k) => {
    for (let axis = 0; axis < labels.length; axis++)
      if ((sizes.get(labels[axis]!) ?? 1) === 1) sizes.set(labels[axis]!, inputs[k]!.shape[axis]!);
  });
  return sizes;
}

const shapeOver = (labels: string, sizes: Sizes): Shape => perLabel(labels, (label) => sizes.get(label)!);
const sizeOver = (labels: string, sizes: Sizes): number => sizeOf(shapeOver(labels, sizes));

export const contractedShape = (contraction: Contraction, inputs: readonly Shaped[]): Shape =>
  shapeOver(contraction.output, labelSizes(contraction, inputs));

const filterLabels = (labels: string, isSelected: (label: string, axis: number) => boolean): string => {
  let selected = "";
  for (let axis = 0; axis < labels.length; axis++) if (isSelected(labels[axis]!, axis)) selected += labels[axis];
  return selected;
};
const keepLabels = (labels: string, others: string): string => filterLabels(labels, (label) => others.includes(label));
const dropLabels = (labels: string, others: string): string => filterLabels(labels, (label) => !others.includes(label));

/** An array and a distinct label for each axis. */
interface Term {
  readonly labels: string;
  readonly array: NdArray;
}

/** Writes the contraction of one or two arrays, which may have any strides, to `out`. */
export function contract(out: NdArray, arrays: readonly NdArray[], contraction: Contraction): void {
  const { operands, output } = contraction;
  const sizes = labelSizes(contraction, arrays);
  for (const size of sizes.values()) if (size === 0) return; // the sums are 0; those over only some labels may be huge
  const [a, b] = arrays.map((array, k) => takeDiagonal(array, operands[k]!, sizes)) as [Term, Term?];
  if (b === undefined) sumToLabels(out, a, output, sizes);
  else multiply(out, sumUnneeded(a, output + b.labels, sizes), sumUnneeded(b, output + a.labels, sizes), output, sizes);
}

/** Returns the distinct labels of an operand. Omits the labels along which the operand broadcasts. */
export const ownLabels = (labels: string, { shape }: Shaped, sizes: Sizes): string =>
  filterLabels(labels, (label, axis) => labels.indexOf(label) === axis && shape[axis] === sizes.get(label));

/**
 * Returns the array's diagonal over all axes that share a label, as for "ii" in einsum. Omits the axes along which the
 * array broadcasts.
 */
function takeDiagonal(array: NdArray, labels: string, sizes: Sizes): Term {
  const { data, stride, offset } = array;
  const distinct = ownLabels(labels, array, sizes);
  const strides = perLabel(distinct, (label) =>
    stride.reduce((s, each, axis) => (labels[axis] === label ? s + each : s), 0),
  );
  return { labels: distinct, array: ndarray(data, shapeOver(distinct, sizes), strides, offset) };
}

/**
 * Returns a view of a term (an array with labeled axes) whose axes are `labels`. The view is broadcast along labels
 * that the term does not have.
 */
const broadcastToLabels = ({ labels: distinct, array }: Term, labels: string, sizes: Sizes): NdArray => {
  const strides = perLabel(labels, (label) => array.stride[distinct.indexOf(label)] ?? 0);
  return ndarray(array.data, shapeOver(labels, sizes), strides, array.offset);
};

/** Writes a term (an array with labeled axes), summed over all labels except `outputLabels`, to `out`. */
function sumToLabels(out: NdArray, term: Term, outputLabels: string, sizes: Sizes): void {
  const summedLabels = dropLabels(term.labels, outputLabels);
  const view = broadcastToLabels(term, outputLabels + summedLabels, sizes);
  if (summedLabels === "") assign(out, view);
  else
    sumInto(
      out,
      view,
      Array.from(summedLabels, (_, i) => outputLabels.length + i),
    );
}

/**
 * Sums a term (an array with labeled axes) over the labels that neither the output nor the other term has. The sums are
 * float64 or int32.
 */
function sumUnneeded(term: Term, needed: string, sizes: Sizes): Term {
  const labels = keepLabels(term.labels, needed);
  if (labels === term.labels) return term;
  const Sums = term.array.data instanceof Int32Array ? Int32Array : Float64Array;
  const shape = shapeOver(labels, sizes);
  const array = ndarray(new Sums(sizeOf(shape)), shape);
  sumToLabels(array, term, labels, sizes);
  return { labels, array };
}

/**
 * Writes the sum of products of two terms (arrays with labeled axes) to `out`. Each label of a term must be in the
 * output or in the other term.
 */
function multiply(out: NdArray, a: Term, b: Term, output: string, sizes: Sizes): void {
  const inner = dropLabels(a.labels, output);
  if (inner === "") {
    elementwise(out, [broadcastToLabels(a, output, sizes), broadcastToLabels(b, output, sizes)], mulLoop);
    return;
  }
  const batch = keepLabels(keepLabels(output, a.labels), b.labels);
  const [onlyA, onlyB] = [dropLabels(output, b.labels), dropLabels(output, a.labels)];
  if (onlyA === "" && onlyB === "") {
    const axes = Array.from(inner, (_, i) => output.length + i);
    alongAxes(
      axes,
      out,
      [broadcastToLabels(a, output + inner, sizes), broadcastToLabels(b, output + inner, sizes)],
      innerProducts,
    );
    return;
  }
  // The right factor of the matrix product is the operand whose labels come last in the output. Then the axes of the
  // product are in the order of the output, if possible.
  const bHasColumns = onlyB === "" || (onlyA !== "" && output.endsWith(onlyB));
  const [left, right, rowLabels, columnLabels] = bHasColumns ? [a, b, onlyA, onlyB] : [b, a, onlyB, onlyA];
  const x = matrices(broadcastToLabels(left, batch + rowLabels + inner, sizes), batch.length, rowLabels.length);
  const y = matrices(broadcastToLabels(right, batch + inner + columnLabels, sizes), batch.length, inner.length);
  const labels = batch + rowLabels + columnLabels;
  const isInPlace = labels === output;
  const data = isInPlace ? out.data : new (out.data.constructor as new (size: number) => Data)(out.data.length);
  matrixProducts(data, x, y, shapeOver(batch, sizes));
  if (!isInPlace)
    assign(out, broadcastToLabels({ labels, array: ndarray(data, shapeOver(labels, sizes)) }, output, sizes));
}

/**
 * Reshapes an array to a batch of matrices. The first `batch` axes are the batch, the next `count` axes become the
 * rows, and the remaining axes become the columns. Copies if the strides allow no view.
 */
function matrices(array: NdArray, batch: number, count: number): NdArray {
  const { data, shape, stride, offset } = array;
  const at = batch + count;
  const sides = [...shape.slice(0, batch), sizeOf(shape.slice(batch, at)), sizeOf(shape.slice(at))];
  const [p, q] = [sliceStride(array, batch, at), sliceStride(array, at)];
  if (p === undefined || q === undefined) return ndarray(ravel(array), sides);
  return ndarray(data, sides, [...stride.slice(0, batch), p, q], offset);
}

const innerProducts: SliceLoop = (n, y, o, _, a, i, s, b, j, t) => {
  y[o] = innerProduct(n, a, i, s, b, j, t);
};

/**
 * Returns the number of floating-point operations of `contract`: one for each addition within a single operand, one for
 * each product, and one for each addition of products.
 */
export function contractionFlops(contraction: Contraction, inputs: readonly Shaped[]): number {
  const { operands, output } = contraction;
  const sizes = labelSizes(contraction, inputs);
  const distinct = operands.map((labels, k) => ownLabels(labels, inputs[k]!, sizes));
  const needed = distinct.map((labels, k) => keepLabels(labels, output + (distinct[1 - k] ?? "")));
  const sums = distinct.reduce((flops, labels, k) => flops + (labels === needed[k] ? 0 : sizeOver(labels, sizes)), 0);
  if (distinct.length === 1) return sums;
  const all = needed[0]! + dropLabels(needed[1]!, needed[0]!);
  return sums + sizeOver(all, sizes) * (dropLabels(all, output) === "" ? 1 : 2);
}
