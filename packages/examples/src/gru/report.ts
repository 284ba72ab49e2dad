import * as Plot from "@observablehq/plot";
import { colored, type Html, head, html, page, plot, table } from "@wengert/report";
import type { History } from "@wengert/train";
import type { Baseline } from "../shared/baselines.ts";
import { whole } from "../shared/table.ts";
import { textCurves } from "../shared/textCurves.ts";
import { heatImage, mean, type UnitGates } from "./gates.ts";

/** The texts that the model generated after `step` steps, including the prompt, one for each temperature. */
interface Samples {
  readonly step: number;
  readonly texts: readonly string[];
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
  readonly places: number;
  /** The table of layers. */
  readonly layers: string;
  readonly characters: number;
  /** The loss of the model on the whole held-out text, in nats per character. */
  readonly loss: number;
  readonly baselines: readonly Baseline[];
  readonly history: History;
  readonly prompt: string;
  readonly temperatures: readonly number[];
  readonly samples: readonly Samples[];
  readonly sentence: readonly string[];
  readonly gates: readonly UnitGates[];
}

export function report(outcome: Outcome): Promise<string> {
  return page({
    title: `A recurrent unit that read ${outcome.source}: perplexity ${Math.exp(outcome.loss).toFixed(2)}`,
    body: [heading(outcome), curves(outcome), samples(outcome), gates(outcome), network(outcome)],
    style,
  });
}

function heading(outcome: Outcome): Html {
  const { stopped, source, learned, batch, places, step, loss, layers } = outcome;
  const early = stopped && html` <em>Training was stopped early. This page shows the state at that point.</em>`;
  const read = step * batch * places;
  return head({
    title: html`A recurrent unit that read ${source}`,
    lead: html`The model reads one character at a time, and remembers only its state. It read the ${whole(learned)} training
characters ${(read / learned).toFixed(1)} times on average, in random windows of ${places}, and predicted each next character.${early}`,
    command: outcome.command,
    figures: [
      [Math.exp(loss).toFixed(2), "perplexity (effective number of choices)"],
      [loss.toFixed(4), "nats per character, held out"],
      [(loss / Math.LN2).toFixed(3), "bits per character"],
      [/([\d,]+)\s*$/.exec(layers)?.[1] ?? "", "parameters"],
      [whole(step), "steps of AdamW"],
      [whole(outcome.characters), "distinct characters"],
    ],
  });
}

function curves({ history, baselines, loss, held, characters }: Outcome): Html {
  const rows = [
    ["chance", Math.log(characters)] as const,
    ...baselines.map(({ name, loss }) => [name, loss] as const),
    ["the recurrent unit", loss] as const,
  ];
  return html`<section>
<h2>How it learned</h2>
<p>The loss is the mean of −log p, where p is the probability given to the actual next character. The dashed lines are counting
models: the frequency of each character (unigram), after the previous one (bigram), and after the previous two (trigram).</p>
<p class="note">${colored("--blue", "training text, averaged over steps")}&ensp;${colored("--orange", "a sample of the held-out text")}</p>
<div class="columns">
<figure>${textCurves(history, baselines)}</figure>
<div>
<p>On all ${whole(held)} held-out characters:</p>
${table([
  ["predictor", "nats per character", "perplexity"],
  ...rows.map(([name, loss]) => [name, loss.toFixed(4), Math.exp(loss).toFixed(2)]),
])}
</div>
</div>
</section>`;
}

function samples({ samples, prompt, temperatures }: Outcome): Html {
  const rows = samples.map(
    ({ step, texts }) => html`<h3>after ${whole(step)} steps</h3>
<div class="samples">${texts.map(
      (text, k) => html`<figure><figcaption>temperature ${temperatures[k]!}</figcaption>
<pre tabindex="0"><b>${prompt}</b>${text.slice(prompt.length)}</pre></figure>`,
    )}</div>`,
  );
  return html`<section>
<h2>How it learned to write</h2>
<p>Continuations of <b>${prompt}</b>. Each character is drawn from softmax(scores / temperature). A low temperature prefers likely
characters and repeats itself, and a high temperature invents words.</p>
${rows}
</section>`;
}

function gates({ gates, sentence }: Outcome): Html {
  const shown = sentence.map((character) => (character === "\n" ? "⏎" : character === " " ? "·" : character));
  const names = gates.map(({ unit, update }) => `unit ${unit}, z̄ = ${mean(update).toFixed(2)}`);
  const map = (rows: readonly (readonly number[])[], name: string) => heatMap(rows, shown, names, name);
  return html`<section>
<h2>What its gates do</h2>
<p>The gates of ${gates.length} units while the model reads <q>${sentence.join("")}</q>, a held-out sentence. They are the units
whose update gates vary most, sorted by the mean z̄ of the update gate. A column is the step that reads the character above it.</p>
<figure>${map(
    gates.map(({ update }) => update),
    "update gates",
  )}<figcaption><b>Update gate z.</b> A unit with z = 1 (${colored("--blue", "blue")}) keeps its state, and a unit with z = 0 (blank) replaces it.</figcaption></figure>
<figure>${map(
    gates.map(({ reset }) => reset),
    "reset gates",
  )}<figcaption><b>Reset gate r.</b> A unit with r = 0 (blank) ignores the previous states when it computes its new value.</figcaption></figure>
</section>`;
}

function heatMap(
  rows: readonly (readonly number[])[],
  characters: readonly string[],
  names: readonly string[],
  name: string,
): Html {
  const [columns, lines] = [characters.length, rows.length];
  const [cell, margin, marginTop] = [22, 128, 20];
  const axis = (labels: readonly string[]) => ({
    domain: [-0.5, labels.length - 0.5],
    ticks: [...labels.keys()],
    tickFormat: (place: number) => labels[place]!,
    tickSize: 0,
    label: null,
  });
  const [width, height] = [cell * columns, cell * lines];
  return plot({
    ariaLabel: `${name} of ${lines} units for each character of a sentence`,
    width: width + margin,
    height: height + marginTop,
    marginLeft: margin,
    marginTop,
    marginRight: 0,
    marginBottom: 0,
    x: { ...axis(characters), axis: "top" },
    y: { ...axis(names), reverse: true },
    marks: [
      Plot.image([heatImage(rows)], {
        x: (columns - 1) / 2,
        y: (lines - 1) / 2,
        src: (url: string) => url,
        width,
        height,
        imageRendering: "pixelated",
        preserveAspectRatio: "none",
      }),
    ],
  });
}

const network = ({ layers, places, batch }: Outcome): Html => html`<section>
<h2>The network</h2>
<p>The layers with the shapes of their outputs for ${batch} texts of ${places} characters, and their numbers of parameters. The loop of the
layer <code>gru</code> over the characters is one step of the tape.</p>
<pre tabindex="0">${layers}</pre>
</section>
`;

const style = `h3 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
.samples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 1.5rem; }
.samples figcaption { margin: 0 0 .3rem; }
.samples pre { white-space: pre-wrap; overflow-wrap: anywhere; }
section > figure { margin-bottom: 2rem; }
figure svg text { white-space: pre; }`;
