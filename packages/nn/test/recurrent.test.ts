import { type Tensor, tensor, zeros } from "@wengert/core";
import * as nn from "@wengert/nn";
import { add, at, matmul, mul, randomKey, randomNormal, transpose } from "@wengert/ops";
import { expect, test } from "vitest";

const [N, T, D, H] = [2, 4, 3, 5];
const x = randomNormal(randomKey(1), { shape: [N, T, D] });
const sigma = (a: number) => 1 / (1 + Math.exp(-a));
const random = (seed: number, ...shape: number[]) => randomNormal(randomKey(seed), { shape });
const rowsOf = (a: Tensor) => a.toNested<number[][]>();
const listOf = (a: Tensor) => a.toNested<number[]>();

/** Returns row · matrix + bias, with plain loops. */
const affine = (row: readonly number[], W: Tensor, b?: Tensor): number[] =>
  rowsOf(W)[0]!.map((_, j) => row.reduce((sum, v, i) => sum + v * rowsOf(W)[i]![j]!, b ? listOf(b)[j]! : 0));

function expectClose(got: Tensor, expected: readonly (readonly (readonly number[])[])[]) {
  const numbers = got.toNested<number[][][]>().flat(2);
  expected.flat(2).forEach((value, i) => {
    expect(numbers[i]).toBeCloseTo(value, 12);
  });
  expect(numbers.length).toBe(expected.flat(2).length);
}

test("gru computes PyTorch's formula, with the gates r, z, n", () => {
  const params = { Wx: random(2, D, 3 * H), Wh: random(3, H, 3 * H), bx: random(4, 3 * H), bh: random(5, 3 * H) };
  const expected = x.toNested<number[][][]>().map((sequence) => {
    let h: number[] = new Array(H).fill(0);
    return sequence.map((row) => {
      const [fromX, fromH] = [affine(row, params.Wx, params.bx), affine(h, params.Wh, params.bh)];
      h = h.map((old, j) => {
        const r = sigma(fromX[j]! + fromH[j]!);
        const z = sigma(fromX[H + j]! + fromH[H + j]!);
        const n = Math.tanh(fromX[2 * H + j]! + r * fromH[2 * H + j]!);
        return (1 - z) * n + z * old;
      });
      return h;
    });
  });
  expectClose(nn.gru(H).apply(params, x), expected);
  expect(nn.gru(H, { output: "last" }).apply(params, x)).toEqual(
    tensor(at(transpose(nn.gru(H).apply(params, x), { axes: [1, 0, 2] }), -1)),
  );

  let h = zeros([N, H]);
  for (let t = 0; t < T; t++) h = nn.gruCell(params, at(transpose(x, { axes: [1, 0, 2] }), t), h);
  expectClose(h, [expected.map((states) => states.at(-1)!)]);
});

test("lstm computes PyTorch's formula, with the gates i, f, g, o", () => {
  const params = { Wx: random(2, D, 4 * H), Wh: random(3, H, 4 * H), b: random(4, 4 * H) };
  const expected = x.toNested<number[][][]>().map((sequence) => {
    let [h, c]: [number[], number[]] = [new Array(H).fill(0), new Array(H).fill(0)];
    return sequence.map((row) => {
      const [fromX, fromH] = [affine(row, params.Wx, params.b), affine(h, params.Wh)];
      const gate = (k: number, j: number) => fromX[k * H + j]! + fromH[k * H + j]!;
      c = c.map((old, j) => sigma(gate(1, j)) * old + sigma(gate(0, j)) * Math.tanh(gate(2, j)));
      h = c.map((memory, j) => sigma(gate(3, j)) * Math.tanh(memory));
      return h;
    });
  });
  expectClose(nn.lstm(H).apply(params, x), expected);

  let state = { h: zeros([N, H]), c: zeros([N, H]) };
  for (let t = 0; t < T; t++) state = nn.lstmCell(params, at(transpose(x, { axes: [1, 0, 2] }), t), state);
  expectClose(state.h, [expected.map((states) => states.at(-1)!)]);
});

test("the weights of the state begin orthogonal for each gate, and the LSTM's forget gate at 1", () => {
  const { Wx, Wh, b } = nn.lstm(H).init(randomKey(1), x);
  expect([Wx.shape, Wh.shape]).toEqual([[D, 4 * H], [H, 4 * H]]); // biome-ignore format: short
  const product = rowsOf(matmul(Wh, transpose(Wh))); // the sum of U Uᵀ over four gates, each the identity
  product.forEach((row, i) => {
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(i === j ? 4 : 0, 12);
    });
  });
  expect(listOf(b)).toEqual([...new Array(H).fill(0), ...new Array(H).fill(1), ...new Array(2 * H).fill(0)]);
  expect(add(mul(nn.gru(2).init(randomKey(1), x).bx, 2), 0).toNested()).toEqual(new Array(6).fill(0));
});
