import { compile } from "@wengert/compile";
import {
  ArgumentError,
  evaluate,
  grad,
  OutOfRangeError,
  ones,
  type Tensor,
  tensor,
  treeMap,
  valueAndGrad,
  vmap,
  zeros,
} from "@wengert/core";
import {
  add,
  axpy,
  cast,
  crossEntropy,
  div,
  equal,
  exp,
  lgamma,
  matmul,
  mul,
  randomKey,
  relu,
  sin,
  square,
  sub,
  sum,
  tanh,
  transpose,
} from "@wengert/ops";
import { adam, applyUpdates, fit, measure } from "@wengert/train";
import * as ort from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { describe, expect, test, vi } from "vitest";
import { sampled } from "../../ops/test/soak.ts";
import { int32, numbers, random, relayouts } from "../../ops/test/support.ts";
import { fromOnnx, type OnnxRuntime, onnx } from "../src/index.ts";
import { tensorsOf } from "./runtime.ts";
import { exportedSamples, gradientOf } from "./samples.ts";
import { watched } from "./watched.ts";

const engine = onnx(ort);
const float32 = (shape: readonly number[], seed = 1) => tensor(random(shape, seed), { dtype: "float32" });

/**
 * Expects `got` and `wanted` to have equal dtypes and shapes, and elements that differ by less than `bound` times the
 * largest element.
 */
function expectNear(got: unknown, wanted: unknown, bound: number): void {
  const [a, b] = [tensorsOf(got), tensorsOf(wanted)];
  expect(a.map(({ dtype, shape }) => [dtype, shape])).toEqual(b.map(({ dtype, shape }) => [dtype, shape]));
  for (const [k, y] of b.entries()) {
    const [xs, ys] = [numbers(a[k]!), numbers(y)];
    const limit = bound * Math.max(...ys.map(Math.abs), 1e-3);
    for (const [i, wanted] of ys.entries())
      if (!(Math.abs(xs[i]! - wanted) <= limit)) expect.fail(`tensor ${k}, element ${i}: ${xs[i]} for ${wanted}`);
  }
}

describe.each([
  ["float32", 1e-5],
  ["float64", 1e-12],
] as const)("in %s, the engine agrees with evaluate within %f for each op and its gradient:", (dtype, bound) => {
  test.each(sampled(exportedSamples, dtype === "float32" ? 1 : 4))("$title", async ({ call, sample, result }) => {
    const { program, floats } = gradientOf(call, sample, dtype);
    const f = (...xs: Tensor[]) => evaluate(program, ...xs) as Tensor[];
    const compiled = compile(f, { engine });
    if (typeof result === "string") {
      const namesIn = (message: string) => message.match(/\w+(?= \(\d)/g); // the passes may merge steps
      const error = await compiled(...floats).catch((error: Error) => error);
      expect(namesIn((error as Error).message)).toEqual(namesIn(result));
      expect((error as Error).message).toMatch(/^onnx: no ONNX form of .*; use the engine "wasm", which runs all ops$/);
      return;
    }
    try {
      expectNear(await compiled(...floats), f(...floats), bound);
    } catch (error) {
      if (dtype === "float32" || !(error instanceof ArgumentError)) throw error;
      expect(error.message).toMatch(
        /^onnx: ONNX Runtime has no kernel of \w+ .*; compute in float32, or use the engine "wasm"$/,
      );
    }
  });
});

interface Params {
  readonly A: Tensor;
  readonly a: Tensor;
  readonly B: Tensor;
  readonly b: Tensor;
}
const initial: Params = { A: float32([20, 16], 1), a: float32([16], 2), B: float32([16, 5], 3), b: float32([5], 4) };
const loss = ({ A, a, B, b }: Params, X: Tensor, labels: Tensor) =>
  crossEntropy(add(matmul(relu(add(matmul(X, A), a)), B), b), labels);
const step = (params: Params, X: Tensor, labels: Tensor) => {
  const { value, grad } = valueAndGrad(loss)(params, X, labels);
  return { loss: value, params: treeMap((p: Tensor, slope: Tensor) => axpy(-0.1, slope, p), params, grad) as Params };
};
const X = float32([30, 20], 5);
const labels = int32(Array.from({ length: 30 }, (_, i) => (i * 7) % 5));

describe("a training step", () => {
  test("gives the losses and parameters of eager ops within 1e-5, over 50 steps", async () => {
    const compiled = compile(step, { engine });
    let [eager, fast] = [initial, initial];
    const losses: number[] = [];
    for (let i = 0; i < 50; i++) {
      const [wanted, got] = [step(eager, X, labels), await compiled(fast, X, labels)];
      expectNear(got, wanted, 1e-5);
      [eager, fast] = [wanted.params, got.params];
      losses.push(got.loss.item());
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    expect(compiled.signatures).toBe(1);
  });

  test("converts each argument once, and passes results on as they are", async () => {
    const { runtime, log } = watched();
    const compiled = compile(step, { engine: onnx(runtime) });
    let params = initial;
    for (let i = 0; i < 3; i++) ({ params } = await compiled(params, X, labels));
    expect(log.converted).toEqual([...tensorsOf(initial), X, labels].map(({ array }) => array!.data));
    const [, second, third] = log.runs;
    const results = Object.values(second!.results);
    expect(Object.values(third!.feeds).filter((x) => results.includes(x))).toHaveLength(4);
    expect(params.A.array!.data).toBe(Object.values(third!.results).find(({ dims }) => dims[0] === 20)!.data);
  });

  test("in fit and measure gives the results without compile within 1e-4, without a warning", async () => {
    const warning = vi.spyOn(console, "warn");
    const data = { X, labels };
    const batchLoss = (params: Params, { X, labels }: typeof data) => loss(params, X, labels);
    const settings = { epochs: 10, batchSize: 10 };
    const fits = [];
    for (const compiled of [undefined, (f: (...trees: Tensor[]) => Tensor) => compile(f, { engine })]) {
      const optimizer = adam({ learningRate: 0.01 });
      fits.push(await fit(batchLoss, initial, data, { ...settings, optimizer, key: randomKey(1), compile: compiled }));
    }
    const [eager, fast] = fits;
    expect(fast!.step).toBe(30);
    expectNear(fast!.params, eager!.params, 1e-4);
    const measured = await measure(batchLoss, fast!.params, data, { compile: (f) => compile(f, { engine }) });
    expect(measured.loss / (await measure(batchLoss, fast!.params, data)).loss).toBeCloseTo(1, 5);
    expect(warning).not.toHaveBeenCalled();
    warning.mockRestore();
  });

  test("drops no tensor when an argument changes", async () => {
    const compiled = compile(step, { engine });
    await compiled(initial, X, labels);
    const other = float32([30, 20], 9);
    expectNear(await compiled(initial, other, labels), step(initial, other, labels), 1e-5);
  });
});

describe("a compiled function", () => {
  test("may be called before its session is ready, and while another call runs", async () => {
    const { runtime, log } = watched();
    const compiled = compile((x: Tensor) => sin(mul(x, 2)), { engine: onnx(runtime) });
    const inputs = Array.from({ length: 8 }, (_, i) => float32([4], i + 1));
    const results = await Promise.all(inputs.map((x) => compiled(x)));
    for (const [i, x] of inputs.entries()) expectNear(results[i], sin(mul(x, 2)), 1e-6);
    expect([log.sessions, log.runs.length, log.mostAtOnce]).toEqual([1, 8, 1]);
  });

  test("runs two functions one after the other, also with separate engines", async () => {
    const { runtime, log } = watched();
    const [f, g] = [sin, exp].map((op) => compile((x: Tensor) => op(x), { engine: onnx(runtime) }));
    const x = float32([3]);
    const [a, b] = await Promise.all([f!(x), g!(x)]);
    expectNear([a, b], [sin(x), exp(x)], 1e-6);
    expect(log.mostAtOnce).toBe(1);
  });

  test("has a session for each signature, and releases those of dropped plans after their last run", async () => {
    const { runtime, log } = watched();
    const compiled = compile((x: Tensor, factor: number) => mul(x, factor), { engine: onnx(runtime), maxPlans: 2 });
    const x = float32([2]);
    const calls = [2, 3, 4, 5].map((factor) => compiled(x, factor));
    for (const [i, y] of (await Promise.all(calls)).entries()) expectNear(y, mul(x, i + 2), 1e-6);
    await expect.poll(() => log.released).toBe(2);
    expectNear(await compiled(x, 5), mul(x, 5), 1e-6);
    expect([compiled.signatures, log.sessions, log.released]).toEqual([4, 4, 2]);
  });

  test("releases no session of a plan that never ran", async () => {
    const { runtime, log } = watched();
    const compiled = compile((x: Tensor) => sin(x), { engine: onnx(runtime), maxPlans: 1 });
    for (const size of [1, 2, 3]) compiled.plan(zeros([size]));
    expect([compiled.signatures, log.sessions, log.released]).toEqual([3, 0, 0]);
  });

  test("returns arguments and captured tensors as they are, and computes equal outputs once", async () => {
    const { runtime, log } = watched();
    const c = tensor([7, 8]);
    const f = (x: Tensor, unused: Tensor) => ({ x, c, pair: [sin(x), sin(x)], unused });
    const compiled = compile(f, { engine: onnx(runtime) });
    const [x, y] = [tensor([1, 2]), tensor([3])];
    const result = await compiled(x, y);
    expectNear(result, f(x, y), 1e-12);
    expect([result.x, result.c, result.unused]).toEqual([x, c, y]);
    expect(result.x).toBe(x);
    expect([Object.keys(log.runs[0]!.feeds), Object.keys(log.runs[0]!.results)].map(({ length }) => length)).toEqual([
      1, 1,
    ]);
    const nothing = compile((x: Tensor) => [x, c], { engine: onnx(runtime) });
    expect(await nothing(x)).toEqual([x, c]);
    expect(log.sessions).toBe(1);
  });

  test("takes strided tensors, scalars, empty tensors, int32 and bool", async () => {
    const f = (a: Tensor, b: Tensor, n: Tensor) => [tanh(transpose(a)), sum(a), add(n, n), equal(n, 2), sub(b, 1)];
    const compiled = compile(f, { engine });
    const n = int32([1, 2, 3]);
    for (const [, twin] of relayouts(random([3, 4], 2)))
      expectNear(await compiled(twin, tensor(3), n), f(twin, tensor(3), n), 1e-12);
    const empty = (x: Tensor) => [add(x, 1), sum(x, { axis: 0 })];
    expectNear(await compile(empty, { engine })(zeros([0, 3])), empty(zeros([0, 3])), 1e-12);
    const select = (condition: Tensor) => equal(condition, tensor([true, false]));
    expectNear(await compile(select, { engine })(tensor([true, true])), select(tensor([true, true])), 0);
  });

  test("computes products of transposed matrices, of any width", async () => {
    for (const dtype of ["float32", "float64"] as const)
      for (const [rows, n, columns] of [
        [40, 7, 3],
        [40, 7, 33],
        [3, 7, 5],
        [40, 1, 1],
      ]) {
        const [a, b] = [random([n!, rows!], 3), random([n!, columns!], 4)].map((x) => tensor(x, { dtype })) as [
          Tensor,
          Tensor,
        ];
        const f = (a: Tensor, b: Tensor) => [
          matmul(transpose(a), b),
          transpose(a),
          matmul(transpose(a), b.shape[1] === 1 ? b : sin(b)),
        ];
        expectNear(await compile(f, { engine })(a, b), f(a, b), dtype === "float32" ? 1e-5 : 1e-12);
      }
    const v = (a: Tensor, b: Tensor) => matmul(transpose(a), b);
    expectNear(await compile(v, { engine })(random([4, 9]), random([4])), v(random([4, 9]), random([4])), 1e-12);
    const batch = (a: Tensor, b: Tensor) => matmul(transpose(a), b);
    const args = [random([4, 9]), random([2, 4, 3])] as const;
    expectNear(await compile(batch, { engine })(...args), batch(...args), 1e-12);
  });

  test("reports its programs and the name of the engine", () => {
    const compiled = compile((x: Tensor) => add(sin(x), sin(x)), { engine });
    const { programs, passes, engine: name } = compiled.plan(ones([2]));
    expect(name).toBe("onnx");
    expect(passes.map(([pass]) => pass)).toEqual(programs.map(({ name }) => name));
    expect([passes[0]![1], passes.at(-1)![1]]).toEqual([3, 2]);
  });

  test("passes threads, providers and other options on to the sessions", async () => {
    const { runtime, log } = watched();
    const options = { threads: 2, providers: ["cpu"], sessionOptions: { graphOptimizationLevel: "basic" } };
    const compiled = compile((x: Tensor) => sin(x), { engine: onnx(runtime, options) });
    expectNear(await compiled(ones([3])), sin(ones([3])), 1e-12);
    expect(log.options).toMatchObject({
      intraOpNumThreads: 2,
      executionProviders: ["cpu"],
      graphOptimizationLevel: "basic",
    });
  });
});

describe("with onnxruntime-web, which is WebAssembly,", () => {
  test("a training step gives the losses and parameters of eager ops within 1e-5, over 50 steps", async () => {
    const compiled = compile(step, { engine: onnx(web) });
    let [eager, fast] = [initial, initial];
    for (let i = 0; i < 50; i++) {
      const [wanted, got] = [step(eager, X, labels), await compiled(fast, X, labels)];
      expectNear(got, wanted, 1e-5);
      [eager, fast] = [wanted.params, got.params];
    }
  });

  test("overlapping calls run one after the other, and results keep their numbers", async () => {
    const compiled = compile((x: Tensor) => tanh(x), { engine: onnx(web) });
    const inputs = Array.from({ length: 8 }, (_, i) => float32([4], i + 1));
    const results = await Promise.all(inputs.map((x) => compiled(x)));
    for (const [i, x] of inputs.entries()) expectNear(results[i], tanh(x), 1e-6);
  });

  test("a label that is not a class throws the error of the op, and the next call runs", async () => {
    const compiled = compile((x: Tensor, labels: Tensor) => crossEntropy(x, labels), { engine: onnx(web) });
    await expect(compiled(zeros([1, 3]), int32([3]))).rejects.toThrow(/^crossEntropy: label 3 of row 0/);
    expectNear(await compiled(zeros([1, 3]), int32([2])), crossEntropy(zeros([1, 3]), int32([2])), 1e-12);
  });

  test("threads set the number for all sessions of the page", () => {
    const { runtime } = watched();
    const env = { wasm: { numThreads: 0 }, versions: { web: "1.30.0" } };
    const compiled = compile((x: Tensor) => sin(x), { engine: onnx({ ...runtime, env }, { threads: 3 }) });
    return compiled(ones([2])).then(() => expect(env.wasm.numThreads).toBe(3));
  });
});

describe("with WebGPU, which has no float64,", () => {
  /** Returns an engine for WebGPU, and the ONNX models that this engine creates. Tests run the models on the CPU. */
  const withoutFloat64 = () => {
    const models: Uint8Array[] = [];
    const create = (model: Uint8Array, options?: object) => {
      models.push(model.slice());
      return ort.InferenceSession.create(model, { ...options, executionProviders: ["cpu"] });
    };
    const runtime = { ...watched().runtime, InferenceSession: { create } } as OnnxRuntime;
    return { engine: onnx(runtime, { providers: [{ name: "webgpu" }] }), models };
  };
  const dtypesIn = (model: Uint8Array) => {
    const { inputs, constants, steps } = fromOnnx(model).program();
    return new Set([...inputs, ...constants, ...steps.map(({ output }) => output)].map(({ dtype }) => dtype));
  };

  test("a training step with Adam runs in one session, and the ops of Wengert compute the float64 numbers", async () => {
    const optimizer = adam({ learningRate: 0.01 });
    const train = (params: Params, state: ReturnType<typeof optimizer.init>, X: Tensor, labels: Tensor) => {
      const { value, grad } = valueAndGrad(loss)(params, X, labels);
      const next = optimizer.update(grad, state, params);
      return { params: applyUpdates(params, next.updates), state: next.state, norm: cast(value, { dtype: "float64" }) };
    };
    const { engine, models } = withoutFloat64();
    const compiled = compile(train, { engine });
    let [params, state] = [initial, optimizer.init(initial)];
    for (let i = 0; i < 5; i++) {
      const [wanted, got] = [train(params, state, X, labels), await compiled(params, state, X, labels)];
      expectNear(got, wanted, 1e-5);
      ({ params, state } = got);
    }
    expect(models).toHaveLength(1);
    expect(dtypesIn(models[0]!)).not.toContain("float64");
  });

  test("float64 numbers between float32 tensors divide a program into several sessions", async () => {
    const f = (x: Tensor, n: Tensor) => {
      const norm = sum(cast(sum(square(x), { axis: 0 }), { dtype: "float64" }));
      const y = mul(x, cast(div(n, norm), { dtype: "float32" }));
      return {
        y,
        norm,
        n,
        twice: add(n, n),
        again: mul(y, cast(exp(mul(cast(sum(y), { dtype: "float64" }), -1)), { dtype: "float32" })),
      };
    };
    const { engine, models } = withoutFloat64();
    const compiled = compile(f, { engine });
    for (const seed of [1, 2]) {
      const args = [float32([6, 4], seed), tensor(seed)] as const;
      expectNear(await compiled(...args), f(...args), 1e-5);
    }
    expect(models).toHaveLength(3);
    for (const model of models) expect(dtypesIn(model)).not.toContain("float64");
    const onlyFloat64 = (x: Tensor) => exp(x);
    expectNear(await compile(onlyFloat64, { engine })(random([3])), onlyFloat64(random([3])), 0);
  });
});

describe("errors", () => {
  test("of ops are those of eager ops, and the next call runs", async () => {
    const f = (x: Tensor, labels: Tensor) => crossEntropy(x, labels);
    const compiled = compile(f, { engine });
    await expect(compiled(zeros([1, 3]), int32([3]))).rejects.toThrow(OutOfRangeError);
    await expect(compiled(zeros([1, 3]), int32([3]))).rejects.toThrow(/^crossEntropy: label 3 of row 0/);
    expectNear(await compiled(zeros([1, 3]), int32([2])), f(zeros([1, 3]), int32([2])), 1e-12);
  });

  test("of the runtime name the engine", async () => {
    const { runtime } = watched({ run: () => Promise.reject(new Error("out of memory")) });
    const compiled = compile((x: Tensor) => sin(x), { engine: onnx(runtime) });
    await expect(compiled(ones([2]))).rejects.toThrow(
      'compile: the engine onnx failed: out of memory; try { engine: "wasm" }',
    );
  });

  test("of an op without ONNX form come before anything runs, from calls and from plan", async () => {
    const { runtime, log } = watched();
    const compiled = compile((x: Tensor) => lgamma(x), { engine: onnx(runtime) });
    await expect(compiled(ones([2]))).rejects.toThrow(ArgumentError);
    expect(() => compiled.plan(ones([2]))).toThrow(/^onnx: no ONNX form of lgamma \(1 step\)/);
    expect(log.sessions).toBe(0);
  });

  test("of a derivative or vmap of the compiled function say what to write", () => {
    const compiled = compile((x: Tensor) => sum(sin(x)), { engine });
    for (const transform of [grad, vmap] as ((f: never) => (x: Tensor) => unknown)[])
      expect(() => transform(compiled as never)(ones([2]))).toThrow(/compile the derivative/);
  });
});
