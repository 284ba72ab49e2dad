// A wrong VJP rule, and how gradcheck finds it
import { record, type Tensor, tensor } from "@wengert/core";
import { defineOp, type Op, ravel, type Unary } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { mul, sum } from "@wengert/ops";

const cube: Op<Unary> = defineOp({
  name: "cube",
  shape: ([x]) => x.shape,
  kernel: (out, [x]) =>
    ravel(x).forEach((v, i) => (out.data[i] = v ** 3)),
  // This VJP rule is wrong: (x³)′ is 3 x², not 3 x.
  vjp: [(g, { inputs: [x] }) => mul(g, mul(3, x))],
  samples: () => [[tensor([1, 2])]],
});

const f = (x: Tensor) => sum(cube(x));
record(f, tensor([1, 2, -0.5]));
gradcheck(f, [tensor([1, 2, -0.5])]);
