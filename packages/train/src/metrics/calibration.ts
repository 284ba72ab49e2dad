import { OutOfRangeError, type Tensor } from "@wengert/core";
import { show, withDefaults } from "@wengert/core/extend";
import { probabilityRows } from "./probabilities.ts";
import { type ClassOptions, predictedClasses } from "./rows.ts";

export interface CalibrationOptions extends ClassOptions {
  /** Into how many parts of the same width the confidences are dealt. Default: 10. */
  readonly bins?: number | undefined;
}

/** The rows whose guess had a probability above `from` and up to `to`. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** The mean probability of the guesses; NaN in an empty bin. */
  readonly confidence: number;
  /** The share of guesses that are right; NaN in an empty bin. */
  readonly accuracy: number;
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** The expected calibration error: |accuracy − confidence|, the mean over the rows. */
  readonly expectedError: number;
  /** The maximum calibration error: the largest |accuracy − confidence| of a bin. */
  readonly maximumError: number;
}

/**
 * Whether a model is as often right as it says: of the guesses that have a probability of about 0.8, are 80 % right? The guess
 * is the class of the highest probability, the first of equal ones.
 *
 * `probabilities` are floats with the classes along `axis`, each row with the sum 1; `labels` are int32, of their shape without
 * `axis`. Bins and errors are those of C. Guo, G. Pleiss, Y. Sun, K. Weinberger: On calibration of modern neural networks
 * (2017).
 *
 * @throws ShapeError, DTypeError where they do not fit; OutOfRangeError for a label that is no class, for a row that holds NaN
 * or no probabilities, and for `bins` that are no number from 1 to 1000.
 */
export function calibration(probabilities: Tensor, labels: Tensor, options?: CalibrationOptions): Calibration {
  const { bins, ...classOptions } = withDefaults<CalibrationOptions>("calibration", options, {
    bins: 10,
    axis: -1,
    classes: undefined,
  });
  if (!Number.isInteger(bins) || bins! < 1 || bins! > 1000)
    throw new OutOfRangeError(`calibration: bins must be a whole number from 1 to 1000, got ${show(bins)}`);
  const rows = probabilityRows("calibration", probabilities, labels, classOptions);
  const sums = Array.from({ length: bins! }, () => ({ count: 0, confidence: 0, hits: 0 }));
  predictedClasses(rows).forEach((guess, i) => {
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

/** The m for which m / bins < p ≤ (m + 1) / bins, with these quotients as they are rounded. */
function binOf(p: number, bins: number): number {
  const m = Math.min(bins - 1, Math.floor(p * bins));
  return p <= m / bins && m > 0 ? m - 1 : m;
}
