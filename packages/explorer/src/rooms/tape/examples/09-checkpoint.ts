// A checkpoint: recompute instead of storing
import { checkpoint, record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, sin, sum } from "@wengert/ops";

// Each call of block is a single step of the tape. The VJP
// rule of this step runs block again during the sweep.
const block = checkpoint((x: Tensor) =>
  sin(mul(exp(x), x)),
);
const f = (x: Tensor) => sum(block(block(x)));

record(f, tensor([0.1, 0.4, -0.7]));
