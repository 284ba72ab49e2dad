import * as Plot from "@observablehq/plot";
import { colored, type Html, head, html, page, plot, table } from "@wengert/report";
import type { History } from "@wengert/train";
import { chart, line } from "../shared/plots.ts";
import { percent, whole } from "../shared/table.ts";
import type { Baseline } from "./baselines.ts";
import { habit, image, type Weights } from "./heads.ts";

/** The text that the model generated after `step` steps, including the prompt. */
interface Sample {
  readonly step: number;
  readonly text: string;
}

/** The contents of the report, which do not depend on the time, so equal seeds give equal pages. */
export interface Outcome {
  /** The command line that reproduces the report. */
  readonly command: string;
  /** The source text (the book's title or a path), the number of training characters, and the number of held-out characters. */
  readonly source: string;
  readonly learned: number;
  readonly held: number;
  readonly stopped: boolean;
  readonly step: number;
  readonly batch: number;
  readonly parameters: number;
  readonly characters: number;
  readonly places: number;
  /** The loss of the model on the whole held-out text, in nats per character. */
  readonly loss: number;
  readonly baselines: readonly Baseline[];
  readonly history: History;
  readonly prompt: string;
  readonly temperature: number;
  readonly samples: readonly Sample[];
  readonly sentence: readonly string[];
  /** The attention weights of each layer and head. */
  readonly weights: readonly (readonly Weights[])[];
}

export function report(outcome: Outcome): Promise<string> {
  return page({
    title: `A transformer that read ${outcome.source}: ${outcome.loss.toFixed(3)} nats per character`,
    body: [heading(outcome), curves(outcome), samples(outcome), attention(outcome)],
    style,
  });
}

function heading(outcome: Outcome): Html {
  const { stopped, source, learned, batch, places, step, loss } = outcome;
  const early = stopped && html` <em>Training was stopped early. This page shows the state at that point.</em>`;
  const read = step * batch * places;
  return head({
    title: html`A transformer that read ${source}`,
    lead: html`The model knows nothing of words. It read the ${whole(learned)} training characters ${(read / learned).toFixed(1)} times on
average, in random windows of ${places}, and predicted each next character.${early}`,
    command: outcome.command,
    figures: [
      [loss.toFixed(4), "nats per character, held out"],
      [(loss / Math.LN2).toFixed(3), "bits per character"],
      [Math.exp(loss).toFixed(2), "perplexity (effective number of choices)"],
      [whole(outcome.parameters), "parameters"],
      [whole(step), "steps of AdamW"],
      [whole(outcome.characters), "distinct characters"],
    ],
  });
}

function curves({ history, baselines, loss, held, characters }: Outcome): Html {
  const first = Math.max(1, history.train[0]?.step ?? 1);
  const last = Math.max(first + 1, history.train.at(-1)?.step ?? 1);
  const losses = chart({
    ariaLabel: "the loss over the steps, compared with counting models",
    marginRight: 60,
    x: { label: "step", type: "log", domain: [first, last], tickFormat: ",d", ticks: 4 },
    y: { label: "nats per character", grid: true, ticks: 6, nice: true },
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
<p>The loss is the mean of −log p, where p is the probability given to the actual next character. The dashed lines are counting
models: the frequency of each character (unigram), after the previous one (bigram), and after the previous two (trigram).</p>
<p class="note">${colored("--blue", "training text, averaged over steps")}&ensp;${colored("--orange", "a sample of the held-out text")}</p>
<div class="columns">
<figure>${losses}</figure>
<div>
<p>On all ${whole(held)} held-out characters:</p>
${table([["predictor", "nats per character"], ...rows.map(([name, loss]) => [name, loss.toFixed(4)])])}
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
<p>Continuations of <b>${prompt}</b>. Each character is drawn from the model’s probabilities at temperature ${temperature}. The
model first learns which characters are frequent, then how long words are, then words.</p>
<div class="samples">${figures}</div>
</section>`;
}

function attention({ weights, sentence }: Outcome): Html {
  const shown = sentence.map((character) => (character === "\n" ? "⏎" : character === " " ? "·" : character));
  const maps = weights.flatMap((heads, layer) =>
    heads.map((W, h) => {
      const { itself, before, distance } = habit(W);
      return html`<figure>${heatMap(W, shown, `layer ${layer + 1}, head ${h + 1}`)}<figcaption><b>layer ${layer + 1}, head ${h + 1}</b><br>
${percent(itself, 0)} on the position itself, ${percent(before, 0)} on the previous one; mean distance ${distance.toFixed(1)}</figcaption></figure>`;
    }),
  );
  return html`<section>
<h2>Where its heads look</h2>
<p>The attention weights on <q>${sentence.join("")}</q>, a held-out sentence. Each row is a position, each column a position that it
may see. A bright line next to the diagonal is a head that attends to the previous character. Bright columns are
characters that many later positions attend to.</p>
<div class="maps">${maps}</div>
<p class="note">The maps show square roots of the weights, which makes small weights visible. Each row of weights sums to 1. The area above the
diagonal is the future, which the softmax masks.</p>
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
