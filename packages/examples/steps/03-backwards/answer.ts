import assert from "node:assert/strict";
import { defineOp, grad, mul, type Op, Tensor, tensor } from "./tape.ts";

const sin: Op = defineOp({
  name: "sin",
  compute: (x) => new Tensor(Math.sin(x.data)),
  vjp: [(g, { inputs: [x] }) => mul(g, cos(x))],
});

const cos: Op = defineOp({
  name: "cos",
  compute: (x) => new Tensor(Math.cos(x.data)),
  vjp: [(g, { inputs: [x] }) => mul(mul(tensor(-1), g), sin(x))],
});

// The expected derivatives are d sin(2x)/dx = 2 cos(2x) and d cos(x)/dx = −sin(x)
assert.equal(grad((x) => sin(mul(tensor(2), x)))(tensor(0.3)).item(), 2 * Math.cos(0.6));
assert.equal(grad((x) => cos(x))(tensor(0.3)).item(), -Math.sin(0.3));
