import * as ops from "@wengert/ops";
import { atan2Slope, gaussian, hypotSlope, internalOps, logAddExpSlope, powSlope, xlogy } from "@wengert/ops/extend";
import { and, arithmetic, castTo, expm1, finite, log1p, not, notANumber, sigmoid } from "./formulas.ts";
import { type Rule, rule, sameAs } from "./rule.ts";

// Elementwise ops. The operators of ONNX broadcast in the same way as NumPy.

/** The rounding ops return an int32 input unchanged, because the rounding operators of ONNX accept only floats. */
const roundings = (...pairs: readonly (readonly [typeof ops.floor, string])[]): Rule[] =>
  pairs.map(([op, operator]) =>
    rule(op, (g, [x], { inputs: [{ dtype }] }) => (dtype === "int32" ? x : g.node(operator, [x]))),
  );

export const elementwiseRules = (): readonly Rule[] => [
  sameAs(ops.add, "Add"),
  sameAs(ops.sub, "Sub"),
  sameAs(ops.mul, "Mul"),
  sameAs(ops.div, "Div"),
  sameAs(ops.neg, "Neg"),
  sameAs(ops.abs, "Abs"),
  sameAs(ops.sign, "Sign"),
  sameAs(ops.sqrt, "Sqrt"),
  sameAs(ops.exp, "Exp"),
  sameAs(ops.log, "Log"),
  sameAs(ops.reciprocal, "Reciprocal"),
  sameAs(ops.sin, "Sin"),
  sameAs(ops.cos, "Cos"),
  sameAs(ops.tan, "Tan"),
  sameAs(ops.asin, "Asin"),
  sameAs(ops.acos, "Acos"),
  sameAs(ops.atan, "Atan"),
  sameAs(ops.sinh, "Sinh"),
  sameAs(ops.cosh, "Cosh"),
  sameAs(ops.asinh, "Asinh"),
  sameAs(ops.acosh, "Acosh"),
  sameAs(ops.atanh, "Atanh"),
  sameAs(ops.erf, "Erf"),
  sameAs(ops.maximum, "Max"),
  sameAs(ops.minimum, "Min"),
  sameAs(ops.pow, "Pow"),
  sameAs(ops.equal, "Equal"),
  sameAs(ops.less, "Less"),
  sameAs(ops.lessEqual, "LessOrEqual"),
  sameAs(ops.greater, "Greater"),
  sameAs(ops.greaterEqual, "GreaterOrEqual"),
  sameAs(ops.logicalAnd, "And"),
  sameAs(ops.logicalOr, "Or"),
  sameAs(ops.logicalXor, "Xor"),
  sameAs(ops.logicalNot, "Not"),
  sameAs(ops.where, "Where"),
  ...roundings([ops.floor, "Floor"], [ops.ceil, "Ceil"], [ops.round, "Round"]),
  rule(ops.trunc, (g, [x], { inputs: [{ dtype }] }) => {
    const { mul, apply } = arithmetic(g, dtype);
    return dtype === "int32" ? x : mul(apply("Sign", x), apply("Floor", apply("Abs", x)));
  }),
  rule(ops.square, (g, [x]) => g.node("Mul", [x, x])),
  rule(ops.notEqual, (g, names) => not(g, g.node("Equal", names))),
  rule(ops.isFinite, (g, [x], { inputs: [{ dtype }] }) =>
    dtype === "bool" ? g.node("Equal", [x, x]) : finite(g, x, dtype),
  ),
  rule(ops.isClose, (g, [a, b], { params: { relativeTolerance, absoluteTolerance, equalNaN } }) => {
    const { add, sub, mul, apply } = arithmetic(g, "float64");
    const [x, reference] = [castTo(g, a, "float64"), castTo(g, b, "float64")];
    const allowed = add(absoluteTolerance, mul(relativeTolerance, apply("Abs", reference)));
    const isNear = g.node("LessOrEqual", [apply("Abs", sub(x, reference)), allowed]);
    const isClose = g.node("Or", [g.node("Equal", [x, reference]), and(g, isNear, finite(g, reference, "float64"))]);
    if (!equalNaN) return isClose;
    return g.node("Or", [isClose, and(g, notANumber(g, x), notANumber(g, reference))]);
  }),
  rule(ops.isNaN, (g, [x]) => notANumber(g, x)),
  rule(ops.cast, (g, [x], { inputs, params: { dtype } }) => (inputs[0].dtype === dtype ? x : castTo(g, x, dtype))),
  rule(ops.axpy, (g, [alpha, x, y]) => g.node("Add", [g.node("Mul", [alpha, x]), y])),
  rule(ops.clip, (g, [x], { inputs: [{ dtype }], params: { min, max } }) => {
    const bound = (value: number | undefined) =>
      value === undefined || Math.abs(value) === Number.POSITIVE_INFINITY ? "" : g.number(value, dtype);
    return g.node("Clip", [x, bound(min), bound(max)]);
  }),
  rule(ops.expm1, (g, [x], { output: { dtype } }) => expm1(g, x, dtype)),
  rule(ops.log1p, (g, [x], { output: { dtype } }) => log1p(g, x, dtype)),
  rule(gaussian, (g, [x]) => g.node("Exp", [g.node("Neg", [g.node("Mul", [x, x])])])),
  rule(internalOps.interpolate, (g, [a, b], { output: { dtype }, params: { weights } }) => {
    const { add, sub, mul, equal, where } = arithmetic(g, dtype);
    const t = g.array(weights, [weights.length], dtype);
    const isFirst = g.node("Or", [equal(a, b), equal(t, 0)]); // also if a is infinite
    return where(isFirst, a, add(mul(sub(1, t), a), mul(t, b))); // without b − a, which may be infinite
  }),
  rule(ops.exp2, (g, [x], { output: { dtype } }) => g.node("Pow", [g.number(2, dtype), x])),
  rule(ops.log2, (g, [x], { output: { dtype } }) => {
    const { mul, apply } = arithmetic(g, dtype);
    return mul(apply("Log", x), Math.LOG2E);
  }),
  rule(ops.log10, (g, [x], { output: { dtype } }) => {
    const { mul, apply } = arithmetic(g, dtype);
    return mul(apply("Log", x), Math.LOG10E);
  }),
  rule(powSlope, (g, [a, b], { output: { dtype } }) => {
    const { sub, mul, equal, where } = arithmetic(g, dtype);
    return where(equal(b, 0), 0, mul(b, g.node("Pow", [a, sub(b, 1)])));
  }),
  rule(xlogy, (g, [a, b], { output: { dtype } }) => {
    const { mul, equal, where, apply } = arithmetic(g, dtype);
    return where(and(g, equal(a, 0), finite(g, b, dtype)), 0, mul(b, apply("Log", a)));
  }),
  rule(ops.mod, (g, [a, b], { output: { dtype } }) => {
    if (dtype === "int32") return g.node("Mod", [a, b]);
    const { add, mul, greater, where } = arithmetic(g, dtype);
    const remainder = g.node("Mod", [a, b], { fmod: 1 }); // has the sign of a
    return where(greater(0, mul(remainder, b)), add(remainder, b), remainder);
  }),
  rule(ops.floorDivide, (g, [a, b], { output: { dtype } }) => {
    const { sub, mul, div, equal, greater, where, apply } = arithmetic(g, "float64");
    const [x, y] = [castTo(g, a, "float64"), castTo(g, b, "float64")]; // float64 holds every int32 and float32
    const remainder = g.node("Mod", [x, y], { fmod: 1 }); // has the sign of x
    const isNegative = g.node("Xor", [greater(0, remainder), greater(0, y)]);
    const isBelow = and(g, isNegative, not(g, equal(remainder, 0)));
    const rounded = apply("Round", div(sub(x, remainder), y));
    const quotient = where(isBelow, sub(rounded, 1), rounded);
    const ratio = div(x, y);
    const whole = where(equal(quotient, 0), mul(0, ratio), quotient); // 0 has the sign of x / y
    return castTo(g, where(equal(y, 0), ratio, whole), dtype);
  }),
  rule(ops.nanToNum, (g, [x], { inputs: [{ dtype }], params: { nan = 0, posInf, negInf } }) => {
    const { equal, where } = arithmetic(g, dtype);
    const largest = dtype === "float32" ? 2 ** 128 - 2 ** 104 : Number.MAX_VALUE;
    const below = where(equal(x, Number.NEGATIVE_INFINITY), negInf ?? -largest, x);
    return where(notANumber(g, x), nan, where(equal(x, Number.POSITIVE_INFINITY), posInf ?? largest, below));
  }),
  rule(internalOps.zeroSafeMul, (g, [a, b], { output: { dtype } }) => {
    const { where } = arithmetic(g, dtype);
    const product = g.node("Mul", [a, b]);
    const areNumbers = not(g, g.node("Or", [notANumber(g, a), notANumber(g, b)]));
    return where(and(g, notANumber(g, product), areNumbers), 0, product);
  }),
  rule(ops.hypot, (g, [a, b], { output: { dtype } }) => {
    const { add, mul, div, equal, max, where, apply } = arithmetic(g, dtype);
    const largest = max(apply("Abs", a), apply("Abs", b));
    const isLimit = g.node("Or", [equal(largest, 0), equal(largest, Number.POSITIVE_INFINITY)]);
    const unit = where(isLimit, 1, largest); // dividing by it avoids overflow
    const square = (x: string) => mul(div(x, unit), div(x, unit));
    return where(isLimit, largest, mul(unit, apply("Sqrt", add(square(a), square(b)))));
  }),
  rule(hypotSlope, (g, [a, b], { output: { dtype } }) => {
    const { add, mul, div, equal, max, where, apply } = arithmetic(g, dtype);
    const largest = max(apply("Abs", a), apply("Abs", b));
    const unit = where(equal(largest, 0), 1, largest);
    const [p, q] = [div(a, unit), div(b, unit)];
    const length = apply("Sqrt", add(mul(p, p), mul(q, q)));
    return div(p, where(equal(length, 0), 1, length));
  }),
  rule(ops.atan2, (g, [y, x], { output: { dtype } }) => {
    const { add, mul, div, equal, greater, where, apply } = arithmetic(g, dtype);
    const isVertical = equal(x, 0);
    const angle = apply("Atan", div(y, where(isVertical, 1, x)));
    const halfTurn = where(greater(0, y), -Math.PI, Math.PI);
    return where(isVertical, mul(apply("Sign", y), Math.PI / 2), where(greater(x, 0), angle, add(angle, halfTurn)));
  }),
  rule(atan2Slope, (g, [y, x], { output: { dtype } }) => {
    const { add, mul, div } = arithmetic(g, dtype);
    return div(x, add(mul(x, x), mul(y, y)));
  }),
  rule(ops.logAddExp, (g, [a, b], { output: { dtype } }) => {
    const { add, sub, equal, max, where, apply } = arithmetic(g, dtype);
    const largest = max(a, b);
    const distance = apply("Abs", sub(a, b));
    const sum = add(largest, log1p(g, apply("Exp", apply("Neg", distance)), dtype));
    return where(equal(apply("Abs", largest), Number.POSITIVE_INFINITY), largest, sum);
  }),
  rule(logAddExpSlope, (g, [a, b], { output: { dtype } }) => {
    const { sub, equal, where } = arithmetic(g, dtype);
    const isLowest = (x: string) => equal(x, Number.NEGATIVE_INFINITY);
    return where(and(g, isLowest(a), isLowest(b)), 0, sigmoid(g, sub(a, b), dtype));
  }),
];
