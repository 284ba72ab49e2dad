import type { Tensor } from "@wengert/core";
import { encode } from "fast-png";

/**
 * Returns one image of a stack [n, height, width] or [n, height, width, channels] as a data URL. `at` is the index of
 * the image.
 */
export function imageUrl(stack: Tensor, at: number, ink: boolean): string {
  const [, height = 1, width = 1, channels = 1] = stack.shape;
  const scale = stack.dtype === "int32" ? 1 : 255;
  if (!ink || channels > 1) return png(width, height, channels as 1 | 3 | 4, (i, c) => scale * value(stack, at, i, c));
  // In the image of a drawing, ink becomes opaque black and paper becomes transparent. On a dark page, CSS inverts the
  // ink to white.
  return png(width, height, 2, (i, c) => (c === 0 ? 0 : scale * value(stack, at, i, 0)));
}

/**
 * Returns an image of signed numbers: blue above zero, orange below, as in the explorer. The opacity is |x| /
 * `largest`, at most 1. Zero is transparent, so the image fits light and dark pages.
 */
export function signedImageUrl(stack: Tensor, at: number, largest: number): string {
  const [, height = 1, width = 1] = stack.shape;
  return png(width, height, 4, (i, c) => {
    const x = value(stack, at, i, 0);
    return c === 3 ? 255 * Math.abs(x / largest) : (x > 0 ? [44, 125, 214] : [224, 106, 20])[c]!;
  });
}

/** Returns channel `c` of pixel `i` of the image with index `at`. */
function value({ array, shape }: Tensor, at: number, i: number, c: number): number {
  const { data, offset, stride } = array!;
  const [, , width = 1] = shape;
  const place = offset + at * stride[0]! + Math.floor(i / width) * stride[1]! + (i % width) * stride[2]!;
  return data[place + (stride.length > 3 ? c * stride[3]! : 0)]!;
}

function png(
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  of: (i: number, channel: number) => number,
): string {
  const data = new Uint8ClampedArray(width * height * channels); // clamps numbers out of range; NaN becomes 0
  for (let i = 0; i < width * height; i++) for (let c = 0; c < channels; c++) data[i * channels + c] = of(i, c);
  const file = encode({ width, height, channels, depth: 8, data });
  let text = "";
  for (const byte of file) text += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(text)}`;
}
