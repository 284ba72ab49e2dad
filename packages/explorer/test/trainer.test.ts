import * as core from "@wengert/core";
import * as ops from "@wengert/ops";
import { describe, expect, test } from "vitest";
import { isHeldOut } from "../src/rooms/fit/data/dataset.ts";
import { fieldAt, gridPoints, nodes, unitNodes } from "../src/rooms/fit/grid.ts";
import { centered, stroked } from "../src/rooms/fit/ink.ts";
import { landscapes } from "../src/rooms/fit/landscape.ts";
import type { Model } from "../src/rooms/fit/model.ts";
import { Path } from "../src/rooms/fit/path.ts";
import { programOf } from "../src/rooms/fit/program.ts";
import {
  activations,
  type Landscape,
  optimizers,
  type Pace,
  type Rows,
  type Start,
} from "../src/rooms/fit/protocol.ts";
import { isCompiled, loadCompiler } from "../src/rooms/fit/steps.ts";
import { Trainer } from "../src/rooms/fit/trainer.ts";
import { toJavaScript } from "../src/sandbox/typescript.ts";

const rows = Float32Array.from([1, 0, -1, 2, 0, -1, 2, 1, 0.5, 0.5, -2, 1]);
const data: Rows = { rows, labels: Int32Array.of(0, 1, 2, 0, 1, 2), width: 2, classes: 3, center: 0, isPlane: true };
const pace: Pace = { optimizer: "sgd", learningRate: 0.5, batchSize: 0, l2: 0, speed: 0 };
const linear: Start = { hidden: 0, activation: "relu", seed: 1 };
const trained = (trainer: Trainer, steps: number, by: Pace = pace): Trainer => {
  for (let i = 0; i < steps; i++) trainer.advance(by);
  return trainer;
};

function close(found: ArrayLike<number>, expected: ArrayLike<number>, digits: number): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(found[i]).toBeCloseTo(expected[i]!, digits);
}

describe("a fit", () => {
  test("takes the step of the closed form of the gradient, Xᵀ(S − Y) / n", () => {
    const { layers } = trained(new Trainer(data, linear, 0), 1);
    const expected = Array.from({ length: 2 }, (_, j) =>
      Array.from({ length: 3 }, (_, k) => {
        let slope = 0;
        for (let i = 0; i < 6; i++) slope += (rows[2 * i + j]! * (1 / 3 - (data.labels[i] === k ? 1 : 0))) / 6;
        return -0.5 * slope;
      }),
    ).flat();
    close(layers[0]!.W, expected, 6);
  });

  test("multiplies the weights, but not the biases, by 1 − rate λ per step", () => {
    const one = trained(new Trainer(data, linear, 0), 1);
    const [with0, withL2] = [0, 0.4].map((l2) => {
      const next = new Trainer(data, linear, 0);
      next.load(one.layers, 1);
      return trained(next, 1, { ...pace, l2 }).layers[0]!;
    }) as [{ W: Float32Array; b: Float32Array }, { W: Float32Array; b: Float32Array }];
    close(
      withL2.W,
      with0.W.map((w, i) => w - 0.5 * 0.4 * one.layers[0]!.W[i]!),
      6,
    );
    close(withL2.b, with0.b, 6);
  });

  test("visits each row once per epoch: batches of one agree with full batches for a tiny learning rate", () => {
    const learningRate = 1e-4;
    const [ones, all] = [
      trained(new Trainer(data, linear, 0), 6, { ...pace, batchSize: 1, learningRate }),
      trained(new Trainer(data, linear, 0), 1, { ...pace, learningRate: 6 * learningRate }),
    ];
    const slopes = (trainer: Trainer) => trainer.layers[0]!.W.map((w) => w / learningRate);
    close(slopes(ones), slopes(all), 2);
    expect(ones.report(false, undefined).epoch).toBe(1);
  });

  test("gives the same result for the same seed and after a reset", () => {
    const start: Start = { hidden: 4, activation: "tanh", seed: 3 };
    const by = { ...pace, batchSize: 2 };
    const [a, b] = [new Trainer(data, start, 0.2), new Trainer(data, start, 0.2)];
    expect(trained(a, 20, by).layers).toEqual(trained(b, 20, by).layers);
    a.reset();
    expect(a.layers).toEqual(new Trainer(data, start, 0.2).layers);
    expect(trained(a, 20, by).layers).toEqual(b.layers);
    expect(new Trainer(data, { ...start, seed: 4 }, 0.2).layers).not.toEqual(new Trainer(data, start, 0.2).layers);
  });

  test("evaluates on the held-out rows and never trains on them", () => {
    const many = {
      ...data,
      rows: Float32Array.from({ length: 200 }, (_, i) => Math.sin(i)),
      labels: new Int32Array(100),
    };
    const held = Int32Array.from({ length: 100 }, (_, i) => i).filter((i) => isHeldOut(i, 0.2));
    const trainer = new Trainer(many, linear, 0.2);
    expect(trainer.report(false, undefined).judged).toEqual(held);
    const other = { ...many, rows: many.rows.map((x, i) => (held.includes(i >> 1) ? 100 : x)) };
    expect(trained(new Trainer(other, linear, 0.2), 5).layers).toEqual(trained(trainer, 5).layers);
  });

  test("that diverges keeps the parameters of the last finite step and names the first non-finite value", () => {
    const trainer = new Trainer(data, { ...linear, hidden: 8 }, 0);
    for (let i = 0; i < 1000 && !trainer.hasDiverged; i++) trainer.advance({ ...pace, learningRate: 1e6 });
    expect(trainer.hasDiverged).toBe(true);
    expect(trainer.report(false, undefined).diverged).toMatch(/^the loss is (NaN|Infinity) after step \d+\. \w+/);
    const before = trainer.layers;
    trainer.advance(pace);
    expect(trainer.layers).toEqual(before);
  });

  test("keeps its parameters when rows change, unless the classes change", () => {
    const old = trained(new Trainer(data, linear, 0), 5);
    const [moved, more] = [
      new Trainer({ ...data, rows: rows.map((x) => x + 1) }, linear, 0),
      new Trainer({ ...data, classes: 4 }, linear, 0),
    ];
    moved.continueFrom(old);
    more.continueFrom(old);
    expect([moved.step, more.step]).toEqual([5, 0]);
    expect(moved.layers).toEqual(old.layers);
  });

  test("converts a row of bytes to numbers from 0 to 1 minus the center, for fits and questions", () => {
    const bytes: Rows = {
      ...data,
      rows: Uint8Array.of(255, 0, 0, 255),
      labels: Int32Array.of(0, 1),
      center: 0.25,
      isPlane: false,
    };
    const trainer = trained(new Trainer(bytes, linear, 0), 3);
    const { probe, probabilities } = trainer.report(false, Float32Array.of(1, 0));
    expect(Array.from(probe!)).toEqual(Array.from(probabilities.subarray(0, 3)));
  });
});

describe("the next step", () => {
  test("has the parameters and the rows of the batch, and does not change the fit", () => {
    const by = { ...pace, batchSize: 2 };
    const [looked, other] = [new Trainer(data, linear, 0), new Trainer(data, linear, 0)];
    for (let i = 0; i < 7; i++) {
      const { X, labels, size, step, layers } = looked.upcoming(by);
      expect([size, step, layers]).toEqual([2, i, looked.layers]);
      expect(looked.upcoming(by)).toEqual({ X, labels, size, step, layers });
      for (const k of [0, 1]) {
        const row = data.labels.findIndex((label, j) => label === labels[k] && rows[2 * j] === X[2 * k]);
        expect(Array.from(X.slice(2 * k, 2 * k + 2))).toEqual(Array.from(rows.slice(2 * row, 2 * row + 2)));
      }
      looked.advance(by);
      other.advance(by);
    }
    expect(looked.layers).toEqual(other.layers);
  });

  test("as a program has the gradient that the step subtracts, for every activation", () => {
    for (const hidden of [0, 3])
      for (const activation of hidden > 0 ? activations : (["relu"] as const))
        for (const l2 of [0, 0.2]) {
          const by = { ...pace, batchSize: 2, l2 };
          const trainer = trained(new Trainer(data, { hidden, activation, seed: 1 }, 0), 3, by);
          const [before, { code, tensors }] = [trainer.layers, programOf(trainer.upcoming(by), by, { activation })];
          const after = trained(trainer, 1, by).layers;
          const numbers = Object.entries(tensors).map(([name, { data, shape, dtype }]) => {
            return [name, ops.reshape(core.tensor([...data], { dtype }), { shape: [...shape] })];
          });
          const gradients: number[][] = [];
          const record = (loss: (...all: core.Tensor[]) => core.Tensor, ...all: core.Tensor[]) => {
            const argnums = [...all.keys()];
            const grads = (core.grad as (f: unknown, o: object) => (...all: unknown[]) => core.Tensor[])(loss, {
              argnums,
            });
            for (const each of grads(...all)) gradients.push([...(each.data.data as Float32Array)]);
          };
          const modules: Record<string, object> = {
            "@wengert/core": { ...core, record },
            "@wengert/ops": ops,
            fit: Object.fromEntries(numbers),
          };
          new Function("require", "exports", toJavaScript(code).javascript)((name: string) => modules[name], {});
          const steps = before.flatMap(({ W, b }, i) => [
            Array.from(W, (w, k) => (w - after[i]!.W[k]!) / pace.learningRate),
            Array.from(b, (each, k) => (each - after[i]!.b[k]!) / pace.learningRate),
          ]);
          expect(gradients.length).toBe(steps.length);
          for (const [i, step] of steps.entries()) close(gradients[i]!, step, 5);
        }
  });

  test("of a wide batch has only the first rows", () => {
    const width = 20_000;
    const wide: Rows = { ...data, rows: Float32Array.from({ length: 6 * width }, (_, i) => i / width), width };
    const { X, labels, size } = new Trainer(wide, linear, 0).upcoming(pace);
    expect([X.length / width, labels.length, size]).toEqual([3, 3, 6]);
  });
});

test("compiled steps agree with eager steps, for every optimizer and activation", async () => {
  const cases = optimizers.flatMap((optimizer) =>
    activations.flatMap((activation) => [0, 0.1].map((l2) => ({ optimizer, activation, l2 }))),
  );
  const fitted = () =>
    cases.map(({ activation, ...by }) =>
      trained(new Trainer(data, { hidden: 3, activation, seed: 2 }, 0), 12, { ...pace, learningRate: 0.05, ...by }),
    );
  expect(isCompiled()).toBe(false);
  const eager = fitted().map(({ layers }) => layers);
  await loadCompiler();
  expect(isCompiled()).toBe(true);
  const compiled = fitted().map(({ layers }) => layers);
  for (const [i, layers] of compiled.entries())
    for (const [k, { W, b }] of layers.entries()) {
      close(W, eager[i]![k]!.W, 5);
      close(b, eager[i]![k]!.b, 5);
    }
  const different = new Set(compiled.map((layers) => layers[0]!.W.join()));
  expect(different.size).toBe(cases.length);
});

describe("the landscape", () => {
  const modelOf = (numbers: readonly number[]): Model => [
    { W: core.tensor([numbers.slice(0, 3), numbers.slice(3, 6)], { dtype: "float32" }), b: core.tensor(numbers.slice(6), { dtype: "float32" }) }, // biome-ignore format: a line
  ];
  const flat = (model: Model) => model.flatMap(({ W, b }) => [...W.data.data, ...b.data.data] as number[]);
  const from = (points: readonly (readonly number[])[], lossOf: (model: Model) => number) => {
    const path = points.map((numbers, step) => ({ step, model: modelOf(numbers) }));
    const pictures = [...landscapes({ path, lossOf, rows: 5, penalized: false })];
    return pictures.filter((each): each is Landscape => each !== undefined);
  };
  const points = [[1, 0, 2, -1, 3, 0, 1, 1], [1, 1, 1, -2, 1, 0, 1, 0], [0, 2, 0, -2, 0.5, 1, 0, 0], [0, 2, -1, -2, 0, 1, 0.5, 0]]; // biome-ignore format: a matrix
  const end = points.at(-1)!;
  const squared = (model: Model) => flat(model).reduce((sum, x, i) => sum + (x - end[i]!) ** 2, 0);

  test.each([[points], [points.slice(2)]])("has orthogonal unit directions around the last parameters", (path) => {
    const all = from(path, squared);
    expect(all.map(({ width, height, isDone }) => [width, height, isDone])).toEqual([[9, 6, false], [17, 11, false], [33, 21, true]]); // biome-ignore format: a list
    for (const { x, y, width, height, losses, path: track, ends, shares } of all) {
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const a = x[0] + ((x[1] - x[0]) * j) / (width - 1);
          const b = y[0] + ((y[1] - y[0]) * i) / (height - 1);
          expect(losses[i * width + j]).toBeCloseTo(a ** 2 + b ** 2, 3);
        }
      }
      const { x: a, y: b } = track[0]!;
      expect(a).toBeLessThan(0);
      expect(a ** 2 + b ** 2).toBeLessThanOrEqual(ends[0] + 1e-4);
      expect(track.at(-1)).toMatchObject({ x: 0, y: 0 });
      expect(shares[0]).toBeGreaterThanOrEqual(shares[1]);
      expect(shares[0] + shares[1]).toBeLessThanOrEqual(1 + 1e-6);
    }
    expect(all[0]!.shares[1] > 0).toBe(path.length > 2); // two points are on a line, so the second direction is random
  });

  test("of three parameters is the plane that contains them", () => {
    const [first] = from(points.slice(1), squared);
    const { path: track, ends, shares } = first!;
    expect(shares[0] + shares[1]).toBeCloseTo(1, 5);
    expect(track[0]!.x ** 2 + track[0]!.y ** 2).toBeCloseTo(ends[0], 4);
  });

  test("of a fit has the loss that the fit reports", async () => {
    const trainer = trained(new Trainer(data, { hidden: 3, activation: "tanh", seed: 4 }, 0), 30);
    const last = [...(await trainer.landscapes(pace))].at(-1)!;
    expect(last.ends[0]).toBeCloseTo(Math.log(3), 5);
    expect(last.ends[1]).toBeCloseTo(trainer.report(false, undefined).train.loss, 5);
    expect(last.path.map(({ step }) => step)).toEqual(Array.from({ length: 31 }, (_, i) => i));
  });

  test("has at most 64 points of the path, with equal steps between them, and the current point", () => {
    const model = modelOf(end);
    const path = new Path({ step: 7, model });
    for (let step = 8; step <= 1000; step++) path.add(step, model);
    const steps = path.to(1001, model).map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(31);
    expect(steps.length).toBeLessThanOrEqual(65);
    expect([steps[0], steps.at(-1)]).toEqual([7, 1001]);
    const distances = steps.slice(2, -1).map((step, i) => step - steps[i + 1]!);
    expect(new Set(distances).size).toBe(1);
  });
});

test("the network of points has the activation of each of the first 16 hidden units over the plane", () => {
  const trainer = trained(new Trainer(data, { hidden: 20, activation: "tanh", seed: 4 }, 0), 5);
  const { layers, units } = trainer.report(false, undefined).network!;
  expect(units).toHaveLength(16);
  const [{ W, b }] = layers as [(typeof layers)[number]];
  const grid = gridPoints(unitNodes);
  for (const [j, unit] of units.entries()) {
    const expected = Array.from(unit, (_, i) =>
      Math.tanh(grid[2 * i]! * W[j]! + grid[2 * i + 1]! * W[20 + j]! + b[j]!),
    );
    close(unit, expected, 5);
  }
  expect(new Trainer(data, linear, 0).report(false, undefined).network!.units).toEqual([]);
  expect(new Trainer({ ...data, isPlane: false }, linear, 0).report(false, undefined).network).toBeUndefined();
});

test("a change of the optimizer keeps the parameters and starts its state anew", () => {
  const [changed, loaded] = [trained(new Trainer(data, linear, 0), 5), new Trainer(data, linear, 0)];
  loaded.load(changed.layers, 5);
  const by = { ...pace, optimizer: "adam" } as const;
  expect(trained(changed, 3, by).layers).toEqual(trained(loaded, 3, by).layers);
});

test("each class has its share of held-out rows, even if rows are sorted by class", () => {
  for (const share of [0.1, 0.2, 0.3, 0.5])
    for (let from = 0; from < 5000; from += 100) {
      let count = 0;
      for (let i = from; i < from + 100; i++) if (isHeldOut(i, share)) count++;
      expect(Math.abs(count - 100 * share)).toBeLessThanOrEqual(3);
    }
});

test("fieldAt returns the values at the grid points", () => {
  const points = gridPoints(); // treats x and y as the probabilities of two classes
  expect(points.length).toBe(2 * nodes * nodes);
  for (const [x, y] of [
    [-3, 3],
    [3, -3],
    [0, 0],
    [1.234, -2.71],
  ] as const) {
    // biome-ignore format: points
    const [a, b] = fieldAt(points, x, y);
    expect(a).toBeCloseTo(x, 5);
    expect(b).toBeCloseTo(y, 5);
  }
});

test("a drawing is centered and scaled to 20 pixels wherever it is drawn", () => {
  const size = { width: 28, height: 28 };
  const seven = (x: number, y: number) => {
    const blank = new Float32Array(28 * 28);
    const across = stroked(blank, size, { x, y }, { x: x + 8, y });
    return centered(stroked(across, size, { x: x + 8, y }, { x: x + 3, y: y + 10 }), size);
  };
  const [here, there] = [seven(3, 4), seven(14, 12)];
  close(here, there, 5);
  const inked = Array.from({ length: 28 }, (_, i) => here.subarray(28 * i, 28 * i + 28).some((ink) => ink > 0.1));
  const height = inked.lastIndexOf(true) - inked.indexOf(true) + 1;
  expect(height).toBeGreaterThanOrEqual(19);
  expect(height).toBeLessThanOrEqual(21);
  let [mass, x, y] = [0, 0, 0];
  here.forEach((ink, i) => {
    [mass, x, y] = [mass + ink, x + ink * (i % 28), y + ink * Math.floor(i / 28)];
  });
  expect(x / mass).toBeCloseTo(13.5, 0);
  expect(y / mass).toBeCloseTo(13.5, 0);
});
