// A number carried as the sum of two doubles, a + da with da below the last digit of a, has twice the digits. What a sum
// or a product has lost to rounding is itself a double, and these give it (Knuth; Dekker, Numerische Mathematik 18, 1971).
// All of this is small enough for V8 to inline into a kernel: where it does not, a double is returned on the heap.

/** (a + b) − sum, exactly, for sum = a + b as rounded. */
export function sumError(a: number, b: number, sum: number): number {
  const c = sum - a;
  return a - (sum - c) + (b - c);
}

/** a b − product, exactly, for product = a b as rounded. Below 10⁻²⁹⁰ and above 10³⁰⁰ it has no room. */
export function productError(a: number, b: number, product: number): number {
  const splitA = 134217729 * a; // 2²⁷ + 1 cuts a double in two halves of 26 bits
  const splitB = 134217729 * b;
  const highA = splitA - (splitA - a);
  const highB = splitB - (splitB - b);
  const lowA = a - highA;
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
}

/** (a + da) / (b + db), rounded once. */
export function quotient(a: number, da: number, b: number, db: number): number {
  const reciprocal = 1 / b; // division is the slowest operation that there is: one is enough
  const q = a * reciprocal;
  const product = q * b;
  return q + (a - product - productError(q, b, product) + (da - q * db)) * reciprocal;
}

/** (a − b) − difference for difference = a − b as rounded; 0 where that is infinite. */
export const differenceError = (a: number, b: number, difference: number): number =>
  Math.abs(difference) === Infinity ? 0 : sumError(a, -b, difference);

/** a (b + db), rounded once; twice where the product has no room for its error. */
export function product(a: number, b: number, db: number): number {
  const y = a * b;
  const rest = productError(a, b, y) + a * db;
  return Math.abs(rest) < Math.abs(y) * 2 ** -40 ? y + rest : y;
}
