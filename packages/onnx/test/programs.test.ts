import { fromBinary } from "@bufbuild/protobuf";
import {
  evaluate,
  grad,
  type Program,
  type ScanOptions,
  scan,
  stopGradient,
  type Tensor,
  tensor,
  trace,
  valueAndGrad,
  vmap,
  zeros,
} from "@wengert/core";
import { add, crossEntropy, matmul, mul, relu, sin, stack, sum, take, tanh } from "@wengert/ops";
import { adam, applyUpdates } from "@wengert/train";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { int32, numbers, random } from "../../ops/test/support.ts";
import { toOnnx } from "../src/index.ts";
import { run, tensorsOf } from "./runtime.ts";

const float32 = (shape: readonly number[], seed = 1) => tensor(random(shape, seed), { dtype: "float32" });
const decode = (program: Program, options = {}) => fromBinary(ModelProtoSchema, toOnnx(program, options));

/** Runs a program with ONNX Runtime and with `evaluate`, and compares the outputs. */
async function expectSame(
  program: Program,
  inputs: readonly Tensor[],
  args: readonly unknown[] = inputs,
  options = {},
) {
  const got = await run(toOnnx(program, options), inputs);
  const wanted = tensorsOf(evaluate(program, ...args));
  expect(got.map(({ dtype, shape }) => [dtype, shape])).toEqual(wanted.map(({ dtype, shape }) => [dtype, shape]));
  for (const [k, y] of wanted.entries())
    for (const [i, x] of numbers(y).entries())
      expect(numbers(got[k]!)[i]).toBeCloseTo(x, y.dtype === "float32" ? 5 : 12);
}

interface Layer {
  readonly W: Tensor;
  readonly b: Tensor;
}
const layer = (inputs: number, outputs: number, seed: number): Layer => ({
  W: float32([inputs, outputs], seed),
  b: float32([outputs], seed + 1),
});
const params = { layers: [layer(4, 5, 1), layer(5, 3, 3)] };
const model = ({ layers: [first, second] }: typeof params, X: Tensor): Tensor =>
  add(matmul(relu(add(matmul(X, first!.W), first!.b)), second!.W), second!.b);
const loss = (params: { layers: Layer[] }, X: Tensor, labels: Tensor) => crossEntropy(model(params, X), labels);
const X = float32([6, 4], 9);
const labels = int32([0, 2, 1, 1, 0, 2]);

describe("the file", () => {
  test("has named inputs with shapes, outputs with the paths of the value, and the operator set", () => {
    const program = trace(
      (params: { layers: Layer[] }, X: Tensor, labels: Tensor) => valueAndGrad(loss)(params, X, labels),
      params,
      X,
      labels,
    );
    const { irVersion, opsetImport, graph, producerName } = decode(program, { name: "digits" });
    expect([irVersion, opsetImport[0]!.version, producerName, graph!.name]).toEqual([8n, 17n, "wengert", "digits"]);
    const names = ["layers.0.W", "layers.0.b", "layers.1.W", "layers.1.b"];
    expect(graph!.input.map(({ name }) => name)).toEqual([...names.map((name) => `params.${name}`), "X", "labels"]);
    expect(graph!.output.map(({ name }) => name)).toEqual(["value", ...names.map((name) => `grad.${name}`)]);
    const type = graph!.input[0]!.type!.value;
    if (type.case !== "tensorType") throw new Error("not a tensor");
    expect(type.value.elemType).toBe(1);
    expect(type.value.shape!.dim.map(({ value }) => value.value)).toEqual([4n, 5n]);
  });

  test("numbers the arguments of a function without names", () => {
    const { graph } = decode(trace(valueAndGrad(loss), params, X, labels));
    expect(graph!.input.map(({ name }) => name)).toEqual([
      ...["arg0.layers.0.W", "arg0.layers.0.b", "arg0.layers.1.W", "arg0.layers.1.b"],
      ...["arg1", "arg2"],
    ]);
  });

  test("holds captured tensors as initializers, under their labels", () => {
    const W = tensor([[1, 2], [3, 4]], { label: "W" }); // biome-ignore format: a matrix
    const { graph } = decode(trace((x: Tensor) => mul(matmul(x, W), 2), { shape: [1, 2] }));
    expect(graph!.input.map(({ name }) => name)).toEqual(["x"]);
    expect(graph!.output.map(({ name }) => name)).toEqual(["output"]);
    const [weights, two] = ["W", "k1"].map((name) => graph!.initializer.find((each) => each.name === name)!);
    expect(new Float64Array(weights!.rawData.slice().buffer)).toEqual(Float64Array.of(1, 2, 3, 4));
    expect([weights!.dims, weights!.dataType, two!.dims]).toEqual([[2n, 2n], 11, []]);
  });

  test("names each value once, also for labels in use, and its nodes after the steps that explain lists", () => {
    const labeled = (label: string, like: Tensor) => ({ shape: like.shape, dtype: like.dtype, label });
    const { W, b } = params.layers[0]!;
    const layers = [{ W: labeled("k1", W), b: labeled("", b) }, { W: labeled("X", params.layers[1]!.W), b: labeled("#2.1", params.layers[1]!.b) }]; // biome-ignore format: a list
    const { graph } = decode(trace(valueAndGrad(loss), { layers }, labeled("X", X), labeled("value", labels)));
    const names = [
      ...graph!.input.map(({ name }) => name),
      ...graph!.initializer.map(({ name }) => name),
      ...graph!.node.flatMap(({ output }) => output),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(graph!.node.find(({ opType }) => opType === "MatMul")!.docString).toMatch(/^#\d+ matmul$/);
  });

  test.each([
    [13, 7],
    [15, 8],
    [18, 8],
    [20, 9],
    [22, 10],
  ])("of opset %i has format version %i", (opset, version) => {
    const { irVersion, opsetImport } = decode(trace(sin, { shape: [] }), { opset });
    expect([irVersion, opsetImport[0]!.version]).toEqual([BigInt(version), BigInt(opset)]);
  });
});

describe("ONNX Runtime computes the numbers of evaluate for", () => {
  test.each([13, 14, 15, 16, 17, 18, 19, 20, 21, 22])("a model and its gradient in opset %i", async (opset) => {
    const program = trace(valueAndGrad(loss), params, X, labels);
    await expectSame(program, [...tensorsOf(params), X, labels], [params, X, labels], { opset });
  });

  test("a training step with Adam, whose outputs are the next inputs", async () => {
    const optimizer = adam({ learningRate: 0.05 });
    const step = (params: { layers: Layer[] }, state: ReturnType<typeof optimizer.init>, X: Tensor, y: Tensor) => {
      const { value, grad } = valueAndGrad(loss)(params, X, y);
      const next = optimizer.update(grad, state, params);
      return { params: applyUpdates(params, next.updates), state: next.state, loss: value };
    };
    let args = { params, state: optimizer.init(params) };
    const program = trace(step, args.params, args.state, X, labels);
    const bytes = toOnnx(program);
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    const outputs = graph!.output.map(({ name }) => name);
    let inputs = [...tensorsOf(args), X, labels];
    const losses: number[][] = [];
    for (let i = 0; i < 5; i++) {
      const results = await run(bytes, inputs);
      const found = new Map(outputs.map((name, k) => [name, results[k]!]));
      const { loss: wanted, ...next } = evaluate(program, args.params, args.state, X, labels);
      losses.push([found.get("loss")!.item(), wanted.item()]);
      inputs = graph!.input.map(({ name }, k) => found.get(`out.${name}`) ?? inputs[k]!);
      args = next;
    }
    for (const [got, wanted] of losses) expect(got).toBeCloseTo(wanted!, 4);
    expect(losses.at(-1)![0]).toBeLessThan(losses[0]![0]!);
  });

  test("outputs that are inputs, constants, or equal", async () => {
    const c = tensor([1, 2]);
    const program = trace((x: Tensor) => ({ x, c, y: [sin(x), sin(x)], again: stopGradient(x) }), { shape: [2] });
    await expectSame(program, [tensor([3, 4])]);
    const { graph } = decode(program);
    expect(graph!.output.map(({ name }) => name)).toEqual(["out.x", "c", "y.0", "y.1", "again"]);
  });

  test("a batch of per-example gradients by vmap", async () => {
    const one = (params: Layer, x: Tensor, y: Tensor) => crossEntropy(add(matmul(x, params.W), params.b), y);
    const perExample = vmap(grad(one), { inAxes: [null, 0, 0] });
    const first = layer(4, 3, 5);
    const program = trace(perExample, first, X, labels);
    await expectSame(program, [...tensorsOf(first), X, labels], [first, X, labels]);
  });

  test("int32 and bool", async () => {
    const program = trace(
      (a: Tensor, b: Tensor) => [add(a, b), mul(a, b), sum(a), take(a, b), relu(a)],
      { shape: [3], dtype: "int32" },
      { shape: [3], dtype: "int32" },
    );
    await expectSame(program, [int32([7, -8, 2 ** 31 - 1]), int32([2, -1, 0])]);
  });
});

describe("a loop becomes a Scan", () => {
  const W = random([3, 3], 5);
  const [xs, h0] = [random([5, 3], 2), random([3], 3)];
  const rnn =
    (options: ScanOptions = {}) =>
    (h: Tensor, xs: Tensor, W: Tensor) => {
      const step = (h: Tensor, x: Tensor) => {
        const next = tanh(add(matmul(h, W), x));
        return [next, mul(next, 0.5)] as const;
      };
      return scan(step, h, xs, options);
    };
  const total = (options?: ScanOptions) => (h: Tensor, xs: Tensor, W: Tensor) => {
    const { carry, ys } = rnn(options)(h, xs, W);
    return add(sum(sin(ys)), sum(carry));
  };

  test.each<[string, (h: Tensor, xs: Tensor, W: Tensor) => unknown]>([
    ["forward", rnn()],
    ["from the end", rnn({ reverse: true })],
    ["with its gradient", valueAndGrad(total(), { argnums: [0, 1, 2] } as never) as never],
    ["with its gradient, from the end", valueAndGrad(total({ reverse: true })) as never],
    ["with its gradient, in segments", valueAndGrad(total({ segments: 2 })) as never],
    [
      "on a batch",
      vmap((h: Tensor, x: Tensor, W: Tensor) => rnn()(h, stack([x, x]), W).ys, { inAxes: [null, 0, null] }) as never,
    ],
    ["without lists", (h) => scan((h: Tensor) => [sin(h), h] as const, h, undefined, { length: 3 })],
    [
      "inside a loop",
      (h, xs, W) => scan((h: Tensor) => [rnn()(h, xs, W).carry, h] as const, h, undefined, { length: 2 }),
    ],
  ])("%s", async (_, f) => {
    const program = trace(f as typeof total extends () => infer F ? F : never, h0, xs, W);
    expect(decode(program).graph!.node.map(({ opType }) => opType)).toContain("Scan");
    await expectSame(program, [h0, xs, W]);
  });
});

describe("a label that is not a class", () => {
  test.each([[3], [-1]])("throws in ONNX Runtime, as in Wengert: %i", async (label) => {
    const program = trace(
      (x: Tensor, y: Tensor) => crossEntropy(x, y),
      { shape: [1, 3] },
      { shape: [1], dtype: "int32" },
    );
    await expect(run(toOnnx(program), [zeros([1, 3]), int32([label])])).rejects.toThrow(/out of data bounds|range/);
  });
});
