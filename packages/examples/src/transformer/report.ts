import * as Plot from "@observablehq/plot";
import { colored, type Html, head, html, page, plot, table } from "@wengert/report";
import type { History } from "@wengert/train";
import { chart, line } from "../shared/plots.ts";
import { percent, whole } from "../shared/table.ts";
import type { Baseline } from "./baselines.ts";
import { habit, image, type Weights } from "./heads.ts";

/** What the model wrote after so many steps, the prompt before it. */
interface Sample {
  readonly step: number;
  readonly text: string;
}

/** All that the page shows. Nothing in it depends on the clock, so the same seed gives the same page. */
export interface Outcome {
  /** What to type for the same figures. */
  readonly command: string;
  /** What was learned from: the name of the book or a path; and how many characters, and how many are held out. */
  readonly source: string;
  readonly learned: number;
  readonly held: number;
  readonly stopped: boolean;
  readonly step: number;
  readonly batch: number;
  readonly parameters: number;
  readonly characters: number;
  readonly places: number;
  /** On all that is held out, in nats a character. */
  readonly loss: number;
  readonly baselines: readonly Baseline[];
  readonly history: History;
  readonly prompt: string;
  readonly temperature: number;
  readonly samples: readonly Sample[];
  readonly sentence: readonly string[];
  /** Layer by layer, head by head. */
  readonly weights: readonly (readonly Weights[])[];
}

export function report(outcome: Outcome): Promise<string> {
  return page({
    title: `A transformer that read ${outcome.source}: ${outcome.loss.toFixed(3)} nats a character`,
    body: [heading(outcome), curves(outcome), samples(outcome), attention(outcome)],
    style,
  });
}

function heading(outcome: Outcome): Html {
  const { stopped, source, learned, batch, places, step, loss } = outcome;
  const early = stopped && html` <em>Training was stopped before its end: this is what it had reached.</em>`;
  const read = step * batch * places;
  return head({
    title: html`A transformer that read ${source}`,
    lead: html`It has never heard of words. It read the ${whole(learned)} characters that it learns from ${(read / learned).toFixed(1)} times in
the mean, ${places} at a time and anywhere, and had to say after each which comes next.${early}`,
    command: outcome.command,
    figures: [
      [loss.toFixed(4), "nats a character, held out"],
      [(loss / Math.LN2).toFixed(3), "bits a character"],
      [Math.exp(loss).toFixed(2), "characters it wavers between, the perplexity"],
      [whole(outcome.parameters), "parameters"],
      [whole(step), "steps of AdamW"],
      [whole(outcome.characters), "different characters"],
    ],
  });
}

function curves({ history, baselines, loss, held, characters }: Outcome): Html {
  const first = Math.max(1, history.train[0]?.step ?? 1);
  const last = Math.max(first + 1, history.train.at(-1)?.step ?? 1);
  const losses = chart({
    ariaLabel: "the loss over the steps, beside what counting gets to",
    marginRight: 60,
    x: { label: "step", type: "log", domain: [first, last], tickFormat: ",d", ticks: 4 },
    y: { label: "nats a character", grid: true, ticks: 6, nice: true },
    marks: [
      Plot.ruleY(baselines, { y: "loss", stroke: "var(--muted)", strokeDasharray: "4 4" }),
      Plot.text(baselines, { x: last, y: "loss", text: "name", textAnchor: "start", dx: 8, fill: "var(--muted)" }),
      line(history.train, { x: "step", y: "loss" }, "--blue"),
      line(history.validation, { x: "step", y: "loss" }, "--orange"),
      Plot.dot(history.validation, { x: "step", y: "loss", r: 2.5, fill: "var(--orange)" }),
    ],
  });
  const rows = [
    ["chance", Math.log(characters)] as const,
    ...baselines.map(({ name, loss }) => [name, loss] as const),
    ["the transformer", loss] as const,
  ];
  return html`<section>
<h2>How it learned</h2>
<p>The loss is the mean of −log p, where p is the probability that the character which came next was given. The dashed lines are
what counting gets to: how often each character came (unigram), and how often after the one (bigram) or two (trigram) before it.</p>
<p class="note">${colored("--blue", "what is learned from, means of steps")}&ensp;${colored("--orange", "a part of what is held out")}</p>
<div class="columns">
<figure>${losses}</figure>
<div>
<p>On all ${whole(held)} characters that are held out:</p>
${table([["foretold by", "nats a character"], ...rows.map(([name, loss]) => [name, loss.toFixed(4)])])}
</div>
</div>
</section>`;
}

function samples({ samples, prompt, temperature }: Outcome): Html {
  const figures = samples.map(
    ({ step, text }) => html`<figure><figcaption>after ${whole(step)} steps</figcaption>
<pre tabindex="0"><b>${prompt}</b>${text.slice(prompt.length)}</pre></figure>`,
  );
  return html`<section>
<h2>How it learned to write</h2>
<p>What it makes of <b>${prompt}</b>, character by character, each drawn by the probabilities that it gives; the scores were
divided by a temperature of ${temperature}. First come the characters, then how long words are, then words.</p>
<div class="samples">${figures}</div>
</section>`;
}

function attention({ weights, sentence }: Outcome): Html {
  const shown = sentence.map((character) => (character === "\n" ? "⏎" : character === " " ? "·" : character));
  const maps = weights.flatMap((heads, layer) =>
    heads.map((W, h) => {
      const { itself, before, distance } = habit(W);
      return html`<figure>${heatMap(W, shown, `layer ${layer + 1}, head ${h + 1}`)}<figcaption><b>layer ${layer + 1}, head ${h + 1}</b><br>
${percent(itself, 0)} on the place itself, ${percent(before, 0)} on the one before; in the mean ${distance.toFixed(1)} back</figcaption></figure>`;
    }),
  );
  return html`<section>
<h2>Where its heads look</h2>
<p>A row for each place of <q>${sentence.join("")}</q>, which it was not trained on: how much of its weight each place that it may see
gets from each head. A bright line beside the diagonal is a head that looks at the character before; bright columns are
characters that many later ones look at.</p>
<div class="maps">${maps}</div>
<p class="note">The square roots of the weights, so that small ones can be seen; each row of weights sums to 1. Above the diagonal lies what
has not been read yet: the softmax leaves it out.</p>
</section>`;
}

function heatMap(W: Weights, characters: readonly string[], name: string): Html {
  const n = W.length;
  const [side, margin] = [300, 18];
  const axis = {
    domain: [-0.5, n - 0.5],
    ticks: [...characters.keys()],
    tickFormat: (place: number) => characters[place]!,
    tickSize: 0,
    label: null,
  };
  return plot({
    ariaLabel: `attention weights of ${name}`,
    width: side + margin,
    height: side + margin,
    marginLeft: margin,
    marginTop: margin,
    marginRight: 0,
    marginBottom: 0,
    x: { ...axis, axis: "top" },
    y: { ...axis, reverse: true },
    marks: [
      Plot.image([image(W)], {
        x: (n - 1) / 2,
        y: (n - 1) / 2,
        src: (url: string) => url,
        width: side,
        height: side,
        imageRendering: "pixelated",
        preserveAspectRatio: "none",
      }),
    ],
  });
}

const style = `.samples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem; }
.samples figcaption { margin: 0 0 .3rem; }
.samples pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); gap: 2rem 1.25rem; margin-bottom: 1rem; }
.maps svg text { font: 10px var(--code); }`;
