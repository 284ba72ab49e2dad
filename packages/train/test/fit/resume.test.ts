import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomKey } from "@wengert/ops";
import { adam, type Fit, type FitOptions, fit, type Moment } from "@wengert/train";
import { afterAll, describe, expect, it } from "vitest";
import { bits, loss, type Model, metrics, model, type Points, points } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-resume-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Options = Partial<FitOptions<Model, Points, ReturnType<typeof loss>>>;
const data = points(50);
const held = points(23, 5);
/** 13 steps an epoch, the last of 2 rows; 44 steps in all. */
const usual: Options = {
  size: 4,
  key: randomKey(3),
  metrics,
  validation: { data: held, everyEpochs: 1, size: 10 },
  history: { everySteps: 3 },
};
const run = (options: Options = {}): Promise<Fit<Model>> =>
  fit(loss, model(), data, { optimiser: adam({ rate: 0.05 }), steps: 44, ...usual, ...options });

/** Stops after step `step`. */
const until = (step: number): Options => {
  const controller = new AbortController();
  const progress = (moment: Moment) => {
    if (moment.step === step) controller.abort();
  };
  return { signal: controller.signal, progress };
};

describe("a fit that is interrupted and resumed is, bit for bit, the one that is not", () => {
  it("after each of its steps", async () => {
    const whole = bits(await run());
    for (let step = 1; step < 44; step++) {
      const checkpoint = { path: join(folder, `step${step}.safetensors`) };
      const stopped = await run({ ...until(step), checkpoint });
      expect([stopped.reason, stopped.step]).toEqual(["aborted", step]);
      expect(bits(await run({ checkpoint, resume: true })), `interrupted after step ${step}`).toBe(whole);
    }
  });
});
