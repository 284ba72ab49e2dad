import { grad, hessian, type Tensor, tensor, treeMap, zeros } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import {
  abs,
  add,
  binaryCrossEntropy,
  cast,
  concat,
  cos,
  crossEntropy,
  exp,
  log,
  matmul,
  mul,
  pow,
  randomKey,
  randomNormal,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  sum,
} from "@wengert/ops";
import { describe, expect, expectTypeOf, it, test } from "vitest";
import { lbfgs, type Minimum, newton } from "../src/index.ts";

const numbersOf = (tree: unknown): number[] =>
  leaves("numbersOf", tree, "tree").flatMap((leaf) => [leaf.toNested()].flat(9) as number[]);
const largest = (tree: unknown): number => Math.max(0, ...numbersOf(tree).map(Math.abs));

/** The Rosenbrock function (H. Rosenbrock 1960): Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)² */
const rosenbrock = (x: Tensor): Tensor => {
  const [n] = x.shape as [number];
  const [head, tail] = [slice(x, { stop: [n - 1] }), slice(x, { start: [1] })];
  return sum(add(mul(100, square(sub(tail, square(head)))), square(sub(1, head))));
};

const rows = randomNormal(randomKey(3), { shape: [80, 4] });
const noise = randomNormal(randomKey(4), { shape: [80] });
const labels = cast(
  tensor(numbersOf(add(matmul(rows, tensor([1, -2, 0.5, 3])), noise)).map((z) => (z > 0.5 ? 1 : 0))),
  {
    dtype: "float64",
  },
);
interface Weights {
  readonly w: Tensor;
  readonly bias: Tensor;
}
const logistic = ({ w, bias }: Weights): Tensor =>
  add(binaryCrossEntropy(add(matmul(rows, w), bias), labels), mul(0.005, sum(square(w))));
const start: Weights = { w: zeros([4]), bias: zeros([]) };

const methods = { lbfgs, newton } as const;

describe.each(Object.entries(methods))("%s", (name, minimize) => {
  it.each([2, 10])("finds the minimum of the Rosenbrock function of %d variables", (n) => {
    for (const first of [-1.2, 0, 3]) {
      const from = tensor(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? first : 1)));
      const { params, loss, gradientNorm, reason } = minimize(rosenbrock, from);
      expect([first, reason]).toEqual([first, "converged"]);
      expect(gradientNorm).toBeLessThanOrEqual(1e-10);
      const apart = largest(sub(params, 1));
      if (apart > 1) continue; // with four or more variables, Rosenbrock's function has a second minimum near (−1, 1, …, 1)
      expect(apart).toBeLessThan(1e-10);
      expect(loss).toBeLessThan(1e-20);
    }
  });

  it("fits a logistic regression in the caller's tree", () => {
    const minimum = minimize(logistic, start);
    expectTypeOf(minimum).toEqualTypeOf<Minimum<Weights>>();
    expect(minimum.reason).toBe("converged");
    expect(minimum.gradientNorm).toBe(largest(grad(logistic)(minimum.params)));
    expect(minimum.gradientNorm).toBeLessThanOrEqual(1e-10);
    expect(minimum.loss).toBe(logistic(minimum.params).item());
    const other = (minimize === lbfgs ? newton : lbfgs)(logistic, start);
    expect(largest(treeMap((a, b) => sub(a, b), minimum.params, other.params))).toBeLessThan(1e-9);
  });

  it("needs few steps and evaluations", () => {
    const { iterations, evaluations } = minimize(logistic, start);
    expect(iterations).toBeLessThan(name === "newton" ? 8 : 25);
    expect(evaluations).toBeLessThan(name === "newton" ? 10 : 35);
  });

  it("converges from a region where the loss is not convex", () => {
    const from = { x: tensor([3, 2.5, -2]), y: tensor(0.01) };
    const bumps = ({ x, y }: typeof from) => add(sub(3, sum(cos(x))), square(sub(pow(y, 2), 1)));
    const { params, reason, loss } = minimize(bumps, from);
    expect(reason).toBe("converged");
    expect(loss).toBeLessThan(1e-20);
    expect(Math.abs(params.y.item())).toBeCloseTo(1, 10);
  });

  it("recovers from trials with a NaN or infinite loss", () => {
    const barrier = (x: Tensor) => sum(sub(x, log(x)));
    expect(numbersOf(minimize(barrier, tensor([100, 1e-3])).params)).toEqual([1, 1].map((x) => expect.closeTo(x, 9)));
    const steep = (x: Tensor) => add(exp(mul(x, 300)), square(x));
    expect(minimize(steep, tensor(2.3), { maxIterations: 1000 }).gradientNorm).toBeLessThan(1e-10);
  });

  it("finds a minimum where losses differ by less than their rounding error", () => {
    const hidden = (x: Tensor) => add(1e6, sum(mul(tensor([0.5, 1, 30]), square(sub(x, tensor([1, 2, 3]))))));
    const { params, reason } = minimize(hidden, zeros([3]));
    expect(reason).toBe("converged");
    expect(largest(sub(params, tensor([1, 2, 3])))).toBeLessThan(1e-10);
  });

  it("keeps dtypes, shapes and labels", () => {
    const from = {
      single: tensor([[1, 2]], { dtype: "float32" }),
      double: tensor(1, { label: "d" }),
      none: zeros([0]),
    };
    const far = ({ single, double }: typeof from) =>
      add(sum(square(sub(cast(single, { dtype: "float64" }), 0.5))), square(sub(double, 0.1)));
    const { params } = minimize(far, from, { tolerance: 1e-6 });
    expect(leaves("kinds", params, "params").map(({ dtype, shape, label }) => [dtype, shape, label])).toEqual([
      ["float32", [1, 2], undefined],
      ["float64", [], "d"],
      ["float64", [0], undefined],
    ]);
    expect(params.single.toNested()).toEqual([[0.5, 0.5]]);
    expect(params.double.item()).toBeCloseTo(0.1, 6);
  });

  it("reports that it has not converged", () => {
    const few = minimize(rosenbrock, tensor([-1.2, 1]), { maxIterations: 3 });
    expect([few.reason, few.iterations]).toEqual(["iterations", 3]);
    const none = minimize(rosenbrock, tensor([-1.2, 1]), { maxIterations: 0 });
    expect([none.reason, none.evaluations, numbersOf(none.params)]).toEqual(["iterations", 1, [-1.2, 1]]);
    const exact = minimize((x: Tensor) => sum(square(sub(exp(x), 0.1))), tensor([1, 2]), { tolerance: 0 });
    expect(exact.gradientNorm).toBeLessThan(1e-15);
    expect(["converged", "precision"]).toContain(exact.reason);
    expect(minimize((x: Tensor) => sum(mul(x, 3)), zeros([2]), { maxIterations: 5 }).reason).toBe("iterations");
  });

  it("accepts empty parameters", () => {
    expect(minimize(() => tensor(3), {})).toEqual({
      ...{ params: {}, loss: 3, gradientNorm: 0, iterations: 0, evaluations: 1, reason: "converged" },
    });
  });
});

test("float32 parameters converge to float32 precision", () => {
  const far = (x: Tensor) => sum(square(sub(sqrt(x), 1.1)));
  const { params, reason, evaluations } = lbfgs(far, tensor([3, 4], { dtype: "float32" }), { tolerance: 0 });
  expect(["converged", "precision"]).toContain(reason);
  expect(evaluations).toBeLessThan(200);
  expect(numbersOf(params)).toEqual([1.21, 1.21].map((x) => expect.closeTo(x, 6)));
});

test.each(Object.entries(methods))(
  "%s converges to the precision of a float32 loss, for parameters of any dtype",
  (_, minimize) => {
    const hidden = (x: Tensor) => add(100, sum(square(sub(cast(x, { dtype: "float32" }), 1.1))));
    const { params, gradientNorm } = minimize(hidden, tensor([3, -4, 10]));
    expect(gradientNorm).toBeLessThan(1e-6);
    expect(numbersOf(params)).toEqual([1.1, 1.1, 1.1].map((x) => expect.closeTo(x, 6)));
  },
);

test("lbfgs with a larger memorySize takes fewer steps on an ill-conditioned loss", () => {
  const curvatures = tensor(Array.from({ length: 8 }, (_, i) => 4 ** i));
  const valley = (x: Tensor) => sum(mul(curvatures, square(x)));
  const from = tensor(new Array<number>(8).fill(1));
  const [short, long] = [1, 16].map((memory) => lbfgs(valley, from, { memorySize: memory, tolerance: 1e-8 }));
  expect(long!.reason).toBe("converged");
  expect(long!.iterations).toBeLessThan(short!.iterations / 2);
});

test.each(Object.entries(methods))(
  "%s ends with finite numbers on a loss with kinks or a bounded domain",
  (_, minimize) => {
    const kinks = (x: Tensor) => sum(add(abs(x), square(sub(x, 0.1))));
    for (const [f, from] of [
      [kinks, tensor([3, -1, 7])],
      [(x: Tensor) => sum(sqrt(x)), tensor([1])],
      [(x: Tensor) => sum(log(x)), tensor([1, 2])],
    ] as const) {
      const { params, loss, gradientNorm, evaluations } = minimize(f, from);
      expect([...numbersOf(params), loss, gradientNorm].every(Number.isFinite)).toBe(true);
      expect(loss).toBeLessThan(f(from).item() / 100 + 0.04);
      expect(evaluations).toBeLessThan(3000);
    }
  },
);

test.each(Object.entries(methods))(
  "%s ends if the rounding error of the gradient exceeds the tolerance",
  (_, minimize) => {
    const large = randomNormal(randomKey(20), { shape: [40, 20] });
    const f = (x: Tensor) => mul(1e12, sum(square(sub(matmul(large, x), 1))));
    const { reason, loss, iterations, params } = minimize(f, zeros([20]));
    expect(reason).toBe("precision");
    expect(iterations).toBeLessThan(199);
    expect(largest(grad(f)(params))).toBeLessThan(1e-14 * 40 * loss);
  },
);

test("newton solves a quadratic in one step for any curvatures", () => {
  const curvatures = tensor(Array.from({ length: 17 }, (_, i) => 10 ** (i - 8)));
  const { iterations, reason, params } = newton((x: Tensor) => sum(mul(curvatures, square(sub(x, 1)))), zeros([17]));
  expect([iterations, reason]).toEqual([1, "converged"]);
  expect(largest(sub(params, 1))).toBeLessThan(1e-9);
});

test("newton needs no weight decay for softmax, whose Hessian is singular", () => {
  const classes = tensor(
    Array.from({ length: 80 }, (_, i) => (i * 7) % 3),
    { dtype: "int32" },
  );
  const loss = (W: Tensor) => crossEntropy(matmul(rows, W), classes);
  const { reason, iterations, params } = newton(loss, zeros([4, 3]));
  expect(reason).toBe("converged");
  expect(iterations).toBeLessThan(8);
  expect(largest(grad(loss)(params))).toBeLessThan(1e-10);
});

test("newton distinguishes a saddle point from a minimum", () => {
  const saddle = ({ a, b }: { a: Tensor; b: Tensor }) => add(square(a), sub(pow(b, 4), square(b)));
  expect(newton(saddle, { a: tensor(1), b: tensor(0) }).reason).toBe("saddle");
  const { reason, params } = newton(saddle, { a: tensor(1), b: tensor(1e-6) });
  expect(reason).toBe("converged");
  expect(params.b.item()).toBeCloseTo(Math.SQRT1_2, 10);
});

test("newton assembles the Hessian with its blocks in place", () => {
  // Newton's method minimizes a quadratic in one step, but only if the Hessian is right. The quadratic of this test
  // couples all tensors, so every block of the Hessian matters.
  const [A, c] = [randomNormal(randomKey(1), { shape: [6, 6] }), randomNormal(randomKey(2), { shape: [6] })];
  const from = { M: zeros([2, 2]), v: [zeros([1]), zeros([])] as const };
  const loss = ({ M, v: [x, y] }: typeof from) => {
    const z = concat([reshape(M, { shape: [4] }), x, reshape(y, { shape: [1] })]);
    return add(sum(square(matmul(A, sub(z, c)))), mul(0.1, sum(square(z))));
  };
  expect(hessian(loss)(from).M.v[0].shape).toEqual([2, 2, 1]);
  expect(newton(loss, from, { tolerance: 1e-9 }).iterations).toBe(1);
});

describe.each(Object.entries(methods))(
  "%s ends with finite numbers, at a loss no higher than at the start,",
  (_, minimize) => {
    const scales = [1e-308, 1e-150, 1, 1e150, 0.5e308];
    const starts = [1e-300, 1e-150, 1e-3, 1, 1e3, 1e150, 1e300];
    const shapes: Readonly<Record<string, (x: Tensor) => Tensor>> = {
      "a parabola": square,
      "a flat minimum": (x) => pow(x, 4),
      "a line": (x) => x,
      "a cliff": exp,
    };
    for (const [name, shape] of Object.entries(shapes))
      for (const dtype of ["float64", "float32"] as const)
        it(`on ${name} of any scale and sign, from any start, for ${dtype} parameters`, () => {
          for (const scale of scales.flatMap((s) => [s, -s]))
            for (const start of starts) {
              const loss = (x: Tensor) => mul(scale, sum(shape(cast(x, { dtype: "float64" }))));
              const from = tensor([start, -start / 2], { dtype });
              const values = [...numbersOf(loss(from)), ...numbersOf(grad(loss)(from))];
              if (!values.every(Number.isFinite)) continue;
              const { params, loss: end, evaluations } = minimize(loss, from, { maxIterations: 8 });
              const text = `${scale} from ${start}`;
              expect(
                [...numbersOf(params), end].filter((x) => !Number.isFinite(x)),
                text,
              ).toEqual([]);
              expect(end, text).toBeLessThanOrEqual(values[0]!);
              expect(evaluations, text).toBeLessThanOrEqual(1 + 8 * 80);
            }
        });
  },
);

test("newton descends where the Hessian is as large as a double can be", () => {
  const { loss, reason } = newton((x: Tensor) => mul(-0.5e308, square(x)), tensor(1e-3));
  expect(loss).toBeLessThan(-1e307);
  expect(reason).not.toBe("converged");
  const coupled = (x: Tensor) => mul(0.8e308, square(sum(x)));
  expect(newton(coupled, tensor([1e-4, 2e-4])).loss).toBeLessThan(1e285);
});

test.each(Object.entries(methods))("%s rejects the value of a loss under its own name", (name, minimize) => {
  const values: readonly [(x: Tensor) => unknown, RegExp][] = [
    [(x) => x, /the loss must be a scalar, got .*; reduce it with mean/],
    [(x) => sum(x).item(), /the loss must be a scalar tensor, got 3; use ops/],
    [() => undefined, /the loss must be a scalar tensor, got undefined/],
    [async (x) => sum(x), /the loss must be a scalar tensor, got a Promise/],
    [(x) => cast(sum(x), { dtype: "int32" }), /the loss must be a float, got int32/],
  ];
  for (const [loss, message] of values) {
    const call = () => minimize(loss as (x: Tensor) => Tensor, tensor([1, 2]));
    expect(call).toThrow(message);
    expect(call).toThrow(new RegExp(`^${name}: `));
  }
});
