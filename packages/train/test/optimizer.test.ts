import { evaluate, grad, ones, type Tensor, tensor, trace, treeMap, valueAndGrad, zeros } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { add, cast, flip, matmul, mean, mul, randomKey, randomNormal, square, sub, sum, transpose } from "@wengert/ops";
import { describe, expect, expectTypeOf, it, test } from "vitest";
import {
  adam,
  adamw,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  linear,
  momentum,
  type Optimizer,
  partition,
  piecewise,
  type StateTree,
  sgd,
  warmUp,
  weightDecay,
} from "../src/index.ts";
import { goldens, losses, optimizerOf, scheduleOf, tensorsOf, titleOf } from "./goldens/optimizers.ts";

const numbersOf = (tree: unknown): number[] =>
  leaves("numbersOf", tree, "tree").flatMap((leaf) => [leaf.toNested()].flat(9) as number[]);

test("applyUpdates adds leaf by leaf", () => {
  const { W, b } = applyUpdates({ W: tensor([1, 2]), b: [tensor(3)] }, { W: tensor([0.5, 0]), b: [tensor(-1)] });
  expect([W.toNested(), b[0]!.toNested()]).toEqual([[1.5, 2], 2]);
});

describe("over 100 steps the parameters equal those of PyTorch", () => {
  it.each(goldens.trajectories.map((c) => [titleOf(c), c] as const))("%s", (_, c) => {
    const optimizer = optimizerOf(c);
    const lossAndGradient = valueAndGrad(losses[c.loss]);
    let params = tensorsOf(c.start);
    let state = optimizer.init(params);
    let compared = 0;
    for (let step = 1; step <= 100; step++) {
      const { grad } = lossAndGradient(params);
      const next = optimizer.update(grad, state, params);
      params = applyUpdates(params, next.updates);
      state = next.state;
      const wanted = c.after[step];
      if (wanted === undefined) continue;
      compared++;
      const [ours, theirs] = [numbersOf(params), numbersOf(tensorsOf(wanted))];
      const most = Math.max(...theirs.map(Math.abs));
      expect(ours.length).toBe(theirs.length);
      for (const [i, x] of ours.entries())
        expect(Math.abs(x - theirs[i]!) / most, `number ${i} after step ${step}`).toBeLessThan(1e-12);
    }
    expect(compared).toBe(Object.keys(c.after).length);
  });
});

describe("schedules equal those of PyTorch", () => {
  it.each(goldens.schedules.map((c) => [JSON.stringify(c.schedule), c] as const))("%s", (_, c) => {
    const schedule = scheduleOf(c.rate, c.schedule);
    for (const [i, wanted] of c.values.entries()) {
      const value = schedule(tensor(i, { dtype: "int32" }));
      expect([value.dtype, value.shape]).toEqual(["float64", []]);
      expect(Math.abs(value.item() - wanted), `step ${i}`).toBeLessThan(1e-15 * 4);
    }
  });
});

const at = (schedule: (step: Tensor) => Tensor, steps: readonly number[]) =>
  steps.map((step) => schedule(tensor(step, { dtype: "int32" })).item());

describe("schedules", () => {
  it("cosine ends exactly at `to` and stays there", () => {
    expect(at(cosine({ from: 0.3, to: 0.07, steps: 3 }), [3, 4, 1000])).toEqual([0.07, 0.07, 0.07]);
    expect(at(cosine({ from: 0, to: 1, steps: 2 }), [0, 1, 2])).toEqual([0, 0.5, 1]);
  });
  it("linear ends exactly at `to` and stays there", () => {
    expect(at(linear({ from: 0.3, to: 0.07, steps: 3 }), [0, 3, 4, 1000])).toEqual([0.3, 0.07, 0.07, 0.07]);
    expect(at(linear({ from: 0, to: 1, steps: 4 }), [0, 1, 2, 4])).toEqual([0, 0.25, 0.5, 1]);
    expect(at(linear({ from: 2, steps: 2 }), [1, 2])).toEqual([1, 0]);
  });
  it("warmUp rises from 0 to the first value of the next schedule, which starts at its step 0", () => {
    expect(at(warmUp({ steps: 4, learningRate: 0.5 }), [0, 1, 4, 99])).toEqual([0, 0.125, 0.5, 0.5]);
    const rate = piecewise([
      [0, 1],
      [2, 0.5],
    ]);
    expect(at(warmUp({ steps: 2, learningRate: rate }), [0, 1, 2, 3, 4])).toEqual([0, 0.5, 1, 1, 0.5]);
  });
  it("piecewise starts each schedule at its step 0", () => {
    const pieces = piecewise([
      [0, cosine({ from: 1, steps: 2 })],
      [5, cosine({ from: 0.5, steps: 2 })],
      [9, 0.25],
    ]);
    expect(at(pieces, [0, 1, 2, 4, 5, 6, 7, 8, 9, 10])).toEqual([1, 0.5, 0, 0, 0.5, 0.25, 0, 0, 0.25, 0.25]);
    expect(at(piecewise([[0, 0.5]]), [0, 7])).toEqual([0.5, 0.5]);
  });
});

interface Layer {
  readonly W: Tensor;
  readonly b: Tensor;
}
interface Model {
  readonly layers: readonly [Layer, Layer];
  readonly shift: Tensor;
  readonly empty: Tensor;
}
const model: Model = {
  layers: [
    {
      W: tensor([
        [1, -2],
        [0.5, 3],
      ]),
      b: tensor([0.25, -1]),
    },
    { W: tensor([[2], [1]]), b: tensor([-0.5], { dtype: "float64" }) },
  ],
  shift: tensor(0.5),
  empty: zeros([0, 3]),
};
const x = tensor([
  [1, 2],
  [-1, 0.5],
  [0.25, 1],
]);
const loss = ({ layers: [one, two], shift, empty }: Model, x: Tensor) => {
  const [h] = [one].map(({ W, b }) => sub(matmul(x, W), b));
  return mul(1e-3, sum(square(sub(sub(matmul(square(h!), two.W), two.b), mul(shift, sub(1, sum(empty)))))));
};

const rate = warmUp({ from: 0.001, steps: 3, learningRate: cosine({ from: 0.01, steps: 7 }) });
const optimizers = {
  sgd: sgd({ learningRate: 0.001 }),
  "sgd with a schedule": sgd({ learningRate: rate }),
  "sgd with momentum": sgd({ learningRate: 0.001, momentum: 0.5 }),
  momentum: momentum({ learningRate: rate }),
  nesterov: momentum({ learningRate: rate, nesterov: true }),
  adam: adam({ learningRate: 0.01 }),
  "adam with a schedule": adam({ learningRate: rate, betas: [0, 0.9] }),
  adamw: adamw({ learningRate: rate }),
  "a chain": chain(clipByGlobalNorm(1), weightDecay(0.1), adam({ learningRate: rate })),
  "a partition": partition(
    {
      some: adamw({ learningRate: rate }),
      others: momentum({ learningRate: 0.01 }),
      none: sgd({ learningRate: rate }),
    },
    (p) => (p.shape.length > 1 ? "some" : "others"),
  ),
} as unknown as Readonly<Record<string, Optimizer>>;

const inDType = (dtype: "float32" | "float64") => ({
  params: treeMap<Model>((p) => cast(p, { dtype }), model),
  data: cast(x, { dtype }),
});

describe.each(Object.entries(optimizers))("%s", (_, optimizer) => {
  const step = (params: Model, state: StateTree, x: Tensor) => {
    const { value, grad } = valueAndGrad(loss)(params, x);
    const next = optimizer.update(grad, state, params);
    return { params: applyUpdates(params, next.updates), state: next.state, value };
  };

  it.each(["float32", "float64"] as const)(
    "gives the same bits when traced, in %s, and keeps shapes and dtypes",
    (dtype) => {
      const { params, data } = inDType(dtype);
      let eager = { params, state: optimizer.init(params), value: zeros([]) };
      let traced = eager;
      const program = trace(step, eager.params, eager.state, data);
      for (let i = 0; i < 12; i++) {
        eager = step(eager.params, eager.state, data);
        traced = evaluate(program, traced.params, traced.state, data);
        expect(numbersOf(traced)).toEqual(numbersOf(eager));
      }
      const kinds = (tree: unknown) => leaves("kinds", tree, "tree").map(({ dtype, shape }) => [dtype, shape]);
      expect(kinds(eager.params)).toEqual(kinds(params));
      expect(kinds(eager.state)).toEqual(kinds(optimizer.init(params)));
      expect(numbersOf(eager.params).every(Number.isFinite)).toBe(true);
      expectTypeOf(eager.params).toEqualTypeOf<Model>();
    },
  );

  it("does not change its arguments", () => {
    const state = optimizer.init(model);
    const before = numbersOf({ model, state });
    step(model, state, x);
    expect(numbersOf({ model, state })).toEqual(before);
  });
});

test("the memory layout of parameters and gradients does not matter", () => {
  const [p, g] = [1, 2].map((seed) => randomNormal(randomKey(seed), { shape: [30, 20] })) as [Tensor, Tensor];
  const lying = {
    turned: (x: Tensor) => transpose(tensor(transpose(x))),
    flipped: (x: Tensor) => flip(tensor(flip(x))),
  };
  for (const optimizer of Object.values(optimizers))
    for (const lie of Object.values(lying)) {
      const [once, twice] = [(x: Tensor) => x, lie].map((f) => {
        const first = optimizer.update(f(g), optimizer.init(f(p)), f(p));
        return optimizer.update(f(mul(g, 0.5)), first.state, applyUpdates(f(p), first.updates));
      });
      expect(numbersOf([twice!.updates, twice!.state])).toEqual(numbersOf([once!.updates, once!.state]));
    }
});

test("a step can be differentiated, for example with respect to the learning rate", () => {
  const [p, wanted] = [tensor([1, -2, 3]), tensor([0.5, 1, -1])];
  const f = (p: Tensor) => sum(square(sub(p, wanted)));
  const after = (rate: Tensor) => {
    const descent = momentum({ learningRate: () => rate, nesterov: true });
    return f(applyUpdates(p, descent.update(grad(f)(p), descent.init(p), p).updates));
  };
  // Nesterov's first step with momentum 0.9 moves a parameter p by −1.9 rate g, where g = 2 (p − w) is the gradient of
  // the loss f. The new loss is therefore (1 − 3.8 rate)² f(p).
  expect(grad(after)(tensor(0.1)).item()).toBeCloseTo(-7.6 * (1 - 0.38) * f(p).item(), 10);
});

test("float32 and float64 parameters can be mixed, and each keeps its dtype", () => {
  const params = { single: ones([2], { dtype: "float32" }), double: ones([2]) };
  for (const optimizer of Object.values(optimizers)) {
    const { updates } = optimizer.update(params, optimizer.init(params), params);
    const { single, double } = applyUpdates(params, updates);
    expect([single.dtype, double.dtype]).toEqual(["float32", "float64"]);
    const [ofSingle, ofDouble] = [single, double].map((p) => p.toNested<number[]>());
    expect(ofSingle).toEqual([...Float32Array.from(ofDouble!)].map((x) => expect.closeTo(x, 6)));
  }
});

test("the parameters may be a single tensor or a list", () => {
  const f = (p: Tensor) => mean(square(p));
  const descent = sgd({ learningRate: 1 });
  const { updates } = descent.update(tensor([2, 4]), descent.init(tensor([2, 4])), tensor([2, 4]));
  expectTypeOf(updates).toEqualTypeOf<Tensor>();
  expect(updates.toNested()).toEqual([-2, -4]);
  const { grad } = valueAndGrad((params: [Tensor, Tensor]) => f(params[0]))([tensor([1, 2]), tensor(1)]);
  expectTypeOf(descent.update(grad, descent.init(grad), grad).updates).toEqualTypeOf<[Tensor, Tensor]>();
});

describe("clipByGlobalNorm", () => {
  const clipped = (grads: unknown, most = 1) => {
    const tree = grads as Tensor[];
    return numbersOf(clipByGlobalNorm(most).update(tree, [], tree).updates);
  };
  it("leaves short gradients bit-identical", () => {
    expect(clipped([tensor([0.3, 0.1]), tensor(0.2)])).toEqual([0.3, 0.1, 0.2]);
  });
  it("computes the norm of float32 gradients whose squares overflow float32", () => {
    const [a, b] = clipped([tensor([3e30, 4e30], { dtype: "float32" })]);
    expect([a, b]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
  });
  it("shows non-finite gradients as NaN in its updates", () => {
    expect(clipped([tensor([1, Number.NaN]), tensor(2)])).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(clipped([tensor([1, Infinity])])).toEqual([0, Number.NaN]);
  });
  it("accepts an empty tree", () => {
    expect(clipped([zeros([0])])).toEqual([]);
    expect(clipped([])).toEqual([]);
  });
});

test("the state of a chain is the list of its optimizers' states", () => {
  const chained = chain(clipByGlobalNorm(1), adam({ learningRate: 0.1 }));
  const state = chained.init(tensor([1, 2]));
  expectTypeOf(state[1].step).toEqualTypeOf<Tensor>();
  expect(state[0]).toEqual([]);
  expect(state[1].step.item()).toBe(0);
  expect(chained.update(tensor([1, 2]), state, tensor([1, 2])).state[1].step.item()).toBe(1);
});

test("momentum is sgd with a default momentum of 0.9", () => {
  const p = tensor([1, 2]);
  const twice = (optimizer: Optimizer) =>
    optimizer.update(p, optimizer.update(p, optimizer.init(p), p).state, p).updates;
  const by = (optimizer: unknown) => twice(optimizer as Optimizer).toNested();
  expect(by(momentum({ learningRate: 1 }))).toEqual(by(sgd({ learningRate: 1, momentum: 0.9 })));
  expect(by(momentum({ learningRate: 1, momentum: 0.5 }))).toEqual(by(sgd({ learningRate: 1, momentum: 0.5 })));
});

test("a schedule may return float32 for parameters of any dtype", () => {
  const single = (step: Tensor) => cast(add(step, 1), { dtype: "float32" });
  for (const make of [sgd, adam, adamw]) {
    const { updates } = make({ learningRate: single }).update(
      model,
      make({ learningRate: 1 }).init(model) as never,
      model,
    );
    const wanted = make({ learningRate: 1 }).update(
      model,
      make({ learningRate: 1 }).init(model) as never,
      model,
    ).updates;
    expect(numbersOf(updates)).toEqual(numbersOf(wanted));
  }
});

test("a constant schedule returns the number at each step", () => {
  expect(at(constant(0.1), [0, 1, 1000])).toEqual([0.1, 0.1, 0.1]);
});

describe("a partition", () => {
  const bits = (tree: unknown) => numbersOf(tree).map((n) => (Object.is(n, -0) ? "-0" : String(n)));
  const by = { weights: adamw({ learningRate: rate, weightDecay: 0.3 }), others: momentum({ learningRate: 0.01 }) };
  const lossAndGradient = valueAndGrad(loss);

  it("updates each parameter as its own optimizer alone would", () => {
    const paths: string[] = [];
    const optimizer = partition(by, (p, path) => {
      paths.push(path);
      return p.shape.length > 1 ? "weights" : "others";
    });
    // The parameters of each group of `partition`, as separate trees.
    const weights = ({ layers: [one, two], empty }: Model) => ({ one: one.W, two: two.W, empty });
    const others = ({ layers: [one, two], shift }: Model) => ({ one: one.b, two: two.b, shift });
    let [params, state] = [model, optimizer.init(model)];
    let [ofWeights, ofOthers] = [by.weights.init(weights(model)), by.others.init(others(model))];
    for (let step = 0; step < 20; step++) {
      const { grad } = lossAndGradient(params, x);
      const wanted = [
        by.weights.update(weights(grad), ofWeights, weights(params)),
        by.others.update(others(grad), ofOthers, others(params)),
      ] as const;
      [ofWeights, ofOthers] = [wanted[0].state, wanted[1].state];
      const { updates, state: next } = optimizer.update(grad, state, params);
      expect(bits([weights(updates), others(updates)])).toEqual(bits(wanted.map((each) => each.updates)));
      expect(bits([next.weights.sum, next.others.velocity])).toEqual(bits([ofWeights.sum, ofOthers.velocity]));
      [params, state] = [applyUpdates(params, updates), next];
    }
    expect(paths.slice(0, 6)).toEqual(
      ["layers[0].W", "layers[0].b", "layers[1].W", "layers[1].b", "shift", "empty"].map((path) => `params.${path}`),
    );
  });

  it("keeps the types of its groups", () => {
    const optimizer = partition(by, () => "others");
    expectTypeOf(optimizer.init(model).others).toEqualTypeOf<ReturnType<typeof by.others.init>>();
    expectTypeOf(optimizer.update(model, optimizer.init(model), model).updates).toEqualTypeOf<Model>();
    // @ts-expect-error: unknown group
    partition(by, () => "biases");
    expectTypeOf(optimizer).toExtend<Optimizer>();
  });

  it("freezes a group with a learning rate of 0", () => {
    const optimizer = partition({ learned: sgd({ learningRate: 0.1 }), frozen: sgd({ learningRate: 0 }) }, (_, path) =>
      path.startsWith("params.layers") ? "learned" : "frozen",
    );
    const { grad } = lossAndGradient(model, x);
    const { shift, layers } = applyUpdates(model, optimizer.update(grad, optimizer.init(model), model).updates);
    expect(shift.item()).toBe(model.shift.item());
    expect(layers[0].b.toNested()).not.toEqual(model.layers[0].b.toNested());
  });
});

test("adam takes equal steps for gradients of any float32 magnitude that its mean of squares can hold, as PyTorch does", () => {
  // With a constant gradient g, Adam's m / √v is ±1 at every step. v approaches g², which float32 holds up to g =
  // 1.8e19.
  const optimizer = adam({ learningRate: 1, epsilon: 1e-30 });
  for (const g of [1e-15, 1e-6, 1, 1e6, 1e15, 1e18, -1e18, 1e19, 1.8e19]) {
    const grads = tensor([g], { dtype: "float32" });
    const params = tensor([0], { dtype: "float32" });
    let state = optimizer.init(params);
    for (let step = 0; step < 2000; step++) {
      const next = optimizer.update(grads, state, params);
      state = next.state;
      expect(Math.abs(next.updates.toNested<number[]>()[0]! + Math.sign(g)), `${g} at step ${step}`).toBeLessThan(1e-4);
    }
  }
});

test("nested warm-ups evaluate the innermost schedule once a step", () => {
  let calls = 0;
  let rate = (step: Tensor): Tensor => {
    calls++;
    return add(mul(cast(step, { dtype: "float64" }), 0), 0.5);
  };
  for (let depth = 0; depth < 12; depth++) rate = warmUp({ steps: 2, learningRate: rate });
  for (const step of [0, 1, 30]) rate(tensor(step, { dtype: "int32" }));
  expect(calls).toBe(3);
});
