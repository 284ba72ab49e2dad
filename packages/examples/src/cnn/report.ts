import type { Tensor } from "@wengert/core";
import { type Html, html, report as reportOn } from "@wengert/report";
import type { History } from "@wengert/train";
import { encode } from "fast-png";
import { whole } from "../shared/table.ts";

/** The contents of the report. They do not depend on the clock, so equal seeds give equal pages. */
export interface Fit {
  /** The command line that reproduces the report. */
  readonly command: string;
  /** The table of layers. */
  readonly layers: string;
  readonly images: number;
  readonly steps: number;
  readonly stopped: boolean;
  readonly history: History;
  /** The test images [n, 28, 28], their labels [n], and their scores [n, 10]. */
  readonly test: { readonly images: Tensor; readonly labels: Tensor; readonly scores: Tensor };
  /** The weights of the first convolution, [5, 5, 1, 16]. */
  readonly filters: Tensor;
  /** The printed tape of the model: the list of steps that compute the scores of a batch. */
  readonly tape: string;
}

export function report(fit: Fit): Promise<string> {
  const { history, test, command } = fit;
  const stopped = html` <em>Training was stopped early. This page shows the state at that point.</em>`;
  return reportOn(history, {
    title: "Ten digits, two convolutions",
    lead: html`A network of two convolutions with max pooling and two dense layers, fitted to handwritten digits by Adam,
with dropout in training.${fit.stopped && stopped}`,
    command,
    figures: [
      [/([\d,]+)\s*$/.exec(fit.layers)?.[1] ?? "", "parameters"],
      [whole(fit.images), "training images"],
      [whole(fit.steps), "steps of Adam"],
    ],
    ...test,
    heldOut: "test",
    ink: true,
    sections: [network(fit), filters(fit)],
    notes: {
      curves: html`Each training point is the mean over the steps since the previous point, with dropout. The test images are
evaluated after each pass over the ${whole(fit.images)} training images, without dropout.`,
      mistakes: "The test images with the highest probability for a wrong answer.",
    },
  });
}

const network = ({ layers, tape }: Fit): Html => html`<section>
<h2>The network</h2>
<p>The layers with the shapes of their outputs, [images, height, width, channels], and their numbers of parameters.</p>
<pre tabindex="0">${layers}</pre>
</section>
<section>
<h2>The steps of the network</h2>
<p>The list of steps that computes the scores of a batch. Training records such a list and reads it backwards.</p>
<pre tabindex="0">${tape.trimEnd()}</pre>
</section>
`;

function filters({ filters }: Fit): Html {
  const [height, width, , count] = filters.shape as readonly [number, number, number, number];
  const weights = filters.toNested<number[][][][]>();
  const largest = Math.max(...weights.flat(3).map(Math.abs));
  const figures = Array.from({ length: count }, (_, k) => {
    const picture = pictureOf(weights.map((row) => row.map((pixel) => pixel[0]![k]! / largest)));
    return html`<figure><img src="${picture}" alt="filter ${k + 1}" width="${width}" height="${height}"></figure>`;
  });
  return html`<section>
<h2>The filters of the first layer</h2>
<p>Each of the ${count} filters slides over the image and computes a weighted sum of ${height} × ${width} pixels. <b class="for">Blue</b> weights are positive, and
<b class="against">orange</b> weights are negative. Most filters respond to strokes or edges of one direction.</p>
<div class="weights">${figures}</div>
</section>
`;
}

/** Returns a PNG data URL with one pixel per number between −1 and 1. Numbers near 0 are nearly transparent. */
function pictureOf(numbers: readonly (readonly number[])[]): string {
  const [height, width] = [numbers.length, numbers[0]!.length];
  const color = (x: number) => [...(x > 0 ? [44, 125, 214] : [217, 106, 26]), 255 * Math.abs(x)];
  const data = Uint8ClampedArray.from(numbers.flat().flatMap(color));
  const file = encode({ width, height, channels: 4, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}
