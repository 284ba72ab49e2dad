import { WengertError } from "@wengert/core";

/** A data set: rows of numbers, and a class for each row. */
export interface Dataset {
  /** A short description of the data set, such as "6,000 digits of MNIST". */
  readonly title: string;
  /** The numbers of all rows, one row after another. If the array has bytes, a byte b stands for the number b / 255. */
  readonly rows: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  readonly features: readonly string[] | Size;
  /** The number to subtract from each pixel of a row of bytes, so that pixels are centered about 0. Default: 0. */
  readonly center?: number;
  /** The mean and standard deviation with which each feature was standardized. */
  readonly scales?: readonly Scale[];
  /** Whether the images are drawings, where 1 is ink and 0 is paper. */
  readonly areDrawn?: boolean;
  /** The rows or files that were skipped, and the reason for each. */
  readonly leftOut?: readonly string[];
}

interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** The size of images. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Images = Dataset & { readonly features: Size };
export const isOfImages = (data: Dataset): data is Images => "width" in data.features;

export const widthOf = ({ features }: Pick<Dataset, "features">): number =>
  "width" in features ? features.width * features.height : features.length;

/** Returns row `i` of a data set as numbers, without subtracting `center` from them. */
export function rowOf(data: Dataset, i: number): Float32Array {
  const width = widthOf(data);
  const row = data.rows.subarray(i * width, (i + 1) * width);
  return row instanceof Float32Array ? row : Float32Array.from(row, (byte) => byte / 255);
}

/** Returns the message of an error as the page shows it, without the names of library functions and options. */
export const wordsOf = (error: unknown, what: string): string =>
  error instanceof WengertError
    ? error.message.replace(/^(readIdx|readCsv|load): |: \{ maxBytes \}.*$/g, "").replace(/[^.]$/, "$&.")
    : `${what} could not be read: ${error}`;

export const [minClasses, maxClasses] = [2, 30] as const;

/**
 * Returns whether row `i` is held out for validation. Fractional parts of multiples of the golden ratio are spread
 * evenly, so every class has the same fraction held out, even if the rows are sorted by class. The result depends only
 * on `i`. So the same rows stay held out when the user adds points.
 */
export const isHeldOut = (i: number, fraction: number): boolean => ((i + 1) * 0.6180339887498949) % 1 < fraction;
