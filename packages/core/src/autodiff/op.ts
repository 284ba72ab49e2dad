import { withCaller } from "../checks/errors.ts";
import { type Complete, withDefaults } from "../checks/options.ts";
import { allocate, type DType } from "../values/dtype.ts";
import { checkSize, type NdArray, ndarray, type Shape } from "../values/ndarray.ts";
import { sharedFloat, toTensors } from "../values/operands.ts";
import { type Operand, Tensor, type TensorLike } from "../values/tensor.ts";
import { type Differentiable, isRecording, record, type Step, type Unchecked } from "./tape.ts";

// An op is a value: the declaration of one primitive. A step holds the declaration itself, so nothing is looked up by name.
// To apply an op is to find the shape and dtype of the output, compute the output, and record the step.

export type Inputs = readonly Tensor[];
/** The inputs of an op with one or two inputs. Editors show these names as parameters. */
export type Unary = readonly [x: Tensor];
export type Binary = readonly [a: Tensor, b: Tensor];
/** A tuple with one `T` per input. A missing or extra entry does not compile. */
export type PerInput<I extends Inputs, T> = { readonly [K in keyof I]: T };

/** One application of an op, as its VJP rules receive it. */
export interface Call<I extends Inputs, P> {
  readonly inputs: I;
  readonly params: P;
  readonly output: Tensor;
}

/** A call that computed a NaN or an infinity, in its output or in its VJP. The `nonFinite` of a spec explains it. */
export interface Fault<I extends Inputs, P> extends Call<I, P> {
  /** The tensor that is not finite: the output, or the cotangent of an input. */
  readonly bad: Tensor;
  /** The index of its first NaN, or of its first infinity if it has no NaN. */
  readonly index: readonly number[];
  /** The cotangent of the output, if the VJP is at fault. */
  readonly cotangent: Tensor | undefined;
  /** Returns the step that computed x, or `undefined` if no step did. */
  readonly producerOf: (x: Tensor) => Step | undefined;
}

/** Maps the cotangent `g` of the output to the cotangent of one input, which has the dtype and shape of that input. */
export type VjpRule<I extends Inputs, P> = (g: Tensor, call: Call<I, P>) => Tensor;

/**
 * Computes the output into `out`, which is row-major and holds zeros. The inputs may have any strides. `operands` has the
 * labels and shapes of the inputs, for error messages.
 */
export type Kernel<I extends Inputs, P> = (
  out: NdArray,
  inputs: PerInput<I, NdArray>,
  params: P,
  operands: PerInput<I, Operand>,
) => void;
/** Returns the output as a view of the input's memory, or `undefined` if there is no such view. */
export type View<I extends Inputs, P> = (inputs: PerInput<I, NdArray>, params: P) => NdArray | undefined;
type JointRule<I extends Inputs, P> = (
  g: Tensor,
  call: Call<I, P>,
  needed: readonly boolean[],
) => readonly (Tensor | null)[];

/**
 * The declaration of an op with inputs `I` and params `P`, which are computed from the options `O` of a call. Readers of a
 * tape know nothing else about the op.
 */
export type OpSpec<I extends Inputs, P = undefined, O = P> = Options<O> & {
  readonly name: string;
  /** Checks the options of a call and returns the params. Default: the options are the params. */
  readonly params?: (options: Complete<O>, inputs: PerInput<I, Operand>) => P;
  /** Returns the shape of the output. Throws if the inputs are incompatible. */
  readonly shape: (inputs: PerInput<I, Operand>, params: P) => Shape;
  /** Returns the dtype of the output. Default: the float dtype of the inputs, which must all have the same. */
  readonly dtype?: (inputs: PerInput<I, Operand>, params: P) => DType;
  /** One rule per input (`null`: no derivative), or one joint rule if the number of inputs is open. Rules call ops. */
  readonly vjp: number extends I["length"] ? JointRule<I, P> : PerInput<I, VjpRule<I, P> | null>;
  /** Returns the floating-point operations of a call. Default: one per element of the output, none for a view. */
  readonly flops?: (inputs: PerInput<I, Operand>, output: Operand, params: P) => number;
  /** Why an output is infinite or NaN although the inputs are finite, and the fix; or a function that returns both. */
  readonly nonFinite?: string | ((fault: Fault<I, P>) => string | undefined);
  /** Returns arguments with which tests check the rules. */
  readonly samples: () => readonly [Readonly<Args<I, O>>, ...Readonly<Args<I, O>>[]];
} & ComputedBy<I, P>;

/** Every option of an op with its default, or `undefined` if it has none. Unknown options throw. */
type Options<O> = O extends undefined ? { readonly options?: undefined } : { readonly options: Complete<O> };

/** An op has a kernel, a view, or both: the kernel runs if the view returns `undefined`. An op without either does not compile. */
type ComputedBy<I extends Inputs, P> =
  | { readonly kernel: Kernel<I, P>; readonly view?: undefined }
  | { readonly kernel?: Kernel<I, P>; readonly view: View<I, P> };

/** The arguments of a call: the inputs (as one list if their number is open), then the options. */
export type Args<I extends Inputs, O> = [
  ...(number extends I["length"] ? [tensors: readonly TensorLike[]] : { [K in keyof I]: TensorLike }),
  ...(O extends undefined ? [] : Record<never, never> extends O ? [options?: O] : [options: O]),
];

/** An op: a function of tensors that carries its declaration. */
export interface Op<I extends Inputs, P = undefined, O = P> {
  (...args: Args<I, O>): Tensor;
  readonly spec: OpSpec<I, P, O>;
}

/** The declaration of any op, as steps hold it. Every `OpSpec` can be assigned to it. */
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
 * Defines an op: a function that carries its declaration as `.spec`. There is no registry.
 *
 * @example
 * import ops from "ndarray-ops"; // generates loops for any strides; a strict Content-Security-Policy forbids it
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
  // Every spec has the same properties in the same order, because engines read such objects fastest.
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

/** Computes the output of an op and records the step. If an input has no values, as in a trace, the output has none. */
export function apply(spec: AnyOpSpec, inputs: readonly Tensor[], params: unknown, label?: string): Tensor {
  const output = outputOf(spec, inputs, params, label);
  if (isRecording()) record({ op: spec, inputs, params, output });
  return output;
}

// The next two functions put the name of the op in front of an error. So the functions of a spec throw without a caller.

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

/** Returns the values of the output: a view if the op has one, else a new array. `undefined` if an input has no values. */
function compute(spec: AnyOpSpec, inputs: readonly Tensor[], params: unknown, shape: Shape, dtype: DType) {
  const arrays = inputs.map(({ array }) => array);
  if (arrays.includes(undefined)) return undefined;
  const view = spec.view?.(arrays, params);
  if (view !== undefined) return view;
  const out = ndarray(allocate(spec.name, shape, dtype), shape);
  spec.kernel!(out, arrays, params, inputs);
  return out;
}
