// Double-double arithmetic: a + da, with da below the last digit of a, has twice the digits of a double. The rounding
// error of a sum or product is itself a double; these functions return it (Knuth; Dekker, Numerische Mathematik 18,
// 1971). They are small enough for V8 to inline into a kernel. Without inlining, each returned double is allocated on
// the heap.

/** Returns the rounding error (a + b) − sum of sum = a + b, exactly. */
export function sumError(a: number, b: number, sum: number): number {
  const c = sum - a;
  return a - (sum - c) + (b - c);
}

/** Returns the rounding error a b − product of product = a b, exactly for products between 10⁻²⁹⁰ and 10³⁰⁰. */
export function productError(a: number, b: number, product: number): number {
  const splitA = 134217729 * a; // 2²⁷ + 1 splits a double into two halves of 26 bits
  const splitB = 134217729 * b;
  const highA = splitA - (splitA - a);
  const highB = splitB - (splitB - b);
  const lowA = a - highA;
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}

/** Returns (a + da) / (b + db), rounded once. */
export function quotient(a: number, da: number, b: number, db: number): number {
  const reciprocal = 1 / b; // division is the slowest operation: one is enough
  const q = a * reciprocal;
  const product = q * b;
  return q + (a - product - productError(q, b, product) + (da - q * db)) * reciprocal;
}

/** Returns (a − b) − difference, the rounding error of the rounded `difference`; 0 if the difference is infinite. */
export const differenceError = (a: number, b: number, difference: number): number =>
  Math.abs(difference) === Infinity ? 0 : sumError(a, -b, difference);

/** Returns a (b + db), rounded once; twice if the rounding error of the product over- or underflows. */
export function product(a: number, b: number, db: number): number {
  const y = a * b;
  const rest = productError(a, b, y) + a * db;
  return Math.abs(rest) < Math.abs(y) * 2 ** -40 ? y + rest : y;
}
