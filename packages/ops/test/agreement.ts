import { Tensor, tensor } from "@wengert/core";
import { type Data, isFloat, ndarray, ravel, type Shape, sizeOf } from "@wengert/core/extend";
import { kernels, mul, randomKey, softmax, sub, sum } from "@wengert/ops";
import fc, { type Arbitrary } from "fast-check";
import * as crossovers from "../src/wasm/crossovers.ts";
import { allExports, numbers, tensorsIn, withTensors } from "./support.ts";

// Generates calls of all ops with WebAssembly kernels, with difficult inputs: sizes close to the block sizes of the
// kernels, operands with any memory layout, and non-finite numbers. Also defines the allowed differences from plain
// loops.

export type Float = "float64" | "float32";
type Call = (...args: readonly unknown[]) => Tensor | Tensor[];

/**
 * The random choices that determine a call. The choices are plain data, so that fast-check can print and shrink a
 * failing call.
 */
export interface CallSpec {
  readonly dtype: Float;
  readonly rows: number;
  readonly n: number;
  readonly k: number;
  /** The memory layout of the call's operands. */
  readonly layouts: readonly Layout[];
  /** A random number that selects the axes or the broadcasting pattern. */
  readonly choice: number;
  readonly scale: number;
  /** The number of special values (NaN, infinities, zeros, huge numbers) in an operand. */
  readonly specials: number;
  readonly seed: number;
}

const withNeighbors = (...sizes: readonly number[]): number[] => sizes.flatMap((n) => [n - 1, n, n + 1]);
/** Sizes next to multiples of the vector and tile sizes, and next to the threshold for WebAssembly. */
const edgeSizes = withNeighbors(4, 6, 8, 12, 16, 32, 60, 64, ...Object.values(crossovers)).filter((n) => n > 0);
/**
 * Sizes near half a chunk, one chunk and two chunks. A kernel processes a chunk of 8192 elements at a time, because its
 * memory is limited.
 */
const chunkSizes = withNeighbors(4096, 8192, 16_384);
/**
 * Numbers of terms in the sums of a matrix product, close to the block sizes of the kernel and to the limit of its
 * memory.
 */
const blockSizes = [399, 400, 401, 1024, 1025, 2049];
/** The largest number of elements in a test call, and the largest number of multiplications in a matrix product. */
const limits = { elements: 20_000, products: 300_000 };

/**
 * Functions that return the elements of `t` in another memory layout, with NaN in the gaps between elements. `repeated`
 * also changes elements: it replaces every row by the first row.
 */
const layouts = {
  rows: (t: Tensor) => t,
  columns: (t: Tensor) => {
    const axes = [...t.shape.keys()].reverse();
    const transposed = t.array!.transpose(...axes);
    const data = ravel(transposed).slice();
    return of(t, ndarray(data, transposed.shape).transpose(...axes));
  },
  reversed: (t: Tensor) => {
    const data = ravel(t.array!).slice().reverse();
    const negated = strides(t.shape).map((s) => -s);
    return of(t, ndarray(data, t.shape, negated, Math.max(0, t.size - 1)));
  },
  spread: (t: Tensor) => {
    const data = new (classOf(t))(2 * t.size + 3).fill(Number.NaN);
    for (const [i, x] of ravel(t.array!).entries()) data[2 * i + 3] = x;
    return of(
      t,
      ndarray(
        data,
        t.shape,
        strides(t.shape).map((s) => 2 * s),
        3,
      ),
    );
  },
  later: (t: Tensor) => {
    const data = new (classOf(t))(t.size + 5).fill(Number.NaN);
    data.set(ravel(t.array!), 3);
    return of(t, ndarray(data, t.shape, strides(t.shape), 3));
  },
  repeated: (t: Tensor) =>
    t.shape.length === 0 ? t : of(t, ndarray(ravel(t.array!), t.shape, strides(t.shape).with(0, 0))),
} as const satisfies Record<string, (t: Tensor) => Tensor>;
type Layout = keyof typeof layouts;

const size = (...large: readonly number[]): Arbitrary<number> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 18 }) }, // sizes that leave remainders in vectors and tiles
    { weight: 6, arbitrary: fc.constantFrom(...edgeSizes) },
    { weight: 1, arbitrary: fc.constantFrom(...large) },
  );

export const callArbitrary: Arbitrary<CallSpec> = fc.record({
  dtype: fc.constantFrom<Float[]>("float64", "float32"),
  rows: size(1, 2),
  n: size(...chunkSizes),
  k: size(...blockSizes),
  layouts: fc.tuple(
    ...[0, 1, 2].map(() => fc.constantFrom<Layout[]>("rows", "rows", ...(Object.keys(layouts) as Layout[]))),
  ),
  choice: fc.nat(5),
  scale: fc.constantFrom(1, 0.01, 20, 600),
  specials: fc.constantFrom(0, 0, 1, 7),
  seed: fc.nat(2 ** 30),
});

const of = (t: Tensor, array: ReturnType<typeof ndarray>): Tensor => new Tensor(t.shape, t.dtype, array, t.label);
const strides = (shape: Shape): number[] => shape.map((_, i) => sizeOf(shape.slice(i + 1)));
const classOf = ({ dtype }: Tensor) => (dtype === "float64" ? Float64Array : Float32Array) as new (n: number) => Data;

const special = [Number.NaN, Infinity, -Infinity, 0, -0, 2 ** -149, -(2 ** -140), 5e-324, -(2 ** -1030), 2 ** -1022];
/**
 * Special values for cotangents. Subnormal and huge numbers are not included, because accuracy is not guaranteed for
 * subnormal derivatives and for products above 10³⁰⁰.
 */
const ofCotangents = [Number.NaN, Infinity, -Infinity, 0, -0, 2 ** -100, 1e6, 3e38];
/** Numbers whose sum or exponential overflows. */
const huge = [88.8, -104, 710, -746, 3.4e38, -3.4e38];

/**
 * Returns operand `i` of a call: random numbers with some special values, in the memory layout that the call selects.
 */
function operand(call: CallSpec, i: number, shape: Shape, list: readonly number[] = [...special, ...huge]): Tensor {
  let state = (call.seed + 7919 * i) >>> 0;
  const next = () => {
    state = (Math.imul(state ^ (state >>> 16), 0x45d9f3b) + 0x9e3779b9) >>> 0;
    return ((Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0) + 0.5) / 2 ** 32;
  };
  const data = Float64Array.from({ length: sizeOf(shape) }, () => (2 * next() - 1) * call.scale);
  for (let left = call.specials; left > 0 && data.length > 0; left--)
    data[Math.floor(next() * data.length)] = list[Math.floor(next() * list.length)]!;
  return layouts[call.layouts[i % 3]!](tensor(ndarray(data, shape), { dtype: call.dtype }));
}

/** A test case: the arguments of one call of an op. */
export interface Case {
  readonly args: readonly unknown[];
  /** The number of terms in each sum, for ops whose sums may differ between kernels by rounding errors. */
  readonly terms?: number;
  /** Returns arguments for which the op computes only row `row`. Its result must equal this row of the full result. */
  readonly alone?: (row: number) => readonly unknown[];
}

const rowsWithinLimit = (rows: number, ...sizes: readonly number[]): number =>
  Math.max(1, Math.min(rows, Math.floor(limits.elements / sizeOf(sizes))));

/** Returns row `row` of `t` as a batch with a single row. */
const rowOf = (t: Tensor, row: number): Tensor => {
  const part = t.array!.lo(row).hi(1);
  return new Tensor(part.shape, t.dtype, part as ReturnType<typeof ndarray>);
};

/** Returns a test case with independent rows: row i of the result depends only on row i of each tensor in `inRows`. */
const rowsOf = (inRows: readonly Tensor[], args: readonly unknown[]): Case => ({
  args,
  alone: (row) => withTensors(args, (t) => (inRows.includes(t) ? rowOf(t, row) : t)),
});

const unary = (call: CallSpec): Case => {
  const x = operand(call, 0, [rowsWithinLimit(call.rows, call.n), call.n]);
  return rowsOf([x], [x]);
};

const pair = (call: CallSpec): Case => {
  const { n, choice } = call;
  const count = rowsWithinLimit(call.rows, n);
  const shapes: Shape[] = [[count, n], [n], [count, 1], [1, 1], [], [1, n]];
  const [a, b] = [operand(call, 0, [count, n]), operand(call, 1, shapes[choice]!)];
  const isInRows = b.shape.length === 2 && b.shape[0] === count;
  return rowsOf(isInRows ? [a, b] : [a], call.seed % 2 ? [a, b] : [b, a]);
};

/**
 * Returns the shape of a reduction's input, and the axes to reduce. `isInRows` says whether axis 0 remains, so that row
 * i of the result depends only on row i of the input.
 */
const axesOf = ({
  rows: count,
  n,
  choice,
}: CallSpec): readonly [shape: Shape, axis: readonly number[], isInRows: boolean] => {
  const rowCount = rowsWithinLimit(count, n);
  const fewer = rowsWithinLimit(count, n, 3);
  if (choice < 3) return [[rowCount, n], [1], true];
  if (choice === 3) return [[n, rowCount], [0], false];
  return choice === 4 ? [[fewer, n, 3], [1], true] : [[fewer, n, 3], [1, 2], true];
};

/**
 * Returns a function that makes test cases of a reduction. `make` makes the operands, which all have the same shape.
 */
const sliceCase =
  (make: (call: CallSpec, shape: Shape, axes: readonly number[]) => readonly Tensor[], isSingle = false) =>
  (call: CallSpec): Case => {
    const [shape, axes, isInRows] = isSingle ? axesOf({ ...call, choice: call.choice % 5 }) : axesOf(call);
    const operands = make(call, shape, axes);
    const args = [...operands, { axis: isSingle ? axes[0] : axes }];
    return isInRows ? rowsOf(operands, args) : { args };
  };

const without = (shape: Shape, axes: readonly number[]): Shape => shape.filter((_, axis) => !axes.includes(axis));

/** Returns positive weights that sum to 1, computed by plain loops so that they are identical for all kernels. */
const weights = (call: CallSpec, shape: Shape, axis: readonly number[]): Tensor => {
  const { choice } = kernels();
  kernels("plain");
  const s = softmax(operand({ ...call, specials: 0 }, 0, shape), { axis });
  kernels(choice);
  return layouts[call.layouts[0]!](s);
};
const probabilities = (call: CallSpec, shape: Shape) => {
  const t = operand({ ...call, specials: 0, scale: 1 }, 1, shape);
  return tensor(mul(t, t), { dtype: call.dtype });
};
const cotangent = (call: CallSpec, i: number, shape: Shape) => operand(call, i, shape, ofCotangents);

const labels = (call: CallSpec, shape: Shape, axes: readonly number[]) => {
  const classes = shape[axes[0]!]!;
  const kept = without(shape, axes);
  const data = Int32Array.from({ length: sizeOf(kept) }, (_, i) => (call.seed + 31 * i) % classes);
  return tensor(ndarray(data, kept), { dtype: "int32" });
};

/** Returns m, n and k for a product of [m, k] and [k, n] that is small enough for a test. */
const sizesOf = ({ rows: count, n, k }: CallSpec): readonly [m: number, n: number, k: number] => {
  const columns = Math.max(1, Math.min(n, Math.floor(limits.products / k)));
  return [Math.max(1, Math.min(count, Math.floor(limits.products / (columns * k)))), columns, k];
};
const matrices = (call: CallSpec, i: number, shape: Shape) => operand({ ...call, scale: 1 }, i, shape, special);

/** Returns a random small convolution: the shapes of x, the kernel and the output, and the options. */
const convolutionFor = ({ rows, n, k, choice, seed }: CallSpec) => {
  const [groups, stride, dilation] = [1 + (choice % 2), 1 + (seed % 2), 1 + (Math.floor(seed / 2) % 2)];
  const sizes = [1 + (k % 3), 1 + (n % 4)] as const;
  const padding = [
    [seed % 3, choice % 2],
    [choice % 3, 1],
  ];
  const spans = sizes.map((m) => dilation * (m - 1) + 1);
  const lengths = spans.map((span, i) => span + ([n, k][i]! % 7));
  const counts = lengths.map((m, i) => Math.floor((m + padding[i]![0]! + padding[i]![1]! - spans[i]!) / stride) + 1);
  const [depth, filters] = [1 + (seed % 5), groups * (1 + (Math.floor(seed / 8) % 9))];
  const images = Math.min(rows, 4);
  return {
    x: [images, ...lengths, depth * groups],
    kernel: [...sizes, depth, filters],
    g: [images, ...counts, filters],
    options: { stride, dilation, padding, groups },
  };
};

/** Generates a call that draws n numbers. */
const drawing =
  (options: (call: CallSpec) => object = () => ({})) =>
  (call: CallSpec): Case => ({
    args: [
      randomKey(call.seed),
      { shape: [rowsWithinLimit(call.rows, call.n), call.n], dtype: call.dtype, ...options(call) },
    ],
  });

/** Returns the options of a small max pool, and the shapes of its input x and of its output. */
const poolFor = ({ rows, n, k, choice, seed }: CallSpec) => {
  const size = [1 + (k % 3), 1 + (n % 4)] as const;
  const stride = size.map((m, i) => Math.max(1, m + [0, 0, 1, -1, 0, 2][(choice + i) % 6]!));
  const padding = size.map((m, i) => [Math.floor(seed / 2 ** i) % m, Math.floor(seed / 5 ** (i + 1)) % m]);
  const lengths = size.map((m, i) => m + ([n, k][i]! % 7));
  const counts = lengths.map((m, i) => Math.floor((m + padding[i]![0]! + padding[i]![1]! - size[i]!) / stride[i]!) + 1);
  const [images, channels] = [Math.min(rows, 4), 1 + (seed % 11)];
  return { x: [images, ...lengths, channels], pool: [images, ...counts, channels], options: { size, stride, padding } };
};

/** Functions that generate a call of each op that has kernels. */
export const calls: Readonly<Record<string, (call: CallSpec) => Case>> = {
  exp: unary,
  log: unary,
  tanh: unary,
  tanhSlope: unary,
  sigmoid: unary,
  sigmoidSlope: unary,
  gelu: unary,
  geluSlope: unary,
  neg: unary,
  square: unary,
  sqrt: unary,
  relu: unary,
  add: pair,
  sub: pair,
  mul: pair,
  div: pair,
  reluPullback: (call) => {
    const shape = [rowsWithinLimit(call.rows, call.n), call.n];
    const [x, g] = [operand(call, 0, shape), operand(call, 1, shape)];
    return rowsOf([x, g], [x, g]);
  },
  axpy: (call) => {
    const shape = [rowsWithinLimit(call.rows, call.n), call.n];
    const [x, y] = [operand(call, 0, shape), operand(call, 1, shape)];
    return rowsOf([x, y], [operand(call, 2, []), x, y]);
  },
  sum: sliceCase((call, shape) => [operand(call, 0, shape)]),
  mean: sliceCase((call, shape) => [operand(call, 0, shape)]),
  variance: sliceCase((call, shape) => [operand(call, 0, shape)]),
  std: sliceCase((call, shape) => [operand(call, 0, shape)]),
  max: sliceCase((call, shape) => [operand(call, 0, shape)]),
  min: sliceCase((call, shape) => [operand(call, 0, shape)]),
  softmax: sliceCase((call, shape) => [operand(call, 0, shape)]),
  logSoftmax: sliceCase((call, shape) => [operand(call, 0, shape)]),
  logSumExp: sliceCase((call, shape) => [operand(call, 0, shape)]),
  softmaxPullback: sliceCase((call, shape, axes) => [weights(call, shape, axes), cotangent(call, 1, shape)]),
  subtractWeightedMean: sliceCase((call, shape, axes) => [weights(call, shape, axes), cotangent(call, 1, shape)]),
  logSoftmaxPullback: sliceCase((call, shape) => [operand(call, 0, shape), cotangent(call, 1, shape)]),
  crossEntropy: (call) => ({
    args: sliceCase(
      (c, shape, axes) => [operand(c, 0, shape), call.seed % 2 ? labels(c, shape, axes) : probabilities(c, shape)],
      true,
    )(call).args.map((arg, i) => (i === 2 ? { ...(arg as object), reduction: "none" } : arg)),
  }),
  crossEntropyPullback: sliceCase(
    (call, shape, axes) => [
      operand(call, 0, shape),
      labels(call, shape, axes),
      cotangent(call, 1, without(shape, axes)),
    ],
    true,
  ),
  softCrossEntropyPullback: sliceCase(
    (call, shape, axes) => [
      operand(call, 0, shape),
      probabilities(call, shape),
      cotangent(call, 2, without(shape, axes)),
    ],
    true,
  ),
  matmul: (call) => {
    const [m, n, k] = sizesOf(call);
    const batch = call.choice === 5 && m * n * k < 1e5 ? [3] : [];
    const a = matrices(call, 0, [...batch, m, k]);
    const b = matrices(call, 1, call.choice === 4 ? [k] : [k, n]);
    return { ...rowsOf([a], [a, b]), terms: k };
  },
  conv2d: (call) => {
    const { x, kernel, options } = convolutionFor(call);
    const images = matrices(call, 0, x);
    return { ...rowsOf([images], [images, matrices(call, 1, kernel), options]), terms: sizeOf(kernel.slice(0, 3)) };
  },
  convInputPullback: (call) => {
    const { x, kernel, g, options } = convolutionFor(call);
    const outputs = matrices(call, 0, g);
    const args = [outputs, matrices(call, 1, kernel), { ...options, size: x.slice(1, 3) }];
    return { ...rowsOf([outputs], args), terms: sizeOf(kernel) };
  },
  convKernelPullback: (call) => {
    const { x, kernel, g, options } = convolutionFor(call);
    const args = [matrices(call, 0, x), matrices(call, 1, g), { ...options, size: kernel.slice(0, 2) }];
    return { args, terms: sizeOf(g.slice(0, 3)) };
  },
  maxPool2d: (call) => {
    const { x, options } = poolFor(call);
    const images = operand(call, 0, x);
    return rowsOf([images], [images, options]);
  },
  maxPoolPullback: (call) => {
    const { x, pool, options } = poolFor(call);
    const scale = call.seed % 4 === 0 ? 0 : call.scale; // zeros are ties
    const [images, g] = [operand({ ...call, scale }, 0, x), cotangent(call, 1, pool)];
    return rowsOf([images, g], [images, g, options]);
  },
  avgPool2d: (call) => {
    const { x, options } = poolFor(call);
    const images = operand(call, 0, x);
    return rowsOf([images], [images, options]);
  },
  avgPoolPullback: (call) => {
    const { x, pool, options } = poolFor(call);
    return { args: [cotangent(call, 0, pool), { ...options, shape: x }] };
  },
  dot: (call) => {
    const [m, n, k] = sizesOf(call);
    if (call.choice === 5) return { args: [matrices(call, 0, [k]), matrices(call, 1, [k])], terms: k };
    const a = matrices(call, 0, [m, k]);
    return { ...rowsOf([a], [a, matrices(call, 1, [k, n])]), terms: k };
  },
  einsum: (call) => {
    const [m, n, k] = sizesOf(call);
    const subscripts = ["ij,kj->ik", "ji,jk->ki", "bij,bkj->bik", "ij,jk->i", "ij,kj->", "ij,ij->i"][call.choice]!;
    const size = { b: 2, i: m, j: k, k: subscripts === "ij,ij->i" ? m : n };
    const [left, right] = subscripts.split("->")[0]!.split(",");
    const shape = (axes: string) => [...axes].map((axis) => size[axis as keyof typeof size]);
    // If an axis occurs in only one operand, einsum sums over this axis before the product, in the precision of the
    // result.
    const terms = { "ij,jk->i": k + n, "ij,kj->": k + m + n }[subscripts] ?? k;
    return { args: [subscripts, matrices(call, 0, shape(left!)), matrices(call, 1, shape(right!))], terms };
  },
  randomUniform: drawing(({ choice, scale }) =>
    choice < 3 ? {} : { min: -scale / choice, max: choice === 5 ? 0 : scale },
  ),
  randomNormal: drawing(),
  randomExponential: drawing(),
  randomGumbel: drawing(),
  choice: (call) => {
    const x = operand(call, 0, [rowsWithinLimit(call.rows, call.n), call.n]);
    return { args: [randomKey(call.seed), x, { count: x.shape[0]!, replace: call.choice < 3 }] };
  },
  permutation: ({ rows, n, seed }) => ({ args: [randomKey(seed), Math.min(limits.elements, rows * n)] }),
};

/** Returns whether an op is a matrix product, whose last digits may differ between kernels. */
export const isProduct = (name: string): boolean =>
  ["matmul", "dot", "einsum", "outer", "expr"].includes(name) || /^conv/.test(name);

/** Returns whether the op or its VJP multiplies matrices in float64, even if the inputs are float32. */
export const isLinearAlgebra = (name: string): boolean =>
  /^(cholesky|triangularSolve|solve|inv|det|slogdet|lstsq|qr|eigh|svd|matrixNorm)$/.test(name);
export const isOfSoftmax = (name: string): boolean =>
  /softmax|logSumExp|crossEntropy|attention/i.test(name) && name !== "subtractWeightedMean";

const unitRoundoff = { float64: 2 ** -53, float32: 2 ** -24 } as const;
const smallestSubnormal = { float64: 2 ** -1074, float32: 2 ** -149 } as const;

/** Returns 1 ulp at the magnitude of x. */
const ulpOf = (x: number, dtype: Float): number =>
  Math.max(smallestSubnormal[dtype], 2 ** (Math.floor(Math.log2(Math.abs(x))) + 1) * unitRoundoff[dtype]);

/** Returns the bounds on the differences between WebAssembly and plain loops, for ops whose last digits may differ. */
export function boundsOf(name: string, { args, terms = 0 }: Case, dtype: Float, wanted: Tensor): readonly number[] {
  if (isProduct(name)) {
    const sizes = numbers(
      call(
        name,
        withTensors(args, (t) => inDoubles(t, Math.abs)),
      ),
    );
    return sizes.map((size) => 2 * terms * (unitRoundoff[dtype] * size + smallestSubnormal[dtype]));
  }
  const sizes = sizesOfTerms[name]?.(withTensors(args, (t) => (isFloat(t.dtype) ? inDoubles(t) : t)));
  const list = sizes === undefined ? [] : numbers(sizes);
  // The result of each kernel is within 4 ulp of the exact result, so two kernels differ by at most 8 ulp.
  return numbers(wanted).map(
    (y, i) => 8 * ulpOf(Math.max(Math.abs(y), Number.isFinite(list[i]!) ? list[i]! : 0), dtype),
  );
}

/**
 * Returns the size of the largest terms of a result that is a sum of positive and negative terms. Errors of such
 * results are relative to this size; docs/numerics.md lists these results.
 */
const sizesOfTerms: Readonly<Record<string, (args: readonly unknown[]) => Tensor>> = {
  logSumExp: (args) => {
    const [x, options] = args as [Tensor, { axis: number[] }];
    return sum(
      inDoubles(x, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)),
      options,
    );
  },
  softmaxPullback: (args) => {
    const [s, g, options] = args as [Tensor, Tensor, { axis: number[] }];
    const kept = { ...options, keepDims: true };
    const h = inDoubles(sub(g, sum(mul(s, g), kept)), Math.abs);
    return mul(s, sub(h, mul(-1, sum(mul(s, h), kept))));
  },
  logSoftmaxPullback: (args) => {
    const [x, g, options] = args as [Tensor, Tensor, { axis: number[] }];
    const size = inDoubles(g, Math.abs);
    return sub(size, mul(-1, mul(softmax(x, options), sum(size, { ...options, keepDims: true }))));
  },
  softCrossEntropyPullback: (args) => {
    const [x, t, g, { axis }] = args as [Tensor, Tensor, Tensor, { axis: number }];
    const shape = x.shape.with(axis, 1);
    const scale = new Tensor(shape, "float64", ndarray(ravel(inDoubles(g, Math.abs).array!), shape));
    return mul(scale, sub(t, mul(-1, mul(softmax(x, { axis }), sum(t, { axis, keepDims: true })))));
  },
};

const inDoubles = (t: Tensor, f: (x: number) => number = (x) => x): Tensor =>
  tensor(ndarray(Float64Array.from(numbers(t), f), t.shape));

const callByName = new Map(allExports.map(({ name, call: f }) => [name, f as Call]));
/** Returns the value of a call. If the value is a list, returns its first tensor. */
export function call(name: string, args: readonly unknown[]): Tensor {
  return tensorsIn(callByName.get(name)!(...args))[0]!;
}

/** Runs `body` with the kernels that `which` names, and returns the result of `body`. */
export function withKernels<T>(which: Parameters<typeof kernels>[0], body: () => T): T {
  const { choice } = kernels();
  kernels(which);
  try {
    return body();
  } finally {
    kernels(choice);
  }
}

/**
 * Describes the first element in which two results differ by more than `bounds`. Without `bounds`, every bit must
 * agree.
 */
export function firstDifference(got: Tensor, wanted: Tensor, bounds?: readonly number[]): string | undefined {
  if (String(got.shape) !== String(wanted.shape) || got.dtype !== wanted.dtype)
    return `[${got.shape}] of ${got.dtype}, not [${wanted.shape}] of ${wanted.dtype}`;
  const [xs, ys] = [ravel(got.array!), ravel(wanted.array!)];
  for (let i = 0; i < ys.length; i++) {
    const [x, y] = [xs[i]!, ys[i]!];
    if (Object.is(x, y) || (bounds !== undefined && Math.abs(x - y) <= bounds[i]!)) continue;
    return `number ${i} is ${x}, not ${y}${bounds ? ` (tolerance ${bounds[i]})` : ""}`;
  }
  return undefined;
}
