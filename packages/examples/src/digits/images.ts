import { encode } from "fast-png";
import { side } from "./mnist.ts";

/** Ink as opaque black, paper as nothing: on a dark page CSS inverts the ink. */
export function inkImage(pixels: ArrayLike<number>): string {
  return png(2, pixels, (pixel, out) => {
    out[1] = 255 * pixel;
  });
}

/**
 * Numbers of both signs: orange above zero, blue below, the more opaque the larger; zero lets the page shine through,
 * so the image fits a light and a dark page. From `largest` on it is opaque.
 */
export function signedImage(values: ArrayLike<number>, largest: number): string {
  return png(4, values, (value, out) => {
    out.set(value > 0 ? [224, 106, 20] : [44, 125, 214]);
    out[3] = 255 * Math.abs(value / largest); // clamped by the array
  });
}

function png(
  channels: number,
  values: ArrayLike<number>,
  paint: (value: number, out: Uint8ClampedArray) => void,
): string {
  const data = new Uint8ClampedArray(side * side * channels);
  for (let i = 0; i < side * side; i++) paint(values[i] ?? 0, data.subarray(i * channels, (i + 1) * channels));
  const file = encode({ width: side, height: side, channels, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}
