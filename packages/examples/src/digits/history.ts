import type { History as Curves } from "@wengert/train";
import { finite } from "../descent.ts";

interface Point {
  /** Passes over the training images so far; 1.5 is in the middle of the second. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}

const pointsPerEpoch = 15;

/** The learning curves. A training point is the mean of the steps since the one before: single steps scatter. */
export class History {
  readonly train: Point[] = [];
  readonly test: Point[] = [];
  steps = 0;
  private readonly stepsPerPoint: number;
  private since: Point[] = [];

  constructor(stepsPerEpoch: number) {
    this.stepsPerPoint = Math.max(1, Math.floor(stepsPerEpoch / pointsPerEpoch));
  }

  /** One training step, which ended at `epoch`. Returns the last training point, the first step at first. */
  addStep(step: Point): Point {
    this.steps++;
    finite(step.loss, this.steps);
    this.since.push(step);
    if (this.since.length >= this.stepsPerPoint) {
      const mean = (quantity: "loss" | "accuracy") =>
        this.since.reduce((sum, point) => sum + point[quantity], 0) / this.since.length;
      this.train.push({ epoch: step.epoch, loss: mean("loss"), accuracy: mean("accuracy") });
      this.since = [];
    }
    return this.train.at(-1) ?? step;
  }

  /** All of it as a report takes it. */
  curves(stepsPerEpoch: number): Curves {
    const points = (list: readonly Point[]) =>
      list.map(({ epoch, loss, accuracy }) => ({ step: epoch * stepsPerEpoch, epoch, loss, metrics: { accuracy } }));
    return { train: points(this.train), validation: points(this.test) };
  }
}
