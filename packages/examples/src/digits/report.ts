import type { Tensor } from "@wengert/core";
import { html, report as reportOn } from "@wengert/report";
import type { History } from "@wengert/train";
import { whole } from "../shared/table.ts";

/** The contents of the report, which do not depend on the time, so equal seeds give equal pages. */
export interface Fit {
  /** The command line that reproduces the report. */
  readonly command: string;
  readonly hidden: number;
  readonly optimizer: "sgd" | "adam";
  readonly parameters: number;
  readonly images: number;
  readonly steps: number;
  readonly stopped: boolean;
  readonly history: History;
  /** The test images [n, 28, 28], their labels [n], and their scores [n, 10]. */
  readonly test: { readonly images: Tensor; readonly labels: Tensor; readonly scores: Tensor };
  /** The derivative of each digit's score with respect to each pixel, [10, 28, 28]. */
  readonly weights: Tensor;
  readonly tape: string;
}

export function report(fit: Fit): Promise<string> {
  const { hidden, history, test, weights, tape, command } = fit;
  const model =
    hidden === 0
      ? html`Softmax regression, <b>A</b> = <b>XW</b> + <b>b</b>,`
      : html`A network of two layers, <b>A</b> = relu(<b>XW</b>₁ + <b>b</b>₁)<b>W</b>₂ + <b>b</b>₂,`;
  const stopped = html` <em>Training was stopped early. This page shows the state at that point.</em>`;
  return reportOn(history, {
    title: hidden === 0 ? "Ten digits, one matrix" : `Ten digits, ${hidden} hidden units`,
    lead: html`${model} fitted to handwritten digits by ${fit.optimizer === "sgd" ? "plain gradient descent" : "Adam"}. Each step computes its gradients
by reading its tape backwards.${fit.stopped && stopped}`,
    command,
    figures: [
      [whole(fit.parameters), "parameters"],
      [whole(fit.images), "training images"],
      [whole(fit.steps), fit.optimizer === "sgd" ? "steps of gradient descent" : "steps of Adam"],
    ],
    ...test,
    heldOut: "test",
    ink: true,
    weights,
    tape,
    notes: {
      curves: html`Each training point is the mean over the steps since the previous point. The test images are evaluated after each
pass over the ${whole(fit.images)} training images.`,
      mistakes: "The test images with the highest probability for a wrong answer.",
      weights:
        hidden === 0
          ? html`The ten columns of <b>W</b>, each shown in the shape of the image.`
          : `The derivative of each digit’s score with respect to the pixels, averaged over test images (inactive relu units
contribute nothing). The noise in the corners, where no digit has ink, comes from the random initial weights.`,
      tape: `The complete computation of the first step, in execution order. First the loss, which is log 10 = 2.3026 because each
digit has probability 1/10. Then the gradients, from reading the lines of the loss backwards. Then the new parameters.`,
    },
  });
}
