import { grad, ones, type Tensor, tensor, treeMap, valueAndGrad, vjp, zeros } from "@wengert/core";
import {
  add,
  axpy,
  cast,
  crossEntropy,
  div,
  exp,
  kernels,
  matmul,
  mul,
  relu,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  transpose,
} from "@wengert/ops";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { errorOf, int32, numbers, random } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { expectAgreement } from "./agree.ts";

const engines = ["wasm", "js"] as const;
const dtypes = ["float32", "float64"] as const;

beforeAll(() => void kernels("simd")); // with all sizes, as plans do
afterEach(() => vi.restoreAllMocks());

interface Params {
  readonly W: Tensor;
  readonly b: Tensor;
  readonly V: Tensor;
}
const newParams = (dtype: "float32" | "float64"): Params =>
  treeMap((w) => cast(w, { dtype }), { W: random([20, 30], 1), b: random([30], 2), V: random([30, 10], 3) });
/** The moments of Adam. */
interface State {
  readonly m: Params;
  readonly v: Params;
}
const newState = (params: Params): State => ({
  m: treeMap((w) => mul(w, 0), params),
  v: treeMap((w) => mul(w, 0), params),
});
const batches = (dtype: "float32" | "float64") =>
  [1, 2, 3, 4].map((seed) => [
    cast(random([25, 20], seed + 10), { dtype }),
    int32(Array.from({ length: 25 }, (_, i) => (i * seed) % 10)),
  ]);
const trainingStep = (params: Params, { m, v }: State, X: Tensor, labels: Tensor) => {
  const lossOf = ({ W, b, V }: Params) => crossEntropy(matmul(relu(add(matmul(X, W), b)), V), labels);
  const { value: loss, grad: g } = valueAndGrad(lossOf)(params);
  const state = {
    v: treeMap((s, g) => axpy(0.001, sub(square(g), s), s), v, g),
    m: treeMap((s, g) => axpy(0.1, sub(g, s), s), m, g),
  };
  const update = (w: Tensor, s: Tensor, r: Tensor) => axpy(-0.01, div(s, add(sqrt(r), 1e-8)), w);
  return { loss, state, params: treeMap(update, params, state.m, state.v) };
};

describe.each(engines)("with engine %s", (engine) => {
  it.each(dtypes)("a step that receives donated arguments gives eager's bits, again and again, in %s", (dtype) => {
    const compiled = compile(trainingStep, { engine, donate: [0, 1] });
    let [eager, planned] = [0, 1].map(() => {
      const params = newParams(dtype);
      return { params, state: newState(params) };
    }) as [ReturnType<typeof trainingStep>, ReturnType<typeof trainingStep>];
    for (const [X, labels] of [...batches(dtype), ...batches(dtype)] as [Tensor, Tensor][]) {
      const wanted = trainingStep(eager.params, eager.state, X, labels);
      const got = compiled(planned.params, planned.state, X, labels);
      expectAgreement(got, wanted);
      [eager, planned] = [wanted, got];
    }
    expect(compiled.signatures).toBe(1);
  });

  it("the memory of a donated result is used again", () => {
    const step = compile((w: Tensor) => mul(w, 2), { engine, donate: [0] });
    const first = step(random([1000], 1));
    const memory = first.array!.data;
    expect(step(first).array!.data).toBe(memory);
  });

  it("memory that another tensor, an ndarray or the caller can see is not used again", () => {
    const step = compile((w: Tensor) => mul(w, 2), { engine, donate: [0] });
    const uses: readonly ((w: Tensor) => { readonly data: unknown })[] = [
      (w) => ({ data: w.data.data }),
      (w) => transpose(reshape(w, { shape: [10, 100] })).array!,
      (w) => ({ data: vjp((v: Tensor) => mul(v, v), w).value && w.array!.data }),
      (w) => ({ data: grad((v: Tensor) => sum(exp(v)))(w) && w.array!.data }),
    ];
    for (const use of uses) {
      const given = step(random([1000], 1));
      const seen = use(given).data as Float64Array;
      const before = [...seen];
      expect(step(given).array!.data).not.toBe(seen);
      expect([...seen]).toEqual(before);
    }
    const own = random([1000], 3);
    const array = own.array!.data;
    const before = [...array];
    step(own);
    expect([...array]).toEqual(before);
  });

  it("a donated tensor throws wherever its values are read", () => {
    const step = compile((w: Tensor, x: Tensor) => mul(w, x), { engine, donate: [0] });
    const x = random([3], 2);
    const w = tensor([1, 2, 3], { label: "w" });
    const { pullback } = vjp((v: Tensor) => mul(v, v), w);
    const views = reshape(w, { shape: [3, 1] });
    step(w, x);
    const reads: readonly (() => unknown)[] = [
      () => w.data,
      () => w.toNested(),
      () => JSON.stringify(w),
      () => add(w, 1),
      () => grad((v: Tensor) => sum(v))(w),
      () => step(w, x),
      () => compile(step)(w, x),
      () => step.repeat(2, w, x),
    ];
    for (const read of reads)
      expect(String(errorOf(read))).toMatch(/^MutationError: .*w \[3\] has no values, because it was donated/);
    expect(String(w)).toBe("w(donated, [3], float64)");
    // Views and tapes that were made before the donation of `w` keep the old values of `w`.
    expect(numbers(views)).toEqual([1, 2, 3]);
    expect(numbers(pullback(ones([3]))[0])).toEqual([2, 4, 6]);
  });

  it("a donated tensor that f returns as it is stays readable as the result", () => {
    const swap = compile((a: Tensor, b: Tensor) => [b, a, add(a, b)] as const, { engine, donate: [0, 1] });
    let [a, b] = [tensor([1, 2]), tensor([3, 4])];
    for (let i = 0; i < 3; i++) {
      const [first, second, total] = swap(a, b);
      const wanted =
        i % 2 === 0
          ? [
              [3, 4],
              [1, 2],
            ]
          : [
              [1, 2],
              [3, 4],
            ];
      expectAgreement(
        [first, second, total],
        [...wanted, [4, 6]].map((x) => tensor(x)),
      );
      [a, b] = [first, second];
    }
    const [same] = compile((x: Tensor) => [x] as const, { engine, donate: [0] })(a);
    expect(numbers(same)).toEqual([3, 4]);
    expect(() => a.data).toThrow("was donated");
  });

  it("a call that throws takes no argument", () => {
    const f = (w: Tensor, labels: Tensor) => axpy(-0.1, grad((v: Tensor) => crossEntropy(v, labels))(w), w);
    const step = compile(f, { engine, donate: [0] });
    const w = step(random([2, 3], 1), int32([0, 1]));
    const copy = tensor(w.toNested());
    expect(String(errorOf(() => step(w, int32([0, 7]))))).toMatch(/^OutOfRangeError/);
    expectAgreement(w, copy);
    expectAgreement(step(w, int32([1, 2])), f(copy, int32([1, 2])));
  });

  it("repeat gives the bits of as many calls", () => {
    const f = ({ params, state }: { params: Params; state: State }, X: Tensor, y: Tensor) => {
      const { params: p, state: s } = trainingStep(params, state, X, y);
      return { params: p, state: s };
    };
    for (const dtype of dtypes) {
      const [X, y] = batches(dtype)[0] as [Tensor, Tensor];
      const params = newParams(dtype);
      const start = { params, state: newState(params) };
      const compiled = compile(f, { engine });
      let wanted = start;
      for (let i = 0; i < 5; i++) wanted = f(wanted, X, y);
      expectAgreement(compiled.repeat(5, start, X, y), wanted);
      expectAgreement(compiled.repeat(2, compiled.repeat(3, start, X, y), X, y), wanted);
      expectAgreement(compiled.repeat(1, start, X, y), f(start, X, y));
      expectAgreement(compiled(start, X, y), f(start, X, y));
      const donating = compile(f, { engine, donate: [0] });
      const copy = treeMap((x) => tensor(x.toNested(), { dtype: x.dtype }), start);
      expectAgreement(donating.repeat(4, donating(copy, X, y), X, y), wanted);
      expect(numbers(start.params.b)).toEqual(numbers(newParams(dtype).b)); // a plan without donation changes nothing
    }
  });

  it("repeat passes values back that are inputs, constants or views of inputs", () => {
    const step = ({ a, b, d }: Record<"a" | "b" | "c" | "d", Tensor>, x: Tensor) => ({
      a: b,
      b: add(a, mul(b, x)),
      c: transpose(d),
      d: ones([2, 2]),
    });
    const start = { a: tensor([1, 1]), b: tensor([2, 3]), c: random([2, 2], 1), d: random([2, 2], 2) };
    const x = tensor([0.5, -2]);
    for (const times of [1, 2, 3, 7]) {
      let wanted = start;
      for (let i = 0; i < times; i++) wanted = step(wanted, x);
      for (const donate of [[], [0]]) {
        const copy = treeMap((y) => tensor(y.toNested()), start);
        expectAgreement(compile(step, { engine, donate }).repeat(times, copy, x), wanted);
      }
    }
  });

  it("a tensor whose data the caller has read is copied in each call", () => {
    const double = compile((x: Tensor) => mul(x, 2), { engine });
    const x = random([40], 1);
    const first = numbers(double(x));
    expect(numbers(double(x))).toEqual(first);
    (x.data.data as Float64Array)[3] = 7;
    expect(numbers(double(x))[3]).toBe(14);
    (x.data.data as Float64Array)[3] = 8;
    expect(numbers(double(x))[3]).toBe(16);
  });
});

it("two compiled functions may receive the same tensors in turns", () => {
  const [f, g] = [compile((x: Tensor) => tanh(x)), compile((x: Tensor) => exp(x))];
  const [x, y] = [random([50], 1), random([50], 2)];
  for (const z of [x, y, x, x, y]) {
    expectAgreement(f(z), tanh(z));
    expectAgreement(g(z), exp(z));
  }
});

it("a warning names the argument that keeps changing, once", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const scaled = compile(function scaled(x: Tensor, rate: number) {
    return mul(x, rate);
  });
  for (let i = 0; i < 20; i++) scaled(zeros([2]), i);
  expect(warn.mock.calls.flat()).toEqual([
    "compile: scaled was traced 9 times, because the arguments keep changing; in the last call, rate had a new value; pass numbers that change as tensors, and give tensors a fixed shape",
  ]);
  const batches = compile((x: Tensor) => sum(x), { maxPlans: 2 });
  for (let i = 1; i < 5; i++) batches(zeros([i]));
  expect(warn.mock.calls[1]![0]).toMatch(/the compiled function was traced 3 times.* x had a new shape or dtype/);
});
