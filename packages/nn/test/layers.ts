import { type Tensor, tensor } from "@wengert/core";
import * as nn from "@wengert/nn";
import { gelu, randomInteger, randomKey, randomNormal, tanh } from "@wengert/ops";

interface Case {
  readonly layer: nn.AnyLayer;
  readonly x: Tensor;
  /** Maps the path of each parameter to the parameter's shape. */
  readonly params: Readonly<Record<string, readonly number[]>>;
  readonly output: readonly number[];
}

const floats = (...shape: number[]): Tensor => randomNormal(randomKey(7), { shape });
const indices: Tensor = randomInteger(randomKey(7), { shape: [2, 3], low: 0, high: 5 });

/**
 * Returns the shapes of the weights and the bias of a dense layer, whose parameters are at `path` in the parameter
 * tree.
 */
const affine = (path: string, inputs: number, outputs: number): Case["params"] => ({
  [`${path}.W`]: [inputs, outputs],
  [`${path}.b`]: [outputs],
});
const norm = (path: string, size: number): Case["params"] => ({ [`${path}.scale`]: [size], [`${path}.bias`]: [size] });
const projections = (path: string, size: number): Case["params"] => ({
  ...affine(`${path}.query`, size, size),
  ...affine(`${path}.key`, size, size),
  ...affine(`${path}.value`, size, size),
  ...affine(`${path}.output`, size, size),
});

/** A layer of each kind, with an input, and the shapes that its parameters and its output must have. */
export const cases: Readonly<Record<string, Case>> = {
  dense: { layer: nn.dense(4), x: floats(2, 3), params: affine("params", 3, 4), output: [2, 4] },
  "dense without bias": {
    layer: nn.dense(4, { bias: false }),
    x: floats(2, 5, 3),
    params: { "params.W": [3, 4] },
    output: [2, 5, 4],
  },
  conv1d: {
    layer: nn.conv1d(2, { size: 3, padding: "causal", dilation: 2 }),
    x: floats(2, 5, 2),
    params: { "params.W": [3, 2, 2], "params.b": [2] },
    output: [2, 5, 2],
  },
  conv2d: {
    layer: nn.conv2d(4, { size: [2, 3], stride: 2, groups: 2, padding: "same" }),
    x: floats(1, 4, 5, 2),
    params: { "params.W": [2, 3, 1, 4], "params.b": [4] },
    output: [1, 2, 3, 4],
  },
  "conv2d without bias": {
    layer: nn.conv2d(1, { size: 1, bias: false }),
    x: floats(1, 2, 2, 3),
    params: { "params.W": [1, 1, 3, 1] },
    output: [1, 2, 2, 1],
  },
  maxPool1d: { layer: nn.maxPool1d({ size: 2 }), x: floats(2, 5, 2), params: {}, output: [2, 2, 2] },
  maxPool2d: { layer: nn.maxPool2d({ size: 2 }), x: floats(1, 4, 4, 2), params: {}, output: [1, 2, 2, 2] },
  avgPool1d: { layer: nn.avgPool1d({ size: 2, stride: 1 }), x: floats(2, 5, 2), params: {}, output: [2, 4, 2] },
  avgPool2d: { layer: nn.avgPool2d({ size: [1, 2] }), x: floats(1, 4, 4, 2), params: {}, output: [1, 4, 2, 2] },
  flatten: { layer: nn.flatten, x: floats(2, 3, 2), params: {}, output: [2, 6] },
  embedding: {
    layer: nn.embedding({ numEmbeddings: 5, units: 4 }),
    x: indices,
    params: { "params.W": [5, 4] },
    output: [2, 3, 4],
  },
  positionEmbedding: {
    layer: nn.positionEmbedding({ length: 6 }),
    x: floats(2, 3, 4),
    params: { "params.W": [6, 4] },
    output: [2, 3, 4],
  },
  layerNorm: { layer: nn.layerNorm({ epsilon: 0.1 }), x: floats(2, 4), params: norm("params", 4), output: [2, 4] },
  rmsNorm: { layer: nn.rmsNorm(), x: floats(2, 4), params: { "params.scale": [4] }, output: [2, 4] },
  dropout: { layer: nn.dropout(0.5), x: floats(3, 4), params: {}, output: [3, 4] },
  gru: {
    layer: nn.gru(3),
    x: floats(2, 4, 2),
    params: { "params.Wx": [2, 9], "params.Wh": [3, 9], "params.bx": [9], "params.bh": [9] },
    output: [2, 4, 3],
  },
  lstm: {
    layer: nn.lstm(3, { output: "last" }),
    x: floats(2, 4, 2),
    params: { "params.Wx": [2, 12], "params.Wh": [3, 12], "params.b": [12] },
    output: [2, 3],
  },
  attention: {
    layer: nn.attention({ heads: 2, causal: true }),
    x: floats(2, 3, 4),
    params: projections("params", 4),
    output: [2, 3, 4],
  },
  transformerBlock: {
    layer: nn.transformerBlock({ heads: 2, hidden: 5, dropout: 0.1 }),
    x: floats(2, 3, 4),
    params: {
      ...norm("params.norm1", 4),
      ...projections("params.attention", 4),
      ...norm("params.norm2", 4),
      ...affine("params.hidden", 4, 5),
      ...affine("params.output", 5, 4),
    },
    output: [2, 3, 4],
  },
  sequential: {
    layer: nn.sequential(nn.dense(2), tanh, nn.dropout(0.5), nn.dense(3)),
    x: floats(2, 3),
    params: { ...affine("params[0]", 3, 2), ...affine("params[3]", 2, 3) },
    output: [2, 3],
  },
  residual: {
    layer: nn.residual(nn.dense(2), gelu, nn.dense(3)),
    x: floats(2, 3),
    params: { ...affine("params[0]", 3, 2), ...affine("params[2]", 2, 3) },
    output: [2, 3],
  },
  parallel: {
    layer: nn.parallel([nn.dense(2), nn.dropout(0.5), tanh]),
    x: floats(2, 3),
    params: affine("params[0]", 3, 2),
    output: [2, 8],
  },
  "parallel with a sum": {
    layer: nn.parallel([nn.dense(2), nn.dense(2)], { combine: "sum" }),
    x: floats(2, 3),
    params: { ...affine("params[0]", 3, 2), ...affine("params[1]", 3, 2) },
    output: [2, 2],
  },
  defineLayer: {
    layer: nn.defineLayer({
      name: "shift",
      init: () => ({ by: tensor([1, 2]) }),
      apply: ({ by }, x) => nn.dense(2).apply({ W: x, b: by }, x),
    }),
    x: floats(2, 2),
    params: { "params.by": [2] },
    output: [2, 2],
  },
};
