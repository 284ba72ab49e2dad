import type { Snapshot } from "./landscape.ts";
import type { Model } from "./model.ts";

const mostNumbers = 4e6; // the maximum number of parameters in all snapshots together
const mostSnapshots = 64;

/**
 * The path of the parameters during a fit, as snapshots with the same number of steps between them. When the list is full,
 * every second snapshot is dropped.
 */
export class Path {
  #all: readonly Snapshot[];
  #every = 1;
  readonly #most: number;

  constructor(start: Snapshot) {
    this.#all = [start];
    const size = start.model.reduce((sum, { W, b }) => sum + W.size + b.size, 0);
    this.#most = Math.min(mostSnapshots, Math.max(4, Math.floor(mostNumbers / size)));
  }

  add(step: number, model: Model): void {
    if (step % this.#every !== 0) return;
    this.#all = [...this.#all, { step, model }];
    if (this.#all.length <= this.#most) return;
    this.#every *= 2;
    this.#all = this.#all.filter(({ step: each }, i) => i === 0 || each % this.#every === 0);
  }

  /** Returns the snapshots of the fit so far. The last snapshot has the current parameters. */
  to(step: number, model: Model): readonly Snapshot[] {
    return this.#all.at(-1)!.step === step ? this.#all : [...this.#all, { step, model }];
  }
}
