import { fromNdarray, full, jvp, ShapeError, Tensor, tensor, treeMap, vjp } from "@wengert/core";
import {
  type Binary,
  defineOp,
  ndarray,
  type Op,
  type Operand,
  ravel,
  type Shape,
  sizeOf,
  type TreeFunction,
  type TreesOnly,
  type Unary,
  type VjpRule,
} from "@wengert/core/extend";
import { expect } from "vitest";

// Core has no arithmetic, so these tests define their own small set of ops, enough to exercise every transform.

type Rule<I extends Unary | Binary> = VjpRule<I, undefined>;

function elementwise(name: string, f: (x: number) => number, rule: Rule<Unary>, nonFinite?: string): Op<Unary> {
  return defineOp<Unary>({
    name,
    shape: ([x]) => x.shape,
    kernel: (out, [x]) => out.data.set(ravel(x).map(f)),
    vjp: [rule],
    ...(nonFinite === undefined ? {} : { nonFinite }),
    samples: () => [[tensor([0.5, 1.25])]],
  });
}

export const neg: Op<Unary> = elementwise(
  "neg",
  (x) => -x,
  (g) => neg(g),
);
export const sin: Op<Unary> = elementwise("sin", Math.sin, (g, { inputs: [x] }) => mul(g, cos(x)));
export const cos: Op<Unary> = elementwise("cos", Math.cos, (g, { inputs: [x] }) => neg(mul(g, sin(x))));
export const exp: Op<Unary> = elementwise(
  "exp",
  Math.exp,
  (g, { output }) => mul(g, output),
  "exp overflows above 709",
);
export const log: Op<Unary> = elementwise("log", Math.log, (g, { inputs: [x] }) => div(g, x), "log 0 is −Infinity");
export const sqrt: Op<Unary> = elementwise("sqrt", Math.sqrt, (g, { output }) => div(g, mul(output, 2)));

/** Defines an elementwise op of two inputs. The inputs must have the same shape, or one must be a scalar. */
function pairwise(
  name: string,
  f: (a: number, b: number) => number,
  [toA, toB]: readonly [Rule<Binary>, Rule<Binary>],
): Op<Binary> {
  const sumToShape = (g: Tensor, x: Tensor) => (x.shape.length === g.shape.length ? g : sum(g));
  return defineOp<Binary>({
    name,
    shape: ([a, b]) => {
      if (a.shape.length === 0 || String(a.shape) === String(b.shape)) return b.shape;
      if (b.shape.length === 0) return a.shape;
      throw new ShapeError(`${name}: [${a.shape}] and [${b.shape}]`);
    },
    kernel: (out, [a, b]) => {
      const [x, y] = [ravel(a), ravel(b)];
      const [s, t] = [a.shape.length === 0 ? 0 : 1, b.shape.length === 0 ? 0 : 1];
      for (let i = 0; i < out.data.length; i++) out.data[i] = f(x[i * s]!, y[i * t]!);
    },
    vjp: [(g, call) => sumToShape(toA(g, call), call.inputs[0]), (g, call) => sumToShape(toB(g, call), call.inputs[1])],
    samples: () => [
      [tensor([0.5, -1.25]), tensor([2, 3])],
      [tensor([0.5, -1.25]), tensor(3)],
    ],
  });
}

export const add: Op<Binary> = pairwise("add", (a, b) => a + b, [(g) => g, (g) => g]);
export const sub: Op<Binary> = pairwise("sub", (a, b) => a - b, [(g) => g, (g) => neg(g)]);
export const mul: Op<Binary> = pairwise("mul", (a, b) => a * b, [
  (g, { inputs: [, b] }) => mul(g, b),
  (g, { inputs: [a] }) => mul(g, a),
]);
export const div: Op<Binary> = pairwise("div", (a, b) => a / b, [
  (g, { inputs: [, b] }) => div(g, b),
  (g, { inputs: [, b], output }) => neg(div(mul(g, output), b)),
]);

/** Returns the sum of all elements. The adjoint is `spread`, which broadcasts a scalar to a shape. */
export const sum: Op<Unary> = defineOp({
  name: "sum",
  shape: () => [],
  kernel: (out, [x]) => {
    for (const value of ravel(x)) out.data[0]! += value;
  },
  flops: ([x]) => sizeOf(x.shape),
  vjp: [(g, { inputs: [x] }) => spread(g, { shape: x.shape })],
  samples: () => [[tensor([[1, 2]])]],
});
export const spread: Op<Unary, { readonly shape: Shape }> = defineOp({
  name: "spread",
  options: { shape: undefined },
  shape: (_, { shape }) => shape,
  view: ([x], { shape }) =>
    ndarray(
      x.data,
      shape,
      shape.map(() => 0),
      x.offset,
    ),
  vjp: [(g) => sum(g)],
  samples: () => [[tensor(3), { shape: [2, 1] }]],
});

export const transpose: Op<Unary> = defineOp({
  name: "transpose",
  shape: ([x]) => x.shape.toReversed(),
  view: ([x]) => x.transpose(1, 0),
  vjp: [(g) => transpose(g)],
  samples: () => [[tensor([[1, 2, 3]])]],
});
export const matmul: Op<Binary> = defineOp({
  name: "matmul",
  shape: ([a, b]) => [a.shape[0]!, b.shape[1]!],
  kernel: (out, [a, b]) => {
    for (let i = 0; i < a.shape[0]!; i++)
      for (let j = 0; j < b.shape[1]!; j++)
        for (let p = 0; p < a.shape[1]!; p++) out.set(i, j, out.get(i, j) + a.get(i, p) * b.get(p, j));
  },
  flops: ([a], { shape: [m, n] }) => 2 * m! * n! * a.shape[1]!,
  vjp: [(g, { inputs: [, b] }) => matmul(g, transpose(b)), (g, { inputs: [a] }) => matmul(transpose(a), g)],
  samples: () => [[tensor([[1, 2]]), tensor([[3], [-1]])]],
});

/** Rounds to int32. The VJP rule of this op never runs, because int32 outputs have no derivative. */
export const round: Op<Unary> = defineOp({
  name: "round",
  shape: ([x]) => x.shape,
  dtype: () => "int32",
  kernel: (out, [x]) => out.data.set(ravel(x).map(Math.round)),
  vjp: [(g) => g],
  samples: () => [[tensor([0.7])]],
});

export const square = (x: Tensor): Tensor => mul(x, x);
/** xⁿ by repeated products. */
export const power = (x: Tensor, n: number): Tensor => (n === 1 ? x : mul(x, power(x, n - 1)));
export const toyOps: readonly (Op<Unary> | Op<Binary> | typeof spread)[] = [
  ...[neg, sin, cos, exp, log, sqrt, add, sub, mul, div, sum, spread, transpose, matmul, round],
];

/** Returns a tensor of pseudorandom numbers in (−1, 1) that depend only on `seed` and `shape`. */
export function random(shape: Shape, seed = 1): Tensor {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state ^ (state >>> 16), 0x45d9f3b) + 0x9e3779b9) >>> 0;
    return ((Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0) + 0.5) / 2 ** 31 - 1;
  };
  return fromNdarray(
    ndarray(
      Float64Array.from({ length: sizeOf(shape) }, () => next()),
      shape,
    ),
  );
}

const like = ({ shape }: Operand, seed = 1): Tensor => random(shape, seed);
export const numbers = (t: Tensor): number[] => Array.from(ravel(t.array!));
export const dot = (a: Tensor, b: Tensor): number => numbers(a).reduce((s, x, i) => s + x * numbers(b)[i]!, 0);
/** ⟨a, b⟩ of trees. */
function inner<T>(a: T & TreesOnly<T>, b: NoInfer<T>): number {
  let total = 0;
  treeMap<T>(
    (x, y) => {
      total += dot(x, y!);
      return x;
    },
    a,
    b,
  );
  return total;
}

/**
 * Returns ⟨u, J v⟩ from the JVP and ⟨Jᵀ u, v⟩ from the VJP, for the Jacobian J and random u and v. The two numbers are
 * equal if the derivatives are correct.
 */
export function adjointPair<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...args: A
): readonly [number, number] {
  let seed = 10;
  const noise = <T>(tree: T): T => treeMap<T>((leaf) => like(leaf, seed++), tree as T & TreesOnly<T>);
  const vs = noise(args);
  const { value, tangent } = jvp<A, R>(f, args, vs);
  const u = noise(value);
  const { pullback } = vjp<A, R>(f, ...args);
  const pulledBack = pullback(u as Parameters<typeof pullback>[0]);
  return [inner<R>(u as R & TreesOnly<R>, tangent), inner<A>(pulledBack as A & TreesOnly<A>, vs)];
}

/** The error that `body` throws. */
export function errorOf(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}

/** Returns the tree with nested arrays in place of tensors, so that tests compare only the elements. */
export function plainValues(tree: unknown): unknown {
  if (tree instanceof Tensor) return tree.toNested();
  if (Array.isArray(tree)) return tree.map(plainValues);
  return Object.fromEntries(Object.entries(tree as object).map(([key, entry]) => [key, plainValues(entry)]));
}

/** Expects two tensors to agree to `digits` decimal places. */
export function expectClose(got: Tensor, wanted: Tensor, digits = 14): void {
  expect(got.shape).toEqual(wanted.shape);
  for (const [i, x] of numbers(got).entries()) expect(x).toBeCloseTo(numbers(wanted)[i]!, digits);
}

export const scalar = (x: number): Tensor => full([], x);
