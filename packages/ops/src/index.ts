// Exports for users: ops with NumPy's names, losses, random numbers, and the choice of kernels.

export type { Axes, ReduceOptions } from "./declaring/axes.ts";
export { add, div, mul, neg, sub } from "./elementwise/arithmetic.ts";
export { axpy } from "./elementwise/axpy.ts";
export { cast } from "./elementwise/cast.ts";
export { clip } from "./elementwise/clip.ts";
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
} from "./elementwise/compare.ts";
export {
  abs,
  cos,
  exp,
  expm1,
  gelu,
  log,
  log1p,
  logSigmoid,
  relu,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from "./elementwise/functions.ts";
export { logAddExp, maximum, minimum } from "./elementwise/minMax.ts";
export { pow } from "./elementwise/pow.ts";
export { where } from "./elementwise/where.ts";
export { dot, outer } from "./products/dot.ts";
export { einsum } from "./products/einsum.ts";
export { matmul } from "./products/matmul.ts";
export {
  foldIn,
  type Keys,
  permutation,
  type RandomOptions,
  randomKey,
  randomNormal,
  randomUniform,
  splitKey,
  type UniformOptions,
} from "./random/random.ts";
export { cumsum } from "./reductions/cumsum.ts";
export { type ArgmaxOptions, argmax, argmin, max, min } from "./reductions/max.ts";
export { mean, type VarianceOptions, variance } from "./reductions/mean.ts";
export { prod } from "./reductions/prod.ts";
export { concat, stack } from "./shapes/concat.ts";
export { type PadOptions, pad } from "./shapes/pad.ts";
export { expandDims, flip, reshape, squeeze, transpose } from "./shapes/reshape.ts";
export { type Selection, type SliceOptions, slice } from "./shapes/slice.ts";
export { broadcastTo, sum } from "./shapes/sum.ts";
export { type OneHotOptions, oneHot, take } from "./shapes/take.ts";
export { takeAlong } from "./shapes/takeAlong.ts";
export { type CrossEntropyOptions, crossEntropy } from "./softmax/crossEntropy.ts";
export { logSumExp } from "./softmax/logSumExp.ts";
export { binaryCrossEntropy, type LossOptions, mse } from "./softmax/losses.ts";
export { logSoftmax, type MaskableOp, type SoftmaxOptions, softmax } from "./softmax/softmax.ts";
export { type Kernels, type KernelsInUse, kernels } from "./wasm/kernels.ts";
