export { type GradOf, type GradOptions, grad, type Pull, stopGradient, valueAndGrad, vjp } from "./backward.ts";
export { checkpoint, customVjp } from "./custom.ts";
export { type Blocks, hessian, hvp, jacobian, jvp, linearize } from "./derivatives.ts";
export {
  ArgumentError,
  DTypeError,
  isList,
  MutationError,
  OutOfRangeError,
  ShapeError,
  show,
  TracedValueError,
  TreeError,
  WengertError,
} from "./errors.ts";
export { accumulate, alias, pack, part, placed } from "./fanout.ts";
export { shapeText } from "./format.ts";
export {
  type Cost,
  cost,
  explain,
  type NonFiniteReport,
  nonFinite,
  type Recording,
  record,
  toDot,
} from "./inspect.ts";
export { mixedDTypes, sharedFloat, tensorCure, toTensors } from "./mistakes.ts";
export type { Args, Binary, Call, Fault, Inputs, Kernel, PerInput, Unary, View, VjpRule } from "./op.ts";
export { type AnyOpSpec, apply, defineOp, type Op, type OpSpec } from "./op.ts";
export { type Complete, complete } from "./options.ts";
export { type Differentiable, type Listener, recording, type Step, Tape } from "./tape.ts";
export type { DType, Nested, Operand, TensorLike, TensorOptions } from "./tensor.ts";
export {
  checkDType,
  describe,
  fromNdarray,
  full,
  isFloat,
  listCure,
  ones,
  sizeCure,
  Tensor,
  tensor,
  zeros,
} from "./tensor.ts";
export { evaluate, type Listing, type Program, type Spec, type SpecsOf, trace } from "./trace.ts";
export { leaves, leavesAlike, type TreeFunction, type TreesOnly, treeMap, unflatten, walk } from "./tree.ts";
