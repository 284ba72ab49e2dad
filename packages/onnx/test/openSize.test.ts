import { fromBinary } from "@bufbuild/protobuf";
import { grad, scan, type Tensor, tensor, trace, valueAndGrad, vmap } from "@wengert/core";
import {
  avgPool2d,
  conv2d,
  dense,
  flatten,
  gru,
  layerNorm,
  maxPool2d,
  sequential,
  transformerBlock,
} from "@wengert/nn";
import {
  add,
  arange,
  broadcastTo,
  concat,
  crossEntropy,
  cumsum,
  div,
  flip,
  matmul,
  mean,
  mul,
  pad,
  randomKey,
  relu,
  reshape,
  slice,
  softmax,
  sqrt,
  square,
  stack,
  sub,
  sum,
  tanh,
  transpose,
  variance,
} from "@wengert/ops";
import { adam, applyUpdates } from "@wengert/train";
import { type GraphProto, ModelProtoSchema, type ValueInfoProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { numbers, random } from "../../ops/test/support.ts";
import { fromOnnx, toOnnx } from "../src/index.ts";
import { hasChecker, problemsOf } from "./checker.ts";
import { run, tensorsOf } from "./runtime.ts";

const float32 = (shape: readonly number[], seed = 1) => tensor(random(shape, seed), { dtype: "float32" });
const labelsOf = (n: number, classes = 3) =>
  tensor(
    Array.from({ length: n }, (_, i) => (i * 7 + 1) % classes),
    { dtype: "int32" },
  );
const dtype = "float32";
const key = randomKey(1);

const mlp = sequential(dense(5), relu, dense(3));
const mlpParams = mlp.init(key, { shape: [8, 4], dtype });
const cnn = sequential(
  conv2d(4, { size: 3, padding: "same" }),
  relu,
  maxPool2d({ size: 2 }),
  conv2d(3, { size: 2 }),
  tanh,
  avgPool2d({ size: 2 }),
  flatten,
  dense(3),
);
const cnnParams = cnn.init(key, { shape: [8, 6, 6, 1], dtype });
const block = sequential(transformerBlock({ heads: 2, hidden: 8, causal: true }), layerNorm(), flatten, dense(3));
const blockParams = block.init(key, { shape: [8, 5, 4], dtype });
const recurrent = gru(3);
const recurrentParams = recurrent.init(key, { shape: [8, 5, 4], dtype });
const optimizer = adam({ learningRate: 0.05 });

type Net = { apply(params: never, x: Tensor): Tensor };
const lossOf = (net: Net, reduction: "mean" | "sum") => (params: Tensor, x: Tensor, labels: Tensor) =>
  crossEntropy(net.apply(params as never, x), labels, { reduction });
const W = float32([4, 3], 5);

/**
 * Functions, each with its arguments for a batch of n examples. Arguments that do not depend on n, such as parameters,
 * come first.
 */
const batched: readonly [title: string, f: (...args: never[]) => unknown, argsAt: (n: number) => unknown[]][] = [
  ["an MLP", (x: Tensor) => mlp.apply(mlpParams, x), (n) => [float32([n, 4])]],
  ["a softmax classifier", (x: Tensor) => softmax(matmul(x, W)), (n) => [float32([n, 4])]],
  ["a CNN", (x: Tensor) => cnn.apply(cnnParams, x), (n) => [float32([n, 6, 6, 1])]],
  ["a transformer block", (x: Tensor) => block.apply(blockParams, x), (n) => [float32([n, 5, 4])]],
  ["a recurrent layer", (x: Tensor) => recurrent.apply(recurrentParams, x), (n) => [float32([n, 5, 4])]],
  ...(["mean", "sum"] as const).flatMap((reduction) =>
    (
      [
        ["MLP", mlp, mlpParams, [4]],
        ["CNN", cnn, cnnParams, [6, 6, 1]],
        ["transformer", block, blockParams, [5, 4]],
      ] as const
    ).map(([title, net, params, shape]): (typeof batched)[number] => [
      `the ${reduction} loss of the ${title} with its gradient`,
      valueAndGrad(lossOf(net as unknown as Net, reduction)) as never,
      (n) => [params, float32([n, ...shape]), labelsOf(n)],
    ]),
  ),
  [
    "a training step with Adam",
    (params: typeof mlpParams, state: ReturnType<typeof optimizer.init>, x: Tensor, labels: Tensor) => {
      const { value, grad } = valueAndGrad(lossOf(mlp as unknown as Net, "mean"))(params as never, x, labels);
      const next = optimizer.update(grad as unknown as typeof params, state, params);
      return { params: applyUpdates(params, next.updates), state: next.state, loss: value };
    },
    (n) => [mlpParams, optimizer.init(mlpParams), float32([n, 4]), labelsOf(n)],
  ],
  [
    "gradients of each example by vmap",
    vmap(grad(lossOf(mlp as unknown as Net, "sum")), { inAxes: [null, 0, 0] }) as never,
    (n) => [mlpParams, float32([n, 4]), labelsOf(n)],
  ],
  [
    "a loop over the open axis",
    valueAndGrad((h: Tensor, xs: Tensor) => {
      const { carry, ys } = scan((h: Tensor, x: Tensor) => [tanh(add(h, x)), mul(h, x)] as const, h, xs);
      return add(sum(carry), sum(ys));
    }),
    (n) => [float32([2]), float32([n, 2])],
  ],
  [
    "statistics over the batch with their gradients",
    valueAndGrad((x: Tensor) => {
      const normalized = div(sub(x, mean(x, { axis: 0 })), sqrt(add(variance(x, { axis: 0 }), 1e-3)));
      return add(sum(mul(normalized, x)), mean(square(x)));
    }),
    (n) => [float32([n, 4])],
  ],
  [
    "shape ops along the open axis",
    (x: Tensor, y: Tensor) => [
      concat([x, y], { axis: 0 }),
      stack([x, x]),
      flip(x, { axis: 0 }),
      cumsum(x, { axis: 0 }),
      pad(x, { widths: [[1, 2], [0, 0]] }), // biome-ignore format: a list
      slice(y, { start: [1, 0], stop: [x.shape[0]! + 1, 4] }),
      reshape(x, { shape: [x.size] }),
      mul(x, reshape(arange(0, x.shape[0]!, { dtype }), { shape: [x.shape[0]!, 1] })),
      broadcastTo(reshape(sum(x), { shape: [1, 1] }), { shape: x.shape }),
    ],
    (n) => [float32([n, 4]), float32([2 * n, 4], 2)],
  ],
];

const more: typeof batched = [
  ["the open size on another axis", (x: Tensor) => mul(mean(x, { axis: 1 }), x.shape[1]!), (n) => [float32([2, n])]],
  [
    "two axes of the open size",
    (x: Tensor) => reshape(matmul(x, transpose(x)), { shape: [x.shape[0]!, 1, x.shape[0]!] }),
    (n) => [float32([n, 2])],
  ],
  [
    "an axis of size 0",
    (x: Tensor) => sum(reshape(x, { shape: [0, x.shape[0]!] }), { axis: 0 }),
    (n) => [float32([n, 0])],
  ],
];

const traceAt = (f: unknown, args: readonly unknown[]) => trace(f as (x: Tensor) => Tensor, ...(args as [Tensor]));
/** Traces `f` at two sizes n and m, such as two batch sizes, and exports both traces as one ONNX file. */
const exported = (f: unknown, argsAt: (n: number) => unknown[], [n, m]: readonly [number, number], options = {}) =>
  toOnnx(traceAt(f, argsAt(n)), { otherSize: traceAt(f, argsAt(m)), ...options });

function expectClose(got: readonly Tensor[], wanted: readonly Tensor[]): void {
  expect(got.map(({ dtype, shape }) => [dtype, shape])).toEqual(wanted.map(({ dtype, shape }) => [dtype, shape]));
  for (const [k, y] of wanted.entries())
    for (const [i, x] of numbers(y).entries())
      expect(Math.abs(numbers(got[k]!)[i]! - x)).toBeLessThan(2e-5 * Math.max(1, Math.abs(x)));
}

const graphOf = (bytes: Uint8Array): GraphProto => fromBinary(ModelProtoSchema, bytes).graph!;
const shapeOf = ({ type }: ValueInfoProto) => {
  if (type?.value.case !== "tensorType") throw new Error("not a tensor");
  return type.value.value.shape!.dim.map(({ value }) =>
    value.case === "dimParam" ? value.value : Number(value.value),
  );
};

const files = new Map<string, Uint8Array>();

describe("with otherSize, a file has an open size:", () => {
  // The traced batch sizes 4 and 6 are also the sizes of other axes.
  test.each([...batched, ...more])("%s runs at sizes that were not traced", async (title, f, argsAt) => {
    for (const [opset, sizes] of [
      [title.includes("loop") ? 16 : title.includes("size 0") ? 14 : 13, [12, 4]],
      [17, [6, 9]],
      [22, [4, 12]],
    ] as const) {
      const bytes = exported(f, argsAt, sizes, { opset });
      if (opset === 17) files.set(title, bytes);
      const model = fromOnnx(bytes);
      expect(model.inputs.some(({ shape }) => shape?.includes("batch"))).toBe(true);
      for (const n of [1, 5, 13]) {
        const inputs = tensorsOf(argsAt(n));
        const wanted = tensorsOf((f as (...args: unknown[]) => unknown)(...argsAt(n)));
        expectClose(await run(bytes, inputs), wanted);
        expectClose(model.run(...inputs), wanted);
      }
    }
  });

  test("its axes have the name of the size, and Reshape infers the size", () => {
    const bytes = exported(
      (x: Tensor, y: Tensor) => [reshape(x, { shape: [x.shape[0]!, 4] }), concat([y, y, sum(y, { keepDims: true })])],
      (n) => [float32([n, 2, 2]), float32([2 * n])],
      [8, 12],
      { dimension: "rows" },
    );
    const { input, output, node, initializer } = graphOf(bytes);
    expect(input.map(shapeOf)).toEqual([["rows", 2, 2], ["2*rows"]]);
    expect(output.map(shapeOf)).toEqual([["rows", 4], ["4*rows+1"]]);
    const target = initializer.find(({ name }) => name === node.find(({ opType }) => opType === "Reshape")!.input[1])!;
    expect([...new BigInt64Array(target.rawData.slice().buffer)]).toEqual([-1n, 4n]);
    expect(fromOnnx(bytes).inputs.map(({ shape }) => shape)).toEqual([["rows", 2, 2], ["2*rows"]]);
  });

  test("a model without numbers that depend on the size has the nodes of a trace at one size", () => {
    const [f, argsAt] = [(x: Tensor) => mlp.apply(mlpParams, x), (n: number) => [float32([n, 4])]];
    const [open, fixed] = [graphOf(exported(f, argsAt, [6, 9])), graphOf(toOnnx(traceAt(f, argsAt(6))))];
    expect(open.node).toEqual(fixed.node);
    expect(open.initializer).toEqual(fixed.initializer);
  });

  test("an imported file is traced at each size by the name", () => {
    const bytes = exported(
      (x: Tensor) => mlp.apply(mlpParams, x),
      (n) => [float32([n, 4])],
      [6, 9],
    );
    const program = fromOnnx(bytes).program({ batch: 3 });
    expect(program.outputs[0]!.shape).toEqual([3, 3]);
  });
});

test.skipIf(!hasChecker && !process.env.CI)("the checker of the ONNX project accepts files with open sizes", () => {
  expect(files.size).toBe(batched.length + more.length);
  expect(problemsOf(files)).toBe("");
});
