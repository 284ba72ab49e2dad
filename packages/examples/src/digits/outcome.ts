import { jacobian, type Tensor } from "@wengert/core";
import { mean, softmax, sum } from "@wengert/ops";
import { confusionMatrix, likeliest } from "../confusion.ts";
import { first, wholeSet } from "./batches.ts";
import { classes, type Digits, imageOf } from "./mnist.ts";
import type { Fit, Mistake } from "./report.ts";

/** What a fitted function from images to scores makes of the test images. */
export function examine(
  scores: (images: Tensor) => Tensor,
  test: Digits,
): Pick<Fit, "confusion" | "mistakes" | "weights"> {
  const rows = softmax(scores(wholeSet(test).images)).toNested() as number[][];
  return {
    confusion: confusionMatrix(test.labels, rows.map(likeliest), classes),
    mistakes: worstMistakes(test, rows, 12),
    weights: pixelWeights(scores, first(test, 400).images),
  };
}

/** How a pixel moves each digit's score: ∂score/∂pixel, the mean over the images. If A = X W + b, it is W. */
function pixelWeights(scores: (images: Tensor) => Tensor, images: Tensor): number[][] {
  const derivatives = jacobian((X: Tensor) => mean(scores(X), { axis: 0 }))(images);
  return sum(derivatives, { axis: 1 }).toNested() as number[][];
}

/** The wrong answers that got the highest probability. `rows` holds the softmax row of each image. */
export function worstMistakes(test: Digits, rows: readonly (readonly number[])[], most: number): Mistake[] {
  return rows
    .map((probabilities, i) => ({ i, label: test.labels[i]!, guess: likeliest(probabilities), probabilities }))
    .filter(({ label, guess }) => guess !== label)
    .sort((a, b) => b.probabilities[b.guess]! - a.probabilities[a.guess]!)
    .slice(0, most)
    .map(({ i, ...mistake }) => ({ ...mistake, pixels: imageOf(test, i) }));
}
