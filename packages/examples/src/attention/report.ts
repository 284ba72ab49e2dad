import * as Plot from "@observablehq/plot";
import { colored, type Html, head, html, page, plot } from "@wengert/report";
import { chart, line } from "../shared/plots.ts";
import { percent, whole } from "../shared/table.ts";
import type { Looks } from "./telling.ts";

export interface Moment {
  /** How many steps came before. */
  readonly step: number;
  readonly loss: number;
  /** Its two halves: the letters that nothing foretells, and those to be copied. */
  readonly news: number;
  readonly copy: number;
  /** The share of the letters to be copied that got the highest score. */
  readonly accuracy: number;
}

/** The weights with which each place of the text sees each. */
export interface View {
  readonly title: string;
  readonly W: readonly (readonly number[])[];
}

/** All that the page shows. Nothing in it depends on the clock, so the same seed gives the same page. */
export interface Fit {
  /** What to type for the same figures. */
  readonly command: string;
  readonly stopped: boolean;
  readonly letters: number;
  readonly parameters: number;
  /** The least loss that news can have in the mean. */
  readonly least: number;
  readonly moments: readonly Moment[];
  /** On words that were not trained on. */
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
  const early = stopped && html` <em>Training was stopped before its end: this is what it had reached.</em>`;
  return head({
    title: "One head that copies",
    lead: html`A text is a random word and the same word again, such as <code>${text.next.join("")}</code>. One causal
attention head reads it letter by letter, and says at each what comes next.${early}`,
    command,
    figures: [
      [percent(outcome.accuracy), "of copies right, unseen words"],
      [outcome.copy.toFixed(4), "loss on copies"],
      [outcome.news.toFixed(4), `loss on news (least: ${least.toFixed(4)})`],
      [whole(parameters), "parameters"],
      [whole(outcome.step), "steps of Adam"],
      [whole(letters), "letters a word"],
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
    ariaLabel: "the share of copies that are right, over the steps",
    x: { label: "step" },
    y: { label: "copies right", grid: true, ticks: 6, percent: true, domain: [0, 100] },
    marks: [line(moments, { x: "step", y: "accuracy" }, "--blue")],
  });
  return html`<section>
<h2>How it learned</h2>
<p>The second half of a text can be known from the first: there the loss goes to 0. The first half is news. Whoever gives
each letter the same chance has the loss log 26 = ${least.toFixed(4)} there, the dashed line, and nobody has less in the mean.</p>
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
<p>A row for each place of one text that it was not trained on: how much of its weight each place that it may see gets.
In the second word the letter to be said stands ${letters - 1} places back: there go the largest weights of ${looks.back} of its
${letters} places. In the first word there is nothing to be found, and ${looks.mark} of the ${letters} places rest on the mark <code>^</code>
before the text.</p>
<div class="maps">${maps}</div>
<p class="note">From gray, 0, to full color, 1. Each row sums to 1. Above the diagonal lies what has not been read yet: the
softmax leaves it out.</p>
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
    ariaLabel: "attention weights: a row for each place, a column for each place that it sees",
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
<p>All that it does with one text, before the first step of training: X is what stands where, S the scores, W the weights.</p>
<pre tabindex="0">${tape}</pre>
</section>`;
}

const style = `.maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 2rem; margin-bottom: 1rem; }
.maps figcaption { text-align: center; }`;
