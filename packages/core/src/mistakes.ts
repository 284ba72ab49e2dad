import { ArgumentError, cureOf, DTypeError, isList, show } from "./errors.ts";
import {
  type DType,
  describe,
  isArrayLike,
  isFloat,
  isNdArray,
  kindText,
  type Operand,
  scalar,
  Tensor,
  type TensorLike,
} from "./tensor.ts";

// What is checked, and said, in more than one place.

/** @throws ArgumentError for what cannot be called; `who` takes a function first. */
export function mustBeFunction(who: string, f: unknown): void {
  if (typeof f === "function") return;
  throw new ArgumentError(`${who}: expected a function, got ${show(f)}; write ${who}((x) => ...)`);
}

/** @throws ArgumentError for arguments that are not in a list. */
export function mustBeList(who: string, name: string, args: unknown): void {
  if (isList(args)) return;
  throw new ArgumentError(`${who}: ${name} is a list with one entry an argument, got ${show(args)}; write [...]`);
}

/** @throws DTypeError for a tensor that has no derivative, with the cast to write. */
export function mustBeFloat(who: string, { dtype }: Operand, path: string): void {
  if (isFloat(dtype)) return;
  const cure = `write cast(${path}, { dtype: "float64" }), or let f close over it`;
  throw new DTypeError(`${who}: ${path} is ${dtype}, and only floats have derivatives; ${cure}`);
}

/**
 * The inputs of an op, of which there are `arity`, or any number: those that are numbers become scalars of their partner's
 * dtype, which is that of the first tensor that is not bool. @throws ArgumentError for anything else.
 */
export function toTensors(who: string, given: unknown, arity?: number | undefined): readonly Tensor[] {
  if (!isList(given))
    throw new ArgumentError(`${who}: expected a list of tensors, got ${show(given)}; write ${who}([...])`);
  if (arity !== undefined && given.length < arity)
    throw new ArgumentError(`${who}: expected ${arity} input${arity > 1 ? "s" : ""}, got ${given.length}`);
  let areTensors = true;
  for (let i = 0; i < given.length; i++) {
    const x = given[i];
    if (x instanceof Tensor) continue;
    areTensors = false;
    if (typeof x === "number") continue;
    throw new ArgumentError(`${who}: input ${i} must be a tensor or a number, got ${show(x)}${tensorCure(x)}`);
  }
  return areTensors ? (given as readonly Tensor[]) : withScalars(who, given as readonly TensorLike[]);
}

function withScalars(who: string, given: readonly TensorLike[]): readonly Tensor[] {
  const partner = given.find((x): x is Tensor => x instanceof Tensor && x.dtype !== "bool");
  const dtype = partner?.dtype ?? "float64";
  return given.map((x) => {
    if (typeof x !== "number") return x;
    if (dtype === "int32" && x !== (x | 0)) {
      const cast = `cast(${partner?.label ?? "x"}, { dtype: "float64" })`;
      throw new DTypeError(`${who}: ${x} is no int32, as ${describe(partner!)} is; write ${cast}`);
    }
    return scalar(x, dtype);
  });
}

/**
 * The dtype rule of most ops: one float dtype for all, or with `integersToo` int32. @throws DTypeError with the cast to
 * write; it calls inputs without a label by `names`.
 */
export function sharedFloat(
  who: string,
  inputs: readonly Operand[],
  names?: readonly string[],
  integersToo = false,
): DType {
  const dtype = inputs[0]?.dtype;
  let areAlike = dtype !== undefined && (isFloat(dtype) || (integersToo && dtype === "int32"));
  for (let k = 1; k < inputs.length; k++) if (inputs[k]!.dtype !== dtype) areAlike = false;
  if (areAlike) return dtype!;
  throw notShared(who, inputs, names, integersToo);
}

/** The error for inputs without one dtype that fits. It stands apart: where a function makes closures, each call pays for them. */
function notShared(
  who: string,
  inputs: readonly Operand[],
  names: readonly string[] | undefined,
  integersToo: boolean,
): ArgumentError | DTypeError {
  if (inputs.length === 0)
    return new ArgumentError(`${who}: expected a list of at least one tensor, got an empty list`);
  const fits = ({ dtype }: Operand) => isFloat(dtype) || (integersToo && dtype === "int32");
  const unnamed = (k: number) => names?.[k] ?? (inputs.length === 1 ? "x" : String.fromCharCode(97 + k)); // a, b, c
  const name = (k: number) => inputs[k]!.label ?? unnamed(k);
  const wanted = inputs.find(({ dtype }) => isFloat(dtype)) ?? inputs.find(fits);
  const k = inputs.findIndex(({ dtype }) => dtype !== wanted?.dtype);
  const x = inputs[k]!;
  if (fits(x)) return mixedDTypes(who, [wanted!, name(inputs.indexOf(wanted!))], [x, name(k)]);
  const needed = integersToo ? "a number" : "a float";
  const cast = `cast(${name(k)}, { dtype: "${wanted?.dtype ?? "float64"}" })`;
  return new DTypeError(`${who}: ${needed} is needed, ${describe(x, name(k))} is ${x.dtype}; write ${cast}`);
}

/** The error for tensors whose dtypes must be one, with the cast to write: of the second, unless that would round it. */
export function mixedDTypes(who: string, a: NamedOperand, b: NamedOperand): DTypeError {
  const came = [a, b].map(([x, otherwise]) => `${describe(x, otherwise)} is ${x.dtype}`).join(", ");
  const [[wanted], [odd, name]] = isFloat(b[0].dtype) && !isFloat(a[0].dtype) ? [b, a] : [a, b];
  const called = odd.label ?? (/^\w+$/.test(name) ? name : "...");
  return new DTypeError(`${who}: one dtype is needed, ${came}; write cast(${called}, { dtype: "${wanted.dtype}" })`);
}
type NamedOperand = readonly [x: Operand, otherwise: string];

/** The error for a value of `f`, where a float is needed to differentiate. */
export const noDerivative = (who: string, y: Operand): DTypeError =>
  new DTypeError(
    `${who}: f must return floats, got ${kindText(y)}, which has no derivative; return what it is computed from`,
  );

/** What to do about a value that stands where a tensor should. */
export function tensorCure(value: unknown): string {
  const isNumeric = isArrayLike(value) || isNdArray(value) || typeof value === "boolean" || typeof value === "number";
  if (typeof value === "bigint") return "; write Number(...)";
  return isNumeric ? "; write tensor(...)" : typeof value === "string" ? "; pass the tensor itself" : cureOf(value);
}

/** What may have gone wrong with a loss that is no tensor. */
export function lossCure(loss: unknown): string {
  if (typeof loss === "number") return "; keep to ops: what .item() gives has no derivative";
  if (typeof loss !== "object" || loss === null) return cureOf(loss);
  return "; valueAndGrad with { hasAux: true } takes [loss, aux]";
}
