import { compile } from "@wengert/compile";
import { explain, fromNdarray, record, type Tensor, valueAndGrad, zeros } from "@wengert/core";
import { ndarray, ravel } from "@wengert/core/extend";
import {
  add,
  crossEntropy,
  flip,
  foldIn,
  matmul,
  mul,
  randomKey,
  reshape,
  square,
  sub,
  sum,
  transpose,
} from "@wengert/ops";
import { accuracy, adam, fit, type History, kFold, type StandardScaler, standardize } from "@wengert/train";
import type { Fold } from "../shared/classifiers.ts";
import { finishedFit } from "../shared/fitted.ts";
import type { Faces } from "./data.ts";

/** The parameters of the class scores A = X W + b. Each row of X has the standardized pixels of an image. */
interface Model {
  readonly W: Tensor;
  readonly b: Tensor;
}

interface Rows {
  readonly X: Tensor;
  readonly labels: Tensor;
}

export interface Settings {
  readonly folds: number;
  readonly epochs: number;
  readonly rate: number;
  readonly ridge: number;
  readonly seed: number;
}

/** A model that was trained on all folds of a cross-validation except one, the held-out fold. */
interface Part extends Fold {
  readonly model: Model;
  readonly history: History;
}

export interface Judged {
  readonly parts: readonly Part[];
  /**
   * The scores of N images for K classes, float [N, K]. The score of an image comes from the model that was not trained
   * on this image.
   */
  readonly scores: Tensor;
  /**
   * The weights of each class as an image, averaged over all fits, [K, height, width]. If there are only two classes,
   * the images show the difference of their weights.
   */
  readonly weights: Tensor;
  readonly tape: string;
}

const scoresOf = ({ W, b }: Model, X: Tensor): Tensor => add(matmul(X, W), b);
const size = 32; // images per step

/**
 * Runs a cross-validation: for each fold, trains a model on all other folds, tests it on this fold, and calls `done`.
 */
export async function crossValidate(
  { images, labels, classes }: Faces,
  { folds, epochs, rate, ridge, seed }: Settings,
  done: (part: Part, number: number) => void,
): Promise<Judged> {
  const [count = 0, height = 0, width = 0] = images.shape;
  const [D, K] = [height * width, classes.length];
  const loss = (model: Model, { X, labels: y }: Rows): [loss: Tensor, A: Tensor] => {
    const A = scoresOf(model, X);
    return [add(crossEntropy(A, y), mul(ridge / 2, sum(square(model.W)))), A];
  };
  const start: Model = {
    W: zeros([D, K], { dtype: images.dtype, label: "W" }),
    b: zeros([K], { dtype: images.dtype, label: "b" }),
  };
  const place = fromNdarray(
    ndarray(
      Int32Array.from({ length: count }, (_, i) => i),
      [count],
    ),
  );
  const data = { X: reshape(images, { shape: [count, D] }), labels, place };
  const scores = new Float32Array(count * K);
  const parts: Part[] = [];
  let tape = "";
  for (const { train, test } of kFold(data, { folds, key: randomKey(seed), labels })) {
    // The pixels are standardized with means and deviations of the training images alone, so the held-out images do not
    // influence the model.
    const scale: StandardScaler<Tensor> = standardize(train.X);
    const fitted: Rows = { X: scale.transform(train.X), labels: train.labels };
    const heldOut: Rows = { X: scale.transform(test.X), labels: test.labels };
    const part = parts.length;
    if (part === 0)
      tape = explain(
        record(
          valueAndGrad((model: Model) => loss(model, fitted)[0]),
          start,
        ),
      );
    const { params: model, history } = await finishedFit(
      fit(loss, start, fitted, {
        optimizer: adam({ learningRate: rate }),
        epochs,
        batchSize: size,
        key: foldIn(randomKey(seed), part + 1),
        metrics: { accuracy: (A, { labels: y }) => accuracy(A, y) },
        validation: { data: heldOut },
        history: { everySteps: Math.ceil(fitted.labels.size / size) }, // once per epoch, because single steps are noisy
        compile,
      }),
    );
    const unseen = scoresOf(model, heldOut.X);
    ravel(unseen.array!).forEach((score, i) => {
      scores[test.place.data.get(Math.floor(i / K)) * K + (i % K)] = score;
    });
    const judged: Part = {
      model,
      history,
      counts: [train.labels.size, test.labels.size],
      right: [accuracy(scoresOf(model, fitted.X), fitted.labels), accuracy(unseen, heldOut.labels)],
    };
    parts.push(judged);
    done(judged, parts.length);
  }
  const total = parts.map(({ model }) => model.W).reduce((a, b) => add(a, b));
  const W = transpose(mul(1 / folds, total));
  return {
    parts,
    scores: fromNdarray(ndarray(scores, [count, K])),
    // For two classes with the weights w₀ and w₁, shows w₀ − w₁ and w₁ − w₀, because softmax is then the sigmoid of the
    // difference of the scores.
    weights: reshape(K === 2 ? sub(W, flip(W, { axis: 0 })) : W, { shape: [K, height, width] }),
    tape,
  };
}
