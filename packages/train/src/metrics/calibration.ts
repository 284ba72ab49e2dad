import { OutOfRangeError, type Tensor } from "@wengert/core";
import { show, withDefaults } from "@wengert/core/extend";
import { binaryRows, isBinary, mustHaveNoThreshold, probabilitiesOf, thresholded } from "./binary.ts";
import { probabilityRows } from "./probabilities.ts";
import { classNames, mustBeTensor, type PredictionOptions, predictedClasses, type Rows } from "./rows.ts";

export interface CalibrationOptions extends PredictionOptions {
  /** The number of equally wide bins for the confidences. Default 10. */
  readonly bins?: number | undefined;
}

/** A bin: the rows whose predicted class has a probability p with `from` < p ≤ `to`. The first bin includes p = 0. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** The mean probability of the predicted classes in this bin, or NaN if the bin is empty. */
  readonly confidence: number;
  /** The fraction of correct predictions in this bin, or NaN if the bin is empty. */
  readonly accuracy: number;
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /**
   * The expected calibration error: the mean of |accuracy − confidence| over the bins, weighted by the number of rows
   * in each bin.
   */
  readonly expectedError: number;
  /** The maximum calibration error: the largest |accuracy − confidence| of any bin. */
  readonly maximumError: number;
}

/**
 * Compares confidence with accuracy: of the predictions with a probability of about 0.8, 80 % should be correct. The
 * prediction is the class with the highest probability, or the first such class.
 *
 * `probabilities` are floats with the classes along `axis`; each row sums to 1. `labels` are int32, with the shape of
 * the probabilities without `axis`. Bins and errors follow C. Guo, G. Pleiss, Y. Sun, K. Weinberger: On calibration of
 * modern neural networks (2017).
 *
 * For two classes, `probabilities` may be the logits of class 1, [N] or [N, 1], with labels 0 or 1 of any dtype. The
 * prediction is class 1 where its probability exceeds `threshold`, and the confidence is the probability of the
 * predicted class.
 *
 * @throws ShapeError, DTypeError if `probabilities` and `labels` are incompatible
 * @throws OutOfRangeError for a label outside 0 … K − 1, a row that holds NaN or does not sum to 1, or `bins` outside 1
 * … 1000
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function calibration(probabilities: Tensor, labels: Tensor, options?: CalibrationOptions): Calibration {
  const { bins, axis, classes, threshold } = withDefaults<CalibrationOptions>(
    "calibration",
    options,
    {
      bins: 10,
      axis: undefined,
      classes: undefined,
      threshold: undefined,
    },
    classNames,
  );
  if (!Number.isInteger(bins) || bins! < 1 || bins! > 1000)
    throw new OutOfRangeError(`calibration: bins must be a whole number from 1 to 1000, got ${show(bins)}`);
  const { rows, guesses } = predictionsOf(probabilities, labels, { axis, classes, threshold });
  const sums = Array.from({ length: bins! }, () => ({ count: 0, confidence: 0, hits: 0 }));
  guesses.forEach((guess, i) => {
    const confidence = rows.values[i * rows.K + guess]!;
    const bin = sums[binOf(confidence, bins!)]!;
    bin.count++;
    bin.confidence += confidence;
    if (guess === rows.labels[i]) bin.hits++;
  });
  const gaps = sums.map(({ confidence, hits }) => Math.abs(hits - confidence));
  return {
    bins: sums.map(({ count, confidence, hits }, m) => ({
      from: m / bins!,
      to: (m + 1) / bins!,
      count,
      confidence: confidence / count,
      accuracy: hits / count,
    })),
    expectedError: gaps.reduce((sum, gap) => sum + gap, 0) / rows.count,
    maximumError: Math.max(...gaps.map((gap, m) => gap / Math.max(1, sums[m]!.count))),
  };
}

/** Returns the probabilities of all classes for each row, and the predicted classes. */
function predictionsOf(
  probabilities: Tensor,
  labels: Tensor,
  { axis, classes, threshold }: PredictionOptions,
): { readonly rows: Rows; readonly guesses: Int32Array } {
  const caller = "calibration";
  mustBeTensor(caller, "scores", probabilities);
  if (isBinary(probabilities, labels, axis)) {
    const binary = binaryRows(caller, probabilities, labels, classes);
    return { rows: probabilitiesOf(caller, binary), guesses: thresholded(caller, binary, threshold) };
  }
  mustHaveNoThreshold(caller, probabilities, threshold);
  const rows = probabilityRows(caller, probabilities, labels, { axis, classes });
  return { rows, guesses: predictedClasses(rows) };
}

/**
 * Returns the index m of the bin that contains the probability p: m / bins < p ≤ (m + 1) / bins, with both quotients
 * rounded to doubles.
 */
function binOf(p: number, bins: number): number {
  const m = Math.min(bins - 1, Math.floor(p * bins));
  return p <= m / bins && m > 0 ? m - 1 : m;
}
