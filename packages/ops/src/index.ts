// The exports for users: ops with NumPy's names, losses, random numbers, and the function that chooses the kernels.

export { type AttentionOptions, scaledDotProductAttention } from "./attention/attention.ts";
export { avgPool1d, avgPool2d } from "./convolution/avgPool.ts";
export { type Conv1dOptions, conv1d } from "./convolution/conv1d.ts";
export { conv2d } from "./convolution/conv2d.ts";
export type { ConvOptions } from "./convolution/convolutionShapes.ts";
export { convTranspose2d } from "./convolution/convTranspose2d.ts";
export type { Padding, Sizes } from "./convolution/geometry.ts";
export { maxPool1d, maxPool2d } from "./convolution/maxPool.ts";
export type { PoolOptions } from "./convolution/pooling.ts";
export { type WindowsOptions, windows } from "./convolution/windows.ts";
export { diag } from "./creation/diag.ts";
export { eye } from "./creation/eye.ts";
export { type MeshgridOptions, meshgrid } from "./creation/meshgrid.ts";
export { type ArangeOptions, arange, type LinspaceOptions, linspace } from "./creation/sequences.ts";
export { type DiagonalOptions, tril, triu } from "./creation/triangles.ts";
export type { Axes, ReduceOptions } from "./declaring/axes.ts";
export { elu, leakyRelu, silu } from "./elementwise/activations.ts";
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
export { acosh, asinh, atanh, cosh, sinh } from "./elementwise/hyperbolic.ts";
export { atan2, hypot } from "./elementwise/hypot.ts";
export { allClose, type CloseOptions, isClose } from "./elementwise/isClose.ts";
export { logAddExp, maximum, minimum } from "./elementwise/minMax.ts";
export { exp2, log2, log10, reciprocal } from "./elementwise/otherBases.ts";
export { pow } from "./elementwise/pow.ts";
export { ceil, floor, floorDivide, mod, nanToNum, round, trunc } from "./elementwise/rounding.ts";
export { acos, asin, atan, tan } from "./elementwise/trigonometric.ts";
export { where } from "./elementwise/where.ts";
export { expr } from "./infix/expr.ts";
export { cholesky } from "./linalg/cholesky.ts";
export { det, type SlogdetResult, slogdet } from "./linalg/det.ts";
export { type EighResult, eigh } from "./linalg/eigh.ts";
export { lstsq } from "./linalg/lstsq.ts";
export { type MatrixNormOptions, matrixNorm, matrixTrace } from "./linalg/matrixNorm.ts";
export { type QrResult, qr } from "./linalg/qr.ts";
export { inv, solve } from "./linalg/solve.ts";
export { type SvdResult, svd } from "./linalg/svd.ts";
export { type TriangularSolveOptions, triangularSolve } from "./linalg/triangularSolve.ts";
export { type DropoutOptions, dropout } from "./normalization/dropout.ts";
export { type LayerNormOptions, layerNorm, type RmsNormOptions, rmsNorm } from "./normalization/layerNorm.ts";
export { median, quantile } from "./order/quantile.ts";
export { type SearchsortedOptions, searchsorted } from "./order/searchsorted.ts";
export { argsort, type SortOptions, sort, type TopKOptions, topK } from "./order/sort.ts";
export { dot, outer } from "./products/dot.ts";
export { einsum } from "./products/einsum.ts";
export { matmul } from "./products/matmul.ts";
export { type CategoricalOptions, randomCategorical } from "./random/categorical.ts";
export { type ChoiceOptions, choice } from "./random/choice.ts";
export {
  type BernoulliOptions,
  type IntegerOptions,
  randomBernoulli,
  randomExponential,
  randomGumbel,
  randomInteger,
} from "./random/distributions.ts";
export { type GammaOptions, randomGamma } from "./random/gamma.ts";
export { glorotNormal, glorotUniform, heNormal, heUniform } from "./random/initializers.ts";
export { orthogonal } from "./random/orthogonal.ts";
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
export { randomTruncatedNormal, type TruncatedNormalOptions } from "./random/truncatedNormal.ts";
export { cumprod } from "./reductions/cumprod.ts";
export { cumsum } from "./reductions/cumsum.ts";
export { type DiffOptions, diff } from "./reductions/diff.ts";
export { logCumsumExp } from "./reductions/logCumsumExp.ts";
export { all, any, countNonzero } from "./reductions/logic.ts";
export { type ArgmaxOptions, argmax, argmin, max, min } from "./reductions/max.ts";
export { mean, type VarianceOptions, variance } from "./reductions/mean.ts";
export { type NormOptions, norm } from "./reductions/norm.ts";
export { prod } from "./reductions/prod.ts";
export { std } from "./reductions/std.ts";
export { at } from "./shapes/at.ts";
export { concat, stack } from "./shapes/concat.ts";
export { flatten, type MoveAxisOptions, moveAxis, type SwapAxesOptions, swapAxes } from "./shapes/moveAxis.ts";
export { type PadOptions, pad } from "./shapes/pad.ts";
export { type RepeatOptions, repeat, type TileOptions, tile } from "./shapes/repeat.ts";
export { expandDims, flip, reshape, squeeze, transpose } from "./shapes/reshape.ts";
export { type RollOptions, roll } from "./shapes/roll.ts";
export { segmentSum } from "./shapes/segmentSum.ts";
export { addAt, setAt, type UpdateOptions } from "./shapes/setAt.ts";
export { type Selection, type SliceOptions, slice } from "./shapes/slice.ts";
export { type SplitOptions, split, type UnstackOptions, unstack } from "./shapes/split.ts";
export { broadcastTo, sum } from "./shapes/sum.ts";
export { type OneHotOptions, oneHot, take } from "./shapes/take.ts";
export { takeAlong } from "./shapes/takeAlong.ts";
export { type CrossEntropyOptions, crossEntropy } from "./softmax/crossEntropy.ts";
export { type HuberOptions, huber } from "./softmax/huber.ts";
export { type KlDivergenceOptions, klDivergence } from "./softmax/klDivergence.ts";
export { logSumExp } from "./softmax/logSumExp.ts";
export { binaryCrossEntropy, type LossOptions, mse } from "./softmax/losses.ts";
export { logSoftmax, type MaskableOp, type SoftmaxOptions, softmax } from "./softmax/softmax.ts";
export { erf, erfc, erfinv, logNdtr } from "./special/erf.ts";
export { betaln, digamma, lgamma, polygamma } from "./special/gamma.ts";
export { gammainc } from "./special/incompleteGamma.ts";
export { kernels } from "./wasm/engine.ts";
export type { Kernels, KernelsInUse } from "./wasm/kernels.ts";
