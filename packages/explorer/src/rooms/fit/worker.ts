import { type Tensor, tensor, valueAndGrad, zeros } from "@wengert/core";
import { add, crossEntropy, matmul, mul, randomKey, randomNormal, sub } from "@wengert/ops";

export interface Fitted {
  readonly losses: readonly number[];
}

const [count, steps] = [60, 60];
const labels = tensor(
  Array.from({ length: count }, (_, i) => i % 2),
  { dtype: "int32" },
);
const centres = tensor(Array.from({ length: count }, (_, i) => (i % 2 ? [1, 0.5] : [-1, -0.5])));
const points = add(centres, randomNormal(randomKey(1), { shape: [count, 2] }));

interface Model {
  readonly W: Tensor;
  readonly b: Tensor;
}
const loss = ({ W, b }: Model) => crossEntropy(add(matmul(points, W), b), labels, { axis: -1 });

self.onmessage = ({ data: rate }: MessageEvent<number>) => {
  let model: Model = { W: zeros([2, 2]), b: zeros([2]) };
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { value, grad } = valueAndGrad(loss)(model);
    losses.push(value.item());
    model = { W: sub(model.W, mul(rate, grad.W)), b: sub(model.b, mul(rate, grad.b)) };
  }
  postMessage({ losses } satisfies Fitted);
};
