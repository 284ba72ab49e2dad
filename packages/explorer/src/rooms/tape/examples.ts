export interface Example {
  readonly name: string;
  readonly title: string;
  readonly code: string;
}

export const examples: readonly Example[] = [
  {
    name: "product",
    title: "A product of two variables",
    code: `import { record, type Tensor, tensor } from "@wengert/core";
import { add, mul, sin } from "@wengert/ops";

const f = (x: Tensor, y: Tensor) => add(mul(x, y), sin(x));

record(f, tensor(2), tensor(3));
`,
  },
  {
    name: "bias",
    title: "A bias that is broadcast",
    code: `import { record, type Tensor, tensor } from "@wengert/core";
import { add, matmul, sum, tanh } from "@wengert/ops";

const x = tensor([[1, -2], [0.5, 1], [-1, 0.3]], { label: "x" });
const f = (W: Tensor, b: Tensor) => sum(tanh(add(matmul(x, W), b)));

record(f, tensor([[0.4, -0.6, 0.1], [0.2, 0.5, -0.3]]), tensor([0.1, 0, -0.1]));
`,
  },
];
