import { ShapeError, type Tensor, tensor } from "@wengert/core";
import { defineOp, describe, type Op, type Operand, sizeOf } from "@wengert/core/extend";
import { commonShape } from "../declaring/axes.ts";
import { sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { type ElementwiseLoop, elementwise } from "../loops/strided.ts";
import { reshape } from "../shapes/reshape.ts";
import { sum } from "../shapes/sum.ts";
import { axpyInWasm } from "../wasm/maps.ts";
import { add, mul, numericDType } from "./arithmetic.ts";

const loop: ElementwiseLoop = (n, z, o, alpha, i, _, x, j, t, y, k, u) => {
  const factor = alpha[i]!;
  if (z instanceof Int32Array)
    for (let l = 0, q = j, r = k; l < n; l++, q += t, r += u) z[o + l] = Math.imul(factor, x[q]!) + y[r]!;
  else if (z instanceof Float32Array)
    for (let l = 0, q = j, r = k; l < n; l++, q += t, r += u) z[o + l] = Math.fround(factor * x[q]!) + y[r]!;
  else for (let l = 0, q = j, r = k; l < n; l++, q += t, r += u) z[o + l] = factor * x[q]! + y[r]!;
};

/**
 * Returns z = α x + y for a number α and tensors x and y of the same shape, as in BLAS. A step of gradient descent is
 * axpy(−rate, gradient, parameter). The product is rounded before it is added. The VJP maps the cotangent g to Σ g x
 * for α, α g for x and g for y.
 */
export const axpy: Op<readonly [alpha: Tensor, x: Tensor, y: Tensor]> = /* @__PURE__ */ defineOp({
  name: "axpy",
  shape: ([alpha, x, y]) => {
    checkFactor(alpha);
    return commonShape([x, y], ["x", "y"]);
  },
  dtype: ([alpha, x, y]) => numericDType([x, y, alpha], ["x", "y", "alpha"]),
  batch: ({ inputs: [alpha], batched: [isVarying], withBatch, params, again }) => {
    const [x, y] = [withBatch(1), withBatch(2)];
    if (!isVarying) return again(params, [alpha, x, y]);
    return add(mul(reshape(alpha, { shape: x.shape.map((n, axis) => (axis === 0 ? n : 1)) }), x), y);
  },
  kernel: (out, inputs) => {
    if (!axpyInWasm(out, ...inputs)) elementwise(out, inputs, loop);
  },
  flops: (_, { shape }) => 2 * sizeOf(shape),
  vjp: [(g, { inputs: [, x] }) => sum(mul(g, x)), (g, { inputs: [alpha] }) => mul(alpha, g), (g) => g],
  nonFinite: sumOfProductsCause,
  samples: () => [
    [tensor(-0.5), irregular([2, 3]), irregular([2, 3], 2)],
    [0.25, irregular([3]), irregular([3], 2)],
  ],
});

function checkFactor(alpha: Operand): void {
  if (alpha.shape.length === 0) return;
  const hint = "write add(mul(alpha, x), y) for a factor that broadcasts";
  throw new ShapeError(`alpha must be a number or a scalar, got ${describe(alpha)}; ${hint}`);
}
