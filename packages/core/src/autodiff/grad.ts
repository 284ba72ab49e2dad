import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError, isList, ShapeError, show, TreeError } from "../checks/errors.ts";
import { type Complete, withDefaults } from "../checks/options.ts";
import { constantLike } from "../values/create.ts";
import { isFloat } from "../values/dtype.ts";
import { shapeText } from "../values/format.ts";
import { lossHint, noDerivative } from "../values/operands.ts";
import { describe, Tensor } from "../values/tensor.ts";
import type { Cotangent, TreesOnly } from "../values/tree.ts";
import { runWithTape } from "./vjp.ts";

/** The types of the arguments that `argnums` selects. */
export type SelectedArguments<A extends readonly unknown[], N> = A[N extends readonly number[]
  ? N[number]
  : N extends number
    ? N
    : never];

/** The type of a gradient: the type of the argument, or a tuple of the types of several arguments. */
export type GradOf<A extends readonly unknown[], N> = N extends number
  ? Cotangent<A[N]>
  : N extends readonly [infer First extends number, ...infer Rest]
    ? [Cotangent<A[First]>, ...GradsOf<A, Rest>]
    : Cotangent<A[number]>[];
type GradsOf<A extends readonly unknown[], N extends readonly unknown[]> = {
  [K in keyof N]: N[K] extends number ? Cotangent<A[N[K]]> : never;
};

export interface GradOptions<N = number | readonly number[], H = boolean> {
  /** The index of the argument to differentiate with respect to, or a list of distinct indices. Default 0. */
  readonly argnums?: N | undefined;
  /** Whether `f` returns `[value, aux]`. `aux` may be anything and is returned with the derivative. Default false. */
  readonly hasAux?: H | undefined;
}

/** A function that returns a value to differentiate, and an auxiliary output `aux` that is not differentiated. */
export type WithAux<A extends readonly unknown[], Y, X> = (...args: A) => readonly [Y, X];

/**
 * Returns a function that takes the arguments of `f` and returns the gradient of the value of `f`, a scalar float.
 * `argnums` selects the arguments to differentiate with respect to, which must be trees of float tensors. Other
 * arguments may have any type. The gradient has the type of the argument, and is a tuple for several arguments. With
 * `hasAux` the function returns `{ grad, aux }`.
 * @throws ArgumentError unless `f` is a function, and for invalid options. The returned function throws a TreeError,
 * ShapeError or DTypeError unless the value of `f` is a scalar float, and an ArgumentError for a missing argument.
 */
export function grad<A extends readonly unknown[], X, const N extends number | readonly number[] = 0>(
  f: WithAux<A, Tensor, X> & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options: GradOptions<N, true> & { readonly hasAux: true },
): (...args: A) => { grad: GradOf<A, NoInfer<N>>; aux: X };
export function grad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: ((...args: A) => Tensor) & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options?: GradOptions<N, false>,
): (...args: A) => GradOf<A, NoInfer<N>>;
export function grad(f: (...args: unknown[]) => unknown, options?: GradOptions): (...args: unknown[]) => unknown {
  mustBeFunction("grad", f);
  const settings = withDefaults("grad", options, gradDefaults);
  return (...args) => {
    const { grad, aux } = gradient("grad", f, args, settings);
    return settings.hasAux ? { grad, aux } : grad;
  };
}

/**
 * Returns a function that takes the arguments of `f` and returns `{ value, grad }`, or `{ value, grad, aux }` with
 * `hasAux`. `value` is the value of `f`, and `grad` is the gradient, as for `grad`.
 */
export function valueAndGrad<A extends readonly unknown[], X, const N extends number | readonly number[] = 0>(
  f: WithAux<A, Tensor, X> & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options: GradOptions<N, true> & { readonly hasAux: true },
): (...args: A) => { value: Tensor; grad: GradOf<A, NoInfer<N>>; aux: X };
export function valueAndGrad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: ((...args: A) => Tensor) & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options?: GradOptions<N, false>,
): (...args: A) => { value: Tensor; grad: GradOf<A, NoInfer<N>> };
export function valueAndGrad(
  f: (...args: unknown[]) => unknown,
  options?: GradOptions,
): (...args: unknown[]) => unknown {
  mustBeFunction("valueAndGrad", f);
  const settings = withDefaults("valueAndGrad", options, gradDefaults);
  return (...args) => {
    const { value, grad, aux } = gradient("valueAndGrad", f, args, settings);
    return settings.hasAux ? { value, grad, aux } : { value, grad };
  };
}

export const gradDefaults: Complete<GradOptions> = { argnums: 0, hasAux: false };

/**
 * Runs `f`, checks that its value is a scalar float, and pulls back the cotangent 1. Error messages name the arguments
 * as in the source text of the function `names`.
 */
export function gradient<A extends readonly unknown[]>(
  caller: string,
  f: (...args: A) => unknown,
  args: A,
  { argnums = 0, hasAux }: GradOptions = gradDefaults,
  names: (...args: never) => unknown = f,
): { value: Tensor; grad: unknown; aux: unknown } {
  const { value, pull } = runWithTape(caller, f, args, argumentIndices(caller, argnums), { names });
  const [loss, aux] = splitAux(caller, value, hasAux);
  if (!(loss instanceof Tensor))
    throw new TreeError(`${caller}: f must return a scalar tensor, got ${show(loss)}${lossHint(loss)}`);
  if (loss.shape.length > 0) {
    const hint = "reduce it with sum or mean, or use vjp or jacobian";
    throw new ShapeError(`${caller}: f must return a scalar, got ${describe(loss, "shape")}; ${hint}`);
  }
  if (!isFloat(loss.dtype)) throw noDerivative(caller, loss);
  return { value: loss, grad: singleOrList(pull(new Map([[loss, constantLike(loss, 1)]])), argnums), aux };
}

/**
 * Returns the option `argnums` as a list of argument indices.
 * @throws ArgumentError unless `argnums` is an index or a list of distinct indices
 */
export function argumentIndices(caller: string, argnums: unknown): readonly number[] {
  const list: unknown = typeof argnums === "number" ? [argnums] : argnums;
  const isIndex = (n: unknown, i: number, all: readonly unknown[]): boolean =>
    Number.isInteger(n) && (n as number) >= 0 && all.indexOf(n) === i;
  if (isList(list) && list.every(isIndex)) return list as readonly number[];
  const got = isList(argnums) ? shapeText(argnums) : show(argnums);
  throw new ArgumentError(
    `${caller}: argnums must be an argument's index, from 0, or a list of distinct indices; got ${got}`,
  );
}

/**
 * Returns the list of trees (such as the gradients of several arguments), or only the first tree if `argnums` is a
 * number.
 */
export const singleOrList = (trees: readonly unknown[], argnums: number | readonly number[]): unknown =>
  typeof argnums === "number" ? trees[0] : trees;

/**
 * Splits what `f` returned into the value to differentiate and, with `hasAux`, the auxiliary output.
 * @throws ArgumentError if `hasAux` is set and `f` did not return a pair
 */
export function splitAux(
  caller: string,
  returned: unknown,
  hasAux: boolean | undefined,
): readonly [value: unknown, aux?: unknown] {
  if (!hasAux) return [returned];
  if (isList(returned) && returned.length === 2) return returned as unknown as [unknown, unknown];
  throw new ArgumentError(`${caller}: with hasAux, f must return [value, aux], got ${show(returned)}`);
}
