/**
 * Learns to draw handwritten digits with a variational autoencoder. The encoder maps an image to a normal distribution over
 * two latent numbers, and the decoder maps two numbers to an image.
 *
 * `model.ts` has both networks and the loss, `fit` trains them, `pictures.ts` and `report.ts` draw the results.
 */
import { join } from "node:path";
import { compile } from "@wengert/compile";
import type { Tensor } from "@wengert/core";
import { summary } from "@wengert/nn";
import { add, mean, randomKey, randomNormal, slice, splitKey } from "@wengert/ops";
import { adam, type Context, fit, linear, measure } from "@wengert/train";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { finishedFit } from "../shared/fitted.ts";
import { type Batch, pixelsPerImage, readDigits, wholeSet } from "../shared/mnist.ts";
import { count, flag, optional, path, positive, spelled } from "../shared/options.ts";
import { indented, whole } from "../shared/table.ts";
import { autoencoder, type Model, type Terms } from "./model.ts";
import { latentGrid, limitOf } from "./pictures.ts";
import { type Outcome, report } from "./report.ts";

const options = {
  epochs: count(8, "passes over the training images"),
  batch: count(128, "images per step"),
  rate: positive(0.001, "initial learning rate of Adam, which decays linearly to 0"),
  latent: count(2, "latent dimensions", { min: 2 }),
  hidden: count(256, "units of the larger hidden layer; the smaller layer has half as many", { min: 2 }),
  limit: count(60_000, "train on the first N images only"),
  test: count(10_000, "test on the first N images only"),
  seed: count(1, "seed of the image order, the initial weights and the samples", { min: 0 }),
  out: path("out/vae", "report folder"),
  checkpoint: optional(
    path("", "file written every minute, at Ctrl-C and at the end"),
    "checkpoint.safetensors in the report folder",
  ),
  resume: flag("resume from the checkpoint"),
  eager: flag("run op by op, without compile"),
};

const vae: Command<{ outcome: Outcome; model: Model; file: string }> = command({
  summary: "a variational autoencoder learns to draw digits from two numbers; shows its latent plane",
  options,
  async run({ out, checkpoint = join(out, "checkpoint.safetensors"), resume, ...settings }, stop) {
    const { epochs, batch: batchSize, rate, latent, hidden, limit, seed } = settings;
    prepareFolder(out);
    const dtype = "float32";
    const train = await readDigits("train", { dtype, limit });
    const test = await readDigits("t10k", { dtype, limit: settings.test });
    const held = wholeSet(test);
    const [modelKey, key, sampleKey] = splitKey(randomKey(seed), 3) as [Tensor, Tensor, Tensor];
    const networks = autoencoder({ latent, hidden: [hidden, Math.floor(hidden / 2)] });
    const start = networks.init(modelKey, dtype);
    const layers = {
      encoder: summary(networks.encoder, [batchSize, pixelsPerImage]),
      decoder: summary(networks.decoder, [batchSize, latent]),
    };
    console.log(`The encoder returns mean and log variance of ${latent} latent dimensions:

${indented(layers.encoder)}

The decoder returns a logit for each pixel:

${indented(layers.decoder)}

${whole(train.count)} training and ${whole(test.count)} test images`);

    const loss = (model: Model, { images }: Batch, { key }: Context): [loss: Tensor, terms: Terms] => {
      const terms = networks.terms(model, images, key);
      return [mean(add(terms.reconstruction, terms.divergence)), terms];
    };
    const metrics = {
      reconstruction: ({ reconstruction }: Terms) => mean(reconstruction).item(),
      divergence: ({ divergence }: Terms) => mean(divergence).item(),
    };
    const began = performance.now();
    const steps = epochs * Math.ceil(train.count / batchSize);
    const fitted = await finishedFit(
      fit(loss, start, wholeSet(train), {
        optimizer: adam({ learningRate: linear({ from: rate, steps }) }),
        epochs,
        batchSize,
        key,
        metrics,
        history: { everySteps: Math.ceil(steps / 100) },
        validation: { data: held },
        signal: stop,
        progress: true,
        checkpoint: { path: checkpoint },
        resume: resume ? checkpoint : false,
        compile: settings.eager ? undefined : compile,
      }),
    );
    const seconds = Math.round((performance.now() - began) / 1000);
    const { step, epoch, params: model } = fitted;
    const stopped = fitted.reason === "aborted";
    const reached = stopped ? [{ step, epoch, ...(await measure(loss, model, held, { metrics, key })) }] : [];
    const validation = [...fitted.history.validation, ...reached];

    const shown = slice(held.images, { stop: [2 * 12] });
    const { mean: points } = networks.encode(model, held.images);
    const rows = points.toNested<number[][]>();
    const square = limitOf(rows);
    const gridSide = 20;
    const outcome: Outcome = {
      command: `npm run example -- vae ${spelled(options, settings)}`.trim(),
      layers,
      latent,
      images: train.count,
      tests: test.count,
      steps: step,
      stopped,
      history: { ...fitted.history, validation },
      pairs: { images: shown, reconstructions: networks.decode(model, networks.encode(model, shown).mean) },
      plane: {
        limit: square,
        points: rows.slice(0, 2000).map(([x, y], i) => ({ x: x!, y: y!, label: test.labels[i]! })),
        grid: networks.decode(model, latentGrid(gridSide, square, latent)),
        gridSide,
      },
      samples: networks.decode(model, randomNormal(sampleKey, { shape: [6 * 16, latent], dtype })),
    };
    const file = await writeWhole(out, "index.html", await report(outcome));
    const { loss: bound, metrics: means } = validation.at(-1)!;
    console.log(`${whole(step)} steps${resume ? "" : ` in ${whole(seconds)} s`}. Test images, in nats per image: \
${bound.toFixed(2)} = ${means.reconstruction!.toFixed(2)} reconstruction + ${means.divergence!.toFixed(2)} divergence
report ${file}${stopped ? `\nresume from ${checkpoint} with --resume` : ""}`);
    return { outcome, model, file };
  },
});

await startIfMain(import.meta, vae);

export default vae;
