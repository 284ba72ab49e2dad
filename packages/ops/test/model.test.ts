import {
  cost,
  evaluate,
  explain,
  grad,
  hvp,
  nonFinite,
  type Tensor,
  tensor,
  toDot,
  trace,
  treeMap,
  valueAndGrad,
} from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import {
  add,
  argmax,
  concat,
  crossEntropy,
  equal,
  exp,
  log,
  matmul,
  mean,
  mul,
  randomKey,
  randomNormal,
  softmax,
  splitKey,
  sqrt,
  sub,
  sum,
  tanh,
  transpose,
} from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { int32, numbers, plainValues, random, tensorsIn } from "./support.ts";

interface Layer {
  readonly w: Tensor;
  readonly b: Tensor;
}
/**
 * The model of this test is a network with one hidden layer. The data are three clouds of points, and the optimizer is
 * gradient descent.
 */
const [k1, k2, k3, k4] = splitKey(randomKey(1), 4) as [Tensor, Tensor, Tensor, Tensor];
const params: readonly Layer[] = [
  { w: randomNormal(k1, { shape: [2, 8] }), b: tensor(new Float64Array(8)) },
  { w: randomNormal(k2, { shape: [8, 3] }), b: tensor(new Float64Array(3)) },
];
const centers = [
  [2, 0],
  [-1, 2],
  [-1, -2],
];
const labels = int32(Array.from({ length: 60 }, (_, i) => i % 3));
const points = add(tensor(numbers(labels).map((k) => centers[k]!)), mul(randomNormal(k3, { shape: [60, 2] }), 0.3));

const logits = ([hidden, output]: readonly Layer[], x: Tensor): Tensor =>
  add(matmul(tanh(add(matmul(x, hidden!.w), hidden!.b)), output!.w), output!.b);
const loss = (net: readonly Layer[], x: Tensor, y: Tensor): Tensor => crossEntropy(logits(net, x), y);
const step = (net: readonly Layer[], x: Tensor, y: Tensor) => {
  const { value, grad: gradient } = valueAndGrad(loss)(net, x, y);
  return { net: treeMap((p, g) => sub(p, mul(g!, 0.5)), net, gradient), loss: value };
};

describe("a small network", () => {
  it("has derivatives that agree with finite differences, to order 2", () => {
    gradcheck((net: readonly Layer[]) => loss(net, points, labels), [params], { directions: 1 });
  });
  it("lowers its loss in training", () => {
    let net = params;
    for (let i = 0; i < 50; i++) net = step(net, points, labels).net;
    const right = sum(equal(argmax(logits(net, points), { axis: 1 }), labels)).item();
    expect([right, loss(net, points, labels).item() < 0.05]).toEqual([60, true]);
  });
  it("trains identically with one traced program", () => {
    const program = trace(step, params, points, labels);
    let [eager, planned] = [step(params, points, labels), evaluate(program, params, points, labels)];
    for (let i = 0; i < 10; i++) {
      expect(plainValues(tensorsIn(planned))).toEqual(plainValues(tensorsIn(eager)));
      [eager, planned] = [step(eager.net, points, labels), evaluate(program, planned.net, points, labels)];
    }
    expect(explain(program).split("\n").length).toBeGreaterThan(program.steps.length);
    expect(toDot(program)).toMatch(/softmax|crossEntropy/);
    expect(cost(program).flops).toBeGreaterThan(2 * 60 * (2 * 8 + 8 * 3));
  });
  it("has a gradient with respect to its data, and second-order gradients", () => {
    const penalty = (net: readonly Layer[], x: Tensor) => {
      const g = grad((a: Tensor) => loss(net, a, labels))(x);
      return sum(mul(g, g));
    };
    gradcheck((net: readonly Layer[]) => penalty(net, points), [params], { order: 1, directions: 1 });
    const direction = treeMap((p) => random(p.shape), params);
    expect(
      tensorsIn(hvp((net: readonly Layer[]) => loss(net, points, labels))(params, direction))
        .flatMap(numbers)
        .every(Number.isFinite),
    ).toBe(true);
  });
  it("gives the same in float32, to seven digits", () => {
    const single = <T>(tree: T): T => treeMap((t) => tensor(t, { dtype: "float32" }), tree as never) as T;
    const [a, b] = [
      valueAndGrad(loss)(params, points, labels),
      valueAndGrad(loss)(single(params), single(points), labels),
    ];
    expect(b.value.item()).toBeCloseTo(a.value.item(), 6);
    const [p, q] = [a, b].map(({ grad: g }) => tensorsIn(g).flatMap(numbers));
    for (const [i, x] of p!.entries()) expect(q![i]).toBeCloseTo(x, 6);
  });
});

describe("nonFinite reports the op, the index and the fix", () => {
  it.each<[string, (x: Tensor) => Tensor, Tensor, "value" | "cotangent", RegExp]>([
    ["log", (x) => log(softmax(x)), tensor([0, -800]), "value", /log is -Infinity at \[1\].*use logSoftmax/],
    ["exp", (x) => sum(exp(x)), tensor([1, 800]), "value", /exp is Infinity at \[1\].*subtract the maximum/],
    [
      "sqrt",
      (x) => sum(sqrt(x)),
      tensor([1, 0]),
      "cotangent",
      /cotangent of input 0 of sqrt is Infinity at \[1\].*where\(greater/,
    ],
    ["mul", (x) => mul(x, concat([exp(x)])), tensor([1e5]), "value", /exp is Infinity/],
    ["norm", (x) => sqrt(sum(mul(x, x))), tensor([0, 0]), "cotangent", /sqrt/],
  ])("%s", (_, f, x, where, message) => {
    const report = nonFinite((a: Tensor) => f(a), x)!;
    expect([report.where, report.site?.includes("model.test.ts")]).toEqual([where, true]);
    expect(report.message).toMatch(message);
  });
  it("and returns undefined if all is finite", () =>
    expect(nonFinite((a: Tensor) => mean(tanh(transpose(a))), randomNormal(k4, { shape: [3, 2] }))).toBe(undefined));
});
