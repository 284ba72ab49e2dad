import { ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import { describe, type Operand, prefixErrors, toTensors, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { numericDType } from "../elementwise/arithmetic.ts";
import { transpose } from "../shapes/reshape.ts";
import { convInputPullback } from "./conv2d.ts";
import { type ConvOptions, convDefaults } from "./convolutionShapes.ts";
import { explicitPadding, halved, sizesOption, spanOf, type Widths } from "./geometry.ts";

type ConvTranspose = (x: TensorLike, kernel: TensorLike, options?: ConvOptions) => Tensor;

/**
 * Returns the transposed convolution of x [N, H, W, C] and a kernel [kh, kw, C, out / groups]: each pixel of x adds x ×
 * kernel to one window of the result. The function is the adjoint of conv2d with the same options and the kernel's last
 * two axes swapped. The padding determines the size of the result along an axis with n entries of x and `size` entries
 * of the kernel. "valid" gives (n − 1) stride + dilation (size − 1) + 1 entries. "same" gives n × stride entries.
 * Explicit padding gives the result of "valid" without `before` entries at its start and `after` entries at its end.
 */
export const convTranspose2d: Sampled<ConvTranspose> = /* @__PURE__ */ withSamples<ConvTranspose>(
  (x, kernel, options) => {
    const complete = withDefaults<ConvOptions>("convTranspose2d", options, convDefaults);
    const [images, filters] = toTensors("convTranspose2d", [x, kernel], 2) as [Tensor, Tensor];
    const params = prefixErrors("convTranspose2d", () => {
      const sizes = transposedOf(complete, images, filters);
      numericDType([images, filters], ["x", "kernel"]);
      return sizes;
    });
    return convInputPullback(images, transpose(filters, { axes: [0, 1, 3, 2] }), params);
  },
  () => [
    [irregular([2, 2, 2, 2]), irregular([3, 2, 2, 1], 2), { stride: 2 }],
    [irregular([1, 2, 3, 2]), irregular([2, 3, 2, 1], 2), { stride: [3, 1], padding: "same", groups: 2 }],
    [
      irregular([1, 3, 2, 1]),
      irregular([2, 2, 1, 2], 2),
      {
        padding: [
          [1, 0],
          [0, 1],
        ],
        dilation: [1, 2],
      },
    ],
  ],
);

function transposedOf(options: { readonly [K in keyof ConvOptions]-?: unknown }, x: Operand, kernel: Operand) {
  checkShapes(x, kernel);
  const [groups] = sizesOption("groups", options.groups, 1) as [number];
  const [stride, dilation] = [sizesOption("stride", options.stride, 2), sizesOption("dilation", options.dilation, 2)];
  if (kernel.shape[2]! % groups !== 0)
    throw new ShapeError(
      `the ${kernel.shape[2]} channels of ${describe(x, "x")} and ${describe(kernel, "kernel")} cannot be split into ${groups} groups; use a divisor`,
    );
  const spans = [0, 1].map((i) => spanOf(kernel.shape[i]!, dilation[i]!));
  const natural = spans.map((span, i) => (x.shape[i + 1]! - 1) * stride[i]! + span);
  const padding: Widths =
    options.padding === "valid"
      ? [
          [0, 0],
          [0, 0],
        ]
      : options.padding === "same"
        ? natural.map((n, i) => halved(Math.max(n - x.shape[i + 1]! * stride[i]!, 0)))
        : explicitPadding(options.padding, 2, ["valid", "same"]);
  const size = natural.map((n, i) =>
    options.padding === "same" ? x.shape[i + 1]! * stride[i]! : n - padding[i]![0] - padding[i]![1],
  );
  if (size.every((n) => n >= 1)) return { size, stride, padding, dilation, groups };
  throw new ShapeError(
    `the padding removes all entries of the result for ${describe(x, "x")} and ${describe(kernel, "kernel")}; use less padding`,
  );
}

function checkShapes(x: Operand, kernel: Operand): void {
  for (const [operand, name, axes] of [
    [x, "x", "[N, height, width, channels]"] as const,
    [kernel, "kernel", "[height, width, channels of x, out / groups]"] as const,
  ]) {
    if (operand.shape.length === 4) continue;
    throw new ShapeError(`${describe(operand, name)} must have the axes ${axes}; write reshape or expandDims`);
  }
  if (x.shape[3] !== kernel.shape[2])
    throw new ShapeError(
      `${describe(x, "x")} has ${x.shape[3]} channels, and axis 2 of ${describe(kernel, "kernel")} has ${kernel.shape[2]}; they must be equal`,
    );
  if (x.shape[1]! * x.shape[2]! * kernel.shape[0]! * kernel.shape[1]! > 0) return;
  throw new ShapeError(
    `${describe(x, "x")} or ${describe(kernel, "kernel")} is empty; spatial sizes must be at least 1`,
  );
}
