import { softmax } from "@wengert/ops";
import type { ConfusionMatrix } from "@wengert/train";
import { likeliest } from "../algebra.ts";
import { percent, table } from "../table.ts";
import type { Faces } from "./data.ts";
import type { Judged } from "./fit.ts";

/** What there is, and what could not be read. */
export function dataTold({ images, labels, classes, leftOut }: Faces): string {
  const [count, height, width] = images.shape;
  const counts = classes.map((name, k) => `${name} ${[...labels.data.data].filter((label) => label === k).length}`);
  const shown = leftOut.slice(0, 10).map((each) => `\n  ${each}`);
  const more = leftOut.length > shown.length ? `\n  … and ${leftOut.length - shown.length} more` : "";
  return `${count} images of ${height} × ${width} pixels in grey, K = ${classes.length}: ${counts.join(", ")}.
${leftOut.length === 0 ? "" : `${leftOut.length} files are left out:${shown.join("")}${more}\n`}`;
}

/** How often each fit is right, and what is taken for what. */
export function accuracyTold(
  { labels, classes, names }: Faces,
  { parts, scores }: Pick<Judged, "parts" | "scores">,
  { counts, results, accuracy }: ConfusionMatrix,
): string {
  const count = labels.size;
  const commonest = results.reduce((a, b) => (b.count > a.count ? b : a));
  const wrong = worstOf(softmax(scores).toNested<number[][]>(), [...labels.data.data], 5);
  const confusions =
    classes.length > 10
      ? ""
      : `
Each image is judged by the fit that has not seen it:

${table([
  ["", ...classes.map((name) => `read as ${name}`), "right"],
  ...classes.map((name, k) => [
    `is ${name}`,
    ...counts.toNested<number[][]>()[k]!.map(String),
    percent(results[k]!.recall),
  ]),
])}
`;
  return `Softmax regression, P = softmax(X W + b), by adam. Each part of the images is held out once from a fit to the others;
means and deviations, by which pixels are scaled, come from those others alone.

${table([
  ["", "fitted", "right", "held out", "right"],
  ...parts.map(({ counts: [fitted, heldOut], right }, i) => [
    `part ${i + 1}`,
    `${fitted}`,
    percent(right[0]),
    `${heldOut}`,
    percent(right[1]),
  ]),
  ["all", "", "", `${count}`, percent(accuracy)],
])}

The standard error is ${percent(Math.sqrt((accuracy * (1 - accuracy)) / count))}. Always to say ${commonest.name} would be right for ${percent(commonest.count / count)}.
${confusions}${
  wrong.length === 0
    ? ""
    : `
Most confidently wrong:

${table(
  [
    ["", "is", "read as", "with"],
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

/** The wrong guesses of the highest probability. */
function worstOf(probabilities: readonly (readonly number[])[], labels: readonly number[], most: number) {
  return probabilities
    .map((row, i) => ({ row: i, label: labels[i]!, guess: likeliest(row), probability: Math.max(...row) }))
    .filter(({ guess, label }) => guess !== label)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, most);
}
