import { checkpoint, DTypeError, stopGradient, type Tensor, TreeError, tensor } from "@wengert/core";
import { type Binary, defineOp, type Op, ravel, type Unary, type VjpRule } from "@wengert/core/extend";
import { type Cause, GradcheckError, type GradcheckOptions, gradcheck } from "@wengert/core/gradcheck";
import { describe, expect, it, test } from "vitest";
import {
  add,
  cos,
  errorOf,
  exp,
  mul,
  neg,
  numbers,
  random,
  round,
  scalar,
  sin,
  square,
  sum,
  toyOps,
  transpose,
} from "./support.ts";

/** Returns the diagnosis of gradcheck for `f`, whose VJP rule is wrong. */
function diagnosisOf(f: (...args: Tensor[]) => Tensor, args: Tensor[], options?: GradcheckOptions) {
  const error = errorOf(() => gradcheck(f, args, options));
  expect(error).toBeInstanceOf(GradcheckError);
  return { ...(error as GradcheckError).diagnosis, message: error.message };
}

/** Defines an elementwise op whose VJP rule may be wrong. */
const unary = (f: (x: number) => number, rule: VjpRule<Unary, undefined> | null): Op<Unary> =>
  defineOp<Unary>({
    name: "wrong",
    shape: ([x]) => x.shape,
    kernel: (out, [x]) => out.data.set(ravel(x).map(f)),
    vjp: [rule],
    samples: () => [[1]],
  });
/** Defines an elementwise op of two inputs a and b. b may be a scalar. */
const binary = (
  f: (a: number, b: number) => number,
  vjp: readonly [VjpRule<Binary, undefined> | null, VjpRule<Binary, undefined> | null],
): Op<Binary> =>
  defineOp<Binary>({
    name: "wrong",
    shape: ([a]) => a.shape,
    kernel: (out, [a, b]) => out.data.set(ravel(a).map((x, i) => f(x, ravel(b)[b.shape.length === 0 ? 0 : i]!))),
    vjp,
    samples: () => [[1, 2]],
  });

const x = random([2, 3], 1);
const y = random([2, 3], 2);

describe("right rules are accepted", () => {
  const samples = toyOps.flatMap(({ spec }) => spec.samples().map((sample, i) => [spec.name, i, sample] as const));
  test.each(samples)("%s, sample %i, to order 3", (name, _, sample) => {
    const op = toyOps.find(({ spec }) => spec.name === name) as unknown as (...args: unknown[]) => Tensor;
    const inputs = (sample as readonly unknown[]).filter(
      (arg): arg is Tensor => typeof arg !== "number" && Object(arg).dtype,
    );
    const options = (sample as readonly unknown[]).slice(inputs.length);
    gradcheck((...args: Tensor[]) => op(...args, ...options), [...inputs], { order: 3 });
  });
  test("trees, several values with integers, constants and unused arguments", () => {
    const f = ({ a }: { a: Tensor }, [b]: Tensor[], n: Tensor, _: Tensor) => ({
      p: mul(sin(a), b!),
      q: [n, round(b!), sum(a)],
    });
    gradcheck(f, [{ a: x }, [y], tensor([1, 2], { dtype: "int32" }), x], { order: 3 });
    gradcheck(() => x, []);
    gradcheck((a: Tensor) => a, [tensor([])]);
    gradcheck((_: Tensor) => [], [x]);
  });
  test("large and small numbers, because the tolerance is relative to the terms", () => {
    gradcheck((a: Tensor) => sum(mul(a, 1e6)), [x]);
    gradcheck((a: Tensor) => exp(mul(a, 3)), [add(x, 3)]);
    gradcheck((a: Tensor) => mul(a, 1e-9), [x]);
  });
});

describe("wrong rules are rejected with their cause:", () => {
  type Wrong = readonly [name: string, op: (...args: Tensor[]) => Tensor, args: Tensor[], cause: Cause, advice: RegExp];
  const wrong: readonly Wrong[] = [
    ["the sign", unary(Math.sin, (g, { inputs: [a] }) => neg(mul(g, cos(a)))), [x], "sign", /negative/],
    [
      "a constant factor",
      unary(
        (a) => a * a,
        (g, { inputs: [a] }) => mul(g, a),
      ),
      [x],
      "missing factor",
      /2, in every component/,
    ],
    [
      "a factor that is not there",
      unary(
        (a) => a,
        (g) => mul(g, 4),
      ),
      [x],
      "missing factor",
      /0\.25, in every component/,
    ],
    ["the factor of the output", unary(Math.exp, (g) => g), [x], "missing factor", /\(the output\)/],
    [
      "the factor of the input",
      unary(
        (a) => a * a,
        (g) => mul(g, 2),
      ),
      [x],
      "missing factor",
      /\(args\[0\]\)/,
    ],
    [
      "a multiple of the input",
      unary(
        (a) => a ** 3,
        (g, { inputs: [a] }) => mul(g, a),
      ),
      [x],
      "missing factor",
      /\(3 × args\[0\]\)/,
    ],
    [
      "a division by the input",
      unary(
        (a) => Math.log(a + 2),
        (g) => g,
      ),
      [add(x, 0)],
      "unknown",
      /formula/,
    ],
    [
      "a division by the output",
      unary(
        (a) => Math.sqrt(a + 2),
        (g) => g,
      ),
      [x],
      "missing factor",
      /\(0\.5 \/ the output\)/,
    ],
    [
      "the factor of the other input",
      binary((a, b) => a * b, [(g) => g, (g, { inputs: [a] }) => mul(g, a)]),
      [x, y],
      "missing factor",
      /\(args\[1\]\)/,
    ],
    [
      "the cotangent",
      unary(Math.sin, (_, { inputs: [a] }) => cos(a)),
      [x],
      "not linear in the cotangent",
      /g is not a factor/,
    ],
    [
      "one term without the cotangent",
      unary(Math.sin, (g, { inputs: [a] }) => add(mul(g, cos(a)), 0.5)),
      [x],
      "not linear in the cotangent",
      /every term/,
    ],
    [
      "the cotangent squared",
      unary(
        (a) => a,
        (g) => mul(g, g),
      ),
      [x],
      "not linear in the cotangent",
      /every term/,
    ],
    [
      "the axes, of a square",
      unary(
        (a) => a,
        (g) => transpose(g),
      ),
      [random([3, 3])],
      "transposed",
      /axes swapped/,
    ],
    [
      "the axes",
      unary(
        (a) => a,
        (g) => transpose(g),
      ),
      [x],
      "transposed",
      /VJP rule of input 0/,
    ],
    [
      "the sum over the broadcast axes",
      binary((a, b) => a + b, [(g) => g, (g) => g]),
      [x, scalar(2)],
      "missing broadcast reduction",
      /VJP rule of input 1/,
    ],
    ["everything: a null rule", unary(Math.sin, null), [x], "nothing flows back", /captured|stopped/],
    ["everything: a constant", (a) => tensor(sin(a)), [x], "nothing flows back", /captured|stopped/],
    ["everything: a stopped gradient", (a) => stopGradient(sin(a)), [x], "nothing flows back", /captured|stopped/],
    ["one term: a stopped gradient", (a) => mul(a, stopGradient(a)), [x], "missing factor", /2, in every component/],
    [
      "nothing, but at a corner",
      unary(
        (a) => Math.max(a, 0),
        (g, { inputs: [a] }) => mul(g, tensor(numbers(a).map((v) => Number(v > 0)))),
      ),
      [tensor([1, 0, -1])],
      "not differentiable here",
      /one-sided slopes/,
    ],
    [
      "nothing, but at a step",
      unary(Math.round, (g) => mul(g, 0)),
      [tensor([0.2, 0.5])],
      "not differentiable here",
      /slopes/,
    ],
    [
      "nothing in particular",
      unary(Math.sin, (g, { inputs: [a] }) => mul(g, exp(square(a)))),
      [x],
      "unknown",
      /formula/,
    ],
  ];
  test.each(wrong)("%s", (_, f, args, cause, advice) => {
    const { cause: found, message, order } = diagnosisOf(f, args);
    expect([found, order]).toEqual([cause, 1]);
    expect(message).toMatch(advice);
    expect(message).toMatch(
      /^gradcheck: order 1: (∂⟨u, f⟩\/∂\(args\[\d\]\)|the cotangent of args\[\d\] has the wrong shape or dtype;)/,
    );
  });

  test("a function that is not deterministic", () => {
    let calls = 0;
    const { cause } = diagnosisOf((a) => add(a, ++calls), [x]);
    expect(cause).toBe("not deterministic");
  });
  test("in any argument", () => {
    for (const which of [0, 1]) {
      const rules = [0, 1].map(
        (k): VjpRule<Binary, undefined> =>
          (g, { inputs }) =>
            mul(mul(g, inputs[1 - k]!), k === which ? 2 : 1),
      );
      const op = binary((a, b) => a * b, rules as [VjpRule<Binary, undefined>, VjpRule<Binary, undefined>]);
      const { input, cause, analytic, numeric, ratio } = diagnosisOf(op, [x, y]);
      expect([input, cause]).toEqual([`args[${which}]`, "missing factor"]);
      expect(ratio).toBeCloseTo(2, 5);
      expect(analytic / numeric).toBe(ratio);
    }
  });
  test("a rule that computes with numbers leaves the tape", () => {
    const f = unary(Math.sin, (g, { inputs: [a] }) => mul(tensor(g), cos(a)));
    expect(diagnosisOf((a) => f(a!), [x])).toMatchObject({ cause: "leaves the tape", order: 1, analytic: 0 });
  });
  test.each([NaN, Infinity])("a rule that returns %s at the first index", (bad) => {
    const f = unary(Math.sin, (g, { inputs: [a] }) => mul(mul(g, cos(a)), tensor([bad, 1, 1])));
    const { cause, index, message } = diagnosisOf((a) => f(a!), [tensor([1, 2, 3])], { order: 1 });
    expect([cause, index]).toEqual(["not finite", [0]]);
    expect(message).toMatch(`the rule returns ${bad}`);
  });
  test("a function that is NaN at the point, which is deterministic", () => {
    const root = unary(Math.sqrt, (g) => g);
    const { cause, message } = diagnosisOf((a) => root(a!), [tensor([1, -1])]);
    expect(cause).toBe("not finite");
    expect(message).toMatch("f returns NaN");
  });
  test("a point at the edge of the domain", () => {
    const root = unary(Math.sqrt, (g, { inputs: [a] }) => mul(g, exp(mul(tensor([Infinity, 0]), a))));
    expect(diagnosisOf((a) => root(a!), [tensor([0, 1])]).cause).toBe("not differentiable here");
  });
  test("the absolute value at 0, whose gradient jumps", () => {
    const sign: Op<Unary> = unary(Math.sign, (g) => mul(g, 0));
    const abs = unary(Math.abs, (g, { inputs: [a] }) => mul(g, sign(a)));
    expect(diagnosisOf((a) => abs(a!), [tensor([0, 1])])).toMatchObject({ cause: "not differentiable here", order: 2 });
  });
  test("two rules in the wrong order", () => {
    const product = binary((a, b) => a * b, [(g, { inputs: [a] }) => mul(g, a), (g, { inputs: [, b] }) => mul(g, b)]);
    const { cause, message } = diagnosisOf((a, b) => product(a!, b!), [x, y]);
    expect(cause).toBe("swapped arguments");
    expect(message).toMatch(/args\[(\d)\] has the gradient of args\[(?!\1)\d\]/);
  });
  test("a kernel that ignores strides or the offset", () => {
    const careless: Op<Unary> = defineOp<Unary>({
      name: "careless",
      shape: ([a]) => a.shape,
      kernel: (out, [a]) => {
        for (let i = 0; i < out.data.length; i++) out.data[i] = Math.sin(a.data[i]!);
      },
      vjp: [(g, { inputs: [a] }) => mul(g, cos(a))],
      samples: () => [[1]],
    });
    expect(diagnosisOf((a, b) => add(careless(a!), careless(b!)), [x, y]).cause).toBe("ignores strides");
  });
  test("an unknown cause, with the components for a cotangent of ones", () => {
    const logistic = (a: number) => 1 / (1 + Math.exp(-a));
    const wrong = unary(logistic, (g, { output: s }) => mul(g, mul(s, add(1, s))));
    const { cause, message, analytic } = diagnosisOf((a) => wrong(a!), [tensor([0.5, -2])], { order: 1 });
    const s = [0.5, -2].map(logistic) as [number, number];
    const text = (values: number[]) => `[${values.map((value) => Number(value.toPrecision(6))).join(", ")}]`;
    expect(cause).toBe("unknown");
    expect(message).toMatch(/; u is ones$/);
    expect(message).toMatch(`${text(s.map((p) => p * (1 + p)))} by the rules, `);
    expect(message).toMatch(/\[0\.235\d+, 0\.10\d+\] by finite differences/);
    expect(analytic).toBeCloseTo(s[0] * (1 + s[0]), 12);
  });
  test("never a factor of 1", () => {
    const { cause, message } = diagnosisOf((a) => exp(sin(a!)), [x], { tolerance: 1e-15 });
    expect(cause).toBe("unknown");
    expect(message).not.toMatch("factor");
  });
  test("at any path and component, and the message names both", () => {
    const mask = tensor([
      [0, 0, 0],
      [0, 0, 1],
    ]);
    const op = unary(
      (a) => a,
      (g) => add(g, mul(mul(g, mask), 0.5)),
    );
    const error = errorOf(() => gradcheck(({ w }: { w: Tensor[] }) => mul(w[0]!, op(w[1]!)), [{ w: [x, y] }]));
    const { input, index } = (error as GradcheckError).diagnosis;
    expect([input, index]).toEqual(["args[0].w[1]", [1, 2]]);
    expect(error.message).toMatch(
      /∂\(args\[0\]\.w\[1\]\) at \[1, 2\] is .* by the rules, .* by finite differences, ratio 1\.5; /,
    );
  });
  test("a rule that loses a term on which the sum of the outputs does not depend", () => {
    // For y = x / Σ x, the wrong VJP rule g − ⟨g, y⟩ gives the correct result 0 if all entries of g are equal. So a
    // cotangent of ones does not reveal the error.
    const share = defineOp<Unary>({
      name: "share",
      shape: ([a]) => a.shape,
      kernel: (out, [a]) => {
        const total = Array.from(ravel(a)).reduce((s, v) => s + v, 0);
        out.data.set(ravel(a).map((v) => v / total));
      },
      vjp: [(g, { output }) => add(g, neg(sum(mul(g, output))))], // the factor 1 / Σ x is missing
      samples: () => [[1]],
    });
    const point = [tensor([1, 2, 4])];
    expect(() => gradcheck(([a]: Tensor[]) => sum(share(a!)), [point], { order: 1 })).not.toThrow();
    expect(() => gradcheck(([a]: Tensor[]) => share(a!), [point], { order: 1 })).toThrow(GradcheckError);
  });
});

describe("derivatives that are wrong only from the second order on", () => {
  const constant = unary(Math.sin, (g, { inputs: [a] }) => mul(g, tensor(cos(a))));
  const savedOutput = unary(Math.exp, (g, { output }) => mul(g, tensor(output)));
  test.each([
    ["a rule with a captured constant", constant],
    ["a rule with its output as a constant", savedOutput],
  ] as const)("%s", (_, f) => {
    expect(() => gradcheck((a: Tensor) => f(a), [x], { order: 1 })).not.toThrow();
    const { order, input, cause } = diagnosisOf((a) => f(a!), [x]);
    expect([order, input, cause]).toEqual([2, "args[0]", "nothing flows back"]);
  });
  test("in the cotangent are found at order 1: the JVP is the pullback of the pullback", () => {
    const f = unary(Math.sin, (g, { inputs: [a] }) => mul(stopGradient(g), cos(a)));
    expect(diagnosisOf((a) => f(a!), [x], { order: 1 }).order).toBe(1);
  });
  test("are found at order 3", () => {
    const slope = unary(Math.cos, (g, { inputs: [a] }) => neg(mul(g, tensor(sin(a)))));
    const f = unary(Math.sin, (g, { inputs: [a] }) => mul(g, slope(a)));
    expect(() => gradcheck((a: Tensor) => f(a), [x], { order: 2 })).not.toThrow();
    expect(diagnosisOf((a) => f(a!), [x], { order: 3 }).order).toBe(3);
  });
});

describe("gradcheck", () => {
  it("accepts only float64 and integers", () => {
    const error = errorOf(() => gradcheck((a: Tensor) => a, [tensor([1], { dtype: "float32" })]));
    expect(error).toBeInstanceOf(DTypeError);
    expect(error.message).toMatch(/^gradcheck: args\[0\] is float32, too coarse/);
    gradcheck((a: Tensor) => a, [tensor([1], { dtype: "int32" })]);
  });
  it("throws unless the arguments are trees", () =>
    expect(() => gradcheck((a: Tensor) => a, ["1" as unknown as Tensor])).toThrow(TreeError));
  it("accepts a checkpoint", () =>
    gradcheck((a: Tensor) => checkpoint((b: Tensor) => exp(sin(b)))(a), [x], { order: 3 }));
  it("checks the requested number of directions, which depend only on the seed", () => {
    const seen = (options: GradcheckOptions) => {
      const points: string[] = [];
      const f = (a: Tensor) => {
        points.push(String(numbers(a)));
        return a;
      };
      gradcheck(f, [x], { order: 1, ...options });
      return points;
    };
    const [none, three, six] = [0, 3, 6].map((directions) => seen({ directions }).length) as [number, number, number];
    expect([three > none, six - three]).toEqual([true, three - none]);
    expect(seen({ seed: 5 })).toEqual(seen({ seed: 5 }));
    expect(seen({ seed: 5 })).not.toEqual(seen({ seed: 6 }));
  });
  it("passes errors of f through unchanged", () => {
    const own = new RangeError("own");
    const fail = (_: Tensor): Tensor => {
      throw own;
    };
    expect(errorOf(() => gradcheck(fail, [x]))).toBe(own);
  });
  it("finds an error of one part in a million", () => {
    const f = unary(
      (a) => a,
      (g) => mul(g, 1 + 1e-6),
    );
    expect(diagnosisOf(f, [x]).cause).toBeTypeOf("string");
    expect(() => gradcheck((a: Tensor) => f(a), [x], { tolerance: 1e-5 })).not.toThrow();
  });
});
