/**
 * Trains a causal attention head to copy text. Each text is a random word, repeated once, and the attention head
 * predicts each next letter.
 *
 * `head.ts` defines the model, and `words.ts` the task. `summary.ts` and `report.ts` show the results.
 */
import { explain, record, type Tensor, tensor } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { crossEntropy, foldIn, mean, randomKey, slice, splitKey, take } from "@wengert/ops";
import { accuracy, adam, fit as fitTo, measure, type Point } from "@wengert/train";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { finishedFit } from "../shared/fitted.ts";
import { count, path, positive, spelled } from "../shared/options.ts";
import { percent, size, whole } from "../shared/table.ts";
import { type Head, initialHead, predict } from "./head.ts";
import { type Fit, type Moment, report, type View } from "./report.ts";
import { type Blindness, blindness, looks, predictionSummary } from "./summary.ts";
import { type Batch, copies, letterCount, spelt } from "./words.ts";

interface Aux {
  readonly losses: Tensor;
  readonly logits: Tensor;
}

/**
 * Returns the mean loss over all letters of all texts. The second output, which is not differentiated, has the loss of
 * each letter and the scores.
 */
function loss(head: Head, { read, next }: Batch): [loss: Tensor, aux: Aux] {
  const { logits } = predict(head, read);
  const losses = crossEntropy(logits, next, { reduction: "none" });
  return [mean(losses), { losses, logits }];
}

/**
 * The first half of a text is a random word, and the second half repeats the word. `news` is the mean loss on the first
 * half, and `copy` is the mean loss on the second half.
 */
const metrics = {
  news: ({ losses }: Aux, { next }: Batch) => mean(slice(losses, { stop: [null, next.shape[1]! / 2] })),
  copy: ({ losses }: Aux, { next }: Batch) => mean(second(losses, next)),
  accuracy: ({ logits }: Aux, { next }: Batch) => accuracy(second(logits, next), second(next, next)),
};
const second = (x: Tensor, { shape }: Tensor): Tensor => slice(x, { start: [0, shape[1]! / 2] });

const options = {
  letters: count(10, "letters per word", { min: 2, max: 20 }),
  width: count(32, "dimensions of the vectors"),
  steps: count(200, "steps of Adam"),
  batch: count(32, "texts per step"),
  rate: positive(0.01, "step size"),
  seed: count(1, "seed of the initial weights and the words", { min: 0 }),
  out: path("out/attention", "report folder"),
};

const attention: Command<{ fit: Fit; hidden: Blindness; file: string }> = command({
  summary:
    "one causal attention head learns to copy a word in seconds: its weights, its mask, and what it cannot predict",
  options,
  async run({ out, ...settings }, stop) {
    const { letters, width, steps, batch: count, rate, seed } = settings;
    prepareFolder(out);
    const [headKey, trainKey, testKey] = splitKey(randomKey(seed), 3) as [Tensor, Tensor, Tensor];
    const unseen = copies(testKey, { count: 1000, letters });
    const text = first(unseen);
    const start = initialHead(headKey, { places: 2 * letters, width });
    const parameters = leaves("attention", start, "head").reduce((sum, { size }) => sum + size, 0);
    const least = Math.log(letterCount);
    const tape = explain(record((head: Head) => predict(head, text.read).logits, start));
    console.log(`A text is a random word of ${letters} letters, repeated once: ${spelt(text.next).join("")}.
The head reads a start mark and then the letters, and predicts each next letter among ${letterCount}. The first ${letters} are news:
they are random, so the mean loss cannot be below log ${letterCount} = ${least.toFixed(4)}. The other ${letters} are copies: a head that looks
at the right position reaches loss 0. The best mean of both halves is ${(least / 2).toFixed(4)}.

The head starts as ${whole(parameters)} random numbers in six matrices. X is the letter embedding plus the position embedding.
S = Q Kᵀ / √d scores how well each key matches each query, and W = softmax(S) weights the values. The tape for one text:

${tape}
`);

    const views: View[] = [];
    const look = (title: string, head: Head) =>
      views.push({ title, W: predict(head, text.read).W.toNested<number[][]>() });
    look("before the first step", start);
    function* words() {
      for (let i = 0; ; i++) yield copies(foldIn(trainKey, i), { count, letters });
    }
    let half: Head | undefined;
    const halfRight = (aux: Aux, batch: Batch, head: Head) => {
      const right = metrics.accuracy(aux, batch);
      if (right > 0.5) half ??= head;
      return right;
    };
    const fitted = await finishedFit(
      fitTo(loss, start, words, {
        optimizer: adam({ learningRate: rate, betas: [0.9, 0.99] }),
        steps,
        metrics: { ...metrics, accuracy: halfRight },
        history: { everySteps: 1 },
        signal: stop,
        progress: true,
      }),
    );
    const { params: head, step: taken } = fitted;
    const moments = fitted.history.train.map(({ step, loss, metrics }) => momentOf(step - 1, { loss, metrics }));
    if (half) {
      const { step } = moments.find(({ accuracy }) => accuracy > 0.5)!;
      look(`after ${step} steps, when half of the copies are correct`, half);
    }
    look(`after ${taken} steps`, head);

    const outcome = momentOf(taken, await measure(loss, head, unseen, { metrics }));
    const hidden = blindness(head, text);
    const looking = looks(views.at(-1)!.W);
    console.log(`
On 1,000 unseen words it copies ${percent(outcome.accuracy)} of the letters, with loss ${outcome.copy.toFixed(4)}. The loss on news is \
${outcome.news.toFixed(4)}.

One unseen word, with W: row i has the weights of position i. ░ ▒ ▓ █ are quarters; masked positions are blank.

${predictionSummary(head, text)}

In the second word the letter to predict is ${letters - 1} positions back; ${looking.back} of ${letters} positions look there most. In the first word
nothing helps, and ${looking.mark} of ${letters} positions look at the mark.

The mask is softmax(S, { where: j ≤ i }). Masked entries have weight 0 and gradient 0, even if their score is NaN.
With NaN in all ${hidden.hidden} masked scores, the largest weight there is ${hidden.weight}, the largest |∂loss/∂S| is ${hidden.slope}
(elsewhere ${size(hidden.seenSlope)}), and the loss is ${hidden.losses[0]}; without NaN it is ${hidden.losses[1]}.
`);

    const fit: Fit = {
      command: `npm run example -- attention ${spelled(options, settings)}`.trim(),
      stopped: taken < steps,
      letters,
      parameters,
      least,
      moments,
      outcome,
      text: { read: spelt(text.read), next: spelt(text.next) },
      looks: looking,
      views,
      tape,
    };
    const file = await writeWhole(out, "index.html", await report(fit));
    console.log(`${fit.stopped ? `stopped after ${taken} of ${steps} steps\n` : ""}report ${file}`);
    return { fit, hidden, file };
  },
});

const momentOf = (step: number, { loss, metrics }: Pick<Point, "loss" | "metrics">): Moment => ({
  step,
  loss,
  news: metrics.news!,
  copy: metrics.copy!,
  accuracy: metrics.accuracy!,
});

/** Returns the first text of a batch. */
const first = ({ read, next }: Batch): Batch => {
  const one = (texts: Tensor, label: string) => tensor(take(texts, 0, { axis: 0 }), { label });
  return { read: one(read, "read"), next: one(next, "next") };
};

await startIfMain(import.meta, attention);

export default attention;
