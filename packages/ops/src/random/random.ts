import { type DType, DTypeError, OutOfRangeError, type Tensor, tensor } from "@wengert/core";
import {
  type Complete,
  checkDType,
  type Data,
  defineOp,
  describe,
  isFloat,
  type NdArray,
  type Op,
  type Operand,
  ravel,
  type Shape,
  show,
  type Unary,
} from "@wengert/core/extend";
import { shapeOption } from "../declaring/axes.ts";
import { type Sampled, withSamples } from "../declaring/samples.ts";
import { log } from "../numerics/logarithm.ts";
import { normalInWasm, uniformInWasm } from "../wasm/random.ts";

// In this library, random numbers are a pure function of a key, as in JAX. The generator is Threefry-2x32 with 20
// rounds (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

/**
 * Returns a key, int32 [2], for an integer seed. A key gives the same numbers each time it is used. `splitKey` derives
 * new keys from a key.
 */
export const randomKey: Sampled<RandomKey> = /* @__PURE__ */ withSamples<RandomKey>(
  (seed) => {
    if (!Number.isSafeInteger(seed))
      throw new OutOfRangeError(`randomKey: the seed must be a whole number, got ${show(seed)}`);
    return tensor([Math.floor(seed / 2 ** 32) | 0, seed | 0], { dtype: "int32", label: "key" });
  },
  () => [[1]],
);

/**
 * The type of a list of N keys: a tuple, so that TypeScript knows how many keys a destructuring may read. The type is a
 * plain array if N is not a literal number, or above 64.
 */
export type Keys<N extends number, Found extends Tensor[] = []> = number extends N
  ? Tensor[]
  : Found["length"] extends N
    ? Found
    : Found["length"] extends 64
      ? Tensor[]
      : Keys<N, [...Found, Tensor]>;

/**
 * Returns `count` (default 2) new keys for random numbers. The random numbers of different keys are independent, and
 * they are independent of all other uses of `key`.
 */
export const splitKey: Sampled<SplitKey> = /* @__PURE__ */ withSamples<(key: Tensor, count?: number) => Tensor[]>(
  (key, count = 2) => {
    if (!(Number.isInteger(count) && count >= 0 && count <= maxKeys))
      throw new OutOfRangeError(`splitKey: count must be a whole number from 0 to ${maxKeys}, got ${show(count)}`);
    return Array.from({ length: count }, (_, index) => childKey(key, { index }));
  },
  () => [[randomKey(1), 3]],
) as Sampled<SplitKey>;

const maxKeys = 2 ** 20; // for more keys, split them again

/**
 * Returns key number `index` of a list of 2^32 new keys, for example a separate key for each training step. The random
 * numbers of different keys are independent, and they are independent of all other uses of `key`.
 */
export const foldIn: Sampled<FoldIn> = /* @__PURE__ */ withSamples<FoldIn>(
  (key, index) => {
    if (!(Number.isInteger(index) && index >= 0 && index < 2 ** 32))
      throw new OutOfRangeError(`foldIn: the index must be a whole number from 0 to 2^32 − 1, got ${show(index)}`);
    return foldedKey(key, { index });
  },
  () => [[randomKey(1), 3]],
);

type RandomKey = (seed: number) => Tensor;
type SplitKey = <const N extends number = 2>(key: Tensor, count?: N) => Keys<N>;
type FoldIn = (key: Tensor, index: number) => Tensor;

const childKey: Op<Unary, { readonly index: number }> = /* @__PURE__ */ keyOp("splitKey", "split");
const foldedKey: Op<Unary, { readonly index: number }> = /* @__PURE__ */ keyOp("foldIn", "fold");

function keyOp(name: string, purpose: "split" | "fold"): Op<Unary, { readonly index: number }> {
  return defineOp({
    name,
    options: { index: undefined },
    shape: ([key]) => keyShape(key),
    dtype: () => "int32",
    kernel: (out, [key], { index }) => threefry(ravel(key), index, stream[purpose], out.data),
    vjp: [null],
    samples: () => [[randomKey(1), { index: 0 }]],
  });
}

export interface RandomOptions {
  readonly shape: Shape;
  /** The dtype of the random numbers: float64 (53 random bits) or float32 (24 random bits). Default: float64. */
  readonly dtype?: DType | undefined;
}

export const randomDefaults = { shape: undefined, dtype: "float64" } as const;

export interface Drawing {
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface UniformOptions extends RandomOptions {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** Returns random numbers uniform in [min, max), by default [0, 1). */
export const randomUniform: Op<
  readonly [key: Tensor],
  Drawing & { readonly min: number; readonly max: number },
  UniformOptions
> = /* @__PURE__ */ defineOp({
  name: "randomUniform",
  options: { shape: undefined, dtype: "float64", min: 0, max: 1 },
  params: ({ min = 0, max = 1, ...options }) => {
    const largest = options.dtype === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    if (min <= max && max - min < Infinity && -largest <= min && max <= largest)
      return { ...checkDrawing(options), min, max };
    const hint = min > max ? "are they swapped?" : "both must be finite in the dtype, as must their difference";
    throw new OutOfRangeError(`expected finite min ≤ max, got min ${show(min)} and max ${show(max)}; ${hint}`);
  },
  shape: ([key], { shape }) => keyShape(key) && shape,
  dtype: (_, { dtype }) => dtype,
  kernel: (out, [key], { min, max }) => {
    // Because of rounding, min + range · u may equal max or, in float32, be outside of the interval. The nearest number
    // inside is then used.
    const first = 0 - largestBelow(0 - min, out, true);
    const last = largestBelow(max, out, false);
    const range = max - min;
    if (uniformInWasm(out.data, ravel(key), 0, stream.uniform, { min, range, first, last })) return;
    const uniform = uniformOf(out, key, stream.uniform);
    for (let i = 0; i < out.data.length; i++) out.data[i] = Math.max(first, Math.min(min + range * uniform(i), last));
  },
  vjp: [null],
  samples: () => [[randomKey(1), { shape: [2, 3] }]],
});

/**
 * Returns the largest number in the float dtype of `like` that is less than `limit`, or at most `limit` if `isClosed`.
 */
function largestBelow(limit: number, { data: like }: NdArray, isClosed: boolean): number {
  const isSingle = like instanceof Float32Array;
  const number = isSingle ? new Float32Array([limit]) : new Float64Array([limit]);
  if (number[0]! < limit || (isClosed && number[0] === limit)) return number[0]!;
  if (number[0] === 0) return isSingle ? -(2 ** -149) : -Number.MIN_VALUE;
  // If the bits of two floats of the same sign are read as integers, the larger absolute value has the larger integer.
  const bits = isSingle ? new Int32Array(number.buffer) : new BigInt64Array(number.buffer);
  if (number[0]! > 0) bits[0]!--;
  else bits[0]!++;
  return number[0]!;
}

/** Returns standard normal numbers, by the Box–Muller transform. The bits are the same in every JavaScript engine. */
export const randomNormal: Op<readonly [key: Tensor], Drawing, RandomOptions> = /* @__PURE__ */ defineOp({
  name: "randomNormal",
  options: randomDefaults,
  params: (options) => checkDrawing(options),
  shape: ([key], { shape }) => keyShape(key) && shape,
  dtype: (_, { dtype }) => dtype,
  kernel: (out, [key]) => {
    if (normalInWasm(out.data, ravel(key), stream.radius, stream.angle)) return;
    const [radius, angle] = [uniformOf(out, key, stream.radius), uniformOf(out, key, stream.angle)];
    for (let i = 0; i < out.data.length; i++) {
      out.data[i] = Math.sqrt(-2 * log(1 - radius(i), 0)) * cosine(angle(i));
    }
  },
  vjp: [null],
  samples: () => [[randomKey(1), { shape: [2, 3] }]],
});

const permutationOp: Op<readonly [key: Tensor], { readonly count: number }> = /* @__PURE__ */ defineOp({
  name: "permutation",
  options: { count: undefined },
  shape: ([key], { count }) => keyShape(key) && [count],
  dtype: () => "int32",
  kernel: (out, [key], { count }) => {
    const order = out.data;
    const words = ravel(key);
    const uniform = new Float64Array(Math.min(count, chunkSize)); // entry i is the number of the counter `from` + i
    let from = count;
    for (let i = 0; i < count; i++) order[i] = i;
    for (let i = count - 1; i > 0; i--) {
      if (i < from) {
        from = i - (i % chunkSize);
        fillUniform(uniform, words, from);
      }
      const j = Math.floor((i + 1) * uniform[i - from]!); // 53 bits: probabilities of orders differ by less than 2^−22
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
  },
  vjp: [null],
  samples: () => [[randomKey(1), { count: 5 }]],
});

const chunkSize = 4096;

/** Fills `out` with uniform random numbers of 53 bits. Entry i uses the counter `counter` + i of the generator. */
function fillUniform(out: Float64Array, key: Data, counter: number): void {
  if (uniformInWasm(out, key, counter, stream.uniform, { min: 0, range: 1, first: 0, last: 1 })) return;
  const bits = new Uint32Array(2);
  for (let i = 0; i < out.length; i++) {
    threefry(key, counter + i, stream.uniform, bits);
    out[i] = uniform53(bits);
  }
}

/**
 * Returns the integers 0 … count − 1 in random order, int32 [count]; all orders are equally likely. `take(x,
 * permutation(key, n), { axis: 0 })` shuffles rows. The algorithm is from R. Durstenfeld (1964), after R. Fisher and F.
 * Yates.
 * @throws OutOfRangeError unless count is a whole number from 0 to 2^31 − 1; DTypeError if the key is invalid
 */
export const permutation: Sampled<Permutation> = /* @__PURE__ */ withSamples<Permutation>(
  (key, count) => {
    if (Number.isSafeInteger(count) && count >= 0 && count < 2 ** 31) return permutationOp(key, { count });
    throw new OutOfRangeError(`permutation: count must be a whole number from 0 to 2^31 − 1, got ${show(count)}`);
  },
  () => [[randomKey(1), 5]],
);
type Permutation = (key: Tensor, count: number) => Tensor;

/**
 * Returns cos 2πa for 0 ≤ a < 1, by the Taylor series of cosine or sine around the nearest multiple of ¼. Math.cos is
 * not used, because it differs between engines.
 */
export function cosine(a: number): number {
  const quarter = Math.round(4 * a);
  const x = 2 * Math.PI * (a - quarter / 4); // the difference is exact
  let [term, sum] = quarter % 2 === 0 ? [1, 1] : [x, x];
  for (let k = 1 + (quarter % 2); k < 18; k += 2) {
    term *= (-x * x) / (k * (k + 1));
    sum += term;
  }
  return quarter === 1 || quarter === 2 ? -sum : sum;
}

/**
 * The second counter word of the Threefry generator. Each use of a key has a different word, so that the random numbers
 * of different uses are independent.
 */
export const stream = { split: 1, uniform: 2, radius: 3, angle: 4, fold: 5, rejection: 6 } as const;

export function checkDrawing(options: Complete<RandomOptions>): Drawing {
  const [shape, dtype] = [shapeOption(options), checkDType(options.dtype ?? "float64")];
  if (isFloat(dtype)) return { shape, dtype };
  throw new DTypeError(`dtype must be float64 or float32, got ${dtype}; cast the result`);
}

export function keyShape(key: Operand): Shape {
  if (key.dtype === "int32" && String(key.shape) === "2") return key.shape;
  throw new DTypeError(
    `expected a key, int32 [2], got ${describe(key)} with dtype ${key.dtype}; write randomKey(seed)`,
  );
}

/**
 * Returns a function that returns the i-th random number in [0, 1), with as many random bits as the dtype of `out`
 * holds.
 */
function uniformOf(out: NdArray, key: NdArray, purpose: number): (i: number) => number {
  const [words, bits] = [ravel(key), new Uint32Array(2)];
  const isFloat32 = out.data instanceof Float32Array;
  return (i) => {
    threefry(words, i, purpose, bits);
    if (isFloat32) return (bits[0]! >>> 8) / 2 ** 24;
    return uniform53(bits);
  };
}

/** Returns the number in [0, 1) with the 53 upper bits of a Threefry block. */
export const uniform53 = (bits: Uint32Array): number => ((bits[0]! >>> 5) * 2 ** 26 + (bits[1]! >>> 6)) / 2 ** 53;

/** Writes the Threefry block for the counter (c0, c1) under `key` to `out`. */
export function threefry(key: Data | Uint32Array, c0: number, c1: number, out: Data | Uint32Array): void {
  // Each pass of the loop computes eight rounds of Threefry, and the last pass four. The loop is written out, because a
  // loop over a list of rotations takes four times as long.
  let [a, b, c] = [key[1]! | 0, 0x1bd11bda ^ key[0]! ^ key[1]!, key[0]! | 0];
  let [x, y] = [(c0 + c) | 0, (c1 + a) | 0];
  for (let n = 1; ; n += 2) {
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + a) | 0;
    y = (y + b + n) | 0;
    if (n === 5) break;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + b) | 0;
    y = (y + c + n + 1) | 0;
    const first = a; // the words of the key turn by one place
    a = c;
    c = b;
    b = first;
  }
  out[0] = x;
  out[1] = y;
}
