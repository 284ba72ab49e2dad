import {
  checkpoint,
  evaluate,
  explain,
  fixedPoint,
  grad,
  hessian,
  jacobian,
  root,
  scan,
  stopGradient,
  type Tensor,
  tensor,
  trace,
  vmap,
} from "@wengert/core";
import { describe, expect, it } from "vitest";
import { add, cos, div, errorOf, exp, expectClose, log, mul, neg, numbers, sin, square, sub, sum } from "./support.ts";

// For each element p of its argument, `cosine` solves x = cos(p x). `ofCosine` returns the derivative dx/dp = −x sin(p
// x) / (1 + p sin(p x)).
const cosine = (p: Tensor, start = tensor([0.5, 0.5, 0.5])): Tensor =>
  fixedPoint((x: Tensor, q: Tensor) => cos(mul(q, x)), start, p);
const ofCosine = (p: Tensor): Tensor => {
  const x = cosine(p);
  const slope = sin(mul(p, x));
  return div(neg(mul(x, slope)), add(mul(p, slope), 1));
};
const p = tensor([0.1, 0.5, 0.9]);
// Solves x² = a for x, for each element a.
const squareRoot = (a: Tensor): Tensor => root((x: Tensor, b: Tensor) => sub(square(x), b), tensor([1, 1, 1]), a);
const a = tensor([2, 3, 0.01]);
const power = (x: Tensor, n: number): Tensor => exp(mul(log(x), n));

describe("fixedPoint", () => {
  it("solves x = f(x, params)", () => expectClose(cos(mul(p, cosine(p))), cosine(p), 9));

  it("has derivatives of every order, from the implicit function theorem", () => {
    expectClose(grad((q: Tensor) => sum(cosine(q)))(p), ofCosine(p), 9);
    expectClose(hessian((q: Tensor) => sum(cosine(q)))(p), jacobian(ofCosine)(p), 8);
    const third = (f: (q: Tensor) => Tensor) => grad((q: Tensor) => sum(grad((r: Tensor) => sum(f(r)))(q)));
    expectClose(third((q) => grad((r: Tensor) => sum(cosine(r)))(q))(p), third(ofCosine)(p), 6);
  });

  it("gives accurate derivatives for a tiny cotangent", () => {
    const tiny = grad((q: Tensor) => mul(sum(cosine(q)), 1e-30))(p);
    expectClose(mul(tiny, 1e30), ofCosine(p), 9);
  });

  it("has no derivative by the start", () => {
    expect(numbers(grad((s: Tensor) => sum(cosine(p, s)))(tensor([0.3, 0.3, 0.3])))).toEqual([0, 0, 0]);
  });

  it("lets each entry of a batch converge by itself", () => {
    const single = (q: Tensor) => fixedPoint((x: Tensor, r: Tensor) => cos(mul(r, x)), tensor(0.5), q);
    const got = vmap(single)(p);
    expect(numbers(got)).toEqual([0.1, 0.5, 0.9].map((q) => single(tensor(q)).item()));
    expectClose(vmap(grad(single))(p), ofCosine(p), 9);
    expectClose(grad((q: Tensor) => sum(vmap(single)(q)))(p), ofCosine(p), 9);
    expect(numbers(vmap(vmap(single))(tensor([[0.1, 0.5, 0.9]])))).toEqual(numbers(got));
  });

  it("runs in a program, which holds the equation as a list", () => {
    const program = trace((q: Tensor) => cosine(q), p);
    expect(numbers(evaluate(program, p))).toEqual(numbers(cosine(p)));
    expect(explain(program)).toMatch(/fixedPoint tolerance=1e-10 maxSteps=1000 \{/);
    expectClose(
      evaluate(
        trace(
          grad((q: Tensor) => sum(cosine(q))),
          p,
        ),
        p,
      ),
      ofCosine(p),
      9,
    );
  });

  it("works in checkpoint, in scan, and in another equation", () => {
    expectClose(grad((q: Tensor) => sum(checkpoint((r: Tensor) => cosine(r))(q)))(p), ofCosine(p), 9);
    const twice = (q: Tensor) => scan((c: Tensor) => [cosine(c), undefined], q, undefined, { length: 2 }).carry;
    expectClose(grad((q: Tensor) => sum(twice(q)))(p), grad((q: Tensor) => sum(cosine(cosine(q))))(p), 8);
    const inner = (y: Tensor, q: Tensor) => fixedPoint((x: Tensor, [z, r]: [Tensor, Tensor]) => cos(mul(r, mul(x, z))), tensor([0.5, 0.5, 0.5]), [y, q] as [Tensor, Tensor]); // biome-ignore format: reads best on one line
    const outer = (q: Tensor) => fixedPoint((y: Tensor, r: Tensor) => inner(y, r), tensor([0.5, 0.5, 0.5]), q);
    const small = tensor([0.1, 0.2, 0.3]);
    const x = outer(small); // x = cos(q x²)
    const slope = sin(mul(small, square(x)));
    expectClose(grad((q: Tensor) => sum(outer(q)))(small), div(neg(mul(square(x), slope)), add(mul(mul(mul(small, x), slope), 2), 1)), 8); // biome-ignore format: reads best on one line
  });
});

describe("root", () => {
  it("solves f(x, params) = 0 to rounding", () => expectClose(squareRoot(a), power(a, 0.5), 15));

  it("has derivatives of every order, from the implicit function theorem", () => {
    expectClose(grad((b: Tensor) => sum(squareRoot(b)))(a), mul(power(a, -0.5), 0.5), 13);
    const second = grad((b: Tensor) => sum(grad((c: Tensor) => sum(squareRoot(c)))(b)));
    expectClose(second(a), mul(power(a, -1.5), -0.25), 11);
  });

  it("solves coupled equations for a tree of unknowns", () => {
    interface Pair {
      readonly x: Tensor;
      readonly y: Tensor;
    }
    const f = ({ x, y }: Pair, c: Tensor): Pair => ({ x: sub(add(x, sum(y)), c), y: sub(mul(y, 2), mul(y, x)) });
    const { x, y } = root(f, { x: tensor(5), y: tensor([1, 1]) }, tensor(6));
    expect(x.item() + numbers(y)[0]! + numbers(y)[1]!).toBeCloseTo(6, 12);
  });

  it("lets each entry of a batch converge by itself", () => {
    const batch = tensor([[2, 3, 4], [1e6, 1e-6, 9]]); // biome-ignore format: reads best on one line
    expectClose(vmap(squareRoot)(batch), power(batch, 0.5), 9);
    expectClose(vmap(grad((b: Tensor) => sum(squareRoot(b))))(batch), mul(power(batch, -0.5), 0.5), 9);
  });

  it("computes in float32", () => {
    const single = tensor([2, 3, 4], { dtype: "float32" });
    const x = root((y: Tensor, b: Tensor) => sub(mul(y, y), b), tensor([1, 1, 1], { dtype: "float32" }), single);
    expect(x.dtype).toBe("float32");
    for (const [i, each] of numbers(x).entries()) expect(each).toBeCloseTo(Math.sqrt(2 + i), 6);
  });
});

describe("a solver rejects", () => {
  const scalar = tensor(1);
  it.each<[string, () => unknown, RegExp]>([
    ["steps that grow", () => fixedPoint((x: Tensor, q: Tensor) => mul(x, q), scalar, tensor(2)), /^fixedPoint: no solution within 1000 steps: x still changes by .*, more than the tolerance 1e-10; start nearer/],
    ["too few steps", () => fixedPoint((x: Tensor) => cos(x), scalar, [], { maxSteps: 3 }), /^fixedPoint: no solution within 3 steps/],
    ["steps that give NaN", () => fixedPoint((x: Tensor) => log(sub(x, 5)), scalar, []), /^fixedPoint: step 1 gave NaN; start nearer/],
    ["an equation without a root", () => root((x: Tensor) => add(square(x), 1), tensor(0.3), []), /^root: no step reduces the residual/],
    ["a singular derivative", () => root((x: Tensor) => add(mul(x, 0), 1), scalar, []), /^root: ∂f\/∂x is singular, so Newton's method has no step/],
    ["a value unlike start", () => fixedPoint((x: Tensor) => x, tensor([1, 2]), []) && root((x: Tensor) => sum(x), tensor([1, 2]), []), /^root: the value of f must have the dtype and shape of start/],
    ["integers", () => root((x: Tensor) => x, tensor([1], { dtype: "int32" }), []), /^root: start is int32/],
    ["a tolerance of 0", () => root((x: Tensor) => x, scalar, [], { tolerance: 0 }), /^root: tolerance must be a positive number, got 0/],
    ["no steps", () => root((x: Tensor) => x, scalar, [], { maxSteps: 0 }), /^root: maxSteps must be a whole number of at least 1, got 0/],
    ["a function that reads values", () => root((x: Tensor) => (x.item() ? x : x), scalar, []), /^item: .* has no value/],
    ["one entry of a batch", () => vmap((q: Tensor) => fixedPoint((x: Tensor, r: Tensor) => mul(x, r), scalar, q))(tensor([0.5, 2])), /^fixedPoint: no solution within 1000 steps for entry 1/],
  ])("%s", (_, call, message) => expect(errorOf(call).message).toMatch(message)); // biome-ignore format: one case per line

  it("a captured tensor that is differentiated, but not one behind stopGradient", () => {
    const captures = (q: Tensor) => fixedPoint((x: Tensor) => cos(mul(q, x)), tensor(0.5), []);
    expect(errorOf(() => grad(captures)(tensor(0.5, { label: "q" }))).message).toBe(
      "fixedPoint: f uses q [], which is differentiated but is not in params; pass it in params, or use stopGradient",
    );
    expect(grad((q: Tensor) => captures(stopGradient(q)))(tensor(0.5)).item()).toBe(0);
  });
});
