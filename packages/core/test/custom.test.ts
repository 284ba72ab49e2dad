import {
  ArgumentError,
  checkpoint,
  customVjp,
  evaluate,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  record,
  ShapeError,
  stopGradient,
  type Tensor,
  TreeError,
  tensor,
  trace,
  vjp,
} from "@wengert/core";
import type { TreeFunction } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { describe, expect, it, test } from "vitest";
import {
  add,
  adjointPair,
  cos,
  errorOf,
  exp,
  expectClose,
  mul,
  neg,
  plainValues,
  power,
  random,
  round,
  scalar,
  sin,
  square,
  sub,
  sum,
} from "./support.ts";

const x = random([4], 1);
const y = random([4], 2);
const u = random([4], 3);
const nested = (t: Tensor) => t.toNested();

/** The sine with a custom VJP; its residual is cos x. */
const ownSin = customVjp({
  forward: (a: Tensor) => [sin(a), cos(a)] as const,
  backward: (slope, g: Tensor) => [mul(g, slope)],
});
/** The identity with a deliberately wrong VJP, which halves the cotangent. */
const halving = customVjp({
  forward: (a: Tensor) => [a, null] as const,
  backward: (_, g: Tensor) => [mul(g, 0.5)],
});

describe("customVjp", () => {
  it("returns the value of forward, and calls backward with residuals and cotangent", () => {
    const { value, pullback } = vjp(ownSin, x);
    expect([nested(value), nested(pullback(u)[0])]).toEqual([nested(sin(x)), nested(mul(u, cos(x)))]);
    expect(nested(vjp((a: Tensor) => mul(halving(a), 3), x).pullback(u)[0])).toEqual(nested(mul(u, 1.5)));
  });
  it("accepts numbers in place of tensors as arguments", () => {
    const own = ownSin as (a: Tensor | number) => Tensor;
    expect([own(0.5).item(), grad(own)(0.5).item()]).toEqual([Math.sin(0.5), Math.cos(0.5)]);
    expect(grad((a: Tensor) => mul(a, checkpoint(sin)(0.5)))(scalar(1)).item()).toBe(Math.sin(0.5));
  });
  it("runs only forward if nothing is differentiated", () => {
    expect(nested(ownSin(x))).toEqual(nested(sin(x)));
    expect(nested(vjp((a: Tensor) => add(a, ownSin(y)), x).pullback(u)[0])).toEqual(nested(u));
  });
  it("is one step of the tape, and runs backward once per pullback", () => {
    let runs = 0;
    const counted = customVjp({
      forward: (a: Tensor) => [exp(sin(neg(a))), null] as const,
      backward: (_, g: Tensor) => {
        runs++;
        return [g];
      },
    });
    const { steps, pulls } = record((a: Tensor) => counted(a), x);
    expect([steps.map(({ op }) => op.name), runs]).toEqual([["customVjp"], 0]);
    for (const _ of pulls());
    for (const _ of pulls());
    expect(runs).toBe(2);
  });
  it("is one step if only one of its arguments is differentiated", () => {
    const product = customVjp({
      forward: (a: Tensor, b: Tensor) => [mul(sin(a), b), [sin(a), b]] as const,
      backward: (kept, g: Tensor) => [mul(g, kept[1]!), mul(g, kept[0]!)],
    });
    const weights = random([3], 7);
    for (const f of [(a: Tensor) => product(a, weights), (a: Tensor) => checkpoint(mul)(a, weights)])
      expect(record(f, random([3], 8)).steps.map(({ op }) => op.name)).toEqual([
        expect.stringMatching(/customVjp|checkpoint/),
      ]);
  });
  it("accepts and returns trees, with several outputs and integers", () => {
    const f = customVjp({
      forward: ({ a, b }: { a: Tensor; b: Tensor[] }, labels: Tensor) => {
        const value = { product: mul(a, b[0]!), labels, rest: [sum(a), round(a)] };
        return [value, { a, b: b[0]! }] as const;
      },
      backward: (kept, g): [{ a: Tensor; b: Tensor[] }, Tensor] => [
        { a: add(mul(g.product, kept.b), g.rest[0]!), b: [mul(g.product, kept.a)] },
        g.labels, // the cotangent of an integer is ignored
      ],
    });
    const labels = tensor([1], { dtype: "int32" });
    const through = (a: Tensor, b: Tensor) => {
      const { product, rest, labels: same } = f({ a, b: [b] }, labels);
      expect([same.toNested(), rest[1]!.dtype]).toEqual([[1], "int32"]);
      return [mul(product, 2), rest[0]!] as const;
    };
    const [a, b] = vjp(through, x, y).pullback([u, scalar(0.5)]);
    expect(nested(a)).toEqual(nested(add(mul(mul(u, 2), y), 0.5)));
    expect(nested(b)).toEqual(nested(mul(mul(u, 2), x)));
    gradcheck(through, [x, y]);
  });
  it("passes zeros as the cotangents of unused outputs", () => {
    const seen: unknown[] = [];
    const pair = customVjp({
      forward: (a: Tensor) => [[a, neg(a)] as const, null] as const,
      backward: (_, [p, q]: readonly [Tensor, Tensor]) => {
        seen.push(nested(q));
        return [sub(p, q)];
      },
    });
    expect(nested(vjp((a: Tensor) => pair(a)[0], x).pullback(u)[0])).toEqual(nested(u));
    expect(seen).toEqual([[0, 0, 0, 0]]);
  });
  it("may return its argument, the same output twice, or no floats", () => {
    const same = customVjp({
      forward: (a: Tensor) => [[a, a] as const, null] as const,
      backward: (_, [p, q]: readonly [Tensor, Tensor]) => [add(p, mul(q, 10))],
    });
    const [g] = vjp((a: Tensor) => [...same(a), a] as const, x).pullback([u, y, x]);
    expect(nested(g)).toEqual(nested(add(x, add(u, mul(y, 10)))));
    const rounded = customVjp({
      forward: (a: Tensor) => [round(a), null] as const,
      backward: () => [x],
    });
    expect(nested(vjp((a: Tensor) => [rounded(a), neg(a)][1]!, x).pullback(u)[0])).toEqual(nested(neg(u)));
  });
  it("separates two arguments that are the same tensor", () => {
    const first = customVjp({
      forward: (a: Tensor, b: Tensor) => [mul(a, b), [a, b]] as const,
      backward: ([a, b], g: Tensor) => [mul(g, b!), mul(mul(g, a!), 100)],
    });
    expect(nested(vjp((a: Tensor) => first(a, a), x).pullback(u)[0])).toEqual(
      nested(add(mul(u, x), mul(mul(u, x), 100))),
    );
  });

  it("has higher derivatives: those of backward", () => {
    gradcheck((a: Tensor) => ownSin(mul(a, a)), [x], { order: 3 });
    const f = (a: Tensor) => sum(ownSin(a));
    expectClose(hvp(f)(x, u), neg(mul(sin(x), u)));
    const twice = (a: Tensor) => grad((b: Tensor) => halving(power(b, 3)))(a); // 3 b² / 2
    expect([twice(scalar(2)).item(), grad(twice)(scalar(2)).item(), jacobian(twice)(scalar(2)).item()]).toEqual([
      6, 6, 6,
    ]);
  });
  it("applies in forward mode, too", () => {
    const { value, tangent } = jvp((a: Tensor) => halving(mul(a, 4)), [x], [u]);
    expect([nested(value), nested(tangent)]).toEqual([nested(mul(x, 4)), nested(mul(u, 2))]);
  });
  it("is recorded by the innermost tape that tracks an argument", () => {
    const product = customVjp({
      forward: (a: Tensor, b: Tensor) => [mul(a, b), [a, b]] as const,
      backward: ([a, b], g: Tensor) => [mul(g, b!), mul(g, a!)],
    });
    // The derivative with respect to b is d/db (a b sin b) = a (sin b + b cos b). The derivative of this result with
    // respect to a is sin b + b cos b.
    const outer = (a: Tensor) => grad((b: Tensor) => mul(product(a, b), sin(b)))(scalar(2));
    expect(grad(outer)(scalar(3)).item()).toBeCloseTo(Math.sin(2) + 2 * Math.cos(2), 14);
  });
  it("may capture a tensor that an outer tape tracks, which then gets its derivative", () => {
    const outer = (a: Tensor) =>
      grad((b: Tensor) =>
        customVjp({ forward: (c: Tensor) => [mul(c, square(a)), null], backward: (_, g) => [mul(g, square(a))] })(b),
      )(scalar(5));
    expect([outer(scalar(3)).item(), grad(outer)(scalar(3)).item()]).toEqual([9, 6]);
  });
  it("may be nested", () => {
    const nestedTwice = customVjp({
      forward: (a: Tensor) => [ownSin(mul(a, 2)), a] as const,
      backward: (a, g: Tensor) => [mul(g, mul(cos(mul(a, 2)), 2))],
    });
    gradcheck((a: Tensor) => nestedTwice(exp(a)), [x], { order: 2 });
  });
  it("is traced as the ops of forward, and of backward in a gradient", () => {
    const forward = trace((a: Tensor) => halving(sin(a)), x);
    expect(forward.steps.map(({ op }) => op.name)).toContain("sin");
    const f = (a: Tensor) => grad((b: Tensor) => sum(halving(sin(b))))(a);
    expect(nested(evaluate(trace(f, { shape: [4] }), x))).toEqual(nested(f(x)));
    expect(nested(f(x))).toEqual(nested(mul(0.5, cos(x))));
  });

  describe("throws if forward captures a differentiated tensor,", () => {
    const closing = (c: Tensor) =>
      customVjp({
        forward: (a: Tensor) => [mul(a, c), c] as const,
        backward: (kept, g: Tensor) => [mul(g, kept)],
      });
    it("named by its label", () => {
      const f = (a: Tensor, scale: Tensor) => closing(scale)(a);
      const error = errorOf(() => vjp(f, x, y));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.message).toMatch(
        /^customVjp: forward uses scale \[4\], which is differentiated but is not an argument; pass it as one, or use stopGradient/,
      );
    });
    it("even if the tensor is an argument, too", () => {
      const f = (a: Tensor) => closing(a)(a);
      expect(errorOf(() => vjp(f, x)).message).toMatch(/forward uses a \[4\], .* not an argument/);
    });
    it("but not for a constant", () => {
      expect(nested(vjp((a: Tensor) => closing(y)(a), x).pullback(u)[0])).toEqual(nested(mul(u, y)));
    });
    it("but not for a tensor with a stopped gradient, as the message advises", () => {
      const outside = (a: Tensor, c: Tensor) => closing(stopGradient(c))(a);
      expect(vjp(outside, x, y).pullback(u).map(nested)).toEqual([nested(mul(u, y)), [0, 0, 0, 0]]);
      const inside = (a: Tensor, c: Tensor) =>
        customVjp({
          forward: (b: Tensor) => [mul(b, stopGradient(c)), stopGradient(c)] as const,
          backward: (kept, g: Tensor) => [mul(g, kept)],
        })(a);
      expect(vjp(inside, x, y).pullback(u).map(nested)).toEqual([nested(mul(u, y)), [0, 0, 0, 0]]);
    });
    it("but not for integers computed from it, which have no derivative", () => {
      const f = (a: Tensor, c: Tensor) => {
        const whole = round(c);
        return customVjp({
          forward: (b: Tensor) => [[neg(b), round(sin(b)), whole] as const, null] as const,
          backward: (_, [g]: readonly [Tensor, Tensor, Tensor]) => [neg(g)],
        })(a)[0];
      };
      expect(vjp(f, x, y).pullback(u).map(nested)).toEqual([nested(neg(u)), [0, 0, 0, 0]]);
    });
  });

  const backwards: [string, unknown, typeof ArgumentError, RegExp][] = [
    ["nothing", undefined, TreeError, /what backward returns must be an array of 1, like args; got undefined/],
    ["a tensor outside a list", x, TreeError, /what backward returns must be an array of 1, like args; got a Tensor/],
    ["too many", [x, x], TreeError, /must be an array of 1, like args; got an array of 2/],
    ["another structure", [[x]], TreeError, /what backward returns at \[0\] must be a tensor, like args\[0\]/],
    ["another shape", [scalar(1)], ShapeError, /customVjp: the VJP rule of input 0 .* float64 \[4\], got float64 \[\]/],
  ];
  test.each(backwards)("throws if backward returns %s", (_, result, Class, message) => {
    const f = customVjp({ forward: (a: Tensor) => [neg(a), null] as const, backward: () => result as [Tensor] });
    const error = errorOf(() => vjp((a: Tensor) => f(a), x).pullback(u));
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
  it("throws for arguments and values that are not trees", () => {
    expect(() => (ownSin as (a: unknown) => unknown)({ a: "3" })).toThrow(TreeError);
    const f = customVjp({
      forward: (a: Tensor) => ["text" as unknown as Tensor, a] as const,
      backward: (_, g: Tensor) => [g],
    });
    expect(() => vjp((a: Tensor) => f(a), x)).toThrow(/customVjp: the value of f must be a tensor .*"text"/);
  });
});

describe("checkpoint", () => {
  type Case = readonly [string, (...args: never) => unknown, readonly unknown[]];
  const own = <A extends readonly unknown[], R>(name: string, f: TreeFunction<A, R>, ...args: A) =>
    [name, f, args] as Case;
  const cases: readonly Case[] = [
    own("a function of one tensor", (a: Tensor) => exp(sin(a)), x),
    own("two arguments", (a: Tensor, b: Tensor) => mul(sin(a), exp(b)), x, y),
    own("trees", ({ w, b }: { w: Tensor[]; b: Tensor }) => ({ out: mul(w[0]!, sin(w[1]!)), total: [sum(b)] }), {
      w: [x, y],
      b: u,
    }),
    own("outputs that are inputs", (a: Tensor, b: Tensor) => [b, a, sin(a)] as const, x, y),
    own("the same output twice", (a: Tensor) => [sin(a), exp(a), a, a] as const, x),
    own("unused arguments", (a: Tensor, _: Tensor) => sin(a), x, y),
    own("a constant value", (_: Tensor) => [y, exp(y)], x),
    own("nothing", (_: Tensor) => [], x),
  ];
  describe.each(cases)("of %s", (_, f, args) => {
    const plain = f as (...args: readonly unknown[]) => Tensor;
    const kept = checkpoint(plain as (...args: Tensor[]) => Tensor) as typeof plain;
    const list = args as Tensor[];
    it("has the value and the cotangents of f", () => {
      expect(plainValues(kept(...args))).toEqual(plainValues(plain(...args)));
      const [a, b] = [plain, kept].map((each) => vjp(each as (...args: Tensor[]) => Tensor, ...list));
      expect(plainValues(b!.value)).toEqual(plainValues(a!.value));
      const cotangent = a!.value;
      expect(plainValues(b!.pullback(cotangent as never))).toEqual(plainValues(a!.pullback(cotangent as never)));
    });
    it("has the same JVP, and derivatives to order 3", () => {
      expect(adjointPair(kept as (...args: Tensor[]) => Tensor, ...list)).toEqual(
        adjointPair(plain as (...args: Tensor[]) => Tensor, ...list),
      );
      gradcheck(kept as (...args: Tensor[]) => Tensor, list, { order: 3, directions: 1 });
    });
  });

  it("keeps one step, and runs f again at each pullback", () => {
    let runs = 0;
    const f = checkpoint((a: Tensor) => {
      runs++;
      return exp(sin(exp(a)));
    });
    const { steps, pulls } = record((a: Tensor) => f(a), x);
    expect([steps.map(({ op }) => op.name), runs]).toEqual([["checkpoint"], 1]);
    for (const _ of pulls());
    expect(runs).toBe(2);
  });
  it("is f itself if nothing is differentiated", () => {
    let runs = 0;
    const f = checkpoint((a: Tensor) => {
      runs++;
      return neg(a);
    });
    expect([nested(f(x)), runs]).toEqual([nested(neg(x)), 1]);
  });
  it("returns derivatives of captured tensors", () => {
    const f = (a: Tensor, b: Tensor) => {
      const inside = sin(b);
      return checkpoint((c: Tensor) => mul(mul(c, inside), exp(b)))(exp(a));
    };
    const plain = (a: Tensor, b: Tensor) => mul(mul(exp(a), sin(b)), exp(b));
    const [got, wanted] = [f, plain].map((each) => vjp(each, x, y).pullback(u));
    expect(got!.map(nested)).toEqual(wanted!.map(nested));
    gradcheck(f, [x, y], { order: 3, directions: 1 });
  });
  it("returns derivatives of captured tensors that are arguments, too", () => {
    const f = (a: Tensor) => checkpoint((c: Tensor) => mul(sin(a), c))(a);
    const plain = (a: Tensor) => mul(sin(a), a);
    const [got, wanted] = [f, plain].map((each) => vjp(each, x).pullback(u));
    expect(got!.map(nested)).toEqual(wanted!.map(nested));
    gradcheck(f, [x], { order: 3, directions: 1 });
  });
  it("returns derivatives of tensors that f returns unchanged", () => {
    const f = (a: Tensor, b: Tensor) => checkpoint((c: Tensor) => [b, neg(c)] as const)(a);
    expect(vjp(f, x, y).pullback([u, x]).map(nested)).toEqual([nested(neg(x)), nested(u)]);
  });
  it("captures an outer variable while an inner one is differentiated", () => {
    const outer = (a: Tensor) =>
      grad((b: Tensor) => checkpoint((c: Tensor) => mul(power(a, 3), sin(c)))(mul(b, b)))(scalar(1));
    expect(outer(scalar(2)).item()).toBeCloseTo(8 * 2 * Math.cos(1), 13);
    expect(grad(outer)(scalar(2)).item()).toBeCloseTo(12 * 2 * Math.cos(1), 13);
    expect(grad((a: Tensor) => grad(outer)(a))(scalar(2)).item()).toBeCloseTo(12 * 2 * Math.cos(1), 13);
  });
  it("accepts integers among arguments and values", () => {
    const labels = tensor([1, 2, 3, 4], { dtype: "int32" });
    const f = checkpoint((a: Tensor, n: Tensor) => {
      expect(n.dtype).toBe("int32");
      return [exp(a), round(a), n] as const;
    });
    const g = vjp((a: Tensor) => {
      const [e, r, n] = f(a, labels);
      expect([r.dtype, nested(n)]).toEqual(["int32", [1, 2, 3, 4]]);
      return e;
    }, x).pullback(u);
    expect(nested(g[0])).toEqual(nested(mul(u, exp(x))));
  });
  it("may be nested, contain a customVjp, and be inside one", () => {
    const deep = checkpoint((a: Tensor) => checkpoint((b: Tensor) => sin(checkpoint(exp)(b)))(mul(a, 2)));
    gradcheck((a: Tensor) => deep(a), [x], { order: 2 });
    gradcheck((a: Tensor) => checkpoint((b: Tensor) => ownSin(exp(b)))(a), [x], { order: 2 });
    const custom = customVjp({
      forward: (a: Tensor) => [checkpoint((b: Tensor) => square(b))(a), a] as const,
      backward: (a, g: Tensor) => [checkpoint((b: Tensor, h: Tensor) => mul(mul(h, b), 2))(a, g)],
    });
    gradcheck((a: Tensor) => custom(exp(a)), [x], { order: 2 });
  });
  it("uses the rule of a customVjp inside it", () => {
    expect(nested(vjp((a: Tensor) => checkpoint((b: Tensor) => halving(mul(b, 3)))(a), x).pullback(u)[0])).toEqual(
      nested(mul(u, 1.5)),
    );
  });
  it("is traced with its forward steps twice: for the value and for the gradient", () => {
    const f = (a: Tensor) => grad((b: Tensor) => sum(checkpoint((c: Tensor) => exp(sin(c)))(b)))(a);
    const program = trace(f, { shape: [4] });
    expect(program.steps.filter(({ op }) => op.name === "sin").length).toBeGreaterThanOrEqual(1);
    expect(nested(evaluate(program, x))).toEqual(nested(f(x)));
  });
  it("has the hessian of f", () => {
    const f = (a: Tensor) => sum(mul(exp(a), sin(a)));
    expect(nested(hessian((a: Tensor) => checkpoint(f)(a))(x))).toEqual(nested(hessian(f)(x)));
  });
  it("closes its tapes if f throws in the first or second run", () => {
    let runs = 0;
    const f = checkpoint((a: Tensor) => {
      if (++runs === 2) throw new RangeError("second");
      return neg(a);
    });
    const { pullback } = vjp((a: Tensor) => f(a), x);
    expect(() => pullback(u)).toThrow(new RangeError("second"));
    expect(nested(pullback(u)[0])).toEqual(nested(neg(u)));
  });
});
