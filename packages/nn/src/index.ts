// Exports for users: layers, functions that combine layers, and the summary of a net.

export { type AttentionLayerOptions, type AttentionParams, attention } from "./attention/attention.ts";
export { type PositionEmbeddingOptions, positionEmbedding } from "./attention/positionEmbedding.ts";
export {
  type TransformerBlockOptions,
  type TransformerBlockParams,
  transformerBlock,
} from "./attention/transformerBlock.ts";
export { type ParallelOptions, parallel } from "./combine/parallel.ts";
export { residual } from "./combine/residual.ts";
export { sequential } from "./combine/sequential.ts";
export { defineLayer, type LayerDefinition } from "./defining/defineLayer.ts";
export type {
  AnyLayer,
  Apply,
  ApplyOptions,
  InitOptions,
  Input,
  Layer,
  LayerLike,
  NoParams,
  ParamsOf,
  ParamsOfAll,
} from "./defining/layer.ts";
export { type Conv1dLayerOptions, type Conv2dLayerOptions, conv1d, conv2d } from "./layers/convolution.ts";
export { type Affine, type AffineOptions, dense, type Initializer } from "./layers/dense.ts";
export { dropout } from "./layers/dropout.ts";
export { type EmbeddingOptions, embedding } from "./layers/embedding.ts";
export { flatten } from "./layers/flatten.ts";
export { type LayerNormParams, layerNorm, type NormOptions, rmsNorm } from "./layers/normalization.ts";
export { avgPool1d, avgPool2d, maxPool1d, maxPool2d } from "./layers/pool.ts";
export { type GruParams, gru, gruCell } from "./recurrent/gru.ts";
export { type LstmParams, type LstmState, lstm, lstmCell } from "./recurrent/lstm.ts";
export type { RecurrentOptions } from "./recurrent/unroll.ts";
export { summary } from "./summary/summary.ts";
