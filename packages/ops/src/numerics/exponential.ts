import type { Data } from "@wengert/core/extend";
import * as tables from "./constants.ts";
import { productError, sumError } from "./doubleDouble.ts";

// Computes eˣ = 2ᵏ 2^(j/32) eʳ, where x = (32 k + j) ln 2 / 32 + r for whole k and j. Because |r| < 0.011, a short
// series suffices for eʳ (P. T. P. Tang, Table-driven implementation of the exponential function, 1989). The function
// is accurate to about half an ulp and accepts arguments with more digits than a double. It gives the same bits in
// every engine, and is faster than Math.exp.

// Constants of this module are inlined by V8, but imported constants are looked up on each use. So imported constants
// are copied here.
const step = tables.step;
const stepRest = tables.stepRest;
const stepsPerUnit = 1 / step;
const toInteger = 1.5 * 2 ** 52; // adding and subtracting it rounds to the nearest integer

/**
 * The table of 2^(j/32) for j = 0 … 31, each entry a sum of two doubles. The table is computed at load time, because as
 * source text it would be among the largest parts of a bundle.
 */
const roots = /* @__PURE__ */ rootsOfTwo(new Float64Array(64));
function rootsOfTwo(roots: Float64Array): Float64Array {
  for (let j = 0, x = 1n << 128n; j < 64; j += 2, x = (x * tables.root) >> 128n) {
    const nearest = Number(x);
    roots[j] = nearest * 2 ** -128;
    roots[j + 1] = Number(x - BigInt(nearest)) * 2 ** -128;
  }
  return roots;
}

const lowest = -1200;
/** The lookup table of 2ᵏ for k = lowest … 1023. The first entries underflow to 0. */
const powers = /* @__PURE__ */ powersOfTwo(new Float64Array(1024 - lowest));
function powersOfTwo(powers: Float64Array): Float64Array {
  for (let k = -1074, powerOfTwo = Number.MIN_VALUE; k < 1024; k++, powerOfTwo *= 2) powers[k - lowest] = powerOfTwo;
  return powers;
}

/** Returns 2ᵏ for −1200 ≤ k ≤ 1023. */
export const power = (k: number): number => powers[k - lowest]!;

/** Returns y 2ᵏ for |k| < 2000. The product is rounded only once, even if it is subnormal or overflows. */
export const ldexp = (y: number, k: number): number => y * powers[(k >> 1) - lowest]! * powers[k - (k >> 1) - lowest]!;

/** Returns eʳ − 1 − r for |r| < 0.011, by a short series. */
const expTail = (r: number): number =>
  r * r * (0.5 + r * (1 / 6) + r * r * (1 / 24 + r * (1 / 120) + r * r * (1 / 720)));

/** Returns e^(x + dx) for |dx| far below 1, within 0.53 ulp. */
export function exp(x: number, dx: number): number {
  if (!(x >= -708 && x <= 709)) return expAtEdge(x, dx);
  const n = x * stepsPerUnit + toInteger - toInteger;
  const h = x - n * step;
  const c = dx - n * stepRest;
  const r = h + c;
  const tail = expTail(r) + (h - r + c);
  const i = n | 0;
  const j = (i & 31) << 1;
  const root = roots[j]!;
  return (root + (roots[j + 1]! + root * (tail + r))) * powers[(i >> 5) - lowest]!;
}

/** Returns e^(x + dx), also for results that overflow, underflow, or nearly do. */
function expAtEdge(x: number, dx: number): number {
  if (x < -746) return 0; // includes −Infinity, where dx may be NaN
  if (x > 710) return Infinity;
  const k = expPair(edgePair, x, dx);
  return ldexp(edgePair[0]!, k);
}
const edgePair = /* @__PURE__ */ new Float64Array(2);

/**
 * Writes two doubles to `pair` and returns k. The sum of the doubles times 2ᵏ is e^(x + dx), accurate to 59 bits. x
 * must be ≤ 800; x < −800 counts as −800.
 */
export function expPair(pair: Float64Array, x: number, dx: number): number {
  const isTiny = x < -800;
  const y = isTiny ? -800 : x;
  const n = y * stepsPerUnit + toInteger - toInteger;
  const h = y - n * step;
  const c = (isTiny ? 0 : dx) - n * stepRest;
  const r = h + c;
  const tail = expTail(r) + (h - r + c);
  const i = n | 0;
  const j = (i & 31) << 1;
  const root = roots[j]!;
  const rest = roots[j + 1]! + root * (tail + r);
  const sum = root + rest;
  pair[0] = sum;
  pair[1] = root - sum + rest;
  return i >> 5;
}

/**
 * Writes ln a to `pair` as a sum of two doubles with about 65 correct bits, for a = values[p] with 0 < a < Infinity.
 * For a = 2ᵏ 2^(j/32) (1 + f), ln a is (32 k + j) ln 2 / 32 + ln(1 + f). Because |f| < 0.011, a short series suffices
 * for ln(1 + f).
 */
export function logPair(pair: Float64Array, values: Data, p: number): void {
  const a = values[p]!;
  const n = Math.round(Math.log(a) * stepsPerUnit);
  const j = (n & 31) << 1;
  const root = roots[j]!;
  const z = ldexp(a, -(n >> 5)) - root; // exact
  const reciprocal = 1 / root;
  const f = (z - roots[j + 1]!) * reciprocal;
  const part = f * root;
  const df = (z - part - productError(f, root, part) - roots[j + 1]! * (1 + f)) * reciprocal;
  const square = f * f;
  const half = square / 2;
  const even = 1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9 + square * (1 / 11))));
  const odd = 1 / 4 + square * (1 / 6 + square * (1 / 8 + square * (1 / 10)));
  const tail = f * square * (even - f * odd);
  const high = f - half;
  const low = f - high - half + (tail + (df * (1 - f) - productError(f, f, square) / 2));
  const steps = n * step;
  const sum = steps + high;
  const rest = sumError(steps, high, sum) + (low + n * stepRest);
  pair[0] = sum + rest;
  pair[1] = sum - pair[0] + rest;
}
