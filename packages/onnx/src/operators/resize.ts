import { type Tensor, tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { misfit } from "./misfit.ts";
import { type Attribute, flag, float, ints, type Operator, operator, text, Unsupported } from "./operator.ts";
import { positive, vector } from "./shapes.ts";

// Resizes along one axis at a time. Each new entry is a weighted sum of one, two or four entries of x.

interface Attributes {
  readonly coordinate_transformation_mode:
    | "half_pixel"
    | "pytorch_half_pixel"
    | "align_corners"
    | "asymmetric"
    | "half_pixel_symmetric";
  readonly mode: "nearest" | "linear" | "cubic";
  readonly nearest_mode: "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";
  readonly cubic_coeff_a: number;
  readonly exclude_outside: boolean;
}

const otherModes = ["pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"] as const;

interface Sizes {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Converts index i of the resized axis to a fractional index of the original axis. */
function positionOf(i: number, { from, to, scale }: Sizes, mode: Attributes["coordinate_transformation_mode"]): number {
  if (mode === "asymmetric") return i / scale;
  if (mode === "align_corners") return to === 1 ? 0 : (i * (from - 1)) / (to - 1);
  const shift = mode === "half_pixel_symmetric" ? (from - to / scale) / 2 : 0;
  return mode === "pytorch_half_pixel" && to === 1 ? 0 : shift + (i + 0.5) / scale - 0.5;
}

const roundings = {
  round_prefer_floor: (x: number) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x: number) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
} as const;

/**
 * Returns the weight of a pixel in cubic interpolation, given its distance from the interpolated position. `a` is the
 * ONNX attribute cubic_coeff_a.
 */
function cubicWeight(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * a * d - 4 * a : 0;
}

type Tap = readonly [index: number, weight: number];

/**
 * Returns the interpolation weights for a fractional index of an axis with n entries: pairs of an entry's index and its
 * weight.
 */
function tapsAt(position: number, n: number, attributes: Attributes): Tap[] {
  const { mode, nearest_mode, cubic_coeff_a, exclude_outside } = attributes;
  const clamp = (i: number) => Math.min(Math.max(i, 0), n - 1);
  if (mode === "nearest") return [[clamp(roundings[nearest_mode](position)), 1]];
  const first = Math.floor(position) - (mode === "cubic" ? 1 : 0);
  const weigh = (i: number) =>
    mode === "cubic" ? cubicWeight(i - position, cubic_coeff_a) : 1 - Math.abs(i - position);
  const indices = Array.from({ length: mode === "cubic" ? 4 : 2 }, (_, k) => first + k);
  const weights = indices.map((i) => (exclude_outside && clamp(i) !== i ? 0 : weigh(i)));
  const total = exclude_outside ? weights.reduce((sum, w) => sum + w, 0) : 1;
  return indices.map((i, k) => [clamp(i), weights[k]! / total]);
}

function resizeAxis(x: Tensor, axis: number, sizes: Sizes, attributes: Attributes): Tensor {
  const { from, to, scale } = sizes;
  if (from === to && scale === 1) return x;
  if (from === 0 || !(to >= 0 && to < 2 ** 31))
    throw misfit(`axis ${axis} cannot change from ${from} to ${to} entries`);
  const taps = Array.from({ length: to }, (_, i) =>
    tapsAt(positionOf(i, sizes, attributes.coordinate_transformation_mode), from, attributes),
  );
  const count = taps[0]?.length ?? 1;
  const terms = Array.from({ length: count }, (_, k) => {
    const taken = ops.take(x, vector(taps.map((each) => each[k]![0])), { axis });
    if (count === 1) return taken;
    const shape = x.shape.map((_, i) => (i === axis ? to : 1));
    const weights = tensor(
      taps.map((each) => each[k]![1]),
      { dtype: x.dtype, shape },
    );
    return ops.mul(taken, weights);
  });
  return terms.reduce((sum, each) => ops.add(sum, each));
}

/** Rejects `antialias: 1`, which averages neighboring entries before an image is made smaller. */
const antialias: Attribute<boolean> = (attribute, context) => {
  if (flag(false)(attribute, context)) throw new Unsupported("1");
  return false;
};

export const resizeOperators = (): readonly Operator[] => [
  operator(
    "Resize",
    [1, 4],
    {
      coordinate_transformation_mode: text("half_pixel", ...otherModes),
      mode: text("nearest", "linear", "cubic"),
      nearest_mode: text("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
      cubic_coeff_a: float(-0.75),
      exclude_outside: flag(false),
      extrapolation_value: float(0),
      axes: ints,
      antialias,
      keep_aspect_ratio_policy: text("stretch"),
    },
    ([x, , scales, sizes], { axes, ...attributes }, { numbers }) => {
      const rank = x.shape.length;
      const along = axes ? axes.map((axis) => positive(axis, rank)) : [...x.shape.keys()];
      const given = sizes && sizes.size > 0 ? sizes : scales;
      const values = given ? numbers(given) : [];
      if (values.length !== along.length) throw misfit(`${values.length} scales or sizes for ${along.length} axes`);
      return along.reduce((y, axis, i) => {
        const from = x.shape[axis]!;
        const isSize = given === sizes;
        const to = isSize ? values[i]! : Math.floor(from * values[i]!);
        return resizeAxis(y, axis, { from, to, scale: isSize ? to / from : values[i]! }, attributes);
      }, x);
    },
    { settings: [1, 2] },
  ),
];
