import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkpoint, cost, grad, type Tensor, tensor, trace } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { add, at, flatten, foldIn, matmul, mul, randomKey, randomNormal, splitKey, sub } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { fieldError, fitInStages, forecast, lossOf, type Model } from "../src/ode/fit.ts";
import ode from "../src/ode/main.ts";
import { bytesOf, compare, finalSquare, gradientOf, plain } from "../src/ode/memory.ts";
import { initialNetwork } from "../src/ode/network.ts";
import { allTimes, damping, pendulum, simulate, timeOf, trainingTimes } from "../src/ode/pendulum.ts";
import { advance, rungeKutta, solve } from "../src/ode/solver.ts";
import { farthest } from "../src/shared/algebra.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-ode-"));
afterAll(() => rmSync(out, { recursive: true }));

const [noiseKey, networkKey] = splitKey(randomKey(1));
const startKey = randomKey(2);
const data = simulate(noiseKey, 0.1);
const network = initialNetwork(networkKey, 8);

describe("the solver", () => {
  const spin = (z: Tensor) => matmul(z, tensor([[-0.1, -1], [1, -0.1]])); // biome-ignore format: a matrix
  const exact = (t: number) => mul(Math.exp(-0.1 * t), tensor([[Math.cos(t), -Math.sin(t)]]));
  const start = tensor([[1, 0]]);

  test("has the order 4: half the step divides the error by 16", () => {
    const errors = [10, 20, 40].map((steps) => farthest(advance(spin, start, { h: 3 / steps, steps }), exact(3)));
    expect(errors[0]! / errors[1]!).toBeCloseTo(16, -0.5);
    expect(errors[1]! / errors[2]!).toBeCloseTo(16, -0.5);
    expect(errors[2]).toBeLessThan(1e-5);
  });

  test("returns the states at equal intervals, each row on its own", () => {
    const both = tensor([[1, 0], [0.2, -0.7]]); // biome-ignore format: a matrix
    const states = solve(spin, both, { h: 0.05, steps: 4, count: 5 });
    expect(states.shape).toEqual([6, 2, 2]);
    expect(at(states, 0).toNested()).toEqual(both.toNested());
    for (let k = 0; k <= 5; k++) expect(farthest(at(at(states, k), 0), at(exact(0.2 * k), 0))).toBeLessThan(1e-6);
  });

  test("one step equals the formula on plain numbers", () => {
    const field = (z: Tensor) => mul(z, z); // dz/dt = z², with the solution 1 / (1 − t) from z = 1
    const f = (z: number) => z * z;
    const h = 0.1;
    const [k1, k2] = [f(1), f(1 + (h / 2) * f(1))];
    const k3 = f(1 + (h / 2) * k2);
    const k4 = f(1 + h * k3);
    expect(rungeKutta(field, tensor([[1]]), h).item()).toBeCloseTo(1 + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4), 15);
  });
});

describe("the pendulum", () => {
  test("loses energy only by friction: dE/dt = −c ω²", () => {
    const energy = ([angle, velocity]: readonly number[]) => velocity! ** 2 / 2 - Math.cos(angle!);
    const states = solve(pendulum, tensor([[2.4, 0]]), { h: 0.01, steps: 1, count: 500 }).toNested<number[][][]>();
    const lost = states.slice(0, -1).map((rows, k) => {
      const middle = (rows[0]![1]! + states[k + 1]![0]![1]!) / 2;
      return damping * middle ** 2 * 0.01;
    });
    const total = lost.reduce((sum, part) => sum + part);
    expect(energy(states[0]![0]!) - energy(states.at(-1)![0]!)).toBeCloseTo(total, 4);
  });

  test("is observed with the given noise, on the training times only", () => {
    const [times, trajectories] = [trainingTimes.count + 1, 6];
    expect([data.truth.shape, data.observed.shape, data.unseen.shape]).toEqual([
      [allTimes.count + 1, trajectories, 2],
      [times, trajectories, 2],
      [allTimes.count + 1, 1, 2],
    ]);
    const noise = sub(data.observed, tensor(data.truth.toNested<number[][][]>().slice(0, times)));
    const square =
      noise
        .toNested<number[][][]>()
        .flat(2)
        .reduce((sum, x) => sum + x * x, 0) / noise.size;
    expect(Math.sqrt(square)).toBeCloseTo(0.1, 2);
    expect(timeOf(trainingTimes.count)).toBe(10);
  });
});

describe("the fit", () => {
  const model: Model = { network, start: at(data.observed, 0) };

  test("differentiates through the solver, to order 2", () => {
    gradcheck((model: Model) => lossOf(model, data.observed, 2), [model]);
  });

  test("recovers the field where the observations are, and continues beyond them", { tags: "soak" }, () => {
    const stages = fitInStages(initialNetwork(networkKey, 8), data, 25);
    expect(stages.map(({ count }) => timeOf(count))).toEqual([2, 5, 10]);
    const { model: fitted, loss } = stages.at(-1)!;
    expect(loss).toBeLessThan(0.013); // the noise has the mean square 0.01
    const { errors } = forecast(fitted, data);
    expect(errors.within).toBeLessThan(0.06);
    expect(errors.beyond).toBeLessThan(errors.scale / 2);
    const seen = at(data.truth, 5);
    expect(fieldError(fitted.network, seen)).toBeLessThan(fieldError(network, seen) / 5);
  });
});

describe("checkpoints", () => {
  const start = randomNormal(startKey, { shape: [3, 2] });

  test.each([16, 30])("give the same bits as a plain tape, with less memory (%d steps)", (steps) => {
    const { plain, checkpointed, equal, reordered } = compare(network, start, steps, 1);
    expect(equal).toBe(true);
    expect(reordered).toBeLessThan(1e-13);
    expect(checkpointed.list).toBeLessThan(plain.list);
    expect(checkpointed.bytes).toBeLessThan(plain.bytes / 2);
  });

  test("make the tape grow with √T instead of T", () => {
    const [few, many] = [9, 81].map((steps) => compare(network, start, steps, 1)); // 9 times the steps
    expect(many!.plain.list / few!.plain.list).toBeCloseTo(9, 0);
    expect(many!.plain.bytes / few!.plain.bytes).toBeCloseTo(9, 0);
    expect(many!.checkpointed.list / few!.checkpointed.list).toBeCloseTo(3, 0);
    expect(many!.checkpointed.bytes / few!.checkpointed.bytes).toBeCloseTo(3, 0);
  });

  test("have the smaller peak of the traced gradient, too", () => {
    const [kept, again] = [plain, checkpoint].map((wrap) =>
      cost(trace(grad(finalSquare(wrap as typeof plain, 100)), network, start)),
    );
    expect(again!.peakBytes).toBeLessThan(kept!.peakBytes / 3);
    expect(again!.flops).toBeGreaterThan(kept!.flops);
  });

  test("are compared on a gradient that is right in a random direction", () => {
    const f = finalSquare(plain, 16);
    const directions = [network.W1, network.b1, network.W2, network.b2, start].map(({ shape }, i) =>
      randomNormal(foldIn(startKey, i), { shape }),
    ) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const valueAt = (step: number) => {
      const [W1, b1, W2, b2, z] = directions.map((direction) => mul(step, direction)) as typeof directions;
      const moved = {
        W1: add(network.W1, W1),
        b1: add(network.b1, b1),
        W2: add(network.W2, W2),
        b2: add(network.b2, b2),
      };
      return f(moved, add(start, z)).item();
    };
    const along = directions.flatMap((direction) => flatten(direction).toNested<number[]>());
    const slope = gradientOf(f, network, start).reduce((sum, entry, i) => sum + entry * along[i]!, 0);
    expect((valueAt(1e-6) - valueAt(-1e-6)) / 2e-6 / slope).toBeCloseTo(1, 7);
  });

  test("are measured by memory that counts once if tensors share it", () => {
    const x = tensor([1, 2, 3]);
    const output = mul(2, x);
    const step = { op: { name: "mul", vjp: [] }, inputs: [x, x], params: undefined, output };
    expect(bytesOf([step, step])).toBe(48);
  });
});

describe("the command", () => {
  test("prints and draws its results, which depend only on the seed", async () => {
    const { outcome, printed } = await runQuietly(ode, [
      "--iterations",
      "1",
      "--width",
      "4",
      "--longest",
      "64",
      "--out",
      out,
    ]);
    for (const text of ["51 times along 6", "up to time", "same bits"]) expect(printed).toContain(text);
    expectReadable(printed);
    expectSelfContained(outcome.file, 2);
    expect(outcome.comparisons.map(({ steps }) => steps)).toEqual([4, 16, 64]);
    expect(outcome.comparisons.every(({ equal }) => equal)).toBe(true);
    const again = fitInStages(initialNetwork(networkKey, 4), data, 1);
    expect(outcome.stages.map(({ loss }) => loss)).toEqual(again.map(({ loss }) => loss));
  });

  test.each([
    [["--noise", "-1"], '--noise must be a number from 0 to 2, not "-1".'],
    [["--longest", "3"], '--longest must be a whole number of at least 16, not "3".'],
    [["--rate", "1"], "unknown option --rate"],
  ])("rejects %j with a one-line message", (args, message) => expectRefusal(ode, [...args, "--out", out], message));
});
