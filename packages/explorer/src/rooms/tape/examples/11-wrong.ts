// A wrong rule, and how gradcheck finds it
import {
  defineOp, type Op, record,
  type Tensor, tensor, type Unary,
} from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { rows } from "@wengert/core/ndarray";
import { mul, sum } from "@wengert/ops";

const cube: Op<Unary> = defineOp({
  name: "cube",
  shape: ([x]) => x.shape,
  kernel: (out, [x]) =>
    rows(x).forEach((v, i) => (out.data[i] = v ** 3)),
  // The derivative should be 3 x²:
  vjp: [(g, { inputs: [x] }) => mul(g, mul(3, x))],
  samples: () => [[tensor([1, 2])]],
});

const f = (x: Tensor) => sum(cube(x));
record(f, tensor([1, 2, -0.5]));
gradcheck(f, [tensor([1, 2, -0.5])]);
