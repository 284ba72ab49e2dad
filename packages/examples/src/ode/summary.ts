import { size, table, whole } from "../shared/table.ts";
import type { Forecast, Stage } from "./fit.ts";
import { type Comparison, segmentLength } from "./memory.ts";
import { type Data, damping, timeOf, trainingTimes } from "./pendulum.ts";

/** Describes the data and the progress of the fit. */
export function fitSummary({ observed }: Data, stages: readonly Stage[], noise: number): string {
  const [times, trajectories] = observed.shape as [number, number];
  return `A pendulum with friction, dθ/dt = ω and dω/dt = -sin θ - ${damping} ω, is observed ${times} times along ${trajectories}
trajectories. Normal noise with standard deviation ${noise} is added to each angle θ and each velocity ω.

A network f with the inputs θ and ω replaces the right-hand side. The solution of dz/dt = f(z) is a list of ${trainingTimes.count * trainingTimes.steps}
Runge-Kutta steps (order 4, h = ${trainingTimes.h}). The loss is the mean square of solution minus observation, and reverse mode
differentiates it through the solver. L-BFGS fits the weights of f and the starts of the trajectories, in three stages:

${table([
  ["up to time", "loss", "iterations", "gradients"],
  ...stages.map(({ count, loss, iterations, evaluations }) => [
    `${timeOf(count)}`,
    loss.toFixed(6),
    `${iterations}`,
    `${evaluations}`,
  ]),
])}

The noise alone has the mean square ${Number((noise ** 2).toPrecision(3))}.
`;
}

/** Describes the errors of the fitted trajectories. */
export function errorSummary({ errors }: Forecast): string {
  const end = timeOf(trainingTimes.count);
  return `Root mean square of solution minus truth, over angles and velocities:

${table([
  [`trajectories of the fit, up to time ${end}`, errors.within.toFixed(4)],
  [`the same, from ${end} to ${2 * end}, without observations`, errors.beyond.toFixed(4)],
  [`another start, up to time ${2 * end}`, errors.unseen.toFixed(4)],
])}

From time ${end} to ${2 * end} the true states themselves have the root mean square ${errors.scale.toFixed(4)}.
`;
}

/** Compares gradients with and without checkpoints. */
export function memorySummary(comparisons: readonly Comparison[]): string {
  const columns = ["list", "bytes", "ms"];
  return `What does a gradient cost? A plain tape grows with the number T of Runge-Kutta steps. With \`checkpoint\` on segments of
√T steps, the tape keeps only the state before each segment, and the sweep runs one segment at a time again. The list
and the bytes of this run count here too. The loss is the mean square of the states at time 20.

${table([
  ["", "", "plain", "", "", "checkpoint", "", "", ""],
  ["T", "segment", ...columns, ...columns, "same bits"],
  ...comparisons.map(({ steps, plain, checkpointed, equal }) => [
    whole(steps),
    `${segmentLength(steps)}`,
    ...[plain, checkpointed].flatMap(({ list, bytes, milliseconds }) => [
      whole(list),
      whole(bytes),
      milliseconds.toFixed(1),
    ]),
    equal ? "yes" : "no",
  ]),
])}

Both ways add the cotangents of a segment first, because sums of floats depend on the order. So the gradients are equal
bit for bit. If the plain tape adds step by step instead, the largest relative difference is ${size(comparisons.at(-1)!.reordered)}.
`;
}
