import { type Tensor, zeros } from "@wengert/core";
import { type Affine, dense, embedding, type GruParams, gru, gruCell, type Layer, sequential } from "@wengert/nn";
import { add, crossEntropy, matmul, sigmoid, slice, take } from "@wengert/ops";
import type { Windows } from "../shared/windows.ts";

export interface Size {
  /** The number of distinct characters, K. */
  readonly characters: number;
  /** The length of the vector that represents a character. */
  readonly width: number;
  /** The number of units of the recurrent state, H. */
  readonly units: number;
}

/** The parameters: the vectors of the characters, the gated recurrent unit, and the dense layer that returns scores. */
export type Model = [characters: Affine<false>, cell: GruParams, output: Affine];

/** Returns a network that reads texts [B, T] and returns scores of the next character at each position, [B, T, K]. */
export const networkOf = ({ characters, width, units }: Size): Layer<Model> =>
  sequential(embedding({ numEmbeddings: characters, units: width }), gru(units), dense(characters));

/** Returns the mean of −log p over all positions of all texts, where p is the probability of the true next character. */
export const lossOf =
  (size: Size) =>
  (model: Model, { read, next }: Windows): Tensor =>
    crossEntropy(networkOf(size).apply(model, read), next);

/** Returns the state before the first character of n texts: zeros, [n, H]. */
export const initialState = ([, { Wh }]: Model, n: number): Tensor => zeros([n, Wh.shape[0]!], { dtype: Wh.dtype });

/**
 * Computes one time step for n texts. `codes` [n] has the current character of each text. Returns the scores of the
 * following character, [n, K], and the next state.
 */
export function read([{ W }, cell, output]: Model, codes: Tensor, h: Tensor): { scores: Tensor; state: Tensor } {
  const state = gruCell(cell, take(W, codes, { axis: 0 }), h);
  return { scores: add(matmul(state, output.W), output.b), state };
}

/**
 * Returns the gates [n, H] with which the unit reads the next character of n texts. The update gate z is the fraction
 * of its old state that a unit keeps. The reset gate r is the fraction of the old state that enters the unit's new
 * value.
 */
export function gates([{ W }, cell]: Model, codes: Tensor, h: Tensor): { r: Tensor; z: Tensor } {
  const units = cell.Wh.shape[0]!;
  const fromX = add(matmul(take(W, codes, { axis: 0 }), cell.Wx), cell.bx);
  const both = sigmoid(add(fromX, add(matmul(h, cell.Wh), cell.bh)));
  const part = (k: number) => slice(both, { start: [0, k * units], stop: [null, (k + 1) * units] });
  return { r: part(0), z: part(1) };
}
