// Double-double arithmetic represents a number as the unevaluated sum a + da of two doubles. da is below the last digit
// of a, so the sum has twice the digits of a double. The rounding error of a sum or product is itself a double, which
// the functions in this file return (Knuth; Dekker, Numerische Mathematik 18, 1971). The functions are small enough for
// V8 to inline them into a kernel. Without inlining, each returned double is allocated on the heap.

/** Returns the exact rounding error of an addition, (a + b) − sum, where `sum` is the rounded a + b. */
export function sumError(a: number, b: number, sum: number): number {
  const c = sum - a;
  return a - (sum - c) + (b - c);
}

/**
 * Returns the rounding error of a multiplication, a b − product, where `product` is the rounded a b. The error is exact
 * for products between 10⁻²⁹⁰ and 10³⁰⁰.
 */
export function productError(a: number, b: number, product: number): number {
  const splitA = 134217729 * a; // 2²⁷ + 1 splits a double into two halves of 26 bits
  const splitB = 134217729 * b;
  const highA = splitA - (splitA - a);
  const highB = splitB - (splitB - b);
  const lowA = a - highA;
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}

/** Returns the quotient (a + da) / (b + db) of two sums of two doubles, rounded once. */
export function quotient(a: number, da: number, b: number, db: number): number {
  const reciprocal = 1 / b; // divides only once, because division is the slowest operation
  const q = a * reciprocal;
  const product = q * b;
  return q + (a - product - productError(q, b, product) + (da - q * db)) * reciprocal;
}

/**
 * Returns the rounding error of a subtraction, (a − b) − difference, where `difference` is the rounded a − b; 0 if the
 * difference is infinite.
 */
export const differenceError = (a: number, b: number, difference: number): number =>
  Math.abs(difference) === Infinity ? 0 : sumError(a, -b, difference);

/**
 * Returns the product a (b + db) of a double and a sum of two doubles, rounded once, or twice if the rounding error of
 * the product overflows or underflows.
 */
export function product(a: number, b: number, db: number): number {
  const y = a * b;
  const rest = productError(a, b, y) + a * db;
  return Math.abs(rest) < Math.abs(y) * 2 ** -40 ? y + rest : y;
}
