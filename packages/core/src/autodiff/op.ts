import { ArgumentError, show, withCaller } from "../checks/errors.ts";
import { type Complete, withDefaults } from "../checks/options.ts";
import { share } from "../values/donation.ts";
import { allocate, type DType, isFloat } from "../values/dtype.ts";
import { checkSize, type NdArray, ndarray, type Shape } from "../values/ndarray.ts";
import { sharedFloat, toTensors } from "../values/operands.ts";
import { attached, type Operand, Tensor, type TensorLike } from "../values/tensor.ts";
import { type Differentiable, isRecording, record, type Step, type Unchecked } from "./tape.ts";

// An op is a value: the declaration of one primitive. A step holds this declaration, so no lookup by name is needed.
// Applying an op finds the shape and dtype of the output, computes the output, and records the step.

export type Inputs = readonly Tensor[];
/** The input of a unary op, which editors show under the name x. */
export type Unary = readonly [x: Tensor];
export type Binary = readonly [a: Tensor, b: Tensor];
/** A tuple with a `T` for each input of an op. A missing or extra entry does not compile. */
export type PerInput<I extends Inputs, T> = { readonly [K in keyof I]: T };

/** One application of an op: the inputs, output and params that the op's VJP rules receive. */
export interface Call<I extends Inputs, P> {
  readonly inputs: I;
  readonly params: P;
  readonly output: Tensor;
}

/**
 * A call that computed a NaN or an infinity, in its output or in its VJP. The function `nonFinite` in the op's
 * declaration explains the cause.
 */
export interface Fault<I extends Inputs, P> extends Call<I, P> {
  /** The tensor with the NaN or infinity: the op's output, or the cotangent of one of its inputs. */
  readonly bad: Tensor;
  /** The index of the first NaN in `bad`, or of its first infinity if it has no NaN. */
  readonly index: readonly number[];
  /** The cotangent of the op's output, if the NaN or infinity is in a result of the VJP. */
  readonly cotangent: Tensor | undefined;
  /** Returns the step that computed the tensor x, or `undefined` if no step computed x. */
  readonly producerOf: (x: Tensor) => Step | undefined;
}

/**
 * Maps the cotangent `g` of the output to the cotangent of one input. The result has the dtype and shape of that input.
 */
export type VjpRule<I extends Inputs, P> = (g: Tensor, call: Call<I, P>) => Tensor;

/**
 * Writes the output of the op to `out`, which is row-major and filled with zeros. The inputs may have any strides.
 * `operands` has the labels and shapes of the inputs, for error messages.
 */
export type Kernel<I extends Inputs, P> = (
  out: NdArray,
  inputs: PerInput<I, NdArray>,
  params: P,
  operands: PerInput<I, Operand>,
) => void;
/** Returns the output as a view of the input's memory, or `undefined` if no view can represent it. */
export type View<I extends Inputs, P> = (inputs: PerInput<I, NdArray>, params: P) => NdArray | undefined;
type JointRule<I extends Inputs, P> = (
  g: Tensor,
  call: Call<I, P>,
  needed: readonly boolean[],
) => readonly (Tensor | null)[];

/**
 * A call of an op in a function that `vmap` runs. The op's batch rule applies the op to all entries of the batch at
 * once.
 */
export interface BatchCall<I extends Inputs, P> {
  /** The inputs of the call. Axis 0 of a batched input is the batch. */
  readonly inputs: I;
  readonly batched: PerInput<I, boolean>;
  readonly params: P;
  /** The number of entries in the batch. */
  readonly size: number;
  /** The inputs and the output of the op for one entry of the batch, as tensors without values. */
  readonly operands: PerInput<I, Operand>;
  readonly output: Operand;
  /** Returns input k with a batch axis. An input that is not batched is repeated. */
  readonly withBatch: (k: number) => Tensor;
  /**
   * Applies the op with the given params. If `inputs` is omitted, uses all inputs of the call, each with a batch axis.
   */
  readonly again: (params: P, inputs?: readonly Tensor[]) => Tensor;
  /** Applies the op to one entry after another, which is correct for every op. */
  readonly perEntry: () => Tensor;
}

/**
 * How `vmap` applies an op to a batch. `"broadcast"`: the op broadcasts leading axes, as elementwise ops do, so it also
 * accepts a batch axis. `"shift"`: the op works along the axes in its params `axis` or `axes`, so `vmap` adds 1 to
 * these axes. A function receives the call and applies the op to the batch. Default: one call per entry.
 */
export type BatchRule<I extends Inputs, P> = "broadcast" | "shift" | ((call: BatchCall<I, P>) => Tensor);

/**
 * The declaration of an op with inputs `I` and params `P`. The params are computed from the options `O` of a call. A
 * tape needs no other information about an op than its declaration.
 */
export type OpSpec<I extends Inputs, P = undefined, O = P> = Options<O> & {
  readonly name: string;
  /** Checks the options of a call and returns the op's params. Without this function, the params are the options. */
  readonly params?: (options: Complete<O>, inputs: PerInput<I, Operand>) => P;
  /** Returns the shape of the op's output. Throws if the shapes of the inputs are incompatible. */
  readonly shape: (inputs: PerInput<I, Operand>, params: P) => Shape;
  /** Returns the dtype of the output. Default: the float dtype that all inputs share. */
  readonly dtype?: (inputs: PerInput<I, Operand>, params: P) => DType;
  /**
   * A list with the VJP rule of each input (`null`: no derivative), or a single joint rule if the op takes any number
   * of inputs. VJP rules call ops.
   */
  readonly vjp: number extends I["length"] ? JointRule<I, P> : PerInput<I, VjpRule<I, P> | null>;
  /**
   * Returns the cotangent of input 0, summed over several calls of the op that share this input. Only input 0 of the op
   * may have a derivative. The op `slice` has this rule, so that the cotangents of many slices of a tensor are added to
   * one array.
   */
  readonly vjpOfUses?: (gs: readonly Tensor[], calls: readonly Call<I, P>[]) => Tensor;
  /** How `vmap` applies the op to a batch. Default: one call per entry. */
  readonly batch?: BatchRule<I, P>;
  /**
   * Returns the number of floating-point operations of a call. Default: the number of elements of the output, or zero
   * for a view.
   */
  readonly flops?: (inputs: PerInput<I, Operand>, output: Operand, params: P) => number;
  /**
   * Explains why finite inputs gave an infinite or NaN output, and how to fix it: a string, or a function that returns
   * one.
   */
  readonly nonFinite?: string | ((fault: Fault<I, P>) => string | undefined);
  /** Returns sample arguments, at which tests check the VJP rules. */
  readonly samples: () => readonly [Readonly<Args<I, O>>, ...Readonly<Args<I, O>>[]];
} & ComputedBy<I, P>;

/** Every option of an op and its default, or `undefined` for an option without a default. Unknown options throw. */
type Options<O> = O extends undefined ? { readonly options?: undefined } : { readonly options: Complete<O> };

/**
 * An op declares a `kernel`, a `view`, or both; a declaration with neither does not compile. If the function `view`
 * returns `undefined`, the kernel runs.
 */
type ComputedBy<I extends Inputs, P> =
  | { readonly kernel: Kernel<I, P>; readonly view?: undefined }
  | { readonly kernel?: Kernel<I, P>; readonly view: View<I, P> };

/** The arguments of a call of an op: the inputs (in a list if the op takes any number of inputs), then the options. */
export type Args<I extends Inputs, O> = [
  ...(number extends I["length"] ? [tensors: readonly TensorLike[]] : { [K in keyof I]: TensorLike }),
  ...(O extends undefined ? [] : Record<never, never> extends O ? [options?: O] : [options: O]),
];

/** An op: a function of tensors that carries its declaration. */
export interface Op<I extends Inputs, P = undefined, O = P> {
  (...args: Args<I, O>): Tensor;
  readonly spec: OpSpec<I, P, O>;
}

/** The declaration of any op, as a step stores it. Every `OpSpec` can be assigned to this type. */
export interface AnyOpSpec extends Differentiable {
  readonly options?: object | undefined;
  readonly params?: (options: Unchecked, inputs: Unchecked) => unknown;
  readonly shape: (inputs: Unchecked, params: Unchecked) => Shape;
  readonly dtype?: (inputs: Unchecked, params: Unchecked) => DType;
  readonly kernel?: (out: NdArray, inputs: Unchecked, params: Unchecked, operands: Unchecked) => void;
  readonly view?: undefined | ((inputs: Unchecked, params: Unchecked) => NdArray | undefined);
  readonly batch?: undefined | "broadcast" | "shift" | ((call: Unchecked) => Tensor);
  readonly flops?: (inputs: Unchecked, output: Operand, params: Unchecked) => number;
  readonly nonFinite?: string | ((fault: Unchecked) => string | undefined);
  readonly samples: () => readonly (readonly unknown[])[];
}

/**
 * Defines an op: a function that carries its declaration as `.spec`. No registry exists.
 * @throws ArgumentError if `name`, `shape`, `vjp`, or both `kernel` and `view` are missing
 */
export function defineOp<I extends Inputs, P = undefined, O = P>(declaration: NoInfer<OpSpec<I, P, O>>): Op<I, P, O> {
  checkDeclaration(declaration as unknown as AnyOpSpec);
  const { name, options, params, shape, dtype, kernel, view, vjp, vjpOfUses, batch, flops, nonFinite, samples } =
    declaration;
  // Every op declaration has the same properties in the same order, because JavaScript engines read such objects
  // fastest.
  const fields = {
    name,
    options,
    params,
    shape,
    dtype,
    kernel,
    view,
    vjp,
    vjpOfUses,
    batch,
    flops,
    nonFinite,
    samples,
  };
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

/** @throws ArgumentError if a required field is missing */
function checkDeclaration(declaration: Partial<AnyOpSpec> | undefined): void {
  const { name, shape, kernel, view, vjp } = declaration ?? {};
  const isComplete = name && shape && (kernel || view) && vjp;
  if (!isComplete)
    throw new ArgumentError(
      `defineOp: an op needs the fields name, shape, kernel or view, and vjp; got ${Object.keys(declaration ?? {}).join(", ") || show(declaration)}`,
    );
}

/**
 * Computes the output of an op and records the step. The output has no values if an input has no values, as in a trace.
 */
export function apply(spec: AnyOpSpec, inputs: readonly Tensor[], params: unknown, label?: string): Tensor {
  const output = outputOf(spec, inputs, params, label);
  if (!isRecording()) return output;
  output.watchWrites();
  record({ op: spec, inputs, params, output });
  return output;
}

// paramsOf and outputOf put the name of the op in front of an error message. So the functions that an op declares can
// throw errors without naming the op.

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
    const array = compute(spec, inputs, params, shape, dtype);
    const output = new Tensor(shape, dtype, array, label);
    if (spec.view && array !== undefined) output.watchWrites(); // its memory may be that of an input
    return output;
  } catch (error) {
    throw withCaller(spec.name, error);
  }
}

/**
 * Returns the output array: a view of the input's memory if the op declares a view, else a new array. Returns
 * `undefined` if an input has no values.
 */
function compute(spec: AnyOpSpec, inputs: readonly Tensor[], params: unknown, shape: Shape, dtype: DType) {
  const arrays: NdArray[] = [];
  for (const input of inputs) {
    if (input.array === undefined) return undefined;
    arrays.push(attached(spec.name, input, spec.view ? share(input) : input.array));
    input.watchWrites();
  }
  const view = spec.view?.(arrays, params);
  if (view !== undefined) return view;
  const out = ndarray(allocate(spec.name, shape, dtype), shape);
  // Skips the kernel if the output has no elements, because the kernel might loop over a huge axis for nothing. Kernels
  // with integer inputs still run, because they may have to check indices.
  if (out.data.length === 0 && inputs.every(({ size, dtype }) => size === 0 || isFloat(dtype))) return out;
  const returned: unknown = spec.kernel!(out, arrays, params, inputs);
  if (returned instanceof Promise) throw promiseError();
  return out;
}

/** This is a separate function, because JavaScript engines optimize short functions such as `compute` better. */
const promiseError = (): ArgumentError =>
  new ArgumentError("the op's kernel must be synchronous, but it returned a promise");
