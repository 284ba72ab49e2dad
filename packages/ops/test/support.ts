import { fromNdarray, jvp, Tensor, tensor, vjp } from "@wengert/core";
import { type Data, isFloat, type NdArray, ndarray, ravel, type Shape, sizeOf } from "@wengert/core/extend";
import { expect } from "vitest";
import * as exported from "./all/ops.ts";

/** An exported function with its sample arguments. */
export interface Exported {
  readonly name: string;
  readonly call: (...args: readonly unknown[]) => Tensor | Tensor[]; // or an object of tensors
  readonly samples: readonly (readonly unknown[])[] | undefined;
}
type Callable = Exported["call"] & { readonly spec?: { samples(): unknown[][] }; samples?(): unknown[][] };

/** Exports that are not ops, because they do not return tensors. */
const settings: readonly string[] = [
  "kernels",
  "newKernels",
  "newSharedKernels",
  "internalOps",
  "kernelCallOf",
  "allClose",
];

/** Every op that the package exports, including ops composed of other ops. */
export const allExports: readonly Exported[] = Object.entries(exported)
  .filter(([name]) => !settings.includes(name))
  .map(([name, value]) => {
    const call = value as unknown as Callable;
    return { name, call, samples: call.samples?.() ?? call.spec?.samples() };
  });

/** A list of sample calls: each function of the package with each list of sample arguments, and a title for the test. */
export const allSamples = allExports.flatMap(({ name, call, samples = [] }) =>
  samples.map((sample, i) => ({ title: `${name}, sample ${i + 1}`, name, call, sample })),
);

/** Returns all tensors in an argument, including those in lists and options. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}

/** Returns the arguments with each tensor replaced by `f` of the tensor. */
export function withTensors<T>(value: T, f: (t: Tensor) => unknown): T {
  const replace = (x: unknown): unknown => {
    if (x instanceof Tensor) return f(x);
    if (Array.isArray(x)) return x.map(replace);
    if (typeof x !== "object" || x === null) return x;
    return Object.fromEntries(Object.entries(x).map(([key, entry]) => [key, replace(entry)]));
  };
  return replace(value) as T;
}

/** Returns a call of an op as a function of its float tensors alone, and the values of these tensors in `sample`. */
export function ofFloats(call: Exported["call"], sample: readonly unknown[]) {
  const isInput = ({ dtype }: Tensor) => isFloat(dtype);
  const f = (...floats: Tensor[]): Tensor | Tensor[] => {
    const next = floats.values();
    return call(...withTensors(sample, (t) => (isInput(t) ? next.next().value : t)));
  };
  return { f: f as (...floats: Tensor[]) => Tensor, floats: tensorsIn(sample).filter(isInput) };
}

/**
 * Returns a tensor of random numbers in (−1, 1), without special values. The numbers depend only on `shape` and `seed`.
 */
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
/** Returns random numbers with the shape and dtype of `t`; zeros for integers. */
export const noiseLike = ({ shape, dtype }: Tensor, seed: number): Tensor =>
  isFloat(dtype) ? tensor(random(shape, seed), { dtype }) : tensor(random(shape, seed).data, { dtype: "float64" });

export const numbers = (t: Tensor): number[] => Array.from(ravel(t.array!));
export const int32 = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: "int32" });

/** Returns the dtypes, shapes and elements of a tree of tensors, for comparisons. */
export function plainValues(tree: unknown): unknown {
  if (tree instanceof Tensor) return [tree.dtype, tree.shape, tree.toNested()];
  return tensorsIn(tree).map(plainValues);
}

/**
 * Returns the cotangents of a call's float arguments, for a random cotangent of its value. `as` converts the random
 * cotangent before the pullback.
 */
export function pullBackRandom(
  call: Exported["call"],
  sample: readonly unknown[],
  seed = 7,
  as = (u: Tensor): Tensor => u,
): readonly Tensor[] {
  const { f, floats } = ofFloats(call, sample);
  const { value, pullback } = vjp(f, ...floats);
  return pullback(withTensors(cotangentOf(value, seed), as));
}
const cotangentOf = (value: Tensor, seed: number): Tensor =>
  withTensors(value, (y) => (isFloat(y.dtype) ? noiseLike(y, seed) : y));

/**
 * Returns ⟨u, J v⟩ computed by the JVP and ⟨Jᵀ u, v⟩ computed by the VJP, for the Jacobian J and random u and v. The
 * two must be equal. `terms` is the sum of the absolute values of the products in ⟨u, J v⟩.
 */
export function adjointPair(f: (...args: Tensor[]) => Tensor, ...args: Tensor[]) {
  const vs = args.map((x, i) => noiseLike(x, 20 + i));
  const { value, tangent } = jvp(f, args, vs);
  const u = cotangentOf(value, 30);
  const pulledBack = vjp(f, ...args).pullback(u);
  const inner = (as: unknown, bs: unknown, size = (x: number) => x) => {
    const [a, b] = [as, bs].map((tree) => tensorsIn(tree).filter(({ dtype }) => isFloat(dtype)));
    return a!.reduce((sum, t, k) => sum + numbers(t).reduce((s, x, i) => s + size(x * numbers(b![k]!)[i]!), 0), 0);
  };
  return { forward: inner([u], [tangent]), reverse: inner(pulledBack, vs), terms: inner([u], [tangent], Math.abs) };
}

/**
 * Returns tensors with the elements of `t` in other memory layouts, with gaps between the elements. Ops must never read
 * the memory in the gaps.
 */
export function relayouts(t: Tensor): readonly (readonly [name: string, twin: Tensor])[] {
  const source = ravel(t.array!);
  const rank = t.shape.length;
  const axes = [...t.shape.keys()];
  // The stride of an axis of size 1 is arbitrary, so each layout passes any number as `one`.
  const place = (one: number, regular: readonly number[], offset: number, length: number): Tensor => {
    const { shape } = t;
    const stride = regular.map((s, axis) => (shape[axis] === 1 ? one : s));
    const data = new (source.constructor as new (n: number) => Data)(length).fill(t.dtype === "bool" ? 1 : 77);
    if (source instanceof Float64Array || source instanceof Float32Array) data.fill(Number.NaN);
    const view = ndarray(data, shape, stride, offset);
    each(view, (at, i) => {
      data[at] = source[i]!;
    });
    return new Tensor(shape, t.dtype, view, t.label);
  };
  const row = strides(t.shape);
  const column = strides(t.shape.toReversed()).toReversed();
  const size = source.length;
  const inside = t.shape.map((n) => 2 * n + 1);
  const wide = strides(inside);
  return [
    ["transposed", place(1, column, 0, size)],
    [
      "reversed",
      place(
        1,
        row.map((s) => -s),
        Math.max(0, size - 1),
        size,
      ),
    ],
    [
      "at an offset, with gaps",
      place(
        0,
        wide.map((s) => 2 * s),
        axes.reduce((sum, axis) => sum + wide[axis]!, rank === 0 ? 1 : 0),
        rank === 0 ? 3 : sizeOf(inside),
      ),
    ],
    [
      "with every other axis reversed",
      place(
        -7 * size,
        row.map((s, i) => (i % 2 ? -s : s)),
        axes.reduce((sum, i) => sum + (i % 2 ? row[i]! * Math.max(0, t.shape[i]! - 1) : 0), 0),
        size,
      ),
    ],
  ];
}

/**
 * Returns two equal tensors with the shape of `t`, in which all entries along `axis` equal the first entry of `t`: a
 * view with stride 0, and a row-major copy.
 */
export function repeatedAlong(t: Tensor, axis: number): readonly [Tensor, Tensor] {
  const { data, shape, stride, offset } = t.array!;
  const strideWithZero = stride.map((s, i) => (i === axis ? 0 : s));
  const withoutCopy = new Tensor(t.shape, t.dtype, ndarray(data, shape, strideWithZero, offset), t.label);
  return [withoutCopy, tensor(withoutCopy, { label: t.label })];
}

/**
 * Returns a tensor of overlapping windows of `t`, such as [[a, b, c], [c, d, e]]: once as a view, and once as a
 * row-major copy.
 */
export function overlappingWindows(t: Tensor): readonly (readonly [Tensor, Tensor])[] {
  const { shape, dtype, label } = t;
  const stride = shape.map((_, i) => shape.length - i);
  const last = shape.reduce((at, n, i) => at + (n - 1) * stride[i]!, 0);
  if (shape.length < 2 || last >= t.size) return [];
  const windows = new Tensor(shape, dtype, ndarray(ravel(t.array!), shape, stride), label);
  return [[windows, tensor(windows, { label })]];
}

const strides = (shape: readonly number[]): number[] => shape.map((_, i) => sizeOf(shape.slice(i + 1)));

function each(a: NdArray, visit: (at: number, i: number) => void): void {
  const index = a.shape.map(() => 0);
  for (let i = 0; i < sizeOf(a.shape); i++) {
    visit(
      index.reduce((at, k, axis) => at + k * a.stride[axis]!, a.offset),
      i,
    );
    for (let axis = index.length - 1; axis >= 0 && ++index[axis]! === a.shape[axis]; axis--) index[axis] = 0;
  }
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

/**
 * Expects `got` to equal `wanted`, with a relative error of at most `relative` per element. Numbers below 1e-100 count
 * as 0.
 */
export function expectNear(got: Tensor, wanted: readonly number[], relative: number): void {
  expect(got.size).toBe(wanted.length);
  for (const [i, x] of numbers(got).entries()) {
    const w = wanted[i]!;
    const isNear = Object.is(x, w) || Math.abs(x - w) <= relative * Math.abs(w) + 1e-100;
    if (!isNear) expect.fail(`element ${i}: got ${x}, wanted ${w}, relative error ${Math.abs(x - w) / Math.abs(w)}`);
  }
}

/** The Cartesian product of lists. */
export const product = <T>(...lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((x) => [...head, x])), [[]]);
