import type { DType } from "@wengert/core";
import {
  type Binary,
  defineOp,
  type Op,
  type Operand,
  type OpSpec,
  sharedFloat,
  type Unary,
  type VjpRule,
} from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { addCause, divCause, mulCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { type ElementwiseLoop, elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";
import type { OperationName } from "../wasm/exports.ts";
import { functionInWasm, operationInWasm } from "../wasm/maps.ts";

// The ops in this file, such as a + b, take two inputs and broadcast as in NumPy. A VJP rule first computes a cotangent
// with the shape of the op's output. `unbroadcast` then sums this cotangent over the axes along which the input was
// repeated.

type Rule = VjpRule<Binary, undefined>;
export type DTypeRule = (inputs: readonly Operand[], names?: readonly string[]) => DType;

function arithmetic(
  name: OperationName,
  dtype: DTypeRule,
  loop: ElementwiseLoop,
  rules: readonly [Rule, Rule],
  nonFinite: OpSpec<Binary>["nonFinite"] & object,
): Op<Binary> {
  const [toA, toB] = rules;
  return defineOp<Binary>({
    name,
    shape: (inputs) => broadcastShape(inputs),
    dtype: (inputs) => dtype(inputs),
    batch: "broadcast",
    kernel: (out, inputs) => {
      if (!operationInWasm(out, inputs[0], inputs[1], name)) elementwise(out, inputs, loop);
    },
    vjp: [
      (g, call) => unbroadcast(toA(g, call), call.inputs[0]),
      (g, call) => unbroadcast(toB(g, call), call.inputs[1]),
    ],
    nonFinite,
    samples: () => [
      [irregular([2, 2]), irregular([2, 2], 2)],
      [irregular([2, 1]), irregular([3], 2)],
    ],
  });
}

/**
 * Returns the dtype that all inputs share: float64, float32 or int32. int32 results wrap around modulo 2³², as in
 * NumPy.
 */
export const numericDType: DTypeRule = (inputs, names) => sharedFloat(inputs, names, true);

const negLoop: ElementwiseLoop = (n, y, o, a, i, s) => {
  for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = -a[p]!;
};

/** Returns y = −x. The VJP maps the cotangent g to −g. */
export const neg: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "neg",
  shape: ([x]) => x.shape,
  dtype: (inputs) => numericDType(inputs),
  batch: "broadcast",
  kernel: (out, inputs) => {
    if (!functionInWasm(out, inputs[0], "neg")) elementwise(out, inputs, negLoop);
  },
  vjp: [(g) => neg(g)],
  samples: () => [[irregular([2, 2])]],
});

/** Returns y = a + b. The VJP passes the cotangent g to both a and b. */
export const add: Op<Binary> = /* @__PURE__ */ arithmetic(
  "add",
  numericDType,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! + b[q]!;
  },
  [(g) => g, (g) => g],
  addCause,
);

/** Returns y = a − b. The VJP maps the cotangent g to g for a and −g for b. */
export const sub: Op<Binary> = /* @__PURE__ */ arithmetic(
  "sub",
  numericDType,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! - b[q]!;
  },
  [(g) => g, (g) => neg(g)],
  addCause,
);

export const mulLoop: ElementwiseLoop = (n, y, o, a, i, s, b, j, t) => {
  if (y instanceof Int32Array) {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = Math.imul(a[p]!, b[q]!);
  } else {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! * b[q]!;
  }
};

/** Returns y = a b. The VJP maps the cotangent g to g b for a and g a for b. */
export const mul: Op<Binary> = /* @__PURE__ */ arithmetic(
  "mul",
  numericDType,
  mulLoop,
  [(g, { inputs: [, b] }) => mul(g, b), (g, { inputs: [a] }) => mul(g, a)],
  mulCause,
);

/** Returns y = a / b. The VJP maps the cotangent g to g / b for a and −(g / b) (a / b) for b. */
export const div: Op<Binary> = /* @__PURE__ */ arithmetic(
  "div",
  sharedFloat,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! / b[q]!;
  },
  [(g, { inputs: [, b] }) => div(g, b), (g, { inputs: [, b], output }) => neg(mul(div(g, b), output))],
  divCause,
);
