import { checkpoint, grad, record, type Step, type Tensor, tensor, treeMap } from "@wengert/core";
import { alias } from "@wengert/core/extend";
import { flatten, mean, square } from "@wengert/ops";
import { relativeDistance } from "../shared/algebra.ts";
import { fieldOf, type Network } from "./network.ts";
import { advance } from "./solver.ts";

/** The end time of each simulation in `compare`. A simulation with more steps has shorter steps. */
const duration = 20;

type Segment = (network: Network, z: Tensor) => Tensor;
type Wrap = (segment: Segment) => Segment;

/**
 * Runs a segment of Runge–Kutta steps with an alias of each weight tensor: a new tensor object with the same elements.
 * The backward pass then sums the cotangents within each segment first, as a checkpoint does. So the gradients with and
 * without checkpoints have the same rounding errors.
 */
export const plain: Wrap = (segment) => (network, z) =>
  segment(
    treeMap((weights) => alias(weights), network),
    z,
  );

/**
 * Returns a function that computes the mean square of the state after `steps` Runge–Kutta steps. The steps are grouped
 * in segments of √`steps` steps, and `wrap` transforms each segment.
 */
export function finalSquare(wrap: Wrap, steps: number): Segment {
  const [h, length] = [duration / steps, segmentLength(steps)];
  return (network, start) => {
    let z = start;
    for (let done = 0; done < steps; done += length) z = wrap(segmentOf(h, Math.min(length, steps - done)))(network, z);
    return mean(square(z));
  };
}

const segmentOf =
  (h: number, steps: number): Segment =>
  (network, z) =>
    advance(fieldOf(network), z, { h, steps });

export const segmentLength = (steps: number): number => Math.ceil(Math.sqrt(steps));

/** The cost of one gradient. */
interface Cost {
  /**
   * The number of steps on the tape. With checkpoints, the number includes the steps of one segment, because the
   * backward pass records each segment again.
   */
  readonly list: number;
  /** The bytes of all tensors on the tape. */
  readonly bytes: number;
  readonly milliseconds: number;
}

export interface Comparison {
  readonly steps: number;
  readonly plain: Cost;
  readonly checkpointed: Cost;
  /** Whether the gradients with and without checkpoints have the same bits. */
  readonly equal: boolean;
  /**
   * The relative difference between two gradients that sum the same contributions in different orders: over all time
   * steps at once, or first within each segment of time steps.
   */
  readonly reordered: number;
}

/**
 * Computes the gradient of a solve of `steps` Runge–Kutta steps in two ways: with a plain tape, and with a checkpoint
 * for each segment. Compares the gradients and their costs. Times are the median of `repeats` runs.
 */
export function compare(network: Network, start: Tensor, steps: number, repeats = 5): Comparison {
  const rerun = record(segmentOf(duration / steps, segmentLength(steps)), network, start).steps;
  const [kept, again] = [plain, checkpoint as Wrap].map((wrap) => finalSquare(wrap, steps)) as [Segment, Segment];
  const [a, b] = timed(
    [kept, again].map((f) => () => gradientOf(f, network, start)),
    repeats,
  ) as [Timed, Timed];
  const direct = gradientOf(
    finalSquare((segment) => segment, steps),
    network,
    start,
  );
  return {
    steps,
    plain: costOf(record(kept, network, start).steps, a),
    checkpointed: costOf([...record(again, network, start).steps, ...rerun], b),
    equal: a.value.every((entry, i) => Object.is(entry, b.value[i])),
    reordered: relativeDistance(tensor(direct), tensor(a.value)),
  };
}

const costOf = (tape: readonly Step[], { milliseconds }: Timed): Cost => ({
  list: tape.length,
  bytes: bytesOf(tape),
  milliseconds,
});

/** Returns all entries of the gradients of f with respect to the weights of the network and the initial state. */
export function gradientOf(f: Segment, network: Network, start: Tensor): number[] {
  const [{ W1, b1, W2, b2 }, ofStart] = grad(f, { argnums: [0, 1] })(network, start);
  return [W1, b1, W2, b2, ofStart].flatMap((each) => flatten(each).toNested<number[]>());
}

/** Returns the bytes of the inputs and outputs of steps. Memory that several tensors share counts once. */
export function bytesOf(steps: readonly Step[]): number {
  // Reads a tensor's internal field `array`. If `data` were read, each backward pass would check the tensor for
  // changes, which takes time.
  const memory = new Set(steps.flatMap(({ inputs, output }) => [...inputs, output].map(({ array }) => array!.data)));
  return [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

interface Timed {
  readonly value: readonly number[];
  readonly milliseconds: number;
}

/**
 * Returns the value of each function, and the median time of `repeats` more calls. The first call compiles the code. The
 * functions take turns, so a busy machine slows all of them.
 */
function timed(functions: readonly (() => number[])[], repeats: number): Timed[] {
  const values = functions.map((f) => f());
  const rounds = Array.from({ length: repeats }, () =>
    functions.map((f) => {
      const start = performance.now();
      f();
      return performance.now() - start;
    }),
  );
  return values.map((value, i) => {
    const times = rounds.map((round) => round[i]!).sort((a, b) => a - b);
    return { value, milliseconds: times[repeats >> 1]! };
  });
}
