import {
  ArgumentError,
  customVjp,
  DTypeError,
  grad,
  MutationError,
  record,
  ShapeError,
  stopGradient,
  type Tensor,
  TreeError,
  tensor,
  valueAndGrad,
  vjp,
  type WengertError,
} from "@wengert/core";
import { defineOp, type Inputs, type Op, Tape, type Unary, withRecorder } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import { sweep } from "../src/autodiff/sweep.ts"; // the public API does not return the map of cotangents
import {
  add,
  adjointPair,
  cos,
  div,
  errorOf,
  exp,
  mul,
  neg,
  numbers,
  random,
  round,
  scalar,
  sin,
  spread,
  square,
  sub,
  sum,
} from "./support.ts";

const x = tensor([1, 2, 3]);
const y = tensor([4, 5, 6]);
const u = tensor([0.5, -1, 2]);
const asInt = (t: Tensor) => tensor(t, { dtype: "int32" });

describe("vjp", () => {
  it("returns the value and Jᵀu for any cotangent u", () => {
    const { value, pullback } = vjp((a: Tensor, b: Tensor) => mul(sin(a), b), x, y);
    expect(value).toEqual(mul(sin(x), y));
    const [a, b] = pullback(u);
    expect(a).toEqual(mul(u, mul(cos(x), y)));
    expect(numbers(b)).toEqual(numbers(mul(u, sin(x))));
  });
  it("accepts a number as the cotangent of a scalar", () => {
    const { pullback } = vjp((a: Tensor) => sum(square(a)), x);
    expect(pullback(3)[0].toNested()).toEqual([6, 12, 18]);
    expect(errorOf(() => vjp((a: Tensor) => a, x).pullback(1))).toBeInstanceOf(ShapeError);
  });
  it("returns the same result from repeated pullbacks", () => {
    const { pullback } = vjp((a: Tensor) => add(mul(a, a), exp(a)), x);
    const [first, other, again] = [pullback(u), pullback(y), pullback(u)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
  it("is linear in the cotangent", () => {
    const { pullback } = vjp((a: Tensor) => div(sin(a), exp(a)), random([4]));
    const [v, w] = [random([4], 2), random([4], 3)];
    const apart = add(pullback(v)[0], mul(2, pullback(w)[0]));
    numbers(pullback(add(v, mul(2, w)))[0]).forEach((z, i) => {
      expect(z).toBeCloseTo(numbers(apart)[i]!, 14);
    });
  });
  it("adds the cotangents of a tensor that is used twice", () => {
    const { pullback } = vjp((a: Tensor) => add(add(a, mul(a, 3)), neg(a)), x);
    expect(pullback(u)[0].toNested()).toEqual([1.5, -3, 6]);
  });
  it("separates two arguments that are the same tensor", () => {
    expect(
      vjp((a: Tensor, b: Tensor) => sub(a, mul(b, 2)), x, x)
        .pullback(u)
        .map(numbers),
    ).toEqual([
      [0.5, -1, 2],
      [-1, 2, -4],
    ]);
    const [tree] = vjp(([a, b]: Tensor[]) => mul(a!, b!), [x, x]).pullback(tensor([1, 1, 1]));
    expect(tree.map(numbers)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
  it("returns zeros of the right shape and dtype for unused arguments", () => {
    const unused = { a: tensor([[1, 2]], { dtype: "float32" }), b: tensor([]), c: tensor(1) };
    const [, zeros] = vjp((a: Tensor, _: typeof unused) => a, x, unused).pullback(u);
    expect([zeros.a.dtype, zeros.a.toNested(), zeros.b.shape, zeros.c.item()]).toEqual(["float32", [[0, 0]], [0], 0]);
    expect(
      vjp((_: Tensor) => y, x)
        .pullback(u)[0]
        .toNested(),
    ).toEqual([0, 0, 0]);
  });
  it("allows outputs that are inputs, and the same output twice", () => {
    expect(
      vjp((a: Tensor) => a, x)
        .pullback(u)[0]
        .toNested(),
    ).toEqual(u.toNested());
    const [a, b] = vjp((a: Tensor, b: Tensor) => [b, a, a] as const, x, y).pullback([x, y, u] as const);
    expect([a.toNested(), b.toNested()]).toEqual([add(y, u).toNested(), x.toNested()]);
    const twice = vjp((a: Tensor) => {
      const z = mul(a, 2);
      return [z, z] as const;
    }, x);
    expect(twice.pullback([u, x])[0].toNested()).toEqual([3, 2, 10]);
  });
  it("differentiates trees with respect to trees", () => {
    const f = ({ w, b }: { w: Tensor[]; b: Tensor }) => ({ sum: add(w[0]!, w[1]!), rest: [mul(w[1]!, b)] });
    const { pullback } = vjp(f, { w: [x, y], b: tensor(2) });
    const [{ w, b }] = pullback({ sum: u, rest: [tensor([1, 0, 0])] });
    expect([...w.map(numbers), b.item()]).toEqual([[0.5, -1, 2], [2.5, -1, 2], 4]);
  });
  it("ignores integers among the values", () => {
    const { value, pullback } = vjp((a: Tensor) => [round(a), square(a)] as const, tensor([1.2, 2.7]));
    const [g] = pullback([value[0], tensor([1, 1])]);
    expect([value[0].dtype, g.toNested()]).toEqual(["int32", [2.4, 5.4]]);
  });
  it("stays in float32", () => {
    const a = tensor([0.1], { dtype: "float32" });
    const [g] = vjp((a: Tensor) => mul(a, a), a).pullback(tensor([1], { dtype: "float32" }));
    expect([g.dtype, g.toNested()]).toEqual(["float32", [2 * Math.fround(0.1)]]);
  });
  it("labels the tensors that f receives by argument and path, without changing the caller's tensors", () => {
    const labels: unknown[] = [];
    const W = tensor(1, { label: "W" });
    const plain = tensor(2);
    vjp(
      (params: Tensor[], scale: Tensor) => {
        labels.push(...params.map(({ label }) => label), scale.label);
        return scale;
      },
      [W, plain],
      plain,
    );
    expect([labels, W.label, plain.label]).toEqual([["W", "params[1]", "scale"], "W", undefined]);
  });
  it("accepts numbers in place of tensors as arguments", () => {
    const { value, pullback } = vjp(
      (a: Tensor, b: Tensor) => mul(a, b),
      3 as unknown as Tensor,
      4 as unknown as Tensor,
    );
    expect([value.item(), ...pullback(1).map((t) => t.item())]).toEqual([12, 4, 3]);
    expect(grad((a: Tensor | number) => mul(a, a))(5).item()).toBe(10);
  });
  it("accepts a function without arguments", () => expect(vjp(() => x).pullback(u)).toEqual([]));
  it("agrees with its JVP in random directions", () => {
    const f = (a: Tensor, b: { c: Tensor }) => ({ p: mul(sin(a), b.c), q: [sum(exp(b.c)), a] });
    const [forward, reverse] = adjointPair(f, random([5]), { c: random([5], 2) });
    expect(Math.abs(forward - reverse)).toBeLessThan(1e-14);
  });
});

describe("grad and valueAndGrad", () => {
  const loss = (a: Tensor, b: Tensor, c: Tensor) => sum(mul(mul(a, b), exp(c)));
  const args = [x, y, tensor([0, 0, 0])] as const;
  const wanted = [
    [4, 5, 6],
    [1, 2, 3],
    [4, 10, 18],
  ];
  it("differentiate with respect to the first argument by default", () => {
    expect(grad(loss)(...args).toNested()).toEqual(wanted[0]);
    const { value, grad: gradient } = valueAndGrad(loss)(...args);
    expect([value.item(), gradient.toNested()]).toEqual([32, wanted[0]]);
  });
  test.each([0, 1, 2] as const)("differentiate with respect to argument %i", (argnums) => {
    expect(grad(loss, { argnums })(...args).toNested()).toEqual(wanted[argnums]);
    expect(valueAndGrad(loss, { argnums })(...args).grad.toNested()).toEqual(wanted[argnums]);
  });
  test.each([[[0]], [[1, 0]], [[2, 0, 1]], [[]]] as const)("return a tuple for the list %j", (argnums) => {
    const expected = argnums.map((n) => wanted[n]);
    const gradients = grad(loss, { argnums })(...args) as readonly Tensor[];
    expect(gradients.map(numbers)).toEqual(expected);
    const both = valueAndGrad(loss, { argnums })(...args);
    expect([(both.grad as readonly Tensor[]).map(numbers), both.value.item()]).toEqual([expected, 32]);
  });
  it("accept any values as other arguments", () => {
    const f = (a: Tensor, n: number, name: string, labels: Tensor) => {
      expect([n, name, labels.dtype]).toEqual([3, "cubed", "int32"]);
      return sum(mul(a, n));
    };
    expect(grad(f)(x, 3, "cubed", asInt(x)).toNested()).toEqual([3, 3, 3]);
  });
  it("return a tree like the argument", () => {
    const params = {
      layers: [
        { w: x, b: tensor(1) },
        { w: y, b: tensor(2) },
      ],
      unused: tensor([[7]]),
    };
    const f = ({ layers }: typeof params) => sum(add(mul(layers[0]!.w, layers[1]!.w), layers[1]!.b));
    const g = grad(f)(params);
    expect(JSON.stringify(g, (_, t) => t?.toNested?.() ?? t)).toBe(
      '{"layers":[{"w":[4,5,6],"b":0},{"w":[1,2,3],"b":3}],"unused":[[0]]}',
    );
  });
  it("return aux of any type unchanged", () => {
    const f = (a: Tensor) => [sum(square(a)), { note: "seen", at: [a] }] as const;
    const { value, grad: gradient, aux } = valueAndGrad(f, { hasAux: true })(x);
    expect([value.item(), gradient.toNested(), aux.note, aux.at[0]!.toNested()]).toEqual([
      14,
      [2, 4, 6],
      "seen",
      [1, 2, 3],
    ]);
    const two = valueAndGrad((a: Tensor, b: Tensor) => [sum(mul(a, b)), null] as const, { hasAux: true, argnums: [1] });
    expect([two(x, y).grad[0].toNested(), two(x, y).aux]).toEqual([[1, 2, 3], null]);
  });
  it("accept a loss that is the argument, or does not depend on it", () => {
    expect(grad((a: Tensor) => a)(scalar(3)).item()).toBe(1);
    expect(grad((_: Tensor) => scalar(3))(x).toNested()).toEqual([0, 0, 0]);
  });

  const wrong = { grad, valueAndGrad } as unknown as Record<
    string,
    (f: unknown, options?: unknown) => (...args: unknown[]) => unknown
  >;
  describe.each(Object.keys(wrong))("%s throws for", (caller) => {
    const refused: [string, () => unknown, typeof WengertError, RegExp][] = [
      [
        "a loss that is not a scalar",
        () => wrong[caller]!((a: Tensor) => a)(x),
        ShapeError,
        /f must return a scalar, got .*\[3\]; reduce it with sum or mean/,
      ],
      ["a loss of shape [1]", () => wrong[caller]!((a: Tensor) => a)(tensor([1])), ShapeError, /\[1\]/],
      ["a loss that is a number", () => wrong[caller]!(() => 3)(x), TreeError, /f must return a scalar tensor, got 3/],
      ["a loss that is missing", () => wrong[caller]!(() => {})(x), TreeError, /got undefined/],
      ["a loss that is a list", () => wrong[caller]!(() => [scalar(1)])(x), TreeError, /got an array of 1/],
      ["an integer loss", () => wrong[caller]!(round)(scalar(1)), DTypeError, /f must return floats, got int32/],
      [
        "an integer argument",
        () => wrong[caller]!((a: Tensor) => sum(a))(asInt(x)),
        DTypeError,
        /a is int32.*cast\(a, /,
      ],
      ["a bool argument", () => wrong[caller]!((a: Tensor) => sum(a))(tensor([true])), DTypeError, /a is bool/],
      [
        "a string for a tensor",
        () => wrong[caller]!((a: Tensor) => sum(a))("3"),
        TreeError,
        /a must be a tensor .*, got the string "3"/,
      ],
      [
        "a number inside a tree",
        () => wrong[caller]!((a: Tensor[]) => a[0])([3]),
        TreeError,
        /a\[0\] must be a tensor .*, got 3/,
      ],
      [
        "a missing argument",
        () => wrong[caller]!((_: Tensor, b: Tensor) => sum(b), { argnums: 1 })(x),
        ArgumentError,
        /b is missing, got 1 of/,
      ],
      ["no arguments", () => wrong[caller]!((a: Tensor) => sum(a))(), ArgumentError, /a is missing, got 0 of/],
      [
        "an asynchronous f",
        () => wrong[caller]!(async (a: Tensor) => sum(a))(x),
        ArgumentError,
        /promise.*synchronous/,
      ],
      [
        "an f that is not a function",
        () => wrong[caller]!(3)(x),
        ArgumentError,
        /expected a function, got 3; write \w+\(\(x\) => \.\.\.\)/,
      ],
      [
        "argnums −1",
        () => wrong[caller]!(sum, { argnums: -1 })(x),
        ArgumentError,
        /argnums must be an argument's index, from 0.*got -1/,
      ],
      ["argnums 0.5", () => wrong[caller]!(sum, { argnums: [0.5] })(x), ArgumentError, /argnums/],
      ["argnums as a string", () => wrong[caller]!(sum, { argnums: "a" })(x), ArgumentError, /got the string "a"/],
      ["an argument named twice", () => wrong[caller]!(sum, { argnums: [0, 0] })(x), ArgumentError, /argnums/],
    ];
    test.each(refused)("%s", (_, run, Class, message) => {
      const error = errorOf(run);
      expect(error).toBeInstanceOf(Class);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(new RegExp(`^${caller}: `));
    });
  });
  it("hasAux throws for a loss without aux", () => {
    const f = ((a: Tensor) => sum(a)) as unknown as (a: Tensor) => readonly [Tensor, unknown];
    const error = errorOf(() => valueAndGrad(f, { hasAux: true })(x));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(/with hasAux, f must return \[value, aux\], got a Tensor/);
  });
  it.each([
    ["a list of one", [sum(x)]],
    ["a list of three", [sum(x), 1, 2]],
    ["two letters", "ab"],
  ])("hasAux throws for %s", (_, returned) => {
    const f = () => returned as unknown as readonly [Tensor, unknown];
    expect(errorOf(() => valueAndGrad(f, { hasAux: true, argnums: [] })())).toBeInstanceOf(ArgumentError);
  });
});

describe("stopGradient", () => {
  it("keeps the values and stops the cotangent", () => {
    expect(grad((a: Tensor) => sum(mul(a, stopGradient(a))))(x).toNested()).toEqual([1, 2, 3]);
    expect(stopGradient({ a: [x, asInt(x)] }).a.map(numbers)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
  it("stops derivatives of every order", () => {
    const g = (a: Tensor) => grad((b: Tensor) => mul(mul(b, b), stopGradient(b)))(a); // 2 b stop(b)
    expect([g(scalar(3)).item(), grad(g)(scalar(3)).item()]).toEqual([18, 6]);
    expect(grad((a: Tensor) => grad((b: Tensor) => mul(b, stopGradient(a)))(a))(scalar(3)).item()).toBe(0);
  });
  it("throws unless given a tree", () => expect(() => stopGradient(3 as unknown as Tensor)).toThrow(TreeError));
});

describe("the sweep", () => {
  it("reads a chain of 300,000 steps without deep recursion", () => {
    const n = 300_000;
    const f = (a: Tensor) => {
      let z = a;
      for (let i = 0; i < n; i++) z = neg(z);
      return z;
    };
    expect(grad(f)(scalar(1)).item()).toBe(1);
  });
  it("takes time linear in the number of uses", () => {
    const f = (a: Tensor) => {
      let z = a;
      for (let i = 0; i < 60; i++) z = mul(add(z, z), 0.5);
      return sum(z);
    };
    expect(grad(f)(x).toNested()).toEqual([1, 1, 1]);
  });
  it("frees cotangents after their use", () => {
    const tape = new Tape();
    tape.watch(x);
    const z = withRecorder("test", tape, () => {
      let z = x;
      for (let i = 0; i < 10; i++) z = mul(z, z);
      return z;
    });
    const cotangents = new Map([[z, u]]);
    for (const _ of sweep(tape, cotangents)) expect(cotangents.size).toBe(1);
    expect([...cotangents.keys()]).toEqual([x]);
  });

  /** Defines an op with three inputs. Each VJP rule appends its own index to the list `runs` when the rule runs. */
  const probe = (runs: number[], rule: (g: Tensor, k: number) => Tensor = (g) => g) =>
    defineOp<readonly [Tensor, Tensor, Tensor]>({
      name: "probe",
      shape: ([a]) => a.shape,
      kernel: () => {},
      vjp: [0, 1, 2].map((k) => (g: Tensor) => {
        runs.push(k);
        return rule(g, k);
      }) as never,
      samples: () => [[1, 2, 3]],
    });
  it("runs a rule only if its input is tracked", () => {
    const runs: number[] = [];
    const op = probe(runs);
    vjp((a: Tensor) => op(y, a, y), x).pullback(u);
    expect(runs).toEqual([1]);
    vjp((a: Tensor, b: Tensor) => op(neg(a), y, b), x, y).pullback(u);
    expect(runs).toEqual([1, 0, 2]);
  });
  it("runs no rule of a step that the value does not depend on", () => {
    const runs: number[] = [];
    const op = probe(runs);
    vjp((a: Tensor) => {
      op(a, a, a);
      return neg(a);
    }, x).pullback(u);
    expect(runs).toEqual([]);
  });
  it("passes a joint rule the needed inputs, and ignores the cotangents of others", () => {
    const wants: unknown[] = [];
    const joint: Op<Inputs> = defineOp<Inputs>({
      name: "joint",
      shape: ([a]) => a!.shape,
      kernel: () => {},
      vjp: (g, { inputs }, wanted) => {
        wants.push(wanted);
        return inputs.map((_, k) => (wanted[k] ? mul(g, k + 1) : tensor("nonsense".length)));
      },
      samples: () => [[[1]]],
    });
    const [a, b] = vjp((a: Tensor, b: Tensor) => joint([a, y, b, a]), x, x).pullback(u);
    expect([wants, a.toNested(), b.toNested()]).toEqual([
      [[true, false, true, true]],
      mul(u, 5).toNested(),
      mul(u, 3).toNested(),
    ]);
  });
  it("sends no cotangent to an input for which a joint rule returns null", () => {
    const half: Op<Inputs> = defineOp<Inputs>({
      name: "half",
      shape: ([a]) => a!.shape,
      kernel: () => {},
      vjp: (g) => [null, g],
      samples: () => [[[1, 2]]],
    });
    expect(
      vjp((a: Tensor, b: Tensor) => half([a, b]), x, y)
        .pullback(u)
        .map(numbers),
    ).toEqual([
      [0, 0, 0],
      [0.5, -1, 2],
    ]);
  });
  it.each<[string, (g: Tensor) => Tensor, RegExp]>([
    ["another shape", (g) => sum(g), /^probe: the VJP rule of input 1 .* float64 \[3\], got float64 \[\]/],
    ["another dtype", (g) => tensor(g, { dtype: "float32" }), /^probe: .* float64 \[3\], got float32 \[3\]/],
  ])("throws for a contribution of %s, and names the op and input", (_, rule, message) => {
    const op = probe([], rule);
    const error = errorOf(() => vjp((a: Tensor) => op(y, a, y), x).pullback(u));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(message);
  });
  it("passes a rule the inputs, params and output of the call", () => {
    const seen: unknown[] = [];
    const spy: Op<Unary, { k: number }> = defineOp<Unary, { k: number }>({
      name: "spy",
      options: { k: undefined },
      shape: ([a]) => a.shape,
      kernel: () => {},
      vjp: [
        (g, call) => {
          seen.push(call);
          return g;
        },
      ],
      samples: () => [[1, { k: 1 }]],
    });
    let output: unknown;
    let input: unknown;
    vjp((a: Tensor) => {
      input = a;
      output = spy(a, { k: 7 });
      return output as Tensor;
    }, x).pullback(u);
    expect(seen).toEqual([expect.objectContaining({ params: { k: 7 } })]);
    const [call] = seen as [{ inputs: unknown[]; output: unknown }];
    expect([call.inputs[0] === input, call.output === output]).toEqual([true, true]);
  });
  it("is not recorded by the tape that it reads", () => {
    const { steps, pulls } = record((a: Tensor) => sum(square(a)), x);
    const before = steps.length;
    for (const _ of pulls());
    expect(steps.length).toBe(before);
  });
});

describe("the pullback throws if .data was modified after the run:", () => {
  const write = (t: Tensor) => {
    (t.data.data as Float64Array)[0] = 99;
  };
  const leaks: [string, (keep: (t: Tensor) => void) => (u: Tensor) => unknown][] = [
    [
      "an intermediate value",
      (keep) =>
        vjp(
          (a: Tensor) => {
            const z = exp(a);
            keep(z);
            return square(z);
          },
          random([3]),
        ).pullback,
    ],
    [
      "a constant",
      (keep) => {
        const c = random([3], 2);
        keep(c);
        return vjp((a: Tensor) => mul(a, c), random([3])).pullback;
      },
    ],
    [
      "the tensor that f receives",
      (keep) =>
        vjp(
          (a: Tensor) => {
            keep(a);
            return square(a);
          },
          random([3]),
        ).pullback,
    ],
    [
      "the caller's argument",
      (keep) => {
        const a = random([3]);
        keep(a);
        return vjp(square, a).pullback;
      },
    ],
    [
      "the value",
      (keep) => {
        const { value, pullback } = vjp((a: Tensor) => exp(a), random([3]));
        keep(value);
        return pullback;
      },
    ],
  ];
  test.each(leaks)("%s", (_, run) => {
    const kept: Tensor[] = [];
    const pullback = run((t) => {
      void t.data;
      kept.push(t);
    });
    pullback(u);
    write(kept[0]!);
    const error = errorOf(() => pullback(u));
    expect(error).toBeInstanceOf(MutationError);
    expect(error.message).toMatch(
      /^data: .* was modified after it was used, but tensors are immutable; create a new one/,
    );
  });
});

describe("no tape stays open after f throws in", () => {
  const transforms: [string, (f: (a: Tensor, b: Tensor) => Tensor) => unknown][] = [
    ["vjp", (f) => vjp(f, scalar(1), scalar(2))],
    ["grad", (f) => grad(f)(scalar(1), scalar(2))],
    ["grad of grad", (f) => grad((a: Tensor) => grad(f, { argnums: 1 })(a, scalar(2)))(scalar(1))],
    ["record", (f) => record(f, scalar(1), scalar(2))],
  ];
  test.each(transforms)("%s", (_, transform) => {
    const leaked: Tensor[] = [];
    const fail = (a: Tensor, b: Tensor): Tensor => {
      leaked.push(a, b);
      throw new RangeError("own");
    };
    expect(() => transform(fail)).toThrow(new RangeError("own"));
    const [a, b] = leaked as [Tensor, Tensor];
    // The transform threw an error. If it had left its tape open, the tape would track b, and customVjp would throw
    // because `forward` captures b.
    const product = customVjp({
      forward: (z: Tensor) => [mul(z, b), null] as const,
      backward: (_, g: Tensor) => [g] as [Tensor],
    });
    expect([product(a).item(), product(mul(a, 2)).item()]).toEqual([2, 4]);
    expect(grad((c: Tensor) => mul(c, a))(scalar(5)).item()).toBe(1);
  });
});

it("the VJP of a broadcast view sums the cotangent", () => {
  const { pullback } = vjp((a: Tensor) => spread(a, { shape: [2, 3] }), scalar(2));
  const g = random([2, 3]);
  expect(pullback(g)[0].item()).toBeCloseTo(sum(g).item(), 15);
});
