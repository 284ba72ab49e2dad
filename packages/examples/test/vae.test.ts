import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grad, type Tensor, treeMap } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import {
  add,
  broadcastTo,
  div,
  exp,
  mean,
  mul,
  randomKey,
  randomNormal,
  randomUniform,
  square,
  std,
  sub,
  sum,
} from "@wengert/ops";
import { afterAll, expect, test, vi } from "vitest";
import vae from "../src/vae/main.ts";
import { autoencoder, divergenceOf, type Model, type Posterior, sampleOf } from "../src/vae/model.ts";
import { gridImage, latentGrid, limitOf } from "../src/vae/pictures.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-vae-"));
afterAll(() => rmSync(out, { recursive: true }));

const random = (seed: number, ...shape: number[]): Tensor => randomNormal(randomKey(seed), { shape });
const posterior: Posterior = { mean: random(1, 1, 2), logVariance: random(2, 1, 2) };
const draws = 20_000;
/**
 * Repeats the mean and variance of a posterior in `draws` rows, so that one call of `sampleOf` draws `draws` samples.
 */
const repeated = ({ mean, logVariance }: Posterior): Posterior => ({
  mean: broadcastTo(mean, { shape: [draws, 2] }),
  logVariance: broadcastTo(logVariance, { shape: [draws, 2] }),
});
/** The standard error of the mean of independent samples. */
const errorOf = (samples: Tensor): number => std(samples).item() / Math.sqrt(samples.size);

test("the divergence equals the mean of log q(z) − log p(z) over samples of q", () => {
  const z = sampleOf(repeated(posterior), randomKey(3));
  const { mean: m, logVariance: s } = posterior;
  const logRatio = mul(0.5, sum(sub(square(z), add(div(square(sub(z, m)), exp(s)), s)), { axis: 1 }));
  expect(Math.abs(mean(logRatio).item() - divergenceOf(posterior).toNested<number[]>()[0]!)).toBeLessThan(
    4 * errorOf(logRatio),
  );
});

test("the gradient through samples is the gradient of an expectation, in a random direction", () => {
  // The expectation of |z|² is Σ (m² + v), for means m and variances v.
  const direction = { mean: random(4, 1, 2), logVariance: random(5, 1, 2) };
  const along = (gradient: Posterior) =>
    add(
      sum(mul(gradient.mean, direction.mean), { axis: 1 }),
      sum(mul(gradient.logVariance, direction.logVariance), { axis: 1 }),
    );
  const squares = (q: Posterior) => sum(square(sampleOf(q, randomKey(6))));
  const samples = along(grad(squares)(repeated(posterior))); // the derivative of |z|² for each sample
  const exact = along(grad(({ mean, logVariance }: Posterior) => sum(add(square(mean), exp(logVariance))))(posterior));
  expect(Math.abs(mean(samples).item() - exact.toNested<number[]>()[0]!)).toBeLessThan(4 * errorOf(samples));
});

test("the loss has the gradient that finite differences give, with the same random numbers", () => {
  const networks = autoencoder({ latent: 2, hidden: [4, 3] });
  const model: Model = treeMap(
    (p: Tensor) => add(p, mul(0.1, randomNormal(randomKey(p.size), { shape: p.shape }))),
    networks.init(randomKey(1), "float64"),
  );
  const images = randomUniform(randomKey(2), { shape: [3, 784] });
  const loss = (model: Model) => {
    const { reconstruction, divergence } = networks.terms(model, images, randomKey(3));
    expect([reconstruction.shape, divergence.shape]).toEqual([[3], [3]]);
    return mean(add(reconstruction, divergence));
  };
  gradcheck(loss, [model], { order: 1, directions: 2 });
});

test("the pictures have a grid over the plane, and its limit holds 98 % of the points", () => {
  expect(latentGrid(2, 4, 3).toNested()).toEqual([[-2, 2, 0], [2, 2, 0], [-2, -2, 0], [2, -2, 0]]); // biome-ignore format: short
  const points = Array.from({ length: 100 }, (_, i) => [i / 25, -1]);
  expect([limitOf(points), limitOf([[0.1, 0.2]])]).toEqual([4, 2]);
  expect(gridImage(Array(3).fill(Array(784).fill(1)), 2, 1)).toMatch(/^data:image\/png;base64,/);
});

const small = ["--limit", "320", "--test", "50", "--batch", "16", "--hidden", "32", "--epochs", "2", "--rate", "0.003"];

test("learns, prints and draws its results, and stops when the signal is aborted", async () => {
  const args = [...small, "--out", out];
  const { outcome: run, printed } = await runQuietly(vae, args);
  const { outcome, file } = run;
  const [first, last] = [outcome.history.train[0]!, outcome.history.validation.at(-1)!];
  expect(first.metrics.reconstruction).toBeGreaterThan(500); // 784 ln 2 = 543 at first
  expect(last.loss).toBeLessThan(400);
  expect(last.metrics.reconstruction! + last.metrics.divergence!).toBeCloseTo(last.loss, 3);
  expect([outcome.steps, outcome.images, outcome.plane.points.length]).toEqual([40, 320, 50]);
  expect(printed).toMatch(
    /^40 steps in \d+ s\. Test images, in nats per image: \d+\.\d\d = \d+\.\d\d reconstruction \+/m,
  );
  expectReadable(printed);
  expectSelfContained(file, 4); // plots of both terms, the points and the decoded grid
  expect(readFileSync(file, "utf8")).toContain("npm run example -- vae --epochs 2 --batch 16 --rate 0.003 --hidden 32");
  expect(readdirSync(out).sort()).toEqual(["checkpoint.safetensors", "index.html"]);

  const stop = new AbortController();
  const stopping = runQuietly(vae, args, stop.signal);
  vi.mocked(console.log).mockImplementation((line) => {
    if (/test images/.test(line)) stop.abort();
  });
  const stopped = await stopping;
  expect([stopped.outcome.outcome.stopped, stopped.outcome.outcome.steps < 40]).toEqual([true, true]);
  expect(readFileSync(stopped.outcome.file, "utf8")).toContain("stopped early");
  expect(stopped.printed).toMatch(/resume from .*checkpoint\.safetensors with --resume$/);
});

test("rejects a single latent dimension with a one-line message", async () => {
  await expectRefusal(vae, ["--latent", "1"], '--latent must be a whole number of at least 2, not "1".');
});
