import type { FromWorker, Landscape, Pace, Rows, ToWorker } from "./protocol.ts";
import { loadCompiler } from "./steps.ts";
import { Trainer } from "./trainer.ts";

const slice = 12; // takes steps for this time in ms, then handles messages
const pause = 80; // the minimum time in ms between two reports of a running fit
const share = 0.2; // the maximum fraction of the time spent on reports

let rows: Rows | undefined;
let trainer: Trainer | undefined;
let pace: Pace = { optimizer: "sgd", learningRate: 0.1, batchSize: 0, l2: 0, speed: 0 };
let probe: Float32Array | undefined;
let isRunning = false;
let isAwaited = false; // whether the page has yet to draw the last report; the next report waits for it
let isOwed = false; // whether anything has changed since the last report
let reported = 0; // the time of the last report
let effort = 0; // the time in ms that the last report took
let owed = 0; // the number of steps that are due at the chosen speed
let before = 0;
/** The loss landscape that the worker is computing. `pictures` yields finer and finer grids of losses. */
let drawing: { readonly request: number; readonly pictures: Generator<Landscape | undefined, void> } | undefined;

let handled = Promise.resolve(); // resolves after the last message, because the first training step waits for the compiler

self.onmessage = ({ data: message }: MessageEvent<ToWorker>) => {
  handled = handled
    .then(() => (message.kind === "run" || message.kind === "step" ? loadCompiler() : undefined))
    .then(() => receive(message))
    .catch((error: unknown) => {
      isRunning = false;
      send({ kind: "failed", message: String(error) });
    });
};

const changing: readonly ToWorker["kind"][] = ["data", "none", "run", "step", "reset", "load", "landscape"];

async function receive(message: ToWorker): Promise<void> {
  if (changing.includes(message.kind)) drawing = undefined;
  switch (message.kind) {
    case "data": {
      const old = trainer;
      rows = message.data ?? rows;
      if (!rows) return;
      trainer = new Trainer(rows, message.start, message.heldOut);
      if (message.keep && old) trainer.continueFrom(old);
      report(!message.keep || trainer.step === 0);
      return;
    }
    case "none":
      [trainer, isRunning] = [undefined, false];
      return;
    case "pace":
      pace = message.pace;
      return;
    case "run":
      if (!trainer || isRunning) return;
      isRunning = true;
      [owed, before] = [0, performance.now()];
      report();
      soon.port2.postMessage(undefined);
      return;
    case "pause":
      isRunning = false;
      report();
      return;
    case "step":
      trainer?.advance(pace);
      report();
      return;
    case "reset":
      trainer?.reset();
      report(true);
      return;
    case "load":
      isRunning = false;
      trainer?.load(message.layers, message.steps);
      report(true);
      return;
    case "probe":
      probe = message.row;
      report();
      return;
    case "seen":
      isAwaited = false;
      if (isOwed) report();
      return;
    case "upcoming":
      if (trainer) send({ kind: "upcoming", upcoming: trainer.upcoming(pace) });
      return;
    case "landscape": {
      if (!trainer) return;
      drawing = { request: message.request, pictures: await trainer.landscapes(pace) };
      soonDrawn.port2.postMessage(undefined);
      return;
    }
    case "parameters":
      if (trainer) send({ kind: "parameters", layers: trainer.layers, step: trainer.step });
      return;
  }
}

/** Runs training steps for some milliseconds, then lets the worker handle messages. */
function work(): void {
  if (!trainer || !isRunning) return;
  try {
    const now = performance.now();
    owed =
      pace.speed === 0 ? Number.POSITIVE_INFINITY : Math.min(owed + ((now - before) * pace.speed) / 1000, pace.speed);
    before = now;
    while (owed >= 1 && performance.now() - now < slice && !trainer.hasDiverged) {
      trainer.advance(pace);
      owed--;
    }
    if (trainer.hasDiverged) isRunning = false;
    if (!isRunning || now - reported > Math.max(pause, effort / share)) report();
    if (owed >= 1) soon.port2.postMessage(undefined);
    else setTimeout(work, 8);
  } catch (error) {
    isRunning = false;
    send({ kind: "failed", message: String(error) });
  }
}

/** Computes the landscape for some milliseconds, then lets the worker handle messages. */
function draw(): void {
  const begin = performance.now();
  try {
    while (drawing && performance.now() - begin < slice) {
      const { done, value } = drawing.pictures.next();
      if (value) send({ kind: "landscape", request: drawing.request, landscape: value });
      if (done) drawing = undefined;
    }
    if (drawing) soonDrawn.port2.postMessage(undefined);
  } catch (error) {
    drawing = undefined;
    send({ kind: "failed", message: String(error) });
  }
}

function report(fresh = false): void {
  if (!trainer) return;
  if (trainer.hasDiverged) isRunning = false;
  isOwed = isAwaited && !fresh;
  if (isOwed) return;
  const begin = performance.now();
  send({ kind: "report", report: trainer.report(isRunning, probe), fresh });
  reported = performance.now();
  [isAwaited, effort] = [true, reported - begin];
}

/**
 * Lets the worker handle waiting messages. Uses a message channel, because setTimeout would wait at least 4 ms each
 * time.
 */
const soon = new MessageChannel();
soon.port1.onmessage = work;
const soonDrawn = new MessageChannel();
soonDrawn.port1.onmessage = draw;

const send = (message: FromWorker): void => postMessage(message);
