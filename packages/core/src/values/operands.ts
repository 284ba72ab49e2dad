import { ArgumentError, DTypeError, hintFor, isList, show } from "../checks/errors.ts";
import { isPlain } from "../checks/options.ts";
import { isArrayLike, isNdArray, scalar } from "./create.ts";
import { type DType, isFloat } from "./dtype.ts";
import { describe, kindText, type Operand, otherCopyHint, Tensor, type TensorLike } from "./tensor.ts";

/** The error for a differentiated argument that is not a float. The message contains the cast to write. */
export function notDifferentiable(caller: string, { dtype }: Operand, path: string): DTypeError {
  const hint = `write cast(${path}, { dtype: "float64" }), or let f close over it`;
  return new DTypeError(`${caller}: ${path} is ${dtype}, and only floats have derivatives; ${hint}`);
}

/**
 * Returns the inputs of an op as tensors. `arity` is the required number of inputs; undefined allows any number. Plain
 * numbers become scalars with the dtype of the first tensor that is not bool, or float64 if no such tensor exists.
 * @throws ArgumentError unless every input is a tensor or a number
 */
export function toTensors(caller: string, inputs: unknown, arity?: number | undefined): readonly Tensor[] {
  if (!isList(inputs))
    throw new ArgumentError(`${caller}: expected a list of tensors, got ${show(inputs)}; write ${caller}([...])`);
  if (arity !== undefined && inputs.length < arity)
    throw new ArgumentError(`${caller}: expected ${arity} input${arity > 1 ? "s" : ""}, got ${inputs.length}`);
  let areTensors = true;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (x instanceof Tensor) continue;
    areTensors = false;
    if (typeof x === "number") continue;
    throw new ArgumentError(`${caller}: input ${i} must be a tensor or a number, got ${show(x)}${tensorHint(x)}`);
  }
  return areTensors ? (inputs as readonly Tensor[]) : withScalars(caller, inputs as readonly TensorLike[]);
}

function withScalars(caller: string, inputs: readonly TensorLike[]): readonly Tensor[] {
  const partner = inputs.find((x): x is Tensor => x instanceof Tensor && x.dtype !== "bool");
  const dtype = partner?.dtype ?? "float64";
  return inputs.map((x) => {
    if (typeof x !== "number") return x;
    if (dtype === "int32" && x !== (x | 0)) {
      const cast = `cast(${partner?.label ?? "x"}, { dtype: "float64" })`;
      throw new DTypeError(`${caller}: ${x} is not an int32, the dtype of ${describe(partner!)}; write ${cast}`);
    }
    return scalar(x, dtype);
  });
}

/**
 * Returns the dtype that all inputs share: a float dtype, or also int32 if `integersToo` is set.
 * @throws DTypeError if the inputs do not share such a dtype. The message suggests a cast, and uses `names` for inputs
 * without a label.
 */
export function sharedFloat(inputs: readonly Operand[], names?: readonly string[], integersToo = false): DType {
  const dtype = inputs[0]?.dtype;
  let shareDType = dtype !== undefined && (isFloat(dtype) || (integersToo && dtype === "int32"));
  for (let k = 1; k < inputs.length; k++) if (inputs[k]!.dtype !== dtype) shareDType = false;
  if (shareDType) return dtype!;
  throw sharedFloatError(inputs, names, integersToo);
}

/**
 * Returns the error for inputs without a common dtype. This is a separate function, so that its closures are not
 * created in valid calls.
 */
function sharedFloatError(
  inputs: readonly Operand[],
  names: readonly string[] | undefined,
  integersToo: boolean,
): ArgumentError | DTypeError {
  if (inputs.length === 0) return new ArgumentError(`expected a list of at least one tensor, got an empty list`);
  const fits = ({ dtype }: Operand) => isFloat(dtype) || (integersToo && dtype === "int32");
  const defaultName = (k: number) => names?.[k] ?? (inputs.length === 1 ? "x" : String.fromCharCode(97 + k)); // a, b, c
  const name = (k: number) => inputs[k]!.label ?? defaultName(k);
  const partner = inputs.find(({ dtype }) => isFloat(dtype)) ?? inputs.find(fits);
  const k = inputs.findIndex(({ dtype }) => dtype !== partner?.dtype);
  const x = inputs[k]!;
  if (fits(x)) return mixedDTypes([partner!, name(inputs.indexOf(partner!))], [x, name(k)]);
  const needed = integersToo ? "a number" : "a float";
  const cast = `cast(${name(k)}, { dtype: "${partner?.dtype ?? "float64"}" })`;
  return new DTypeError(`${needed} is needed, ${describe(x, name(k))} is ${x.dtype}; write ${cast}`);
}

/**
 * Returns the error for two tensors a and b of different dtypes. The message suggests a cast of b, or a cast of a if b
 * would lose precision.
 */
export function mixedDTypes(a: NamedOperand, b: NamedOperand): DTypeError {
  const got = [a, b].map(([x, fallback]) => `${describe(x, fallback)} is ${x.dtype}`).join(", ");
  const [[partner], [other, name]] = isFloat(b[0].dtype) && !isFloat(a[0].dtype) ? [b, a] : [a, b];
  const argument = other.label ?? (/^\w+$/.test(name) ? name : "...");
  return new DTypeError(`one dtype is needed, ${got}; write cast(${argument}, { dtype: "${partner.dtype}" })`);
}
type NamedOperand = readonly [x: Operand, fallback: string];

/** Returns the error for a function whose value is not a float, and so has no derivative. */
export const noDerivative = (caller: string, y: Operand): DTypeError =>
  new DTypeError(
    `${caller}: f must return floats, got ${kindText(y)}, which has no derivative; return the floats it is computed from`,
  );

/** Returns a hint for an error message if another value was passed instead of a tensor. */
export function tensorHint(value: unknown): string {
  const copyHint = otherCopyHint(value);
  if (copyHint) return copyHint;
  if (typeof value === "bigint") return "; write Number(...)";
  if (isPlain(value)) return "; options come after the inputs";
  const isNumeric = isArrayLike(value) || isNdArray(value) || typeof value === "boolean" || typeof value === "number";
  if (isNumeric) return "; write tensor(...)";
  return typeof value === "string" ? "; pass the tensor itself" : hintFor(value);
}

/** Returns a hint for an error message if the value of a loss function is not a tensor. */
export function lossHint(loss: unknown): string {
  if (typeof loss === "number") return "; use ops, since a number from .item() has no derivative";
  if (typeof loss !== "object" || loss === null) return hintFor(loss);
  return otherCopyHint(loss) || "; with { hasAux: true } f returns [loss, aux]";
}
