import {
  ArgumentError,
  DTypeError,
  evaluate,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  linearize,
  ShapeError,
  Tensor,
  TreeError,
  tensor,
  trace,
  valueAndGrad,
  vjp,
  zeros,
} from "@wengert/core";
import { part } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import {
  add,
  adjointPair,
  cos,
  div,
  dot,
  errorOf,
  exp,
  expectClose,
  log,
  matmul,
  mul,
  neg,
  numbers,
  plainValues,
  power,
  random,
  round,
  scalar,
  sin,
  spread,
  square,
  sub,
  sum,
  transpose,
} from "./support.ts";

type Scalar = (x: Tensor) => Tensor;
const nested = (t: Tensor) => t.toNested();

/** All functions of the library that can compute the derivative of a scalar function. */
const derivative: Record<string, (f: Scalar) => Scalar> = {
  grad: (f) => grad(f),
  valueAndGrad: (f) => (x) => valueAndGrad(f)(x).grad,
  vjp: (f) => (x) => vjp(f, x).pullback(1)[0],
  jvp: (f) => (x) => jvp(f, [x], [scalar(1)]).tangent,
  linearize: (f) => (x) => linearize(f, x).pushforward(scalar(1)),
  jacobian: (f) => jacobian(f),
};
const ways = Object.keys(derivative);
/** All words of `n` letters. */
const words = (letters: readonly string[], n: number): string[][] =>
  n === 0 ? [[]] : words(letters, n - 1).flatMap((word) => letters.map((letter) => [...word, letter]));
const compose = (word: readonly string[], f: Scalar): Scalar => word.reduce((g, way) => derivative[way]!(g), f);

describe("derivatives of x³ sin x, in every way and nesting", () => {
  const f = (x: Tensor) => mul(power(x, 3), sin(x));
  const cube = [(x: number) => x ** 3, (x: number) => 3 * x * x, (x: number) => 6 * x, () => 6, () => 0];
  const sines = [Math.sin, Math.cos, (x: number) => -Math.sin(x), (x: number) => -Math.cos(x), Math.sin];
  const binomial = [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1], [1, 4, 6, 4, 1]];
  /**
   * By the Leibniz rule, the n-th derivative of the product of two functions p and q is (p q)⁽ⁿ⁾ = Σ (n choose k) p⁽ᵏ⁾
   * q⁽ⁿ⁻ᵏ⁾, summed over k.
   */
  const wanted = (n: number, x: number) => binomial[n]!.reduce((s, c, k) => s + c * cube[k]!(x) * sines[n - k]!(x), 0);
  const close = (word: readonly string[]) => {
    const [got, want] = [compose(word, f)(scalar(0.7)).item(), wanted(word.length, 0.7)];
    expect(Math.abs(got - want), word.join(" of ")).toBeLessThan(1e-12 * Math.abs(want));
  };
  it("of order 1", () => words(ways, 1).forEach(close));
  it("of order 2", () => words(ways, 2).forEach(close));
  it("of order 3", () => words(ways, 3).forEach(close));
  it("of order 4", () => words(["grad", "jvp", "jacobian"], 4).forEach(close));
  it("of order 3, traced and evaluated", () => {
    for (const word of words(["grad", "jvp", "jacobian"], 3)) {
      const program = trace(compose(word, f), { shape: [] });
      expect(evaluate(program, scalar(0.7)).item(), word.join(" of ")).toBe(compose(word, f)(scalar(0.7)).item());
    }
  });
});

describe("perturbation confusion is avoided", () => {
  describe.each(ways)("outside %s", (outer) => {
    test.each(ways)("inside %s", (inner) => {
      const [D, d] = [derivative[outer]!, derivative[inner]!];
      const at = (f: Scalar, x: number) => f(scalar(x)).item();
      // A test by Siskind and Pearlmutter: the derivative of x · (d/dy (x + y) at y = 1) with respect to x is 1. A
      // library that confuses the derivatives with respect to x and y returns 2.
      expect(
        at(
          D((x) => mul(x, d((y) => add(x, y))(scalar(1)))),
          1,
        ),
      ).toBe(1);
      expect(
        at(
          D((x) => d((y) => mul(x, y))(scalar(5))),
          3,
        ),
      ).toBe(1);
      // At y = x, ∂/∂y (x² y³) is 3x⁴. The derivative of 3x⁴ with respect to x is 12x³. A library that ignores that the
      // point y = x depends on x returns a different result.
      expect(
        at(
          D((x) => d((y) => mul(square(x), power(y, 3)))(x)),
          2,
        ),
      ).toBe(3 * 4 * 8);
      expect(
        at(
          D((x) => d((y) => mul(square(x), power(y, 3)))(scalar(2))),
          2,
        ),
      ).toBe(2 * 2 * 12);
      expect(
        at(
          D((x) => mul(x, d(() => x)(x))),
          3,
        ),
      ).toBe(0);
      // A test by Manzyuk et al.: `shifted` maps a function f to the function x ↦ d/du f(x + u) at u = 0, which is f′.
      // So applying `shifted` twice to f gives f″.
      const shifted =
        (f: Scalar): Scalar =>
        (x) =>
          D((u) => f(add(x, u)))(scalar(0));
      expect(at(shifted(shifted(sin)), 0.5)).toBeCloseTo(-Math.sin(0.5), 14);
    });
  });
  it("three levels deep, each closing over all outer variables", () => {
    for (const [a, b, c] of words(ways, 3) as [string, string, string][]) {
      const f = derivative[a]!((x) =>
        derivative[b]!((y) => derivative[c]!((z) => mul(mul(power(x, 2), power(y, 3)), power(z, 4)))(mul(x, y)))(
          add(x, 1),
        ),
      );
      // f is x² y³ z⁴. At z = xy, ∂f/∂z is 4x⁵y⁶. The derivative of 4x⁵y⁶ with respect to y at y = x + 1 is 24x⁵(x+1)⁵.
      // The derivative of 24x⁵(x+1)⁵ with respect to x is 120 (x(x+1))⁴ (2x+1).
      expect(f(scalar(1)).item(), `${a} ${b} ${c}`).toBeCloseTo(120 * 16 * 3, 8);
    }
  });
});

const x = random([3], 1);
const y = random([3], 2);
const v = random([3], 3);

describe("linearize and jvp", () => {
  const f = (a: Tensor, b: { c: Tensor }) => ({ p: mul(sin(a), b.c), q: [sum(exp(b.c)), a] });
  it("push tangents of trees forward", () => {
    const { value, tangent } = jvp(f, [x, { c: y }], [v, { c: x }]);
    expect(plainValues(value)).toEqual(plainValues(f(x, { c: y })));
    const wanted = add(mul(mul(cos(x), v), y), mul(sin(x), x));
    expectClose(tangent.p, wanted, 15);
    expect(tangent.q[0]!.item()).toBeCloseTo(dot(exp(y), x), 14);
    expect(nested(tangent.q[1]!)).toEqual(nested(v));
  });
  it("push forward linearly, with the same result from repeated calls", () => {
    const { value, pushforward } = linearize(f, x, { c: y });
    const [first, zero, again] = [
      pushforward(v, { c: x }),
      pushforward(mul(v, 0), { c: mul(x, 0) }),
      pushforward(v, { c: x }),
    ];
    expect(plainValues([value, again])).toEqual(plainValues([f(x, { c: y }), first]));
    expect([...numbers(zero.p), ...zero.q.flatMap(numbers)].every((n) => n === 0)).toBe(true);
    const doubled = pushforward(mul(v, 2), { c: mul(x, 2) });
    expect(nested(doubled.p)).toEqual(nested(mul(first.p, 2)));
  });
  it("are adjoint to the pullback", () => {
    const [forward, reverse] = adjointPair(
      (a: Tensor, b: Tensor) => [mul(div(a, exp(b)), a), sub(b, sin(mul(a, b)))],
      x,
      y,
    );
    expect(Math.abs(forward - reverse)).toBeLessThan(1e-14);
  });
  it("return zeros for values that do not depend on the arguments", () => {
    const { tangent } = jvp((a: Tensor) => [y, a, scalar(3)] as const, [x], [v]);
    expect(tangent.map(nested)).toEqual([[0, 0, 0], nested(v), 0]);
    expect(jvp((_: Tensor) => y, [x], [v]).tangent.toNested()).toEqual([0, 0, 0]);
  });
  it("return zeros for integers among the values", () => {
    const { value, tangent } = jvp((a: Tensor) => [round(a), sin(a)] as const, [x], [v]);
    expect([tangent[0].dtype, value[0].dtype]).toEqual(["int32", "int32"]);
    expect([tangent[0].toNested(), tangent[1].shape]).toEqual([[0, 0, 0], [3]]);
  });
  it("accept the same tensor as two arguments, and values that are arguments", () => {
    const { tangent } = jvp((a: Tensor, b: Tensor) => [mul(a, b), a, a] as const, [x, x], [v, mul(v, 0)]);
    expect(tangent.map(nested)).toEqual([nested(mul(v, x)), nested(v), nested(v)]);
  });
  it("accept numbers in place of tensors as arguments and tangents", () => {
    const { value, tangent } = jvp(sin, [0.5], [2]);
    expect([value.item(), tangent.item()]).toEqual([Math.sin(0.5), 2 * Math.cos(0.5)]);
  });
  it("stay in float32", () => {
    const a = tensor([0.5], { dtype: "float32" });
    expect(jvp((b: Tensor) => mul(b, b), [a], [a]).tangent.dtype).toBe("float32");
  });
});

describe("jacobian, hessian and hvp", () => {
  it("a jacobian has the shape [...out, ...in]", () => {
    const w = random([2, 3]);
    const f = (a: Tensor) => matmul(w, a);
    const j = jacobian(f)(random([3, 2], 5));
    expect(j.shape).toEqual([2, 2, 3, 2]);
    for (const [i, k, p, q] of words(["0", "1", "2"], 4).map((word) => word.map(Number)) as [
      number,
      number,
      number,
      number,
    ][]) {
      if (i < 2 && k < 2 && q < 2) expect(j.data.get(i, k, p, q)).toBe(k === q ? w.data.get(i, p) : 0);
    }
    expect(jacobian((a: Tensor) => sum(a))(x).shape).toEqual([3]);
    const none = jacobian((a: Tensor) => part(a, { shape: [0], offset: 0 }))(zeros([3], { dtype: "float32" }));
    expect([none.shape, none.dtype]).toEqual([[0, 3], "float32"]);
    expect(jacobian((a: Tensor) => spread(a, { shape: [2] }))(scalar(1)).toNested()).toEqual([1, 1]);
    expect(jacobian((a: Tensor) => a)(tensor([])).shape).toEqual([0, 0]);
    expect(jacobian((a: Tensor) => sum(a))(tensor([])).shape).toEqual([0]);
    expect(jacobian((_: Tensor) => tensor([]))(x).shape).toEqual([0, 3]);
  });
  it("a jacobian times a direction is the JVP, and its transpose the VJP", () => {
    const f = (a: Tensor) => div(mul(sin(a), sum(a)), exp(mul(a, sum(square(a)))));
    const j = jacobian(f)(x);
    expectClose(jvp(f, [x], [v]).tangent, product(j, v), 14);
    expectClose(vjp(f, x).pullback(v)[0], product(transpose(j), v), 14);
  });
  it("of trees are trees of blocks", () => {
    const j = jacobian(({ a, b }: { a: Tensor; b: Tensor }) => [mul(a, b), sum(b)] as const)({ a: x, b: y });
    expect([j[0].a.shape, j[0].b.shape, j[1].a.shape, j[1].b.shape]).toEqual([[3, 3], [3, 3], [3], [3]]);
    expect([
      nested(j[1].a),
      nested(j[1].b),
      j[0].a.data.get(1, 1),
      j[0].b.data.get(2, 2),
      j[0].a.data.get(0, 1),
    ]).toEqual([[0, 0, 0], [1, 1, 1], numbers(y)[1], numbers(x)[2], -0]);
    const h = hessian(([a, b]: readonly [Tensor, Tensor]) => mul(sum(square(a)), b))([x, scalar(5)] as const);
    expect(h.map((blocks) => blocks.map((block) => block.shape))).toEqual([
      [[3, 3], [3]],
      [[3], []],
    ]);
    expect([nested(h[0][1]), nested(h[1][0])]).toEqual([nested(mul(x, 2)), nested(mul(x, 2))]);
    expect([h[0][0].data.get(0, 0), h[0][0].data.get(0, 1), h[1][1].item()]).toEqual([10, 0, 0]);
  });
  const f = (a: Tensor) => add(log(sum(exp(a))), mul(sum(power(a, 3)), sum(sin(a))));
  it("a hessian is symmetric, and equals the jacobian of the gradient, computed in any way", () => {
    const h = hessian(f)(x);
    for (let i = 0; i < 3; i++) for (let k = 0; k < 3; k++) expect(h.data.get(i, k)).toBeCloseTo(h.data.get(k, i), 14);
    const gradient = (a: Tensor) => grad(f)(a);
    expect(nested(jacobian(gradient)(x))).toEqual(nested(h));
    expectClose(jvp(gradient, [x], [v]).tangent, product(h, v), 13);
  });
  it("hvp is the hessian times the direction, without the matrix", () => {
    expectClose(hvp(f)(x, v), product(hessian(f)(x), v), 13);
  });
  it("hvp accepts trees, and returns zeros for unused tensors", () => {
    const g = hvp(({ a, b }: { a: Tensor; b: Tensor; c: Tensor }) => mul(sum(square(a)), b));
    const { a, b, c } = g({ a: x, b: scalar(2), c: y }, { a: v, b: scalar(0.5), c: y });
    expectClose(a, add(mul(v, 4), x), 15);
    expect([b.item(), nested(c)]).toEqual([expect.closeTo(2 * dot(x, v), 14), [0, 0, 0]]);
    expect(nested(hvp((p: Tensor) => sum(p))(x, v))).toEqual([0, 0, 0]);
  });
  it("a jacobian of a gradient closes over an outer variable", () => {
    const outer = (a: Tensor) =>
      sum(jacobian((b: Tensor) => grad((c: Tensor) => sum(mul(power(a, 2), power(c, 3))))(b))(x));
    expect(grad(outer)(scalar(3)).item()).toBeCloseTo(2 * 3 * 6 * numbers(x).reduce((s, t) => s + t, 0), 12);
    expect(jvp(outer, [scalar(3)], [scalar(1)]).tangent.item()).toBeCloseTo(grad(outer)(scalar(3)).item(), 12);
  });
  it("third derivatives: the jacobian of a hessian", () => {
    const third = jacobian((a: Tensor) => hessian((b: Tensor) => sum(power(b, 4)))(a))(x);
    expect(third.shape).toEqual([3, 3, 3]);
    for (const [i, j, k] of words(["0", "1", "2"], 3).map((word) => word.map(Number)) as [number, number, number][])
      expect(third.data.get(i, j, k)).toBeCloseTo(i === j && j === k ? 24 * numbers(x)[i]! : 0, 13);
  });
});

/** Returns the product of a matrix A and a vector v. */
const product = (a: Tensor, v: Tensor) => tensor(matmul(a, tensor(numbers(v).map((n) => [n]))).data.pick(null, 0));

describe("argnums and hasAux", () => {
  // In this test, f(a, n, b) = n Σ a² b, so ∂f/∂a = 2 n a b and ∂f/∂b = n a². The aux output is a string.
  const f = (a: Tensor, n: number, b: { w: Tensor }): Tensor => mul(n, sum(mul(mul(a, a), b.w)));
  const withAux = (a: Tensor, n: number, b: { w: Tensor }): readonly [Tensor, string] => [f(a, n, b), "aux"];
  const [a, b] = [tensor([1, 2]), { w: tensor([3, 5]) }];
  const v = tensor([1, -1]);
  const plain = (x: unknown): unknown => {
    if (x instanceof Tensor) return x.toNested();
    if (Array.isArray(x)) return x.map(plain);
    if (typeof x !== "object" || x === null) return x;
    return Object.fromEntries(Object.entries(x).map(([key, entry]) => [key, plain(entry)]));
  };
  const byA = [12, 40];
  const byB = { w: [2, 8] };
  const aa = [
    [12, 0],
    [0, 20],
  ];
  const ab = {
    w: [
      [4, 0],
      [0, 8],
    ],
  };
  const ba = { w: ab.w };
  const bb = {
    w: {
      w: [
        [0, 0],
        [0, 0],
      ],
    },
  };
  const hv = [12, -20];

  it("select one argument, the first by default", () => {
    expect(plain(grad(f)(a, 2, b))).toEqual(byA);
    expect(plain(grad(f, { argnums: 2 })(a, 2, b))).toEqual(byB);
    expect(plain(valueAndGrad(f, { argnums: 2 })(a, 2, b))).toEqual({ value: 46, grad: byB });
    expect(plain(jacobian(f, { argnums: 2 })(a, 2, b))).toEqual(byB);
    expect(plain(hessian(f)(a, 2, b))).toEqual(aa);
    expect(plain(hessian(f, { argnums: 2 })(a, 2, b))).toEqual(bb);
    expect(plain(hvp(f)(a, 2, b, v))).toEqual(hv);
    expect(plain(hvp(f, { argnums: 2 })(a, 2, b, { w: v }))).toEqual({ w: [0, 0] });
  });

  it("select several arguments, in any order", () => {
    expect(plain(grad(f, { argnums: [2, 0] })(a, 2, b))).toEqual([byB, byA]);
    expect(plain(jacobian(f, { argnums: [2, 0] })(a, 2, b))).toEqual([byB, byA]);
    expect(plain(hessian(f, { argnums: [0, 2] })(a, 2, b))).toEqual([[aa, ab], { w: [ba.w, bb.w] }]);
    expect(plain(hvp(f, { argnums: [0, 2] })(a, 2, b, [v, { w: v }]))).toEqual([[16, -28], { w: [4, -8] }]);
  });

  it("return the aux of f", () => {
    const options = { hasAux: true } as const;
    expect(plain(grad(withAux, options)(a, 2, b))).toEqual({ grad: byA, aux: "aux" });
    expect(plain(valueAndGrad(withAux, options)(a, 2, b))).toEqual({ value: 46, grad: byA, aux: "aux" });
    expect(plain(jacobian(withAux, options)(a, 2, b))).toEqual({ jacobian: byA, aux: "aux" });
    expect(plain(hessian(withAux, options)(a, 2, b))).toEqual({ hessian: aa, aux: "aux" });
    expect(plain(hvp(withAux, options)(a, 2, b, v))).toEqual({ hvp: hv, aux: "aux" });
    expect(plain(hessian(withAux, { argnums: [2], hasAux: true })(a, 2, b))).toEqual({
      hessian: [{ w: [bb.w] }].map(({ w: [block] }) => ({ w: [block] })),
      aux: "aux",
    });
  });

  const untyped = { grad, valueAndGrad, jacobian, hessian, hvp } as unknown as Readonly<
    Record<string, (f: unknown, options: object) => (...args: unknown[]) => unknown>
  >;
  test.each(Object.keys(untyped))("%s throws for invalid argnums, and for a value without aux with hasAux", (name) => {
    const args = name === "hvp" ? [a, 2, b, v] : [a, 2, b];
    for (const argnums of [-1, 0.5, [0, 0], "0"])
      expect(() => untyped[name]!(f, { argnums })(...args)).toThrow(
        new RegExp(`^${name}: argnums must be an argument's index`),
      );
    expect(() => untyped[name]!(f, { argnums: 9 })(...args)).toThrow(new RegExp(`^${name}: `));
    expect(() => untyped[name]!(f, { hasAux: true })(...args)).toThrow(
      `${name}: with hasAux, f must return [value, aux]`,
    );
    expect(() => untyped[name]!(f, { argnum: 0 })).toThrow(`${name}: there is no option argnum; did you mean argnums?`);
  });
});

describe("misuse", () => {
  const asInt = tensor([1, 2, 3], { dtype: "int32" });
  const any = { jvp, linearize, jacobian, hessian, hvp } as unknown as Record<string, (...args: unknown[]) => unknown>;
  const call = (caller: string) => any[caller] as (f: unknown) => (...args: unknown[]) => unknown;
  const cases: [string, () => unknown, typeof ArgumentError, RegExp][] = [
    [
      "jvp of an asynchronous f",
      () => any.jvp!(async (a: Tensor) => a, [x], [v]),
      ArgumentError,
      /^linearize: f returned a promise|^jvp: f returned a promise/,
    ],
    [
      "jvp without a tangent",
      () => any.jvp!((a: Tensor) => a, [x], []),
      TreeError,
      /tangents must be an array of 1.*got an array of 0/,
    ],
    [
      "jvp with a tangent of another shape",
      () => any.jvp!((a: Tensor) => a, [x], [scalar(1)]),
      ShapeError,
      /tangents\[0\].*float64 \[3\]; got float64 \[\]/,
    ],
    [
      "jvp with a tangent of another dtype",
      () => any.jvp!((a: Tensor) => a, [x], [asInt]),
      ShapeError,
      /float64 \[3\]; got int32 \[3\]/,
    ],
    [
      "jvp at integers",
      () => any.jvp!((a: Tensor) => a, [asInt], [asInt]),
      DTypeError,
      /a is int32.*only floats have derivatives/,
    ],
    [
      "linearize of a function whose value is not a tree",
      () => any.linearize!(() => "text", x),
      TreeError,
      /the value of f must be a tensor.*"text"/,
    ],
    ["jacobian at integers", () => call("jacobian")((a: Tensor) => a)(asInt), DTypeError, /^jacobian: a is int32/],
    [
      "jacobian of integers",
      () => call("jacobian")(round)(x),
      DTypeError,
      /^jacobian: f must return floats, got int32/,
    ],
    [
      "jacobian of an asynchronous f",
      () => call("jacobian")(async (a: Tensor) => a)(x),
      ArgumentError,
      /^jacobian: f returned a promise/,
    ],
    [
      "jacobian without an argument",
      () => call("jacobian")((a: Tensor) => a)(),
      ArgumentError,
      /^jacobian: a is missing, got 0 of the arguments of f/,
    ],
    [
      "hessian of a function with several values",
      () => call("hessian")((a: Tensor) => a)(x),
      ShapeError,
      /^hessian: f must return a scalar, got .*\[3\]/,
    ],
    [
      "hessian of an asynchronous f",
      () => call("hessian")(async (a: Tensor) => sum(a))(x),
      ArgumentError,
      /^hessian: f returned a promise/,
    ],
    [
      "hvp of a function with several values",
      () => call("hvp")((a: Tensor) => a)(x, v),
      ShapeError,
      /^hvp: f must return a scalar/,
    ],
    [
      "hvp with a direction of another shape",
      () => call("hvp")((a: Tensor) => sum(a))(x, scalar(1)),
      ShapeError,
      /^hvp: v must have the dtype and shape of x, float64 \[3\]; got float64 \[\]/,
    ],
    [
      "hvp without a direction",
      () => call("hvp")((a: Tensor) => sum(a))(x),
      ArgumentError,
      /^hvp: expected the arguments of f, then v; got 1 in total/,
    ],
  ];
  test.each(cases)("%s", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
  it("errors of f pass through unchanged", () => {
    const own = new RangeError("own");
    const fail = (..._: Tensor[]): Tensor => {
      throw own;
    };
    for (const run of [() => jvp(fail, [], []), () => jacobian(fail)(x), () => hessian(fail)(x), () => hvp(fail)(x, v)])
      expect(errorOf(run)).toBe(own);
    expect(nested(grad((a: Tensor) => sum(neg(a)))(x))).toEqual([-1, -1, -1]);
  });
});
