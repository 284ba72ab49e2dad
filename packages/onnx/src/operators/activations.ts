import type { Tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { float, int, type Operator, operator, same, text } from "./operator.ts";
import { positive } from "./shapes.ts";

// Activations, and softmax.

/** Clips x to the range from 0 to 1. */
const toUnit = (x: Tensor): Tensor => ops.clip(x, { min: 0, max: 1 });

/** Returns x Φ(x) with the usual approximation of Φ by tanh. */
function geluByTanh(x: Tensor): Tensor {
  const inner = ops.mul(ops.add(x, ops.mul(ops.mul(x, ops.square(x)), 0.044715)), Math.sqrt(2 / Math.PI));
  return ops.mul(ops.mul(x, 0.5), ops.add(ops.tanh(inner), 1));
}

/** Returns 1 at the first largest entry along an axis, and 0 elsewhere. */
function hardmax(x: Tensor, axis: number): Tensor {
  const at = positive(axis, x.shape.length);
  const index = ops.argmax(x, { axis: at });
  const rows = ops.oneHot(index, { numClasses: x.shape[at]!, dtype: x.dtype });
  return ops.moveAxis(rows, { from: -1, to: at });
}

export const activationOperators = (): readonly Operator[] => [
  same("Tanh", ops.tanh),
  same("Sigmoid", ops.sigmoid),
  same("Softplus", ops.softplus),
  same("Softsign", (x) => ops.div(x, ops.add(ops.abs(x), 1))),
  same("Mish", (x) => ops.mul(x, ops.tanh(ops.softplus(x)))),
  same("HardSwish", (x) => ops.mul(x, toUnit(ops.add(ops.div(x, 6), 0.5)))),
  same("Relu", (x) => (x.dtype === "int32" ? ops.maximum(x, 0) : ops.relu(x))),
  operator("LeakyRelu", [1, 1], { alpha: float(0.01) }, ([x], { alpha }) => ops.leakyRelu(x, { slope: alpha })),
  same("PRelu", (x, slope) => ops.where(ops.less(x, 0), ops.mul(x, slope!), x), 2),
  operator("Elu", [1, 1], { alpha: float(1) }, ([x], { alpha }) => ops.elu(x, { alpha })),
  operator("Celu", [1, 1], { alpha: float(1) }, ([x], { alpha }) => ops.mul(ops.elu(ops.div(x, alpha)), alpha)),
  operator(
    "Selu",
    [1, 1],
    { alpha: float(1.6732632423543772), gamma: float(1.0507009873554805) },
    ([x], { alpha, gamma }) => ops.mul(ops.elu(x, { alpha }), gamma),
  ),
  operator("Gelu", [1, 1], { approximate: text("none", "tanh") }, ([x], { approximate }) =>
    approximate === "tanh" ? geluByTanh(x) : ops.gelu(x),
  ),
  operator("HardSigmoid", [1, 1], { alpha: float(0.2), beta: float(0.5) }, ([x], { alpha, beta }) =>
    toUnit(ops.add(ops.mul(x, alpha), beta)),
  ),
  operator("ThresholdedRelu", [1, 1], { alpha: float(1) }, ([x], { alpha }) =>
    ops.where(ops.greater(x, alpha), x, ops.mul(x, 0)),
  ),
  operator("Shrink", [1, 1], { lambd: float(0.5), bias: float(0) }, ([x], { lambd, bias }) => {
    const above = ops.where(ops.greater(x, lambd), ops.sub(x, bias), 0);
    return ops.where(ops.less(x, -lambd), ops.add(x, bias), above);
  }),
  operator("Softmax", [1, 1], { axis: int(-1) }, ([x], { axis }) => ops.softmax(x, { axis })),
  operator("LogSoftmax", [1, 1], { axis: int(-1) }, ([x], { axis }) => ops.logSoftmax(x, { axis })),
  operator("Hardmax", [1, 1], { axis: int(-1) }, ([x], { axis }) => hardmax(x, axis)),
];
