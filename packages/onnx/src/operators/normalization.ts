import type { Tensor } from "@wengert/core";
import { sizeOf } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { flag, float, ignored, int, ints, type Operator, operator } from "./operator.ts";
import { pad, positive } from "./shapes.ts";

/** Reshapes a vector with an entry for each channel, for broadcasting with [N, C, …]. */
const perChannel = (x: Tensor, { shape }: Tensor): Tensor =>
  ops.reshape(x, { shape: [-1, ...shape.slice(2).map(() => 1)] });

interface Moments {
  readonly centered: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

function momentsOf(x: Tensor, axis: readonly number[]): Moments {
  const mean = ops.mean(x, { axis, keepDims: true });
  const centered = ops.sub(x, mean);
  return { centered, mean, variance: ops.mean(ops.square(centered), { axis, keepDims: true }) };
}

/** Returns x normalized over axes: (x − mean) / √(variance + ε). */
const normalize = (x: Tensor, axis: readonly number[], epsilon: number): Tensor => {
  const { centered, variance } = momentsOf(x, axis);
  return ops.div(centered, ops.sqrt(ops.add(variance, epsilon)));
};

const spatialAxes = (x: Tensor): number[] => [...x.shape.keys()].slice(2);

/** Normalizes groups of channels, with a scale and a bias per channel or per group. */
function groupNormalize(x: Tensor, groups: number, epsilon: number, scale: Tensor, bias: Tensor): Tensor {
  const [n, channels] = x.shape as readonly [number, number];
  const grouped = ops.reshape(x, { shape: [n, groups, sizeOf(x.shape.slice(1)) / Math.max(groups, 1)] });
  const normal = ops.reshape(normalize(grouped, [2], epsilon), { shape: x.shape });
  const each = (y: Tensor) =>
    perChannel(y.shape[0] === channels ? y : ops.repeat(y, { count: channels / groups, axis: 0 }), x);
  return ops.add(ops.mul(normal, each(scale)), each(bias));
}

/** Returns the sums of squares over `size` neighboring channels. */
function squaresOfNeighbors(x: Tensor, size: number): Tensor {
  const before = Math.floor((size - 1) / 2);
  const widths = x.shape.map((_, axis) => (axis === 1 ? ([before, size - 1 - before] as const) : ([0, 0] as const)));
  return ops.sum(ops.windows(pad(ops.square(x), widths, "constant", 0), { size, axes: 1 }), { axis: -1 });
}

export const normalizationOperators = (): readonly Operator[] => [
  operator(
    "BatchNormalization",
    [5, 5],
    { epsilon: float(1e-5), momentum: float(0.9), training_mode: flag(false), spatial: ignored },
    ([x, scale, bias, mean, variance], { epsilon, momentum, training_mode }) => {
      const affine = (normal: Tensor) => ops.add(ops.mul(normal, perChannel(scale, x)), perChannel(bias, x));
      const divided = (centered: Tensor, by: Tensor) => ops.div(centered, ops.sqrt(ops.add(by, epsilon)));
      if (!training_mode) return affine(divided(ops.sub(x, perChannel(mean, x)), perChannel(variance, x)));
      const batch = momentsOf(x, [0, ...spatialAxes(x)]);
      const next = (old: Tensor, now: Tensor) =>
        ops.add(ops.mul(old, momentum), ops.mul(ops.reshape(now, { shape: old.shape }), 1 - momentum));
      return [affine(divided(batch.centered, batch.variance)), next(mean, batch.mean), next(variance, batch.variance)];
    },
    { outputs: 3, settings: [3, 4] },
  ),
  operator(
    "LayerNormalization",
    [2, 3],
    { axis: int(-1), epsilon: float(1e-5), stash_type: ignored },
    ([x, scale, bias], { axis, epsilon }, { outputs }) => {
      const axes = [...x.shape.keys()].slice(positive(axis, x.shape.length));
      const normal = ops.mul(ops.layerNorm(x, { axis: axes, epsilon }), scale);
      const y = bias ? ops.add(normal, bias) : normal;
      if (outputs === 1) return y;
      const { mean, variance } = momentsOf(x, axes);
      return [y, mean, ops.reciprocal(ops.sqrt(ops.add(variance, epsilon)))];
    },
    { outputs: 3 },
  ),
  operator("InstanceNormalization", [3, 3], { epsilon: float(1e-5) }, ([x, scale, bias], { epsilon }) =>
    ops.add(ops.mul(normalize(x, spatialAxes(x), epsilon), perChannel(scale, x)), perChannel(bias, x)),
  ),
  operator(
    "GroupNormalization",
    [3, 3],
    { epsilon: float(1e-5), num_groups: int(1), stash_type: ignored },
    ([x, scale, bias], { epsilon, num_groups }) => groupNormalize(x, num_groups, epsilon, scale, bias),
  ),
  operator("MeanVarianceNormalization", [1, 1], { axes: ints }, ([x], { axes = [0, 2, 3] }) => {
    const { centered, variance } = momentsOf(x, axes);
    return ops.div(centered, ops.add(ops.sqrt(variance), 1e-9));
  }),
  operator("LpNormalization", [1, 1], { axis: int(-1), p: int(2) }, ([x], { axis, p }) =>
    ops.div(x, ops.norm(x, { axis, ord: p, keepDims: true })),
  ),
  operator(
    "LRN",
    [1, 1],
    { size: int(1), alpha: float(1e-4), beta: float(0.75), bias: float(1) },
    ([x], { size, alpha, beta, bias }) => {
      const scaled = ops.add(ops.mul(squaresOfNeighbors(x, size), alpha / size), bias);
      return ops.div(x, ops.pow(scaled, beta));
    },
  ),
];
