import type { Tensor } from "@wengert/core";
import * as nn from "@wengert/nn";
import * as ops from "@wengert/ops";
import { expect, test } from "vitest";

// Compares layers with their formulas in ops, at random parameters.

const random = (seed: number, ...shape: number[]): Tensor => ops.randomNormal(ops.randomKey(seed), { shape });
const { add, matmul } = ops;

test("dense and convolutions add a bias to a product", () => {
  const dense = { W: random(1, 3, 4), b: random(2, 4) };
  const x = random(3, 2, 3);
  expect(nn.dense(4).apply(dense, x)).toEqual(add(matmul(x, dense.W), dense.b));
  expect(nn.dense(4, { bias: false }).apply(dense, x)).toEqual(matmul(x, dense.W));

  const sliding = { stride: 2, padding: "same", dilation: 2, groups: 2 } as const;
  const [images, sequences] = [random(4, 1, 6, 5, 4), random(5, 2, 6, 4)];
  const conv = { W: random(6, 3, 2, 2, 2), b: random(7, 2) };
  const layer = nn.conv2d(2, { size: [3, 2], ...sliding });
  expect(layer.apply(conv, images)).toEqual(add(ops.conv2d(images, conv.W, sliding), conv.b));
  const short = { W: random(8, 3, 2, 2), b: random(9, 2) };
  const causal = { ...sliding, padding: "causal" } as const;
  const layer1d = nn.conv1d(2, { size: 3, ...causal });
  expect(layer1d.apply(short, sequences)).toEqual(add(ops.conv1d(sequences, short.W, causal), short.b));
});

test("pools pass on their options", () => {
  const options = { size: 3, stride: 2, padding: "same" } as const;
  const [images, sequences] = [random(1, 1, 6, 5, 2), random(2, 2, 7, 2)];
  expect(nn.maxPool2d(options).apply({}, images)).toEqual(ops.maxPool2d(images, options));
  expect(nn.avgPool2d(options).apply({}, images)).toEqual(ops.avgPool2d(images, options));
  expect(nn.maxPool1d(options).apply({}, sequences)).toEqual(ops.maxPool1d(sequences, options));
  expect(nn.avgPool1d(options).apply({}, sequences)).toEqual(ops.avgPool1d(sequences, options));
  expect(nn.maxPool2d({ size: 2 }).apply({}, images)).toEqual(ops.maxPool2d(images, { size: 2 }));
});

test("flatten keeps rows, and embeddings look up vectors", () => {
  const x = random(1, 2, 3, 2);
  expect(nn.flatten.apply({}, x)).toEqual(ops.reshape(x, { shape: [2, 6] }));
  const indices = ops.randomInteger(ops.randomKey(2), { shape: [2, 3], low: 0, high: 5 });
  const W = random(3, 5, 4);
  const vectors = ops.take(W, indices, { axis: 0 });
  expect(nn.embedding({ numEmbeddings: 5, units: 4 }).apply({ W }, indices)).toEqual(vectors);
  const positions = add(vectors, ops.slice(W, { stop: [3] }));
  expect(nn.positionEmbedding({ length: 5 }).apply({ W }, vectors)).toEqual(positions);
});

test("layerNorm and rmsNorm scale and shift", () => {
  const [x, scale, bias, epsilon] = [random(1, 3, 4), random(2, 4), random(3, 4), 0.1];
  const normalized = ops.layerNorm(x, { scale, bias, epsilon });
  expect(nn.layerNorm({ epsilon }).apply({ scale, bias }, x)).toEqual(normalized);
  expect(nn.layerNorm().apply({ scale, bias }, x)).toEqual(ops.layerNorm(x, { scale, bias }));
  expect(nn.rmsNorm({ epsilon }).apply({ scale }, x)).toEqual(ops.rmsNorm(x, { scale, epsilon }));
});

test("attention averages values for each head, as loops over positions do", () => {
  const [N, T, D, heads] = [1, 4, 6, 2];
  const x = random(1, N, T, D);
  const projection = (seed: number) => ({ W: random(seed, D, D), b: random(seed + 1, D) });
  const params = { query: projection(2), key: projection(4), value: projection(6), output: projection(8) };
  const rows = (p: nn.Affine) => add(matmul(x, p.W), p.b).toNested<number[][][]>()[0]!;
  const [queries, keys, values] = [rows(params.query), rows(params.key), rows(params.value)];
  const size = D / heads;
  for (const causal of [false, true]) {
    const mixed = queries.map((query, t) =>
      query.map((_, column) => {
        const first = Math.floor(column / size) * size; // the first column of the head
        const seen = keys.slice(0, causal ? t + 1 : T);
        const scores = seen.map((key) => {
          let product = 0;
          for (let i = first; i < first + size; i++) product += query[i]! * key[i]!;
          return Math.exp(product / Math.sqrt(size));
        });
        const total = scores.reduce((a, b) => a + b);
        return scores.reduce((sum, score, s) => sum + (score / total) * values[s]![column]!, 0);
      }),
    );
    const { W, b } = params.output;
    const expected = mixed.map((row) =>
      row.map((_, j) =>
        row.reduce((sum, v, i) => sum + v * W.toNested<number[][]>()[i]![j]!, b.toNested<number[]>()[j]!),
      ),
    );
    const got = nn.attention({ heads, causal }).apply(params, x).toNested<number[][][]>()[0]!;
    got.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(expected.flat()[i]!, 10);
    });
  }
});

test("transformerBlock adds attention and a feed-forward network, each of a normalized input", () => {
  const x = random(1, 2, 3, 4);
  for (const causal of [false, true]) {
    const block = nn.transformerBlock({ heads: 2, hidden: 5, causal });
    const start = block.init(ops.randomKey(2), x);
    const norm = (seed: number) => ({ scale: random(seed, 4), bias: random(seed + 1, 4) });
    const params = { ...start, norm1: norm(3), norm2: norm(5) };
    const attended = nn.attention({ heads: 2, causal }).apply(params.attention, ops.layerNorm(x, params.norm1));
    const y = add(x, attended);
    const hidden = ops.gelu(nn.dense(5).apply(params.hidden, ops.layerNorm(y, params.norm2)));
    expect(block.apply(params, x)).toEqual(add(y, nn.dense(4).apply(params.output, hidden)));
  }
  const wide = nn.transformerBlock({ heads: 2 }).init(ops.randomKey(1), x);
  expect([wide.hidden.W.shape, wide.output.W.shape]).toEqual([[4, 16], [16, 4]]); // biome-ignore format: short
});

test("transformerBlock drops entries of both branches in training", () => {
  const x = random(1, 2, 3, 4);
  const [first, second] = ops.splitKey(ops.randomKey(5));
  const block = nn.transformerBlock({ heads: 2, dropout: 0.5 });
  const params = block.init(ops.randomKey(2), x);
  const attended = nn.attention({ heads: 2 }).apply(params.attention, ops.layerNorm(x, params.norm1));
  const y = add(x, ops.dropout(first, attended, { rate: 0.5 }));
  const hidden = ops.gelu(nn.dense(16).apply(params.hidden, ops.layerNorm(y, params.norm2)));
  const fed = ops.dropout(second, nn.dense(4).apply(params.output, hidden), { rate: 0.5 });
  expect(block.apply(params, x, { key: ops.randomKey(5), training: true })).toEqual(add(y, fed));
});
