import {
  type Binary,
  type DType,
  defineOp,
  type Op,
  type Operand,
  type OpSpec,
  sharedFloat,
  type Unary,
  type VjpRule,
} from "@wengert/core";
import { broadcastShape } from "./axes.ts";
import { ofProduct, ofQuotient, ofSum } from "./causes.ts";
import { type ElementwiseLoop, elementwise } from "./loops.ts";
import { irregular } from "./samples.ts";
import { unbroadcast } from "./sum.ts";
import type { OperationName } from "./wasm/exports.ts";
import { functionInWasm, operationInWasm } from "./wasm/maps.ts";

// y = a ∘ b by NumPy's broadcasting. The rules give the cotangents at the shape of y; they are summed over the axes along
// which an input was repeated.

type Rule = VjpRule<Binary, undefined>;
export type DTypeRule = (who: string, inputs: readonly Operand[], names?: readonly string[]) => DType;

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
    shape: (inputs) => broadcastShape(name, inputs),
    dtype: (inputs) => dtype(name, inputs),
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

/** float64, float32 or int32, the same for all. What int32 cannot hold wraps around modulo 2³², as in NumPy. */
export const numeric: DTypeRule = (who, inputs, names) => sharedFloat(who, inputs, names, true);

const negatives: ElementwiseLoop = (n, y, o, a, i, s) => {
  for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = -a[p]!;
};

/** y = −x, x̄ = −g */
export const neg: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "neg",
  shape: ([x]) => x.shape,
  dtype: (inputs) => numeric("neg", inputs),
  kernel: (out, inputs) => {
    if (!functionInWasm(out, inputs[0], "neg")) elementwise(out, inputs, negatives);
  },
  vjp: [(g) => neg(g)],
  samples: () => [[irregular([2, 2])]],
});

/** y = a + b; ā = b̄ = g */
export const add: Op<Binary> = /* @__PURE__ */ arithmetic(
  "add",
  numeric,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! + b[q]!;
  },
  [(g) => g, (g) => g],
  ofSum,
);

/** y = a − b; ā = g, b̄ = −g */
export const sub: Op<Binary> = /* @__PURE__ */ arithmetic(
  "sub",
  numeric,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! - b[q]!;
  },
  [(g) => g, (g) => neg(g)],
  ofSum,
);

export const products: ElementwiseLoop = (n, y, o, a, i, s, b, j, t) => {
  if (y instanceof Int32Array) {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = Math.imul(a[p]!, b[q]!);
  } else {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! * b[q]!;
  }
};

/** y = a b; ā = g b, b̄ = g a */
export const mul: Op<Binary> = /* @__PURE__ */ arithmetic(
  "mul",
  numeric,
  products,
  [(g, { inputs: [, b] }) => mul(g, b), (g, { inputs: [a] }) => mul(g, a)],
  ofProduct,
);

/** y = a / b; ā = g / b, b̄ = −g a / b² = −(g / b) (a / b) */
export const div: Op<Binary> = /* @__PURE__ */ arithmetic(
  "div",
  sharedFloat,
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! / b[q]!;
  },
  [(g, { inputs: [, b] }) => div(g, b), (g, { inputs: [, b], output }) => neg(mul(div(g, b), output))],
  ofQuotient,
);
