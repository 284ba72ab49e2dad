import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate, grad, jacobian, type Tensor, tensor, trace } from "@wengert/core";
import * as nn from "@wengert/nn";
import { crossEntropy, mean, mse, randomKey, randomNormal, relu, reshape, sign, sum } from "@wengert/ops";
import { accuracy, adam, fit, fromSafetensors, load, measure, save, toSafetensors } from "@wengert/train";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "wengert-nn-"));
afterAll(() => rmSync(folder, { recursive: true }));

const small = nn.sequential(nn.dense(4), relu, nn.dropout(0.2), nn.dense(2));
const x = randomNormal(randomKey(1), { shape: [6, 3] });

test("fit trains a net with dropout on the XOR of signs", async () => {
  const X = randomNormal(randomKey(1), { shape: [200, 2] });
  const y = tensor(
    X.toNested<number[][]>().map(([a, b]) => (a! > 0 === b! > 0 ? 1 : 0)),
    { dtype: "int32" },
  );
  const net = nn.sequential(nn.dense(16), relu, nn.dropout(0.1), nn.dense(2));
  const loss = (
    params: nn.ParamsOf<typeof net>,
    batch: { X: Tensor; y: Tensor },
    context: { key: Tensor; training: boolean },
  ) => {
    const scores = net.apply(params, batch.X, { key: context.key, training: context.training });
    return [crossEntropy(scores, batch.y), scores] as const;
  };
  const { params } = await fit(
    loss,
    net.init(randomKey(2), X),
    { X, y },
    {
      optimizer: adam({ learningRate: 0.05 }),
      epochs: 15,
      key: randomKey(3),
    },
  );
  const metrics = { accuracy: (scores: Tensor, { y }: { y: Tensor }) => accuracy(scores, y) };
  expect((await measure(loss, params, { X, y }, { metrics })).metrics.accuracy).toBeGreaterThan(0.95);
});

test("fit trains a recurrent net to remember the first number of a sequence", async () => {
  const sequences = randomNormal(randomKey(4), { shape: [64, 4, 1] });
  const first = reshape(sign(tensor(sequences.toNested<number[][][]>().map((rows) => rows[0]![0]!))), {
    shape: [-1, 1],
  });
  const net = nn.sequential(nn.gru(8, { output: "last" }), nn.dense(1));
  const { history } = await fit(
    (params, { sequences, first }) => mse(net.apply(params, sequences), first),
    net.init(randomKey(5), sequences),
    { sequences, first },
    { optimizer: adam({ learningRate: 0.1 }), epochs: 20 },
  );
  expect(history.train.at(-1)!.loss).toBeLessThan(0.3 * history.train[0]!.loss);
});

test("a net's parameters, empty trees included, are the same after save and load", async () => {
  const params = small.init(randomKey(1), x);
  const path = join(folder, "net.safetensors");
  await save(path, params);
  expect((await load(path)).tree).toEqual(params);
  expect((await load(path, { like: params })).tree).toEqual(params);
  expect(fromSafetensors(toSafetensors(params)).tree).toEqual(params);
});

test("a traced net gives the same numbers", () => {
  const params = small.init(randomKey(1), x);
  const program = trace(small.apply, params, { shape: [6, 3] });
  expect(program.steps.map(({ op }) => op.name)).toEqual(["matmul", "add", "relu", "matmul", "add"]);
  expect(evaluate(program, params, x)).toEqual(small.apply(params, x));
});

test("a training step with dropout can be traced, with the key as an argument", () => {
  const params = small.init(randomKey(1), x);
  const step = (p: typeof params, x: Tensor, key: Tensor) =>
    grad((q: typeof params) => mean(small.apply(q, x, { key, training: true })))(p);
  const program = trace(step, params, x, randomKey(1));
  for (const key of [randomKey(2), randomKey(3)])
    expect(evaluate(program, params, x, key)).toEqual(step(params, x, key));
});

test("jacobian differentiates apply by the parameters, or by the input", () => {
  const params = small.init(randomKey(1), x);
  const blocks = jacobian(small.apply)(params, x);
  expect([blocks[0].W.shape, blocks[1], blocks[3].b.shape]).toEqual([[6, 2, 3, 4], {}, [6, 2, 2]]);
  const byInput = jacobian((x: Tensor) => mean(small.apply(params, x), { axis: 0 }))(x);
  expect(sum(byInput, { axis: 1 }).shape).toEqual([2, 3]);
});

test("causal attention sees no later position, and more heads change the result", () => {
  const sequence = randomNormal(randomKey(6), { shape: [1, 5, 4] });
  const layer = nn.attention({ heads: 2, causal: true });
  const params = layer.init(randomKey(7), sequence);
  const changed = tensor(sequence.toNested<number[][][]>().map((rows) => rows.with(3, [9, 9, 9, 9])));
  const [as, after] = [sequence, changed].map((s) => layer.apply(params, s).toNested<number[][][]>()[0]!);
  expect(after!.slice(0, 3)).toEqual(as!.slice(0, 3));
  expect(after![3]).not.toEqual(as![3]);
  const one = nn.attention({ heads: 1, causal: true }).apply(params, sequence);
  expect(one).not.toEqual(layer.apply(params, sequence));
});
