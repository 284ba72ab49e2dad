import { ArgumentError, ShapeError, type Tensor } from "@wengert/core";
import { describe, isList, show, withDefaults } from "@wengert/core/extend";
import { softmax } from "@wengert/ops";
import type { History } from "@wengert/train";
import { type Calibration, type ConfusionMatrix, calibration, confusionMatrix, logLoss } from "@wengert/train";
import { mustBeTensor, predictedClasses, probabilityRows, rowText } from "@wengert/train/extend";
import type { Content } from "./html.ts";
import type { KeyFigures } from "./page.ts";

/** What may be said above a section instead of the usual sentence. */
export type SectionNotes = Partial<
  Record<"curves" | "confusion" | "classes" | "calibration" | "mistakes" | "weights" | "tape", Content>
>;

export interface ReportOptions {
  readonly title: string;
  /** int32 [N]: the classes of N rows that the model was not fitted to. */
  readonly labels: Tensor;
  /** float [N, K]: what the model says of them; or `scores`. */
  readonly probabilities?: Tensor | undefined;
  /** float [N, K]: the logits, whose softmax are the probabilities. */
  readonly scores?: Tensor | undefined;
  /** The names of the K classes. Default: "0", "1", … */
  readonly classes?: readonly string[] | undefined;
  /** What model and data are. */
  readonly lead?: Content;
  /** What to type for the same page. */
  readonly command?: string | undefined;
  /** Numbers for the head, after accuracy, loss and calibration error. */
  readonly figures?: KeyFigures | undefined;
  /** The N rows as images [N, height, width] or [N, height, width, 1, 3 or 4]: floats from 0 to 1, or int32 from 0 to 255. */
  readonly images?: Tensor | undefined;
  /** Whether the images are of ink, 0 being paper and 1 ink: they take the colors of the page then. */
  readonly ink?: boolean | undefined;
  /** What the N rows are called. Default: "row 0", "row 1", … */
  readonly rows?: readonly string[] | undefined;
  /** An image for each class, [K, height, width], of numbers of both signs: what speaks for it, and what against. */
  readonly weights?: Tensor | undefined;
  /** What `explain` makes of a step. */
  readonly tape?: string | undefined;
  /** How many of the worst mistakes are shown. Default: 12. */
  readonly mistakes?: number | undefined;
  readonly notes?: SectionNotes | undefined;
  /** Sections of your own, made by `html`, before the tape. */
  readonly sections?: readonly Content[] | undefined;
}

/** A row whose guess is wrong. */
export interface Mistake {
  readonly row: number;
  readonly label: number;
  readonly guess: number;
  readonly probabilities: readonly number[];
}

/** What a report is about, checked and counted. */
export interface Subject {
  readonly histories: readonly History[];
  readonly options: ReportOptions;
  readonly K: number;
  readonly count: number;
  readonly classes: readonly string[];
  readonly matrix: ConfusionMatrix;
  readonly calibration: Calibration;
  readonly loss: number;
  /** The worst, of which the wrong guess has the highest probability, first. */
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
  mistakes: 12,
  notes: undefined,
  sections: undefined,
};

/** @throws ArgumentError, ShapeError, DTypeError, OutOfRangeError for what does not fit together. */
export function subjectOf(history: History | readonly History[], value: ReportOptions): Subject {
  const histories = isList(history) ? (history as readonly History[]) : [history as History];
  for (const each of histories) if (!isList(each?.train) || !isList(each?.validation)) throw notAHistoryError(each);
  const options = withDefaults<ReportOptions>("report", value, defaults) as ReportOptions;
  if (typeof options.title !== "string")
    throw new ArgumentError(`report: the title must be a string, got ${show(options.title)}; write { title: "..." }`);
  const { labels, classes, mistakes } = options;
  const rows = probabilityRows("report", probabilitiesOf(options), labels, { axis: -1, classes });
  const { K, count, values } = rows;
  checkSizes(options, count, K);
  const guesses = predictedClasses(rows);
  const matrix = confusionMatrix(rows.scores, labels, { classes });
  const mistakeRows = [...guesses.keys()].filter((i) => guesses[i] !== rows.labels[i]);
  const confidence = (i: number) => values[i * K + guesses[i]!]!;
  return {
    histories,
    options,
    K,
    count,
    classes: matrix.classes,
    matrix,
    calibration: calibration(rows.scores, labels, { classes }),
    loss: logLoss(rows.scores, labels, { classes }),
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
  const hint = isFit ? "write its .history" : "it is { train, validation }, lists of points";
  return new ArgumentError(`report: expected the history of a fit, or a list of them, got ${show(value)}; ${hint}`);
}

function probabilitiesOf({ probabilities, scores }: ReportOptions): Tensor {
  if ((probabilities === undefined) === (scores === undefined))
    throw new ArgumentError(
      `report: give either probabilities or scores, [N, K]; got ${scores === undefined ? "neither" : "both"}`,
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
    throw new ShapeError(`report: ${name} are ${expected}, got ${describe(x, name)}${hint}`);
  };
  if (images !== undefined) {
    mustBeTensor("report", "images", images);
    const [n, , , channels = 1, ...more] = images.shape;
    if (n !== count || images.shape.length < 3 || ![1, 3, 4].includes(channels) || more.length > 0)
      throwShapeError("images", images, `[${count}, height, width], one a row, or that with 1, 3 or 4 channels`);
  }
  if (weights !== undefined) {
    mustBeTensor("report", "weights", weights);
    if (weights.shape.length !== 3 || weights.shape[0] !== K)
      throwShapeError("weights", weights, `[${K}, height, width], an image for each class`);
  }
  if (rows !== undefined && !(isList(rows) && rows.length === count))
    throw new ShapeError(`report: rows is a list of ${count} names, one a row; got ${show(rows)}`);
  if (!Number.isInteger(mistakes) || mistakes! < 0)
    throw new ArgumentError(`report: mistakes says how many are shown, a whole number; got ${show(mistakes)}`);
}
