import * as Plot from "@observablehq/plot";
import { colored, type Html, head, html, page, plot } from "@wengert/report";
import { chart, line } from "../shared/plots.ts";
import { percent, whole } from "../shared/table.ts";
import type { Looks } from "./summary.ts";

export interface Moment {
  /** The number of training steps after which the loss was measured. */
  readonly step: number;
  readonly loss: number;
  /**
   * The mean loss on the first half of each text, a random word. `copy` is the mean loss on the second half, which
   * repeats the word.
   */
  readonly news: number;
  readonly copy: number;
  /** The fraction of the copied letters that the model predicts correctly. */
  readonly accuracy: number;
}

/** The attention weights for one text, at one point of the training. */
export interface View {
  readonly title: string;
  readonly W: readonly (readonly number[])[];
}

/** The contents of the report, which do not depend on the time, so equal seeds give equal pages. */
export interface Fit {
  /** The command line that reproduces the report. */
  readonly command: string;
  readonly stopped: boolean;
  readonly letters: number;
  readonly parameters: number;
  /** The lowest possible mean loss on random letters. */
  readonly least: number;
  readonly moments: readonly Moment[];
  /** The loss and the accuracy on words that the model has not seen in training. */
  readonly outcome: Moment;
  readonly text: { readonly read: readonly string[]; readonly next: readonly string[] };
  readonly looks: Looks;
  readonly views: readonly View[];
  readonly tape: string;
}

export function report(fit: Fit): Promise<string> {
  const sections = [heading(fit), curves(fit), attention(fit), tape(fit)];
  return page({
    title: `One head that copies: ${percent(fit.outcome.accuracy)}`,
    body: sections,
    style,
  });
}

function heading({ command, stopped, letters, parameters, least, outcome, text }: Fit): Html {
  const early = stopped && html` <em>Training was stopped early. This page shows the state at that point.</em>`;
  return head({
    title: "One head that copies",
    lead: html`A text is a random word repeated once, such as <code>${text.next.join("")}</code>. One causal
attention head reads it letter by letter and predicts each next letter.${early}`,
    command,
    figures: [
      [percent(outcome.accuracy), "of copies correct, unseen words"],
      [outcome.copy.toFixed(4), "loss on copies"],
      [outcome.news.toFixed(4), `loss on news (least: ${least.toFixed(4)})`],
      [whole(parameters), "parameters"],
      [whole(outcome.step), "steps of Adam"],
      [whole(letters), "letters per word"],
    ],
  });
}

function curves({ moments, least }: Fit): Html {
  const losses = chart({
    ariaLabel: "the loss on news and on copies over the steps",
    x: { label: "step" },
    y: { label: "loss", grid: true, ticks: 6, zero: true, nice: true },
    marks: [
      Plot.ruleY([least], { stroke: "var(--muted)", strokeDasharray: "4 4" }),
      line(moments, { x: "step", y: "news" }, "--orange"),
      line(moments, { x: "step", y: "copy" }, "--blue"),
    ],
  });
  const accuracy = chart({
    ariaLabel: "the share of correct copies over the steps",
    x: { label: "step" },
    y: { label: "copies correct", grid: true, ticks: 6, percent: true, domain: [0, 100] },
    marks: [line(moments, { x: "step", y: "accuracy" }, "--blue")],
  });
  return html`<section>
<h2>How it learned</h2>
<p>The second half of a text follows from the first, so its loss falls to 0. The first half is random news. Giving each letter
the same probability has the loss log 26 = ${least.toFixed(4)} there (dashed line), and no model has a lower mean.</p>
<p class="note">${colored("--blue", "copies")}&ensp;${colored("--orange", "news")}; each point is the batch of one step</p>
<div class="columns">
<figure>${losses}</figure>
<figure>${accuracy}</figure>
</div>
</section>`;
}

function attention({ views, text, letters, looks }: Fit): Html {
  const maps = views.map(
    ({ title, W }) => html`<figure>${heatMap(W, text.read)}<figcaption>${title}</figcaption></figure>`,
  );
  return html`<section>
<h2>Where it looks</h2>
<p>The attention weights on one unseen text. Each row is a position, each column a position that it may see. In the second
word the letter to predict is ${letters - 1} positions back; ${looks.back} of its ${letters} positions have their largest weight there. In the first
word nothing helps, and ${looks.mark} of the ${letters} positions look at the mark <code>^</code> before the text.</p>
<div class="maps">${maps}</div>
<p class="note">Gray is 0, full color is 1. Each row sums to 1. The area above the diagonal is the future, which the softmax
masks.</p>
</section>`;
}

function heatMap(W: View["W"], read: readonly string[]): Html {
  const cells = W.flatMap((row, i) => row.slice(0, i + 1).map((weight, j) => ({ i, j, weight })));
  const places = [...read.keys()];
  const axis = {
    domain: places,
    tickFormat: (place: number) => read[place]!,
    tickSize: 0,
    labelArrow: "none",
  } as const;
  return plot({
    ariaLabel: "attention weights: a row for each position, a column for each position that it sees",
    width: 320,
    height: 330,
    marginLeft: 34,
    marginRight: 4,
    marginTop: 34,
    marginBottom: 4,
    x: { ...axis, label: "looks at", axis: "top", labelAnchor: "center" },
    y: { ...axis, label: "read", labelAnchor: "center" },
    opacity: { type: "identity" },
    marks: [
      Plot.cell(cells, { x: "j", y: "i", inset: 0.5, fill: "var(--line)", fillOpacity: 0.5 }),
      Plot.cell(cells, { x: "j", y: "i", inset: 0.5, fill: "var(--blue)", fillOpacity: "weight" }),
    ],
  });
}

function tape({ tape }: Fit): Html {
  return html`<section>
<h2>The head as a tape</h2>
<p>The complete computation for one text, before training. X has the embeddings, S the scores, W the attention weights.</p>
<pre tabindex="0">${tape}</pre>
</section>`;
}

const style = `.maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 2rem; margin-bottom: 1rem; }
.maps figcaption { text-align: center; }`;
