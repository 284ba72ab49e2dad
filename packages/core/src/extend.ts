// The exports for authors of ops and packages: functions that define ops, record steps, check arguments, write error
// messages, and read arrays.

export { insertAxes, moveAxis, removeAxes, repeatAlong, sumAxis } from "./autodiff/axes.ts";
export { accumulate, alias, pack, part, place } from "./autodiff/fanout.ts";
export type {
  Args,
  BatchCall,
  BatchRule,
  Binary,
  Call,
  Fault,
  Inputs,
  Kernel,
  PerInput,
  Unary,
  View,
  VjpRule,
} from "./autodiff/op.ts";
export { type AnyOpSpec, apply, defineOp, type Op, type OpSpec } from "./autodiff/op.ts";
export { stop as stopGradientOp } from "./autodiff/stopGradient.ts";
export {
  type Differentiable,
  isRecording,
  type Recorder,
  Tape,
  type Unchecked,
  withRecorder,
} from "./autodiff/tape.ts";
export { isList, prefixErrors, setMessage, show, withCaller } from "./checks/errors.ts";
export { type Complete, type OtherNames, withDefaults } from "./checks/options.ts";
export { builtin } from "./checks/platform.ts";
export { asBytes, isBlob, isFile, isUrl, pathOf } from "./checks/sources.ts";
export { namesOf } from "./programs/names.ts";
export { checkListing } from "./programs/trace.ts";
export { type Body, bodyOf, flopsOf } from "./transforms/body.ts";
export { scanOp } from "./transforms/scan.ts";
export { createZeros, listHint, sizeHint } from "./values/create.ts";
export { claim, Donation, isLent, keepElements, lend, share } from "./values/donation.ts";
export { checkDType, isFloat } from "./values/dtype.ts";
export { exposuresOf } from "./values/exposure.ts";
export { shapeText } from "./values/format.ts";
export {
  allocateArray,
  assign,
  type Data,
  isRowMajor,
  isSameShape,
  type NdArray,
  ndarray,
  type ReadonlyNdArray,
  ravel,
  type Shape,
  sizeOf,
} from "./values/ndarray.ts";
export { mixedDTypes, sharedFloat, tensorHint, toTensors } from "./values/operands.ts";
export { describe, isAlike, kindText, type Operand, valuesOf } from "./values/tensor.ts";
export {
  argumentName,
  leaves,
  leavesAlike,
  type TreeFunction,
  type TreesOnly,
  unflatten,
  walk,
} from "./values/tree.ts";
