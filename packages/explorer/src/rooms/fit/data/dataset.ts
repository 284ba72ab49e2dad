import { WengertError } from "@wengert/core";

/** What a model is fitted to: rows of numbers, each with its class. */
export interface Dataset {
  /** What it is, in a few words: "6,000 digits of MNIST". */
  readonly title: string;
  /** Row by row. Bytes stand for numbers from 0 to 1, in 255 parts. */
  readonly rows: Float32Array | Uint8Array;
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  readonly features: readonly string[] | Size;
  /** Taken from each number of a row of bytes, so that they lie about 0. Default: 0. */
  readonly center?: number;
  /** Of each feature, what was done to it: x became (x − mean) / deviation. */
  readonly scales?: readonly Scale[];
  /** Whether images are of ink on paper, as one can draw them: then 1 is ink. */
  readonly areDrawn?: boolean;
  /** What was left out of the reader's files, and why. */
  readonly leftOut?: readonly string[];
}

interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** Rows are images. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Images = Dataset & { readonly features: Size };
export const isOfImages = (data: Dataset): data is Images => "width" in data.features;

export const widthOf = ({ features }: Pick<Dataset, "features">): number =>
  "width" in features ? features.width * features.height : features.length;

/** Row `i`, before `center` is taken from it. */
export function rowOf(data: Dataset, i: number): Float32Array {
  const width = widthOf(data);
  const row = data.rows.subarray(i * width, (i + 1) * width);
  return row instanceof Float32Array ? row : Float32Array.from(row, (byte) => byte / 255);
}

/** The message of an error about a file, without the name of the function that read it and without its options. */
export const wordsOf = (error: unknown, what: string): string =>
  error instanceof WengertError
    ? error.message.replace(/^(readIdx|readCsv|load): |: \{ maxBytes \}.*$/g, "").replace(/[^.]$/, "$&.")
    : `${what} could not be read: ${error}`;

export const [minClasses, maxClasses] = [2, 30] as const;

/**
 * Whether row `i` is held out. Multiples of the golden ratio are spread evenly over any stretch of rows, so each class gives
 * its fraction even if rows are sorted by class. Unlike `trainTestSplit`, this depends on `i` alone: a point stays on its
 * side while the reader adds others.
 */
export const isHeldOut = (i: number, fraction: number): boolean => ((i + 1) * 0.6180339887498949) % 1 < fraction;
