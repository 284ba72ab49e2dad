/** Decoded pixels, row by row. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** The red, green, blue and alpha channels of each pixel, from 0 to 255. */
  readonly rgba: Uint8Array;
  /** The EXIF orientation of the image, from 1 to 8. 1 is upright. */
  readonly orientation: number;
}
