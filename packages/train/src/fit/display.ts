import type { History, Point } from "./history.ts";

/** How far a fit is: the measurements of the step just taken, and what there is to come. */
export interface Moment extends Point {
  /** The steps and epochs after which it ends, where that is known. */
  readonly steps: number | undefined;
  readonly epochs: number | undefined;
  /** The learning curves so far: the same lists each time, which grow. */
  readonly history: History;
  /** Why the last checkpoint could not be written, if it could not; the fit goes on. */
  readonly failure: Error | undefined;
}

/** A terminal, or whatever else takes text. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/**
 * Whether to show progress: on the standard output, or in a page on the console; on another stream; or a function, to do
 * something else with it. What that returns is awaited.
 */
export type Progress = boolean | { readonly stream: TextStream } | ((moment: Moment) => unknown);

export interface Display {
  update(moment: Moment): unknown;
  /** Leaves the line. */
  finish(): void;
}

/** A bar in a terminal; elsewhere (a file, a pipe, a test, the console of a page) about ten plain lines. */
export function displayOf(progress: Progress): Display {
  if (progress === false) return { update() {}, finish() {} };
  if (typeof progress === "function") return { update: progress, finish() {} };
  const stream = progress === true ? standardOutput() : progress.stream;
  return stream.isTTY ? bar(stream) : lines(stream);
}

function standardOutput(): TextStream {
  const { process } = globalThis as { readonly process?: { readonly stdout?: TextStream } };
  return process?.stdout ?? { write: (text) => console.log(text.trimEnd()) };
}

/** One line, which is written over: ten times a second, and at the end. */
function bar(stream: TextStream): Display {
  let first: Seen | undefined;
  let drawn = 0;
  let latest: Moment | undefined;
  const draw = (since: Seen, moment: Moment) => {
    const width = (stream.columns ?? 80) - 1;
    const share = shareOf(moment);
    const text = told(since, moment);
    // What does not fit is cut off at the end; a bar stays.
    const room = share === undefined ? 0 : Math.max(width < 60 ? 0 : 10, Math.min(30, width - text.length - 2));
    const full = Math.round(room * (share ?? 0));
    const strip = room > 0 ? `${"█".repeat(full)}${"░".repeat(room - full)}  ` : "";
    stream.write(`\r\u001b[K${(strip + text).slice(0, width)}`); // back to the beginning, and clear the line
    drawn = performance.now();
  };
  return {
    update(moment) {
      first ??= seen(moment);
      latest = moment;
      if (performance.now() - drawn >= 100) draw(first, moment);
    },
    finish() {
      if (first === undefined || latest === undefined) return;
      draw(first, latest);
      stream.write("\n");
    },
  };
}

/** A line at each tenth; every ten seconds where nobody knows what a tenth is. */
function lines(stream: TextStream): Display {
  let first: Seen | undefined;
  let reached = 0;
  let written = performance.now();
  return {
    update(moment) {
      first ??= seen(moment);
      const share = shareOf(moment);
      const tenths = Math.floor(10 * (share ?? 0));
      if (share === undefined ? performance.now() - written < 10_000 : tenths <= reached) return;
      reached = tenths;
      written = performance.now();
      stream.write(`${told(first, moment)}\n`);
    },
    finish() {},
  };
}

function shareOf({ step, steps, epoch, epochs }: Moment): number | undefined {
  if (steps !== undefined) return Math.min(1, step / steps);
  return epochs === undefined ? undefined : Math.min(1, epoch / epochs);
}

/** The last training point, since single steps scatter; and the last validation. */
function figures(moment: Moment): string {
  const { history, failure } = moment;
  const text = ({ loss, metrics }: Omit<Point, "step" | "epoch">, name: string) =>
    [`${name} ${loss.toFixed(4)}`, ...Object.entries(metrics).map(([key, value]) => `${key} ${value.toFixed(4)}`)].join(
      "  ",
    );
  const held = history.validation.at(-1);
  return [
    text(history.train.at(-1) ?? moment, "loss"),
    ...(held ? [text(held, "validation")] : []),
    ...(failure ? [`no checkpoint: ${failure.message}`] : []),
  ].join("  ");
}

/** When a display saw a moment. */
interface Seen {
  readonly moment: Moment;
  readonly time: number;
}

const seen = (moment: Moment): Seen => ({ moment, time: performance.now() });

/** A line: how far it is, the time that is left, the figures, and the pace, what matters most first. */
function told(first: Seen, moment: Moment): string {
  const share = shareOf(moment);
  const [before, seconds] = [shareOf(first.moment), (performance.now() - first.time) / 1000];
  const isSteady = seconds >= 0.05;
  const done = share === undefined || before === undefined ? 0 : share - before;
  return [
    share === undefined ? `step ${whole(moment.step)}` : percent(share).padStart(5),
    ...(isSteady && done > 0 ? [`${duration((seconds * (1 - share!)) / done)} left`] : []),
    figures(moment),
    ...(isSteady ? [`${whole((moment.step - first.moment.step) / seconds)} steps/s`] : []),
  ].join("  ");
}

const percent = (share: number): string => `${Math.floor(100 * share)} %`;

const whole = (value: number): string => Math.round(value).toLocaleString("en");

function duration(seconds: number): string {
  const all = Math.ceil(seconds);
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}
