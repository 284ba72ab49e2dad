// Exports for authors of VJP rules: ops that only the VJP rules of other ops use.

export { geluSlope, reluPullback, sigmoidSlope, tanhSlope } from "./elementwise/functions.ts";
export { logAddExpSlope } from "./elementwise/minMax.ts";
export { powSlope, xlogy } from "./elementwise/pow.ts";
export { exclusiveCumprod, linearRecurrence } from "./reductions/prod.ts";
export { unslice } from "./shapes/slice.ts";
export { scatterAdd } from "./shapes/take.ts";
export { scatterAddAlong } from "./shapes/takeAlong.ts";
export { crossEntropyPullback } from "./softmax/crossEntropyLabels.ts";
export { softCrossEntropyPullback } from "./softmax/crossEntropyProbabilities.ts";
export { logSoftmaxPullback, softmaxPullback, subtractWeightedMean } from "./softmax/softmax.ts";
