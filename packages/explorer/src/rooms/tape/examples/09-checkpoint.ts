// A checkpoint: run again instead of kept
import { checkpoint, record, type Tensor, tensor } from "@wengert/core";
import { exp, mul, sin, sum } from "@wengert/ops";

// The tape keeps one step for all of this. In the sweep it
// is run again: see the ops of its rule.
const block = checkpoint((x: Tensor) =>
  sin(mul(exp(x), x)),
);
const f = (x: Tensor) => sum(block(block(x)));

record(f, tensor([0.1, 0.4, -0.7]));
