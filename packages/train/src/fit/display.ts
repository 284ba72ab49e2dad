import type { History, Point } from "./history.ts";

/** The progress of a fit: the latest measurements, and the planned number of steps and epochs. */
export interface FitProgress extends Point {
  /** The step and the epoch at which the fit ends, if known. */
  readonly steps: number | undefined;
  readonly epochs: number | undefined;
  /**
   * The learning curves so far, as two lists. Each progress report has the same two lists, to which the fit appends new
   * points.
   */
  readonly history: History;
  /** The error of the last attempt to write a checkpoint. The fit continues after such an error. */
  readonly failure: Error | undefined;
}

/** An output stream: a terminal, or any object with `write`. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/**
 * Where to show progress. `true` writes to standard output, or to the console in a page. `{ stream }` writes to another
 * stream. A function is called after each step, and a promise that it returns is awaited.
 */
export type Progress = boolean | { readonly stream: TextStream } | ((progress: FitProgress) => unknown);

export interface Display {
  update(moment: FitProgress): unknown;
  /** Ends the progress line. */
  finish(): void;
}

/**
 * Returns a display: a progress bar for a terminal, or about ten plain lines for a file, a pipe, a test or a console.
 */
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

/** Returns a display that redraws one line of a terminal ten times a second, and once at the end. */
function barDisplay(stream: TextStream): Display {
  let first: Snapshot | undefined;
  let lastDrawn = 0;
  let latest: FitProgress | undefined;
  const draw = (since: Snapshot, moment: FitProgress) => {
    const width = (stream.columns ?? 80) - 1;
    const fraction = fractionDone(moment);
    const text = progressLine(since, moment);
    // The progress line is cut at the right edge of the terminal, so that it does not wrap and the progress bar stays
    // visible.
    const barWidth = fraction === undefined ? 0 : Math.max(width < 60 ? 0 : 10, Math.min(30, width - text.length - 2));
    const filled = Math.round(barWidth * (fraction ?? 0));
    const bar = barWidth > 0 ? `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}  ` : "";
    stream.write(`\r\u001b[K${(bar + text).slice(0, width)}`); // moves to the start of the line and clears the line
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

/**
 * Returns a display that writes a line after each tenth of the fit, or every ten seconds if the length of the fit is
 * unknown.
 */
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

/**
 * Returns the last points of the training curve and of the validation curve. A point of the training curve averages
 * several steps, so it is less noisy than a single step.
 */
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

/** A progress report, and the time at which the display received the report. */
interface Snapshot {
  readonly moment: FitProgress;
  readonly time: number;
}

const snapshot = (moment: FitProgress): Snapshot => ({ moment, time: performance.now() });

/** Returns the progress of a fit as a line of text: progress, remaining time, measurements and speed. */
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
