import { full, type Tensor, tensor } from "@wengert/core";
import {
  add,
  div,
  expandDims,
  gelu,
  lessEqual,
  matmul,
  mean,
  mul,
  randomNormal,
  reshape,
  slice,
  softmax,
  splitKey,
  sqrt,
  square,
  sub,
  take,
  transpose,
} from "@wengert/ops";

/** The parameters of a decoder-only transformer, for K characters, texts of up to T positions, and vectors of width d. */
export interface Model {
  /**
   * The embeddings of the K characters, vectors of width d: [K, d]. Because of weight tying, the dot product of a
   * character's embedding and an output vector is the character's score.
   */
  readonly characters: Tensor;
  /** The embeddings of the T positions of a text, vectors of width d: [T, d]. */
  readonly places: Tensor;
  readonly blocks: readonly Block[];
  readonly last: Norm;
}

/**
 * A layer of the transformer. Attention moves information between positions, then a feed-forward network processes each
 * position separately.
 */
interface Block {
  readonly before: Norm;
  /** The query, key, value and output projections, with all heads side by side: [d, d] each for vectors of width d. */
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly output: Tensor;
  readonly between: Norm;
  /**
   * The feed-forward network for vectors of width d: its weights have the shapes [d, 4d] and [4d, d], its biases [4d]
   * and [d].
   */
  readonly wide: Linear;
  readonly narrow: Linear;
}

interface Linear {
  readonly W: Tensor;
  readonly b: Tensor;
}

/** The gain and the shift of a layer norm, vectors of the model's width. */
interface Norm {
  readonly gain: Tensor;
  readonly shift: Tensor;
}

export interface Size {
  readonly characters: number;
  readonly places: number;
  readonly width: number;
  readonly layers: number;
  readonly dtype: "float32" | "float64";
}

/**
 * Returns the scores of the next character at each position, [B, T, K] for B texts of T characters from an alphabet of
 * K, and the attention weights of each layer, [B, heads, T, T].
 */
export function predict(model: Model, read: Tensor, heads: number): { logits: Tensor; weights: readonly Tensor[] } {
  const weights: Tensor[] = [];
  let X = add(take(model.characters, read, { axis: 0 }), slice(model.places, { stop: [read.shape[1]!] }));
  for (const block of model.blocks) {
    const Y = normalized(X, block.before);
    const W = weigh(block, Y, heads);
    X = add(X, gather(block, Y, W));
    X = add(X, feedForward(block, normalized(X, block.between)));
    weights.push(W);
  }
  return { logits: matmul(normalized(X, model.last), transpose(model.characters)), weights };
}

/** Returns the attention weights of each head, W = softmax(Q Kᵀ / √dₕ) under the causal mask, where dₕ is the width of a head. */
function weigh({ query, key }: Block, X: Tensor, heads: number): Tensor {
  const Q = div(matmul(X, query), Math.sqrt(X.shape[2]! / heads));
  const Kt = transpose(byHead(matmul(X, key), heads), { axes: [0, 1, 3, 2] });
  return softmax(matmul(byHead(Q, heads), Kt), { where: past(X.shape[1]!) });
}

/** Averages the values with the attention weights W, concatenates the heads, and applies the output projection. */
function gather({ value, output }: Block, X: Tensor, W: Tensor): Tensor {
  const taken = matmul(W, byHead(matmul(X, value), W.shape[1]!));
  return matmul(reshape(transpose(taken, { axes: [0, 2, 1, 3] }), { shape: X.shape }), output);
}

const feedForward = ({ wide, narrow }: Block, X: Tensor): Tensor => linear(gelu(linear(X, wide)), narrow);

const linear = (X: Tensor, { W, b }: Linear): Tensor => add(matmul(X, W), b);

/** Layer norm: scales each vector to mean 0 and variance 1, then applies gain and shift. */
function normalized(X: Tensor, { gain, shift }: Norm): Tensor {
  const centered = sub(X, mean(X, { axis: -1, keepDims: true }));
  const variance = mean(square(centered), { axis: -1, keepDims: true });
  return add(mul(div(centered, sqrt(add(variance, 1e-5))), gain), shift);
}

/** Returns the causal mask [T, T] for T positions: position i may attend to the positions j ≤ i. */
function past(places: number): Tensor {
  const place = tensor(Int32Array.from({ length: places }, (_, i) => i));
  return tensor(lessEqual(expandDims(place, { axis: 0 }), expandDims(place, { axis: 1 })), { label: "past" });
}

/**
 * Returns a view of X [B, T, d] (B texts of T vectors of width d) that has a separate matrix for each head: [B, heads,
 * T, d / heads].
 */
function byHead(X: Tensor, heads: number): Tensor {
  const [B, T, d] = X.shape as readonly [number, number, number];
  return transpose(reshape(X, { shape: [B, T, heads, d / heads] }), { axes: [0, 2, 1, 3] });
}

/**
 * Returns small random weights, as in GPT-2. Projections that write to the residual stream X are scaled by 1/√(2 · layers), so
 * the scale of X hardly grows from layer to layer.
 */
export function initialModel(key: Tensor, { characters, places, width, layers, dtype }: Size): Model {
  const keys = splitKey(key, 2 + 6 * layers).values();
  const normal = (shape: readonly [number, number], scale = 0.02) =>
    mul(scale, randomNormal(keys.next().value!, { shape, dtype }));
  const zeros = (n: number) => full([n], 0, { dtype });
  const norm = () => ({ gain: full([width], 1, { dtype }), shift: zeros(width) });
  const less = 0.02 / Math.sqrt(2 * layers);
  const square = [width, width] as const;
  const block = (): Block => ({
    before: norm(),
    query: normal(square),
    key: normal(square),
    value: normal(square),
    output: normal(square, less),
    between: norm(),
    wide: { W: normal([width, 4 * width]), b: zeros(4 * width) },
    narrow: { W: normal([4 * width, width], less), b: zeros(width) },
  });
  return {
    characters: normal([characters, width]),
    places: normal([places, width]),
    blocks: Array.from({ length: layers }, block),
    last: norm(),
  };
}
