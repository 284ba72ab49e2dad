// A checkpoint: recompute instead of storing
import { checkpoint, record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, sin, sum } from "@wengert/ops";

// The tape has one step for the whole block. The sweep
// runs the block again, in the rule of that step.
const block = checkpoint((x: Tensor) =>
  sin(mul(exp(x), x)),
);
const f = (x: Tensor) => sum(block(block(x)));

record(f, tensor([0.1, 0.4, -0.7]));
