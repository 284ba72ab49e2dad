import { readFileSync } from "node:fs";
import {
  DataError,
  evaluate,
  grad,
  jvp,
  OutOfRangeError,
  type Tensor,
  tensor,
  trace,
  valueAndGrad,
  vmap,
  WengertError,
  zeros,
} from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { add, crossEntropy, gelu, matmul, mul, std, sum, tanh } from "@wengert/ops";
import { describe, expect, test } from "vitest";
import { sampled } from "../../ops/test/soak.ts";
import { int32, numbers, random } from "../../ops/test/support.ts";
import { fromOnnx, toOnnx } from "../src/index.ts";
import { operators } from "../src/operators/table.ts";
import { floats, integers, node, onnxFile, value } from "./onnxFile.ts";

const float32 = (shape: readonly number[], seed = 1) => tensor(random(shape, seed), { dtype: "float32" });

const layer = (inputs: number, outputs: number, seed: number) => ({
  W: tensor(random([inputs, outputs], seed), { label: `W${seed}` }),
  b: tensor(random([outputs], seed + 1), { label: `b${seed}` }),
});
const [first, second] = [layer(4, 5, 1), layer(5, 3, 3)];
const net = (x: Tensor) => add(matmul(tanh(add(matmul(x, first.W), first.b)), second.W), second.b);
const netFile = toOnnx(trace(net, { shape: [6, 4], label: "x" }));
const [X, labels] = [tensor(random([6, 4], 9)), int32([0, 2, 1, 1, 0, 2])];

/**
 * A small network for images, like the exports of PyTorch: the size of the batch axis has a name instead of a number,
 * and nodes compute the shape for a Reshape.
 */
const convNet = (flatten: boolean) =>
  onnxFile({
    input: [value("images", ["batch", 1, 6, 6])],
    output: [value("scores", ["batch", 3])],
    initializer: [
      floats("conv.weight", [2, 1, 3, 3], numbers(random([2, 1, 3, 3], 1))),
      floats("conv.bias", [2], [0.1, -0.2]),
      floats("bn.scale", [2], [1.5, 0.5]),
      floats("bn.bias", [2], [0.25, 0]),
      floats("bn.mean", [2], [0.1, 0.2]),
      floats("bn.var", [2], [0.9, 1.1]),
      floats("fc.weight", [3, 8], numbers(random([3, 8], 2))),
      floats("fc.bias", [3], [0, 1, 2]),
      floats("six", [], [6]),
      floats("zero", [], [0]),
      integers("first", [], [0]),
      integers("rest", [1], [-1]),
      integers("axis", [1], [0]),
    ],
    node: [
      node("Conv", ["images", "conv.weight", "conv.bias"], ["1"], { strides: [1, 1], kernel_shape: [3, 3] }),
      node("BatchNormalization", ["1", "bn.scale", "bn.bias", "bn.mean", "bn.var"], ["2"]),
      node("Clip", ["2", "zero", "six"], ["3"]),
      node("MaxPool", ["3"], ["4"], { kernel_shape: [2, 2], strides: [2, 2] }),
      ...(flatten
        ? [node("Flatten", ["4"], ["5"])]
        : [
            node("Shape", ["4"], ["shape"]),
            node("Gather", ["shape", "first"], ["batch size"], { axis: 0 }),
            node("Unsqueeze", ["batch size", "axis"], ["batch sizes"]),
            node("Concat", ["batch sizes", "rest"], ["view"], { axis: 0 }),
            node("Reshape", ["4", "view"], ["5"]),
          ]),
      node("Gemm", ["5", "fc.weight", "fc.bias"], ["scores"], { transB: 1 }),
    ],
  });

test("the README lists the operators", () => {
  const list = [...operators().keys()].sort().map((name) => `\`${name}\``);
  expect(readFileSync(new URL("../README.md", import.meta.url), "utf8")).toContain(`:\n\n${list.join(" ")}\n`);
});

describe("a model", () => {
  test("has its inputs and outputs in the order of the file, with the names of open sizes", () => {
    const { inputs, outputs, parameters } = fromOnnx(convNet(false));
    expect(inputs).toEqual([{ name: "images", dtype: "float32", shape: ["batch", 1, 6, 6] }]);
    expect(outputs).toEqual([{ name: "scores", dtype: "float32", shape: ["batch", 3] }]);
    expect(Object.keys(parameters)).toEqual(
      ["conv.weight", "conv.bias", "bn.scale", "bn.bias", "fc.weight", "fc.bias"], // biome-ignore format: a list
    );
  });

  test("runs and traces at any batch size, and folds the arithmetic of shapes", () => {
    const [model, plain] = [fromOnnx(convNet(false)), fromOnnx(convNet(true))];
    for (const batch of [1, 5]) {
      const images = float32([batch, 1, 6, 6], 3);
      const [scores] = model.run(images);
      expect(scores.shape).toEqual([batch, 3]);
      expect(numbers(scores)).toEqual(numbers(plain.run(images)[0]));
      const program = model.program({ batch });
      expect(program.outputs[0]!.shape).toEqual([batch, 3]);
      expect(program.inputs[0]!.label).toBe("images");
      expect(program.steps.map(({ op }) => op.name)).toEqual(plain.program({ batch }).steps.map(({ op }) => op.name));
    }
  });

  test.each([13, 14, 15, 16, 17, 18, 19, 20, 21, 22])("may have opset %i", (opset) => {
    const f = (x: Tensor) => ({ value: net(x), grad: grad((x: Tensor) => sum(std(net(x))))(x) });
    const program = trace(f, { shape: [6, 4] });
    const { value, grad: slope } = evaluate(program, X);
    const [again, slopeAgain] = fromOnnx(toOnnx(program, { opset })).run(X);
    expect(numbers(again)).toEqual(numbers(value));
    for (const [i, x] of numbers(slope).entries()) expect(numbers(slopeAgain!)[i]).toBeCloseTo(x, 12);
  });

  test("keeps inputs that no node uses, and takes initializers out of the inputs", () => {
    const graph = {
      input: [value("a", [2]), value("unused", [3]), value("w", [2])],
      output: [value("y", [2])],
      initializer: [floats("w", [2], [3, 4])],
      node: [node("Mul", ["a", "w"], ["y"])],
    };
    const { inputs, run, program } = fromOnnx(onnxFile(graph));
    expect(inputs.map(({ name }) => name)).toEqual(["a", "unused"]);
    expect(numbers(run(float32([2]), float32([3]))[0])).toHaveLength(2);
    expect(program().inputs).toHaveLength(2);
  });

  test("becomes a file again, with the same names", () => {
    const program = fromOnnx(convNet(true), { parameters: "argument" }).program({ batch: 2 });
    const again = fromOnnx(toOnnx(program));
    expect(again.inputs.map(({ name }) => name)).toEqual(program.inputs.map(({ label }) => label));
  });

  test("is a function that vmap, jvp and grad accept", () => {
    const { run } = fromOnnx(netFile);
    const single = fromOnnx(toOnnx(trace(net, { shape: [4], label: "x" })));
    expect(numbers(vmap((x: Tensor) => single.run(x)[0])(X))).toEqual(numbers(run(X)[0]));
    const { tangent } = jvp((x: Tensor) => sum(run(x)[0]), [X], [X]);
    const slope = grad((x: Tensor) => sum(run(x)[0]))(X);
    expect(tangent.item()).toBeCloseTo(sum(mul(slope, X)).item(), 12);
    gradcheck((x: Tensor) => run(x)[0], [X]);
  });
});

describe("parameters as an argument", () => {
  test("have gradients that agree with finite differences, to second order", () => {
    const { run, parameters } = fromOnnx(netFile, { parameters: "argument" });
    expect(Object.keys(parameters).sort()).toEqual(["W1", "W3", "b1", "b3"]);
    gradcheck((params: typeof parameters) => crossEntropy(run(params, X)[0], labels), [parameters], { order: 2 });
  });

  test("have the gradients of the original program", () => {
    const { run, parameters } = fromOnnx(netFile, { parameters: "argument" });
    const loss = (params: typeof parameters, x: Tensor) => crossEntropy(run(params, x)[0], labels);
    const { value, grad } = valueAndGrad(loss)(parameters, X);
    const own = valueAndGrad(({ W1, b1, W3, b3 }: Record<"W1" | "b1" | "W3" | "b3", Tensor>) =>
      crossEntropy(add(matmul(tanh(add(matmul(X, W1), b1)), W3), b3), labels),
    )({ W1: first.W, b1: first.b, W3: second.W, b3: second.b });
    expect(value.item()).toBe(own.value.item());
    for (const [name, g] of Object.entries(own.grad)) expect(numbers(grad[name]!)).toEqual(numbers(g));
  });

  test("train the last layer of a network for images", () => {
    const { run, parameters } = fromOnnx(convNet(false), { parameters: "argument" });
    const head = { "fc.weight": parameters["fc.weight"]!, "fc.bias": parameters["fc.bias"]! };
    const images = float32([6, 1, 6, 6], 5);
    const loss = (params: typeof head) => crossEntropy(run({ ...parameters, ...params }, images)[0], labels);
    let [now, last] = [head, loss(head).item()];
    for (let i = 0; i < 5; i++) {
      const { grad } = valueAndGrad(loss)(now);
      const step = (name: keyof typeof head) => tensor(numbers(now[name]).map((x, k) => x - 0.1 * numbers(grad[name])[k]!), { dtype: "float32", shape: now[name].shape }); // biome-ignore format: one step
      now = { "fc.weight": step("fc.weight"), "fc.bias": step("fc.bias") };
      expect(loss(now).item()).toBeLessThan(last);
      last = loss(now).item();
    }
  });

  test("are weights, and not the numbers in formulas", () => {
    const f = (x: Tensor) => mul(gelu(x), first.b);
    const { parameters } = fromOnnx(toOnnx(trace(f, { shape: [5] })), { parameters: "argument" });
    expect(Object.keys(parameters)).toEqual(["b1"]);
  });

  test("are inputs of the program, before the others", () => {
    const { program, parameters } = fromOnnx(netFile, { parameters: "argument" });
    expect(program().inputs.map(({ label }) => label)).toEqual([...Object.keys(parameters), "x"]);
    expect(program().constants).toEqual([]);
  });
});

describe("int64", () => {
  const sliced = (end: bigint) =>
    onnxFile({
      input: [value("x", [4])],
      output: [value("y", [2])],
      initializer: [integers("from", [1], [-2]), integers("to", [1], [end])],
      node: [node("Slice", ["x", "from", "to"], ["y"])],
    });

  test("bounds of slices may be the largest number, which means the end", () => {
    const { run } = fromOnnx(sliced(2n ** 63n - 1n));
    expect(numbers(run(tensor([1, 2, 3, 4], { dtype: "float32" }))[0])).toEqual([3, 4]);
  });

  test("becomes int32 otherwise, in constants, inputs and outputs", () => {
    const graph = {
      input: [value("i", [2], 7)],
      output: [value("y", [2], 7)],
      node: [node("Constant", [], ["c"], { value: integers("c", [], [-(2 ** 31)]) }), node("Add", ["i", "c"], ["y"])],
    };
    const { run } = fromOnnx(onnxFile(graph));
    const [y] = run(int32([1, 2]));
    expect([y.dtype, numbers(y)]).toEqual(["int32", [1 - 2 ** 31, 2 - 2 ** 31]]);
  });
});

describe("an index outside its axis throws an error in", () => {
  const indices = (row: number, column: number) => [row, column];
  /** Returns a model that reads or writes a [2, 3] matrix at one index. */
  const at = (op: string, index: readonly number[], more: readonly string[] = [], shape = [1, index.length]) =>
    fromOnnx(
      onnxFile({
        input: [value("x", [2, 3])],
        output: [value("y", ["n", "m"])],
        initializer: [integers("at", shape, index), floats("one", [1], [1]), floats("ones", [1, 1], [1])],
        node: [node(op, ["x", "at", ...more], ["y"])],
      }),
    );
  const x = float32([2, 3]);

  test.each([
    ["Gather", (row: number) => at("Gather", [row])],
    ["GatherElements", (row: number) => at("GatherElements", [row])],
    ["GatherND", (row: number) => at("GatherND", indices(row, 1))],
    ["GatherND, in the last axis", (row: number) => at("GatherND", indices(0, row < 0 ? row - 1 : row + 1))],
    ["ScatterND", (row: number) => at("ScatterND", indices(row, 1), ["one"])],
    ["ScatterElements", (row: number) => at("ScatterElements", [row], ["ones"])],
  ])("%s", (_, model) => {
    for (const row of [2, -3, 1000]) expect(() => model(row).run(x), `index ${row}`).toThrow(OutOfRangeError);
    for (const row of [0, 1, -1, -2]) model(row).run(x);
  });
});

describe("data in another file", () => {
  const weights = Float32Array.of(0, 1, 2, 3);
  const model = (entries: Readonly<Record<string, string>>) =>
    onnxFile({
      input: [value("x", [2])],
      output: [value("y", [2])],
      initializer: [
        {
          name: "w",
          dataType: 1,
          dims: [2n],
          dataLocation: 1,
          externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
        },
      ],
      node: [node("Add", ["x", "w"], ["y"])],
    });

  test("is read from the bytes that the caller passes", () => {
    const bytes = model({ location: "w.bin", offset: "8", length: "8" });
    const { parameters } = fromOnnx(bytes, { externalData: { "w.bin": new Uint8Array(weights.buffer) } });
    expect(numbers(parameters.w!)).toEqual([2, 3]);
  });

  test.each([
    ["offset", { location: "w.bin", offset: "9" }],
    ["length", { location: "w.bin", length: "4" }],
    ["sign", { location: "w.bin", offset: "-8" }],
    ["location", { location: "__proto__" }],
  ])("must have a valid %s", (_, entries) => {
    expect(() => fromOnnx(model(entries), { externalData: { "w.bin": new Uint8Array(weights.buffer) } })).toThrow(
      DataError,
    );
  });
});

describe("branches and loops", () => {
  const output = (name: string) => value(name, []);

  test("If takes the branch of a condition that does not depend on the inputs", () => {
    const branch = (name: string, op: string) => ({ output: [output(name)], node: [node(op, ["x"], [name])] });
    const graph = {
      input: [value("x", ["n"])],
      output: [value("y", ["n"])],
      initializer: [integers("two", [1], [2])],
      node: [
        node("Shape", ["x"], ["shape"]),
        node("Equal", ["shape", "two"], ["is pair"]),
        node("If", ["is pair"], ["y"], { then_branch: branch("a", "Neg"), else_branch: branch("b", "Abs") }),
      ],
    };
    const { run, program } = fromOnnx(onnxFile(graph));
    expect(numbers(run(tensor([-1, 2], { dtype: "float32" }))[0])).toEqual([1, -2]);
    expect(numbers(run(tensor([-1, 2, 3], { dtype: "float32" }))[0])).toEqual([1, 2, 3]);
    expect(program({ n: 2 }).steps.map(({ op }) => op.name)).toEqual(["neg"]);
  });

  test("a Loop runs its body, and stacks the results", () => {
    const body = {
      input: [value("i", [], 7), value("go", [], 9), value("s", [])],
      output: [value("go on", [], 9), output("s next"), output("s squared")],
      node: [
        node("Identity", ["go"], ["go on"]),
        node("Add", ["s", "x"], ["s next"]),
        node("Mul", ["s next", "s next"], ["s squared"]),
      ],
    };
    const graph = {
      input: [value("x", [])],
      output: [output("y"), value("squares", [3])],
      initializer: [integers("count", [], [3])],
      node: [node("Loop", ["count", "", "x"], ["y", "squares"], { body })],
    };
    const { run } = fromOnnx(onnxFile(graph));
    const [y, squares] = run(tensor(2, { dtype: "float32" }));
    expect([y.item(), numbers(squares!)]).toEqual([8, [16, 36, 64]]);
  });
});

describe("a file is never trusted", () => {
  const bytes = convNet(false);
  /** Imports a damaged file and runs the model. Throws an error again unless it is a WengertError. */
  const tryToRead = (damaged: Uint8Array): "ok" | "refused" => {
    try {
      const model = fromOnnx(damaged);
      model.run(...model.inputs.map(({ dtype, shape }) => zeros((shape ?? []).map((n) => (typeof n === "number" ? Math.min(n, 9) : 2)), { dtype }))); // biome-ignore format: one call
      return "ok";
    } catch (error) {
      if (!(error instanceof WengertError)) throw error;
      return "refused";
    }
  };

  test("a file that is truncated at any length throws an error", () => {
    for (let n = 0; n < bytes.length; n++) {
      expect(() => fromOnnx(bytes.slice(0, n)), `${n} bytes`).toThrow(DataError);
    }
  });

  test("a changed byte gives another model, or an error of the library", () => {
    const results = { ok: 0, refused: 0 };
    const indices = sampled([...bytes.keys()], 5);
    for (const i of indices)
      for (const change of [1, 0x80, 0xff]) {
        const damaged = bytes.slice();
        damaged[i]! ^= change;
        results[tryToRead(damaged)]++;
      }
    expect(results.refused).toBeGreaterThan(indices.length / 2);
    expect(results.ok).toBeGreaterThan(indices.length / 10);
  });
});
