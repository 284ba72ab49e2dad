// The exports for authors of VJP rules: ops that only the VJP rules of other ops use.

import { interpolate } from "./order/quantile.ts";
import { unsliceAll } from "./shapes/slice.ts";
import { scatterAddAll } from "./shapes/take.ts";
import { oneHotRows } from "./softmax/crossEntropyLabels.ts";
import { probabilityLosses } from "./softmax/crossEntropyProbabilities.ts";
import { labelTargets } from "./softmax/losses.ts";
import { zeroSafeMul } from "./softmax/zeroSafeMul.ts";

/**
 * Ops that only other ops call, and that do not check their options. Functions that read programs need the declarations
 * of these ops, because programs contain their steps.
 */
export const internalOps: {
  readonly interpolate: typeof interpolate;
  readonly labelTargets: typeof labelTargets;
  readonly oneHotRows: typeof oneHotRows;
  readonly probabilityLosses: typeof probabilityLosses;
  readonly scatterAddAll: typeof scatterAddAll;
  readonly unsliceAll: typeof unsliceAll;
  readonly zeroSafeMul: typeof zeroSafeMul;
} = { interpolate, labelTargets, oneHotRows, probabilityLosses, scatterAddAll, unsliceAll, zeroSafeMul };

export { avgPoolPullback } from "./convolution/avgPool.ts";
export { convInputPullback, convKernelPullback } from "./convolution/conv2d.ts";
export { maxPoolPullback, maxPoolTangent } from "./convolution/maxPool.ts";
export { overlapAdd } from "./convolution/windows.ts";
export { siluSlope } from "./elementwise/activations.ts";
export { geluSlope, reluPullback, sigmoidSlope, tanhSlope } from "./elementwise/functions.ts";
export { atan2Slope, hypotSlope } from "./elementwise/hypot.ts";
export { logAddExpSlope } from "./elementwise/minMax.ts";
export { powSlope, xlogy } from "./elementwise/pow.ts";
export { exclusiveCumprod, linearRecurrence } from "./reductions/prod.ts";
export { unslice } from "./shapes/slice.ts";
export { scatterAdd } from "./shapes/take.ts";
export { scatterAddAlong } from "./shapes/takeAlong.ts";
export { crossEntropyPullback } from "./softmax/crossEntropyLabels.ts";
export { softCrossEntropyPullback } from "./softmax/crossEntropyProbabilities.ts";
export { logSoftmaxPullback, softmaxPullback, subtractWeightedMean } from "./softmax/softmax.ts";
export { erfinvSlope, gaussian, inverseMills, inverseMillsExcess } from "./special/erf.ts";
export { polygammaDifference } from "./special/gamma.ts";
export { gammaincSlope } from "./special/incompleteGamma.ts";
export { type KernelCall, type KernelRows, kernelCallOf } from "./wasm/calls.ts";
export type { Exports as KernelExports, VectorFunction } from "./wasm/exports.ts";
export { newKernels, newSharedKernels } from "./wasm/newKernels.ts";
