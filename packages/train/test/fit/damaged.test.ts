import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Tensor, tensor, WengertError, zeros } from "@wengert/core";
import { walk } from "@wengert/core/extend";
import { randomKey } from "@wengert/ops";
import { adam, type FitOptions, fit, fromSafetensors, type Optimizer, toSafetensors } from "@wengert/train";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loss, type Model, metrics, type Points, randomModel, randomPoints } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-damaged-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "run.safetensors");

type Options = FitOptions<Model, Points, ReturnType<typeof loss>>;
const data = randomPoints(20);
let updates = 0;
const rule = adam({ learningRate: 0.05 });
const optimizer: Optimizer = {
  init: rule.init as Optimizer["init"],
  update: (grads, state, params) => {
    updates++;
    return (rule as Optimizer).update(grads, state, params);
  },
};
/**
 * A fit with 5 steps per epoch that was stopped after step 2 of the third epoch. By then, it had 12 steps, 4 points of
 * the training curve, and 2 validations.
 */
const options = {
  ...{ optimizer, steps: 12, batchSize: 4, key: randomKey(3), metrics, history: { everySteps: 5 }, patience: 9 },
  validation: { data: randomPoints(7, 5) },
  checkpoint: { path },
};
const run = (more: Partial<Options> = {}, from: unknown = data) =>
  fit(loss, randomModel(), from as Points, { ...options, ...more } as Options);

type Tree = { [key: string]: Tree } | Tensor;
let saved: { readonly tree: Tree; readonly metadata: Readonly<Record<string, string>> };
beforeAll(async () => {
  await run();
  saved = fromSafetensors(readFileSync(path)) as unknown as typeof saved;
  expect((await run({ steps: 14, resume: true, checkpoint: { path } })).step).toBe(14); // the checkpoint itself is valid
});

/** Returns a copy of the tree with another value at a path; the value `undefined` removes the entry. */
function replaced(tree: Tree, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const entry = replaced((tree as { [key: string]: Tree })[key]!, rest, value);
  const others = Object.entries(tree).filter(([name]) => name !== key);
  return Object.fromEntries(entry === undefined ? others : [...others, [key, entry]]);
}

/**
 * Resumes a fit from a damaged checkpoint and returns the error. The fit must not take a step, and must not change the
 * file.
 */
async function errorFrom(tree: unknown, metadata: Readonly<Record<string, string>>, from?: unknown): Promise<Error> {
  const bytes = toSafetensors(tree as { a: Tensor }, { metadata });
  writeFileSync(path, bytes);
  const before = updates;
  try {
    await run({ steps: 20, resume: true }, from);
  } catch (error) {
    expect(updates).toBe(before);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect((error as Error).message).toMatch(/^(fit|load): .*run\.safetensors/);
    return error as Error;
  }
  throw new Error("the damaged checkpoint was accepted");
}

const scalars = ["step", "epoch", "batch", "waited", "reference", "since.rows", "since.loss", "since.metrics.accuracy"];
const columns = ["history.train", "history.validation", "best"].flatMap((curve) =>
  ["step", "epoch", "loss", "metrics.accuracy"].map((column) => `${curve}.${column}`),
);
const fields = [...scalars, ...columns];
/** Fields of a checkpoint in which any number is valid: metrics and validation losses, for example, may be NaN. */
const isMeasurement = (field: string): boolean => /^(history|best|since\.m).*(loss|accuracy)$/.test(field);
const isLoss = (field: string): boolean => field === "since.loss" || field === "reference";
const isEpochOfPoint = (field: string): boolean => /^(history|best).*epoch$/.test(field);

describe("a checkpoint with a damaged field throws before anything changes:", () => {
  it("the fields below are all the numbers of a checkpoint", () => {
    const found: string[] = [];
    walk("test", saved.tree, "tree", (_, where) => found.push(where.slice("tree.".length)));
    expect(found.filter((field) => !/^(best\.)?params|^optimizer/.test(field)).sort()).toEqual([...fields].sort());
  });

  /** Returns a copy of the tensor in a field of the checkpoint, with a different last number. */
  const withLast = (x: Tensor, value: number): Tensor =>
    x.shape.length === 0 ? tensor(value) : tensor([...x.toNested<number[]>().slice(0, -1), value]);
  const numbers = [Number.NaN, Infinity, -Infinity, -1, 0.5, 1e9, 2 ** 60];
  const isAllowed = (field: string, value: number): boolean =>
    isMeasurement(field) ||
    (isLoss(field) && !Number.isNaN(value)) ||
    (isEpochOfPoint(field) && value >= 0 && value < Infinity) ||
    (field === "since.rows" && value === 1e9);
  const structures: Readonly<Record<string, (x: Tensor) => unknown>> = {
    "is missing": () => undefined,
    "is int32": (x) => zeros(x.shape, { dtype: "int32" }),
    "is float32": (x) => zeros(x.shape, { dtype: "float32" }),
    "is a bool": (x) => tensor(zeros(x.shape), { dtype: "bool" }),
    "has another rank": (x) => (x.shape.length === 0 ? zeros([1]) : zeros([])),
    "has no number": () => zeros([0]),
    "has one number more": (x) => (x.shape.length === 0 ? zeros([2]) : zeros([x.shape[0]! + 1])),
    "is a matrix": () => zeros([2, 2]),
    "is a list": (x) => [x],
    "is an object": (x) => ({ x }),
  };
  for (const field of fields)
    it(field, async () => {
      const keys = field.split(".");
      const x = keys.reduce<Tree>((node, key) => (node as { [key: string]: Tree })[key]!, saved.tree) as Tensor;
      for (const value of numbers) {
        if (isAllowed(field, value)) continue;
        const error = await errorFrom(replaced(saved.tree, keys, withLast(x, value)), saved.metadata);
        expect(error, `${field} = ${value}`).toBeInstanceOf(WengertError);
        expect(error.message).toContain(field);
      }
      for (const [name, change] of Object.entries(structures)) {
        const error = await errorFrom(replaced(saved.tree, keys, change(x)), saved.metadata);
        expect(error, `${field} ${name}`).toBeInstanceOf(WengertError);
      }
    });

  for (const field of [
    "params",
    "optimizer",
    "since",
    "since.metrics",
    "history",
    "history.train",
    "history.validation",
    "best.params",
  ])
    it(`${field}, a part of the tree`, async () => {
      const keys = field.split(".");
      for (const value of [undefined, tensor(1), zeros([0]), [tensor(1)], { x: tensor(1) }]) {
        const error = await errorFrom(replaced(saved.tree, keys, value), saved.metadata);
        expect(error).toBeInstanceOf(WengertError);
      }
    });

  it("the whole tree", async () => {
    for (const tree of [tensor(1), [tensor(1)], {}, { x: tensor(1) }])
      expect(await errorFrom(tree, saved.metadata)).toBeInstanceOf(WengertError);
  });

  it("a position that the data do not have", async () => {
    // In this checkpoint, step 12 is batch 2 of epoch 2 (counted from 0), because an epoch has 5 steps.
    for (const [step, epoch, batch] of [
      [12, 0, 2],
      [12, 1, 2],
      [12, 12, 0],
      [12, 2, 1],
      [13, 2, 2],
      [18, 2, 8],
    ]) {
      const position = { step: tensor(step!), epoch: tensor(epoch!), batch: tensor(batch!) };
      const error = await errorFrom({ ...(saved.tree as object), ...position }, saved.metadata);
      expect(error).toBeInstanceOf(WengertError);
    }
  });

  it("a position that a stream cannot have", async () => {
    const { rows: _, size: __, dropLast: ___, shuffle: ____, ...plan } = JSON.parse(saved.metadata["wengert.fit"]!);
    const metadata = { "wengert.fit": JSON.stringify(plan) };
    const stream = async function* () {
      for (let i = 0; i < 5; i++) yield data;
    };
    for (const [step, epoch, batch] of [
      [12, 0, 2],
      [12, 11, 2],
      [2, 2, 1],
      [12, 2, 13],
    ]) {
      const position = { step: tensor(step!), epoch: tensor(epoch!), batch: tensor(batch!) };
      const error = await errorFrom({ ...(saved.tree as object), ...position }, metadata, stream);
      expect(error).toBeInstanceOf(WengertError);
    }
  });

  it("points that are not in order", async () => {
    for (const steps of [
      [10, 5],
      [5, 13],
    ]) {
      const tree = replaced(saved.tree, ["history", "train", "step"], tensor(steps));
      expect(await errorFrom(tree, saved.metadata)).toBeInstanceOf(WengertError);
    }
  });
});

describe("a checkpoint with damaged metadata throws before anything changes:", () => {
  const plan = () => JSON.parse(saved.metadata["wengert.fit"]!) as Record<string, unknown>;
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const texts: Readonly<Record<string, () => string>> = {
    "no text": () => "",
    "no JSON": () => "{",
    "JSON cut short": () => saved.metadata["wengert.fit"]!.slice(0, -1),
    "JSON with text after it": () => `${saved.metadata["wengert.fit"]}x`,
    null: () => "null",
    "a number": () => "7",
    "a string": () => '"fit"',
    "a boolean": () => "true",
    "a list": () => "[]",
    NaN: () => "NaN",
    "an empty object": () => "{}",
    "deeply nested lists": () => deep(100_000),
    "a deeply nested value": () => `{"rows":${deep(100_000)}}`,
    "an unknown key": () => JSON.stringify({ ...plan(), zzz: 1 }),
    "a key __proto__": () => `{"__proto__":{},${saved.metadata["wengert.fit"]!.slice(1)}`,
  };
  it.each(Object.keys(texts))("%s", async (name) => {
    const error = await errorFrom(saved.tree, { "wengert.fit": texts[name]!() });
    expect(error).toBeInstanceOf(WengertError);
    expect(error.message.length).toBeLessThan(1000);
  });

  it("another value of each setting", async () => {
    const names = Object.keys(plan());
    expect(names).toEqual(["version", "rows", "size", "dropLast", "shuffle", "key", "metrics", "history.everySteps"]);
    for (const name of names)
      for (const value of [undefined, null, -1, 1.5, "x", [], {}]) {
        const error = await errorFrom(saved.tree, { "wengert.fit": JSON.stringify({ ...plan(), [name]: value }) });
        expect(error).toBeInstanceOf(WengertError);
        expect(error.message).toContain(name);
      }
  });

  it("no metadata", async () => expect(await errorFrom(saved.tree, {})).toBeInstanceOf(WengertError));
});
