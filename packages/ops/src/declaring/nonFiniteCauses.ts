import type { Tensor } from "@wengert/core";
import { type AnyOpSpec, type Binary, type Fault, type Inputs, ravel, type Unary } from "@wengert/core/extend";

// This file writes the texts that explain a NaN or an infinity and suggest a fix. Each op declares the text for its own
// results. A text is computed only when a user calls `nonFinite`.

type AnyFault = Fault<Inputs, unknown>;

/**
 * Returns the elements of the input x that contributed to the NaN or infinity at `index` of the tensor `bad`. If `bad`
 * is a sum over an axis of x, or the axis is in `allAlong`, all elements along this axis contribute.
 */
function valuesAt(x: Tensor, { bad, index }: Place, allAlong: readonly number[] = []): number[] {
  let places: number[][] = [[]];
  for (const [axis, n] of x.shape.entries()) {
    const at = axis + index.length - x.shape.length;
    const isOpen = at < 0 || bad.shape[at] !== n || allAlong.includes(axis);
    const choices = n === 1 ? [0] : isOpen ? [...Array(n).keys()] : [index[at]!];
    places = places.flatMap((place) => choices.map((i) => [...place, i]));
  }
  return places.map((place) => x.array!.get(...place));
}

interface Place {
  readonly bad: Pick<Tensor, "shape">;
  readonly index: readonly number[];
}

/** Returns a name for an op's input: the label of a tensor, the value of a plain number, or else `fallback`. */
const nameOf = (x: Tensor, { producerOf }: AnyFault, fallback: string): string =>
  x.label ?? (x.shape.length === 0 && !producerOf(x) ? String(x.item()) : fallback);

/**
 * An element x of an input for which an elementwise op or its VJP computed a NaN or infinity. If the VJP computed the
 * NaN or infinity, `g` is the cotangent of the output; otherwise `g` is undefined.
 */
interface Element {
  readonly x: number;
  readonly g: number | undefined;
  readonly name: string;
  readonly fault: Fault<Unary, unknown>;
}
type ElementCause = (fault: Fault<Unary, unknown>) => string | undefined;

/**
 * Returns a function that explains a NaN or infinity in an elementwise op. `cause` returns the text for one element.
 */
const elementwiseCause =
  (cause: (at: Element) => string | undefined): ElementCause =>
  (fault) => {
    const [x] = fault.inputs;
    const g = fault.cotangent && valuesAt(fault.cotangent, fault)[0];
    return cause({ x: valuesAt(x, fault)[0]!, g, name: nameOf(x, fault, "x"), fault });
  };

/**
 * The elements of the inputs a and b from which an op or its VJP computed a NaN or infinity. An input has several such
 * elements if the VJP sums over an axis along which the other input was repeated.
 */
interface Pair {
  readonly as: readonly number[];
  readonly bs: readonly number[];
  /** The cotangents of the output elements, or undefined if the NaN or infinity is in the output itself. */
  readonly gs: readonly number[] | undefined;
  /** The non-finite number. */
  readonly y: number;
  readonly a: string;
  readonly b: string;
  readonly fault: Fault<Binary, unknown>;
}
type PairCause = (fault: Fault<Binary, unknown>) => string | undefined;

/**
 * Returns a function that explains a NaN or infinity in an op with two inputs. `cause` returns the text for one pair of
 * elements.
 */
const pairwiseCause =
  (cause: (at: Pair) => string | undefined): PairCause =>
  (fault) => {
    const { inputs, bad, index, cotangent } = fault;
    const [as, bs] = [valuesAt(inputs[0], fault), valuesAt(inputs[1], fault)];
    const gs = cotangent && valuesAt(cotangent, fault);
    const [a, b] = [nameOf(inputs[0], fault, "a"), nameOf(inputs[1], fault, "b")];
    return cause({ as, bs, gs, y: bad.array!.get(...index), a, b, fault });
  };

/**
 * Returns the explanation of a NaN from 0 × Infinity in a VJP rule. The 0 is the cotangent of a branch that the op
 * `where` did not select.
 */
const maskedBranchText = (safeCall: string): string =>
  "the cotangent there is 0, as in the branch that a where does not select, but 0 × Infinity is NaN: keep that branch finite " +
  `too, ${safeCall}`;

const overflowText = (description: string, { dtype }: Tensor): string => {
  const largest = dtype === "float32" ? "float32, 3.4e38" : "float64, 1.8e308";
  return `${description} is beyond the largest ${largest}: scale the inputs, or compute with logarithms`;
};

const areFinite = (...lists: readonly (readonly number[])[]): boolean => lists.flat().every(Number.isFinite);
const isAllFinite = ({ array }: Tensor): boolean => ravel(array!).every(Number.isFinite);

/**
 * Returns the function `nonFinite` of the op that computed `x`, and the first input of this op. Skips ops that return
 * views.
 */
function causeOfStep(x: Tensor | undefined, fault: AnyFault): readonly [cause: unknown, input: Tensor | undefined] {
  const step = x && fault.producerOf(x);
  const spec = step?.op as AnyOpSpec | undefined;
  return spec?.view ? causeOfStep(step!.inputs[0], fault) : [spec?.nonFinite, step?.inputs[0]];
}

/** ln x */
export const logCause: ElementCause = /* @__PURE__ */ elementwiseCause(({ x, g, name }) => {
  const safeCall = `log(where(greater(${name}, 0), ${name}, 1))`;
  if (g === 0 && x <= 0) return maskedBranchText(safeCall);
  if (g !== undefined) return `the derivative 1 / x is infinite at ${x}: write ${safeCall}`;
  if (x < 0) return `the log of a negative number (${x}) is NaN: write ${safeCall}`;
  return x === 0 ? `log 0 is −Infinity: use logSoftmax for the log of a softmax, else write ${safeCall}` : undefined;
});

/** ln(1 + x) */
export const log1pCause: ElementCause = /* @__PURE__ */ elementwiseCause(({ x, g, name }) => {
  const safeCall = `log1p(where(greater(${name}, -1), ${name}, 0))`;
  if (g !== undefined) return x <= -1 ? maskedBranchText(safeCall) : undefined;
  if (x < -1) return `log1p of a number below −1 (${x}) is NaN: write ${safeCall}`;
  return x === -1 ? `log1p(−1) is −Infinity: write ${safeCall}` : undefined;
});

/** √x */
export const sqrtCause: ElementCause = /* @__PURE__ */ elementwiseCause(({ x, g, name, fault }) => {
  if (g === undefined)
    return x < 0 ? `the root of a negative number (${x}) is NaN: write sqrt(maximum(${name}, 0))` : undefined;
  if (causeOfStep(fault.inputs[0], fault)[0] === varianceCause)
    return "the derivative of a root is infinite at 0, and the variance of a constant is 0: write sqrt(add(variance, 1e-5))";
  const safeCall = `sqrt(where(greater(${name}, 0), ${name}, 1))`;
  if (g === 0) return maskedBranchText(safeCall);
  return `the derivative of a root is infinite at 0: add a small number under it, sqrt(add(${name}, 1e-12)), or write ${safeCall}`;
});

/** Explains a NaN or infinity in eˣ, or in eˣ − 1, depending on `op`. */
export const expCause = (op: string): ElementCause =>
  elementwiseCause(({ x, g, name, fault: { bad } }) => {
    const largestInput = bad.dtype === "float32" ? 88 : 709;
    if (g === 0) return maskedBranchText(`${op}(minimum(${name}, ${largestInput}))`);
    if (!(x > largestInput) || x === Infinity) return undefined;
    const hint = "subtract the maximum first, or use softmax, logSoftmax, logSumExp or sigmoid, which do so";
    return `${op} overflows above ${largestInput}, got ${x}: ${hint}`;
  });

/** x² */
export const squareCause: ElementCause = /* @__PURE__ */ elementwiseCause(({ x, fault: { bad } }) =>
  Number.isFinite(x) ? overflowText("the square of a finite number", bad) : undefined,
);

/** Explains a NaN or infinity in a + b or a − b. */
export const addCause: PairCause = /* @__PURE__ */ pairwiseCause(({ as, bs, y, fault: { bad } }) => {
  if (areFinite(as, bs)) return overflowText("the sum of finite numbers", bad);
  if (!Number.isNaN(y)) return undefined;
  return (
    "Infinity − Infinity is NaN: if everything is masked with −Infinity, pass { where: mask } to softmax or logSoftmax, " +
    "or mask with a large number such as -1e9"
  );
});

/** a b */
export const mulCause: PairCause = /* @__PURE__ */ pairwiseCause(({ as, bs, y, fault: { bad } }) => {
  if (areFinite(as, bs)) return overflowText("the product of finite numbers", bad);
  if (!Number.isNaN(y)) return undefined;
  return "0 × Infinity is NaN: choose with where(mask, x, y) instead of multiplying by a mask; softmax takes { where: mask }";
});

/** a / b */
export const divCause: PairCause = /* @__PURE__ */ pairwiseCause(({ as, bs, gs, y, a, b, fault }) => {
  const safeCall = `where(notEqual(${b}, 0), ${b}, 1)`;
  if (bs.includes(0)) {
    if (gs?.every((g) => g === 0)) return maskedBranchText(`div(${a}, ${safeCall})`);
    const description = zeroDivisorCause(fault);
    if (description) return description;
    return `${as[0]} / 0 is ${as[0]! / 0}: add a small number to the divisor, or divide by ${safeCall}`;
  }
  if (areFinite(as, bs))
    return overflowText(gs ? "the derivative by the divisor" : "the quotient of finite numbers", fault.bad);
  return Number.isNaN(y) ? "Infinity / Infinity is NaN: divide both by the larger one first" : undefined;
});

/** Explains a zero divisor that was computed as a variance or as a square root, such as a standard deviation. */
function zeroDivisorCause(fault: Fault<Binary, unknown>): string | undefined {
  const [cause, radicand] = causeOfStep(fault.inputs[1], fault);
  if (cause === varianceCause)
    return "the divisor is the variance of a constant, 0: add a small number to it, add(variance, 1e-5)";
  if (cause !== sqrtCause) return undefined;
  return causeOfStep(radicand, fault)[0] === varianceCause
    ? "the divisor is the standard deviation of a constant, 0: add a small number to the variance, sqrt(add(variance, 1e-5))"
    : "the divisor is the root of 0, such as a norm or a standard deviation: add a small number under it, sqrt(add(x, 1e-12))";
}

/** aᵇ */
export const powCause: PairCause = /* @__PURE__ */ pairwiseCause(({ as, bs, gs, a, b, fault }) => {
  const safeCall = `pow(where(greater(${a}, 0), ${a}, 1), ${b})`;
  if (gs?.every((g) => g === 0)) return maskedBranchText(safeCall);
  const negative = as.find((x) => x < 0);
  if (negative !== undefined) {
    const description = gs
      ? `the derivative by the exponent contains the log of the base, NaN for a negative base (${negative})`
      : `a negative number (${negative}) to a fractional power is NaN`;
    return `${description}: write ${safeCall}`;
  }
  if (as.includes(0)) {
    const description = gs
      ? "the derivative of a power below 1 is infinite at 0"
      : `0 to the power of ${bs[0]} is infinite`;
    return `${description}: add a small number to the base, pow(add(${a}, 1e-12), ${b}), or write ${safeCall}`;
  }
  return areFinite(as, bs) ? overflowText("the power of finite numbers", fault.bad) : undefined;
});

/** c ln a */
export const xlogyCause: PairCause = /* @__PURE__ */ pairwiseCause(({ as, bs, a, fault: { bad } }) => {
  const negative = as.find((x) => x < 0);
  if (negative !== undefined)
    return `the log of a negative number (${negative}) is NaN: write where(greater(${a}, 0), ${a}, 1) for ${a}`;
  return areFinite(as, bs) ? overflowText("the product of finite numbers", bad) : undefined;
});

const outsideText = (domain: string, got: string): string =>
  `a finite result needs ${domain}, got ${got}: replace such elements with where first`;

/**
 * Explains a NaN or infinity in a function of x: x is outside the open domain in which the function and its derivative
 * are finite, or the result overflows.
 */
export const domainCause = (domain: string, isInside: (x: number) => boolean): ElementCause =>
  elementwiseCause(({ x, fault: { bad } }) => {
    if (!Number.isFinite(x)) return undefined;
    return isInside(x) ? overflowText("the result for a finite number", bad) : outsideText(domain, String(x));
  });

/**
 * Explains a NaN or infinity in a function of two numbers: the numbers are outside of the function's domain, or the
 * result overflows.
 */
export const pairDomainCause = (domain: string, isInside: (a: number, b: number) => boolean): PairCause =>
  pairwiseCause(({ as, bs, fault: { bad } }) => {
    if (!areFinite(as, bs)) return undefined;
    if (as.every((a) => bs.every((b) => isInside(a, b)))) return overflowText("the result for a finite number", bad);
    return outsideText(domain, `${as.join(", ")} and ${bs.join(", ")}`);
  });

/** Explains an infinity as an overflow, for functions whose exact value is finite for all finite numbers. */
export const overflowCause: (fault: AnyFault) => string | undefined = ({ inputs, bad }) =>
  inputs.every(isAllFinite) ? overflowText("the result for a finite number", bad) : undefined;

/** Returns a function that explains a NaN or infinity in a reduction, which combines many elements. */
const reductionCause =
  (description: string) =>
  ({ inputs, bad, index }: AnyFault): string | undefined => {
    if (inputs.every(isAllFinite)) return overflowText(description, bad);
    if (!Number.isNaN(bad.array!.get(...index))) return undefined;
    return "Infinity − Infinity and 0 × Infinity are NaN: replace infinite inputs with where first";
  };
export const sumCause: (fault: AnyFault) => string | undefined =
  /* @__PURE__ */ reductionCause("the sum of finite numbers");
export const prodCause: (fault: AnyFault) => string | undefined = /* @__PURE__ */ reductionCause(
  "the product of finite numbers",
);
export const sumOfProductsCause: (fault: AnyFault) => string | undefined = /* @__PURE__ */ reductionCause(
  "a sum of products of finite numbers",
);

/** (Σ x) / n */
export function meanCause(fault: Fault<Unary, unknown>): string | undefined {
  return fault.inputs[0].size === 0 ? "the mean of no elements is NaN: check the size first" : sumCause(fault);
}

/** Explains a NaN or infinity in the variance Σ (x − m)² / (n − ddof), where m is the mean. */
export function varianceCause(fault: Fault<Unary, { readonly ddof: number }>): string | undefined {
  const { inputs, output, params } = fault;
  const divisor = inputs[0].size / output.size - params.ddof;
  if (divisor > 0) return sumCause(fault);
  return `too few elements for a variance: n − ddof is ${divisor}; use more elements, or a smaller ddof`;
}

const logitsOverflowText = (bad: Tensor): string => overflowText("the difference of finite logits", bad);

/** Explains a NaN or infinity in softmax, exp(xᵢ) / Σ exp(xⱼ), and in its logarithm. */
export function softmaxCause(fault: Fault<Unary, { readonly axes: readonly number[] }>): string | undefined {
  const slice = valuesAt(fault.inputs[0], fault, fault.params.axes);
  if (slice.includes(Infinity)) return "a logit is Infinity: find its cause, or exclude it with { where }";
  if (slice.every((x) => x === -Infinity))
    return "all logits of a slice are −Infinity: pass the mask as { where: mask }, which gives such a slice the probabilities 0";
  if (!slice.includes(-Infinity)) return logitsOverflowText(fault.bad);
  return "the log-probability of a logit of −Infinity is −Infinity: replace it with where before it is summed, or use crossEntropy";
}

/** log Σ exp(x) */
export function logSumExpCause({ bad, index }: Fault<Unary, unknown>): string | undefined {
  if (bad.array!.get(...index) !== -Infinity) return undefined;
  return "all elements of a slice are −Infinity, or the slice is empty: replace the result with where";
}

/**
 * Explains a NaN or infinity in the cross-entropy −Σ t log softmax(x) along an axis. `maskedClassText` is the text for
 * a class with the logit −Infinity and a target t ≠ 0.
 */
export const crossEntropyCause =
  (maskedClassText: string) =>
  (fault: Fault<Binary, { readonly axis: number }>): string => {
    const { inputs, params, bad, index, cotangent } = fault;
    const { axis } = params;
    const rowPlace = { bad: { shape: bad.shape.toSpliced(axis, 0, 1) }, index: index.toSpliced(axis, 0, 0) };
    const row = valuesAt(inputs[0], cotangent ? fault : rowPlace, [axis]);
    if (row.includes(Infinity)) return "a logit is Infinity: find its cause";
    if (row.every((x) => x === -Infinity)) return "all logits of a row are −Infinity: keep at least one class";
    return row.includes(-Infinity) ? maskedClassText : logitsOverflowText(bad);
  };

/** Explains a NaN or infinity in the binary cross-entropy −t log σ(x) − (1 − t) log σ(−x). */
export const binaryCrossEntropyCause: PairCause = /* @__PURE__ */ pairwiseCause(({ as, bs, fault: { bad } }) =>
  areFinite(as, bs)
    ? overflowText("the loss of finite numbers", bad)
    : "a logit is infinite on the wrong side of its target: find its cause",
);
