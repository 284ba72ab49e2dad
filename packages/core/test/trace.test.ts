import {
  ArgumentError,
  checkpoint,
  customVjp,
  DTypeError,
  evaluate,
  explain,
  grad,
  hvp,
  jacobian,
  jvp,
  OutOfRangeError,
  ShapeError,
  type Spec,
  type Step,
  scan,
  stopGradient,
  type Tensor,
  TracedValueError,
  TreeError,
  tensor,
  trace,
  treeMap,
  valueAndGrad,
  vjp,
} from "@wengert/core";
import { type AnyOpSpec, bodyOf, type TreeFunction } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import {
  add,
  adjointPair,
  errorOf,
  exp,
  log,
  matmul,
  mul,
  neg,
  plainValues,
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

const x = random([3], 1);
const y = random([3], 2);

interface Model {
  readonly layers: readonly { readonly w: Tensor; readonly b: Tensor }[];
}
const model: Model = {
  layers: [
    { w: random([4, 3], 3), b: random([], 4) },
    { w: random([3, 2], 5), b: random([], 6) },
  ],
};
const data = random([5, 4], 7);
const target = random([5, 2], 8);
const loss = ({ layers }: Model, input: Tensor, wanted: Tensor): Tensor => {
  const output = layers.reduce((h, { w, b }) => sin(add(matmul(h, w), b)), input);
  return sum(square(sub(output, wanted)));
};
const sgd = (params: Model, input: Tensor, wanted: Tensor) => {
  const { value, grad: gradient } = valueAndGrad(loss)(params, input, wanted);
  return { params: treeMap((p, g) => sub(p, mul(0.1, g!)), params, gradient), loss: value };
};

type Case = readonly [name: string, f: (...args: never) => unknown, args: readonly unknown[]];
const own = <A extends readonly unknown[], R>(name: string, f: TreeFunction<A, R>, ...args: A): Case => [name, f, args];
const cases: readonly Case[] = [
  own("one op", (a: Tensor) => sin(a), x),
  own("several arguments", (a: Tensor, b: Tensor) => sub(mul(a, b), exp(a)), x, y),
  own("constants", (a: Tensor) => mul(add(a, y), 3), x),
  own("a value that is an argument", (a: Tensor, b: Tensor) => [b, a, b], x, y),
  own("a value that is a constant", (_: Tensor) => ({ y, z: exp(y) }), x),
  own("no arguments", () => sin(y)),
  own("trees", ({ a, b }: { a: Tensor; b: Tensor[] }) => [{ c: add(a, b[0]!) }, neg(b[1]!)] as const, {
    a: x,
    b: [y, x],
  }),
  own("views", (a: Tensor) => matmul(transpose(a), a), random([2, 3])),
  own("params", (a: Tensor) => spread(sum(a), { shape: [2, 2] }), x),
  own("integers", (a: Tensor) => [round(mul(a, 10)), a], x),
  own("float32", (a: Tensor) => mul(a, 0.1), tensor([1, 2], { dtype: "float32" })),
  own("a gradient", (a: Tensor) => grad((b: Tensor) => sum(mul(sin(b), b)))(a), x),
  own(
    "a gradient with unused arguments",
    (a: Tensor, b: Tensor) => grad((c: Tensor[]) => sum(exp(c[0]!)))([a, b]),
    x,
    y,
  ),
  own("a stopped gradient", (a: Tensor) => grad((b: Tensor) => sum(mul(b, stopGradient(b))))(a), x),
  own("a JVP", (a: Tensor, v: Tensor) => jvp((b: Tensor) => mul(sin(b), b), [a], [v]), x, y),
  own("a jacobian", (a: Tensor) => jacobian((b: Tensor) => mul(b, sum(b)))(a), x),
  own("a Hessian times a vector", (a: Tensor, v: Tensor) => hvp((b: Tensor) => sum(exp(mul(b, b))))(a, v), x, y),
  own(
    "a third derivative",
    (a: Tensor) =>
      grad((b: Tensor) => sum(grad((c: Tensor) => sum(grad((d: Tensor) => sum(mul(square(d), square(d))))(c)))(b)))(a),
    x,
  ),
  own(
    "value and gradient of a model",
    (params: Model, a: Tensor, b: Tensor) => valueAndGrad(loss)(params, a, b),
    model,
    data,
    target,
  ),
  own("a whole training step", sgd, model, data, target),
];

describe.each(cases)("%s", (_, f, args) => {
  const run = f as (...args: readonly unknown[]) => Tensor;
  const program = trace(run as (...args: Tensor[]) => Tensor, ...(args as Tensor[]));
  it("returns the same value when traced and evaluated", () => {
    const got = evaluate(program, ...(args as Tensor[]));
    expect(plainValues(got)).toEqual(plainValues(run(...args)));
    const dtypes = (tree: unknown) => JSON.stringify(tree, (key, entry) => (key === "dtype" ? [entry] : entry));
    expect(dtypes(plainValues(got))).toBe(dtypes(plainValues(run(...args))));
  });
  it("returns the same value as f for other numbers of the same shapes", () => {
    let seed = 50;
    const others = treeMap((leaf) => tensor(random(leaf.shape, seed++), { dtype: leaf.dtype }), args as Tensor[]);
    expect(plainValues(evaluate(program, ...others))).toEqual(plainValues(run(...others)));
  });
  it("is a complete list: each input of a step is an input, a constant or an earlier output", () => {
    const known = new Set([...program.inputs, ...program.constants]);
    for (const { inputs, output } of program.steps) {
      expect(inputs.every((input) => known.has(input))).toBe(true);
      known.add(output);
    }
    expect(program.outputs.every((output) => known.has(output))).toBe(true);
    expect(program.constants.every(({ array }) => array !== undefined)).toBe(true);
    expect([...program.inputs, ...program.steps.map(({ output }) => output)].every(({ array }) => !array)).toBe(true);
  });
  it("has no unused step", () => {
    const used = new Set([...program.outputs, ...program.steps.flatMap(({ inputs }) => inputs)]);
    expect(program.steps.filter(({ output }) => !used.has(output))).toEqual([]);
  });
  it("can be printed as a table", () =>
    expect(explain(program).split("\n").length).toBeGreaterThanOrEqual(program.steps.length));
});

describe("a program", () => {
  it("computes steps that depend on no argument once, during the trace", () => {
    const { steps, constants } = trace((a: Tensor) => mul(a, exp(sin(y))), x);
    expect([steps.map(({ op }) => op.name), constants.map((c) => c.toNested())]).toEqual([
      ["mul"],
      [exp(sin(y)).toNested()],
    ]);
  });
  it("has only constants that its steps and outputs use", () => {
    const { constants } = trace((a: Tensor) => {
      add(a, y);
      return neg(a);
    }, x);
    expect(constants).toEqual([]);
  });
  it("has inputs of the specified shapes and dtypes, labeled by argument and path", () => {
    const f = (a: Tensor, { b }: { b: Tensor[] }) => [a, b[0]!];
    const { inputs, args } = trace(f, { shape: [2], dtype: "int32" }, { b: [{ shape: [], label: "bias" }] });
    expect(inputs.map(({ shape, dtype, label }) => [shape, dtype, label])).toEqual([
      [[2], "int32", "a"],
      [[], "float64", "bias"],
    ]);
    expect([args[0], args[1].b[0]]).toEqual(inputs);
  });
  it("copies the shapes of its specs", () => {
    const shape = [2];
    const { inputs } = trace((a: Tensor) => neg(a), { shape });
    shape[0] = 3;
    expect(inputs[0]!.shape).toEqual([2]);
  });
  it("treats objects with a tensor named shape as trees, not as specs", () => {
    const f = ({ shape }: { shape: Tensor }) => neg(shape);
    expect(trace(f, { shape: { shape: [2] } }).inputs[0]!.shape).toEqual([2]);
    expect(trace(f, { shape: x }).inputs[0]!.shape).toEqual([3]);
  });
  it("may be traced inside another trace if it uses only its own arguments", () => {
    const { steps } = trace((a: Tensor) => {
      const program = trace((b: Tensor) => sin(b), { shape: [3] });
      return evaluate(program, neg(a));
    }, x);
    expect(steps.map(({ op }) => op.name)).toEqual(["neg", "sin"]);
  });
  it("contains only ops, even in the bodies of nested loops that call functions with custom rules", () => {
    const scaled = checkpoint((a: Tensor) => mul(a, exp(sin(y))));
    const wave = customVjp({ forward: (a: Tensor) => [sin(a), a], backward: (a, g: Tensor) => [mul(g, exp(a))] });
    const f = (a: Tensor) => {
      const inner = (c: Tensor) => scan((d: Tensor) => [wave(scaled(d)), d], c, undefined, { length: 2 });
      return scan((c: Tensor) => [inner(c).carry, wave(c)], a, undefined, { length: 3 });
    };
    const opsOf = (steps: readonly Step[]): string[] =>
      steps.flatMap((step) => {
        expect(typeof (step as Step<AnyOpSpec>).op.shape).toBe("function");
        return [step.op.name, ...opsOf(bodyOf(step)?.body.steps ?? [])];
      });
    const program = trace(f, x);
    expect(opsOf(program.steps).filter((name) => name === "sin")).toHaveLength(2);
    expect(evaluate(program, x).ys.toNested()).toEqual(f(x).ys.toNested());
    const slope = (a: Tensor) => grad((b: Tensor) => sum(f(b).carry))(a);
    expect(opsOf(trace(slope, x).steps)).not.toContain("checkpoint");
    expect(evaluate(trace(slope, x), x).toNested()).toEqual(slope(x).toNested());
  });
  it("is evaluated by ops, so it can be differentiated, traced and evaluated again", () => {
    const f = (a: Tensor) => sum(mul(sin(a), a));
    const program = trace(f, { shape: [3] });
    const again = (a: Tensor) => evaluate(program, a);
    expect(grad(again)(x).toNested()).toEqual(grad(f)(x).toNested());
    expect(hvp(again)(x, y).toNested()).toEqual(hvp(f)(x, y).toNested());
    const [forward, reverse] = adjointPair(again, x);
    expect(Math.abs(forward - reverse)).toBeLessThan(1e-14);
    expect(evaluate(trace(again, x), x).item()).toBe(f(x).item());
    expect(trace((a: Tensor) => vjp(again, a).pullback(1)[0], x).steps.length).toBeGreaterThan(3);
  });
  it("accepts numbers in place of tensors as arguments", () => {
    expect(evaluate(trace(sin, { shape: [] }), 0.5).item()).toBe(Math.sin(0.5));
  });
  it("returns the same value each time", () => {
    const program = trace(sgd, model, data, target);
    const [first, second] = [evaluate(program, model, data, target), evaluate(program, model, data, target)];
    expect(plainValues(second)).toEqual(plainValues(first));
    let params = model;
    for (let i = 0; i < 20; i++) params = evaluate(program, params, data, target).params;
    expect(evaluate(program, params, data, target).loss.item()).toBeLessThan(first.loss.item());
  });
});

describe("reading a traced value throws", () => {
  const reads: [string, (a: Tensor) => unknown][] = [
    ["item()", (a) => a.item()],
    ["data", (a) => a.data],
    ["toNested()", (a) => a.toNested()],
    ["a branch", (a) => (mul(a, a).item() > 0 ? a : neg(a))],
    ["tensor()", (a) => tensor(a)],
    ["an element", (a) => a.data.get()],
  ];
  test.each(reads)("with %s, and the error says so", (_, read) => {
    const error = errorOf(() => trace((a: Tensor) => [a, read(a)][0] as Tensor, { shape: [], label: "W" }));
    expect(error).toBeInstanceOf(TracedValueError);
    expect(error.message).toMatch(/has no value while trace, compile, vmap or scan runs f; branch with where/);
  });
  it("inside a traced derivative", () => {
    const f = (a: Tensor) => grad((b: Tensor) => (b.item() > 0 ? b : neg(b)))(a);
    expect(() => trace(f, { shape: [] })).toThrow(TracedValueError);
  });
  it("if it belongs to another trace", () => {
    const f = (a: Tensor) => {
      trace((b: Tensor) => mul(a, b), { shape: [] });
      return a;
    };
    const error = errorOf(() => trace(f, { shape: [], label: "W" }));
    expect(error).toBeInstanceOf(TracedValueError);
    expect(error.message).toMatch(/^trace: f uses W \[\], which has no value in another trace; pass it as an argument/);
  });
  it("after the trace, if it leaked", () => {
    let leaked: Tensor | undefined;
    trace(
      (a: Tensor) => {
        leaked = sin(a);
        return a;
      },
      { shape: [] },
    );
    expect(() => leaked!.item()).toThrow(TracedValueError);
  });
});

describe("misuse", () => {
  const anyTrace = trace as unknown as (f: unknown, ...specs: unknown[]) => unknown;
  const program = trace(
    (a: Tensor, { b }: { b: Tensor }) => add(a, b),
    { shape: [2] },
    { b: { shape: [2], dtype: "float64" } },
  );
  const anyEvaluate = evaluate as unknown as (program: unknown, ...args: unknown[]) => unknown;
  const two = tensor([1, 2]);
  const cases: [string, () => unknown, typeof ArgumentError, RegExp][] = [
    [
      "a spec without a shape",
      () => anyTrace((a: Tensor) => a, { dtype: "float64" }),
      ArgumentError,
      /^trace: a\.dtype must be a tensor or \{ shape, dtype \}.*"float64"/,
    ],
    ["a number for a spec", () => anyTrace((a: Tensor) => a, 3), ArgumentError, /^trace: a must be .*, got 3/],
    [
      "a missing spec",
      () => anyTrace((a: Tensor[]) => a[0], [undefined]),
      ArgumentError,
      /^trace: a\[0\] must be .*, got undefined/,
    ],
    [
      "a negative size",
      () => anyTrace((a: Tensor) => a, { shape: [2, -1] }),
      ShapeError,
      /sizes must be integers ≥ 0, got \[2, -1\]/,
    ],
    ["a fractional size", () => anyTrace((a: Tensor) => a, { shape: [0.5] }), ShapeError, /got \[0.5\]/],
    [
      "an unknown dtype",
      () => anyTrace((a: Tensor) => a, { shape: [], dtype: "float16" }),
      DTypeError,
      /dtype must be one of/,
    ],
    ["a huge size", () => anyTrace((a: Tensor) => a, { shape: [2 ** 40] }), OutOfRangeError, /more elements/],
    [
      "an asynchronous f",
      () => anyTrace(async (a: Tensor) => a, { shape: [] }),
      ArgumentError,
      /^trace: f returned a promise/,
    ],
    [
      "a value that is not a tree",
      () => anyTrace(() => "text"),
      TreeError,
      /^trace: the value of f must be a tensor.*"text"/,
    ],
    ["incompatible shapes", () => anyTrace(add, { shape: [2] }, { shape: [3] }), ShapeError, /add/],
    [
      "too few arguments",
      () => anyEvaluate(program, two),
      TreeError,
      /^evaluate: args must be an array of 2, like the traced arguments; got an array of 1/,
    ],
    [
      "another structure",
      () => anyEvaluate(program, two, two),
      TreeError,
      /args\[1\] must be an object with b, like the traced arguments at \[1\]; got a Tensor/,
    ],
    [
      "another shape",
      () => anyEvaluate(program, tensor([1, 2, 3]), { b: two }),
      ShapeError,
      /float64 \[2\]; got float64 \[3\]/,
    ],
    [
      "another dtype",
      () => anyEvaluate(program, two, { b: tensor(two, { dtype: "float32" }) }),
      ShapeError,
      /float64 \[2\]; got float32 \[2\]/,
    ],
  ];
  test.each(cases)("%s throws", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
  it("stops recording when f throws", () => {
    expect(() => trace((a: Tensor) => log(neg(a)).item() as unknown as Tensor, { shape: [] })).toThrow(
      TracedValueError,
    );
    const spec: Spec = { shape: [] };
    expect(trace((a: Tensor) => neg(a), spec).steps).toHaveLength(1);
    expect(neg(scalar(1)).item()).toBe(-1);
  });
});
