import { ArgumentError, ShapeError, type Tensor } from "@wengert/core";
import { describe, isList, show, withDefaults } from "@wengert/core/extend";
import { softmax } from "@wengert/ops";
import type { History } from "@wengert/train";
import { type Calibration, type ConfusionMatrix, calibration, confusionMatrix, logLoss } from "@wengert/train";
import { mustBeTensor, predictedClasses, probabilityRows, rowText } from "@wengert/train/extend";
import type { Content } from "./html.ts";
import type { KeyFigures } from "./page.ts";

/** Explanations for sections of the report, by section. An explanation replaces the default text of its section. */
export type SectionNotes = Partial<
  Record<"curves" | "confusion" | "classes" | "calibration" | "mistakes" | "weights" | "tape", Content>
>;

export interface ReportOptions {
  readonly title: string;
  /** The true classes of N held-out rows, int32 [N]. */
  readonly labels: Tensor;
  /** The predicted probabilities of N rows for K classes, float [N, K]. Pass either `probabilities` or `scores`. */
  readonly probabilities?: Tensor | undefined;
  /** The logits of N rows for K classes, float [N, K]. The report applies softmax to the logits. */
  readonly scores?: Tensor | undefined;
  /** The names of the K classes. Default: "0", "1", … */
  readonly classes?: readonly string[] | undefined;
  /** A description of the model and the data, shown below the title. */
  readonly lead?: Content;
  /** The command that reproduces the page. */
  readonly command?: string | undefined;
  /** Additional key figures for the head of the page, shown after accuracy, loss and calibration error. */
  readonly figures?: KeyFigures | undefined;
  /**
   * The rows as images, [N, height, width] or [N, height, width, channels] with 1, 3 or 4 channels. Pixels are floats
   * from 0 to 1, or int32 from 0 to 255.
   */
  readonly images?: Tensor | undefined;
  /** Whether the images are drawings, where 0 is paper and 1 is ink. Drawings use the colors of the page. */
  readonly ink?: boolean | undefined;
  /** The names of the N rows. Default: "row 0", "row 1", … */
  readonly rows?: readonly string[] | undefined;
  /**
   * The weights of each class as an image, [K, height, width]. Positive weights are evidence for the class, negative
   * weights are evidence against it.
   */
  readonly weights?: Tensor | undefined;
  /** A tape as text: the output of `explain` for a training step. */
  readonly tape?: string | undefined;
  /**
   * The label, in the learning curves, of the data that `fit` received as `validation`. Pass "test" if these data are the
   * test set. Default: "validation".
   */
  readonly heldOut?: string | undefined;
  /** The number of worst mistakes to show. Default: 12. */
  readonly mistakes?: number | undefined;
  readonly notes?: SectionNotes | undefined;
  /** Additional sections of the report, made with `html`, which appear before the section of the tape. */
  readonly sections?: readonly Content[] | undefined;
}

/** A row of the data whose prediction is wrong. */
export interface Mistake {
  readonly row: number;
  readonly label: number;
  readonly guess: number;
  readonly probabilities: readonly number[];
}

/** The arguments of a report after checks, and the metrics computed from them. */
export interface Subject {
  readonly histories: readonly History[];
  readonly options: ReportOptions;
  readonly K: number;
  readonly count: number;
  readonly classes: readonly string[];
  readonly matrix: ConfusionMatrix;
  readonly calibration: Calibration;
  readonly loss: number;
  /** The worst mistakes: wrong predictions, sorted from the highest probability to the lowest. */
  readonly mistakes: readonly Mistake[];
  nameOf(row: number): string;
}

const defaults = {
  title: undefined,
  labels: undefined,
  probabilities: undefined,
  scores: undefined,
  classes: undefined,
  lead: undefined,
  command: undefined,
  figures: undefined,
  images: undefined,
  ink: undefined,
  rows: undefined,
  weights: undefined,
  tape: undefined,
  heldOut: "validation",
  mistakes: 12,
  notes: undefined,
  sections: undefined,
};

/**
 * Checks the arguments of a report and computes the metrics.
 * @throws ArgumentError, ShapeError, DTypeError, OutOfRangeError for invalid arguments
 */
export function subjectOf(history: History | readonly History[], value: ReportOptions): Subject {
  const histories = isList(history) ? (history as readonly History[]) : [history as History];
  for (const each of histories) if (!isList(each?.train) || !isList(each?.validation)) throw notAHistoryError(each);
  const options = withDefaults<ReportOptions>("report", value, defaults) as ReportOptions;
  if (typeof options.title !== "string")
    throw new ArgumentError(`report: the title must be a string, got ${show(options.title)}; write { title: "..." }`);
  if (typeof options.heldOut !== "string")
    throw new ArgumentError(
      `report: heldOut must be a string, got ${show(options.heldOut)}; write { heldOut: "test" } for the test set`,
    );
  const { labels, classes, mistakes } = options;
  const ofClasses = { axis: -1, classes }; // with an axis, a single column is a class, not a logit
  const rows = probabilityRows("report", probabilitiesOf(options), labels, ofClasses);
  const { K, count, values } = rows;
  checkSizes(options, count, K);
  const guesses = predictedClasses(rows);
  const matrix = confusionMatrix(rows.scores, labels, ofClasses);
  const mistakeRows = [...guesses.keys()].filter((i) => guesses[i] !== rows.labels[i]);
  const confidence = (i: number) => values[i * K + guesses[i]!]!;
  return {
    histories,
    options,
    K,
    count,
    classes: matrix.classes,
    matrix,
    calibration: calibration(rows.scores, labels, ofClasses),
    loss: logLoss(rows.scores, labels, ofClasses),
    mistakes: mistakeRows
      .sort((a, b) => confidence(b) - confidence(a))
      .slice(0, mistakes)
      .map((row) => ({
        row,
        label: rows.labels[row]!,
        guess: guesses[row]!,
        probabilities: [...values.subarray(row * K, (row + 1) * K)],
      })),
    nameOf: (row) => options.rows?.[row] ?? rowText(labels, row),
  };
}

function notAHistoryError(value: unknown): ArgumentError {
  const isFit = typeof value === "object" && value !== null && "history" in value;
  const hint = isFit ? "write its .history" : "a history is { train, validation }, two lists of points";
  return new ArgumentError(`report: expected the history of a fit, or a list of them, got ${show(value)}; ${hint}`);
}

function probabilitiesOf({ probabilities, scores }: ReportOptions): Tensor {
  if ((probabilities === undefined) === (scores === undefined))
    throw new ArgumentError(
      `report: exactly one of probabilities and scores, [N, K], is required, got ${scores === undefined ? "neither" : "both"}`,
    );
  if (scores === undefined) return probabilities!;
  mustBeTensor("report", "scores", scores);
  return softmax(scores);
}

function checkSizes({ images, weights, rows, mistakes }: ReportOptions, count: number, K: number): void {
  const throwShapeError = (name: string, x: Tensor, expected: string) => {
    const label = x.label ?? name;
    const isFlat = x.shape.length === 2;
    const hint = isFlat ? `; write reshape(${label}, { shape: [${x.shape[0]}, height, width] })` : "";
    throw new ShapeError(`report: ${name} must be ${expected}, got ${describe(x, name)}${hint}`);
  };
  if (images !== undefined) {
    mustBeTensor("report", "images", images);
    const [n, , , channels = 1, ...more] = images.shape;
    if (n !== count || images.shape.length < 3 || ![1, 3, 4].includes(channels) || more.length > 0)
      throwShapeError(
        "images",
        images,
        `[${count}, height, width], one image per row, optionally with 1, 3 or 4 channels`,
      );
  }
  if (weights !== undefined) {
    mustBeTensor("report", "weights", weights);
    if (weights.shape.length !== 3 || weights.shape[0] !== K)
      throwShapeError("weights", weights, `[${K}, height, width], one image per class`);
  }
  if (rows !== undefined && !(isList(rows) && rows.length === count))
    throw new ShapeError(`report: rows must be a list of ${count} names, one per row, got ${show(rows)}`);
  if (!Number.isInteger(mistakes) || mistakes! < 0)
    throw new ArgumentError(`report: mistakes must be a whole number ≥ 0, got ${show(mistakes)}`);
}
