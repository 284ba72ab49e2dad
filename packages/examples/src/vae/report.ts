import * as Plot from "@observablehq/plot";
import type { Tensor } from "@wengert/core";
import { colored, type Html, head, html, page } from "@wengert/report";
import type { History, Point } from "@wengert/train";
import { side } from "../shared/mnist.ts";
import { chart, line } from "../shared/plots.ts";
import { whole } from "../shared/table.ts";
import { gridImage } from "./pictures.ts";

/** The contents of the report. They do not depend on the clock, so equal seeds give equal pages. */
export interface Outcome {
  /** The command line that reproduces the report. */
  readonly command: string;
  /** The tables of layers. */
  readonly layers: { readonly encoder: string; readonly decoder: string };
  /** The number of latent dimensions. */
  readonly latent: number;
  readonly images: number;
  readonly tests: number;
  readonly steps: number;
  readonly stopped: boolean;
  /** The learning curves, with the metrics `reconstruction` and `divergence`. */
  readonly history: History;
  /** Test images [n, 784], and the images that the decoder returns for their posterior means. */
  readonly pairs: { readonly images: Tensor; readonly reconstructions: Tensor };
  readonly plane: Plane;
  /** Images that the decoder returns for latent vectors drawn from the prior, [n, 784]. */
  readonly samples: Tensor;
}

interface Plane {
  /** The limit of both axes in the plots of the latent plane: each axis runs from −limit to limit. */
  readonly limit: number;
  /** The posterior means of test images, with the labels of the images. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: number }[];
  /** Images [gridSide², 784] decoded from a grid of points in the latent plane. */
  readonly grid: Tensor;
  readonly gridSide: number;
}

export function report(outcome: Outcome): Promise<string> {
  const sections = [heading, curves, pairs, plane, samples, network].map((section) => section(outcome));
  return page({ title: titleOf(outcome), body: sections, style });
}

const numbers = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
const titleOf = ({ latent }: Outcome): string =>
  `Digits from ${(numbers[latent] ?? `${latent}`).toLowerCase()} numbers`;

function heading(outcome: Outcome): Html {
  const { latent, history, images, steps, layers, stopped, command } = outcome;
  const { loss, metrics } = history.validation.at(-1)!;
  const parameters = [layers.encoder, layers.decoder]
    .map((text) => Number((/([\d,]+)\s*$/.exec(text)?.[1] ?? "0").replaceAll(",", "")))
    .reduce((a, b) => a + b);
  const early = stopped && html` <em>Training was stopped early. This page shows the state at that point.</em>`;
  return head({
    title: titleOf(outcome),
    lead: html`A variational autoencoder fitted to ${whole(images)} handwritten digits. The encoder maps an image to a normal
distribution over ${latent} latent numbers, and the decoder maps ${latent} numbers to an image. No labels are used.${early}`,
    command,
    figures: [
      [loss.toFixed(2), "loss on test images, nats per image"],
      [metrics.reconstruction!.toFixed(2), "reconstruction"],
      [metrics.divergence!.toFixed(2), "divergence"],
      [whole(parameters), "parameters"],
      [whole(steps), "steps of Adam"],
    ],
  });
}

function curves({ history, tests }: Outcome): Html {
  const plotOf = (name: "reconstruction" | "divergence") => {
    const points = (list: readonly Point[]) => list.map(({ epoch, metrics }) => ({ epoch, value: metrics[name]! }));
    const last = history.train.at(-1)?.epoch ?? 0;
    const settled = history.train.filter(({ epoch }) => epoch >= last / 10);
    const held = points(history.validation);
    return chart({
      ariaLabel: `${name} over the epochs, for training and test images`,
      x: { label: "epoch" },
      y: { label: `${name}, nats per image`, grid: true, ticks: 6, nice: true },
      marks: [
        line(points(settled), { x: "epoch", y: "value" }, "--blue"),
        line(held, { x: "epoch", y: "value" }, "--orange"),
        Plot.dot(held, { x: "epoch", y: "value", r: 2.5, fill: "var(--orange)" }),
      ],
    });
  };
  return html`<section>
<h2>Both terms of the loss</h2>
<p>The loss is reconstruction plus divergence, an upper bound of −log p(x). The reconstruction is −log p(x | z) for a sample z of
the encoder’s distribution: the sum of the binary cross-entropies of 784 pixels. The divergence of that distribution from the
standard normal is the price of the information in z. The curves begin after a tenth of the training, because both terms are
much larger before.</p>
<p class="note">${colored("--blue", "training, averaged over steps")}&ensp;${colored("--orange", `${whole(tests)} test images`)}</p>
<div class="columns">
<figure>${plotOf("reconstruction")}</figure>
<figure>${plotOf("divergence")}</figure>
</div>
</section>`;
}

function pairs({ pairs: { images, reconstructions }, latent }: Outcome): Html {
  const [count] = images.shape as [number];
  const [before, after] = [images, reconstructions].map((each) => each.toNested<number[][]>());
  const columns = Math.min(12, count);
  const lines = Array.from({ length: Math.ceil(count / columns) }, (_, k) => {
    const of = (rows: number[][], name: string) =>
      picture(gridImage(rows.slice(k * columns, (k + 1) * columns), columns, 4), name, columns, 1, 4);
    return html`<figure class="pair">${of(before!, "test images")}
${of(after!, "their reconstructions")}</figure>`;
  });
  return html`<section>
<h2>Reconstructions</h2>
<p>The first ${count} test images, and below each image its reconstruction from ${latent} numbers: the decoder’s output for the mean
of the encoder’s distribution. ${latent === 2 ? "Two numbers hold the rough shape, and confuse similar digits such as 4 and 9." : ""}</p>
<div class="pairs">${lines}</div>
</section>`;
}

function plane({ plane: { limit, points, grid, gridSide }, latent }: Outcome): Html {
  const domain = [-limit, limit];
  const size = 480;
  const margins = { marginTop: 24, marginRight: 10, marginBottom: 36, marginLeft: 36 };
  const axes = {
    width: size + margins.marginLeft + margins.marginRight,
    height: size + margins.marginTop + margins.marginBottom,
    ...margins,
    x: { label: "z₁", domain },
    y: { label: "z₂", domain },
  };
  const scatter = chart({
    ...axes,
    ariaLabel: "the posterior means of test images on the latent plane, drawn as colored digits",
    color: { type: "categorical", domain: [...Array(10).keys()], scheme: "observable10" },
    marks: [
      Plot.text(points, {
        x: "x",
        y: "y",
        text: (point: { label: number }) => `${point.label}`,
        fill: "label",
        fontSize: 9,
        fontWeight: 600,
        clip: true,
      }),
    ],
  });
  const decoded = chart({
    ...axes,
    ariaLabel: "decoded images on a grid over the latent plane",
    marks: [
      Plot.image([gridImage(grid.toNested(), gridSide)], {
        x: 0,
        y: 0,
        src: (url: string) => url,
        width: size,
        height: size,
        preserveAspectRatio: "none",
        className: "ink",
      }),
    ],
  });
  const more =
    latent > 2 &&
    html` The model has ${latent} latent dimensions. The plots show the first two; the other dimensions of the decoded images are 0.`;
  return html`<section>
<h2>The latent plane</h2>
<p>The first plot has the means of the encoder’s distributions for ${whole(points.length)} test images, drawn as their labels. The
second plot has the decoder’s output on a grid over the same plane. Neighbors look alike, and one digit changes into
another.${more}</p>
<div class="columns">
<figure>${scatter}</figure>
<figure>${decoded}</figure>
</div>
</section>`;
}

function samples({ samples }: Outcome): Html {
  const [count] = samples.shape as [number];
  const columns = 16;
  return html`<section>
<h2>Samples</h2>
<p>The decoder’s output for ${count} latent vectors drawn from the prior, a standard normal distribution.</p>
<figure class="pair">${picture(gridImage(samples.toNested(), columns, 4), "samples of the decoder", columns, count / columns, 4)}</figure>
</section>`;
}

/** Shows a grid of images. */
function picture(url: string, name: string, columns: number, rows: number, gap: number): Html {
  const pixels = (count: number) => count * (side + gap) - gap;
  return html`<img class="ink" src="${url}" alt="${name}" width="${pixels(columns)}" height="${pixels(rows)}">`;
}

const network = ({ layers }: Outcome): Html => html`<section>
<h2>The networks</h2>
<p>The layers with the shapes of their outputs for a batch, and their numbers of parameters. The encoder returns means and log
variances side by side.</p>
<div class="columns">
<figure><figcaption>encoder</figcaption><pre tabindex="0">${layers.encoder}</pre></figure>
<figure><figcaption>decoder</figcaption><pre tabindex="0">${layers.decoder}</pre></figure>
</div>
</section>
`;

const style = `.pairs { display: grid; gap: 1.25rem; }
.pair img + img { margin-top: .3rem; }
.pair { max-width: 56rem; }
@media screen and (prefers-color-scheme: dark) { g.ink { filter: invert(1); } }`;
