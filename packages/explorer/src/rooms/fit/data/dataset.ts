import { WengertError } from "@wengert/core";

/** A data set: rows of numbers, each with its class. */
export interface Dataset {
  /** A short description: "6,000 digits of MNIST". */
  readonly title: string;
  /** The numbers, row by row. A byte b means b / 255. */
  readonly rows: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  readonly features: readonly string[] | Size;
  /** Subtracted from each number of a row of bytes, to center them about 0. Default: 0. */
  readonly center?: number;
  /** The mean and standard deviation that standardize each feature. */
  readonly scales?: readonly Scale[];
  /** Whether the images are drawings: 1 is ink, 0 paper. */
  readonly areDrawn?: boolean;
  /** The skipped parts of the reader's files, with reasons. */
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

/** Returns row `i`, before `center` is subtracted. */
export function rowOf(data: Dataset, i: number): Float32Array {
  const width = widthOf(data);
  const row = data.rows.subarray(i * width, (i + 1) * width);
  return row instanceof Float32Array ? row : Float32Array.from(row, (byte) => byte / 255);
}

/** Returns an error's message for the reader, without the names of the library's function and options. */
export const wordsOf = (error: unknown, what: string): string =>
  error instanceof WengertError
    ? error.message.replace(/^(readIdx|readCsv|load): |: \{ maxBytes \}.*$/g, "").replace(/[^.]$/, "$&.")
    : `${what} could not be read: ${error}`;

export const [minClasses, maxClasses] = [2, 30] as const;

/**
 * Whether row `i` is held out. Multiples of the golden ratio are spread evenly over any stretch of rows, so each class has the
 * same fraction held out, even if rows are sorted by class. Unlike `trainTestSplit`, this depends only on `i`: a point stays in
 * its set while the reader adds points.
 */
export const isHeldOut = (i: number, fraction: number): boolean => ((i + 1) * 0.6180339887498949) % 1 < fraction;
