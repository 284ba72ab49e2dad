import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cast, randomKey } from "@wengert/ops";
import {
  adam,
  batches,
  chain,
  clipByGlobalNorm,
  cosine,
  type Epoch,
  type Fit,
  type FitOptions,
  type FitProgress,
  fit,
  fromSafetensors,
  momentum,
} from "@wengert/train";
import { afterAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { bitsOf, loss, type Model, metrics, type Points, randomModel, randomPoints } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-resume-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {})); // some metrics are NaN on purpose
let files = 0;
const newPath = () => join(folder, `${files++}.safetensors`);

type Options = Partial<FitOptions<Model, Points, ReturnType<typeof loss>>>;
const data = randomPoints(50);
const held = randomPoints(23, 5);
/** A fit of 30 steps with dropout. An epoch has 13 steps; the last batch of an epoch has 2 rows. */
const usual: Options = {
  optimizer: adam({ learningRate: 0.05 }),
  steps: 30,
  batchSize: 4,
  key: randomKey(3),
  metrics,
  history: { everySteps: 3 },
};
const run = (options: Options = {}, from: unknown = data): Promise<Fit<Model>> =>
  fit(
    loss,
    randomModel(),
    from as Points,
    { ...usual, ...options } as FitOptions<Model, Points, ReturnType<typeof loss>>,
  );

/** Returns options that stop a fit after step `step`. */
const until = (step: number): Options => {
  const controller = new AbortController();
  const progress = (moment: FitProgress) => {
    if (moment.step === step) controller.abort();
  };
  return { signal: controller.signal, progress };
};

/** Streams batches asynchronously, as if they were read from a file. */
async function* stream({ epoch, key }: Epoch): AsyncGenerator<Points> {
  for (const batch of batches(data, { batchSize: 4 + epoch, key })) {
    await Promise.resolve();
    yield batch;
  }
}

/** A metric that is NaN for some batches, and for the validation data. */
const sometimesNaN = {
  share: (_: unknown, { y }: Points) =>
    [0, y.shape[0]].includes(y.array!.get(0)) || y.shape[0] === 10 ? Number.NaN : 1,
};

const fits: Record<string, { readonly options: Options; readonly from?: unknown }> = {
  "validated every epoch": { options: { validation: { data: held, batchSize: 10 } } },
  "validated every 4 steps": { options: { validation: { data: held, everySteps: 4 } } },
  "until its patience ends, after one reset": {
    options: {
      validation: { data: held, everySteps: 2 },
      criterion: ({ step }) => [5, 4.9, 4.8, 4.2, 4.1, 4, 3.9, 1][step / 2 - 1] ?? 0,
      patience: 3,
      minDelta: 0.5,
    },
  },
  "with a metric that is NaN at times": {
    options: { validation: { data: held, everySteps: 4, batchSize: 10 }, metrics: sometimesNaN },
  },
  "with a criterion that is NaN at times, until its patience ends": {
    options: {
      validation: { data: held, everySteps: 2 },
      criterion: ({ step }) => [Number.NaN, 5, Number.NaN, 4, Number.NaN, Number.NaN, Number.NaN][step / 2 - 1] ?? 0,
      patience: 3,
    },
  },
  "with a criterion, in epochs": {
    options: {
      validation: { data: held, everyEpochs: 1 },
      steps: undefined,
      epochs: 2,
      criterion: ({ metrics: { accuracy = 0 } }) => -accuracy,
    },
  },
  "without validation, with momentum and a schedule": {
    options: {
      optimizer: chain(
        clipByGlobalNorm(1),
        momentum({ learningRate: cosine({ from: 0.1, steps: 30 }), nesterov: true }),
      ),
      dropLast: true,
      metrics: {},
    },
  },
  "in order": { options: { shuffle: false, batchSize: 7, history: { everySteps: 1 } } },
  "on a stream": { options: { validation: { data: stream, everySteps: 5 }, batchSize: undefined }, from: stream },
};

describe("a resumed fit is bit-identical to an uninterrupted one", () => {
  for (const [name, { options, from }] of Object.entries(fits)) {
    it(`${name}: after any of its steps`, async () => {
      const whole = await run(options, from);
      expect(whole.step).toBe(options.patience ? 14 : options.epochs ? 26 : 30);
      for (let step = 1; step < whole.step; step += process.env.WENGERT_SOAK ? 1 : 4) {
        let resume: Uint8Array | undefined;
        const write = (bytes: Uint8Array) => {
          resume = bytes;
        };
        const checkpoint = { write };
        const stopped = await run({ ...options, ...until(step), checkpoint }, from);
        expect([stopped.reason, stopped.step]).toEqual(["aborted", step]);
        const resumed = await run({ ...options, resume }, from);
        expect(bitsOf(resumed), `interrupted after step ${step}`).toBe(bitsOf(whole));
      }
    });

    it(`${name}: from each of its checkpoints`, async () => {
      const kept: Uint8Array<ArrayBuffer>[] = [];
      const write = (bytes: Uint8Array<ArrayBuffer>) => void kept.push(bytes);
      const whole = bitsOf(await run({ ...options, checkpoint: { write, everySeconds: 0 } }, from));
      expect(whole).toBe(bitsOf(await run(options, from)));
      expect(kept.length).toBeGreaterThan(15);
      for (const [i, bytes] of kept.entries()) {
        const resume = [bytes, bytes.buffer, new Blob([bytes])][i % 3]!;
        expect(bitsOf(await run({ ...options, resume }, from)), `checkpoint ${i}`).toBe(whole);
      }
    });
  }

  it("in float32", async () => {
    const single = (x: Points): Points => ({ ...x, X: cast(x.X, { dtype: "float32" }) });
    const start = randomModel();
    const params: Model = {
      hidden: { W: cast(start.hidden.W, { dtype: "float32" }), b: cast(start.hidden.b, { dtype: "float32" }) },
      out: [cast(start.out[0], { dtype: "float32" })],
    };
    const fitted = (options: Options) =>
      fit(loss, params, single(data), { ...usual, ...options } as FitOptions<Model, Points, ReturnType<typeof loss>>);
    const checkpoint = { path: newPath() };
    await fitted({ ...until(20), checkpoint });
    expect(bitsOf(await fitted({ checkpoint, resume: true }))).toBe(bitsOf(await fitted({})));
  });

  it("after many interruptions, also before the first step", async () => {
    const options = fits["validated every epoch"]!.options;
    const checkpoint = { path: newPath() };
    const none = await run({ ...options, signal: AbortSignal.abort(), checkpoint });
    expect([none.reason, none.step]).toEqual(["aborted", 0]);
    for (const step of [1, 2, 13, 14, 26, 29]) await run({ ...options, ...until(step), checkpoint, resume: true });
    expect(bitsOf(await run({ ...options, checkpoint, resume: true }))).toBe(bitsOf(await run(options)));
  });

  it("after an interruption during validation", async () => {
    for (const every of [{ everySteps: 5 }, { everyEpochs: 1 }])
      for (const after of [1, 2]) {
        const options: Options = { validation: { data: held, batchSize: 4, ...every } };
        const controller = new AbortController();
        let measured = 0;
        const stopping = {
          accuracy: (...args: Parameters<typeof metrics.accuracy>) => {
            if (args[1].X.shape[0] === 3) measured++; // the last validation batch: 3 of 23 rows
            if (measured === after) controller.abort();
            return metrics.accuracy(...args);
          },
        };
        const checkpoint = { path: newPath() };
        const stopped = await run({ ...options, metrics: stopping, signal: controller.signal, checkpoint });
        expect(stopped.reason).toBe("aborted");
        expect(stopped.history.validation).toHaveLength(after - 1);
        expect(bitsOf(await run({ ...options, checkpoint, resume: true }))).toBe(bitsOf(await run(options)));
      }
  });
});

describe("a finished fit", () => {
  it("returns the same result when resumed, without a step", async () => {
    for (const { options, from } of Object.values(fits)) {
      const checkpoint = { path: newPath() };
      const whole = await run({ ...options, checkpoint }, from);
      let steps = 0;
      const again = await run({ ...options, checkpoint, resume: true, progress: () => steps++ }, from);
      expect([bitsOf(again), steps]).toEqual([bitsOf(whole), 0]);
    }
  });

  it("continues with more steps as if they had been planned from the start", async () => {
    for (const options of [fits["validated every epoch"]!.options, { validation: { data: held, everySteps: 7 } }]) {
      const checkpoint = { path: newPath() };
      await run({ ...options, steps: 20, checkpoint });
      expect(bitsOf(await run({ ...options, checkpoint, resume: true }))).toBe(bitsOf(await run(options)));
    }
  });
});

describe("a checkpoint", () => {
  it("is a file with parameters and curves by name", async () => {
    const checkpoint = { path: newPath() };
    const options: Options = { validation: { data: held }, steps: undefined, epochs: 2, checkpoint };
    const { params, best, history } = await run(options);
    const { tree } = fromSafetensors(readFileSync(checkpoint.path)) as unknown as {
      tree: { params: Model; best: { params: Model }; history: { train: { loss: { toNested(): number[] } } } };
    };
    expect(bitsOf([tree.params, tree.best.params])).toBe(bitsOf([params, best.params]));
    const kept = tree.history.train.loss.toNested();
    expect(kept).toEqual(history.train.slice(0, kept.length).map(({ loss }) => loss));
  });

  it("is written every everySteps steps and at the end", async () => {
    const steps: number[] = [];
    const write = (bytes: Uint8Array<ArrayBuffer>) => {
      const { tree } = fromSafetensors(bytes) as unknown as { tree: { step: { item(): number } } };
      steps.push(tree.step.item());
    };
    await run({ steps: 11, checkpoint: { write, everySteps: 4 } });
    expect(steps).toEqual([4, 8, 11]);
  });

  it("is not written again if nothing has changed", async () => {
    let writes = 0;
    await run({ steps: 8, checkpoint: { write: () => void writes++, everySteps: 4 } });
    expect(writes).toBe(2);
  });

  test("resume: true starts without a checkpoint, and resume: false replaces one", async () => {
    const checkpoint = { path: newPath() };
    const whole = bitsOf(await run());
    expect(bitsOf(await run({ checkpoint, resume: true }))).toBe(whole);
    await run({ ...until(5), checkpoint, resume: false });
    const { tree } = fromSafetensors(readFileSync(checkpoint.path)) as unknown as {
      tree: { step: { item(): number } };
    };
    expect(tree.step.item()).toBe(5);
    expect(bitsOf(await run({ resume: checkpoint.path }))).toBe(whole);
  });
});
