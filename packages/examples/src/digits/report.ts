import type { Tensor } from "@wengert/core";
import { html, report as reportOn } from "@wengert/report";
import type { History } from "@wengert/train";
import { whole } from "../shared/table.ts";

/** All that the page shows. Nothing in it depends on the clock, so the same seed gives the same page. */
export interface Fit {
  /** What to type for the same figures. */
  readonly command: string;
  readonly hidden: number;
  readonly optimizer: "sgd" | "adam";
  readonly parameters: number;
  readonly images: number;
  readonly steps: number;
  readonly stopped: boolean;
  readonly history: History;
  /** The test images [n, 28, 28], the digits that they show, and what the fit makes of them, [n, 10]. */
  readonly test: { readonly images: Tensor; readonly labels: Tensor; readonly scores: Tensor };
  /** For each digit, what a little more ink in each pixel adds to its score: [10, 28, 28]. */
  readonly weights: Tensor;
  readonly tape: string;
}

export function report(fit: Fit): Promise<string> {
  const { hidden, history, test, weights, tape, command } = fit;
  const model =
    hidden === 0
      ? html`Softmax regression, <b>A</b> = <b>XW</b> + <b>b</b>,`
      : html`A network of two layers, <b>A</b> = relu(<b>XW</b>₁ + <b>b</b>₁)<b>W</b>₂ + <b>b</b>₂,`;
  const stopped = html` <em>Training was stopped before its end: this is what it had reached.</em>`;
  return reportOn(history, {
    title: hidden === 0 ? "Ten digits, one matrix" : `Ten digits, ${hidden} hidden units`,
    lead: html`${model} fitted to handwritten digits by ${fit.optimizer === "sgd" ? "plain gradient descent" : "Adam"}. The gradients come from reading
each step’s tape backwards.${fit.stopped && stopped}`,
    command,
    figures: [
      [whole(fit.parameters), "parameters"],
      [whole(fit.images), "training images"],
      [whole(fit.steps), fit.optimizer === "sgd" ? "steps of gradient descent" : "steps of Adam"],
    ],
    ...test,
    ink: true,
    weights,
    tape,
    notes: {
      curves: html`Each point of training is the mean of the steps since the point before; the test images come after each pass
over the ${whole(fit.images)} training images.`,
      mistakes: "The test images whose wrong answer got the highest probability.",
      weights:
        hidden === 0
          ? html`The ten columns of <b>W</b>, each laid out as the image it is multiplied with.`
          : `The derivative of each digit’s score with respect to the pixels, the mean over test images (a unit that relu
has switched off adds nothing). The grain in the corners, where no digit has ink, is left of the random start.`,
      tape: `All that the first step computes, written down in order while it ran: the loss, which is log 10 = 2.3026 as long as
each digit gets 1/10; then the gradients, which come of reading the lines of the loss from the last to the first; then
the new parameters.`,
    },
  });
}
