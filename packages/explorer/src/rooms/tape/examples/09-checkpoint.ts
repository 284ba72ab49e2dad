// A checkpoint: recompute instead of storing
import { checkpoint, record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, sin, sum } from "@wengert/ops";

// The tape has a single step for the whole block. The VJP
// rule of this step runs the block again during the sweep.
const block = checkpoint((x: Tensor) =>
  sin(mul(exp(x), x)),
);
const f = (x: Tensor) => sum(block(block(x)));

record(f, tensor([0.1, 0.4, -0.7]));
