import { computed } from "@preact/signals";
import { jacobian, type Tensor, tensor, vjp } from "@wengert/core";
import { div, dot, exp, matmul, max, softmax, sub, sum, transpose, where } from "@wengert/ops";
import { subtractWeightedMean } from "@wengert/ops/extend";
import { address, put } from "../../page/address.ts";
import { readAll, write, writeAll } from "./written.ts";

// The state of the Softmax page: the URL parameters, and the numbers that the library computes from them.

export const fewest = 2;
export const most = 10;
const firstLogits = [2, 1, 0] as const;
/**
 * The initial logits for the comparison of three formulas for softmax's pullback. The largest logit exceeds the
 * log-sum-exp of the others by 15, so two of the formulas lose digits.
 */
const firstLogitsOfDigits = [16.5, 1, 0] as const;
const firstUpstream = [3, -1, 0.5, 2, -2, 1, -0.5, 1.5, -1.5, 0] as const;

const field = (name: string) =>
  computed(() => (address.value.room === "softmax" ? address.value.fields[name] : undefined));
const fields = {
  part: field("part"),
  x: field("x"),
  g: field("g"),
  t: field("t"),
  mask: field("mask"),
  dtype: field("dtype"),
  cell: field("cell"),
};

export const logits = computed<readonly number[]>(() => {
  const found = readAll(fields.x.value);
  if (found && found.length >= fewest && found.length <= most) return found;
  return fields.part.value === "digits" ? firstLogitsOfDigits : firstLogits;
});
/** Whether the section Digits shows its initial logits, because the URL contains no logits. */
export const opensTelling = computed(() => logits.value === firstLogitsOfDigits);
export const classes = computed(() => logits.value.length);
/** The cotangent g of the softmax s, with a number for each class. The URL may contain more or fewer numbers. */
export const upstream = computed<readonly number[]>(() => {
  const found = readAll(fields.g.value) ?? firstUpstream;
  return Array.from({ length: classes.value }, (_, i) => found[i] ?? firstUpstream[i]!);
});
export const temperature = computed(() => {
  const found = Number(fields.t.value ?? 1);
  return found >= 0.01 && found <= 100 ? found : 1;
});
/** For each class, whether the class is included; this is the option `where` of softmax. */
export const taking = computed<readonly boolean[]>(() => {
  const out = readAll(fields.mask.value) ?? [];
  return logits.value.map((_, i) => !out.includes(i));
});
export const dtype = computed<"float32" | "float64">(() => (fields.dtype.value === "float32" ? "float32" : "float64"));
/** The selected cell of the Jacobian: row i, column j. */
export const cell = computed<readonly [i: number, j: number]>(() => {
  const [i = 0, j = 0] = readAll(fields.cell.value) ?? [];
  const fits = (n: number) => Number.isInteger(n) && n >= 0 && n < classes.value;
  return fits(i) && fits(j) ? [i, j] : [0, 0];
});

export const setLogit = (i: number, to: number): void => put({ x: writeAll(logits.peek().with(i, to)) });
export const setUpstream = (i: number, to: number): void => put({ g: writeAll(upstream.peek().with(i, to)) });
export const setTemperature = (to: number): void => put({ t: to === 1 ? undefined : write(to) });
export const selectCell = (i: number, j: number): void =>
  put({ cell: i === 0 && j === 0 ? undefined : writeAll([i, j]) });

export function take(i: number, part: boolean): void {
  const out = taking.peek().flatMap((was, k) => ((k === i ? part : was) ? [] : [k]));
  put({ mask: out.length > 0 ? writeAll(out) : undefined }, { push: true });
}

/** Sets the number of classes. New classes get the logit 0. The last classes are removed first. */
export function resize(to: number): void {
  if (to < fewest || to > most || to === classes.peek()) return;
  const x = Array.from({ length: to }, (_, i) => logits.peek()[i] ?? 0);
  const out = (readAll(fields.mask.peek()) ?? []).filter((i) => i < to);
  put({ x: writeAll(x), mask: out.length > 0 ? writeAll(out) : undefined }, { push: true });
}

// Results of the library.

const of = (numbers: readonly number[], label: string): Tensor => tensor(numbers, { dtype: dtype.value, label });
const x = computed(() => of(logits.value, "x"));
export const g = computed(() => of(upstream.value, "g"));
const mask = computed(() => (taking.value.every(Boolean) ? undefined : tensor(taking.value)));

/** The function softmax(x / T), with the temperature T and the included classes that the user chose. */
const f = computed(() => {
  const [t, options] = [temperature.value, { where: mask.value }];
  return (y: Tensor): Tensor => softmax(t === 1 ? y : div(y, t), options);
});

/**
 * The input of softmax: the logits divided by the temperature, x / T. Excluded classes get −Infinity, which has the
 * same effect as softmax's option `where`.
 */
export const z = computed(() => {
  const [t, all] = [temperature.value, mask.value];
  const divided = t === 1 ? x.value : div(x.value, t);
  return all ? where(all, divided, -Infinity) : divided;
});

const swept = computed(() => vjp(f.value, x.value));
export const s = computed(() => swept.value.value);
/** The numerators N and the denominator D of softmax, computed after subtracting the maximum from the logits. */
export const shifted = computed(() => sub(z.value, max(z.value)));
export const numerators = computed(() => exp(shifted.value));
export const denominator = computed(() => sum(numerators.value).item());

export const total = computed(() => sum(s.value).item());

export const matrix = computed(() => jacobian(f.value)(x.value));
export const rowSums = computed(() => sum(matrix.value, { axis: 1 }));

/**
 * The three stages of softmax's pullback: the mean of g weighted by s, the deviations of g from this mean, and the
 * result x̄. For comparison, `byMatrix` is Jᵀ g, where J is the Jacobian of softmax.
 */
export const mean = computed(() => dot(g.value, s.value).item());
export const deviations = computed(() => subtractWeightedMean(s.value, g.value));
export const pulled = computed(() => swept.value.pullback(g.value)[0]);
export const byMatrix = computed(() => matmul(transpose(matrix.value), g.value));

export const list = (of: Tensor): number[] => of.toNested<number[]>();
