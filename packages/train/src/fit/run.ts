import type { Tensor } from "@wengert/core";
import { foldIn } from "@wengert/ops";
import { type Plan, writeCheckpoint } from "./checkpoint.ts";
import type { Batch, Source } from "./data.ts";
import { type Display, displayOf, type FitProgress } from "./display.ts";
import type { History, Point } from "./history.ts";
import type { Context, Objective } from "./loss.ts";
import { measurePass } from "./measure.ts";
import { addBatch, evaluateMetrics, meansOf, type Sums, zeroSums } from "./metrics.ts";
import type { Ranks } from "./oneRank.ts";
import type { Settings } from "./options.ts";
import { type Pace, pace } from "./pace.ts";
import { closeSource, untilAborted } from "./signal.ts";
import type { Measurement, State } from "./state.ts";
import type { NonFiniteStep, StepResult, TakeStep } from "./step.ts";

/**
 * Why a fit ended. "finished": all epochs or steps are done. "patience": validation stopped improving. "aborted": the
 * signal was aborted. "nonFinite": the loss, its gradient or the new parameters were not finite.
 */
export type Reason = "finished" | "patience" | "aborted" | "nonFinite";

/** The result of a fit. */
export interface Fit<P> {
  /** The parameters after the last step of the fit. */
  readonly params: P;
  /**
   * The best parameters of the fit, with their loss and metrics. The best parameters have the lowest criterion at a
   * validation. Without validation data, `fit` compares the points of the training curve. A point averages several
   * steps, and belongs to the parameters before the last of these steps. If no criterion was below Infinity, `best` has
   * the last parameters. (Their loss is NaN if it was never measured.)
   */
  readonly best: Measurement<P>;
  readonly history: History;
  readonly reason: Reason;
  /**
   * The number of steps taken, and the number of passes over the data. For example, 1.5 is the middle of the second
   * pass.
   */
  readonly step: number;
  readonly epoch: number;
  /**
   * The training step whose loss, gradient or new parameters were not finite, if such a step ended the fit. The step
   * was not taken.
   */
  readonly nonFinite: NonFiniteStep | undefined;
  /** The error of the last attempt to write a checkpoint, if this attempt failed. */
  readonly failure: Error | undefined;
}

/** The arguments of a run. */
export interface RunParts<P, B> {
  readonly settings: Settings<P, B>;
  readonly objective: Objective<P, B>;
  readonly step: TakeStep<P, B>;
  readonly source: Source<B>;
  readonly validation: Source<B> | undefined;
  /** The number of steps averaged into one point of the training curve. */
  readonly pointSteps: number;
  readonly plan: Plan;
  /** The random key from which the key of each training step is derived. */
  readonly stepKey: Tensor;
  readonly ranks: Ranks;
}

const caller = "fit";
/** In a parallel fit, the number of steps between two checks that all ranks hold the same parameters. */
const stepsBetweenChecks = 100;

/** A run of the training loop, from an initial or resumed state to the end. */
export class Run<P, B> {
  readonly #parts: RunParts<P, B>;
  readonly #pace: Pace = pace();
  readonly #display: Display;
  #state: State<P>;
  #nonFinite: NonFiniteStep | undefined;
  /**
   * The last checkpoint: the step, the time of writing, and the saved state, which is `undefined` if writing the file
   * failed.
   */
  #lastCheckpoint: { readonly state: State<P> | undefined; readonly step: number; readonly time: number };
  #failure: Error | undefined;
  /** The names of the loss and metrics that have been NaN. The fit warns once about each of them. */
  readonly #warned = new Set<string>();

  constructor(parts: RunParts<P, B>, start: State<P>) {
    this.#parts = parts;
    this.#display = displayOf(parts.ranks.rank === 0 ? parts.settings.progress : false);
    this.#state = start;
    this.#lastCheckpoint = { state: undefined, step: start.step, time: performance.now() };
  }

  async runToEnd(): Promise<Fit<P>> {
    try {
      const reason = await this.#trainLoop();
      await this.#saveCheckpoint();
      // A rank that ends its process with a non-zero exit code ends rank 0 too, so first wait for rank 0's checkpoint.
      this.#parts.ranks.barrier();
      return await this.#resultOf(reason);
    } catch (error) {
      await this.#saveCheckpoint();
      throw error;
    } finally {
      this.#display.finish();
      this.#pace.close();
      await closeSource(this.#parts.source, this.#parts.ranks.signal);
    }
  }

  async #trainLoop(): Promise<Reason> {
    const { source, ranks } = this.#parts;
    for (;;) {
      const reason = this.#reason();
      if (reason) return reason;
      if (this.#isTimeToValidate()) await this.#validate(this.#state);
      else {
        const next = source.next(this.#state.epoch, this.#state.batch);
        const nextBatch = next instanceof Promise ? await untilAborted(next, ranks.signal) : next;
        if (nextBatch !== undefined) {
          const displayed = this.#takeStep(nextBatch);
          if (displayed instanceof Promise) await displayed;
        } else if (!ranks.signal?.aborted) await this.#endEpoch();
      }
      if (this.#isTimeToSave()) await this.#saveCheckpoint();
      if (this.#pace.isDue()) await this.#pace.yieldToHost();
    }
  }

  #reason(): Reason | undefined {
    const { epochs, steps, patience } = this.#parts.settings;
    const { signal } = this.#parts.ranks;
    const { epoch, step, waited } = this.#state;
    if (this.#nonFinite) return "nonFinite";
    if (waited >= patience) return "patience";
    if (epoch >= epochs || step >= steps) return "finished";
    return signal?.aborted ? "aborted" : undefined;
  }

  /**
   * Takes a training step on a batch and updates the display. If the step gives a non-finite number, the state stays
   * unchanged.
   */
  #takeStep(batch: Batch<B>): unknown {
    const result = this.#parts.step(this.#state, batch, this.#context(true));
    return result instanceof Promise ? result.then((step) => this.#apply(step, batch)) : this.#apply(result, batch);
  }

  #apply(result: StepResult<P>, batch: Batch<B>): unknown {
    const { settings, validation, pointSteps, ranks } = this.#parts;
    const state = this.#state;
    if ("message" in result) {
      this.#nonFinite = result;
      return;
    }
    const { params, optimizer, loss, aux } = result;
    const means = { loss, metrics: this.#metricsOf(batch, aux) };
    const since = addBatch(state.since, batch.rows, means);
    const next = { ...state, params, optimizer, step: state.step + 1, batch: state.batch + 1, since };
    if (next.step % stepsBetweenChecks === 0) ranks.checkParams(next.params, next.step);
    const measured = this.#pointOf(next, means);
    this.#checkMetrics(measured);
    if (next.step % pointSteps !== 0) this.#state = next;
    else {
      const point = this.#pointOf(next, meansOf(since));
      const best = validation ? state.best : this.#betterOf(state.best, point, state.params);
      state.train.push(point);
      this.#state = { ...next, since: zeroSums(settings.names), best };
    }
    const returned = settings.onStep?.({ step: next.step, loss, params });
    const update = () =>
      settings.progress === false || ranks.rank !== 0 ? undefined : this.#display.update(this.#progressOf(measured));
    return returned instanceof Promise ? returned.then(update) : update();
  }

  /** Returns the metrics of a whole batch at the parameters before the step. */
  #metricsOf({ batch, ownRows }: Batch<B>, aux: unknown): Sums["metrics"] {
    const { settings, ranks } = this.#parts;
    const own = () => evaluateMetrics(caller, settings.metrics, [aux, batch, this.#state.params]);
    if (ranks.size === 1 || settings.names.length === 0) return own();
    const zero = zeroSums(settings.names);
    const sums = ownRows > 0 ? addBatch(zero, ownRows, { loss: 0, metrics: own() }) : zero;
    return meansOf(ranks.total(sums)).metrics;
  }

  async #endEpoch(): Promise<void> {
    const next = { ...this.#state, epoch: this.#state.epoch + 1, batch: 0 };
    const { everyEpochs } = this.#parts.settings.validation ?? {};
    if (everyEpochs && next.epoch % everyEpochs === 0) await this.#validate(next);
    else this.#state = next;
  }

  #isTimeToValidate(): boolean {
    const { everySteps } = this.#parts.settings.validation ?? {};
    return everySteps !== undefined && this.#state.step % everySteps === 0 && this.#isUnmeasured();
  }

  #isUnmeasured(): boolean {
    const { step, validation } = this.#state;
    return step > 0 && validation.at(-1)?.step !== step;
  }

  /**
   * Computes the loss and the metrics on the validation data, and adds them to the state. An aborted validation leaves
   * the state unchanged.
   */
  async #validate(state: State<P>): Promise<void> {
    const next = await this.#runValidation(state);
    if (next) this.#state = next;
  }

  async #runValidation(state: State<P>): Promise<State<P> | undefined> {
    const { settings, objective, validation, ranks } = this.#parts;
    const { metrics, minDelta, criterion } = settings;
    const pass = { objective, source: validation!, metrics, pace: this.#pace, ranks };
    const means = await measurePass(caller, pass, state.params, this.#context(false));
    if (means === undefined) return undefined;
    const point = this.#pointOf(state, means);
    if (!Number.isNaN(point.loss)) this.#checkMetrics(point); // a NaN loss makes all metrics NaN
    const best = this.#betterOf(state.best, point, state.params);
    const isLower = criterion(point) < state.reference - minDelta;
    state.validation.push(point);
    if (isLower) return { ...state, best, reference: criterion(point), waited: 0 };
    return { ...state, best, waited: state.waited + 1 };
  }

  #betterOf(best: Measurement<P> | undefined, point: Point, params: P): Measurement<P> | undefined {
    const { criterion } = this.#parts.settings;
    const value = criterion(point);
    this.#warnIfNaN("criterion", value, point, "it counts as Infinity");
    return value < (best ? criterion(best) : Infinity) ? { ...point, params } : best;
  }

  #checkMetrics(point: Point): void {
    for (const name of this.#parts.settings.names)
      this.#warnIfNaN(`metric ${name}`, point.metrics[name]!, point, "the history keeps it");
  }

  /** Warns the first time that a quantity is NaN, unless a non-finite step ends the fit. */
  #warnIfNaN(quantity: string, value: number, { step, epoch }: Point, consequence: string): void {
    if (!Number.isNaN(value) || this.#nonFinite || this.#warned.has(quantity) || this.#parts.ranks.rank !== 0) return;
    this.#warned.add(quantity);
    this.#display.finish();
    console.warn(`${caller}: ${quantity} is NaN at step ${step}, epoch ${+epoch.toFixed(3)}; ${consequence}`);
  }

  #context(training: boolean): Context {
    const { ranks, stepKey } = this.#parts;
    const { step, epoch } = this.#state;
    return { key: ranks.key(foldIn(stepKey, step)), step, epoch, training };
  }

  #pointOf(state: State<P>, { loss, metrics }: Omit<Point, "step" | "epoch">): Point {
    return { step: state.step, epoch: this.#epochOf(state), loss, metrics };
  }

  #epochOf({ epoch, batch }: State<P>): number {
    return epoch + this.#parts.source.epochFraction(batch);
  }

  #progressOf({ step, epoch, loss, metrics }: Point): FitProgress {
    const { settings, source } = this.#parts;
    const steps = Math.min(settings.steps, source.length === undefined ? Infinity : settings.epochs * source.length);
    const { train, validation } = this.#state;
    return {
      step, // no object spread, which would cost 20 µs a step
      epoch,
      loss,
      metrics,
      steps: steps < Infinity ? steps : undefined,
      epochs: settings.epochs < Infinity ? settings.epochs : undefined,
      history: { train, validation },
      failure: this.#failure,
    };
  }

  #isTimeToSave(): boolean {
    const { checkpoint } = this.#parts.settings;
    if (checkpoint === undefined || this.#parts.ranks.rank !== 0) return false;
    const { step, time } = this.#lastCheckpoint;
    return this.#state.step - step >= checkpoint.steps || performance.now() - time >= 1000 * checkpoint.seconds;
  }

  /** Writes a checkpoint. If writing fails, the fit continues and tries again after the usual interval. */
  async #saveCheckpoint(): Promise<void> {
    const { settings, plan, ranks } = this.#parts;
    const state = this.#state;
    if (settings.checkpoint === undefined || ranks.rank !== 0 || this.#lastCheckpoint.state === state) return;
    let written: State<P> | undefined = state;
    try {
      await writeCheckpoint(settings.checkpoint, state, plan);
      this.#failure = undefined;
    } catch (error) {
      written = undefined;
      if (this.#failure === undefined && settings.progress === false) console.warn(`${error}`);
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#lastCheckpoint = { state: written, step: state.step, time: performance.now() };
  }

  /**
   * Builds the result of the fit. Adds a last point to the training curve, the mean over the steps that have no point
   * yet, and a last point to the validation curve. Checkpoints do not contain these two points, so a resumed fit has
   * the same curves as an uninterrupted one.
   */
  async #resultOf(reason: Reason): Promise<Fit<P>> {
    const [train, validation] = [[...this.#state.train], [...this.#state.validation]];
    const { since } = this.#state;
    if (since.rows > 0) train.push(this.#pointOf(this.#state, meansOf(since)));
    const last = { ...this.#state, train, validation };
    const needsValidation = this.#parts.validation !== undefined && this.#isUnmeasured();
    const { params, step, best } = (needsValidation ? await this.#runValidation(last) : undefined) ?? last;
    const epoch = this.#epochOf(last);
    const latest = (this.#parts.validation ? validation : train).at(-1); // is not the best if its criterion is NaN
    const unmeasured = { step, epoch, loss: Number.NaN, metrics: {}, ...(latest?.step === step ? latest : {}) };
    return {
      params,
      best: best ?? { ...unmeasured, params },
      history: { train, validation },
      reason,
      step,
      epoch,
      nonFinite: this.#nonFinite,
      failure: this.#failure,
    };
  }
}
