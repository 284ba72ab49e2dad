import type { Size } from "./data/dataset.ts";

/**
 * Draws a stroke between two pixel positions. Pixels under the pen get full ink, and the ink fades at the edge of the
 * pen.
 */
export function stroked(ink: Float32Array, { width, height }: Size, from: Place, to: Place): Float32Array {
  const radius = 1.15 * (Math.min(width, height) / 28);
  const next = ink.slice();
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const [x, y] = [j + 0.5 - from.x, i + 0.5 - from.y];
      const along = length > 0 ? Math.min(Math.max((x * dx + y * dy) / length, 0), 1) : 0;
      const distance = Math.hypot(x - along * dx, y - along * dy);
      const at = i * width + j;
      next[at] = Math.max(next[at]!, Math.min(Math.max(radius + 0.5 - distance, 0), 1));
    }
  }
  return next;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Normalizes a drawing like the digits of MNIST (LeCun et al. 1998). The longer side is scaled to 20 of 28 pixels, and
 * the center of mass is moved to the center.
 */
export function centered(ink: Float32Array, { width, height }: Size): Float32Array {
  let [left, right, top, bottom] = [width, -1, height, -1];
  let [mass, x, y] = [0, 0, 0];
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const here = ink[i * width + j]!;
      if (here <= 0.1) continue;
      [left, right, top, bottom] = [Math.min(left, j), Math.max(right, j), Math.min(top, i), Math.max(bottom, i)];
      mass += here;
      x += here * j;
      y += here * i;
    }
  }
  if (mass === 0) return ink;
  const scale = Math.max((right - left + 1) / width, (bottom - top + 1) / height) / (20 / 28);
  const at = (i: number, j: number): number => (i < 0 || j < 0 || i >= height || j >= width ? 0 : ink[i * width + j]!);
  const result = new Float32Array(width * height);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const [v, u] = [y / mass + (i - (height - 1) / 2) * scale, x / mass + (j - (width - 1) / 2) * scale];
      const [row, column] = [Math.floor(v), Math.floor(u)];
      const [b, a] = [v - row, u - column];
      const above = at(row, column) * (1 - a) + at(row, column + 1) * a;
      const below = at(row + 1, column) * (1 - a) + at(row + 1, column + 1) * a;
      result[i * width + j] = above * (1 - b) + below * b;
    }
  }
  return result;
}
