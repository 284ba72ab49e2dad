import { jacobian, type Tensor } from "@wengert/core";
import { mean, reshape, sum } from "@wengert/ops";
import { batches } from "@wengert/train";
import { classes, type Digits, side, wholeSet } from "./mnist.ts";
import type { Fit } from "./report.ts";

/** What a fitted function from images to scores makes of the test images. */
export function examine(scores: (images: Tensor) => Tensor, test: Digits): Pick<Fit, "test" | "weights"> {
  const { images, labels } = wholeSet(test);
  return {
    test: { images: reshape(images, { shape: [test.count, side, side] }), labels, scores: scores(images) },
    weights: pixelWeights(scores, batches(wholeSet(test), { batchSize: 400 }).at(0)!.images),
  };
}

/** How a pixel moves each digit's score: ∂score/∂pixel, the mean over the images. If A = X W + b, it is W. */
function pixelWeights(scores: (images: Tensor) => Tensor, images: Tensor): Tensor {
  const derivatives = jacobian((X: Tensor) => mean(scores(X), { axis: 0 }))(images);
  return reshape(sum(derivatives, { axis: 1 }), { shape: [classes, side, side] });
}
