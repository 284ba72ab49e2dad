import type { Tensor } from "@wengert/core";
import { argmax, max, softmax } from "@wengert/ops";
import type { ConfusionMatrix } from "@wengert/train";
import { commonest, confusionTable, countsOf, foldTable, standardError, worstOf } from "../shared/classifiers.ts";
import { percent, table } from "../shared/table.ts";
import type { Faces } from "./data.ts";
import type { Judged } from "./fit.ts";

/** Describes the images, and the files that could not be read. */
export function dataSummary({ images, labels, classes, leftOut }: Faces): string {
  const [count, height, width] = images.shape;
  const counts = countsOf(labels, classes).map((n, k) => `${classes[k]} ${n}`);
  const shown = leftOut.slice(0, 10).map((each) => `\n  ${each}`);
  const more = leftOut.length > shown.length ? `\n  … and ${leftOut.length - shown.length} more` : "";
  return `${count} images of ${height} × ${width} pixels in gray, K = ${classes.length}: ${counts.join(", ")}.
${leftOut.length === 0 ? "" : `${leftOut.length} files are left out:${shown.join("")}${more}\n`}`;
}

/** Describes the accuracy on each fold of a cross-validation, the confusion matrix and the worst mistakes. */
export function accuracySummary(
  { labels, classes, names }: Faces,
  { parts, scores }: Pick<Judged, "parts" | "scores">,
  confusion: ConfusionMatrix,
): string {
  const { accuracy } = confusion;
  const { name, fraction } = commonest(confusion);
  const wrong = worstOf(guessesOf(scores, labels), 5);
  const confusions =
    classes.length > 10
      ? ""
      : `
Each image is classified by the fit that has not seen it:

${confusionTable(confusion, "is")}
`;
  return `Softmax regression, P = softmax(X W + b), by adam. Each fold is held out once, and a model is fitted to the
other folds. The means and deviations that scale the pixels also come from the other folds.

${foldTable(parts, accuracy)}

The standard error is ${percent(standardError(accuracy, labels.size))}. Always guessing ${name} would be correct for ${percent(fraction)}.
${confusions}${
  wrong.length === 0
    ? ""
    : `
Wrong with the highest probability:

${table(
  [
    ["", "is", "predicted", "probability"],
    ...wrong.map(({ row, label, guess, probability }) => [
      names[row]!,
      classes[label]!,
      classes[guess]!,
      percent(probability),
    ]),
  ],
  { left: 3 },
)}
`
}`;
}

function guessesOf(scores: Tensor, labels: Tensor) {
  const guesses = argmax(scores, { axis: 1 }).toNested<number[]>();
  const probabilities = max(softmax(scores), { axis: 1 }).toNested<number[]>();
  return labels
    .toNested<number[]>()
    .map((label, row) => ({ row, label, guess: guesses[row]!, probability: probabilities[row]! }));
}
