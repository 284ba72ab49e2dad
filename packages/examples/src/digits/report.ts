import * as Plot from "@observablehq/plot";
import { cellsOf, drawConfusion } from "../confusion.ts";
import { coloured, escapeHtml, type Figures, htmlTable, page, pageHead } from "../page.ts";
import { chart, line } from "../plots.ts";
import { percent, whole } from "../table.ts";
import { inkImage, signedImage } from "./images.ts";

export interface Point {
  /** Passes over the training images so far; 1.5 is in the middle of the second. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}

export interface Mistake {
  readonly pixels: ArrayLike<number>;
  readonly label: number;
  readonly guess: number;
  /** The softmax row: one probability a digit. */
  readonly probabilities: readonly number[];
}

/** All that the page shows. Nothing in it depends on the clock, so the same seed gives the same page. */
export interface Fit {
  /** What to type for the same figures. */
  readonly command: string;
  readonly hidden: number;
  readonly parameters: number;
  readonly images: number;
  readonly steps: number;
  readonly stopped: boolean;
  readonly train: readonly Point[];
  readonly test: readonly Point[];
  /** How many test images of the digit `row` were read as the digit `column`. */
  readonly confusion: readonly (readonly number[])[];
  /** For each digit, what a little more ink in each pixel adds to its score. */
  readonly weights: readonly ArrayLike<number>[];
  readonly mistakes: readonly Mistake[];
  readonly tape: string;
}

export function report(fit: Fit): string {
  const title = fit.hidden === 0 ? "Ten digits, one matrix" : `Ten digits, ${fit.hidden} hidden units`;
  const sections = [heading(title, fit), curves(fit), confusion(fit), weights(fit), mistakes(fit), tape(fit)];
  return page({ title: `${title}: ${percent(last(fit.test).accuracy)}`, body: `${styles}\n${sections.join("\n")}` });
}

function heading(title: string, fit: Fit): string {
  const model =
    fit.hidden === 0
      ? "Softmax regression, <b>A</b> = <b>XW</b> + <b>b</b>,"
      : "A network of two layers, <b>A</b> = relu(<b>XW</b>₁ + <b>b</b>₁)<b>W</b>₂ + <b>b</b>₂,";
  const { loss, accuracy } = last(fit.test);
  const figures: Figures = [
    [percent(accuracy), "test accuracy"],
    [loss.toFixed(4), "test loss (cross-entropy)"],
    [whole(fit.parameters), "parameters"],
    [whole(fit.images), "training images"],
    [whole(fit.steps), "steps of gradient descent"],
  ];
  const stopped = fit.stopped ? " <em>Training was stopped before its end: this is what it had reached.</em>" : "";
  return pageHead({
    title,
    lead: `${model} fitted to handwritten digits by plain gradient descent. The gradients come from reading
each step’s tape backwards.${stopped}`,
    command: fit.command,
    figures,
  });
}

function curves({ train, test, images }: Fit): string {
  return `<section>
<h2>How it learned</h2>
<p class="note">${coloured("--blue", "training")}, the mean of the steps since the point before&ensp;
${coloured("--orange", "test")}, after each pass over the ${whole(images)} training images</p>
<div class="columns">
<figure>${curve("loss", train, test)}</figure>
<figure>${curve("accuracy", train, test)}</figure>
</div>
</section>`;
}

function curve(quantity: "loss" | "accuracy", train: readonly Point[], test: readonly Point[]): string {
  const channels = { x: "epoch", y: quantity } as const;
  return chart({
    ariaLabel: `${quantity} over the epochs, for the training and the test images`,
    x: { label: "epoch", ticks: Math.min(10, Math.ceil(last(test).epoch)) },
    y: { label: quantity, grid: true, ticks: 6, percent: quantity === "accuracy", nice: true },
    marks: [
      line(train, channels, "--blue"),
      line(test, channels, "--orange"),
      Plot.dot(test, { ...channels, fill: "var(--orange)", r: 3.5 }),
    ],
  });
}

function confusion({ confusion }: Fit): string {
  const cells = cellsOf(confusion);
  const worst = cells
    .filter(({ label, guess, count }) => label !== guess && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 6);
  const hits = cells.filter(({ label, guess }) => label === guess).sort((a, b) => b.share - a.share);
  const [easiest, hardest] = [hits.at(0), hits.at(-1)];
  const plot = drawConfusion({
    confusion,
    names: confusion.map((_, digit) => String(digit)),
    rows: "is a",
    ariaLabel: "confusion matrix: how many test images of each digit were read as each digit",
    height: 440,
    marginLeft: 40,
  });
  const ranking = htmlTable([
    ["is a", "read as", "times", "of that digit"],
    ...worst.map(({ label, guess, count, share }) => [`${label}`, `${guess}`, `${count}`, percent(share)]),
  ]);
  return `<section>
<h2>What it takes for what</h2>
<div class="columns">
<figure>${plot}</figure>
<div>
<p>Read easiest: the ${easiest?.label}, ${percent(easiest?.share ?? 0)} of them right. Hardest: the ${hardest?.label},
${percent(hardest?.share ?? 0)}.</p>
${ranking}
</div>
</div>
</section>`;
}

function weights({ weights, hidden }: Fit): string {
  const sizes = weights.flatMap((row) => Array.from(row, Math.abs)).sort((a, b) => a - b);
  const largest = sizes[Math.floor(0.995 * sizes.length)] || 1; // a few extreme pixels must not bleach all others
  const figures = weights.map(
    (row, digit) =>
      `<figure><img src="${signedImage(row, largest)}" alt="weights of the digit ${digit}" width="28" height="28">` +
      `<figcaption>${digit}</figcaption></figure>`,
  );
  const what =
    hidden === 0
      ? "The ten columns of <b>W</b>, each laid out as the image it is multiplied with."
      : `The derivative of each digit’s score with respect to the pixels, the mean over test images (a unit that relu
has switched off adds nothing). The grain in the corners, where no digit has ink, is left of the random start.`;
  return `<section>
<h2>What it looks for</h2>
<p>${what} Ink where it is <b class="for">orange</b> speaks for the digit, where it is <b class="against">blue</b>
against it; where nothing is, ink says nothing.</p>
<div class="weights">${figures.join("")}</div>
<p class="note">One scale for all ten: full colour from ±${largest.toPrecision(2)} on.</p>
</section>`;
}

function mistakes({ mistakes }: Fit): string {
  const cards = mistakes.map(({ pixels, label, guess, probabilities }) => {
    const bars = probabilities.map((p, digit) => {
      const kind = digit === label ? "truth" : digit === guess ? "guess" : "other";
      const bar = `<span class="bar"><i style="height: ${(100 * p).toFixed(1)}%"></i></span>`;
      return `<td class="${kind}">${bar}<b>${digit}</b>${short(p)}</td>`;
    });
    return `<figure class="mistake">
<img class="ink" src="${inkImage(pixels)}" alt="a handwritten ${label}" width="28" height="28">
<figcaption>A ${label}, read as <b class="guess">${guess}</b><br>
with ${percent(probabilities[guess] ?? 0)}, as a <b class="truth">${label}</b> with ${percent(probabilities[label] ?? 0)}</figcaption>
<table><caption>softmax row, in %</caption><tbody><tr>${bars.join("")}</tr></tbody></table>
</figure>`;
  });
  return `<section>
<h2>Most confidently wrong</h2>
<p>${cards.length === 0 ? "None: every test image was read right." : "The test images whose wrong answer got the highest probability."}</p>
<div class="mistakes">${cards.join("\n")}</div>
</section>`;
}

function tape({ tape }: Fit): string {
  const lines = tape.trimEnd().split("\n");
  const shown = lines.slice(0, 40);
  const rest = lines.length > shown.length ? `\n… and ${lines.length - shown.length} lines more` : "";
  return `<section>
<h2>The tape of one step</h2>
<p>All that the first step computes, written down in order while it ran: the loss, which is log 10 = 2.3026 as long as
each digit gets 1/10; then the gradients, which come of reading the lines of the loss from the last to the first; then
the new parameters.</p>
<pre tabindex="0">${escapeHtml(shown.join("\n") + rest)}</pre>
</section>`;
}

/** A probability in per cent, at most four characters. */
function short(probability: number): string {
  const value = 100 * probability;
  return value >= 99.95 ? "100" : value < 0.05 ? "0" : value.toFixed(1);
}

function last<T>(list: readonly T[]): T {
  const item = list.at(-1);
  if (item === undefined) throw new Error("a fit has at least one test point");
  return item;
}

const styles = `<style>
.for { color: var(--orange); }
.against { color: var(--blue); }
.weights { display: grid; grid-template-columns: repeat(auto-fill, minmax(max(4rem, 9%), 1fr)); gap: .75rem;
  margin-bottom: 1rem; }
@media (min-width: 40rem) { .weights { grid-template-columns: repeat(5, 1fr); } }
@media (min-width: 64rem) { .weights { grid-template-columns: repeat(10, 1fr); } }
.weights img { border: 1px solid var(--line); border-radius: .25rem; }
.weights figcaption { text-align: center; font-size: 1rem; color: var(--ink); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1.25rem; }
.mistake { display: grid; grid-template-columns: 4.5rem 1fr; gap: .75rem; align-items: center; padding: .9rem;
  background: var(--raised); border: 1px solid var(--line); border-radius: .4rem; }
.mistake figcaption { margin: 0; font-variant-numeric: tabular-nums; }
.mistake table { grid-column: 1 / -1; width: 100%; table-layout: fixed; border-collapse: separate; border-spacing: 2px 0; }
.mistake caption { caption-side: bottom; text-align: left; color: var(--muted); font: .75rem var(--data); padding-top: .3rem; }
.mistake td { padding: 0; text-align: center; font-size: .6875rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.mistake td b { display: block; color: var(--ink); font-size: .8125rem; }
.mistake .bar { display: flex; align-items: end; justify-content: center; height: 2.5rem; border-bottom: 1px solid var(--line); }
.mistake .bar i { width: 70%; background: var(--muted); }
.mistake .guess i { background: var(--blue); }
.mistake .truth i { background: var(--orange); }
figcaption .guess { color: var(--blue); }
figcaption .truth { color: var(--orange); }
</style>`;
