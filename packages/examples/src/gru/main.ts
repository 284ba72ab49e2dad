/**
 * Trains a character-level language model on a book. The model is a gated recurrent unit: it reads one character at a time,
 * and carries a state from character to character.
 *
 * `model.ts` defines the model, `sample.ts` generates text, `gates.ts` reads the gates, and `report.ts` draws the results. The
 * folder `shared` has the text and the training, which the example `transformer` uses too.
 */
import { join } from "node:path";
import type { Tensor } from "@wengert/core";
import { summary } from "@wengert/nn";
import { randomKey, splitKey } from "@wengert/ops";
import { baselines } from "../shared/baselines.ts";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { learnText, lossOnText } from "../shared/learnText.ts";
import { count, flag, optional, path, positive, spelled, words } from "../shared/options.ts";
import { indented, table, whole } from "../shared/table.ts";
import { encode, mobyDick, readText } from "../shared/text.ts";
import { gatesOver } from "./gates.ts";
import { lossOf, type Model, networkOf } from "./model.ts";
import { type Outcome, report } from "./report.ts";
import { sample } from "./sample.ts";

const options = {
  steps: count(1600, "steps of AdamW"),
  batch: count(16, "texts per step"),
  places: count(64, "characters per text", { min: 2 }),
  units: count(128, "units of the state"),
  width: count(32, "dimensions of the vectors that represent characters"),
  rate: positive(0.005, "peak learning rate; it warms up, then decays to a tenth"),
  text: path(mobyDick, "the text to learn from: the book, or your own text file"),
  prompt: words("The whale", "text to continue"),
  length: count(200, "number of characters to generate"),
  seed: count(1, "seed of the initial weights, the batches and the samples", { min: 0 }),
  out: path("out/gru", "report folder"),
  checkpoint: optional(
    path("", "file written every minute, at Ctrl-C and at the end"),
    "checkpoint.safetensors in the report folder",
  ),
  resume: flag("resume from the checkpoint"),
  eager: flag("run op by op, without compile"),
};

const temperatures = [0.4, 0.7, 1];

const gru: Command<{ outcome: Outcome; model: Model; file: string }> = command({
  summary: "a gated recurrent unit learns to write like Moby-Dick in minutes; shows its gates and its samples",
  options,
  async run({ out, checkpoint = join(out, "checkpoint.safetensors"), resume, ...settings }, stop) {
    const { steps, batch, places, width, units, rate, length, seed, eager } = settings;
    prepareFolder(out);
    const text = readText(settings.text, places + 1);
    const { alphabet } = text;
    const prompt = encode(settings.prompt, alphabet, "--prompt").toNested<number[]>();
    const [modelKey, fitKey, sampleKey] = splitKey(randomKey(seed), 3) as [Tensor, Tensor, Tensor];
    const size = { characters: alphabet.length, width, units };
    const network = networkOf(size);
    const input = { shape: [batch, places], dtype: "int32" } as const;
    const start = network.init(modelKey, input, { dtype: "float32" });
    const layers = summary(network, input);
    const counted = baselines(text, alphabet.length);
    console.log(`${settings.text}: ${whole(text.train.size)} characters to learn from, ${whole(text.held.size)} held out, ${alphabet.length} distinct.

${layers}

Counting models on the held-out text. The loss is in nats per character, and the perplexity is e to the loss:

${table(
  [
    ["", "", "loss", "perplexity"],
    ...counted.map(({ name, counts, loss }) => [name, counts, loss.toFixed(4), Math.exp(loss).toFixed(2)]),
  ],
  { left: 2 },
)}
`);

    const looks = new Set([0, ...[0.05, 0.25].map((share) => Math.round(share * steps))]);
    const plan = { steps, batch, places, rate, key: fitKey, looks, checkpoint, resume, eager };
    const began = performance.now();
    const { fit, models } = await learnText(lossOf(size), start, text, plan, stop);
    const seconds = (performance.now() - began) / 1000;
    const model = fit.params;
    const loss = await lossOnText(lossOf(size), model, text.held, plan);
    const trigram = counted[2]!.loss;
    console.log(`
${whole(fit.step)} steps${resume ? "" : ` in ${whole(Math.round(seconds))} s`}. On all held-out text: ${loss.toFixed(4)} nats per character, perplexity ${Math.exp(loss).toFixed(2)},
${Math.abs(trigram - loss).toFixed(4)} nats ${loss < trigram ? "less" : "more"} than the trigram's ${trigram.toFixed(4)}.`);

    const samples = [...models].map(([step, model]) => ({
      step,
      texts: sample(model, prompt, temperatures, { length, key: sampleKey }).map((codes) =>
        codes.map((code) => alphabet[code]!).join(""),
      ),
    }));
    for (const { step, texts } of samples)
      for (const [k, text] of texts.entries())
        console.log(`\nafter ${whole(step)} steps, temperature ${temperatures[k]}:\n${indented(text)}`);

    const sentence = [...text.sentence].slice(0, places);
    const codes = encode(sentence, alphabet, "the sentence").toNested<number[]>();
    const outcome: Outcome = {
      command: `npm run example -- gru ${spelled(options, settings)}`.trim(),
      source: settings.text,
      learned: text.train.size,
      held: text.held.size,
      stopped: fit.step < steps,
      step: fit.step,
      batch,
      places,
      layers,
      characters: alphabet.length,
      loss,
      baselines: counted,
      history: fit.history,
      prompt: settings.prompt,
      temperatures,
      samples,
      sentence,
      gates: gatesOver(model, codes, 16),
    };
    const file = await writeWhole(out, "index.html", await report(outcome));
    if (outcome.stopped)
      console.log(`\nstopped after ${fit.step} of ${steps} steps; resume from ${checkpoint} with --resume`);
    console.log(`\nreport ${file}`);
    return { outcome, model, file };
  },
});

await startIfMain(import.meta, gru);

export default gru;
