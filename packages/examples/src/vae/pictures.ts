import { type Tensor, tensor } from "@wengert/core";
import { encode } from "fast-png";
import { pixelsPerImage, side } from "../shared/mnist.ts";

/**
 * Returns a grid of images as one image (a PNG data URL), row by row. Each row of numbers is an image of 28 × 28 pixels between
 * 0 (paper) and 1 (ink). Ink is opaque black, and paper is transparent. `gap` is the number of pixels between images.
 */
export function gridImage(rows: readonly (readonly number[])[], columns: number, gap = 0): string {
  const lines = Math.ceil(rows.length / columns);
  const [width, height] = [columns * (side + gap) - gap, lines * (side + gap) - gap];
  const data = new Uint8ClampedArray(2 * width * height); // black with an opacity
  for (const [i, pixels] of rows.entries()) {
    const [left, top] = [(i % columns) * (side + gap), Math.floor(i / columns) * (side + gap)];
    for (let p = 0; p < pixelsPerImage; p++) {
      const at = (top + Math.floor(p / side)) * width + left + (p % side);
      data[2 * at + 1] = 255 * pixels[p]!;
    }
  }
  const file = encode({ width, height, channels: 2, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}

/**
 * Returns latent vectors [count², d] on a square grid over the first two dimensions, from −limit to limit, at the centers of
 * the cells. The second dimension falls from row to row, as in a plot. The other dimensions are 0.
 */
export function latentGrid(count: number, limit: number, latent: number): Tensor {
  const center = (i: number) => limit * ((2 * i + 1) / count - 1);
  const point = (column: number, row: number) =>
    Array.from({ length: latent }, (_, k) => (k === 0 ? center(column) : k === 1 ? -center(row) : 0));
  return tensor(
    Array.from({ length: count * count }, (_, i) => point(i % count, Math.floor(i / count))),
    { dtype: "float32" },
  );
}

/**
 * Returns a limit L ≥ 2 for plots of points in the plane. For 98 % of the points, both coordinates are between −L and
 * L.
 */
export function limitOf(points: readonly (readonly number[])[]): number {
  const sizes = points.map(([x, y]) => Math.max(Math.abs(x!), Math.abs(y!))).sort((a, b) => a - b);
  return Math.max(2, Math.ceil(2 * sizes[Math.floor(0.98 * (sizes.length - 1))]!) / 2);
}
