import { stripVTControlCharacters } from "node:util";
import { tensor } from "@wengert/core";
import { broadcastTo, mse } from "@wengert/ops";
import { fit, sgd } from "@wengert/train";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { displayOf, type FitProgress } from "../../src/fit/display.ts";

let now = 0;
beforeEach(() => {
  now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

const moment = (step: number, more: Partial<FitProgress> = {}): FitProgress => {
  const point = { step, epoch: step / 100, loss: 0.25, metrics: { accuracy: 0.5 } };
  return { ...point, steps: 1000, epochs: 10, history: { train: [], validation: [] }, failure: undefined, ...more };
};

/** Returns the output of a progress display for a list of progress reports, 10 ms apart. */
function shown(moments: readonly FitProgress[], terminal?: { columns: number }): string {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const display = displayOf({ stream: { write, isTTY: terminal !== undefined, ...terminal } });
  for (const each of moments) {
    void display.update(each);
    now += 10;
  }
  display.finish();
  return written;
}
const all = Array.from({ length: 1000 }, (_, i) => moment(i + 1));

describe("without a terminal", () => {
  it("ten plain lines appear for any number of steps", () => {
    const lines = shown(all).trimEnd().split("\n");
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe(" 10 %  9 s left  loss 0.2500  accuracy 0.5000  100 steps/s");
    expect(lines[9]).toBe("100 %  0 s left  loss 0.2500  accuracy 0.5000  100 steps/s");
  });

  it("a resumed fit writes only the remaining lines", () => {
    expect(shown(all.slice(499)).trimEnd().split("\n")).toHaveLength(6);
  });

  it("a line appears every ten seconds if the end is unknown, or at tenths of the epochs", () => {
    const endless = all.map((each) => ({ ...each, steps: undefined, epochs: undefined }));
    expect(shown([...endless, ...endless, ...endless.slice(0, 9)])).toBe(
      "step 1  loss 0.2500  accuracy 0.5000  0 steps/s\n".repeat(2),
    );
    const byEpochs = all.map((each) => ({ ...each, steps: undefined }));
    expect(shown(byEpochs).trimEnd().split("\n")).toHaveLength(10);
  });

  it("training points, validations and errors of checkpoints are shown", () => {
    const point = { step: 90, epoch: 0.9, loss: 0.125, metrics: { accuracy: 0.75 } };
    const history = { train: [point], validation: [{ ...point, loss: 0.375 }] };
    const failure = new Error("no space left");
    expect(shown([moment(100, { history, failure })])).toBe(
      " 10 %  loss 0.1250  accuracy 0.7500  validation 0.3750  accuracy 0.7500  no checkpoint: no space left\n",
    );
  });
});

describe.each([20, 40, 80, 200])("in a terminal of %i columns", (columns) => {
  it("a bar stays on one line and ends with a line break", () => {
    const written = shown(all, { columns });
    const frames = written.split("\r").map((frame) => stripVTControlCharacters(frame));
    expect(frames.length).toBeGreaterThan(90);
    expect(frames.length).toBeLessThan(110);
    expect(Math.max(...frames.map((frame) => frame.trimEnd().length))).toBeLessThan(columns);
    expect(written.endsWith("\n")).toBe(true);
    if (columns < 80) return;
    expect(frames.at(-1)).toContain("100 %  0 s left  loss 0.2500  accuracy 0.5000  100 steps/s");
    expect(frames.at(-1)).toMatch(/^█+ /);
    expect(frames[50]).toMatch(/^█+░+ {2,}\d+ % /);
  });
});

it("a bar ends when the fit throws, and a bar without steps writes nothing", async () => {
  let written = "";
  const stream = {
    isTTY: true,
    columns: 80,
    write: (text: string) => {
      written += text;
    },
  };
  const options = { optimizer: sgd({ learningRate: 0.1 }), steps: 3, progress: { stream } };
  const x = tensor([1, 2]);
  const broken = fit((p, batch, { step }) => (step < 2 ? mse(p, batch) : fail()), x, x, options);
  await expect(broken).rejects.toThrow("broken");
  expect(written.endsWith("\n")).toBe(true);
  written = "";
  await fit((p, batch) => mse(p, batch), x, x, { ...options, signal: AbortSignal.abort() });
  expect(written).toBe("");
});
const fail = (): never => {
  throw new Error("broken");
};

it("progress: true writes to standard output, in a page to the console", async () => {
  const x = tensor([1, 2]);
  const run = () =>
    fit((p, batch) => mse(p, batch), x, x, { optimizer: sgd({ learningRate: 0.1 }), steps: 10, progress: true });
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await run();
  expect(write.mock.calls.join("")).toContain("loss 0.0000");
  write.mockRestore();
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  vi.stubGlobal("process", undefined);
  await run();
  vi.unstubAllGlobals();
  expect(log.mock.calls[0]).toEqual([" 10 %  loss 0.0000"]);
});

it("a warning ends the progress line, and the next step begins another", async () => {
  vi.restoreAllMocks();
  const texts: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((text) => void texts.push(`${text}\n`));
  const stream = { write: (text: string) => void texts.push(text), isTTY: true };
  await fit(
    (w, x) => mse(broadcastTo(w, { shape: x.shape }), x),
    tensor([1, 2]),
    tensor([
      [1, 2],
      [3, 4],
    ]),
    {
      // biome-ignore format: a matrix
      ...{ optimizer: sgd({ learningRate: 0.1 }), steps: 3, batchSize: 2, progress: { stream } },
      metrics: { share: () => (texts.length > 0 ? Number.NaN : 1) },
    },
  );
  const lines = texts.join("").split("\n");
  expect(lines[1]).toBe("fit: metric share is NaN at step 2, epoch 2; the history keeps it");
  expect(stripVTControlCharacters(lines[2]!)).toContain("100 %");
});
