/**
 * Learns to write like a book, character by character: a transformer as GPT-2 is one, small enough for minutes.
 *
 * `model.ts` is the model, and the lesson. `text.ts` and `windows.ts` are what it reads, `learn.ts` fits it, `sample.ts` lets it
 * write; `baselines.ts` says what mere counting gets to, `report.ts` draws.
 */
import { join } from "node:path";
import { type Tensor, tensor } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { randomKey, splitKey } from "@wengert/ops";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { count, flag, InputError, optional, path, positive, spelled, words } from "../shared/options.ts";
import { table, whole } from "../shared/table.ts";
import { baselines } from "./baselines.ts";
import { learn, lossOnAll } from "./learn.ts";
import { initialModel, type Model, predict } from "./model.ts";
import { type Outcome, report } from "./report.ts";
import { sample } from "./sample.ts";
import { encode, mobyDick, readText } from "./text.ts";

const options = {
  steps: count(1600, "steps of AdamW"),
  batch: count(16, "texts a step"),
  places: count(64, "characters of a text: as far back as it sees", { min: 2 }),
  width: count(64, "dimensions of the vectors"),
  heads: count(4, "attention heads of a layer, which share the width"),
  layers: count(2, "layers"),
  rate: positive(0.004, "learning rate at its height: it rises at first, and falls to a tenth"),
  text: path(mobyDick, "what to learn from: the book, or a text file of yours"),
  prompt: words("The whale", "what it goes on from"),
  length: count(300, "characters that it then writes"),
  temperature: positive(0.6, "what scores are divided by when it writes: likely words below 1, daring ones above"),
  seed: count(1, "decides where the model starts, what it reads, and what it writes", { min: 0 }),
  out: path("out/transformer", "folder of the report"),
  checkpoint: optional(
    path("", "file that is written each minute, at Ctrl-C and at the end"),
    "checkpoint.safetensors in the folder of the report",
  ),
  resume: flag("goes on from the checkpoint"),
};

const transformer: Command<{ outcome: Outcome; model: Model; file: string }> = command({
  summary:
    "a transformer of two layers learns in minutes to write like Moby-Dick; where its heads look, how it learns to write",
  options,
  async run({ out, checkpoint = join(out, "checkpoint.safetensors"), resume, ...settings }, stop) {
    const { steps, batch, places, width, heads, layers, rate, temperature, length, seed } = settings;
    if (width % heads !== 0) throw new InputError(`--heads must divide the width ${width}, which ${heads} does not.`);
    prepareFolder(out);
    const text = readText(settings.text, places + 1);
    const { alphabet } = text;
    const prompt = encode(settings.prompt, alphabet, "--prompt").toNested<number[]>();
    const [modelKey, fitKey, sampleKey] = splitKey(randomKey(seed), 3) as [Tensor, Tensor, Tensor];
    const size = { characters: alphabet.length, places, width, layers, dtype: "float32" } as const;
    const start = initialModel(modelKey, size);
    const parameters = leaves("transformer", start, "model").reduce((sum, { size }) => sum + size, 0);
    const counted = baselines(text, alphabet.length);
    console.log(`${settings.text}: ${whole(text.train.size)} characters to learn from, ${whole(text.held.size)} held out, ${alphabet.length} different ones.
The model: ${layers} layers of ${heads} heads, width ${width}, ${whole(parameters)} parameters. It sees ${places} characters back.

What counting gets to on what is held out, in nats a character:

${table(
  counted.map(({ name, counts, loss }) => [name, counts, loss.toFixed(4)]),
  { left: 2 },
)}
`);

    const looks = new Set([0, ...[0.02, 0.1, 0.25, 0.5].map((share) => Math.round(share * steps))]);
    const plan = { steps, batch, places, heads, rate, key: fitKey, looks, checkpoint, resume };
    const began = performance.now();
    const { fit, models } = await learn(start, text, plan, stop);
    const seconds = (performance.now() - began) / 1000;
    const model = fit.params;
    const loss = await lossOnAll(model, text.held, plan);
    const bigram = counted[1]!.loss;
    console.log(`
${whole(fit.step)} steps${resume ? "" : ` in ${whole(Math.round(seconds))} s`}. On all that is held out: ${loss.toFixed(4)} nats a character, \
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
      console.log(`\nstopped after ${fit.step} of ${steps} steps; with --resume it goes on from ${checkpoint}`);
    console.log(`\nreport ${file}`);
    return { outcome, model, file };
  },
});

const indented = (text: string): string =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");

await startIfMain(import.meta, transformer);

export default transformer;
