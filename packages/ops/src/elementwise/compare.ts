import { DTypeError, type Tensor } from "@wengert/core";
import { type Binary, defineOp, describe, mixedDTypes, type Op, type Operand, type Unary } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { irregular } from "../declaring/samples.ts";
import { type ElementwiseLoop, elementwise } from "../loops/strided.ts";

// Comparisons such as a < b, which return bools and broadcast as in NumPy. Comparisons are piecewise constant, so the
// gradient is 0.

type DTypeRule = (inputs: readonly Operand[]) => "bool";
const numberSamples = (): [Tensor, Tensor] => [irregular([2, 2]), irregular([2], 2)];
const boolSamples = (): [Tensor, Tensor] => [greater(irregular([2, 2]), 0), greater(irregular([2], 2), 0)];

function comparison(
  name: string,
  loop: ElementwiseLoop,
  dtype: DTypeRule = comparableDType,
  sample = numberSamples,
): Op<Binary> {
  return defineOp<Binary>({
    name,
    shape: (inputs) => broadcastShape(inputs),
    dtype: (inputs) => dtype(inputs),
    batch: "broadcast",
    kernel: (out, inputs) => elementwise(out, inputs, loop),
    vjp: [null, null],
    samples: () => [sample()],
  });
}

function predicate(
  name: string,
  loop: ElementwiseLoop,
  dtype: DTypeRule = () => "bool",
  sample = numberSamples,
): Op<Unary> {
  return defineOp<Unary>({
    name,
    shape: ([x]) => x.shape,
    dtype: (inputs) => dtype(inputs),
    batch: "broadcast",
    kernel: (out, inputs) => elementwise(out, inputs, loop),
    vjp: [null],
    samples: () => [[sample()[0]]],
  });
}

/** Returns the dtype of the result, bool. @throws DTypeError unless both inputs have the same dtype */
export function comparableDType(inputs: readonly Operand[]): "bool" {
  const [a, b] = inputs as readonly [Operand, Operand];
  if (a.dtype === b.dtype) return "bool";
  throw mixedDTypes([a, "a"], [b, "b"]);
}

/** Returns whether a = b, elementwise. NaN is not equal to any number, not even to NaN. */
export const equal: Op<Binary> = /* @__PURE__ */ comparison("equal", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p] === b[q] ? 1 : 0;
});
/** Returns whether a ≠ b, elementwise; true if either is NaN. */
export const notEqual: Op<Binary> = /* @__PURE__ */ comparison("notEqual", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p] !== b[q] ? 1 : 0;
});
/** Returns whether a < b, elementwise; false if either is NaN. */
export const less: Op<Binary> = /* @__PURE__ */ comparison("less", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! < b[q]! ? 1 : 0;
});
/** Returns whether a ≤ b, elementwise; false if either is NaN. */
export const lessEqual: Op<Binary> = /* @__PURE__ */ comparison("lessEqual", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! <= b[q]! ? 1 : 0;
});
/** Returns whether a > b, elementwise; false if either is NaN. */
export const greater: Op<Binary> = /* @__PURE__ */ comparison("greater", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! > b[q]! ? 1 : 0;
});
/** Returns whether a ≥ b, elementwise; false if either is NaN. */
export const greaterEqual: Op<Binary> = /* @__PURE__ */ comparison("greaterEqual", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! >= b[q]! ? 1 : 0;
});

/** Returns the dtype of the result, bool. @throws DTypeError unless all inputs are bool */
export function boolDType(inputs: readonly Operand[]): "bool" {
  const mismatch = inputs.find(({ dtype }) => dtype !== "bool");
  if (mismatch === undefined) return "bool";
  throw new DTypeError(
    `expected bool, got ${describe(mismatch)} with dtype ${mismatch.dtype}; write notEqual(${mismatch.label ?? "x"}, 0)`,
  );
}

/** Returns the logical and of a and b, elementwise, for bools. */
export const logicalAnd: Op<Binary> = /* @__PURE__ */ comparison(
  "logicalAnd",
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! & b[q]!;
  },
  boolDType,
  boolSamples,
);
/** Returns the logical or of a and b, elementwise, for bools. */
export const logicalOr: Op<Binary> = /* @__PURE__ */ comparison(
  "logicalOr",
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! | b[q]!;
  },
  boolDType,
  boolSamples,
);
/** Returns whether exactly one of a and b is true, elementwise, for bools. */
export const logicalXor: Op<Binary> = /* @__PURE__ */ comparison(
  "logicalXor",
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! ^ b[q]!;
  },
  boolDType,
  boolSamples,
);

/** Returns the logical not of x, elementwise, for bools. */
export const logicalNot: Op<Unary> = /* @__PURE__ */ predicate(
  "logicalNot",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = a[p]! ^ 1;
  },
  boolDType,
  boolSamples,
);

/** Returns whether x is finite, elementwise: neither infinite nor NaN. */
const finite: Op<Unary> = /* @__PURE__ */ predicate("isFinite", (n, y, o, a, i, s) => {
  for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Number.isFinite(a[p]) ? 1 : 0;
});
/** Returns whether x is NaN, elementwise. */
const notANumber: Op<Unary> = /* @__PURE__ */ predicate("isNaN", (n, y, o, a, i, s) => {
  for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Number.isNaN(a[p]) ? 1 : 0;
});

// The ops isFinite and isNaN have other names in this file, so that they do not shadow JavaScript's global functions.
export { finite as isFinite, notANumber as isNaN };
