import { ArgumentError, cureOf, DTypeError, isList, show } from "./errors.ts";
import { type DType, describe, isArrayLike, isFloat, isNdArray, kindText, type Operand } from "./tensor.ts";

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
 * The dtype rule of most ops: one float dtype for all, or with `integersToo` int32. @throws DTypeError with the cast to
 * write; it calls inputs without a label by `names`.
 */
export function sharedFloat(
  who: string,
  inputs: readonly Operand[],
  names?: readonly string[],
  integersToo = false,
): DType {
  const first = inputs[0];
  if (first === undefined) throw new ArgumentError(`${who}: expected a list of at least one tensor, got an empty list`);
  const fits = ({ dtype }: Operand) => isFloat(dtype) || (integersToo && dtype === "int32");
  let areAlike = fits(first);
  for (let k = 1; k < inputs.length; k++) if (inputs[k]!.dtype !== first.dtype) areAlike = false;
  if (areAlike) return first.dtype;
  const unnamed = (k: number) => names?.[k] ?? (inputs.length === 1 ? "x" : String.fromCharCode(97 + k)); // a, b, c
  const name = (k: number) => inputs[k]!.label ?? unnamed(k);
  const wanted = inputs.find(({ dtype }) => isFloat(dtype)) ?? inputs.find(fits);
  for (const [k, x] of inputs.entries()) {
    if (x.dtype === wanted?.dtype) continue;
    if (fits(x)) throw mixedDTypes(who, [wanted!, name(inputs.indexOf(wanted!))], [x, name(k)]);
    const needed = integersToo ? "a number" : "a float";
    const cast = `cast(${name(k)}, { dtype: "${wanted?.dtype ?? "float64"}" })`;
    throw new DTypeError(`${who}: ${needed} is needed, ${describe(x, name(k))} is ${x.dtype}; write ${cast}`);
  }
  return first.dtype;
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
