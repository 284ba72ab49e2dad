// The exports for users: derivatives, tensors, traced programs and functions that read programs. extend.ts has the
// exports for authors of ops.

export { withLabel } from "./autodiff/fanout.ts";
export { type GradOf, type GradOptions, grad, valueAndGrad } from "./autodiff/grad.ts";
export { stopGradient } from "./autodiff/stopGradient.ts";
export type { Pull } from "./autodiff/sweep.ts";
export type { Step } from "./autodiff/tape.ts";
export { vjp } from "./autodiff/vjp.ts";
export {
  ArgumentError,
  DataError,
  DTypeError,
  MutationError,
  OutOfRangeError,
  ShapeError,
  TracedValueError,
  TreeError,
  WengertError,
} from "./checks/errors.ts";
export { type Cost, cost } from "./programs/cost.ts";
export { toDot } from "./programs/dot.ts";
export { explain } from "./programs/explain.ts";
export { type NonFiniteReport, nonFinite } from "./programs/nonFinite.ts";
export { type Push, pushes } from "./programs/pushes.ts";
export { type Recording, record } from "./programs/record.ts";
export { evaluate, type Listing, type Program, type Spec, type SpecsOf, trace } from "./programs/trace.ts";
export { checkpoint, customJvp, customVjp } from "./transforms/custom.ts";
export { type Blocks, hessian, hvp, jacobian, jvp, linearize } from "./transforms/derivatives.ts";
export { fixedPoint, root, type SolverOptions } from "./transforms/implicit.ts";
export { type ScanOptions, scan } from "./transforms/scan.ts";
export { type AxesTree, type VmapOptions, vmap } from "./transforms/vmap.ts";
export type { TensorOptions } from "./values/create.ts";
export { fromNdarray, full, fullLike, ones, onesLike, tensor, zeros, zerosLike } from "./values/create.ts";
export type { DType } from "./values/dtype.ts";
export type { Nested, TensorLike } from "./values/tensor.ts";
export { Tensor } from "./values/tensor.ts";
export { treeMap } from "./values/tree.ts";
