// A checkpoint: recomputed instead of stored
import { checkpoint, record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, sin, sum } from "@wengert/ops";

// The tape has one step for the whole block. The sweep
// runs it again: see the ops of its rule.
const block = checkpoint((x: Tensor) =>
  sin(mul(exp(x), x)),
);
const f = (x: Tensor) => sum(block(block(x)));

record(f, tensor([0.1, 0.4, -0.7]));
