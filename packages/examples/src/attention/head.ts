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

/** The parameters of one attention head, for 26 letters, T positions and vectors of d dimensions. */
export interface Head {
  /** The embeddings of the letters and of the start mark: [27, d] for vectors of d dimensions. */
  readonly letters: Tensor;
  /** The embeddings of the positions of a text: [T, d] for T positions and vectors of d dimensions. */
  readonly places: Tensor;
  /** The query, key and value projections: [d, d] each for vectors of d dimensions. */
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  /** The projection of the weighted values to a score for each letter: [d, 26] for vectors of d dimensions. */
  readonly output: Tensor;
}

/**
 * Returns random weights, scaled so that multiplying a vector of d dimensions by the weights keeps its length at about
 * √d.
 */
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

/**
 * Returns X [..., T, d]: for each of T positions, the sum of the letter embedding and the position embedding, vectors
 * of d dimensions.
 */
export const embed = ({ letters, places }: Head, read: Tensor): Tensor => add(take(letters, read, { axis: 0 }), places);

/**
 * Returns the attention scores S = Q Kᵀ / √d, [..., T, T], of the queries Q and the keys K with d dimensions. Sᵢⱼ
 * compares query i with key j.
 */
export function scores({ query, key }: Head, X: Tensor): Tensor {
  const [Q, K] = [matmul(X, query), matmul(X, key)];
  const rank = K.shape.length;
  const axes = [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return div(matmul(Q, transpose(K, { axes })), Math.sqrt(query.shape[1]!));
}

/** Returns the causal mask [T, T] for T positions: position i may attend to the positions j ≤ i. */
export function past(places: number): Tensor {
  const place = tensor(Int32Array.from({ length: places }, (_, i) => i));
  return tensor(lessEqual(expandDims(place, { axis: 0 }), expandDims(place, { axis: 1 })), { label: "past" });
}

/**
 * Returns the attention weights W: the softmax of the scores S under the causal mask. Masked scores have no effect,
 * even if they are NaN.
 */
export const weigh = (S: Tensor): Tensor => softmax(S, { where: past(S.shape.at(-1)!) });

/**
 * Returns the scores of the next letter at each of T positions, [..., T, 26]: averages the values with the attention
 * weights W, then projects.
 */
export const nextLetterScores = ({ value, output }: Head, X: Tensor, W: Tensor): Tensor =>
  matmul(matmul(W, matmul(X, value)), output);

/** Runs the attention head. Returns the attention weights W and the scores of the next letter at each position. */
export function predict(head: Head, read: Tensor): { readonly W: Tensor; readonly logits: Tensor } {
  const X = withLabel(embed(head, read), "X");
  const S = withLabel(scores(head, X), "S");
  const W = withLabel(weigh(S), "W");
  return { W, logits: nextLetterScores(head, X, W) };
}
