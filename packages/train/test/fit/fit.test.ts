import { type Tensor, tensor, valueAndGrad } from "@wengert/core";
import {
  add,
  crossEntropy,
  div,
  less,
  log,
  matmul,
  mse,
  mul,
  randomKey,
  sqrt,
  square,
  sub,
  sum,
  where,
} from "@wengert/ops";
import {
  accuracy,
  adam,
  applyUpdates,
  batches,
  type Context,
  type Epoch,
  type FitProgress,
  type FitStep,
  fit,
  type LearningRate,
  measure,
  type Point,
  sgd,
} from "@wengert/train";
import { afterEach, describe, expect, expectTypeOf, it, test, vi } from "vitest";
import { bitsOf, loss, type Model, metrics, type Points, randomModel, randomPoints } from "./support.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const data = randomPoints(50);
const held = randomPoints(23, 5);
const optimizer = adam({ learningRate: 0.05 });

/** Training data on the line y = 2 x − 1, without noise. */
const line = { x: tensor([0, 1, 2, 3]), y: tensor([-1, 1, 3, 5]) };
const start = { a: tensor(0), b: tensor(0) };
const distance = ({ a, b }: typeof start, { x, y }: typeof line) => mse(add(mul(a, x), b), y);

describe("a fit", () => {
  it("equals a hand-written loop", async () => {
    const plain = (p: Model, batch: Points) =>
      loss(p, batch, { key: randomKey(0), step: 0, epoch: 0, training: false });
    const lossAndGradient = valueAndGrad(plain, { hasAux: true });
    let params = randomModel();
    let state = optimizer.init(params);
    const losses: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++)
      for (const batch of batches(data, { batchSize: 8 })) {
        const { value, grad } = lossAndGradient(params, batch);
        const next = optimizer.update(grad, state, params);
        params = applyUpdates(params, next.updates);
        state = next.state;
        losses.push(value.item());
      }
    const options = { optimizer, epochs: 3, batchSize: 8, shuffle: false, history: { everySteps: 1 } };
    const fitted = await fit(plain, randomModel(), data, options);
    expect(bitsOf(fitted.params)).toBe(bitsOf(params));
    expect(fitted.history.train.map(({ loss }) => loss)).toEqual(losses);
    expect([fitted.step, fitted.epoch, fitted.reason]).toEqual([21, 3, "finished"]);
  });

  it("finds a line with only the required options", async () => {
    const { params, history } = await fit(distance, start, line, {
      optimizer: adam({ learningRate: 0.1 }),
      epochs: 500,
    });
    expect(params.a.item()).toBeCloseTo(2, 6);
    expect(params.b.item()).toBeCloseTo(-1, 6);
    expect(history.train).toHaveLength(500);
  });

  it("shuffles all tensors of an epoch together, by the key alone", async () => {
    const orders = async (options: { key?: Tensor; shuffle?: boolean }) => {
      const seen: string[][] = [[], [], []];
      const watched = (p: Model, batch: Points, context: Context) => {
        seen[context.epoch]!.push(
          ...(batch.X.toNested() as number[][]).map((x, i) => `${x} ${batch.y.toNested<number[]>()[i]}`),
        );
        return loss(p, batch, context);
      };
      await fit(watched, randomModel(), data, { optimizer, epochs: 3, batchSize: 8, ...options });
      return seen;
    };
    const inOrder = (await orders({ shuffle: false }))[0]!;
    const [one, again, other] = await Promise.all([
      orders({ key: randomKey(1) }),
      orders({ key: randomKey(1) }),
      orders({ key: randomKey(2) }),
    ]);
    expect(again).toEqual(one);
    expect(new Set([inOrder, ...one, ...other].map(String)).size).toBe(7);
    for (const epoch of [...one, ...other]) expect([...epoch].sort()).toEqual([...inOrder].sort());
  });

  it("passes the data without a copy if one batch holds all rows", async () => {
    let memory: unknown;
    const watched = (p: typeof start, batch: typeof line) => {
      memory = batch.x.array!.data;
      return distance(p, batch);
    };
    await fit(watched, start, line, { optimizer, steps: 1 });
    expect(memory).toBe(line.x.array!.data);
  });

  it("passes step, epoch and a different key to the loss at each step", async () => {
    const contexts: Context[] = [];
    const watched = (p: Model, batch: Points, context: Context) => {
      contexts.push(context);
      return loss(p, batch, context);
    };
    await fit(watched, randomModel(), data, { optimizer, epochs: 2, batchSize: 25, validation: { data: held } });
    expect(contexts.map(({ step, epoch, training }) => [step, epoch, training])).toEqual([
      [0, 0, true],
      [1, 0, true],
      [2, 0, false],
      [2, 1, true],
      [3, 1, true],
      [4, 1, false],
    ]);
    const keys = contexts.filter(({ training }) => training).map(({ key }) => String(key.toNested()));
    expect(new Set(keys).size).toBe(4);
  });

  it("ends after the given steps or epochs, also within an epoch", async () => {
    const ends = async (options: { epochs?: number; steps?: number; dropLast?: boolean }) => {
      const { step, epoch, reason } = await fit(loss, randomModel(), data, { optimizer, batchSize: 8, ...options });
      return [step, epoch, reason];
    };
    expect(await ends({ epochs: 2 })).toEqual([14, 2, "finished"]);
    expect(await ends({ epochs: 2, dropLast: true })).toEqual([12, 2, "finished"]);
    expect(await ends({ steps: 3 })).toEqual([3, 24 / 50, "finished"]);
    expect(await ends({ steps: 7 })).toEqual([7, 1, "finished"]);
    expect(await ends({ steps: 9, dropLast: true })).toEqual([9, 1.5, "finished"]);
  });

  it("keeps the types of loss, batches and aux", async () => {
    const { params, best } = await fit(
      (p, { X, y }, { training }) => {
        expectTypeOf(p).toEqualTypeOf<{ W: Tensor }>();
        expectTypeOf(training).toEqualTypeOf<boolean>();
        const scores = matmul(X, p.W);
        return [mse(sum(scores, { axis: 1 }), y), { scores }];
      },
      {
        W: tensor([
          [0.5, 0],
          [0, 0.5],
        ]),
      },
      { X: tensor([[1, 2]]), y: tensor([1]) },
      {
        optimizer: sgd({ learningRate: 0.01 }),
        steps: 1,
        metrics: {
          largest: ({ scores }, { X }, p) => {
            expectTypeOf(scores).toEqualTypeOf<Tensor>();
            expectTypeOf(X).toEqualTypeOf<Tensor>();
            expectTypeOf(p).toEqualTypeOf<{ W: Tensor }>();
            return sum(scores);
          },
        },
        validation: { data: { X: tensor([[1, 2]]), y: tensor([1]) } },
      },
    );
    expectTypeOf(params).toEqualTypeOf<{ W: Tensor }>();
    expectTypeOf(best.params).toEqualTypeOf<{ W: Tensor }>();
    const alone = fit(distance, start, line, {
      optimizer,
      steps: 1,
      metrics: {
        nothing: (aux) => {
          expectTypeOf(aux).toEqualTypeOf<undefined>();
          return aux === undefined ? 1 : 0;
        },
      },
    });
    expect((await alone).history.train[0]!.metrics).toEqual({ nothing: 1 });
  });

  it("throws for invalid options before the first step", async () => {
    let called = 0;
    const watched = (p: typeof start, batch: typeof line) => {
      called++;
      return distance(p, batch);
    };
    const refused = fit(watched, start, line, { optimizer, epochs: 1, patience: 1 });
    await expect(refused).rejects.toThrow(/^fit: patience needs validation/);
    expect(called).toBe(0);
  });
});

describe("the training points", () => {
  const everyStep = async (options: object = {}) =>
    (
      await fit(loss, randomModel(), data, {
        optimizer,
        epochs: 2,
        batchSize: 8,
        metrics,
        history: { everySteps: 1 },
        ...options,
      })
    ).history.train;

  it("are means over the rows of history.everySteps steps, for batches of any size", async () => {
    const single = await everyStep();
    const rows = [8, 8, 8, 8, 8, 8, 2];
    const { history } = await fit(loss, randomModel(), data, {
      optimizer,
      epochs: 2,
      batchSize: 8,
      metrics,
      history: { everySteps: 4 },
    });
    expect(history.train.map(({ step, epoch }) => [step, epoch])).toEqual([
      [4, 32 / 50],
      [8, 1 + 8 / 50],
      [12, 1 + 40 / 50],
      [14, 2], // the remaining steps
    ]);
    for (const [i, point] of history.train.entries()) {
      const steps = single.slice(4 * i, 4 * i + 4);
      const weights = steps.map((_, k) => rows[(4 * i + k) % 7]!);
      const average = (f: (point: Point) => number) =>
        steps.reduce((total, each, k) => total + weights[k]! * f(each), 0) / weights.reduce((a, b) => a + b);
      expect(point.loss).toBeCloseTo(
        average(({ loss }) => loss),
        13,
      );
      expect(point.metrics.accuracy).toBeCloseTo(
        average((each) => each.metrics.accuracy!),
        13,
      );
    }
  });

  it("are about 15 an epoch by default", async () => {
    const { history } = await fit(
      distance,
      start,
      { x: tensor(new Float64Array(320)), y: tensor(new Float64Array(320)) },
      { optimizer, epochs: 2, batchSize: 4 },
    );
    expect(history.train.map(({ step }) => step).slice(0, 3)).toEqual([5, 10, 15]);
  });

  it("compute metrics from aux without calling the loss again", async () => {
    let forward = 0;
    const counted = (p: Model, batch: Points, context: Context) => {
      forward++;
      return loss(p, batch, context);
    };
    const { history } = await fit(counted, randomModel(), data, {
      optimizer,
      epochs: 1,
      batchSize: 10,
      metrics,
      history: { everySteps: 1 },
    });
    expect(forward).toBe(5);
    for (const {
      metrics: { accuracy = Number.NaN },
    } of history.train)
      expect(accuracy * 10).toBeCloseTo(Math.round(accuracy * 10), 12);
  });
});

describe("validation", () => {
  const whole = async (params: Model) => {
    const [value, scores] = loss(params, held, { key: randomKey(0), step: 0, epoch: 0, training: false });
    return { loss: value.item(), accuracy: accuracy(scores, held.y) };
  };

  it("is the mean over all rows for any batch size", async () => {
    for (const size of [4, 10, 23, undefined]) {
      const { history, params } = await fit(loss, randomModel(), data, {
        optimizer,
        epochs: 1,
        metrics,
        validation: { data: held, batchSize: size },
      });
      const [{ loss: value, metrics: means }] = history.validation as [Point];
      const wanted = await whole(params);
      expect(value).toBeCloseTo(wanted.loss, 13);
      expect(means.accuracy).toBeCloseTo(wanted.accuracy, 13);
      const measured = await measure(loss, params, held, { metrics, batchSize: size });
      expect(measured).toEqual({ loss: value, metrics: means, rows: 23 });
    }
  });

  it("runs at its interval and at the end", async () => {
    const when = async (every: object, until: object) =>
      (
        await fit(loss, randomModel(), data, {
          optimizer,
          batchSize: 8,
          validation: { data: held, ...every },
          ...until,
        })
      ).history.validation.map(({ step, epoch }) => [step, epoch]);
    expect(await when({}, { epochs: 3 })).toEqual([
      [7, 1],
      [14, 2],
      [21, 3],
    ]);
    expect(await when({ everyEpochs: 2 }, { epochs: 3 })).toEqual([
      [14, 2],
      [21, 3],
    ]);
    expect(await when({}, { steps: 10 })).toEqual([
      [7, 1],
      [10, 1 + 24 / 50],
    ]);
    expect(await when({ everySteps: 5 }, { steps: 10 })).toEqual([
      [5, 40 / 50],
      [10, 1 + 24 / 50],
    ]);
    expect(await when({ everySteps: 5 }, { epochs: 1 })).toEqual([
      [5, 40 / 50],
      [7, 1],
    ]);
  });
});

describe("the best parameters", () => {
  /** The learning rate is too high on purpose: the loss goes down, up, down and up. */
  const wild = { optimizer: sgd({ learningRate: 1 }), batchSize: 50, key: randomKey(5), metrics };

  it("have the lowest validation loss", async () => {
    const { best, history } = await fit(loss, randomModel(), data, {
      ...wild,
      steps: 12,
      validation: { data: held, everySteps: 1 },
    });
    const lowest = history.validation.reduce((a, b) => (b.loss < a.loss ? b : a));
    const { params, ...point } = best;
    expect(point).toEqual(lowest);
    expect((await measure(loss, params, held, { metrics })).loss).toBe(lowest.loss);
    expect(lowest.step).toBeLessThan(12);
  });

  it("ignore the training loss if there is validation data", async () => {
    const higher = (p: typeof start, batch: typeof line, { training }: Context) =>
      training ? distance(p, batch) : add(distance(p, batch), 100);
    const { best } = await fit(higher, start, line, { optimizer, steps: 9, validation: { data: line, everySteps: 3 } });
    expect([best.step, best.loss > 100]).toEqual([9, true]);
  });

  it("follow the criterion, if there is one", async () => {
    const criterion = ({ metrics }: Point) => -metrics.accuracy!;
    const { best, history } = await fit(loss, randomModel(), data, {
      ...wild,
      steps: 12,
      criterion,
      validation: { data: held, everySteps: 1 },
    });
    const most = Math.max(...history.validation.map(({ metrics }) => metrics.accuracy!));
    expect(best.metrics.accuracy).toBe(most);
    expect(best.step).toBe(history.validation.find(({ metrics }) => metrics.accuracy === most)!.step);
  });

  it("are those with the lowest measured loss, without validation data", async () => {
    const still = (p: Model, batch: Points, context: Context) => loss(p, batch, { ...context, training: false });
    const { best, history } = await fit(still, randomModel(), data, { ...wild, steps: 12, history: { everySteps: 1 } });
    const lowest = history.train.reduce((a, b) => (b.loss < a.loss ? b : a));
    expect([best.step, best.loss]).toEqual([lowest.step, lowest.loss]);
    expect((await measure(still, best.params, data)).loss).toBe(lowest.loss);
  });

  it("are the last ones if nothing was measured", async () => {
    const { best, params } = await fit(loss, randomModel(), data, {
      optimizer,
      epochs: 1,
      signal: AbortSignal.abort(),
    });
    expect(best).toEqual({ params, step: 0, epoch: 0, loss: Number.NaN, metrics: {} });
  });
});

describe("patience", () => {
  /** Runs a fit whose validation losses are the listed numbers. */
  const listed = (values: readonly number[]) => {
    let i = 0;
    const criterion = ({ step }: Point) => values[step - 1]!;
    const ofRows = { validation: { data: line, everySteps: 1 }, criterion, batchSize: 4, steps: values.length };
    return { optimizer: sgd({ learningRate: 0.01 }), ...ofRows, metrics: { count: () => i++ } };
  };

  it.each([
    [[5, 4, 3, 3, 3, 3, 2], 3, 0, 6, 3],
    [[5, 4, 4.5, 3, 3.5, 3.2, 1], 2, 0, 6, 4],
    [[5, 4.9, 4.8, 4.7, 4.6], 3, 0.5, 4, 4], // best improves by less than minDelta, which patience ignores
    [[5, 4.9, 4.8, 4.4, 4.3, 4.2, 4.1, 4], 3, 0.5, 7, 7],
    [[Number.NaN, Number.NaN, Number.NaN, 1], 3, 0, 3, 0],
    [[5, 4, 3, 2, 1], 1, 0, 5, 5],
  ])(
    "for validation losses %j, patience %i and minDelta %f ends the fit after step %i, with the best at step %i",
    async (values, patience, minDelta, end, best) => {
      const fitted = await fit(distance, start, line, { ...listed(values), patience, minDelta });
      expect(fitted.step).toBe(end);
      expect(fitted.reason).toBe(end < values.length ? "patience" : "finished");
      expect(fitted.best.step).toBe(best === 0 ? end : best);
    },
  );
});

describe("a metric that is NaN", () => {
  const warnings = () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    return () => warn.mock.calls.map(([text]) => text as string);
  };
  const nan = Number.NaN;
  /** Returns a loss function that returns the listed values in turn, at each training step and each validation. */
  const listed = (values: readonly number[]) => {
    let i = 0;
    return () => values[i++]!;
  };
  const everyStep = { optimizer: sgd({ learningRate: 0.01 }), batchSize: 2, history: { everySteps: 1 } };

  it("stays in the history, does not end the fit, and is warned about once, with metric, step and epoch", async () => {
    const texts = warnings();
    const metrics = { share: listed([1, 2, nan, 4, nan, 6]), other: listed([1, nan, 3, 4, 5, 6]), fine: () => 0 };
    const { history, reason, step } = await fit(distance, start, line, { ...everyStep, steps: 6, metrics });
    expect([reason, step]).toEqual(["finished", 6]);
    expect(history.train.map((point) => point.metrics.share)).toEqual([1, 2, nan, 4, nan, 6]);
    expect(history.train.map((point) => point.metrics.other)).toEqual([1, nan, 3, 4, 5, 6]);
    expect(texts()).toEqual([
      "fit: metric other is NaN at step 2, epoch 1; the history keeps it",
      "fit: metric share is NaN at step 3, epoch 1.5; the history keeps it",
    ]);
  });

  it("makes only the point that averages it NaN", async () => {
    warnings();
    const metrics = { share: listed([1, nan, 3, 4, 5, 6]) };
    const { history } = await fit(distance, start, line, {
      ...everyStep,
      steps: 6,
      history: { everySteps: 2 },
      metrics,
    });
    expect(history.train.map((point) => point.metrics.share)).toEqual([nan, 3.5, 5.5]);
  });

  it("is warned about in validation, also as a scalar tensor", async () => {
    const texts = warnings();
    const values = listed([1, nan, 3]);
    const metrics = { share: (_: unknown, { x }: typeof line) => tensor(x.shape[0] === 4 ? values() : 7) };
    const validation = { data: line, everyEpochs: 1 };
    const { history } = await fit(distance, start, line, { ...everyStep, epochs: 3, metrics, validation });
    expect(history.validation.map((point) => point.metrics.share)).toEqual([1, nan, 3]);
    expect(texts()).toEqual(["fit: metric share is NaN at step 4, epoch 2; the history keeps it"]);
  });

  it("is never the best point, and counts as no improvement for patience", async () => {
    const texts = warnings();
    const values = listed([nan, 5, nan, nan, nan]);
    const metrics = { share: (_: unknown, { x }: typeof line) => (x.shape[0] === 4 ? values() : 7) };
    const fitted = await fit(distance, start, line, {
      ...{ ...everyStep, epochs: 5, metrics, validation: { data: line }, patience: 3 },
      criterion: ({ metrics: { share } }) => share!,
    });
    expect([fitted.reason, fitted.epoch, fitted.best.epoch]).toEqual(["patience", 5, 2]);
    expect(texts()).toEqual([
      "fit: metric share is NaN at step 2, epoch 1; the history keeps it",
      "fit: criterion is NaN at step 2, epoch 1; it counts as Infinity",
    ]);
  });

  it("leaves the last measurements as the best if the criterion is always NaN, such as that of a misspelled metric", async () => {
    const texts = warnings();
    const criterion = ({ metrics }: Point) => -metrics.acuracy!;
    for (const validation of [undefined, { data: line }]) {
      const options = { ...everyStep, epochs: 2, metrics: { accuracy: () => 0.5 }, validation, criterion };
      const { best, params, history } = await fit(distance, start, line, options);
      const last = (validation ? history.validation : history.train).at(-1)!;
      expect(best).toEqual({ ...last, params });
      expect([best.step, best.metrics.accuracy]).toEqual([4, 0.5]);
    }
    expect(texts()).toHaveLength(2);
  });

  it("is not blamed for a NaN loss in validation", async () => {
    const texts = warnings();
    const broken = { x: line.x, y: tensor([-1, 1, 3, nan]) };
    const options = { ...everyStep, epochs: 2, metrics: { share: () => 1 }, validation: { data: broken } };
    const { history } = await fit(distance, start, line, options);
    expect(history.validation.map(({ loss, metrics }) => [loss, metrics.share])).toEqual([[nan, nan], [nan, nan]]); // biome-ignore format: a table
    expect(texts()).toEqual(["fit: criterion is NaN at step 2, epoch 1; it counts as Infinity"]);
  });
});

test("a fit that ends with a non-finite number does not warn about the criterion of its last validation", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const falling = ({ a }: typeof start) => log(a); // is NaN after the first step, which makes a negative
  const { reason, history } = await fit(falling, { ...start, a: tensor(0.01) }, line, {
    ...{ optimizer: sgd({ learningRate: 0.1 }), steps: 3, validation: { data: line, everySteps: 2 } },
  });
  expect([reason, history.validation.map(({ loss }) => loss)]).toEqual(["nonFinite", [Number.NaN]]);
  expect(warn.mock.calls).toEqual([]);
});

describe("a signal", () => {
  it("stops before the first step and between two steps", async () => {
    const none = await fit(loss, randomModel(), data, { optimizer, epochs: 1, signal: AbortSignal.abort() });
    expect([none.reason, none.step, bitsOf(none.params)]).toEqual(["aborted", 0, bitsOf(randomModel())]);
    const controller = new AbortController();
    const progress = ({ step }: FitProgress) => {
      if (step === 5) controller.abort();
    };
    const stopped = await fit(loss, randomModel(), data, {
      optimizer,
      epochs: 100,
      batchSize: 8,
      signal: controller.signal,
      progress,
    });
    expect([stopped.reason, stopped.step, stopped.epoch]).toEqual(["aborted", 5, 40 / 50]);
    const five = await fit(loss, randomModel(), data, { optimizer, steps: 5, batchSize: 8 });
    expect(bitsOf([stopped.params, stopped.history])).toBe(bitsOf([five.params, five.history]));
  });

  it("stops a fit that waits for a batch that never arrives", async () => {
    const controller = new AbortController();
    let left = false;
    async function* stalled() {
      try {
        yield data;
        setTimeout(() => controller.abort(), 1);
        await new Promise(() => {});
      } finally {
        left = true;
      }
    }
    const { reason, step } = await fit(loss, randomModel(), stalled, {
      optimizer,
      steps: 9,
      signal: controller.signal,
    });
    expect([reason, step, left]).toEqual(["aborted", 1, false]);
  });

  it("stops a measurement, which rejects with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(measure(loss, randomModel(), data, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("the event loop runs", () => {
  /**
   * Starts a fit without end, which only a timer can abort. So the fit ends only if the event loop runs during the fit.
   */
  const untilHeard = async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    return fit(distance, start, line, {
      optimizer,
      steps: 1e12,
      history: { everySteps: 1e9 },
      signal: controller.signal,
    });
  };
  test("while a fit runs in Node", async () => {
    expect((await untilHeard()).reason).toBe("aborted");
  });
  test("while a fit runs without setImmediate, as in a page", async () => {
    vi.stubGlobal("setImmediate", undefined);
    expect((await untilHeard()).reason).toBe("aborted");
  });
  test("while a measurement runs", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("heard")), 0);
    function* endless() {
      for (;;) yield line;
    }
    await expect(measure(distance, start, () => endless(), { signal: controller.signal })).rejects.toThrow("heard");
  });
  test("so two concurrent fits give the same results as each alone", async () => {
    const run = (seed: number) =>
      fit(loss, randomModel(), data, { optimizer, epochs: 20, batchSize: 4, key: randomKey(seed), metrics });
    const [one, two] = await Promise.all([run(1), run(2)]);
    expect(bitsOf([one, two])).toBe(bitsOf([await run(1), await run(2)]));
  });
});

describe("a non-finite number", () => {
  const parameters = { a: tensor(1, { label: "a" }) };
  const column = tensor([1, 2, 3, 4]);
  /**
   * Returns a loss that has the gradient 1 in the first three steps. With learning rate 1, these steps lower the
   * parameter `a` from 1 to −2. From the fourth step on, the function `then` computes the loss.
   */
  const falling =
    (then: (a: Tensor) => Tensor) =>
    (p: typeof parameters, batch: Tensor, { step }: Context) =>
      step < 3 ? add(p.a, mul(0, sum(batch))) : then(p.a);
  const longAtLast = (step: Tensor) => where(less(step, 3), tensor(1), 1e10);
  const stopped = (then: (a: Tensor) => Tensor, rate: LearningRate = 1) => {
    const kept: number[] = [];
    const options = {
      optimizer: sgd({ learningRate: rate }),
      steps: 10,
      history: { everySteps: 2 },
      progress: ({ step }: FitProgress) => kept.push(step),
    };
    return fit(falling(then), parameters, column, options).then((fitted) => ({ ...fitted, kept }));
  };

  it.each<[string, (a: Tensor) => Tensor, RegExp, string]>([
    [
      "a loss",
      (a) => log(a),
      /^the loss is NaN at step 4: the value of log is NaN, at .*fit\.test\.ts:\d+:\d+/,
      "value",
    ],
    [
      "an infinite loss",
      (a) => div(1, add(a, 2)),
      /^the loss is Infinity at step 4: the value of div is Infinity/,
      "value",
    ],
    [
      "a gradient",
      (a) => sqrt(square(add(a, 2))),
      /^its gradient is not finite at step 4: the cotangent of input 0 of sqrt is Infinity/,
      "cotangent",
    ],
  ])("in %s ends the fit and reports its origin and the last finite parameters", async (_, then, message, where) => {
    const { reason, step, params, nonFinite, history, kept } = await stopped(then);
    expect([reason, step, params.a.item(), kept]).toEqual(["nonFinite", 3, -2, [1, 2, 3]]);
    expect(nonFinite!.message).toMatch(message);
    expect([nonFinite!.step, nonFinite!.report!.where]).toEqual([3, where]);
    expect(history.train.map(({ step, loss }) => [step, loss])).toEqual([
      [2, 0.5],
      [3, -1],
    ]);
  });

  it("from a step that is too large ends the fit", async () => {
    const { reason, step, params, nonFinite } = await stopped((a) => mul(1e300, a), longAtLast);
    expect([reason, step, Number.isFinite(params.a.item())]).toEqual(["nonFinite", 3, true]);
    expect(nonFinite!.report).toBeUndefined();
    expect(nonFinite!.message).toMatch(
      /^params\.a holds -?Infinity after step 4, although loss and gradient are finite; the step is too large, so lower the learning rate/,
    );
  });

  it("is not reported if only the sum of finite numbers overflows", async () => {
    const large = { w: tensor([1.5e308, 1.5e308]) };
    const { reason, step } = await fit(
      (p, x) => mul(1e-300, add(sum(mul(1e-10, p.w)), mul(0, sum(x)))),
      large,
      column,
      {
        optimizer: sgd({ learningRate: 1 }),
        steps: 2,
      },
    );
    expect([reason, step]).toEqual(["finished", 2]);
  });

  it("leads to a validation of the last finite parameters", async () => {
    const validating = (p: typeof parameters, batch: Tensor, context: Context) =>
      context.training ? falling((a) => log(a))(p, batch, context) : square(p.a);
    const options = { optimizer: sgd({ learningRate: 1 }), steps: 10, validation: { data: column, everySteps: 5 } };
    const { reason, history, best } = await fit(validating, parameters, column, options);
    expect([reason, history.validation.map(({ step, loss }) => [step, loss]), best.step]).toEqual([
      "nonFinite",
      [[3, 4]],
      3,
    ]);
  });

  it("in a loss makes the metrics NaN without calling them, because they throw for NaN scores", async () => {
    const y = tensor([0, 1], { dtype: "int32" });
    const ofScores = (A: Tensor): [Tensor, Tensor] => [crossEntropy(A, y), A];
    const measured = await measure(
      ofScores,
      tensor([
        [1, Number.NaN],
        [0, 1],
      ]),
      y,
      {
        metrics: { accuracy: (A) => accuracy(A, y) },
      },
    );
    expect(measured).toEqual({ loss: Number.NaN, metrics: { accuracy: Number.NaN }, rows: 2 });
  });

  it("in a validation loss is not the best, and does not end the fit", async () => {
    const validating = (p: typeof parameters, _: Tensor, { training, step }: Context) =>
      training || step !== 2 ? p.a : log(sub(p.a, 9));
    const { reason, best, history } = await fit(validating, parameters, column, {
      optimizer: sgd({ learningRate: 1 }),
      steps: 3,
      validation: { data: column, everySteps: 1 },
    });
    expect([reason, best.step, history.validation.map(({ loss }) => loss)]).toEqual([
      "finished",
      3,
      [0, Number.NaN, -2],
    ]);
  });
});

describe("progress", () => {
  it("is called after each step with the curves so far, and awaited", async () => {
    const moments: (FitProgress & { points: number })[] = [];
    let busy = false;
    const progress = async (moment: FitProgress) => {
      expect(busy).toBe(false);
      busy = true;
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy = false;
      moments.push({ ...moment, points: moment.history.train.length });
    };
    const options = {
      optimizer,
      epochs: 2,
      batchSize: 25,
      metrics,
      progress,
      validation: { data: held },
      history: { everySteps: 2 },
    };
    await fit(loss, randomModel(), data, options);
    expect(moments.map(({ step, steps, epoch, epochs, points }) => [step, steps, epoch, epochs, points])).toEqual([
      [1, 4, 0.5, 2, 0],
      [2, 4, 1, 2, 1],
      [3, 4, 1.5, 2, 1],
      [4, 4, 2, 2, 2],
    ]);
    expect(moments.every(({ loss, metrics }) => loss > 0 && metrics.accuracy! >= 0)).toBe(true);
    expect(moments[2]!.history.validation).toHaveLength(2); // the same list, which has grown
  });
});

describe("onStep", () => {
  it("receives each step with its loss and the new parameters, before the progress, and is awaited", async () => {
    const steps: FitStep<ReturnType<typeof randomModel>>[] = [];
    const calls: string[] = [];
    const onStep = async (step: (typeof steps)[number]) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      steps.push(step);
      calls.push(`step ${step.step}`);
    };
    const progress = ({ step }: FitProgress) => void calls.push(`progress ${step}`);
    const options = { optimizer, batchSize: 8, history: { everySteps: 1 } };
    const { history } = await fit(loss, randomModel(), data, { ...options, steps: 3, onStep, progress });
    expect(calls).toEqual([1, 2, 3].flatMap((step) => [`step ${step}`, `progress ${step}`]));
    expect(steps.map(({ step, loss }) => [step, loss])).toEqual(history.train.map(({ step, loss }) => [step, loss]));
    for (const { step, params } of steps)
      expect(params).toEqual((await fit(loss, randomModel(), data, { ...options, steps: step })).params);
  });
});

describe("an error", () => {
  const broken = new Error("broken");
  const kept = () => {
    const steps: number[] = [];
    const write = (bytes: Uint8Array) => void steps.push(bytes.length);
    return { steps, checkpoint: { write } };
  };
  const thrown = (at: number) => (step: number) => {
    if (step === at) throw broken;
    return undefined;
  };

  it("rejects the fit unchanged after a checkpoint is written", async () => {
    const stop = thrown(3);
    const cases: Record<string, (checkpoint: object) => Promise<unknown>> = {
      loss: (more) => fit((p, b, c) => stop(c.step) ?? distance(p, b), start, line, { optimizer, steps: 9, ...more }),
      metric: (more) => {
        let step = 0;
        return fit(distance, start, line, { optimizer, steps: 9, metrics: { m: () => stop(step++) ?? 1 }, ...more });
      },
      progress: (more) =>
        fit(distance, start, line, { optimizer, steps: 9, progress: ({ step }) => stop(step), ...more }),
      onStep: (more) => fit(distance, start, line, { optimizer, steps: 9, onStep: ({ step }) => stop(step), ...more }),
      "async onStep": (more) =>
        fit(distance, start, line, { optimizer, steps: 9, onStep: async ({ step }) => stop(step), ...more }),
      "async progress": (more) =>
        fit(distance, start, line, { optimizer, steps: 9, progress: async ({ step }) => stop(step), ...more }),
      data: (more) =>
        fit(
          distance,
          start,
          async function* () {
            for (let i = 0; i < 9; i++) {
              stop(i);
              yield line;
            }
          },
          { optimizer, epochs: 1, ...more },
        ),
      validation: (more) =>
        fit((p, b, c) => stop(c.training ? 0 : 3) ?? distance(p, b), start, line, {
          optimizer,
          steps: 9,
          validation: { data: line, everySteps: 3 },
          ...more,
        }),
    };
    for (const [name, run] of Object.entries(cases)) {
      const { steps, checkpoint } = kept();
      await expect(run({ checkpoint }), name).rejects.toBe(broken);
      expect(steps, name).toHaveLength(1);
    }
  });

  it("in a checkpoint does not end the fit, is reported, and the checkpoint is tried again", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const failures: (string | undefined)[] = [];
    let tries = 0;
    const write = () => {
      if (tries++ < 2) throw broken;
    };
    const options = { optimizer, steps: 6, checkpoint: { write, everySteps: 2 } };
    const progress = ({ failure }: FitProgress) => void failures.push(failure?.message);
    const fitted = await fit(distance, start, line, { ...options, progress });
    expect([fitted.reason, fitted.failure, tries]).toEqual(["finished", undefined, 3]);
    expect(failures).toEqual([undefined, undefined, "broken", "broken", "broken", "broken"]);
    expect(warn).not.toHaveBeenCalled();

    tries = -9;
    const never = await fit(distance, start, line, options);
    expect([never.reason, never.step, never.failure]).toEqual(["finished", 6, broken]);
    expect(warn.mock.calls.flat()).toEqual(["Error: broken"]);
  });
});

describe("streams", () => {
  const inBatches = (epoch: Epoch) => batches(data, { batchSize: 8, key: epoch.key });

  it("may be any iterable of batches, and give the same fit as rows", async () => {
    const options = { optimizer, epochs: 2, metrics, history: { everySteps: 3 } };
    async function* generator(epoch: Epoch) {
      yield* inBatches(epoch);
    }
    const inOrder = { [Symbol.asyncIterator]: () => generatorOf(batches(data, { batchSize: 8 })) };
    async function* generatorOf(list: Iterable<Points>) {
      yield* list;
    }
    const results = [
      await fit(loss, randomModel(), generator, options),
      await fit(loss, randomModel(), inBatches, options),
      await fit(loss, randomModel(), async (epoch: Epoch) => inBatches(epoch), options),
      await fit(loss, randomModel(), async (epoch: Epoch) => generator(epoch), options),
    ];
    for (const result of results) expect(bitsOf(result)).toBe(bitsOf(results[0]));
    const ofRows = await fit(loss, randomModel(), data, { ...options, batchSize: 8, shuffle: false });
    const { params, history } = await fit(loss, randomModel(), inOrder, options);
    expect(bitsOf([params, history.train.map(({ loss }) => loss)])).toBe(
      bitsOf([ofRows.params, ofRows.history.train.map(({ loss }) => loss)]),
    );
  });

  it("are opened once an epoch with a different key, and closed at the end", async () => {
    const asked: [number, string][] = [];
    let left = 0;
    async function* endless({ epoch, key }: Epoch) {
      asked.push([epoch, String(key.toNested())]);
      try {
        for (let i = 0; epoch > 0 || i < 3; i++) yield line;
      } finally {
        left++;
      }
    }
    const { step, epoch } = await fit(distance, start, endless, { optimizer, steps: 7 });
    expect([step, epoch, asked.map(([e]) => e), left]).toEqual([7, 1, [0, 1], 2]);
    expect(asked[0]![1]).not.toBe(asked[1]![1]);
  });

  it("weight batches by the rows of their first tensor", async () => {
    const sizes = [1, 2, 5];
    function* ofSizes() {
      for (const n of sizes) yield { x: tensor(new Float64Array(n)), y: tensor(new Float64Array(n).fill(n)) };
    }
    const { loss: mean, rows } = await measure(distance, start, () => ofSizes());
    expect([mean, rows]).toEqual([sizes.reduce((total, n) => total + n * n * n, 0) / 8, 8]);
  });
});
