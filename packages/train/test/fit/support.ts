import { Tensor, tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";
import {
  add,
  crossEntropy,
  greater,
  matmul,
  mul,
  randomKey,
  randomNormal,
  randomUniform,
  splitKey,
  tanh,
  where,
} from "@wengert/ops";
import { accuracy, type Context } from "@wengert/train";

export interface Model {
  readonly hidden: { readonly W: Tensor; readonly b: Tensor };
  readonly out: readonly [Tensor];
}

export interface Points {
  readonly X: Tensor;
  readonly y: Tensor;
}

/** Random points of three classes. */
export function randomPoints(count: number, seed = 1): Points {
  const [forX, forY] = splitKey(randomKey(seed)) as [Tensor, Tensor];
  const y = Int32Array.from(randomUniform(forY, { shape: [count] }).toNested<number[]>(), (u) => Math.floor(3 * u));
  const X = randomNormal(forX, { shape: [count, 2] })
    .toNested<number[][]>()
    .map(([a, b], i) => [a! + 2 * Math.cos(2 * y[i]!), b! + 2 * Math.sin(2 * y[i]!)]);
  return { X: tensor(X, { label: "X" }), y: tensor(y, { label: "y" }) };
}

export function randomModel(seed = 2): Model {
  const [a, b] = splitKey(randomKey(seed)) as [Tensor, Tensor];
  const zeros = tensor(new Array(5).fill(0));
  return { hidden: { W: randomNormal(a, { shape: [2, 5] }), b: zeros }, out: [randomNormal(b, { shape: [5, 3] })] };
}

/** The loss of a network with dropout. Each training step has a different dropout mask; validation uses none. */
export function loss({ hidden, out }: Model, { X, y }: Points, { key, training }: Context): [Tensor, Tensor] {
  const h = tanh(add(matmul(X, hidden.W), hidden.b));
  const noise = randomUniform(key, { shape: h.shape });
  const scores = matmul(training ? where(greater(noise, 0.2), mul(1.25, h), 0) : h, out[0]);
  return [crossEntropy(scores, y), scores];
}
export const metrics = { accuracy: (scores: Tensor, { y }: Points) => accuracy(scores, y) };

const words = new DataView(new ArrayBuffer(8));

/**
 * Converts tensors, numbers and strings to text. The text shows all bits of each number, so equal texts mean equal
 * bits.
 */
export function bitsOf(x: unknown): string {
  return JSON.stringify(x, function (this: Readonly<Record<string, unknown>>, key, value) {
    const original = this[key]; // before toJSON
    if (original instanceof Tensor)
      return { dtype: original.dtype, shape: original.shape, numbers: Array.from(ravel(original.array!)) };
    if (typeof value !== "number") return value;
    words.setFloat64(0, value);
    return words.getBigUint64(0).toString(16);
  });
}
