import { DTypeError, grad, ShapeError, type Tensor, TreeError, tensor, trace, treeMap, vjp } from "@wengert/core";
import { leaves, unflatten } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import { add, errorOf, mul, numbers, square, sum } from "./support.ts";

const leaf = tensor([1, 2]);
const model = { layers: [{ w: tensor([[1]]), b: tensor(2) }, { w: tensor([[3]]) }], "learning rate": tensor(4) };
const anyLeaves = leaves as (caller: string, tree: unknown, path: string) => Tensor[];
const anyMap = treeMap as (f: (...leaves: Tensor[]) => unknown, ...trees: unknown[]) => unknown;

describe("leaves and unflatten", () => {
  it("return the tensors in order, and replace them", () => {
    expect(leaves("test", model, "model").flatMap(numbers)).toEqual([1, 2, 3, 4]);
    expect(unflatten(model, ["a", "b", "c", "d"])).toEqual({
      layers: [{ w: "a", b: "b" }, { w: "c" }],
      "learning rate": "d",
    });
  });
  test.each<[string, unknown, number]>([
    ["a tensor", leaf, 1],
    ["an empty list", [], 0],
    ["an empty object", {}, 0],
    ["an object without a prototype", Object.assign(Object.create(null), { leaf }), 1],
    ["the same tensor twice", [leaf, leaf], 2],
  ])("accept %s", (_, tree, n) => {
    expect(anyLeaves("test", tree, "x")).toHaveLength(n);
    expect(unflatten(tree, anyLeaves("test", tree, "x"))).toEqual(tree);
  });
});

describe("a value that is not a tree throws with its path:", () => {
  class Layer {
    w = leaf;
  }
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  test.each<[string, unknown, RegExp]>([
    ["a number", { layers: [{ w: leaf }, { w: 3 }] }, /params\.layers\[1\]\.w must be a tensor .*, got 3/],
    ["a string", { name: "mlp" }, /params\.name must be a tensor .*, got the string "mlp"/],
    ["null", [null], /params\[0\] must be a tensor .*, got null/],
    ["undefined", { b: undefined }, /params\.b .*, got undefined/],
    ["a function", { act: Math.tanh }, /params\.act .*, got the function tanh/],
    ["a typed array", { w: new Float64Array(2) }, /params\.w .*, got a Float64Array/],
    ["an instance of a class", { layer: new Layer() }, /params\.layer .*, got a Layer; write { \.\.\.params\.layer }$/],
    ["a Map", new Map([["w", leaf]]), /params must be .*, got a Map/],
    ["a key with a space", { "a b": [1] }, /params\["a b"\]\[0\]/],
    ["a key that begins with a digit", { "0": 1 }, /params\["0"\]/],
    ["a key in another script", { größe: 1 }, /params\.größe/],
    ["a tree that contains itself", cyclic, /params\.self.*deeper than 100 levels; does it contain itself/],
  ])("%s", (_, params, message) => {
    const f = grad((params: Tensor) => sum(params)) as (params: unknown) => unknown;
    const error = errorOf(() => f(params));
    expect(error).toBeInstanceOf(TreeError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^grad: /);
  });

  it("the error for an integer among floats names its path", () => {
    const params = { layers: [{ w: leaf }, { w: tensor([1], { dtype: "int32" }) }] };
    const error = errorOf(() => grad((params: { layers: { w: Tensor }[] }) => sum(params.layers[0]!.w))(params));
    expect(error).toBeInstanceOf(DTypeError);
    expect(error.message).toMatch(/params\.layers\[1\]\.w is int32.*cast\(params\.layers\[1\]\.w, \{ dtype: "float64"/);
  });
});

describe("messages name an argument of a function by its name in the source:", () => {
  const bad = "three" as unknown as Tensor;
  const good = tensor(1);
  function loss(a: Tensor, weights: Tensor) {
    return add(a, weights);
  }
  test.each<[string, (a: Tensor, b: Tensor) => Tensor, string]>([
    ["arrow", (a, weights) => add(a, weights), "weights"],
    ["function", loss, "weights"],
    ["rest", (...all) => add(all[0]!, all[1]!), "argument 1"],
    ["destructured", (...[a, b]) => add(a, b), "argument 1"],
    ["without a source", add.bind(null) as (a: Tensor, b: Tensor) => Tensor, "argument 1"],
  ])("%s", (_, f, name) => {
    expect(errorOf(() => vjp(f, good, bad)).message).toContain(`vjp: ${name} must be a tensor`);
  });
});

describe("treeMap", () => {
  it("maps corresponding tensors and keeps the structure", () => {
    const doubled = treeMap((a, b) => add(a, b!), model, model);
    expect(leaves("test", doubled, "").flatMap(numbers)).toEqual([2, 4, 6, 8]);
    expect(Object.keys(doubled)).toEqual(["layers", "learning rate"]);
  });
  it("pairs entries by key, in any order", () => {
    const result = treeMap((a, b) => mul(a, b!), { x: tensor(2), y: tensor(3) }, { y: tensor(5), x: tensor(7) });
    expect([result.x.item(), result.y.item()]).toEqual([14, 15]);
  });
  it("accepts any number of trees", () => {
    const two = [tensor(2)];
    expect(treeMap((a, b, c) => mul(add(a, b!), c!), two, two, [tensor(5)])[0]!.item()).toBe(20);
    expect(treeMap((a) => square(a), two)[0]!.item()).toBe(4);
  });
  it("is differentiable", () => {
    const f = (x: { a: Tensor; b: Tensor }) => {
      const y = treeMap((leaf) => square(leaf), x);
      return add(y.a, y.b);
    };
    const g = grad(f)({ a: tensor(3), b: tensor(4) });
    expect([g.a.item(), g.b.item()]).toEqual([6, 8]);
  });
  const { w } = { w: leaf };
  test.each<[string, unknown, unknown, RegExp]>([
    ["a missing key", { w, b: w }, { w }, /others\[0\] must be an object with w, b, like tree; got an object with w$/],
    ["an extra key", { w }, { w, b: w }, /must be an object with w, like tree; got an object with w, b$/],
    ["another key", { w }, { v: w }, /must be an object with w, like tree; got an object with v$/],
    ["an inherited key", { toString: w }, { v: w }, /an object with toString/],
    ["another length", [w, w], [w], /must be an array of 2, like tree; got an array of 1/],
    ["an array for an object", { 0: w }, [w], /must be an object with 0, like tree; got an array of 1/],
    ["an object for an array", [w], { 0: w }, /must be an array of 1, like tree; got an object with 0/],
    ["a tensor for a list", { l: [w] }, { l: w }, /others\[0\]\.l must be an array of 1, like tree\.l; got a Tensor/],
    ["a list for a tensor", { l: w }, { l: [w] }, /others\[0\]\.l must be a tensor, like tree\.l; got an array of 1/],
    [
      "nothing for a tensor",
      [{ l: w }],
      [{ l: undefined }],
      /others\[0\]\[0\]\.l must be a tensor, like tree\[0\]\.l; got undefined/,
    ],
  ])("names both paths for %s", (_, tree, other, message) => {
    const error = errorOf(() => anyMap((a) => a, tree, other));
    expect(error).toBeInstanceOf(TreeError);
    expect(error.message).toMatch(message);
  });
  it("names the second of several trees", () => {
    expect(() => anyMap((a) => a, [w], [w], [])).toThrow(/others\[1\] must be an array of 1/);
  });
});

describe("a cotangent must have the structure, dtypes and shapes of the value", () => {
  const { pullback } = vjp((x: Tensor) => ({ y: x, z: [sum(x)] as const }), leaf) as unknown as {
    pullback: (cotangent: unknown) => unknown;
  };
  test.each<[unknown, typeof ShapeError, RegExp]>([
    [{ y: leaf }, TreeError, /the cotangent must be an object with y, z, like the value of f;/],
    [{ y: leaf, z: [leaf, leaf] }, TreeError, /the cotangent at z must be an array of 1, like the value of f at z;/],
    [
      { y: tensor([1]), z: [tensor(1)] },
      ShapeError,
      /the cotangent at y must .* of the value of f at y, float64 \[2\]; got float64 \[1\]/,
    ],
    [
      { y: leaf, z: [tensor(1, { dtype: "float32" })] },
      ShapeError,
      /float64 \[\]; got float32 \[\]; write cast\(\.\.\., { dtype: "float64" }\)/,
    ],
    [{ y: leaf, z: [3] }, TreeError, /the cotangent at z\[0\] must be a tensor/],
  ])("case %#: otherwise the pullback throws", (cotangent, Class, message) => {
    const error = errorOf(() => pullback(cotangent));
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
});

it("specs of a program are named by argument and path", () => {
  const f = (params: { w: Tensor[] }) => params.w[0]!;
  const { inputs } = trace(f, { w: [{ shape: [2] }, { shape: [], label: "scale" }] });
  expect(inputs.map(({ label }) => label)).toEqual(["params.w[0]", "scale"]);
});
