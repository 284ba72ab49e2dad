export { add, div, mul, neg, sub } from "./arithmetic.ts";
export type { Axes, ReduceOptions } from "./axes.ts";
export { axpy } from "./axpy.ts";
export { cast } from "./cast.ts";
export { clip } from "./clip.ts";
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  notEqual,
} from "./compare.ts";
export { concat, stack } from "./concat.ts";
export { type CrossEntropyOptions, crossEntropy } from "./crossEntropy.ts";
export { cumsum } from "./cumsum.ts";
export { dot, outer } from "./dot.ts";
export { einsum } from "./einsum.ts";
export { logAddExp, logAddExpSlope, maximum, minimum } from "./extremes.ts";
export {
  abs,
  cos,
  exp,
  expm1,
  gelu,
  geluSlope,
  log,
  log1p,
  logSigmoid,
  relu,
  reluPullback,
  sigmoid,
  sigmoidSlope,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
  tanhSlope,
} from "./functions.ts";
export { crossEntropyPullback } from "./labels.ts";
export { logSumExp } from "./logSumExp.ts";
export { binaryCrossEntropy, type LossOptions, mse } from "./losses.ts";
export { matmul } from "./matmul.ts";
export { type ArgmaxOptions, argmax, argmin, max, min } from "./max.ts";
export { mean, type VarianceOptions, variance } from "./mean.ts";
export { type PadOptions, pad } from "./pad.ts";
export { pow, powSlope, timesLog } from "./pow.ts";
export { softCrossEntropyPullback } from "./probabilities.ts";
export { prod, productsBefore, recurrence } from "./prod.ts";
export {
  foldIn,
  type RandomOptions,
  randomKey,
  randomNormal,
  randomUniform,
  splitKey,
  type UniformOptions,
} from "./random.ts";
export { expandDims, flip, reshape, squeeze, transpose } from "./shape.ts";
export { type Selection, type SliceOptions, slice, unslice } from "./slice.ts";
export {
  deviation,
  logSoftmax,
  logSoftmaxPullback,
  type MaskableOp,
  type SoftmaxOptions,
  softmax,
  softmaxPullback,
} from "./softmax.ts";
export { broadcastTo, sum } from "./sum.ts";
export { type OneHotOptions, oneHot, take, untake } from "./take.ts";
export { takeAlong, untakeAlong } from "./takeAlong.ts";
export { type Kernels, type KernelsInUse, kernels } from "./wasm/kernels.ts";
export { where } from "./where.ts";
