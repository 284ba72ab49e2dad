import { gradient, paired, run } from "./backward.ts";
import { pack, part } from "./fanout.ts";
import { mustBeList, noDerivative } from "./mistakes.ts";
import { basis, checkRoom, fullLike, isFloat, type Tensor, type TensorLike, zeros } from "./tensor.ts";
import { asTree, type Cotangent, floatsOf, leaves, type TreeFunction, type TreesOnly, unflatten } from "./tree.ts";

/**
 * `f(...args)`, and the pushforward: from a tangent of each argument to that of the value, J v.
 * The pullback u ↦ uᵀJ is linear, so its own pullback is v ↦ J v: forward mode needs no rules of its own.
 */
export function linearize<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...args: A
): { value: R; pushforward: (...tangents: A) => R } {
  return linearized("linearize", f, args, ["pushforward", "arguments"]);
}

function linearized<A extends readonly unknown[], R>(
  who: string,
  f: (...args: A) => R,
  args: A,
  [speaker, names]: readonly [who: string, args: string],
): { value: R; pushforward: (...tangents: A) => R } {
  const { value, pull } = run<A, R>(who, f, args, [...args.keys()]);
  const output = [value, "the value of f"] as const;
  const { floats, withFloats } = floatsOf(who, output);
  const pullback = (us: readonly Tensor[]) => pull(paired(who, output, [withFloats(us), "the cotangent"]));
  const anywhere = floats.map((y) => fullLike(y, 0)); // a linear map has the same pullback everywhere
  const transposed = run(who, pullback, [anywhere], [0]);
  return {
    value,
    pushforward: (...tangents) => {
      const partners = transposed.value;
      const given = tangents.map((tangent, i) => asTree(tangent, partners[i]));
      const vs = paired(speaker, [partners, names], [given, "tangents"]);
      const [of] = transposed.pull(vs) as [Tensor[]];
      return withFloats(of, (y) => fullLike(y, 0));
    },
  };
}

/** The value of `f` and its tangent J v, where `primals` and `tangents` hold one entry an argument. */
export function jvp<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  primals: A,
  tangents: NoInfer<A>,
): { value: R; tangent: R } {
  mustBeList("jvp", "primals", primals);
  mustBeList("jvp", "tangents", tangents);
  const { value, pushforward } = linearized<A, R>("jvp", f, primals, ["jvp", "primals"]);
  return { value, tangent: pushforward(...tangents) };
}

/** The blocks ∂y/∂x, `[...y.shape, ...x.shape]`, for each tensor y of a tree Y and within it each x of a tree X. */
export type Blocks<Y, X> = Y extends TensorLike
  ? X extends TensorLike
    ? Tensor
    : { [K in keyof X]: Blocks<Y, X[K]> }
  : { [K in keyof Y]: Blocks<Y[K], X> };

/** The function x ↦ ∂f/∂x of shape `[...out, ...in]`; of trees, a tree of blocks. One pullback for each element of f(x). */
export function jacobian<X, Y>(f: ((x: X) => Y) & TreesOnly<Cotangent<X>> & TreesOnly<Y>): (x: X) => Blocks<Y, X> {
  return (x) => jacobianAt<X, Y>("jacobian", f, x);
}

/** The function x ↦ ∂²f/∂x², of shape `[...in, ...in]`, for an `f` with a scalar value; of trees, a tree of blocks. */
export function hessian<X>(f: ((x: X) => Tensor) & TreesOnly<Cotangent<X>>): (x: X) => Blocks<X, X> {
  return (x) => jacobianAt<X, X>("hessian", (y) => gradient("hessian", f, [y]).grad as X, x);
}

/** The function (x, v) ↦ (∂²f/∂x²) v without the matrix, which is symmetric: the gradient's own pullback. */
export function hvp<X>(f: ((x: X) => Tensor) & TreesOnly<Cotangent<X>>): (x: X, v: Cotangent<X>) => Cotangent<X> {
  return (x, v) => {
    const { value, pull } = run("hvp", (y: X) => gradient("hvp", f, [y]).grad as X, [x], [0]);
    return pull(paired("hvp", [value, "x"], [asTree(v, value), "v"]))[0] as Cotangent<X>;
  };
}

function jacobianAt<X, Y>(who: string, f: (x: X) => Y, x: X): Blocks<Y, X> {
  const { value, inputs, pull } = run(who, f, [x], [0]);
  const outputs = leaves(who, value, "the value of f");
  for (const y of outputs) for (const input of inputs) checkRoom(who, [...y.shape, ...input.shape], input.dtype);
  const blocks = outputs.map((y) => {
    if (!isFloat(y.dtype)) throw noDerivative(who, y);
    const rows = [...basis(y)].map((seed) => leaves(who, pull(new Map([[y, seed]])), "gradient"));
    const block = (input: Tensor, i: number): Tensor => {
      const shape = [...y.shape, ...input.shape];
      if (rows.length === 0) return zeros(shape, { dtype: input.dtype });
      return part(pack(rows.map((row) => row[i]!)), { shape, offset: 0 });
    };
    return unflatten(asTree(x), inputs.map(block));
  });
  return unflatten(value, blocks) as unknown as Blocks<Y, X>;
}
