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

/** Returns a random axis of a tensor, counted from the start or from the end. */
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
const otherBoolNames = ["any", "all", "randomBernoulli"];
const logicalNames = ["logicalAnd", "logicalOr", "logicalXor", "logicalNot"];

/** Returns a bool tensor. In most cases adds a call that computes the tensor; sometimes picks an existing tensor. */
const bool = (w: Writer): Value =>
  (w.chance(40) ? w.pick(hasDType("bool")) : undefined) ??
  w.addCall(w.oneOf(w.chance(15) ? otherBoolNames : w.chance(50) ? logicalNames : comparisonNames));
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
const boolReduction: Use = (w) => {
  const x = bool(w);
  return [x, options({ axis: axesOf(w, x), keepDims: w.oneOf([undefined, true]) })];
};
const sortUse: Use = (w) => {
  const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
  return [x, options({ axis: w.oneOf([undefined, axisOf(w, rankOf(x))]), descending: w.oneOf([undefined, true]) })];
};
const argSearch: Use = (w) => {
  const x = w.pickOrGiveUp(allOf(isNumeric, isNonEmpty));
  return [x, options({ axis: w.chance(70) ? axisOf(w, rankOf(x)) : undefined, keepDims: w.oneOf([undefined, true]) })];
};
/** Returns two random float tensors of the same shape, and a random axis. */
const onAxes: Use = (w) => {
  const s = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
  const g = w.pickOrGiveUp(allOf(hasDTypeOf(s), hasShape(s.t.shape)));
  return [s, g, { axis: axisOf(w, rankOf(s)) }];
};
/** Returns random positive weights, a tensor to be weighted, and a random axis. */
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

/**
 * Returns an int32 tensor with elements from `least` to `most`. It is the output of a step or a new input of the
 * program.
 */
const integers = (w: Writer, shape: Shape, least: number, most: number): Value => {
  w.require(most >= least);
  const isThere = allOf(hasDType("int32"), hasShape(shape), isWithin(least, most));
  if (shape.length === 1 && least === 0 && most >= shape[0]! - 1 && w.chance(20))
    return w.addStep("permutation", key(w), shape[0]!);
  if (w.chance(10)) return w.addStep("randomInteger", key(w), { low: least, high: most + 1, shape });
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

const weightsUse: Use = (w) => [key(w), { shape: w.randomIntegers(w.random(2, 3), 1, 3), dtype: w.oneOf(w.floats) }];
const isVector: Test = ({ t }) => t.shape.length === 1;
const isNonEmptyArray: Test = allOf(isNonEmpty, ({ t }) => t.shape.length > 0);
const floatOrInt = (w: Writer) => w.oneOf([...w.floats, "int32" as const]);
const triangleUse: Use = (w) => {
  const x = w.pickOrGiveUp(({ t }) => t.shape.length >= 2);
  return [x, options({ k: w.oneOf([undefined, 1, -1]) })];
};
const updateUse =
  (test: Test): Use =>
  (w) => {
    const x = w.pickOrGiveUp(allOf(test, isNonEmptyArray));
    const axis = axisOf(w, rankOf(x));
    const n = x.t.shape.at(axis)!;
    const indices = integers(w, [w.random(1, 3)], -n, n - 1);
    const shape = x.t.shape.toSpliced(axis, 1, ...indices.t.shape);
    const values = w.pickOrGiveUp(
      allOf(
        hasDTypeOf(x),
        ({ t }) =>
          shapesBroadcast(t.shape, shape) &&
          t.shape.length <= shape.length &&
          t.shape.toReversed().every((size, i) => size === 1 || size === shape.at(-1 - i)),
      ),
    );
    return [x, indices, values, { axis }];
  };

const labelsOf = (w: Writer, logits: Value, axis: number): Value =>
  integers(w, logits.t.shape.toSpliced(axis, 1), 0, logits.t.shape.at(axis)! - 1);

/**
 * Returns three arguments: logits, a tensor g with a number for each row of the logits, and the axis of the classes.
 */
function rowsOf(w: Writer): readonly [logits: Value, g: Value, axis: number] {
  const logits = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
  const axis = axisOf(w, rankOf(logits));
  const shape = logits.t.shape.toSpliced(axis, 1);
  return [logits, w.pick(allOf(hasDTypeOf(logits), hasShape(shape))) ?? w.addStep("mean", logits, { axis }), axis];
}

/**
 * Returns a prediction and a target of the same shape, or a scalar in place of one of them. With `hasLabels`, the
 * targets may be int32 labels.
 */
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

/**
 * Returns square matrices whose diagonal is so large that the matrices are invertible, and positive definite if they
 * are symmetric.
 */
function invertible(w: Writer, isSymmetric = false): Value {
  const x = w.pickOrGiveUp(
    allOf(
      isFloatValue,
      isNonEmpty,
      isMatrix,
      everyElement((each) => Math.abs(each) < 3),
    ),
  );
  const [m, n] = x.t.shape.slice(-2) as [number, number];
  w.require(isSymmetric || m === n);
  const transposed = w.addStep("transpose", x, {
    axes: [...x.t.shape.keys()].with(-1, rankOf(x) - 2).with(-2, rankOf(x) - 1),
  });
  const product = w.addStep("matmul", x, transposed);
  const shift = Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => (i === j ? 1 + i : 0)));
  const diagonal = w.addStep("cast", w.addLeaf([m, m], "int32", shiftedBy(shift.flat())), { dtype: x.t.dtype });
  const definite = w.addStep("add", product, diagonal);
  return isSymmetric ? definite : w.addStep("add", definite, w.addStep("mul", 0.1, x));
}
const shiftedBy = (values: readonly number[]) => {
  const next = values.values();
  return () => next.next().value!;
};
const isMatrix: Test = ({ t }) => t.shape.length >= 2;
const withRightSide =
  (make: (w: Writer) => Value): Use =>
  (w) => {
    const A = make(w);
    const n = A.t.shape.at(-2)!;
    const fits: Test = ({ t: { shape } }) =>
      shape.length === 1
        ? shape[0] === n
        : shape.at(-2) === n && shapesBroadcast(A.t.shape.slice(0, -2), shape.slice(0, -2));
    const b =
      w.pick(allOf(hasDTypeOf(A), fits)) ??
      w.addStep(
        "cast",
        w.addLeaf([n], "int32", () => w.random(-3, 3)),
        { dtype: A.t.dtype },
      );
    return [A, b];
  };

/** Returns a float tensor as one image with one channel, [1, H, W, 1]. */
function image(w: Writer, test: Test = acceptAny): Value {
  const x = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty, test));
  const height = x.t.shape[0] ?? 1;
  return w.addStep("reshape", x, { shape: [1, height, x.t.size / height, 1] });
}
/** Returns a float tensor as a kernel with one channel and one filter, [height, width, 1, 1]. */
function filter(w: Writer, x: Value): Value {
  const kernel = w.pickOrGiveUp(allOf(hasDTypeOf(x), isNonEmpty, ({ t }) => t.size <= 4));
  const height = kernel.t.shape[0] ?? 1;
  return w.addStep("reshape", kernel, { shape: [height, kernel.t.size / height, 1, 1] });
}
const spatial = ({ t }: Value, from = 1): readonly [number, number] => [t.shape[from]!, t.shape[from + 1]!];
const pooling = (w: Writer): { [key: string]: Plain } => ({
  size: w.random(1, 2),
  ...(w.chance(40) ? { stride: w.random(1, 2) } : {}),
  padding: "same",
});
const pool: Use = (w) => [image(w), pooling(w)];
const sequencePool: Use = (w) => {
  const x = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
  return [w.addStep("reshape", x, { shape: [1, x.t.size, 1] }), pooling(w)];
};
/** Returns a random axis of x, and the size of windows that fit along this axis. */
function windowsOn(w: Writer, x: Value): { [key: string]: Plain } {
  const axes = axisOf(w, rankOf(x));
  const n = x.t.shape.at(axes)!;
  w.require(n > 0);
  return { size: w.random(1, Math.min(n, 3)), stride: w.random(1, 2), axes };
}

/** Maps the name of each export of @wengert/ops to a function that generates arguments for the export. */
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
  silu: elementwise(isFloatValue),
  siluSlope: elementwise(isFloatValue),
  elu: (w) => [w.pickOrGiveUp(isFloatValue), options({ alpha: w.oneOf([undefined, 0.5]) })],
  leakyRelu: (w) => [w.pickOrGiveUp(isFloatValue), options({ slope: w.oneOf([undefined, -0.5]) })],
  tan: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isWithin(-1.2, 1.2)))],
  asin: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isWithin(-0.8, 0.8)))],
  acos: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isWithin(-0.8, 0.8)))],
  atan: elementwise(isFloatValue),
  atan2: binary(allOf(isFloatValue, isFarFrom0)),
  atan2Slope: binary(allOf(isFloatValue, isFarFrom0)),
  hypot: binary(allOf(isFloatValue, isFarFrom0)),
  hypotSlope: binary(allOf(isFloatValue, isFarFrom0)),
  sinh: elementwise(isFloatValue),
  cosh: elementwise(isFloatValue),
  asinh: elementwise(isFloatValue),
  acosh: (w) => [w.addStep("add", w.addStep("square", w.pickOrGiveUp(isFloatValue)), 1.5)],
  atanh: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isWithin(-0.8, 0.8)))],
  exp2: elementwise(isFloatValue),
  log2: (w) => [positive(w)],
  log10: (w) => [positive(w)],
  reciprocal: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isFarFrom0))],
  floor: elementwise(isNumeric),
  ceil: elementwise(isNumeric),
  round: elementwise(isNumeric),
  trunc: elementwise(isNumeric),
  mod: (w) => {
    const a = w.pickOrGiveUp(isNumeric);
    return [a, w.pickOrGiveUp(allOf(hasDTypeOf(a), broadcastsWith(a), isFarFrom0))];
  },
  floorDivide: (w) => {
    const a = w.pickOrGiveUp(isNumeric);
    return [a, w.pickOrGiveUp(allOf(hasDTypeOf(a), broadcastsWith(a), isFarFrom0))];
  },
  nanToNum: (w) => [w.pickOrGiveUp(isFloatValue), options({ nan: w.oneOf([undefined, 1]) })],
  erf: elementwise(isFloatValue),
  erfc: elementwise(isFloatValue),
  gaussian: elementwise(isFloatValue),
  erfinv: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isWithin(-0.8, 0.8)))],
  erfinvSlope: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isWithin(-0.8, 0.8)))],
  logNdtr: elementwise(isFloatValue),
  inverseMills: elementwise(isFloatValue),
  inverseMillsExcess: elementwise(isFloatValue),
  lgamma: (w) => [positive(w)],
  digamma: (w) => [positive(w)],
  polygamma: (w) => [w.random(0, 2), w.addStep("add", w.addStep("square", w.pickOrGiveUp(isFloatValue)), 0.5)],
  betaln: (w) => {
    const a = positive(w);
    return [a, w.pick(allOf(hasDTypeOf(a), broadcastsWith(a), isAbove(0.1))) ?? a];
  },
  polygammaDifference: (w) => {
    const a = positive(w);
    return [a, w.pick(allOf(hasDTypeOf(a), broadcastsWith(a), isAbove(0.1))) ?? a, { n: w.random(0, 1) }];
  },
  gammainc: (w) => [w.oneOf([0.5, 2.5]), positive(w)],
  gammaincSlope: (w) => [w.oneOf([1.5, 2.5]), positive(w)],
  huber: (w) => {
    const prediction = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
    const target = w.pickOrGiveUp(allOf(hasDTypeOf(prediction), hasShape(prediction.t.shape)));
    const reduction = w.oneOf([undefined, "mean", "sum", "none"]);
    return [prediction, target, options({ reduction, delta: w.oneOf([undefined, 0.5]) })];
  },
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
  isClose: (w) => [
    ...pair(w, acceptAny),
    options({ relativeTolerance: w.oneOf([undefined, 0.5]), absoluteTolerance: w.oneOf([undefined, 0.25]) }),
  ],
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
  std: (w) => {
    const [x, given] = reduction(isFloatValue)(w) as [Value, { [key: string]: Plain }];
    return [x, given];
  },
  norm: (w) => {
    const [x, given] = reduction(isFloatValue)(w) as [Value, { [key: string]: Plain }];
    return [w.addStep("add", w.addStep("square", x), 0.5), { ...given, ord: w.oneOf([1, 2, 3, 2]) }];
  },
  any: boolReduction,
  all: boolReduction,
  countNonzero: reduction(acceptAny),
  median: reduction(isFloatValue),
  quantile: (w) => {
    const [x, given] = reduction(isFloatValue)(w) as [Value, { [key: string]: Plain }];
    return [x, w.oneOf([0.3, 1, [0.2, 0.6]]), given];
  },
  cumprod: (w) => {
    const x = w.pickOrGiveUp(isNumeric);
    return [x, { axis: axisOf(w, rankOf(x)) }];
  },
  logCumsumExp: (w) => {
    const x = w.pickOrGiveUp(isFloatValue);
    return [x, { axis: axisOf(w, rankOf(x)) }];
  },
  sort: sortUse,
  argsort: sortUse,
  topK: (w) => {
    const x = w.pickOrGiveUp(allOf(acceptAny, ({ t }) => t.shape.length > 0));
    const axis = axisOf(w, rankOf(x));
    return [x, { k: w.random(0, x.t.shape.at(axis)!), axis }];
  },
  searchsorted: (w) => {
    const x = w.pickOrGiveUp(isNumeric);
    const vector = w.chance(50) ? w.pick(allOf(hasDTypeOf(x), isVector)) : undefined;
    const sorted = vector ? w.addStep("sort", vector) : w.addStep("arange", -1, 2, { dtype: x.t.dtype });
    return [sorted, x, options({ side: w.oneOf([undefined, "right"]) })];
  },
  argmax: argSearch,
  argmin: argSearch,
  cumsum: (w) => {
    const x = w.pickOrGiveUp(isNumeric);
    return [x, { axis: axisOf(w, rankOf(x)) }];
  },
  diff: (w) => {
    const x = w.pickOrGiveUp(isNumeric);
    return [x, options({ axis: axisOf(w, rankOf(x)), order: w.oneOf([undefined, 0, 2]) })];
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
  arange: (w) => [w.random(-3, 3), w.random(-3, 4), options({ step: w.oneOf([undefined, 2]), dtype: floatOrInt(w) })],
  linspace: (w) => [w.random(-2, 2), w.random(-2, 2), { num: w.random(0, 4) }],
  eye: (w) => [w.random(0, 3), options({ dtype: floatOrInt(w) })],
  diag: (w) => {
    const x = w.pickOrGiveUp(allOf(isNonEmpty, ({ t }) => t.shape.length === 1 || t.shape.length === 2));
    return [x, options({ k: w.oneOf([undefined, 0, 1, -1]) })];
  },
  tril: triangleUse,
  triu: triangleUse,
  meshgrid: (w) => {
    const x = w.pickOrGiveUp(isVector);
    const others = w.chance(60) ? [w.pickOrGiveUp(allOf(isVector, hasDTypeOf(x)))] : [];
    return [[...others, x], options({ indexing: w.oneOf([undefined, "ij"]) })];
  },
  split: (w) => {
    const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
    const axis = axisOf(w, rankOf(x));
    const n = x.t.shape.at(axis)!;
    const indices = w.randomIntegers(2, 0, n).sort((a, b) => a - b);
    return [x, { sections: n > 0 && w.chance(40) ? w.oneOf([1, n]) : indices, axis }];
  },
  unstack: (w) => {
    const x = w.pickOrGiveUp(isNonEmptyArray);
    return [x, { axis: axisOf(w, rankOf(x)) }];
  },
  at: (w) => {
    const x = w.pickOrGiveUp(isNonEmptyArray);
    const n = x.t.shape[0]!;
    return [x, w.chance(50) ? w.random(-n, n - 1) : integers(w, [w.random(1, 2)], -n, n - 1)];
  },
  repeat: (w) => {
    const x = w.pickOrGiveUp(isNonEmptyArray);
    const axis = axisOf(w, rankOf(x));
    const counts = w.randomIntegers(x.t.shape.at(axis)!, 0, 2);
    return [x, w.chance(30) ? { count: 2 } : { count: w.chance(50) ? counts : w.random(1, 2), axis }];
  },
  tile: (w) => [w.pickOrGiveUp(acceptAny), { reps: w.chance(40) ? 2 : w.randomIntegers(w.random(0, 3), 1, 2) }],
  roll: (w) => {
    const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
    return [x, options({ shift: w.random(-3, 3), axis: w.chance(70) ? axisOf(w, rankOf(x)) : undefined })];
  },
  moveAxis: (w) => {
    const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
    return [x, { from: axisOf(w, rankOf(x)), to: axisOf(w, rankOf(x)) }];
  },
  swapAxes: (w) => {
    const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
    return [x, { axes: [axisOf(w, rankOf(x)), axisOf(w, rankOf(x))] }];
  },
  flatten: elementwise(acceptAny),
  setAt: updateUse(acceptAny),
  addAt: updateUse(isNumeric),
  segmentSum: (w) => {
    const x = w.pickOrGiveUp(({ t }) => t.shape.length > 0);
    return [x, integers(w, x.t.shape.slice(0, w.random(1, rankOf(x))), 0, 2), { count: 3 }];
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
  expr: (w) => {
    const [a, b] = binary(isFloatValue)(w) as readonly [Plain, Plain];
    return [
      w.oneOf([
        ["", " + ", ""],
        ["2 * ", " - -", ""],
        ["(", " / 2 + 1) * ", ""],
      ]),
      a,
      b,
    ];
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
  cholesky: (w) => [invertible(w, true)],
  triangularSolve: (w) => [
    ...withRightSide(invertible)(w),
    options({ lower: w.oneOf([undefined, false]), transposed: w.oneOf([undefined, true]) }),
  ],
  solve: withRightSide(invertible),
  inv: (w) => [invertible(w)],
  det: (w) => [w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty, isMatrix, ({ t }) => t.shape.at(-1) === t.shape.at(-2)))],
  slogdet: (w) => [invertible(w)],
  lstsq: withRightSide(invertible),
  qr: (w) => [invertible(w)],
  eigh: (w) => [invertible(w, true)],
  svd: (w) => [invertible(w)],
  matrixNorm: (w) => [
    w.pickOrGiveUp(
      allOf(
        isFloatValue,
        isNonEmpty,
        isMatrix,
        everyElement((x) => x !== 0),
      ),
    ),
    options({ keepDims: w.oneOf([undefined, true]) }),
  ],
  matrixTrace: (w) => [w.pickOrGiveUp(allOf(isNumeric, isMatrix))],
  windows: (w) => {
    const x = w.pickOrGiveUp(isFloatValue);
    return [x, windowsOn(w, x)];
  },
  overlapAdd: (w) => {
    const x = w.pickOrGiveUp(isFloatValue);
    const given = windowsOn(w, x);
    return [w.addStep("windows", x, given), { ...given, shape: [...x.t.shape] }];
  },
  conv1d: (w) => {
    const x = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
    const kernel = w.pickOrGiveUp(allOf(hasDTypeOf(x), isNonEmpty, ({ t }) => t.size <= 4));
    return [
      w.addStep("reshape", x, { shape: [1, x.t.size, 1] }),
      w.addStep("reshape", kernel, { shape: [kernel.t.size, 1, 1] }),
      options({ padding: w.oneOf(["same", "causal"]), stride: w.oneOf([undefined, 2]) }),
    ];
  },
  conv2d: (w) => {
    const x = image(w);
    return [x, filter(w, x), { padding: "same", stride: w.random(1, 2), dilation: w.random(1, 2) }];
  },
  convTranspose2d: (w) => {
    const x = image(w);
    return [x, filter(w, x), options({ padding: w.oneOf([undefined, "same"]) })];
  },
  convInputPullback: (w) => {
    const g = image(w);
    const kernel = filter(w, g);
    const [[height, width], [down, across]] = [spatial(g), spatial(kernel, 0)];
    return [g, kernel, { size: [height + down - 1, width + across - 1] }];
  },
  convKernelPullback: (w) => {
    const x = image(w);
    const g = image(w, hasDTypeOf(x));
    const size = spatial(x).map((n, i) => n - spatial(g)[i]! + 1);
    w.require(size.every((n) => n > 0));
    return [x, g, { size }];
  },
  maxPool1d: sequencePool,
  avgPool1d: sequencePool,
  maxPool2d: pool,
  avgPool2d: pool,
  maxPoolPullback: (w) => {
    const [x, given] = pool(w) as [Value, { [key: string]: Plain }];
    return [x, w.addStep("avgPool2d", x, given), given];
  },
  maxPoolTangent: (w) => {
    const x = image(w);
    return [x, w.addStep("sin", x), pooling(w)];
  },
  avgPoolPullback: (w) => {
    const g = image(w);
    const [height, width] = spatial(g);
    return [g, { size: 2, shape: [1, 2 * height, 2 * width, 1] }];
  },
  layerNorm: (w) => {
    const x = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
    const axis = axisOf(w, rankOf(x));
    const scale = w.pick(allOf(hasDTypeOf(x), hasShape([x.t.shape.at(axis)!])));
    return [x, options({ axis, scale, bias: scale, epsilon: 0.5 })];
  },
  rmsNorm: (w) => {
    const x = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty));
    return [x, { axis: axisOf(w, rankOf(x)), epsilon: 0.5 }];
  },
  dropout: (w) => [key(w), w.pickOrGiveUp(isFloatValue), { rate: w.oneOf([0, 0.25, 0.5]) }],
  scaledDotProductAttention: (w) => {
    const q = w.pickOrGiveUp(allOf(isFloatValue, isNonEmpty, ({ t }) => t.shape.length >= 2));
    const isKey: Test = allOf(hasDTypeOf(q), ({ t: { shape } }) => shape.length === 2 && shape[1] === q.t.shape.at(-1));
    const k = w.pick(allOf(isKey, isNonEmpty)) ?? q;
    return [q, k, k, options({ causal: w.oneOf([undefined, true]) })];
  },
  klDivergence: (w) => {
    const p = positive(w);
    const q = w.pick(allOf(hasDTypeOf(p), broadcastsWith(p), isAbove(0.1))) ?? w.addStep("add", p, 0.5);
    w.require(p.t.size > 0 && q.t.size > 0 && rankOf(p) + rankOf(q) > 0);
    return [p, q, options({ reduction: w.oneOf([undefined, "mean", "sum", "none"]) })];
  },
  binaryCrossEntropy: loss(true),
  mse: loss(false),
  randomKey: (w) => [w.random(0, 99)],
  splitKey: (w) => [key(w), w.random(1, 3)],
  foldIn: (w) => [key(w), w.random(0, 3)],
  permutation: (w) => [key(w), w.random(0, 6)],
  randomNormal: drawing,
  randomExponential: drawing,
  randomGumbel: drawing,
  randomTruncatedNormal: (w) => {
    const [from, given] = drawing(w) as [Value, { [key: string]: Plain }];
    return [from, options({ ...given, low: w.oneOf([undefined, -1]), high: w.oneOf([undefined, 0.5]) })];
  },
  randomGamma: (w) => {
    const [from, given] = drawing(w) as [Value, { [key: string]: Plain }];
    return [from, { ...given, concentration: w.oneOf([0.5, 2]) }];
  },
  randomBernoulli: (w) => [key(w), options({ shape: someShape(w), probability: w.oneOf([undefined, 0.2]) })],
  randomInteger: (w) => [key(w), { shape: someShape(w), low: w.oneOf([0, -2]), high: 3 }],
  randomCategorical: (w) => {
    const logits = w.pickOrGiveUp(allOf(isFloatValue, isNonEmptyArray));
    return [key(w), logits, { axis: axisOf(w, rankOf(logits)) }];
  },
  choice: (w) => {
    const x = w.pickOrGiveUp(isNonEmptyArray);
    const axis = axisOf(w, rankOf(x));
    return [key(w), x, { count: w.random(0, x.t.shape.at(axis)!), replace: w.chance(50), axis }];
  },
  glorotUniform: weightsUse,
  glorotNormal: weightsUse,
  heUniform: weightsUse,
  heNormal: weightsUse,
  orthogonal: weightsUse,
  randomUniform: (w) => {
    const [from, given] = drawing(w) as [Value, { [key: string]: Plain }];
    return [from, options({ ...given, min: w.oneOf([undefined, -1]), max: w.oneOf([undefined, 2]) })];
  },
};
