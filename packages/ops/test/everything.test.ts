import {
  cost,
  evaluate,
  OutOfRangeError,
  record,
  ShapeError,
  Tensor,
  tensor,
  trace,
  vjp,
  WengertError,
  zeros,
} from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { kernels } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { sampled } from "./soak.ts";
import {
  adjointPair,
  allExports,
  allSamples,
  errorOf,
  noiseLike,
  numbers,
  ofFloats,
  overlappingWindows,
  plainValues,
  pullBackRandom,
  relayouts,
  repeatedAlong,
  tensorsIn,
  withTensors,
} from "./support.ts";

// Tests properties of every op, at each of the op's sample arguments. The tests enumerate the exports of the package,
// so a new op is tested automatically.

for (const { name, samples } of allExports) it(`${name} has samples`, () => expect(samples?.length).toBeGreaterThan(0));

/** Returns the highest order of derivatives to check for an op. */
const orderOf = (name: string) => (/softmax|logSumExp|crossEntropy/i.test(name) ? 3 : 2);

/**
 * The allowed differences between float32 and float64 results, in ulp of float32. For cotangents, the ulp is that of
 * the largest element. Kernels compute in float64 and round once; composed ops round several times.
 */
const singleBounds: Readonly<Record<string, readonly [value: number, cotangents: number]>> = {
  mse: [1.5, 2],
  crossEntropy: [1.5, 2], // with weights: losses, weights and their sum
  einsum: [1, 2], // three tensors and more, pair by pair
  variance: [1, 3],
  std: [0.5, 4], // the mean is rounded to float32
  norm: [0.5, 4],
  logCumsumExp: [0.5, 6], // exponentials of differences that were rounded to float32
  cumprod: [0.5, 3],
  quantile: [0.5, 2],
  diff: [1, 2], // differences of differences round twice
  layerNorm: [4, 8],
  rmsNorm: [2, 4],
  klDivergence: [2, 3],
  scaledDotProductAttention: [4, 8],
  inverseMillsExcess: [0.5, 4], // the derivative 1 − h y cancels to a tenth
};

/**
 * Returns whether the op `name` computes its sums of products in float32, where cancellation loses digits. Plain
 * JavaScript loops sum in float64. WebAssembly kernels sum in float32; these tests also run the kernels at sizes at
 * which an op would normally use plain loops.
 */
const isSummedInSingle = (name: string) =>
  ["simd", "fma"].includes(kernels().choice) && (["matmul", "dot", "einsum"].includes(name) || /^conv/.test(name));

/**
 * Ops whose results are sums of positive and negative rounded terms. The errors of these ops are measured relative to
 * the largest element.
 */
const areSums: readonly string[] = ["layerNorm", "scaledDotProductAttention"];

/**
 * The error bounds for WebAssembly kernels. The kernels compute exp of float32 numbers in float32, four at a time,
 * because float64 would make the softmax of rows of 1000 take 1.5 to 2.3 times as long. An exponential has a relative
 * error of at most 1.7 · 2⁻²⁴, and so has the sum of exponentials. Including the rounding of the quotient, the error of
 * a probability is at most 3.9 ulp; in a million random rows, the worst error is 1.9 ulp.
 */
const kernelBounds: typeof singleBounds = {
  softmax: [4, 2],
  logSoftmax: [2.5, 4], // log1p of a sum has no larger relative error than the sum
  logSoftmaxPullback: [4, 4],
  crossEntropy: [4, 4],
  crossEntropyPullback: [4, 4],
  softCrossEntropyPullback: [4, 4],
};
const boundsOf = (name: string): readonly [value: number, cotangents: number] => {
  if (isSummedInSingle(name)) return [2, 3];
  return (kernels().running === "plain" ? undefined : kernelBounds[name]) ?? singleBounds[name] ?? [0.5, 2];
};

/**
 * Expects each element to differ from the wanted element w by at most `bound` ulp of float32. The ulp is that of the
 * number size(w).
 */
function expectWithin(bound: number, got: Tensor, wanted: Tensor, size: (x: number) => number): void {
  const exact = numbers(wanted);
  for (const [i, x] of numbers(got).entries()) {
    const ulp = 2 ** Math.max(Math.floor(Math.log2(size(exact[i]!))) - 23, -149);
    const isNear = Object.is(x, exact[i]) || Math.abs(x - exact[i]!) <= bound * ulp;
    if (!isNear) expect.fail(`element ${i}: ${x} is ${Math.abs(x - exact[i]!) / ulp} ulp off ${exact[i]}`);
  }
}

/**
 * Returns the result of `body`. If `body` throws, for example because a matrix with equal rows has no inverse, returns
 * the error message.
 */
function outcomeOf(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    if (error instanceof WengertError) return error.message;
    throw error;
  }
}

for (const { title, name, call, sample } of allSamples)
  describe(title, () => {
    const { f, floats } = ofFloats(call, sample);
    const value = call(...sample);

    it("has derivatives that agree with finite differences", () => gradcheck(f, floats, { order: orderOf(name) }));

    it("has a VJP that is adjoint to its JVP", () => {
      const { forward, reverse, terms } = adjointPair(f, ...floats);
      expect(Math.abs(forward - reverse)).toBeLessThanOrEqual(1e-12 * terms);
    });

    it("gives the same value and cotangents when traced and evaluated", () => {
      const all = tensorsIn(sample);
      const withAll = (...given: Tensor[]) => {
        const next = given.values();
        return call(...withTensors(sample, () => next.next().value)) as Tensor;
      };
      expect(plainValues(evaluate(trace(withAll, ...all), ...all))).toEqual(plainValues(value));
      if (tensorsIn(value).every(({ dtype }) => !isFloat(dtype))) return;
      const u = tensorsIn(value).map((y) => (isFloat(y.dtype) ? noiseLike(y, 5) : y));
      const cotangents = (us: Tensor[], ...xs: Tensor[]) => {
        const next = us.values();
        return vjp(f, ...xs).pullback(withTensors(value, () => next.next().value) as Tensor);
      };
      expect(plainValues(evaluate(trace(cotangents, u, ...floats), u, ...floats))).toEqual(
        plainValues(cotangents(u, ...floats)),
      );
    });

    it("does not depend on the memory layout of its inputs", () => {
      for (const [i, input] of tensorsIn(sample).entries()) {
        const put = (other: Tensor) => {
          let k = 0;
          return withTensors(sample, (t) => (k++ === i ? other : t));
        };
        for (const [layout, twin] of relayouts(input)) {
          expect(plainValues(call(...put(twin))), `input ${i} ${layout}`).toEqual(plainValues(value));
          expect(plainValues(pullBackRandom(call, put(twin))), `cotangents, input ${i} ${layout}`).toEqual(
            plainValues(pullBackRandom(call, sample)),
          );
        }
        const shared = [...input.shape.keys()].map((axis) => repeatedAlong(input, axis));
        for (const [thin, dense] of [...shared, ...overlappingWindows(input)]) {
          const result = (t: Tensor) => outcomeOf(() => plainValues(call(...put(t))));
          expect(result(thin), `input ${i} with strides ${thin.array!.stride}`).toEqual(result(dense));
          const cotangents = (t: Tensor) => outcomeOf(() => plainValues(pullBackRandom(call, put(t))));
          expect(cotangents(thin)).toEqual(cotangents(dense));
        }
      }
    });

    it("has a whole number of operations as its cost, forward and backward", () => {
      const gradient = (...xs: Tensor[]) => vjp(f, ...xs).pullback(value as Tensor);
      for (const each of [f, gradient]) {
        const { flops, bytes, peakBytes } = cost(trace(each as typeof f, ...floats));
        expect([flops, bytes, peakBytes].every((n) => Number.isSafeInteger(n) && n >= 0)).toBe(true);
      }
    });

    it("is recorded with plain data as params", () => {
      for (const { params } of record(f, ...floats).steps)
        expect(JSON.parse(JSON.stringify({ params }))).toEqual({ params } as unknown);
    });

    it("does not change its inputs", () => {
      const before = tensorsIn(sample).map((t) => numbers(t).join());
      call(...sample);
      pullBackRandom(call, sample);
      expect(tensorsIn(sample).map((t) => numbers(t).join())).toEqual(before);
    });

    it("in float32 equals the float64 result up to a few roundings", () => {
      const single = (t: Tensor) => (isFloat(t.dtype) ? tensor(t, { dtype: "float32" }) : t);
      const double = (t: Tensor) => (isFloat(t.dtype) ? tensor(t, { dtype: "float64" }) : t);
      const inSingle = withTensors(sample, single);
      const sameInDouble = withTensors(inSingle, double);
      const options = withTensors(sample, () => undefined);
      const castTo = options.some((x) => typeof x === "object" && x !== null && "dtype" in x);
      if (castTo || floats.length === 0) return;
      const [ofValue, ofCotangents] = boundsOf(name);
      const [got, wanted] = [call(...inSingle), call(...sameInDouble)].map(tensorsIn) as [Tensor[], Tensor[]];
      for (const [k, y] of got.entries()) {
        if (isFloat(y.dtype)) expect(y.dtype).toBe("float32");
        else expect(plainValues(y)).toEqual(plainValues(wanted[k]));
        const most = Math.max(...numbers(wanted[k]!).map(Math.abs));
        if (isFloat(y.dtype))
          expectWithin(
            ofValue,
            y,
            wanted[k]!,
            isSummedInSingle(name) || areSums.includes(name) ? () => most : Math.abs,
          );
      }
      const exact = pullBackRandom(call, sameInDouble, 7, (u) => double(single(u)));
      for (const [k, x] of pullBackRandom(call, inSingle).entries()) {
        const most = Math.max(...numbers(exact[k]!).map(Math.abs));
        expect(x.dtype).toBe("float32");
        expectWithin(ofCotangents, x, exact[k]!, () => most);
      }
    });
  });

/**
 * Returns the arguments `sample` with 0 in place of all sizes that equal `n`: sizes of tensor axes, and sizes in the
 * options `shape` and `size`.
 */
function emptied(sample: readonly unknown[], n: number): unknown[] {
  const size = (m: number) => (m === n ? 0 : m);
  const sizes = (shape: readonly number[] | number) => (typeof shape === "number" ? size(shape) : shape.map(size));
  const inOptions = (x: unknown): unknown => {
    if (typeof x !== "object" || x === null || x instanceof Tensor || Array.isArray(x)) return x;
    const entries = Object.entries(x).map(([key, entry]) => [
      key,
      key === "shape" || key === "size" ? sizes(entry) : entry,
    ]);
    return Object.fromEntries(entries);
  };
  return withTensors(sample, ({ shape, dtype }) => zeros(shape.map(size), { dtype })).map(inOptions);
}

describe("with empty arrays", () => {
  const cases = allSamples.flatMap(({ title, name, call, sample }) =>
    [...new Set(tensorsIn(sample).flatMap(({ shape }) => shape))].map((n) => ({
      title,
      name,
      call,
      args: emptied(sample, n),
      n,
    })),
  );
  /** Ops that throw for empty arrays, and the error of each op. */
  const impossible: Record<string, typeof WengertError> = {
    max: OutOfRangeError,
    min: OutOfRangeError,
    argmax: OutOfRangeError,
    argmin: OutOfRangeError,
    median: OutOfRangeError,
    quantile: OutOfRangeError,
    norm: OutOfRangeError, // of infinite order
    topK: OutOfRangeError,
    randomUniform: WengertError, // a key has two words
    randomNormal: WengertError,
    ...Object.fromEntries(
      allExports
        .filter(({ name }) => /^random|^choice|^glorot|^he|^orthogonal/.test(name))
        .map(({ name }) => [name, WengertError]),
    ),
    splitKey: WengertError,
    foldIn: WengertError,
    permutation: WengertError,
    split: OutOfRangeError, // an empty axis has no index 1
    at: OutOfRangeError,
    setAt: OutOfRangeError,
    addAt: OutOfRangeError,
    dropout: WengertError,
    take: OutOfRangeError, // an empty axis has no index
    takeAlong: WengertError, // an empty axis, or a 0 that does not broadcast
    crossEntropy: OutOfRangeError, // no label is valid without classes
    crossEntropyPullback: OutOfRangeError,
    solve: WengertError, // the other matrix is 0, which is singular
    triangularSolve: WengertError,
    lstsq: WengertError,
  };
  for (const { title, name, call, args, n } of cases)
    it(`${title} with 0 for ${n} has a result with derivatives, or throws`, () => {
      const run = () => {
        const cotangents = pullBackRandom(call, args);
        const { floats } = ofFloats(call, args);
        expect(cotangents.map(({ shape }) => shape)).toEqual(floats.map(({ shape }) => shape));
        expect(cotangents.flatMap(numbers).every(Number.isFinite)).toBe(true);
        return call(...args);
      };
      try {
        for (const y of tensorsIn(run())) expect(numbers(y)).toHaveLength(y.size);
      } catch (error) {
        expect(error).toBeInstanceOf(impossible[name] ?? ShapeError);
      }
    });
});

/**
 * Returns the arguments `sample` with each size m replaced by replace(m): the sizes of tensor axes, and those in the
 * options `shape` and `size`.
 */
function resized(sample: readonly unknown[], replace: (size: number) => number): unknown[] {
  const inOptions = (x: unknown): unknown => {
    if (typeof x !== "object" || x === null || x instanceof Tensor) return x;
    if (Array.isArray(x)) return x.map(inOptions);
    const sizes = (entry: unknown) =>
      typeof entry === "number" ? replace(entry) : Array.isArray(entry) ? entry.map(replace) : entry;
    const isSize = (key: string) => key === "shape" || key === "size";
    return Object.fromEntries(
      Object.entries(x).map(([key, entry]) => [key, isSize(key) ? sizes(entry) : inOptions(entry)]),
    );
  };
  return withTensors(inOptions(sample), (t) => {
    const shape = t.shape.map(replace);
    if (String(shape) === String(t.shape)) return t;
    return zeros(shape, { dtype: t.dtype });
  }) as unknown[];
}

/** Returns how many sizes `resized` replaces in the arguments `sample`. */
function sizeCount(sample: readonly unknown[]): number {
  let count = 0;
  resized(sample, (size) => {
    count++;
    return size;
  });
  return count;
}

/**
 * Yields variants of the arguments `sample` in which at least one size is 0, at least one is huge, and the other sizes
 * are unchanged. Skips variants whose tensors cannot exist.
 */
function* hugeAndEmpty(sample: readonly unknown[]): Generator<unknown[]> {
  const count = sizeCount(sample);
  for (let code = 1; code < 3 ** count; code++) {
    const digits = Array.from({ length: count }, (_, i) => Math.floor(code / 3 ** i) % 3);
    if (!digits.includes(1) || !digits.includes(2)) continue;
    let slot = 0;
    try {
      yield resized(sample, (size) => [size, 0, 2 ** 50][digits[slot++]!]!);
    } catch (error) {
      expect(error).toBeInstanceOf(OutOfRangeError); // a tensor with too many elements
    }
  }
}

describe("with a huge axis beside an empty one, which has no elements", () => {
  const samples = allSamples.filter(({ sample }) => sizeCount(sample) <= 7); // all except one of einsum with 6,561 ways
  for (const { title, call, sample } of sampled(samples, 8))
    it(`${title} returns at once, with derivatives, or throws a WengertError`, () => {
      for (const args of hugeAndEmpty(sample)) {
        try {
          for (const y of tensorsIn(call(...args))) expect(numbers(y)).toHaveLength(y.size);
          pullBackRandom(call, args);
        } catch (error) {
          if (!(error instanceof WengertError)) throw error;
        }
      }
    });
});

describe("errors name tensors by their labels", () => {
  const dtypes = ["float64", "float32", "int32", "bool"] as const;
  const spoiled = allSamples.flatMap(({ title, call, sample }) =>
    tensorsIn(sample).flatMap((input, i) => [
      ...dtypes
        .filter((dtype) => dtype !== input.dtype)
        .map((dtype) => {
          const bad = zeros(input.shape, { dtype, label: `L${i}` });
          return { title, call, sample, i, bad, what: dtype };
        }),
      ...[
        [7, ...input.shape, 5],
        [7, 5, 6, 8],
      ].map((shape) => {
        const bad = zeros(shape, { dtype: input.dtype, label: `L${i}` });
        return { title, call, sample, i, bad, what: `shape ${shape}` };
      }),
    ]),
  );
  for (const { title, call, sample, i, bad, what } of spoiled)
    it(`${title}, input ${i} as ${what}`, () => {
      let k = 0;
      const args = withTensors(sample, (t) => [tensor(t, { label: `L${k}` }), bad][Number(k++ === i)]);
      let error: unknown;
      try {
        call(...args);
        return; // this input accepts it
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(WengertError);
      const { message } = error as Error;
      expect(message).toMatch(/L\d \[|^take(Along)?: index \d/); // kernels detect a wrong index, but do not know the label of the tensor
      expect(message).toMatch(/^[a-zA-Z0-9]+: /);
      if ((dtypes as readonly string[]).includes(what) && !/ is (singular|not positive definite) at /.test(message))
        expect(message).toMatch(/write (cast|notEqual)\(L\d, |randomKey\(/);
    });
});

describe("misuse of any op throws a WengertError", () => {
  const wrong: [string, unknown][] = [
    ["a string", "text"],
    ["a list", [1, 2]],
    ["nothing", undefined],
    ["null", null],
    ["a boolean", true],
  ];
  const cases = allSamples.flatMap(({ title, name, call, sample }) =>
    sample.flatMap((arg, i) =>
      arg instanceof Tensor || typeof arg === "string"
        ? wrong.map(([what, bad]) => ({ title, name, call, sample, i, what, bad }))
        : [],
    ),
  );
  for (const { title, name, call, sample, i, what, bad } of cases)
    it(`${title}, argument ${i} is ${what}`, () => {
      const takesLists =
        i === (name === "oneHot" ? 0 : 1) && ["take", "takeAlong", "oneHot", "setAt", "addAt"].includes(name);
      if (takesLists && Array.isArray(bad)) return; // a list of indices
      expect(errorOf(() => call(...sample.with(i, bad)))).toBeInstanceOf(WengertError);
    });
  const withOptions = allSamples.flatMap(({ title, call, sample }) => {
    const options = sample.at(-1);
    const isOptions = typeof options === "object" && !(options instanceof Tensor) && !Array.isArray(options);
    return isOptions ? [{ title, call, sample: sample.slice(0, -1) }] : [];
  });
  for (const { title, call, sample } of withOptions)
    it(`${title}, options are something else`, () => {
      for (const bad of [3, "axis", [0], tensor(0)])
        expect(errorOf(() => call(...sample, bad))).toBeInstanceOf(WengertError);
    });
});
