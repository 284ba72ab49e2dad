import type { DType, Tensor } from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { dtype, flag, ignored, type Operator, operator, same, variadic } from "./operator.ts";

// Elementwise operators. They broadcast as in NumPy.

/** Returns x in another dtype. */
export const castTo = (x: Tensor, dtype: DType): Tensor => (x.dtype === dtype ? x : ops.cast(x, { dtype }));

/** Returns a / b. The quotient of two int32 numbers is computed in float64 and then rounded towards zero. */
function divide(a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== "int32") return ops.div(a, b);
  return castTo(ops.trunc(ops.div(castTo(a, "float64"), castTo(b, "float64"))), "int32");
}

/** Returns a to the power of b in the dtype of a. ONNX allows different dtypes. */
function power(a: Tensor, b: Tensor): Tensor {
  if (a.dtype === b.dtype) return ops.pow(a, b);
  if (isFloat(a.dtype)) return ops.pow(a, castTo(b, a.dtype));
  return castTo(ops.pow(castTo(a, "float64"), castTo(b, "float64")), a.dtype);
}

/** Returns the remainder with the sign of a, as `fmod` of C. `mod` has the sign of b. */
const remainder = (a: Tensor, b: Tensor): Tensor => ops.mul(ops.sign(a), ops.mod(ops.abs(a), ops.abs(b)));

const reduced = (name: string, f: (a: Tensor, b: Tensor) => Tensor): Operator =>
  variadic(name, {}, (inputs) => inputs.reduce((all, each) => f(all, each)));

/** Clips x to the range from `min` to `max`. The bounds may be inputs that vary. */
function clip(x: Tensor, min: Tensor | undefined, max: Tensor | undefined): Tensor {
  const raised = min ? ops.maximum(x, min) : x;
  return max ? ops.minimum(raised, max) : raised;
}

export const elementwiseOperators = (): readonly Operator[] => [
  same("Add", ops.add, 2),
  same("Sub", ops.sub, 2),
  same("Mul", ops.mul, 2),
  same("Div", divide, 2),
  same("Pow", power, 2),
  same("Neg", ops.neg),
  same("Abs", ops.abs),
  same("Sign", ops.sign),
  same("Sqrt", ops.sqrt),
  same("Exp", ops.exp),
  same("Log", ops.log),
  same("Reciprocal", ops.reciprocal),
  same("Floor", ops.floor),
  same("Ceil", ops.ceil),
  same("Round", ops.round),
  same("Sin", ops.sin),
  same("Cos", ops.cos),
  same("Tan", ops.tan),
  same("Asin", ops.asin),
  same("Acos", ops.acos),
  same("Atan", ops.atan),
  same("Sinh", ops.sinh),
  same("Cosh", ops.cosh),
  same("Asinh", ops.asinh),
  same("Acosh", ops.acosh),
  same("Atanh", ops.atanh),
  same("Erf", ops.erf),
  same("IsNaN", ops.isNaN),
  same("Equal", ops.equal, 2),
  same("Less", ops.less, 2),
  same("LessOrEqual", ops.lessEqual, 2),
  same("Greater", ops.greater, 2),
  same("GreaterOrEqual", ops.greaterEqual, 2),
  same("And", ops.logicalAnd, 2),
  same("Or", ops.logicalOr, 2),
  same("Xor", ops.logicalXor, 2),
  same("Not", ops.logicalNot),
  same("Where", ops.where, 3),
  reduced("Max", ops.maximum),
  reduced("Min", ops.minimum),
  reduced("Sum", ops.add),
  variadic("Mean", {}, (inputs) =>
    ops.div(
      inputs.reduce((sum, each) => ops.add(sum, each)),
      inputs.length,
    ),
  ),
  operator("Mod", [2, 2], { fmod: flag(false) }, ([a, b], { fmod }) => (fmod ? remainder(a, b) : ops.mod(a, b))),
  operator(
    "Clip",
    [1, 3],
    {},
    ([x, min, max], _, { constant }) => {
      const [low, high] = [constant(min), constant(max)];
      const areKnown = (!min || low !== undefined) && (!max || high !== undefined);
      return areKnown && !(low! > high!) ? ops.clip(x, { min: low, max: high }) : clip(x, min, max);
    },
    { settings: [1, 2] },
  ),
  operator("Cast", [1, 1], { to: dtype, saturate: ignored }, ([x], { to }) => castTo(x, to ?? x.dtype)),
  operator("CastLike", [2, 2], { saturate: ignored }, ([x, like]) => castTo(x, like.dtype)),
  operator(
    "IsInf",
    [1, 1],
    { detect_negative: flag(true), detect_positive: flag(true) },
    ([x], { detect_negative, detect_positive }) => {
      const isLowest = ops.equal(x, Number.NEGATIVE_INFINITY);
      const isHighest = ops.equal(x, Number.POSITIVE_INFINITY);
      if (detect_negative && detect_positive) return ops.logicalOr(isLowest, isHighest);
      if (detect_negative || detect_positive) return detect_negative ? isLowest : isHighest;
      return ops.logicalAnd(isLowest, isHighest);
    },
  ),
];
