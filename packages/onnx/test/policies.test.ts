import { compile } from "@wengert/compile";
import { evaluate, type Tensor, tensor, trace } from "@wengert/core";
import * as ops from "@wengert/ops";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { onnx, toOnnx } from "../src/index.ts";
import { run } from "./runtime.ts";

// Tests that exported programs follow docs/numerics.md in ONNX Runtime for NaN, infinities, ties and the tails of
// functions. docs/onnx.md lists the differences.

const rows = tensor([[1, Number.NaN], [1, -Infinity], [Infinity, 0], [-Infinity, -Infinity]]); // biome-ignore format: a matrix
const numbers = tensor([1, Number.NaN, 3]);
const extremes = tensor([-800, -50, -20, 20, 800, Number.NaN, -Infinity, Infinity]);
const divisors = tensor([7, -7, 2, -3, 0.5, -0.5, 0.3, 0, -0, 1e-20, 1e30, Number.NaN, Infinity, -Infinity]);
const image = ops.reshape(tensor([1, Number.NaN, 3, 4]), { shape: [1, 2, 2, 1] });

const cases: readonly [string, (x: Tensor) => Tensor, Tensor][] = [
  ["max of NaN", (x) => ops.max(x), numbers],
  ["min of NaN", (x) => ops.min(x, { axis: 1 }), rows],
  ["maximum of NaN", (x) => ops.maximum(x, 2), numbers],
  ["argmax of NaN", (x) => ops.argmax(x), numbers],
  ["median of NaN", (x) => ops.median(x), numbers],
  [
    "quantile between infinities and numbers",
    (x) => ops.quantile(x, [0.1, 0.4, 0.9]),
    tensor([-Infinity, 1, Infinity]),
  ],
  ["relu of NaN and infinities", (x) => ops.relu(x), extremes],
  ["clip of NaN", (x) => ops.clip(x, { min: 0, max: 2 }), numbers],
  ["softmax per row", (x) => ops.softmax(x), rows],
  ["logSoftmax per row", (x) => ops.logSoftmax(x), rows],
  ["logSumExp per row", (x) => ops.logSumExp(x, { axis: 1 }), rows],
  ["both tails of sigmoid", (x) => ops.sigmoid(x), extremes],
  ["both tails of softplus", (x) => ops.softplus(x), extremes],
  ["both tails of logSigmoid", (x) => ops.logSigmoid(x), extremes],
  ["small arguments of expm1", (x) => ops.expm1(x), tensor([1e-20, -1e-9, 1e-5, -Infinity])],
  ["small arguments of log1p", (x) => ops.log1p(x), tensor([1e-20, -1e-9, 1e-5, -1, Infinity])],
  ["powers of 0", (x) => ops.pow(x, 0), tensor([Number.NaN, 0, Infinity])],
  ["halves, which round to even", (x) => ops.round(x), tensor([0.5, 1.5, 2.5])],
  ["mod, which has the sign of the divisor", (x) => ops.mod(x, -3), tensor([5, -5, 6])],
  ["floorDivide of special values", (x) => ops.floorDivide(ops.expandDims(x, { axis: 1 }), x), divisors],
  [
    "floorDivide of int32, which wraps around",
    (x) => {
      const n = ops.cast(x, { dtype: "int32" });
      return ops.floorDivide(ops.expandDims(n, { axis: 1 }), n);
    },
    tensor([7, -7, 2, -3, 1, -1, -(2 ** 31)]),
  ],
  ["isClose of special values", (x) => ops.isClose(ops.expandDims(x, { axis: 1 }), x), divisors],
  [
    "isClose with other tolerances",
    (x) =>
      ops.isClose(ops.expandDims(x, { axis: 1 }), x, { relativeTolerance: 0.5, absoluteTolerance: 1, equalNaN: true }),
    divisors,
  ],
  ["ties of argsort", (x) => ops.argsort(x, { descending: true }), tensor([1, 2, 1, 2])],
  ["maxPool2d of NaN", (x) => ops.maxPool2d(x, { size: 2 }), image],
  ["an infinity in the branch that where does not take", (x) => ops.where(ops.greater(x, 2), x, 0), extremes],
  ["truncation by cast", (x) => ops.cast(x, { dtype: "int32" }), tensor([1.9, -1.9])],
];

/**
 * Runs a function with ONNX Runtime, either as an exported file without optimizations of the graph, or by the engine
 * `onnx(ort)` of `compile` with optimizations.
 */
const ways: Readonly<Record<string, (f: (x: Tensor) => Tensor, x: Tensor) => Promise<Tensor>>> = {
  "an exported program": async (f, x) => (await run(toOnnx(trace(f, x)), [x]))[0]!,
  "the engine": (f, x) => compile(f, { engine: onnx(ort) })(x),
};

const dtypes = ["float32", "float64"] as const;
const runs = Object.entries(ways).flatMap(([name, way]) => dtypes.map((dtype) => [name, dtype, way] as const));

describe.each(runs)("%s in %s follows the policy for", (_, dtype, way) => {
  test.each(cases)("%s", async (_, f, input) => {
    const x = tensor(input, { dtype });
    const program = trace(f, x);
    const got = [(await way(f, x)).toNested()].flat(9).map(Number);
    const wanted = [evaluate(program, x).toNested()].flat(9).map(Number);
    for (const [i, y] of wanted.entries()) {
      const isNear = Math.abs(got[i]! - y) <= (dtype === "float32" ? 4e-7 : 4e-15) * Math.abs(y);
      expect(isNear || Object.is(got[i]! + 0, y + 0), `element ${i}: ${got[i]} for ${y}`).toBe(true);
    }
  });
});
