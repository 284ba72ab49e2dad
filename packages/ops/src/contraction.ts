import type { Operand } from "@wengert/core";
import { assign, type Data, type NdArray, ndarray, rows, type Shape, sizeOf } from "@wengert/core/ndarray";
import { products } from "./arithmetic.ts";
import { innerProduct } from "./lanes.ts";
import { alongAxes, elementwise, type LaneLoop, laneStride } from "./loops.ts";
import { products as matrixProducts } from "./product.ts";
import { sums } from "./sum.ts";

/** Which label each axis has, one character an axis: the sum of products goes over all labels that the output lacks. */
export interface Contraction {
  readonly operands: readonly string[];
  readonly output: string;
}

/** "ij,jk->ik" taken apart. */
export function contractionOf(subscripts: string): Contraction {
  const [operands, output] = subscripts.split("->") as [string, string];
  return { operands: operands.split(","), output };
}

export const subscriptsOf = ({ operands, output }: Contraction): string => `${operands.join()}->${output}`;

/** `f` of each label. (Iterating over strings takes longer than a small product does.) */
function perLabel<T>(labels: string, f: (label: string) => T): T[] {
  const list: T[] = [];
  for (let axis = 0; axis < labels.length; axis++) list.push(f(labels[axis]!));
  return list;
}

type Shaped = Pick<Operand, "shape">;

export type Sizes = ReadonlyMap<string, number>;

/** The size of each label. Axes of size 1 are repeated to it. */
export function sizesOf({ operands }: Contraction, inputs: readonly Shaped[]): Sizes {
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
  shapeOver(contraction.output, sizesOf(contraction, inputs));

const select = (labels: string, isWanted: (label: string, axis: number) => boolean): string => {
  let wanted = "";
  for (let axis = 0; axis < labels.length; axis++) if (isWanted(labels[axis]!, axis)) wanted += labels[axis];
  return wanted;
};
const within = (labels: string, others: string): string => select(labels, (label) => others.includes(label));
const without = (labels: string, others: string): string => select(labels, (label) => !others.includes(label));

/** An array with a label for each axis, none of them twice. */
interface Term {
  readonly labels: string;
  readonly array: NdArray;
}

/** out ← the contraction of one or two arrays, of any strides. */
export function contract(out: NdArray, arrays: readonly NdArray[], contraction: Contraction): void {
  const { operands, output } = contraction;
  const sizes = sizesOf(contraction, arrays);
  const [a, b] = arrays.map((array, k) => diagonal(array, operands[k]!, sizes)) as [Term, Term?];
  if (b === undefined) reduce(out, a, output, sizes);
  else multiply(out, summed(a, output + b.labels, sizes), summed(b, output + a.labels, sizes), output, sizes);
}

/** The labels of an operand, each once, without those along which it is repeated. */
export const ownLabels = (labels: string, { shape }: Shaped, sizes: Sizes): string =>
  select(labels, (label, axis) => labels.indexOf(label) === axis && shape[axis] === sizes.get(label));

/** The entries whose places agree on all axes with one label; axes to be repeated are left out. */
function diagonal(array: NdArray, labels: string, sizes: Sizes): Term {
  const { data, stride, offset } = array;
  const own = ownLabels(labels, array, sizes);
  const strides = perLabel(own, (label) =>
    stride.reduce((s, each, axis) => (labels[axis] === label ? s + each : s), 0),
  );
  return { labels: own, array: ndarray(data, shapeOver(own, sizes), strides, offset) };
}

/** A term over `labels`: its own in that order, repeated along the others. */
const over = ({ labels: own, array }: Term, labels: string, sizes: Sizes): NdArray => {
  const strides = perLabel(labels, (label) => array.stride[own.indexOf(label)] ?? 0);
  return ndarray(array.data, shapeOver(labels, sizes), strides, array.offset);
};

/** out ← the sum of a term over all of its labels but `kept`. */
function reduce(out: NdArray, term: Term, kept: string, sizes: Sizes): void {
  const gone = without(term.labels, kept);
  const view = over(term, kept + gone, sizes);
  if (gone === "") assign(out, view);
  else
    sums(
      out,
      view,
      Array.from(gone, (_, i) => kept.length + i),
    );
}

/** A term summed over the labels that nobody else needs: in float64, or int32. */
function summed(term: Term, needed: string, sizes: Sizes): Term {
  const labels = within(term.labels, needed);
  if (labels === term.labels) return term;
  const Sums = term.array.data instanceof Int32Array ? Int32Array : Float64Array;
  const shape = shapeOver(labels, sizes);
  const array = ndarray(new Sums(sizeOf(shape)), shape);
  reduce(array, term, labels, sizes);
  return { labels, array };
}

/** out ← the sum of products of two terms whose labels are all in the output or in both. */
function multiply(out: NdArray, a: Term, b: Term, output: string, sizes: Sizes): void {
  const inner = without(a.labels, output);
  if (inner === "") {
    elementwise(out, [over(a, output, sizes), over(b, output, sizes)], products);
    return;
  }
  const batch = within(within(output, a.labels), b.labels);
  const [ofA, ofB] = [without(output, b.labels), without(output, a.labels)];
  if (ofA === "" && ofB === "") {
    const axes = Array.from(inner, (_, i) => output.length + i);
    alongAxes(axes, out, [over(a, output + inner, sizes), over(b, output + inner, sizes)], innerProducts);
    return;
  }
  // A matrix for each place on the batch axes. The columns are of the operand with whose labels the output ends.
  const bHasColumns = ofB === "" || (ofA !== "" && output.endsWith(ofB));
  const [left, right, rowLabels, columnLabels] = bHasColumns ? [a, b, ofA, ofB] : [b, a, ofB, ofA];
  const x = matrices(over(left, batch + rowLabels + inner, sizes), batch.length, rowLabels.length);
  const y = matrices(over(right, batch + inner + columnLabels, sizes), batch.length, inner.length);
  const labels = batch + rowLabels + columnLabels;
  const isInPlace = labels === output;
  const data = isInPlace ? out.data : new (out.data.constructor as new (size: number) => Data)(out.data.length);
  matrixProducts(data, x, y, shapeOver(batch, sizes));
  if (!isInPlace) assign(out, over({ labels, array: ndarray(data, shapeOver(labels, sizes)) }, output, sizes));
}

/** An array with its axes after the first `batch` made two, the first of these of the next `count`; copied if need be. */
function matrices(array: NdArray, batch: number, count: number): NdArray {
  const { data, shape, stride, offset } = array;
  const at = batch + count;
  const sides = [...shape.slice(0, batch), sizeOf(shape.slice(batch, at)), sizeOf(shape.slice(at))];
  const [p, q] = [laneStride(array, batch, at), laneStride(array, at)];
  if (p === undefined || q === undefined) return ndarray(rows(array), sides);
  return ndarray(data, sides, [...stride.slice(0, batch), p, q], offset);
}

const innerProducts: LaneLoop = (n, y, o, _, a, i, s, b, j, t) => {
  y[o] = innerProduct(n, a, i, s, b, j, t);
};

/** What `contract` takes: additions of sums, and a multiplication, with an addition where products are summed. */
export function contractionFlops(contraction: Contraction, inputs: readonly Shaped[]): number {
  const { operands, output } = contraction;
  const sizes = sizesOf(contraction, inputs);
  const own = operands.map((labels, k) => ownLabels(labels, inputs[k]!, sizes));
  const needed = own.map((labels, k) => within(labels, output + (own[1 - k] ?? "")));
  const sums = own.reduce((flops, labels, k) => flops + (labels === needed[k] ? 0 : sizeOver(labels, sizes)), 0);
  if (own.length === 1) return sums;
  const all = needed[0]! + without(needed[1]!, needed[0]!);
  return sums + sizeOver(all, sizes) * (without(all, output) === "" ? 1 : 2);
}
