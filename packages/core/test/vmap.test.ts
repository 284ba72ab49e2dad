import {
  checkpoint,
  customJvp,
  customVjp,
  evaluate,
  explain,
  grad,
  hessian,
  jacobian,
  jvp,
  record,
  scan,
  stopGradient,
  Tensor,
  tensor,
  trace,
  vjp,
  vmap,
} from "@wengert/core";
import { defineOp, type Op, part, ravel, type Unary, withRecorder } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import { add, cos, errorOf, exp, expectClose, mul, plainValues, random, scalar, sin, square, sum } from "./support.ts";

const X = random([4, 3], 1);
const row = (x: Tensor, i: number): Tensor =>
  part(part(x, { shape: [x.size], offset: 0 }), { shape: x.shape.slice(1), offset: (i * x.size) / x.shape[0]! });
const rows = (x: Tensor): Tensor[] => Array.from({ length: x.shape[0]! }, (_, i) => row(x, i));
const nested = (t: Tensor) => t.toNested();
const f = (x: Tensor) => sum(mul(sin(x), x));

describe("vmap", () => {
  it("maps over axis 0 and joins the values along axis 0", () => {
    expect(nested(vmap(f)(X))).toEqual(rows(X).map((x) => f(x).item()));
  });

  it("runs f once, on tensors with the shape of one entry and no values", () => {
    const seen: unknown[] = [];
    vmap((x: Tensor) => {
      seen.push([x.shape, x.array]);
      return x;
    })(X);
    expect(seen).toEqual([[[3], undefined]]);
  });

  it("takes the batch axis of each argument, null for none, and trees of axes", () => {
    const g = (p: { a: Tensor; b: readonly [Tensor] }, c: Tensor) => mul(add(p.a, p.b[0]), c);
    const [a, b, c] = [random([3, 4], 2), random([4, 3], 3), random([3], 4)];
    const got = vmap(g, { inAxes: [{ a: 1, b: [0] }, null] })({ a, b: [b] }, c);
    const columns = (i: number) => tensor((nested(a) as number[][]).map((each) => each[i]!));
    expect(nested(got)).toEqual(rows(b).map((each, i) => nested(g({ a: columns(i), b: [each] }, c))));
  });

  it("puts the batch axis at outAxes, and repeats values that do not depend on the batch", () => {
    const g = (x: Tensor) => ({ a: x, b: tensor([7, 8]), c: tensor(5) });
    const { a, b, c } = vmap(g, { outAxes: { a: -1, b: 1, c: null } })(X);
    expect(nested(a)).toEqual(nested(tensor(X.data.transpose(1, 0))));
    expect(nested(b)).toEqual([[7, 7, 7, 7], [8, 8, 8, 8]]); // biome-ignore format: one row per entry
    expect(c.shape).toEqual([]);
  });

  it("accepts negative axes, a batch of size 0, and a size without batched arguments", () => {
    expect(vmap((x: Tensor) => x, { inAxes: -1 })(X).shape).toEqual([3, 4]);
    expect(nested(vmap(f)(random([0, 3])))).toEqual([]);
    expect(nested(vmap(() => tensor(2), { size: 3 })())).toEqual([2, 2, 2]);
  });

  it.each([1, 2, 3, 4, 9])("gives the same values and gradients in chunks of %i", (chunk) => {
    const all = (options: { chunk?: number }) => vjp((x: Tensor) => vmap(sin, options)(x), X);
    expect(plainValues(all({ chunk }).value)).toEqual(plainValues(all({}).value));
    expect(plainValues(all({ chunk }).pullback(X))).toEqual(plainValues(all({}).pullback(X)));
  });

  it("passes arguments of any type through if they have no batch axis", () => {
    const g = (x: Tensor, { factor }: { factor: number }) => mul(x, factor);
    expect(
      nested(vmap(g as (x: Tensor, o: never) => Tensor, { inAxes: [0, null] })(X, { factor: 2 } as never)),
    ).toEqual(nested(mul(X, 2)));
  });

  it("gives the per-example gradients of shared parameters", () => {
    const loss = (w: Tensor, x: Tensor) => sum(square(mul(w, x)));
    const w = random([3], 9);
    expect(nested(vmap(grad(loss), { inAxes: [null, 0] })(w, X))).toEqual(rows(X).map((x) => nested(grad(loss)(w, x))));
  });

  it("applies any op of a user, one entry at a time", () => {
    const reversed: Op<Unary> = defineOp<Unary>({
      name: "reversed",
      shape: ([x]) => x.shape,
      kernel: (out, [x]) => out.data.set(ravel(x).slice().reverse()),
      vjp: [(g) => reversed(g)],
      samples: () => [[tensor([1, 2])]],
    });
    expect(nested(vmap((x: Tensor) => reversed(x))(X))).toEqual(rows(X).map((x) => nested(reversed(x))));
  });

  it("rejects a batch rule that returns another shape", () => {
    const wrong = defineOp<Unary>({
      name: "wrong",
      shape: ([x]) => x.shape,
      kernel: (out, [x]) => out.data.set(ravel(x)),
      vjp: [(g) => g],
      batch: ({ inputs: [x] }) => sum(x),
      samples: () => [[tensor([1, 2])]],
    });
    expect(errorOf(() => vmap((x: Tensor) => wrong(x))(X)).message).toBe(
      "vmap: the batch rule of wrong must return float64 [4, 3], got float64 []",
    );
  });
});

describe("vmap composes", () => {
  it("with vmap", () => {
    const outer = (a: Tensor, b: Tensor) => vmap((x: Tensor) => vmap((y: Tensor) => f(mul(x, y)))(b))(a);
    const wanted = rows(X).map((x) => rows(X).map((y) => f(mul(x, y)).item()));
    expect(nested(outer(X, X))).toEqual(wanted);
  });

  it("with grad on both sides", () => {
    const total = (x: Tensor) => sum(vmap(f)(x));
    expectClose(grad(total)(X), vmap(grad(f))(X), 14);
  });

  it("with derivatives of a captured tensor", () => {
    const w = random([3], 5);
    const viaVmap = (v: Tensor) => sum(square(vmap((x: Tensor) => sum(mul(sin(v), x)))(X)));
    const viaLoop = (v: Tensor) =>
      rows(X).map((x) => square(sum(mul(sin(v), x)))).reduce((a, b) => add(a, b)); // biome-ignore format: reads best on one line
    expectClose(grad(viaVmap)(w), grad(viaLoop)(w), 13);
    expectClose(hessian(viaVmap)(w), hessian(viaLoop)(w), 13);
  });

  it("with trace and evaluate", () => {
    const g = (x: Tensor) => vmap(grad(f))(x);
    expect(plainValues(evaluate(trace(g, X), X))).toEqual(plainValues(g(X)));
  });

  it("with a captured tensor of an outer trace", () => {
    const g = (w: Tensor) => vmap((x: Tensor) => mul(x, w))(X);
    expect(nested(evaluate(trace(g, { shape: [3] }), tensor([1, 2, 3])))).toEqual(nested(g(tensor([1, 2, 3]))));
  });

  it("with jvp, jacobian and checkpoint", () => {
    expectClose(jvp((x: Tensor) => vmap(f)(x), [X], [X]).tangent, vmap((x: Tensor) => jvp(f, [x], [x]).tangent)(X), 13);
    const g = (x: Tensor) => mul(sin(x), sum(x));
    const wanted = rows(X).map((x) => nested(jacobian(g)(x)));
    expect(nested(vmap(jacobian(g))(X))).toEqual(wanted);
    const kept = checkpoint((x: Tensor, y: Tensor) => mul(sin(x), exp(y)));
    const total = (h: typeof kept) => (x: Tensor) => sum(square(vmap((r: Tensor) => h(r, r))(x)));
    expectClose(grad(total(kept))(X), grad(total((x, y) => mul(sin(x), exp(y))))(X), 13);
  });

  it("with a checkpointed function that captures a batched tensor", () => {
    const g = (x: Tensor) => sum(vmap((r: Tensor) => checkpoint((s: Tensor) => mul(sin(s), r))(r))(x));
    expectClose(grad(g)(X), grad((x: Tensor) => sum(mul(sin(x), x)))(X), 14);
  });

  it("records only the batched steps on outer tapes, and no steps of the run without values", () => {
    const w = tensor([1, 2, 3], { label: "w" });
    const { steps } = record((v: Tensor) => {
      const scaled = mul(v, 2); // depends on w alone
      return vmap((x: Tensor) => {
        mul(x, scaled); // no output needs this step
        return mul(x, sin(scaled));
      })(X);
    }, w);
    expect(steps.every(({ output }) => output.array !== undefined)).toBe(true);
    expect(steps.filter(({ op }) => op.name === "sin").length).toBe(1);
    expect(steps.map(({ output }) => output).at(-1)!.shape).toEqual([4, 3]);
  });

  it("keeps no state after an error in f", () => {
    expect(() =>
      vmap((_: Tensor): Tensor => {
        throw new RangeError("mine");
      })(X),
    ).toThrow("mine");
    const steps: unknown[] = [];
    withRecorder("test", { record: (step) => steps.push(step) }, () => sin(X));
    expect(steps.length).toBe(1);
  });
});

describe("a custom rule in a batch", () => {
  const doubled = customVjp({
    forward: (x: Tensor) => [sin(x), x] as const,
    backward: (_, g: Tensor) => [mul(g, 2)],
  });

  it("stays in force, for every nesting", () => {
    const twos = nested(mul(add(X, 0), 0)).toString().split(",").map(() => 2); // biome-ignore format: reads best on one line
    for (const g of [
      (x: Tensor) => vmap((r: Tensor) => doubled(r))(x),
      (x: Tensor) => vmap((r: Tensor) => vmap((s: Tensor) => doubled(s))(r))(x),
      (x: Tensor) => vmap((r: Tensor) => checkpoint((s: Tensor) => doubled(s))(r))(x),
      (x: Tensor) => scan((c: Tensor, r: Tensor) => [c, doubled(r)], tensor(0), x).ys,
    ])
      expect(
        nested(grad((x: Tensor) => sum(g(x)))(X))
          .toString()
          .split(",")
          .map(Number),
      ).toEqual(twos);
    expect(nested(vmap(grad((r: Tensor) => sum(doubled(r))))(X)).toString()).toBe(twos.toString());
  });

  it("is one step per tensor of its value, and derivatives of second order use its ops", () => {
    expect(explain(record((x: Tensor) => vmap((r: Tensor) => doubled(r))(x), X))).toContain("customVjp");
    const total = (x: Tensor) => sum(square(vmap((r: Tensor) => doubled(r))(x)));
    const wanted = (x: Tensor) => sum(square(doubled(x)));
    expectClose(
      grad((x: Tensor) => sum(square(grad(total)(x))))(X),
      grad((x: Tensor) => sum(square(grad(wanted)(x))))(X),
      12,
    );
  });

  it("works with residuals of any kind, several arguments and a tree as value", () => {
    const rule = customVjp({
      forward: (p: { a: Tensor }, b: Tensor) =>
        [
          { y: mul(p.a, b), z: sin(b) },
          { p, b, text: "kept" },
        ] as const,
      backward: ({ p, b, text }, g: { y: Tensor; z: Tensor }) => [
        { a: mul(g.y, text === "kept" ? b : p.a) },
        add(mul(g.y, p.a), mul(g.z, cos(b))),
      ],
    });
    const plain = (p: { a: Tensor }, b: Tensor) => ({ y: mul(p.a, b), z: sin(b) });
    const total = (h: typeof plain) => (a: Tensor, b: Tensor) => {
      const { y, z } = vmap((r: Tensor, s: Tensor) => h({ a: r }, s), { inAxes: [0, null] })(a, b);
      return sum(mul(y, exp(z)));
    };
    const b = random([3], 8);
    for (const argnums of [0, 1] as const)
      expectClose(grad(total(rule), { argnums })(X, b), grad(total(plain), { argnums })(X, b), 13);
  });

  it("rejects a captured tensor that is differentiated", () => {
    const rule = (w: Tensor) =>
      customVjp({ forward: (y: Tensor) => [mul(y, w), null], backward: (_, g: Tensor) => [g] });
    const g = (w: Tensor) => sum(vmap((x: Tensor) => rule(w)(mul(x, w)))(X));
    expect(errorOf(() => grad(g)(tensor([1, 2, 3], { label: "w" }))).message).toMatch(
      /^customVjp: forward uses w \[3\], which is differentiated/,
    );
  });
});

describe("customJvp", () => {
  const own = customJvp({ value: sin, tangent: ([x], [v]) => mul(v, cos(x!)) });

  it("gives both modes, to any order", () => {
    const [x, v] = [random([3], 1), random([3], 2)];
    expectClose(jvp(own, [x], [v]).tangent, mul(v, cos(x)), 15);
    expectClose(vjp(own, x).pullback(v)[0], mul(v, cos(x)), 15);
    expectClose(hessian((y: Tensor) => sum(own(y)))(x), hessian((y: Tensor) => sum(sin(y)))(x), 15);
  });

  it("uses the rule, not the ops of value", () => {
    const tripled = customJvp({ value: sin, tangent: (_, [v]) => mul(v!, 3) });
    expect(nested(vmap(grad((r: Tensor) => sum(tripled(r))))(tensor([[1, 2]])))).toEqual([[3, 3]]);
  });

  it("rejects a tangent that is not linear", () => {
    const wrong = customJvp({ value: sin, tangent: (_, [v]) => add(v!, 1) });
    expect(errorOf(() => grad((x: Tensor) => sum(wrong(x)))(tensor([1]))).message).toBe(
      "customJvp: tangent must be linear in the tangents, but zero tangents gave 1; remove the terms without a tangent",
    );
  });

  it("takes integers, which have no tangent", () => {
    const n = tensor([1, 2], { dtype: "int32" });
    const scaled = customJvp({ value: (x: Tensor, _: Tensor) => mul(x, 2), tangent: (_, [v]) => mul(v, 2) });
    expect(nested(grad((x: Tensor) => sum(scaled(x, n)))(tensor([1, 2])))).toEqual([2, 2]);
  });
});

describe("jacobian", () => {
  it("gives the rows of a rule that reads values, one after another", () => {
    const reads = customVjp({
      forward: (x: Tensor) => [square(x), x] as const,
      backward: (x, g: Tensor) => [
        mul(mul(g, 2), g.item === undefined ? x : add(x, scalar(0 * Number(nested(sum(g)))))),
      ],
    });
    expect(nested(jacobian((x: Tensor) => reads(x))(tensor([1, 2, 3, 4])))).toEqual([
      [2, 0, 0, 0],
      [0, 4, 0, 0],
      [0, 0, 6, 0],
      [0, 0, 0, 8],
    ]);
  });

  it("does not confuse an outer variable with the one of an inner batch", () => {
    const g = (x: Tensor) => sum(vmap((y: Tensor) => mul(y, grad((z: Tensor) => mul(sum(x), z))(y)))(tensor([2, 3])));
    expect(nested(grad(g)(tensor([1, 1])))).toEqual([5, 5]);
  });
});

test("a tensor with values is a Tensor in f too", () => {
  expect(vmap((x: Tensor) => (x instanceof Tensor ? stopGradient(x) : x))(X).shape).toEqual([4, 3]);
});
