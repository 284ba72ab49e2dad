import { type Tensor, tensor, withLabel } from "@wengert/core";
import {
  add,
  div,
  expandDims,
  lessEqual,
  matmul,
  mul,
  randomNormal,
  softmax,
  splitKey,
  take,
  transpose,
} from "@wengert/ops";
import { letterCount } from "./words.ts";

/** What one head has to learn: 26 letters and T places in d dimensions. */
export interface Head {
  /** A row for each letter, and one for the mark. [27, d] */
  readonly letters: Tensor;
  /** A row for each place of a text. [T, d] */
  readonly places: Tensor;
  /** From what stands somewhere to what it asks for, what it answers to, and what it tells. [d, d] each */
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  /** From what was told to a score for each letter. [d, 26] */
  readonly output: Tensor;
}

/** Random, of such a size that vectors keep the length √d from one product to the next. */
export function initialHead(key: Tensor, { places, width }: { places: number; width: number }): Head {
  const keys = splitKey(key, 6);
  const normal = (i: number, shape: readonly [number, number], scale = 1) =>
    mul(scale, randomNormal(keys[i]!, { shape }));
  const square = [width, width] as const;
  const shorter = 1 / Math.sqrt(width);
  return {
    letters: normal(0, [letterCount + 1, width]),
    places: normal(1, [places, width]),
    query: normal(2, square, shorter),
    key: normal(3, square, shorter),
    value: normal(4, square, shorter),
    output: normal(5, [width, letterCount], shorter),
  };
}

/** X: at each place of a text the sum of two rows, that of its letter and that of the place. [..., T, d] */
export const embed = ({ letters, places }: Head, read: Tensor): Tensor => add(take(letters, read, { axis: 0 }), places);

/** S = Q Kᵀ / √d: how well what stands at place j answers what place i asks for. [..., T, T] */
export function scores({ query, key }: Head, X: Tensor): Tensor {
  const [Q, K] = [matmul(X, query), matmul(X, key)];
  const rank = K.shape.length;
  const axes = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return div(matmul(Q, transpose(K, { axes })), Math.sqrt(query.shape[1]!));
}

/** Which places j a place i may see: j ≤ i, itself and those before it. [T, T] */
export function past(places: number): Tensor {
  const place = tensor(Int32Array.from({ length: places }, (_, i) => i));
  return tensor(lessEqual(expandDims(place, { axis: 0 }), expandDims(place, { axis: 1 })), { label: "past" });
}

/** W = softmax(S) over what each place may see; the rest has no part in it, whatever its score. */
export const weigh = (S: Tensor): Tensor => softmax(S, { where: past(S.shape.at(-1)!) });

/** The scores of the letter that comes next: the mean of the values, weighed by W, as letters. [..., T, 26] */
export const tell = ({ value, output }: Head, X: Tensor, W: Tensor): Tensor =>
  matmul(matmul(W, matmul(X, value)), output);

/** All of it: what is read as scores for what comes next, and the weights on the way. */
export function predict(head: Head, read: Tensor): { readonly W: Tensor; readonly logits: Tensor } {
  const X = withLabel(embed(head, read), "X");
  const S = withLabel(scores(head, X), "S");
  const W = withLabel(weigh(S), "W");
  return { W, logits: tell(head, X, W) };
}
