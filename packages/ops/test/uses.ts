import type { Shape } from "@wengert/core/extend";
import type { Plain } from "./program.ts";
import { numbers } from "./support.ts";
import { isFloatValue, type Test, type Use, type Value, type Writer } from "./writer.ts";

const rankOf = ({ t }: Value): number => t.shape.length;
const everyElement =
  (test: (x: number) => boolean): Test =>
  ({ t }) =>
    numbers(t).every(test);
const isAbove = (least: number): Test => everyElement((x) => x > least);
const isWithin = (least: number, most: number): Test => everyElement((x) => x >= least && x <= most);
const isFarFrom0 = everyElement((x) => Math.abs(x) > 0.2);
const allOf =
  (...tests: readonly Test[]): Test =>
  (value) =>
    tests.every((test) => test(value));
const hasDType =
  (...dtypes: readonly string[]): Test =>
  ({ t }) =>
    dtypes.includes(t.dtype);
const acceptAny: Test = () => true;
const isNumeric: Test = (value) => isFloatValue(value) || value.t.dtype === "int32";
const hasDTypeOf = ({ t: a }: Value) => (({ t: b }) => a.dtype === b.dtype) satisfies Test;
const hasShape =
  (shape: Shape): Test =>
  ({ t }) =>
    String(t.shape) === String(shape);

/** Returns a float tensor with elements above 0.1, where logarithms, roots and powers are smooth. */
function positive(w: Writer): Value {
  const found = w.chance(60) ? w.pick(allOf(isFloatValue, isAbove(0.1))) : undefined;
  return found ?? w.addStep("add", w.addStep("square", w.pickOrGiveUp(isFloatValue)), 0.5);
}

/** Returns whether two shapes broadcast by NumPy's rules. */
function shapesBroadcast(a: Shape, b: Shape): boolean {
  const [m, n] = [a.toReversed(), b.toReversed()];
  return m.every((size, i) => n[i] === undefined || size === n[i] || size === 1 || n[i] === 1);
}

const broadcastsWith =
  (...others: readonly Value[]): Test =>
  ({ t }) =>
    others.every((other) => shapesBroadcast(other.t.shape, t.shape));

const broadcastsTo =
  ({ t: { shape } }: Value): Test =>
  ({ t }) =>
    t.shape.length <= shape.length && t.shape.toReversed().every((n, i) => n === 1 || n === shape.at(-1 - i));

/** Returns two tensors that broadcast and have the same dtype, or a tensor and a number. */
function pair(w: Writer, test: Test): Plain[] {
  const a = w.pickOrGiveUp(test);
  if (a.t.dtype !== "bool" && w.chance(15)) {
    const number = w.oneOf(a.t.dtype === "int32" ? [-2, 1, 3] : [-1.5, -0.5, 0.75, 2]);
    return w.chance(50) ? [a, number] : [number, a];
  }
  const b = w.pickOrGiveUp(allOf(test, hasDTypeOf(a), broadcastsWith(a)));
  return w.chance(50) ? [a, b] : [b, a];
}

/** Returns a random axis, counted from either end. */
function axisOf(w: Writer, rank: number): number {
  w.require(rank > 0);
  return w.random(-rank, rank - 1);
}

const isNonEmpty: Test = ({ t }) => t.size > 0;

/** No axes, one, or several. */
function axesOf(w: Writer, x: Value): number | number[] | undefined {
  if (w.chance(30)) return undefined;
  if (w.chance(60)) return axisOf(w, rankOf(x));
  return [...x.t.shape.keys()].filter(() => w.chance(50)).map((axis) => axis - (w.chance(50) ? rankOf(x) : 0));
}

const comparisonNames = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual", "isFinite", "isNaN"];
const logicalNames = ["logicalAnd", "logicalOr", "logicalXor", "logicalNot"];

/** Returns a bool tensor: usually the result of a new call, sometimes an existing tensor. */
const bool = (w: Writer): Value =>
  (w.chance(40) ? w.pick(hasDType("bool")) : undefined) ??
  w.addCall(w.oneOf(w.chance(50) ? logicalNames : comparisonNames));
const boolPair: Use = (w) => {
  const a = bool(w);
  return [a, w.pickOrGiveUp(allOf(hasDType("bool"), broadcastsWith(a)))];
};

const options = (entries: Readonly<Record<string, Plain | undefined>>): Plain =>
  Object.fromEntries(Object.entries(entries).filter(([, entry]) => entry !== undefined)) as { [key: string]: Plain };

const elementwise =
  (test: Test): Use =>
  (w) => [w.pickOrGiveUp(test)];
const binary =
  (test: Test): Use =>
  (w) =>
    pair(w, test);
const positiveAndAny: Use = (w) => {
  const a = positive(w);
  return [a, w.pickOrGiveUp(allOf(hasDTypeOf(a), broadcastsWith(a)))];
};
const reduction =
  (test: Test): Use =>
  (w) => {
    const x = w.pickOrGiveUp(allOf(test, isNonEmpty));
    return [x, options({ axis: axesOf(w, x), keepDims: w.oneOf([undefined, true, false]) })];
  };
const argSearch: Use = (w) => {
  const x = w.pickOrGiveUp(allOf(isNumeric, isNonEmpty));
  return [x, options({ axis: w.chance(70) ? axisOf(w, rankOf(x)) : undefined, keepDims: w.oneOf([undefined, true]) })];
};
/** Returns two float tensors of the same shape, and an axis. */
const onAxes: Use = (w) => {
  const s = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
  const g = w.pickOrGiveUp(allOf(hasDTypeOf(s), hasShape(s.t.shape)));
  return [s, g, { axis: axisOf(w, rankOf(s)) }];
};
/** Returns positive weights, a weighted tensor, and an axis. */
const weightsAndValues: Use = (w) => {
  const s = positive(w);
  w.require(s.t.size > 0);
  return [s, w.pickOrGiveUp(allOf(hasDTypeOf(s), hasShape(s.t.shape))), { axis: axisOf(w, rankOf(s)) }];
};
const twoAlike: Use = (w) => {
  const x = w.pickOrGiveUp(isFloatValue);
  return [x, w.pickOrGiveUp(allOf(hasDTypeOf(x), hasShape(x.t.shape)))];
};
const softmaxUse: Use = (w) => {
  const x = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
  const where = w.chance(30) ? w.pick(allOf(hasDType("bool"), broadcastsTo(x))) : undefined;
  return [x, options({ axis: w.oneOf([undefined, axisOf(w, rankOf(x))]), where })];
};

/** Returns an integer tensor with elements from `least` to `most`, usually an input of the program. */
const integers = (w: Writer, shape: Shape, least: number, most: number): Value => {
  w.require(most >= least);
  const isThere = allOf(hasDType("int32"), hasShape(shape), isWithin(least, most));
  if (shape.length === 1 && least === 0 && most >= shape[0]! - 1 && w.chance(20))
    return w.addStep("permutation", key(w), shape[0]!);
  const found = w.chance(50) ? w.pick(isThere) : undefined;
  return found ?? w.addLeaf(shape, "int32", () => w.random(least, most));
};

const someShape = (w: Writer): number[] => w.randomIntegers(w.random(0, 3), 1, 3);

/** Returns a random key: an int32 tensor of two words. */
const key = (w: Writer): Value =>
  w.chance(60)
    ? w.addCall(w.oneOf(["splitKey", "foldIn"]))
    : (w.pick(allOf(hasDType("int32"), hasShape([2]))) ?? w.addStep("randomKey", w.random(0, 99)));
const drawing: Use = (w) => [key(w), { shape: someShape(w), dtype: w.oneOf(w.floats) }];

const labelsOf = (w: Writer, logits: Value, axis: number): Value =>
  integers(w, logits.t.shape.toSpliced(axis, 1), 0, logits.t.shape.at(axis)! - 1);

/** Returns logits, a tensor with one number per row of the logits, and the axis of the classes. */
function rowsOf(w: Writer): readonly [logits: Value, g: Value, axis: number] {
  const logits = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
  const axis = axisOf(w, rankOf(logits));
  const shape = logits.t.shape.toSpliced(axis, 1);
  return [logits, w.pick(allOf(hasDTypeOf(logits), hasShape(shape))) ?? w.addStep("mean", logits, { axis }), axis];
}

/** Predictions and targets of one shape, or one of them a scalar; with `hasLabels` also int32 labels. */
const loss =
  (hasLabels: boolean): Use =>
  (w) => {
    const reduction = options({ reduction: w.oneOf([undefined, "mean", "sum", "none"]) });
    const a = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
    if (hasLabels && w.chance(30)) return [a, integers(w, a.t.shape, 0, 1), reduction];
    if (w.chance(15)) return w.chance(50) ? [a, 0.25, reduction] : [-0.5, a, reduction];
    const fits: Test = ({ t: { shape } }) => shape.length === 0 || String(shape) === String(a.t.shape);
    const b = w.pickOrGiveUp(allOf(isFloatValue, hasDTypeOf(a), fits));
    return w.chance(50) ? [a, b, reduction] : [b, a, reduction];
  };

/** How to generate the arguments of each export of ops. */
export const uses: Readonly<Record<string, Use>> = {
  add: binary(isNumeric),
  sub: binary(isNumeric),
  mul: binary(isNumeric),
  div: (w) => {
    const a = w.pickOrGiveUp(isFloatValue);
    const isDivisor = allOf(hasDTypeOf(a), broadcastsWith(a), isFarFrom0);
    const b = w.pick(isDivisor) ?? w.addStep("add", w.addStep("square", a), 0.5);
    return [a, b];
  },
  axpy: (w) => {
    const y = w.pickOrGiveUp(isNumeric);
    const x = w.pickOrGiveUp(allOf(hasDTypeOf(y), hasShape(y.t.shape)));
    const alpha = w.chance(50) ? w.pick(allOf(hasDTypeOf(y), hasShape([]))) : undefined;
    return [alpha ?? w.oneOf([-2, 1, 3]), x, y];
  },
  neg: elementwise(isNumeric),
  square: elementwise(isNumeric),
  sqrt: (w) => [positive(w)],
  abs: elementwise(isNumeric),
  sign: elementwise(isNumeric),
  exp: elementwise(isFloatValue),
  expm1: elementwise(isFloatValue),
  log: (w) => [positive(w)],
  log1p: (w) => [w.pick(allOf(isFloatValue, isAbove(-0.8))) ?? positive(w)],
  sin: elementwise(isFloatValue),
  cos: elementwise(isFloatValue),
  tanh: elementwise(isFloatValue),
  tanhSlope: elementwise(isFloatValue),
  sigmoid: elementwise(isFloatValue),
  sigmoidSlope: elementwise(isFloatValue),
  logSigmoid: elementwise(isFloatValue),
  softplus: elementwise(isFloatValue),
  gelu: elementwise(isFloatValue),
  geluSlope: elementwise(isFloatValue),
  relu: elementwise(isNumeric),
  reluPullback: twoAlike,
  minimum: binary(isNumeric),
  maximum: binary(isNumeric),
  logAddExp: binary(isFloatValue),
  logAddExpSlope: binary(isFloatValue),
  pow: (w) => {
    if (w.chance(30)) return [w.pickOrGiveUp(isFloatValue), w.oneOf([2, 3])];
    return positiveAndAny(w);
  },
  powSlope: positiveAndAny,
  xlogy: positiveAndAny,
  clip: (w) => [w.pickOrGiveUp(isNumeric), options({ min: w.oneOf([undefined, -1]), max: w.oneOf([undefined, 1, 2]) })],
  where: (w) => {
    const condition = bool(w);
    const a = w.pickOrGiveUp(broadcastsWith(condition));
    return [condition, a, w.pickOrGiveUp(allOf(hasDTypeOf(a), broadcastsWith(condition, a)))];
  },
  equal: binary(isNumeric),
  notEqual: binary(isNumeric),
  less: binary(isNumeric),
  lessEqual: binary(isNumeric),
  greater: binary(isNumeric),
  greaterEqual: binary(isNumeric),
  logicalAnd: boolPair,
  logicalOr: boolPair,
  logicalXor: boolPair,
  logicalNot: (w) => [bool(w)],
  isFinite: elementwise(acceptAny),
  isNaN: elementwise(acceptAny),
  cast: (w) => [
    (w.chance(50) && w.pick(hasDType("bool", "int32"))) || w.pickOrGiveUp(acceptAny),
    { dtype: w.oneOf([...w.floats, ...w.floats, "int32", "bool"]) },
  ],
  sum: reduction(acceptAny),
  mean: reduction(isFloatValue),
  max: reduction(isNumeric),
  min: reduction(isNumeric),
  variance: (w) => {
    const [x, given] = reduction(isFloatValue)(w) as [Value, { [key: string]: Plain }];
    return [x, w.chance(20) ? { ...given, ddof: -1 } : given];
  },
  logSumExp: reduction(isFloatValue),
  argmax: argSearch,
  argmin: argSearch,
  cumsum: (w) => {
    const x = w.pickOrGiveUp(isNumeric);
    return [x, { axis: axisOf(w, rankOf(x)) }];
  },
  reshape: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    const shape = w.chance(40) ? [x.t.size] : x.t.shape.toSpliced(w.random(0, rankOf(x)), 0, 1).toReversed();
    const open = w.chance(30) && x.t.size > 0 ? w.random(0, shape.length - 1) : -1;
    return [x, { shape: shape.map((n, i) => (i === open ? -1 : n)) }];
  },
  broadcastTo: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    const own = x.t.shape.map((n) => (n === 1 ? w.random(1, 3) : n));
    return [x, { shape: [...w.randomIntegers(w.random(0, 2), 1, 3), ...own] }];
  },
  transpose: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    const axes = [...x.t.shape.keys()];
    const order: number[] = [];
    while (axes.length > 0) order.push(...axes.splice(w.random(0, axes.length - 1), 1));
    return [x, options({ axes: w.oneOf([undefined, order]) })];
  },
  expandDims: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    return [x, { axis: axisOf(w, rankOf(x) + 1) }];
  },
  squeeze: (w) => [w.pickOrGiveUp(acceptAny)],
  flip: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    return [x, options({ axis: axesOf(w, x) })];
  },
  slice: (w) => {
    const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
    const n = w.random(1, rankOf(x));
    const bounds = () => w.randomIntegers(n, -3, 4).map((bound) => (w.chance(40) ? null : bound));
    return [
      x,
      { start: bounds(), stop: bounds(), step: Array.from({ length: n }, () => w.oneOf([-2, -1, 1, 1, 2, null])) },
    ];
  },
  unslice: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    const size = [...x.t.shape];
    const step = size.map(() => w.oneOf([-2, -1, 1, 2]));
    const spans = size.map((n, i) => Math.max(0, n - 1) * Math.abs(step[i]!));
    const before = w.randomIntegers(size.length, 0, 1);
    const start = spans.map((span, i) => before[i]! + (step[i]! < 0 ? span : 0));
    return [x, { start, step, size, shape: spans.map((span, i) => before[i]! + span + w.random(1, 2)) }];
  },
  concat: (w) => {
    const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
    const axis = axisOf(w, rankOf(x));
    const isFitting: Test = allOf(hasDTypeOf(x), ({ t }) => {
      const at = axis < 0 ? axis + rankOf(x) : axis;
      return t.shape.length === rankOf(x) && t.shape.every((n, i) => i === at || n === x.t.shape[i]);
    });
    const list = [x, ...w.randomIntegers(w.random(0, 2), 0, 0).map(() => w.pickOrGiveUp(isFitting))];
    return [list, ...(axis === 0 && w.chance(50) ? [] : [{ axis }])];
  },
  stack: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    const list = [
      x,
      ...w.randomIntegers(w.random(0, 2), 0, 0).map(() => w.pickOrGiveUp(allOf(hasDTypeOf(x), hasShape(x.t.shape)))),
    ];
    return [list, { axis: axisOf(w, rankOf(x) + 1) }];
  },
  pad: (w) => {
    const x = w.pickOrGiveUp(acceptAny);
    const value = w.oneOf(x.t.dtype === "bool" ? [undefined, 1] : [undefined, 3]);
    return [x, options({ widths: x.t.shape.map(() => w.randomIntegers(2, 0, 1)), value })];
  },
  take: (w) => {
    const x = w.pickOrGiveUp(isNonEmpty);
    const axis = w.chance(70) && rankOf(x) > 0 ? axisOf(w, rankOf(x)) : undefined;
    const n = axis === undefined ? x.t.size : x.t.shape.at(axis)!;
    const shape = w.randomIntegers(w.random(0, 2), 1, 3);
    return [x, integers(w, shape, -n, n - 1), ...(axis === undefined ? [] : [{ axis }])];
  },
  scatterAdd: (w) => {
    const x = w.pickOrGiveUp(isFloatValue);
    const axis = w.random(0, rankOf(x));
    const shape = x.t.shape.slice(axis, w.random(axis, rankOf(x)));
    const size = w.random(1, 3);
    return [x, integers(w, shape, -size, size - 1), { axis, size }];
  },
  oneHot: (w) => {
    const numClasses = w.random(1, 3);
    const isClass = allOf(hasDType("int32"), isWithin(0, numClasses - 1));
    const indices = w.pick(isClass) ?? integers(w, someShape(w), 0, numClasses - 1);
    return [indices, options({ numClasses, dtype: w.oneOf([undefined, ...w.floats, "int32"]) })];
  },
  matmul: (w) => {
    const a = w.pickOrGiveUp(allOf(isFloatValue, ({ t }) => t.shape.length > 0));
    const inner = a.t.shape.at(-1)!;
    const isRight: Test = ({ t: { shape } }) =>
      (shape.length === 1 ? shape[0] : shape.at(-2)) === inner &&
      shapesBroadcast(a.t.shape.slice(0, -2), shape.slice(0, -2));
    return [a, w.pickOrGiveUp(allOf(hasDTypeOf(a), isRight))];
  },
  softmax: softmaxUse,
  logSoftmax: softmaxUse,
  softmaxPullback: weightsAndValues,
  logSoftmaxPullback: onAxes,
  subtractWeightedMean: weightsAndValues,
  crossEntropy: (w) => {
    const logits = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
    const axis = axisOf(w, rankOf(logits));
    const reduction = w.oneOf([undefined, "mean", "sum", "none"]);
    const byLabel = w.chance(60);
    const target = byLabel
      ? labelsOf(w, logits, axis)
      : w.pickOrGiveUp(allOf(hasDTypeOf(logits), hasShape(logits.t.shape)));
    const weight = w.chance(30) ? w.pick(allOf(hasDTypeOf(logits), hasShape([logits.t.shape.at(axis)!]))) : undefined;
    const labelSmoothing = w.oneOf([undefined, 0.1]);
    const ignoreIndex = byLabel && reduction !== "mean" ? w.oneOf([undefined, 0]) : undefined;
    return [logits, target, options({ axis, reduction, weight, labelSmoothing, ignoreIndex })];
  },
  crossEntropyPullback: (w) => {
    const [logits, g, axis] = rowsOf(w);
    return [logits, labelsOf(w, logits, axis), g, { axis }];
  },
  softCrossEntropyPullback: (w) => {
    const [logits, g, axis] = rowsOf(w);
    return [logits, w.pickOrGiveUp(allOf(hasDTypeOf(logits), hasShape(logits.t.shape))), g, { axis }];
  },
  prod: reduction(isNumeric),
  takeAlong: (w) => {
    const x = w.pickOrGiveUp(allOf(isNonEmpty, ({ t }) => t.shape.length > 0));
    const axis = axisOf(w, rankOf(x));
    const n = x.t.shape.at(axis)!;
    return [x, integers(w, x.t.shape.with(axis, w.random(1, 3)), -n, n - 1), { axis }];
  },
  scatterAddAlong: (w) => {
    const x = w.pickOrGiveUp(allOf(isFloatValue, ({ t }) => t.shape.length > 0));
    const size = w.random(1, 3);
    return [x, integers(w, x.t.shape, -size, size - 1), { axis: axisOf(w, rankOf(x)), size }];
  },
  exclusiveCumprod: (w) => {
    const x = w.pickOrGiveUp(isFloatValue);
    return [x, options({ axis: axesOf(w, x), reverse: w.oneOf([undefined, true]) })];
  },
  linearRecurrence: (w) => {
    const a = w.pickOrGiveUp(isFloatValue);
    const b = w.pickOrGiveUp(allOf(hasDTypeOf(a), hasShape(a.t.shape)));
    return [a, b, options({ axis: axesOf(w, a), reverse: w.oneOf([undefined, true]) })];
  },
  dot: (w) => {
    const a = w.pickOrGiveUp(isFloatValue);
    const fitsDot: Test = ({ t: { shape } }) =>
      rankOf(a) === 0 || shape.length === 0 || (shape.length === 1 ? shape[0] : shape.at(-2)) === a.t.shape.at(-1);
    return [a, w.pickOrGiveUp(allOf(hasDTypeOf(a), fitsDot))];
  },
  outer: (w) => {
    const a = w.pickOrGiveUp(allOf(isFloatValue, ({ t }) => t.shape.length === 1));
    return [a, w.pickOrGiveUp(allOf(hasDTypeOf(a), ({ t }) => t.shape.length === 1))];
  },
  einsum: (w) => {
    const a = w.pickOrGiveUp(isFloatValue);
    const operands = w.chance(70) ? [a, w.pickOrGiveUp(hasDTypeOf(a))] : [a];
    const sizes: number[] = [];
    const label = (n: number): number => {
      const known = [...sizes.keys()].filter((i) => sizes[i] === n);
      return known.length > 0 && w.chance(60) ? w.oneOf(known) : sizes.push(n) - 1;
    };
    const text = (labels: readonly number[]) => labels.map((i) => "ijklmnop"[i]).join("");
    const inputs = operands.map(({ t }) => text(t.shape.map(label))).join(",");
    const output = text([...sizes.keys()].filter(() => w.chance(60)));
    return [w.chance(70) ? `${inputs}->${output}` : inputs, ...operands];
  },
  binaryCrossEntropy: loss(true),
  mse: loss(false),
  randomKey: (w) => [w.random(0, 99)],
  splitKey: (w) => [key(w), w.random(1, 3)],
  foldIn: (w) => [key(w), w.random(0, 3)],
  permutation: (w) => [key(w), w.random(0, 6)],
  randomNormal: drawing,
  randomUniform: (w) => {
    const [from, given] = drawing(w) as [Value, { [key: string]: Plain }];
    return [from, options({ ...given, min: w.oneOf([undefined, -1]), max: w.oneOf([undefined, 2]) })];
  },
};
