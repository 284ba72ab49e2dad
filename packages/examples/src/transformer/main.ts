/**
 * Trains a character-level language model on a book. The model is a small transformer like GPT-2, which trains in minutes.
 *
 * `model.ts` defines the model, `learn.ts` trains it, `sample.ts` generates text, and `report.ts` draws the results. The folder
 * `shared` has the text, its windows, and the n-gram counts of the comparison.
 */
import { join } from "node:path";
import { type Tensor, tensor } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { randomKey, splitKey } from "@wengert/ops";
import { baselines } from "../shared/baselines.ts";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { learnText } from "../shared/learnText.ts";
import { count, flag, InputError, optional, path, positive, spelled, words } from "../shared/options.ts";
import { indented, table, whole } from "../shared/table.ts";
import { encode, mobyDick, readText } from "../shared/text.ts";
import type { Windows } from "../shared/windows.ts";
import { lossOf, lossOnAll } from "./learn.ts";
import { initialModel, type Model, predict } from "./model.ts";
import { type Outcome, report } from "./report.ts";
import { sample } from "./sample.ts";

const options = {
  steps: count(1600, "steps of AdamW"),
  batch: count(16, "texts per step"),
  places: count(64, "characters per text, the context length", { min: 2 }),
  width: count(64, "dimensions of the vectors"),
  heads: count(4, "attention heads per layer, which share the width"),
  layers: count(2, "layers"),
  rate: positive(0.004, "peak learning rate; it warms up, then decays to a tenth"),
  text: path(mobyDick, "the text to learn from: the book, or your own text file"),
  prompt: words("The whale", "text to continue"),
  length: count(300, "number of characters to generate"),
  temperature: positive(0.6, "sampling temperature, which divides the scores: below 1 favors likely characters"),
  seed: count(1, "seed of the initial weights, the batches and the samples", { min: 0 }),
  out: path("out/transformer", "report folder"),
  checkpoint: optional(
    path("", "file written every minute, at Ctrl-C and at the end"),
    "checkpoint.safetensors in the report folder",
  ),
  resume: flag("resume from the checkpoint"),
  eager: flag("run op by op, without compile"),
};

const transformer: Command<{ outcome: Outcome; model: Model; file: string }> = command({
  summary:
    "a two-layer transformer learns to write like Moby-Dick in minutes; shows its attention and how its samples improve",
  options,
  async run({ out, checkpoint = join(out, "checkpoint.safetensors"), resume, ...settings }, stop) {
    const { steps, batch, places, width, heads, layers, rate, temperature, length, seed, eager } = settings;
    if (width % heads !== 0) throw new InputError(`--heads must divide the width ${width}, got ${heads}.`);
    prepareFolder(out);
    const text = readText(settings.text, places + 1);
    const { alphabet } = text;
    const prompt = encode(settings.prompt, alphabet, "--prompt").toNested<number[]>();
    const [modelKey, fitKey, sampleKey] = splitKey(randomKey(seed), 3) as [Tensor, Tensor, Tensor];
    const size = { characters: alphabet.length, places, width, layers, dtype: "float32" } as const;
    const start = initialModel(modelKey, size);
    const parameters = leaves("transformer", start, "model").reduce((sum, { size }) => sum + size, 0);
    const counted = baselines(text, alphabet.length);
    console.log(`${settings.text}: ${whole(text.train.size)} characters to learn from, ${whole(text.held.size)} held out, ${alphabet.length} distinct.
The model: ${layers} layers of ${heads} heads, width ${width}, ${whole(parameters)} parameters, context of ${places} characters.

Loss of counting models on the held-out text, in nats per character:

${table(
  counted.map(({ name, counts, loss }) => [name, counts, loss.toFixed(4)]),
  { left: 2 },
)}
`);

    const looks = new Set([0, ...[0.02, 0.1, 0.25, 0.5].map((share) => Math.round(share * steps))]);
    const plan = { steps, batch, places, rate, key: fitKey, looks, checkpoint, resume, eager };
    const began = performance.now();
    const ofWindows = (model: Model, windows: Windows) => lossOf(model, windows, heads);
    const { fit, models } = await learnText(ofWindows, start, text, plan, stop);
    const seconds = (performance.now() - began) / 1000;
    const model = fit.params;
    const loss = await lossOnAll(model, text.held, { places, batch, heads, eager });
    const bigram = counted[1]!.loss;
    console.log(`
${whole(fit.step)} steps${resume ? "" : ` in ${whole(Math.round(seconds))} s`}. On all held-out text: ${loss.toFixed(4)} nats per character, \
${Math.abs(bigram - loss).toFixed(4)} ${loss < bigram ? "less" : "more"} than the bigram's ${bigram.toFixed(4)}.`);

    const samples = [...models].map(([step, model]) => {
      const written = sample(model, prompt, { heads, length, temperature, key: sampleKey });
      return { step, text: written.map((code) => alphabet[code]!).join("") };
    });
    for (const { step, text } of samples) console.log(`\nafter ${whole(step)} steps:\n${indented(text)}`);

    const sentence = [...text.sentence].slice(0, places);
    const read = tensor([encode(sentence, alphabet, "the sentence").toNested<number[]>()], { dtype: "int32" });
    const outcome: Outcome = {
      command: `npm run example -- transformer ${spelled(options, settings)}`.trim(),
      source: settings.text,
      learned: text.train.size,
      held: text.held.size,
      stopped: fit.step < steps,
      step: fit.step,
      batch,
      parameters,
      characters: alphabet.length,
      places,
      loss,
      baselines: counted,
      history: fit.history,
      prompt: settings.prompt,
      temperature,
      samples,
      sentence,
      weights: predict(model, read, heads).weights.map((W) => W.toNested<number[][][][]>()[0]!),
    };
    const file = await writeWhole(out, "index.html", await report(outcome));
    if (outcome.stopped)
      console.log(`\nstopped after ${fit.step} of ${steps} steps; resume from ${checkpoint} with --resume`);
    console.log(`\nreport ${file}`);
    return { outcome, model, file };
  },
});

await startIfMain(import.meta, transformer);

export default transformer;
