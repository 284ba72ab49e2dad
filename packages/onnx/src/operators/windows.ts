import type { Shape } from "@wengert/core/extend";
import { misfit } from "./misfit.ts";
import { type Attribute, ints, text } from "./operator.ts";

// Attributes such as strides and dilations, which convolutions and pools have in common, and the padding that follows
// from these attributes.

type List = Attribute<readonly number[] | undefined>;

interface WindowAttributes {
  readonly auto_pad: Attribute<Attributes["auto_pad"]>;
  readonly kernel_shape: List;
  readonly strides: List;
  readonly pads: List;
  readonly dilations: List;
}

export const windowAttributes: WindowAttributes = {
  auto_pad: /* @__PURE__ */ text("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
  kernel_shape: ints,
  strides: ints,
  pads: ints,
  dilations: ints,
};

interface Attributes {
  readonly auto_pad: "NOTSET" | "SAME_UPPER" | "SAME_LOWER" | "VALID";
  readonly strides: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly dilations: readonly number[] | undefined;
}

export interface Geometry {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [before: number, after: number])[];
}

/** Returns sizes, strides, dilations and padding for the spatial axes of an input of shape [N, C, …]. */
export function geometryOf(shape: Shape, size: readonly number[], attributes: Attributes): Geometry {
  const { auto_pad, pads, strides, dilations } = attributes;
  const rank = size.length;
  const lengths = [
    shape.length - 2,
    strides?.length ?? rank,
    dilations?.length ?? rank,
    (pads?.length ?? 2 * rank) / 2,
  ];
  if (lengths.some((n) => n !== rank))
    throw misfit(`the kernel has ${rank} axes, and the input, strides, dilations and pads have ${lengths.join(", ")}`);
  const [stride, dilation] = [strides, dilations].map((list) => list ?? size.map(() => 1)) as [number[], number[]];
  const padding = size.map((_, i): readonly [number, number] => {
    if (auto_pad === "VALID") return [0, 0];
    if (auto_pad === "NOTSET") return [pads?.[i] ?? 0, pads?.[size.length + i] ?? 0];
    const n = shape[i + 2]!;
    const needed = (Math.ceil(n / stride[i]!) - 1) * stride[i]! + (size[i]! - 1) * dilation[i]! + 1 - n;
    const [half, total] = [Math.max(needed, 0) >> 1, Math.max(needed, 0)];
    return auto_pad === "SAME_UPPER" ? [half, total - half] : [total - half, half];
  });
  return { size, stride, dilation, padding };
}

/**
 * Returns the padding that the ONNX attribute ceil_mode adds at the end of each spatial axis. The padding completes the
 * last pooling window. A window that would start inside the end padding is left out.
 */
export const ceilPadding = (shape: Shape, { size, stride, dilation, padding }: Geometry): number[] =>
  size.map((n, i) => {
    const [before, after] = padding[i]!;
    const length = shape[i + 2]! + before + after;
    const span = (n - 1) * dilation[i]! + 1;
    const count = Math.ceil((length - span) / stride[i]!);
    const last = count * stride[i]! >= shape[i + 2]! + before ? count - 1 : count;
    return Math.max(0, last * stride[i]! + span - length);
  });
