import {
  ArgumentError,
  defineOp,
  fromNdarray,
  type Inputs,
  type Op,
  show,
  type Tensor,
  type TensorLike,
  toTensors,
} from "@wengert/core";
import { isSameShape, ndarray, type Shape, sizeOf } from "@wengert/core/ndarray";
import { numeric } from "./arithmetic.ts";
import { ofSumOfProducts } from "./causes.ts";
import { equal, logicalAnd } from "./compare.ts";
import {
  type Contraction,
  contract,
  contractedShape,
  contractionFlops,
  contractionOf,
  ownLabels,
  sizesOf,
  subscriptsOf,
} from "./contraction.ts";
import { type Front, inFrontOf, irregular, positive } from "./samples.ts";
import { inShape } from "./shape.ts";
import { readSubscripts } from "./subscripts.ts";
import { broadcastTo } from "./sum.ts";
import { where } from "./where.ts";

type Einsum = (subscripts: string, ...tensors: TensorLike[]) => Tensor;

/** The contraction of one or two tensors. Its subscripts have a letter for every axis and an output. */
const contractionOp: Op<Inputs, { readonly subscripts: string }> = /* @__PURE__ */ defineOp({
  name: "einsum",
  options: { subscripts: undefined },
  shape: (tensors, { subscripts }) => contractedShape(contractionOf(subscripts), tensors),
  dtype: (tensors) => numeric("einsum", tensors),
  kernel: (out, arrays, { subscripts }) => contract(out, arrays, contractionOf(subscripts)),
  flops: (tensors, _, { subscripts }) => contractionFlops(contractionOf(subscripts), tensors),
  vjp: (g, { inputs, params: { subscripts } }, wanted) =>
    inputs.map((_, k) => (wanted[k] ? cotangentOf(k, g, inputs, contractionOf(subscripts)) : null)),
  nonFinite: ofSumOfProducts,
  samples: () => [[[irregular([2, 3]), irregular([3, 2], 2)], { subscripts: "ij,jk->ik" }]],
});

/**
 * The cotangent of input k is the contraction of g with the other input to the labels of input k: repeated along those
 * that nothing else has, and on the diagonal of those that it has twice, with zeros around it.
 */
export function cotangentOf(k: number, g: Tensor, inputs: Inputs, { operands, output }: Contraction): Tensor {
  const [x, labels] = [inputs[k]!, operands[k]!];
  const [others, rest] = [operands.toSpliced(k, 1), inputs.toSpliced(k, 1)];
  const given = [output, ...others].join("");
  const own = ownLabels(labels, x, sizesOf({ operands, output }, inputs));
  const shared = [...own].filter((label) => given.includes(label)).join("");
  const isAll = rest.length === 0 && shared === output;
  const total = isAll ? g : by({ operands: [output, ...others], output: shared }, [g, ...rest]);
  const isPlaced = (label: string, axis: number) => shared.includes(label) && labels.indexOf(label) === axis;
  const shape = [...labels].map((label, axis) => (isPlaced(label, axis) ? total.shape[shared.indexOf(label)]! : 1));
  const placed = inShape(total, shape);
  const mask = onDiagonal(labels, x.shape);
  const spread = mask ? where(mask, placed, 0) : placed;
  return isSameShape(spread.shape, x.shape) ? spread : broadcastTo(spread, { shape: x.shape });
}

const by = (contraction: Contraction, tensors: Inputs): Tensor =>
  contractionOp(tensors, { subscripts: subscriptsOf(contraction) });

/** Where the places on all axes of one label agree; undefined if no label has two axes. */
function onDiagonal(labels: string, shape: Shape): Tensor | undefined {
  const places = (axis: number) => {
    const along = shape.map((n, i) => (i === axis ? n : 1));
    return fromNdarray(
      ndarray(
        Int32Array.from({ length: shape[axis]! }, (_, i) => i),
        along,
      ),
    );
  };
  return [...labels]
    .map((label, axis) => [labels.indexOf(label), axis] as const)
    .filter(([first, axis]) => first !== axis)
    .map(([first, axis]) => equal(places(first), places(axis)))
    .reduce<Tensor | undefined>((all, each) => (all ? logicalAnd(all, each) : each), undefined);
}

/** A tensor with a label for each axis. */
interface Term {
  readonly labels: string;
  readonly tensor: Tensor;
}

/**
 * The sum of products of tensors by Einstein's convention: a letter names an axis, and the sum goes over the letters that
 * the output lacks. As in NumPy: "ii" takes a diagonal, "..." stands for the axes without letters, and without "->" the
 * output has these, then the letters that occur once, sorted. More than two tensors are contracted in pairs. The cotangent
 * of each is the contraction of g with the others.
 */
export const einsum: Front<Einsum, typeof contractionOp> = /* @__PURE__ */ inFrontOf<Einsum, typeof contractionOp>(
  contractionOp,
  (subscripts, ...given) => {
    if (typeof subscripts !== "string") {
      const wanted = 'subscripts come first, as a string such as "ij,jk->ik"';
      throw new ArgumentError(`einsum: ${wanted}; got ${show(subscripts)}`);
    }
    const tensors = toTensors("einsum", given);
    const { operands, output } = readSubscripts(subscripts, tensors);
    numeric("einsum", tensors);
    let terms: readonly Term[] = operands.map((labels, k) => ({ labels, tensor: tensors[k]! }));
    while (terms.length > 2) terms = withPairContracted(terms, output);
    return by(
      { operands: terms.map(({ labels }) => labels), output },
      terms.map(({ tensor }) => tensor),
    );
  },
  () => [
    ["ij,jk->ik", irregular([2, 3]), irregular([3, 2], 2)],
    ["...ij,...j", irregular([2, 1, 2, 3]), irregular([2, 3], 2)],
    ["bij,bij->b", irregular([2, 2, 3]), irregular([2, 2, 3], 2)],
    ["kbi,bjk->jbi", irregular([3, 2, 2]), irregular([2, 2, 3], 2)],
    ["iij,jl->il", irregular([2, 2, 3]), irregular([3, 2], 2)],
    ["iji->", irregular([2, 3, 2])],
    ["ij->ji", irregular([2, 3])],
    [",i,ij", irregular([]), irregular([2], 2), irregular([2, 3], 3)],
    ["ij,jk,kl,lm->mi", positive([2, 3]), positive([3, 2], 2), positive([2, 3], 3), positive([3, 2], 4)],
  ],
);

/**
 * The terms with two of them contracted: those for which that costs least, where an entry more than the two had counts for
 * eight operations, as it will be used again. (The best order of many is hard to find. Of random networks of three to five
 * tensors this one takes 5 to 15 % more, on average.)
 */
function withPairContracted(terms: readonly Term[], output: string): readonly Term[] {
  const pairs = terms.flatMap((a, i) =>
    terms.slice(i + 1).map((b, k) => {
      const [pair, j] = [[a.tensor, b.tensor], i + 1 + k];
      const needed = output + terms.map(({ labels }, other) => (other === i || other === j ? "" : labels)).join("");
      const kept = [...new Set(a.labels + b.labels)].filter((label) => needed.includes(label)).join("");
      const contraction = { operands: [a.labels, b.labels], output: kept };
      const growth = sizeOf(contractedShape(contraction, pair)) - a.tensor.size - b.tensor.size;
      return { i, j, contraction, pair, cost: contractionFlops(contraction, pair) + 8 * growth };
    }),
  );
  const { i, j, contraction, pair } = pairs.reduce((least, each) => (each.cost < least.cost ? each : least));
  return terms.with(i, { labels: contraction.output, tensor: by(contraction, pair) }).toSpliced(j, 1);
}
