import { compile } from "@wengert/compile";
import { type Tensor, tensor } from "@wengert/core";
import { crossEntropy, div, kernels, log, matmul, mse, mul, square, sub, sum, tanh } from "@wengert/ops";
import {
  adam,
  type Context,
  chain,
  clipByGlobalNorm,
  cosine,
  type FitOptions,
  fit,
  lbfgs,
  load,
  measure,
  newton,
  save,
} from "@wengert/train";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { loss, type Model, metrics, type Points, randomModel, randomPoints } from "./support.ts";

beforeAll(() => void kernels("simd")); // with all sizes, as plans do
afterEach(() => vi.restoreAllMocks());

const data = randomPoints(50);
const validation = { data: randomPoints(23, 5) };
const optimizer = chain(clipByGlobalNorm(1), adam({ learningRate: cosine({ from: 0.05, steps: 60 }) }));
const options = { optimizer, epochs: 3, batchSize: 8, metrics, validation };
const warnings = () => vi.spyOn(console, "warn").mockImplementation(() => {});

describe("a fit with the option compile", () => {
  it("gives the bits of a fit without it, with random numbers, metrics and validation", async () => {
    const warn = warnings();
    const wanted = await fit(loss, randomModel(), data, options);
    expect(await fit(loss, randomModel(), data, { ...options, compile })).toEqual(wanted);
    const later = <A extends readonly unknown[], R>(f: (...args: A) => R) => {
      const compiled = compile(f as never) as unknown as (...args: A) => R;
      return async (...args: A) => compiled(...args);
    };
    expect(await fit(loss, randomModel(), data, { ...options, compile: later as never })).toEqual(wanted);
    expect(warn).not.toHaveBeenCalled();
  });

  it("traces each shape of a batch once", async () => {
    let traces = 0;
    const counted = (params: Model, batch: Points, context: Context) => {
      traces++;
      return loss(params, batch, context);
    };
    await fit(counted, randomModel(), data, { ...options, epochs: 10, compile });
    expect(traces).toBe(3); // training batches of 8 and 2 rows, and validation
  });

  it("continues from a checkpoint of a fit without it", async () => {
    const parts: Uint8Array[] = [];
    const write = (bytes: Uint8Array) => void parts.push(bytes);
    const first = await fit(loss, randomModel(), data, { ...options, epochs: 2, checkpoint: { write } });
    const resume = parts.at(-1)!;
    const whole = await fit(loss, randomModel(), data, { ...options, epochs: 4 });
    const rest = await fit(loss, randomModel(), data, { ...options, epochs: 4, resume, compile });
    expect(first.step).toBe(14);
    expect(rest.params).toEqual(whole.params);
  });

  const impossible: Record<string, [(p: Model, b: Points, c: Context) => Tensor | [Tensor, unknown], RegExp]> = {
    "reads a value": [
      (p, b, c) => (sum(p.out[0]).item() > 1e9 ? sum(p.out[0]) : loss(p, b, c)[0]),
      /^fit: the training step runs without compile, because of an error: item: .* has no value/,
    ],
    "reads the number of the step": [
      (p, b, c) => mul(loss(p, b, c)[0], 1 / (1 + c.step)),
      /^fit: the training step runs without compile, because of an error: the loss reads step, a number that changes/,
    ],
    "returns numbers as aux": [
      (p, b, c) => [loss(p, b, c)[0], { note: "text" }],
      /^fit: the training step runs without compile, because of an error: compile: .*note/,
    ],
  };
  it.each(Object.entries(impossible))(
    "a loss that %s runs without it, and a warning says why",
    async (_, [f, text]) => {
      const warn = warnings();
      const short = { optimizer, steps: 10, batchSize: 8 } as const;
      const wanted = await fit(f, randomModel(), data, short);
      expect(await fit(f, randomModel(), data, { ...short, compile })).toEqual(wanted);
      expect(warn).toHaveBeenCalledOnce();
      expect(warn.mock.calls[0]![0]).toMatch(text);
    },
  );

  it("throws the errors of the loss", async () => {
    const short: FitOptions<Model, Points, Tensor> = { optimizer, steps: 3, compile };
    const wrong = (p: Model, { X, y }: Points) => crossEntropy(matmul(X, p.hidden.W), div(y, 0.5));
    const eager = await fit(wrong, randomModel(), data, { ...short, compile: undefined }).catch(String);
    expect(await fit(wrong, randomModel(), data, short).catch(String)).toBe(eager);
    expect(eager).toMatch(/^DTypeError/);
  });

  it("reports the step whose numbers are not finite", async () => {
    const line = { x: tensor([0, 1, 2, 3]), y: tensor([-1, -9, -20, -30]) };
    const f = ({ a }: { a: Tensor }, { x, y }: typeof line) => mse(mul(log(a), x), y);
    const all = { optimizer: adam({ learningRate: 0.5 }), steps: 20, batchSize: 4 };
    const wanted = await fit(f, { a: tensor(0.8) }, line, all);
    expect(await fit(f, { a: tensor(0.8) }, line, { ...all, compile })).toEqual(wanted);
    expect(wanted.reason).toBe("nonFinite");
  });
});

it("a file has the numbers from the time of save, although a later call receives the tensor as a donation", async () => {
  const step = compile((w: Tensor) => mul(w, 2), { donate: [0] });
  const w = step(tensor(Array.from({ length: 1000 }, (_, i) => i)));
  const wanted = w.toNested();
  const chunks: Uint8Array[] = [];
  const saving = save(new WritableStream<Uint8Array>({ write: (chunk) => void chunks.push(chunk.slice()) }), { w });
  step(step(w));
  await saving;
  const { tree } = await load<{ w: Tensor }>(new Blob(chunks as never));
  expect(tree.w.toNested()).toEqual(wanted);
});

it("measure, newton and lbfgs give the same results with the option compile", async () => {
  const warn = warnings();
  expect(await measure(loss, randomModel(), data, { metrics, batchSize: 20, compile })).toEqual(
    await measure(loss, randomModel(), data, { metrics, batchSize: 20 }),
  );
  const bowl = ({ x }: { x: Tensor }) => sum(square(sub(tanh(x), mul(x, 0.5))));
  const start = { x: tensor([2, -0.3, 0.9]) };
  for (const minimize of [newton, lbfgs]) expect(minimize(bowl, start, { compile })).toEqual(minimize(bowl, start));
  expect(warn).not.toHaveBeenCalled();
  const reading = ({ x }: { x: Tensor }) => (sum(x).item() > 1e9 ? sum(x) : bowl({ x }));
  expect(lbfgs(reading, start, { compile })).toEqual(lbfgs(bowl, start));
  expect(warn.mock.calls[0]![0]).toMatch(/^lbfgs: the gradient runs without compile/);
});
