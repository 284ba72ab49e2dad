import { computed } from "@preact/signals";
import { type Tensor, tensor, vjp } from "@wengert/core";
import { add, cast, dot, expandDims, logSumExp, matmul, mul, oneHot, reshape, softmax, sub } from "@wengert/ops";
import { address, put } from "../../page/address.ts";
import { type Reference, reference, relativeError } from "./reference.ts";
import { dtype, g, list, setLogit, taking, temperature, z } from "./state.ts";

// Computes the errors of three formulas for softmax's pullback. The library evaluates all three in the chosen dtype.

export const wayNames = ["textbook", "matrix", "centered"] as const;
export type Way = (typeof wayNames)[number];

const ways: Readonly<Record<Way, (z: Tensor, g: Tensor) => Tensor>> = {
  textbook: (z, g) => {
    const s = softmax(z);
    return sub(mul(s, g), mul(s, dot(g, s)));
  },
  matrix: (z, g) => {
    const s = softmax(z);
    const K = s.size;
    const places = tensor(Int32Array.from({ length: K }).map((_, i) => i), { dtype: "int32" }); // biome-ignore format: a line
    const identity = cast(oneHot(places, { numClasses: K }), { dtype: s.dtype });
    const J = mul(expandDims(s, { axis: 1 }), sub(identity, s));
    return reshape(matmul(expandDims(g, { axis: 0 }), J), { shape: [K] });
  },
  centered: (z, g) => vjp((y: Tensor) => softmax(y), z).pullback(g)[0],
};

/**
 * Constants that the user can add to all entries of the cotangent g. In exact arithmetic, such a constant does not
 * change the pullback x̄.
 */
export const constants = [0, 1e3, 1e6] as const;
export const plus = computed(() => constants.find((each) => String(each) === address.value.fields.plus) ?? 0);
export const addToAll = (c: number): void => put({ plus: c === 0 ? undefined : String(c) }, { push: true });

export interface Comparison {
  readonly exact: Reference;
  readonly found: Readonly<Record<Way, readonly number[]>>;
  readonly errors: Readonly<Record<Way, readonly number[]>>;
}

function compare(z: Tensor, g: Tensor): Comparison | undefined {
  const exact = reference(list(z), list(g));
  if (!exact) return undefined;
  const each = <T>(of: (way: Way) => T) => Object.fromEntries(wayNames.map((way) => [way, of(way)])) as Record<Way, T>;
  const found = each((way) => list(ways[way](z, g)));
  const errors = each((way) => found[way].map((x, i) => relativeError(x, exact.pulled[i]!, exact.bits)));
  return { exact, found, errors };
}

const given = computed(() => (plus.value === 0 ? g.value : add(g.value, plus.value)));
export const comparison = computed(() => compare(z.value, given.value));

export const digitsOf = (of: "float32" | "float64"): number => (of === "float64" ? 16 : 7);
/**
 * Returns how many digits of a number are right, of 16 for float64 or 7 for float32. An error of at most two rounding
 * units counts as no error.
 */
export function digitsLeft(error: number): number {
  const unit = dtype.value === "float64" ? 2 ** -53 : 2 ** -24;
  const all = digitsOf(dtype.value);
  return error <= 4 * unit ? all : Math.min(Math.max(Math.floor(-Math.log10(error)), 0), all);
}
export const worst = (errors: readonly number[]): number => Math.max(...errors);

/**
 * The most probable class, and the lead of this class: its logit minus the log-sum-exp of the other logits. The
 * probability of the class is σ(lead), where σ is the sigmoid.
 */
const top = computed(() => {
  const zs = list(z.value);
  return zs.indexOf(Math.max(...zs));
});
const others = computed(() => {
  const rest = list(z.value).filter((each, i) => i !== top.value && taking.value[i] && each !== -Infinity);
  return rest.length > 0 ? logSumExp(tensor(rest)).item() : Number.NaN;
});
export const lead = computed(() => (list(z.value)[top.value] ?? Number.NaN) - others.value);
export const setLead = (to: number): void =>
  setLogit(top.peek(), Number(((others.peek() + to) * temperature.peek()).toPrecision(15)));

export interface Point {
  readonly way: Way;
  /** 1 minus the largest probability. */
  readonly rest: number;
  readonly error: number;
}

/**
 * Computes the largest relative error of each formula for softmax's pullback, for increasing values of the largest
 * logit.
 */
export function whileItRises(): readonly Point[] {
  if (!Number.isFinite(lead.value) || !comparison.value) return [];
  const zs = list(z.value);
  const least = dtype.value === "float64" ? 1e-17 : 1e-9;
  const highest = dtype.value === "float64" ? 38 : 20;
  return Array.from({ length: 33 }, (_, k) => (k / 32) * highest).flatMap((gap) => {
    const there = tensor(zs.with(top.value, others.value + gap), { dtype: dtype.value });
    const at = compare(there, given.value);
    if (!at) return [];
    const rest = 1 / (1 + Math.exp(gap));
    return wayNames.map((way) => ({ way, rest, error: Math.min(Math.max(worst(at.errors[way]), least), 100) }));
  });
}
