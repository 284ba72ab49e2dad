import { batch, computed, effect, signal } from "@preact/signals";
import { go, put } from "../../page/address.ts";
import { hand } from "../../page/handed.ts";
import { packed } from "../../page/packed.ts";
import { type Dataset, widthOf } from "./data/dataset.ts";
import type { Preset } from "./data/points.ts";
import { paced } from "./paced.ts";
import { programOf } from "./program.ts";
import type { FromWorker, Landscape, LayerData, Report, Rows, Score, Start, ToWorker, Upcoming } from "./protocol.ts";
import { held, pace, preset, type Source, source, start } from "./settings.ts";

// Controls the fit from the page. The fit itself runs in a worker.

/** The data set, or `undefined` while it is loading. */
export const data = signal<Dataset | undefined>(undefined);
export const report = signal<Report | undefined>(undefined);
/** The last computed picture of the loss around the path of the parameters. */
export const landscape = signal<Landscape | undefined>(undefined);
/** The message of an unexpected error in the worker. */
export const failure = signal<string | undefined>(undefined);

interface Moment {
  readonly step: number;
  readonly train: Score;
  readonly held: Score | undefined;
}
/** The history of loss and accuracy during the fit. When the list gets too long, every second entry is dropped. */
const history = signal<readonly Moment[]>([]);
const maxSnapshots = 400;

export const isRunning = computed(() => report.value?.running ?? false);
/**
 * Copies of the signals `report` and `history`, for plots that are slow to draw. While a fit runs, the copies change
 * only a few times per second.
 */
export const slowReport = paced(report, 250, isRunning);
export const slowHistory = paced(history, 400, isRunning);

let worker: Worker | undefined;
let onUpcoming: ((found: Upcoming) => void) | undefined;
let onParameters: ((found: { layers: readonly LayerData[]; step: number }) => void) | undefined;

const send = (message: ToWorker): void => worker?.postMessage(message);

/** Starts the worker, and sends it all changes of data and settings. Returns a function that stops the worker. */
export function keepFitting(): () => void {
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: message }: MessageEvent<FromWorker>) => hear(message);
  worker.onerror = ({ message }) => {
    failure.value = message;
  };
  const ends = [effect(() => send({ kind: "pace", pace: pace.value })), effect(sendData)];
  return () => {
    for (const end of ends) end();
    worker?.terminate();
    worker = undefined;
    last = undefined;
    batch(() => {
      [report.value, data.value, failure.value, history.value] = [undefined, undefined, undefined, []];
      forgetLandscape();
    });
  };
}

interface Sent {
  readonly data: Dataset | undefined;
  readonly source: Source;
  readonly preset: Preset;
  readonly start: Start;
  readonly heldOut: number;
}
let last: Sent | undefined;

/**
 * Sends the data to the worker. If the user only moved points, the worker keeps the parameters of the model. Any other
 * change starts a new fit.
 */
function sendData(): void {
  const now = data.value;
  const what: Sent = {
    data: now,
    source: source.peek(),
    preset: preset.peek(),
    start: start.value,
    heldOut: held.value / 100,
  };
  const keep = what.source === "points" && last !== undefined && isSame(last, what);
  const isKnown = last !== undefined && last.data === now; // the worker already has these rows
  if (last && last.source !== what.source) send({ kind: "pause" });
  last = now && what;
  forgetLandscape();
  if (!now || now.labels.length === 0) {
    batch(() => {
      [report.value, history.value] = [undefined, []];
    });
    send({ kind: "none" });
    return;
  }
  const { rows, labels, classes, center = 0 } = now;
  const [width, isPlane] = [widthOf(now), what.source === "points"];
  const sent: Rows = { rows, labels, width, classes: classes.length, center, isPlane };
  send({ kind: "data", data: isKnown ? undefined : sent, start: what.start, heldOut: what.heldOut, keep });
  comeBack(what, width, classes.length);
}

const isSame = (a: Sent, b: Sent): boolean =>
  a.source === b.source && a.preset === b.preset && a.start === b.start && a.heldOut === b.heldOut;

function hear(message: FromWorker): void {
  if (message.kind === "failed") failure.value = message.message;
  else if (message.kind === "parameters") onParameters?.(message);
  else if (message.kind === "upcoming") onUpcoming?.(message.upcoming);
  else if (message.kind === "landscape") {
    const isCurrent = message.request === requests && (message.landscape.isDone || !isRunning.peek());
    if (isCurrent) landscape.value = message.landscape;
  } else {
    batch(() => {
      report.value = message.report;
      if (message.fresh) forgetLandscape();
      history.value = message.fresh ? [momentOf(message.report)] : grown(history.peek(), momentOf(message.report));
    });
    requestAnimationFrame(() => send({ kind: "seen" }));
  }
}

const momentOf = ({ step, train, held: ofHeld }: Report): Moment => ({ step, train, held: ofHeld });

function grown(all: readonly Moment[], moment: Moment): readonly Moment[] {
  if (all.at(-1)?.step === moment.step) return [...all.slice(0, -1), moment];
  const kept = all.length < maxSnapshots ? all : all.filter((_, i) => i % 2 === 0);
  return [...kept, moment];
}

export const toggle = (): void => send({ kind: report.peek()?.running ? "pause" : "run" });
export const stepOnce = (): void => send({ kind: "step" });
export const reset = (): void => send({ kind: "reset" });
/**
 * Asks the worker for the loss around the path of the parameters. The signal `landscape` receives finer and finer grids
 * of losses. While training runs, it receives only the finest grid.
 */
export const askForLandscape = (): void => send({ kind: "landscape", request: ++requests });
let requests = 0;

/** The number of calls of `forgetLandscape`. After each call, the page asks for a new landscape. */
export const forgotten = signal(0);

/**
 * Removes the loss landscape of earlier data or parameters. Later answers of the worker to earlier requests are
 * ignored.
 */
function forgetLandscape(): void {
  requests++;
  batch(() => {
    landscape.value = undefined;
    forgotten.value = forgotten.peek() + 1;
  });
}
export const probe = (row: Float32Array | undefined): void => send({ kind: "probe", row });

/** Opens the next training step as a program on the Tape page. When the reader returns, the fit continues. */
export async function openTape(): Promise<void> {
  if (!worker || !last) return;
  const of = last;
  const upcoming = await new Promise<Upcoming>((resolve) => {
    onUpcoming = resolve;
    send({ kind: "upcoming" });
  });
  left = { source: of.source, layers: upcoming.layers, steps: upcoming.step };
  const { code, tensors } = programOf(upcoming, pace.peek(), start.peek());
  go("tape", { code: packed(code), handed: hand(tensors) });
}

/** The fit to continue when the reader returns from the Tape page: its parameters and its step count. */
let left: { readonly source: Source; readonly layers: readonly LayerData[]; readonly steps: number } | undefined;

/**
 * Continues the fit that the reader interrupted by opening the Tape page. Does nothing if the kind of data or the
 * shapes of the parameters have changed.
 */
function comeBack({ source: kind, start: { hidden } }: Sent, inputs: number, classes: number): void {
  if (!left) return;
  const { layers, steps } = left;
  const sizes = hidden > 0 ? [inputs * hidden, hidden, hidden * classes, classes] : [inputs * classes, classes];
  const isSameShape = String(layers.flatMap(({ W, b }) => [W.length, b.length])) === String(sizes);
  if (left.source === kind && isSameShape) send({ kind: "load", layers, steps });
  left = undefined;
}

export const parameters = (): Promise<{ layers: readonly LayerData[]; step: number }> =>
  new Promise((resolve) => {
    onParameters = resolve;
    send({ kind: "parameters" });
  });

/** Continues the fit from the parameters in a file. */
export function load(layers: readonly LayerData[], steps: number): void {
  const units = layers.length > 1 ? layers[0]!.b.length : 0;
  put({ hidden: String(units) }, { push: true }); // restarts the worker with this number of hidden units, before it receives the parameters
  send({ kind: "load", layers, steps });
}
