import { ArgumentError, type Tensor } from "@wengert/core";
import { type Complete, isList, show, withDefaults } from "@wengert/core/extend";
import {
  type Conv1dOptions,
  type ConvOptions,
  conv1d as convolve1d,
  conv2d as convolve2d,
  type Sizes,
} from "@wengert/ops";
import { countOption } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";
import {
  type Affine,
  type AffineOptions,
  affineDefaults,
  affineParams,
  affineSettings,
  applyAffine,
  featuresOf,
} from "./dense.ts";

/** The options that the layers `conv1d` and `conv2d` have in addition to those of the ops of the same name. */
interface KernelOptions<Bias extends boolean> extends AffineOptions<Bias> {
  /** The size of a window along the spatial axes, such as 3. */
  readonly size: Sizes;
}
export interface Conv1dLayerOptions<Bias extends boolean = boolean> extends Conv1dOptions, KernelOptions<Bias> {}
export interface Conv2dLayerOptions<Bias extends boolean = boolean> extends ConvOptions, KernelOptions<Bias> {}

const defaults = {
  ...affineDefaults,
  size: undefined,
  stride: 1,
  padding: "valid",
  dilation: 1,
  groups: 1,
} as const;

/**
 * Returns a layer that convolves sequences x [N, length, channels] with filters. The result is [N, windows, filters].
 * The parameters are W [size, channels / groups, filters] and b [filters]. With `padding: "causal"` and stride 1,
 * output t depends only on the inputs up to t.
 * @throws ArgumentError for invalid options
 */
export function conv1d<const Bias extends boolean = true>(
  filters: number,
  options: Conv1dLayerOptions<Bias>,
): Layer<Affine<Bias>> {
  return convolution("conv1d", 1, convolve1d, filters, options) as unknown as Layer<Affine<Bias>>;
}

/**
 * Returns a layer that convolves images x [N, height, width, channels] with filters. The result is [N, windows down,
 * windows across, filters]. The parameters are W [size down, size across, channels / groups, filters] and b [filters].
 * @throws ArgumentError for invalid options
 */
export function conv2d<const Bias extends boolean = true>(
  filters: number,
  options: Conv2dLayerOptions<Bias>,
): Layer<Affine<Bias>> {
  return convolution("conv2d", 2, convolve2d, filters, options) as unknown as Layer<Affine<Bias>>;
}

type Convolve = (x: Tensor, kernel: Tensor, options: object) => Tensor;

function convolution(name: string, rank: 1 | 2, convolve: Convolve, filters: number, options: unknown): Layer<Affine> {
  const settings = withName(name, () => {
    const { size, bias, weightInit, ...sliding } = withDefaults<Conv1dLayerOptions>(
      name,
      options,
      defaults as Complete<Conv1dLayerOptions>,
    );
    return {
      filters: countOption("filters", filters),
      sizes: sizesOption(size, rank),
      groups: countOption("groups", sliding.groups),
      sliding,
      ...affineSettings({ bias, weightInit }),
    };
  });
  const { sizes, groups, sliding } = settings;
  return defineLayer<Affine>({
    name,
    init: (key, { shape }, { dtype }) => {
      const channels = Math.max(1, Math.floor(featuresOf(shape) / groups)); // apply checks that groups divide the channels
      return affineParams(key, [...sizes, channels, settings.filters], dtype, settings);
    },
    apply: (params, x) => applyAffine(params, x, settings.bias, (W) => convolve(x, W, sliding)),
  });
}

/**
 * Returns one size per spatial axis.
 * @throws ArgumentError unless `size` is a whole number ≥ 1, or a list of such numbers
 */
function sizesOption(size: unknown, rank: number): readonly number[] {
  if (!isList(size)) return new Array(rank).fill(countOption("size", size));
  if (size.length === rank) return size.map((n) => countOption("size", n));
  throw new ArgumentError(`size must be a number, or a list of ${rank}, got ${show(size)}; write { size: 3 }`);
}
