import type { History, Point } from "./history.ts";

/** How far a fit is: the measurements of the step just taken, and what there is to come. */
export interface FitProgress extends Point {
  /** The steps and epochs after which it ends, where that is known. */
  readonly steps: number | undefined;
  readonly epochs: number | undefined;
  /** The learning curves so far: the same lists each time, which grow. */
  readonly history: History;
  /** Why the last checkpoint could not be written, if it could not; the fit goes on. */
  readonly failure: Error | undefined;
}

/** A terminal, or anything with `write`. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/**
 * Whether to show progress: on the standard output, or in a page on the console; on another stream; or a function, to do
 * something else with it. What that returns is awaited.
 */
export type Progress = boolean | { readonly stream: TextStream } | ((progress: FitProgress) => unknown);

export interface Display {
  update(moment: FitProgress): unknown;
  /** Leaves the line. */
  finish(): void;
}

/** A bar in a terminal; elsewhere (a file, a pipe, a test, the console of a page) about ten plain lines. */
export function displayOf(progress: Progress): Display {
  if (progress === false) return { update() {}, finish() {} };
  if (typeof progress === "function") return { update: progress, finish() {} };
  const stream = progress === true ? standardOutput() : progress.stream;
  return stream.isTTY ? barDisplay(stream) : lineDisplay(stream);
}

function standardOutput(): TextStream {
  const { process } = globalThis as { readonly process?: { readonly stdout?: TextStream } };
  return process?.stdout ?? { write: (text) => console.log(text.trimEnd()) };
}

/** Writes one line again and again: ten times a second, and at the end. */
function barDisplay(stream: TextStream): Display {
  let first: Snapshot | undefined;
  let lastDrawn = 0;
  let latest: FitProgress | undefined;
  const draw = (since: Snapshot, moment: FitProgress) => {
    const width = (stream.columns ?? 80) - 1;
    const fraction = fractionDone(moment);
    const text = progressLine(since, moment);
    // What does not fit is cut off at the end; a bar stays.
    const barWidth = fraction === undefined ? 0 : Math.max(width < 60 ? 0 : 10, Math.min(30, width - text.length - 2));
    const filled = Math.round(barWidth * (fraction ?? 0));
    const bar = barWidth > 0 ? `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}  ` : "";
    stream.write(`\r\u001b[K${(bar + text).slice(0, width)}`); // back to the beginning, and clear the line
    lastDrawn = performance.now();
  };
  return {
    update(moment) {
      first ??= snapshot(moment);
      latest = moment;
      if (performance.now() - lastDrawn >= 100) draw(first, moment);
    },
    finish() {
      if (first === undefined || latest === undefined) return;
      draw(first, latest);
      stream.write("\n");
    },
  };
}

/** Writes a line at each tenth, or every ten seconds if the length of the fit is unknown. */
function lineDisplay(stream: TextStream): Display {
  let first: Snapshot | undefined;
  let lastTenth = 0;
  let lastWritten = performance.now();
  return {
    update(moment) {
      first ??= snapshot(moment);
      const fraction = fractionDone(moment);
      const tenths = Math.floor(10 * (fraction ?? 0));
      if (fraction === undefined ? performance.now() - lastWritten < 10_000 : tenths <= lastTenth) return;
      lastTenth = tenths;
      lastWritten = performance.now();
      stream.write(`${progressLine(first, moment)}\n`);
    },
    finish() {},
  };
}

function fractionDone({ step, steps, epoch, epochs }: FitProgress): number | undefined {
  if (steps !== undefined) return Math.min(1, step / steps);
  return epochs === undefined ? undefined : Math.min(1, epoch / epochs);
}

/** The last training point, since single steps scatter; and the last validation. */
function measurementText(moment: FitProgress): string {
  const { history, failure } = moment;
  const text = ({ loss, metrics }: Omit<Point, "step" | "epoch">, name: string) =>
    [`${name} ${loss.toFixed(4)}`, ...Object.entries(metrics).map(([key, value]) => `${key} ${value.toFixed(4)}`)].join(
      "  ",
    );
  const lastValidation = history.validation.at(-1);
  return [
    text(history.train.at(-1) ?? moment, "loss"),
    ...(lastValidation ? [text(lastValidation, "validation")] : []),
    ...(failure ? [`no checkpoint: ${failure.message}`] : []),
  ].join("  ");
}

/** When a display saw a moment. */
interface Snapshot {
  readonly moment: FitProgress;
  readonly time: number;
}

const snapshot = (moment: FitProgress): Snapshot => ({ moment, time: performance.now() });

/** A line: how far it is, the time that is left, the figures, and the pace, what matters most first. */
function progressLine(first: Snapshot, moment: FitProgress): string {
  const fraction = fractionDone(moment);
  const [before, seconds] = [fractionDone(first.moment), (performance.now() - first.time) / 1000];
  const isSteady = seconds >= 0.05;
  const gained = fraction === undefined || before === undefined ? 0 : fraction - before;
  return [
    fraction === undefined ? `step ${integerText(moment.step)}` : percent(fraction).padStart(5),
    ...(isSteady && gained > 0 ? [`${durationText((seconds * (1 - fraction!)) / gained)} left`] : []),
    measurementText(moment),
    ...(isSteady ? [`${integerText((moment.step - first.moment.step) / seconds)} steps/s`] : []),
  ].join("  ");
}

const percent = (fraction: number): string => `${Math.floor(100 * fraction)} %`;

const integerText = (value: number): string => Math.round(value).toLocaleString("en");

function durationText(seconds: number): string {
  const total = Math.ceil(seconds);
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}
