/** Decoded pixels, row by row. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity of each pixel, 0 to 255. */
  readonly rgba: Uint8Array;
  /** The EXIF orientation; 1 is upright. */
  readonly orientation: number;
}
