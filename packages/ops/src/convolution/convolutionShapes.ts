import { ShapeError } from "@wengert/core";
import { describe, type Operand, type Shape } from "@wengert/core/extend";
import type { Geometry } from "../loops/windows.ts";
import { type Padding, paddingOption, type Sizes, sizesOption, type Widths, windowCounts } from "./geometry.ts";

export interface ConvOptions {
  /** The stride: the step from one window to the next along each spatial axis. Default: 1. */
  readonly stride?: Sizes | undefined;
  /**
   * The padding with zeros. "valid" adds no zeros. "same" adds as many zeros as are needed for ⌈n / stride⌉ windows
   * along an axis of size n. [[before, after], ...] sets the numbers of zeros before and after x along each spatial
   * axis. Default: "valid".
   */
  readonly padding?: Padding | undefined;
  /** The dilation: the step from one entry of a window to the next along each spatial axis. Default: 1. */
  readonly dilation?: Sizes | undefined;
  /** The number of groups of channels. Each group has its own filters. Default: 1. */
  readonly groups?: number | undefined;
}

/** The options of a convolution as lists, with an entry for each spatial axis. */
export interface Convolution {
  readonly stride: readonly number[];
  readonly padding: Widths;
  readonly dilation: readonly number[];
  readonly groups: number;
}

export const convDefaults = { stride: 1, padding: "valid", dilation: 1, groups: 1 } as const;

/**
 * Checks the options of a convolution in `rank` dimensions, for images x and a kernel, and returns the options.
 * @throws ShapeError if the shapes of x and the kernel do not fit, or a size is invalid
 */
export function convolutionOf(
  options: { readonly [K in keyof ConvOptions]: unknown },
  x: Operand,
  kernel: Operand,
  rank: 1 | 2,
): Convolution {
  checkRanks(x, kernel, rank);
  const [groups] = sizesOption("groups", options.groups, 1) as [number];
  checkChannels(x, kernel, groups);
  const sliding = {
    size: kernel.shape.slice(0, rank),
    stride: sizesOption("stride", options.stride, rank),
    dilation: sizesOption("dilation", options.dilation, rank),
  };
  const named = rank === 1 ? ["valid", "same", "causal"] : ["valid", "same"];
  const padding = paddingOption(options.padding, x.shape.slice(1, 1 + rank), sliding, named);
  return { stride: sliding.stride, padding, dilation: sliding.dilation, groups };
}

function checkRanks(x: Operand, kernel: Operand, rank: 1 | 2): void {
  const [xAxes, kernelAxes] =
    rank === 1
      ? ["[N, length, channels]", "[size, channels / groups, out]"]
      : ["[N, height, width, channels]", "[height, width, channels / groups, out]"];
  for (const [operand, name, axes] of [[x, "x", xAxes] as const, [kernel, "kernel", kernelAxes] as const]) {
    if (operand.shape.length === rank + 2) continue;
    throw new ShapeError(`${describe(operand, name)} must have the axes ${axes}; write reshape or expandDims`);
  }
  if (kernel.shape.slice(0, rank).every((n) => n > 0)) return;
  throw new ShapeError(`${describe(kernel, "kernel")} is empty; its spatial sizes must be at least 1`);
}

function checkChannels(x: Operand, kernel: Operand, groups: number): void {
  const channels = x.shape.at(-1)!;
  const [depth, filters] = kernel.shape.slice(-2) as [number, number];
  if (channels === depth * groups && filters % groups === 0) return;
  const of = `${describe(x, "x")} and ${describe(kernel, "kernel")}`;
  throw new ShapeError(
    channels === depth * groups
      ? `${of}: the ${filters} filters cannot be split into ${groups} groups; use a multiple of ${groups}`
      : `${of}: x has ${channels} channels, and the kernel takes ${depth} × ${groups} (groups); its axis ${kernel.shape.length - 2} must be channels / groups`,
  );
}

/** Returns the shape of the convolution of x and a kernel. @throws ShapeError if a window is larger than x */
export function outputShape(x: Operand, kernel: Operand, { stride, padding, dilation }: Convolution): Shape {
  const axes = stride.map((_, i) => i + 1);
  const counts = windowCounts(x, axes, { size: kernel.shape.slice(0, axes.length), stride, dilation }, padding);
  return [x.shape[0]!, ...counts, kernel.shape.at(-1)!];
}

export function geometryOf(
  x: Shape,
  kernel: Shape,
  output: Shape,
  { stride, padding, dilation, groups }: Convolution,
): Geometry {
  const [images, height, width, channels] = x as readonly [number, number, number, number];
  const [kernelHeight, kernelWidth] = kernel as readonly [number, number, number, number];
  const [, outHeight, outWidth, filters] = output as readonly [number, number, number, number];
  const [[top], [left]] = padding as readonly [Widths[0], Widths[0]] as readonly [[number, number], [number, number]];
  const [[strideY, strideX], [dilationY, dilationX]] = [stride, dilation] as [[number, number], [number, number]];
  return {
    ...{ images, height, width, channels, kernelHeight, kernelWidth, outHeight, outWidth, filters, groups },
    ...{ strideY, strideX, dilationY, dilationX, top, left },
  };
}
