import { tensor } from "@wengert/core";
import { mul, randomKey } from "@wengert/ops";
import * as train from "@wengert/train";
import { describe, expect, it } from "vitest";

const x = tensor([1, 2, 3, 4]);
const params = tensor(1);
const loss = () => mul(params, params);
const scores = tensor([[1, 2], [3, 4]]); // biome-ignore format: a matrix
const labels = tensor([0, 1], { dtype: "int32" });
const once = { optimizer: train.sgd({ learningRate: 0.1 }), epochs: 1 };

type Call = (options: object) => unknown;
/**
 * Maps each public function with options to a call of the function with the given options. A key such as "fit: history"
 * means that the given options are the option `history` of `fit`.
 */
const calls: Readonly<Record<string, Call>> = {
  fit: (options) => train.fit(loss, params, x, options as typeof once),
  "fit: validation": (validation) =>
    train.fit(loss, params, x, { ...once, validation: validation as { data: typeof x } }),
  "fit: history": (history) => train.fit(loss, params, x, { ...once, history }),
  "fit: checkpoint": (checkpoint) => train.fit(loss, params, x, { ...once, checkpoint }),
  measure: (options) => train.measure(loss, params, x, options),
  batches: (options) => train.batches(x, options as { batchSize: number }),
  kFold: (options) => train.kFold(x, options as { folds: number }),
  trainTestSplit: (options) => train.trainTestSplit(x, options as { fraction: number }),
  sgd: (options) => train.sgd(options as { learningRate: number }),
  momentum: (options) => train.momentum(options as { learningRate: number }),
  adam: (options) => train.adam(options as { learningRate: number }),
  adamw: (options) => train.adamw(options as { learningRate: number }),
  cosine: (options) => train.cosine(options as { from: number; steps: number }),
  linear: (options) => train.linear(options as { from: number; steps: number }),
  warmUp: (options) => train.warmUp(options as { steps: number; learningRate: number }),
  lbfgs: (options) => train.lbfgs(loss, params, options),
  newton: (options) => train.newton(loss, params, options),
  accuracy: (options) => train.accuracy(scores, labels, options),
  topKAccuracy: (options) => train.topKAccuracy(scores, labels, options as { k: number }),
  confusionMatrix: (options) => train.confusionMatrix(scores, labels, options),
  logLoss: (options) => train.logLoss(scores, labels, options),
  calibration: (options) => train.calibration(scores, labels, options),
};

/** Returns the error message for a call with an unknown option. */
async function messageFor(name: string, option: string, value: unknown = 0.25): Promise<string> {
  try {
    await calls[name]!({ [option]: value });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${name} accepted ${option}`);
}

describe.each(Object.keys(calls))("%s", (name) => {
  it("suggests each of its options for the same name in snake case, or in lower case", async () => {
    const list = (await messageFor(name, "zzz")).match(/ptions are (.*)$/)![1]!.split(", ");
    for (const option of list)
      for (const variant of [
        option.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        option.toLowerCase(),
      ]) {
        if (variant === option) continue;
        expect(await messageFor(name, variant)).toContain(
          `${name}: there is no option ${variant}; did you mean ${option}?`,
        );
      }
  });
});

/** The hints that error messages give for options of other libraries. */
const setting = "the optimizer has it; write { optimizer: adam({ learningRate: 0.001 }) }";
const key = "write { key: randomKey(1) }";
const shuffle = "a key shuffles the rows; write { key: randomKey(1) }";
const lineSearch = "the line search finds the length of each step; leave it out";
const decay = (caller: string) =>
  `write chain(weightDecay(...), ${caller}(...)), or adamw({ ... }) for decoupled decay`;
/** Maps each function and each option name of other libraries to the option or hint that the error suggests. */
const elsewhere: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  fit: {
    ...{ lr: setting, learning_rate: setting, weight_decay: setting, momentum: setting },
    ...{ batch_size: "batchSize", size: "batchSize", drop_last: "dropLast" },
    ...{ optimiser: "optimizer", opt: "optimizer" },
    ...{ n_epochs: "epochs", num_train_epochs: "epochs", max_steps: "steps" },
    ...{ seed: key, random_state: key },
    ...{ validation_data: "validation" },
    ...{ early_stopping: "patience", early_stopping_patience: "patience", verbose: "progress", callbacks: "onStep" },
  },
  "fit: validation": { batch: "batchSize", every: "everyEpochs" },
  "fit: history": { every: "everySteps" },
  "fit: checkpoint": { filepath: "path" },
  measure: { batch_size: "batchSize", seed: key },
  batches: { batch_size: "batchSize", shuffle, drop_remainder: "dropLast", seed: key },
  kFold: { n_splits: "folds", k: "folds", stratify: "labels", shuffle, random_state: key },
  trainTestSplit: {
    testSize: "write { fraction: 0.75 } for the training part",
    test_size: "write { fraction: 0.75 } for the training part",
    ...{ train_size: "fraction", share: "fraction", stratify: "labels", random_state: key },
  },
  sgd: { lr: "learningRate", step_size: "learningRate", weight_decay: decay("sgd") },
  momentum: { rate: "learningRate" },
  adam: {
    ...{ lr: "learningRate", rate: "learningRate", eps: "epsilon", weightDecay: decay("adam") },
    ...{
      beta1: "write { betas: [0.9, 0.999] }",
      beta_2: "write { betas: [0.9, 0.999] }",
      b1: "write { betas: [0.9, 0.999] }",
    },
  },
  adamw: { lr: "learningRate", wd: "weightDecay", decay: "weightDecay" },
  cosine: { T_max: "steps", eta_min: "to", init_value: "from", decay_steps: "steps", learning_rate: "from" },
  linear: { total_iters: "steps", end_value: "to" },
  warmUp: { warmup_steps: "steps", peak_value: "learningRate", lr: "learningRate", init_value: "from" },
  lbfgs: {
    ...{ maxiter: "maxIterations", max_iter: "maxIterations", history_size: "memorySize", maxcor: "memorySize" },
    ...{ tolerance_grad: "tolerance", gtol: "tolerance", tol: "tolerance", lr: lineSearch, line_search_fn: lineSearch },
  },
  newton: { max_iter: "maxIterations", steps: "maxIterations" },
  accuracy: { dim: "axis", target_names: "classes" },
  topKAccuracy: { top_k: "k", labels: "classes" },
  confusionMatrix: { display_labels: "classes", labels: "classes" },
  logLoss: { labels: "classes" },
  calibration: { n_bins: "bins" },
};

describe.each(Object.entries(elsewhere))("the error of %s suggests what to write instead of", (name, options) => {
  it.each(Object.entries(options))("%s: %s", async (option, suggestion) => {
    const message = await messageFor(name, option);
    const [start, rest] = [
      `${name}: there is no option ${option}; `,
      suggestion.includes(" ") ? suggestion : `did you mean ${suggestion}?`,
    ];
    expect(message.slice(0, start.length + rest.length)).toBe(start + rest);
  });
});

it("the hint for test_size repeats the fraction only if it is one", async () => {
  for (const size of [20, 0, Number.NaN, "a fifth", randomKey(1)])
    expect(await messageFor("trainTestSplit", "test_size", size)).toContain("{ fraction: ... }");
});
