import { type Tensor, tensor, trace, treeMap } from "@wengert/core";
import { walk } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import * as nn from "@wengert/nn";
import { heNormal, mean, mul, orthogonal, randomKey, randomNormal, std, sum } from "@wengert/ops";
import { describe, expect, test } from "vitest";
import { cases } from "./layers.ts";

const shapesOf = (params: unknown): Record<string, readonly number[]> => {
  const shapes: Record<string, readonly number[]> = {};
  walk("test", params, "params", ({ shape }, path) => {
    shapes[path] = shape;
  });
  return shapes;
};

/** The exports of nn that do not return a layer. */
const others = ["summary", "gruCell", "lstmCell"];

test("the cases have each exported layer", () => {
  const names = new Set(Object.keys(cases).map((name) => name.split(" ")[0]));
  expect([...names, ...others].sort()).toEqual(Object.keys(nn).sort());
});

/** The function `trace` of core, with a type that accepts a layer with parameters of an unknown type. */
const traced = trace as unknown as (
  f: (params: never, x: Tensor) => Tensor,
  params: unknown,
  x: Tensor,
) => ReturnType<typeof trace>;
/** `gradcheck` with a looser type, which accepts any function and any arguments. */
const checkGradient = gradcheck as unknown as (f: unknown, args: readonly unknown[], options: object) => void;

describe.each(Object.entries(cases))("%s", (_, { layer, x, params: expected, output }) => {
  const key = randomKey(3);
  const params = layer.init(key, x);
  const apply = layer.apply as (params: unknown, x: Tensor, options?: nn.ApplyOptions) => Tensor;

  test("has parameters of the documented shapes, the same for the same key", () => {
    expect(shapesOf(params)).toEqual(expected);
    expect(layer.init(key, { shape: x.shape, dtype: x.dtype })).toEqual(params);
  });

  test("has float32 parameters and output if asked", () => {
    if (layer.name === "shift") return; // its parameters ignore the dtype
    const kind = x.dtype === "int32" ? x : { shape: x.shape, dtype: "float32" as const };
    const narrow = layer.init(key, kind, { dtype: "float32" });
    walk("test", narrow, "params", ({ dtype }, path) => expect([path, dtype]).toEqual([path, "float32"]));
    expect(traced(layer.apply, narrow, kind as Tensor).value).toMatchObject({ dtype: "float32", shape: output });
  });

  test("has an output of the documented shape, when it runs and when it is traced", () => {
    expect(apply(params, x).shape).toEqual(output);
    expect(traced(layer.apply, params, x).outputs[0]?.shape).toEqual(output);
  });

  test("has the derivatives that finite differences give, in training too", () => {
    for (const options of [undefined, { key, training: true }])
      checkGradient((params: unknown, x: Tensor) => apply(params, x, options), [randomized(params), x], {
        order: options ? 1 : 2,
        directions: 1,
      });
  });
});

/**
 * Returns a copy of a parameter tree with random numbers instead of the initial values, so that no bias is 0 and no
 * scale is 1.
 */
const randomized = (params: unknown): unknown =>
  treeMap((leaf) => randomNormal(randomKey(leaf.size), { shape: leaf.shape }), params as Tensor);

describe("initial parameters", () => {
  const key = randomKey(5);

  test("dense draws W uniform in ±√(6 / (inputs + outputs)), and starts b at zeros", () => {
    const { W, b } = nn.dense(300).init(key, [1, 200]);
    const limit = Math.sqrt(6 / 500);
    const numbers = W.toNested<number[][]>().flat();
    expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(std(W).item() / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(b.toNested()).toEqual(new Array(300).fill(0));
  });

  test("weightInit replaces the initial weights, and gets the shape with its channels", () => {
    const { W } = nn.conv2d(64, { size: 3, weightInit: heNormal }).init(key, [1, 8, 8, 32]);
    expect(std(W).item() / Math.sqrt(2 / (9 * 32))).toBeCloseTo(1, 1);
    const square = nn.dense(4, { weightInit: orthogonal }).init(key, [1, 4]).W;
    expect(sum(mul(square, square)).item()).toBeCloseTo(4, 12);
  });

  test("embedding draws standard normal vectors, positionEmbedding small ones", () => {
    const kind = { shape: [1, 9], dtype: "int32" } as const;
    const { W } = nn.embedding({ numEmbeddings: 100, units: 50 }).init(key, kind);
    expect(Math.abs(mean(W).item())).toBeLessThan(0.05);
    expect(std(W).item()).toBeCloseTo(1, 1);
    expect(std(nn.positionEmbedding({ length: 100 }).init(key, [1, 9, 50]).W).item()).toBeCloseTo(0.02, 2);
  });

  test("layers of one net have different weights, and another key changes all of them", () => {
    const net = nn.sequential(nn.dense(3), nn.dense(3), nn.residual(nn.dense(3)));
    const weights = (seed: number) => {
      const [a, b, [c]] = net.init(randomKey(seed), [1, 3]);
      return [a.W, b.W, c.W].map(String);
    };
    expect(new Set([...weights(1), ...weights(2)]).size).toBe(6);
  });

  test("the batch size and later layers have no effect", () => {
    const short = nn.sequential(nn.dense(3)).init(key, [1, 2]);
    const [first] = nn.sequential(nn.dense(3), nn.dense(4)).init(key, [50, 2]);
    expect(first).toEqual(short[0]);
  });

  test("have the dtype of an example input, of a spec, or of the option", () => {
    const net = nn.sequential(nn.dense(2));
    expect(net.init(key, tensor([[1, 2]], { dtype: "float32" }))[0].W.dtype).toBe("float32");
    expect(net.init(key, { shape: [1, 2] })[0].W.dtype).toBe("float64");
    expect(net.init(key, [1, 2], { dtype: "float32" })[0].W.dtype).toBe("float32");
    expect(nn.embedding({ numEmbeddings: 3, units: 2 }).init(key, { shape: [1], dtype: "int32" }).W.dtype).toBe(
      "float64",
    );
  });
});
