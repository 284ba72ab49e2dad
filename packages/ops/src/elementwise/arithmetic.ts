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

// y = a ∘ b with NumPy's broadcasting. The rules return cotangents with the shape of y; `unbroadcast` sums them over
// the axes along which an input was repeated.

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

/** Returns the shared dtype: float64, float32 or int32. int32 results wrap around modulo 2³², as in NumPy. */
export const numericDType: DTypeRule = (inputs, names) => sharedFloat(inputs, names, true);

const negLoop: ElementwiseLoop = (n, y, o, a, i, s) => {
  for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = -a[p]!;
};

/** y = −x, x̄ = −g */
export const neg: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "neg",
  shape: ([x]) => x.shape,
  dtype: (inputs) => numericDType(inputs),
  kernel: (out, inputs) => {
    if (!functionInWasm(out, inputs[0], "neg")) elementwise(out, inputs, negLoop);
  },
  vjp: [(g) => neg(g)],
  samples: () => [[irregular([2, 2])]],
});

/** y = a + b; ā = b̄ = g */
export const add: Op<Binary> = /* @__PURE__ */ arithmetic(
  "add",
  numericDType,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! + b[q]!;
  },
  [(g) => g, (g) => g],
  addCause,
);

/** y = a − b; ā = g, b̄ = −g */
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

/** y = a b; ā = g b, b̄ = g a */
export const mul: Op<Binary> = /* @__PURE__ */ arithmetic(
  "mul",
  numericDType,
  mulLoop,
  [(g, { inputs: [, b] }) => mul(g, b), (g, { inputs: [a] }) => mul(g, a)],
  mulCause,
);

/** y = a / b; ā = g / b, b̄ = −g a / b² = −(g / b) (a / b) */
export const div: Op<Binary> = /* @__PURE__ */ arithmetic(
  "div",
  sharedFloat,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! / b[q]!;
  },
  [(g, { inputs: [, b] }) => div(g, b), (g, { inputs: [, b], output }) => neg(mul(div(g, b), output))],
  divCause,
);
