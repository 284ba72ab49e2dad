import { withCaller } from "../checks/errors.ts";
import { type Complete, withDefaults } from "../checks/options.ts";
import { allocate, type DType } from "../values/dtype.ts";
import { checkSize, type NdArray, ndarray, type Shape } from "../values/ndarray.ts";
import { sharedFloat, toTensors } from "../values/operands.ts";
import { type Operand, Tensor, type TensorLike } from "../values/tensor.ts";
import { type Differentiable, isRecording, record, type Step, type Unchecked } from "./tape.ts";

export type Inputs = readonly Tensor[];
/** The inputs of an op with one or two, under the names that editors show. */
export type Unary = readonly [x: Tensor];
export type Binary = readonly [a: Tensor, b: Tensor];
/** One `T` per input, so that a missing or extra entry does not compile. */
export type PerInput<I extends Inputs, T> = { readonly [K in keyof I]: T };

/** One application of an op, as its VJP rules see it. */
export interface Call<I extends Inputs, P> {
  readonly inputs: I;
  readonly params: P;
  readonly output: Tensor;
}

/** A call whose output is not finite, or whose VJP made a cotangent of it that is not: what a spec's `nonFinite` explains. */
export interface Fault<I extends Inputs, P> extends Call<I, P> {
  /** The tensor that is not finite: the output, or the cotangent of an input. And where, first of all: NaN before infinity. */
  readonly bad: Tensor;
  readonly index: readonly number[];
  readonly cotangent: Tensor | undefined; // of the output, where the VJP is at fault
  readonly producerOf: (x: Tensor) => Step | undefined; // the step that computed x, if one did
}

export type VjpRule<I extends Inputs, P> = (g: Tensor, call: Call<I, P>) => Tensor;

/**
 * Computes the output into `out`, which is row-major and holds zeros; the inputs have any strides. What finds a number
 * that is wrong names its tensor as `operands` do.
 */
export type Kernel<I extends Inputs, P> = (
  out: NdArray,
  inputs: PerInput<I, NdArray>,
  params: P,
  operands: PerInput<I, Operand>,
) => void;
/** The output as a view of the input's memory; `undefined` where that is impossible. */
export type View<I extends Inputs, P> = (inputs: PerInput<I, NdArray>, params: P) => NdArray | undefined;
type JointRule<I extends Inputs, P> = (
  g: Tensor,
  call: Call<I, P>,
  needed: readonly boolean[],
) => readonly (Tensor | null)[];

/**
 * The declaration of an op with inputs `I` and params `P`, which callers give as options `O`. It is all that any reader
 * of a tape knows of the op.
 */
export type OpSpec<I extends Inputs, P = undefined, O = P> = Options<O> & {
  readonly name: string;
  /** The params for the options of a call, which are checked here. Without it they are the options. */
  readonly params?: (options: Complete<O>, inputs: PerInput<I, Operand>) => P;
  /** The shape of the output. Throws when the inputs do not fit. */
  readonly shape: (inputs: PerInput<I, Operand>, params: P) => Shape;
  /** The dtype of the output. Default: that of the inputs, which must share one float dtype. */
  readonly dtype?: (inputs: PerInput<I, Operand>, params: P) => DType;
  /** One rule per input (`null`: no derivative); or one for all, where their number is open. Rules call ops. */
  readonly vjp: number extends I["length"] ? JointRule<I, P> : PerInput<I, VjpRule<I, P> | null>;
  /** Floating-point operations of a call. Default: one per element of the output, none for a view. */
  readonly flops?: (inputs: PerInput<I, Operand>, output: Operand, params: P) => number;
  /** What makes an output infinite or NaN although the inputs are finite, and the cure; or a function that finds out. */
  readonly nonFinite?: string | ((fault: Fault<I, P>) => string | undefined);
  /** Arguments with which the rules are checked. */
  readonly samples: () => readonly [Readonly<Args<I, O>>, ...Readonly<Args<I, O>>[]];
} & ComputedBy<I, P>;

/** Every option of an op with its default, or `undefined`. Other options throw. */
type Options<O> = O extends undefined ? { readonly options?: undefined } : { readonly options: Complete<O> };

/** An op has a kernel, or a view, or for where the view fails both: a wrong state does not compile. */
type ComputedBy<I extends Inputs, P> =
  | { readonly kernel: Kernel<I, P>; readonly view?: undefined }
  | { readonly kernel?: Kernel<I, P>; readonly view: View<I, P> };

/** The arguments of an op: its inputs (in one list where their number is open), then its options. */
export type Args<I extends Inputs, O> = [
  ...(number extends I["length"] ? [tensors: readonly TensorLike[]] : { [K in keyof I]: TensorLike }),
  ...(O extends undefined ? [] : Record<never, never> extends O ? [options?: O] : [options: O]),
];

/** A callable that carries its declaration. */
export interface Op<I extends Inputs, P = undefined, O = P> {
  (...args: Args<I, O>): Tensor;
  readonly spec: OpSpec<I, P, O>;
}

/** The declaration of any op, as a list of steps holds it. Every `OpSpec` is one. */
export interface AnyOpSpec extends Differentiable {
  readonly options?: object | undefined;
  readonly params?: (options: Unchecked, inputs: Unchecked) => unknown;
  readonly shape: (inputs: Unchecked, params: Unchecked) => Shape;
  readonly dtype?: (inputs: Unchecked, params: Unchecked) => DType;
  readonly kernel?: (out: NdArray, inputs: Unchecked, params: Unchecked, operands: Unchecked) => void;
  readonly view?: undefined | ((inputs: Unchecked, params: Unchecked) => NdArray | undefined);
  readonly flops?: (inputs: Unchecked, output: Operand, params: Unchecked) => number;
  readonly nonFinite?: string | ((fault: Unchecked) => string | undefined);
  readonly samples: () => readonly (readonly unknown[])[];
}

/**
 * Defines an op: a function that carries its declaration as `.spec`. Nothing registers it.
 *
 * @example
 * import ops from "ndarray-ops"; // loops over arrays of any strides; a strict Content-Security-Policy forbids them
 *
 * const exp: Op<Unary> = defineOp({
 *   name: "exp",
 *   shape: ([x]) => x.shape,
 *   kernel: (out, [x]) => ops.exp(out, x),
 *   vjp: [(g, { output: y }) => mul(g, y)],
 *   samples: () => [[tensor([0, 1])]],
 * });
 */
export function defineOp<I extends Inputs, P = undefined, O = P>(declaration: NoInfer<OpSpec<I, P, O>>): Op<I, P, O> {
  const { name, options, params, shape, dtype, kernel, view, vjp, flops, nonFinite, samples } = declaration;
  // Engines are quick to read objects that have the same properties in the same order. So every declaration has all of them.
  const fields = { name, options, params, shape, dtype, kernel, view, vjp, flops, nonFinite, samples };
  const spec = fields as unknown as OpSpec<I, P, O>;
  const arity = Array.isArray(spec.vjp) ? spec.vjp.length : undefined;
  const op = (...args: readonly unknown[]): Tensor => {
    const tensors = arity === undefined ? args[0] : args.length > arity ? args.slice(0, arity) : args;
    const inputs = toTensors(spec.name, tensors, arity);
    const options = withDefaults<O>(spec.name, args[arity ?? 1], spec.options as Complete<O>);
    return apply(spec, inputs, spec.params ? paramsOf(spec as AnyOpSpec, options, inputs) : options);
  };
  return Object.assign(op as (...args: Args<I, O>) => Tensor, { spec });
}

/** Runs an op and records the step. While a program is traced, inputs have no values, and neither has the output. */
export function apply(spec: AnyOpSpec, inputs: readonly Tensor[], params: unknown, label?: string): Tensor {
  const output = outputOf(spec, inputs, params, label);
  if (isRecording()) record({ op: spec, inputs, params, output });
  return output;
}

// What a declaration throws gets the name of its op: the functions of a spec need not pass it on.

function paramsOf(spec: AnyOpSpec, options: unknown, inputs: readonly Tensor[]): unknown {
  try {
    return spec.params!(options, inputs);
  } catch (error) {
    throw withCaller(spec.name, error);
  }
}

function outputOf(spec: AnyOpSpec, inputs: readonly Tensor[], params: unknown, label: string | undefined): Tensor {
  try {
    const shape = spec.shape(inputs, params);
    const dtype = spec.dtype ? spec.dtype(inputs, params) : sharedFloat(inputs);
    checkSize(spec.name, shape);
    return new Tensor(shape, dtype, compute(spec, inputs, params, shape, dtype), label);
  } catch (error) {
    throw withCaller(spec.name, error);
  }
}

function compute(spec: AnyOpSpec, inputs: readonly Tensor[], params: unknown, shape: Shape, dtype: DType) {
  const arrays = inputs.map(({ array }) => array);
  if (arrays.includes(undefined)) return undefined;
  const view = spec.view?.(arrays, params);
  if (view !== undefined) return view;
  const out = ndarray(allocate(spec.name, shape, dtype), shape);
  spec.kernel!(out, arrays, params, inputs);
  return out;
}
