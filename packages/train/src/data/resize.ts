import type { Pica } from "pica/pica_main";
import type { Bitmap } from "./decode.ts";

export interface Fitting {
  readonly height: number;
  readonly width: number;
  /** Whether the middle part is taken that has the proportions; else the whole image is stretched to them. */
  readonly isCropped: boolean;
}

let pica: Pica | undefined;

/** The image upright, on white, of the size that is wanted: three bytes a pixel. */
export async function fitted(image: Bitmap, { height, width, isCropped }: Fitting): Promise<Uint8Array> {
  const isTurned = image.orientation >= 5; // then rows are columns
  const [toWidth, toHeight] = isTurned ? [height, width] : [width, height];
  const scale = Math.min(image.width / toWidth, image.height / toHeight);
  const part = isCropped
    ? { width: Math.max(1, Math.round(toWidth * scale)), height: Math.max(1, Math.round(toHeight * scale)) }
    : image;
  const src = onWhite(image, part.width, part.height);
  const isFitting = part.width === toWidth && part.height === toHeight;
  if (pica === undefined && !isFitting) {
    const { Pica } = await import("pica/pica_main");
    pica = new Pica({ features: ["js"] }); // its kernels are WebAssembly from strings, which policies of pages may forbid
  }
  // Hamming's filter takes the mean of what falls on a pixel, and unlike Lanczos' makes no halos at edges.
  const rgba = isFitting
    ? src
    : await pica!.resizeBuffer({ src, width: part.width, height: part.height, toWidth, toHeight, filter: "hamming" });
  return turned(rgba, toWidth, toHeight, image.orientation);
}

/** The middle of an image, opaque: where one could see through, lies white paper. */
function onWhite({ width, height, rgba }: Bitmap, partWidth: number, partHeight: number): Uint8Array {
  const [left, top] = [(width - partWidth) >> 1, (height - partHeight) >> 1];
  const out = new Uint8Array(4 * partWidth * partHeight);
  for (let y = 0, to = 0; y < partHeight; y++)
    for (let x = 0, i = 4 * ((y + top) * width + left); x < partWidth; x++, i += 4, to += 4) {
      const opacity = rgba[i + 3]!;
      for (let c = 0; c < 3; c++) {
        const colour = rgba[i + c]!;
        out[to + c] = opacity === 255 ? colour : Math.round((colour * opacity + 255 * (255 - opacity)) / 255);
      }
      out[to + 3] = 255;
    }
  return out;
}

/** Three bytes a pixel, turned and mirrored as the orientation says. */
function turned(rgba: Uint8Array, width: number, height: number, orientation: number): Uint8Array {
  const out = new Uint8Array(3 * width * height);
  const isTurned = orientation >= 5;
  const [outWidth, outHeight] = isTurned ? [height, width] : [width, height];
  for (let y = 0, to = 0; y < outHeight; y++)
    for (let x = 0; x < outWidth; x++, to += 3) {
      const [column, row] = isTurned ? [y, x] : [x, y];
      const isLeft = [2, 3, 7, 8].includes(orientation);
      const isUp = [3, 4, 6, 7].includes(orientation);
      const from = 4 * ((isUp ? height - 1 - row : row) * width + (isLeft ? width - 1 - column : column));
      out.set(rgba.subarray(from, from + 3), to);
    }
  return out;
}
