import { jacobian, type Tensor } from "@wengert/core";
import { mean, reshape, sum } from "@wengert/ops";
import { batches } from "@wengert/train";
import { classes, type Digits, side, wholeSet } from "../shared/mnist.ts";
import type { Fit } from "./report.ts";

/** Computes the scores of the test images, and the derivative of each digit's score with respect to each pixel. */
export function examine(scores: (images: Tensor) => Tensor, test: Digits): Pick<Fit, "test" | "weights"> {
  const { images, labels } = wholeSet(test);
  return {
    test: { images: reshape(images, { shape: [test.count, side, side] }), labels, scores: scores(images) },
    weights: pixelWeights(scores, batches(wholeSet(test), { batchSize: 400 }).at(0)!.images),
  };
}

/** Returns ∂score/∂pixel for each digit, averaged over the images. For a linear model A = X W + b, the result is W. */
function pixelWeights(scores: (images: Tensor) => Tensor, images: Tensor): Tensor {
  const derivatives = jacobian((X: Tensor) => mean(scores(X), { axis: 0 }))(images);
  return reshape(sum(derivatives, { axis: 1 }), { shape: [classes, side, side] });
}
