import type { Pica } from "pica/pica_main";
import type { Bitmap } from "./bitmap.ts";

export interface ResizeOptions {
  readonly height: number;
  readonly width: number;
  /**
   * Whether to crop the image to the aspect ratio of the target, around its center. If false, the image is stretched.
   */
  readonly isCropped: boolean;
}

let pica: Pica | undefined;

/**
 * Scales an image to the given size and returns three bytes (red, green and blue) for each pixel. The image is first
 * rotated upright and composited onto white.
 */
export async function resizeImage(image: Bitmap, { height, width, isCropped }: ResizeOptions): Promise<Uint8Array> {
  const swapsSides = image.orientation >= 5; // orientations 5 to 8 swap rows and columns
  const [toWidth, toHeight] = swapsSides ? [height, width] : [width, height];
  const scale = Math.min(image.width / toWidth, image.height / toHeight);
  const cropped = isCropped
    ? { width: Math.max(1, Math.round(toWidth * scale)), height: Math.max(1, Math.round(toHeight * scale)) }
    : image;
  const source = flattenOntoWhite(image, cropped.width, cropped.height);
  const hasSize = cropped.width === toWidth && cropped.height === toHeight;
  if (pica === undefined && !hasSize) {
    const { Pica } = await import("pica/pica_main");
    pica = new Pica({ features: ["js"] }); // no WebAssembly, which a page's Content-Security-Policy may forbid
  }
  // The Hamming filter averages all pixels that contribute to a target pixel. Unlike Lanczos, it leaves no halos at
  // edges.
  const rgba = hasSize
    ? source
    : await pica!.resizeBuffer({
        src: source,
        width: cropped.width,
        height: cropped.height,
        toWidth,
        toHeight,
        filter: "hamming",
      });
  return orient(rgba, toWidth, toHeight, image.orientation);
}

/** Returns the center of an image, cropped to the target's aspect ratio and composited onto white. */
function flattenOntoWhite({ width, height, rgba }: Bitmap, partWidth: number, partHeight: number): Uint8Array {
  const [left, top] = [(width - partWidth) >> 1, (height - partHeight) >> 1];
  const out = new Uint8Array(4 * partWidth * partHeight);
  for (let y = 0, to = 0; y < partHeight; y++)
    for (let x = 0, i = 4 * ((y + top) * width + left); x < partWidth; x++, i += 4, to += 4) {
      const opacity = rgba[i + 3]!;
      for (let c = 0; c < 3; c++) {
        const color = rgba[i + c]!;
        out[to + c] = opacity === 255 ? color : Math.round((color * opacity + 255 * (255 - opacity)) / 255);
      }
      out[to + 3] = 255;
    }
  return out;
}

/** Returns the image with three bytes for each pixel, rotated and mirrored by its EXIF orientation. */
function orient(rgba: Uint8Array, width: number, height: number, orientation: number): Uint8Array {
  const out = new Uint8Array(3 * width * height);
  const swapsSides = orientation >= 5;
  const [outWidth, outHeight] = swapsSides ? [height, width] : [width, height];
  for (let y = 0, to = 0; y < outHeight; y++)
    for (let x = 0; x < outWidth; x++, to += 3) {
      const [column, row] = swapsSides ? [y, x] : [x, y];
      const mirrorsColumns = [2, 3, 7, 8].includes(orientation);
      const mirrorsRows = [3, 4, 6, 7].includes(orientation);
      const from =
        4 * ((mirrorsRows ? height - 1 - row : row) * width + (mirrorsColumns ? width - 1 - column : column));
      out.set(rgba.subarray(from, from + 3), to);
    }
  return out;
}
