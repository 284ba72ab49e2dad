// The exact reference for the pullback of softmax. The code computes in fixed point: numbers are integer multiples of
// 2⁻ᵇⁱᵗˢ. `bits` is large enough that even the smallest component has a hundred correct digits.

/** A fixed-point number: a BigInt that counts multiples of 2⁻ᵇⁱᵗˢ. */
export interface Reference {
  readonly bits: number;
  readonly s: readonly bigint[];
  readonly pulled: readonly bigint[];
}

const lowest = -760; // exp of any smaller number is 0 in float64

/**
 * Computes softmax s and its pullback s ⊙ (g − ⟨g, s⟩) for the logits z and the cotangent g, with negligible rounding
 * errors. A logit may be −Infinity; its entry of s is then 0. Returns `undefined` if any other number is not finite.
 */
export function reference(z: readonly number[], g: readonly number[]): Reference | undefined {
  const most = Math.max(...z);
  if (!Number.isFinite(most) || !g.every(Number.isFinite)) return undefined;
  const spread = Math.max(...z.map((each) => (each - most > lowest ? most - each : 0)));
  const bits = 1088 + Math.ceil(2 * spread); // every float64 number is an integer multiple of 2⁻¹⁰⁷⁴
  const one = 1n << BigInt(bits);
  const top = fixed(most, bits);
  const N = z.map((each) => (each - most > lowest ? exp(fixed(each, bits) - top, bits) : 0n));
  const D = N.reduce((sum, each) => sum + each, 0n);
  const G = g.map((each) => fixed(each, bits));
  const weighted = N.reduce((sum, each, i) => sum + each * G[i]!, 0n);
  return {
    bits,
    s: N.map((each) => (each * one) / D),
    pulled: N.map((each, i) => (each * (G[i]! * D - weighted)) / (D * D)),
  };
}

/** Converts the float64 number `x` to fixed point. The conversion is exact for bits ≥ 1074. */
export function fixed(x: number, bits: number): bigint {
  if (x === 0) return 0n;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), -1022) - 54;
  const whole = exponent < -1000 ? BigInt(x * 2 ** 537 * 2 ** 537) : BigInt(x / 2 ** exponent);
  const by = bits + (exponent < -1000 ? -1074 : exponent);
  return by >= 0 ? whole << BigInt(by) : whole >> BigInt(-by);
}

/** Computes eˣ for x ≤ 0: evaluates the Taylor series of exp at x / 2²⁰, then squares the result twenty times. */
function exp(x: bigint, bits: number): bigint {
  const [halvings, guard] = [20, 40]; // each squaring doubles the error, so 40 extra bits absorb it
  const shift = BigInt(bits + guard);
  const small = (x << BigInt(guard)) >> BigInt(halvings);
  let term = 1n << shift;
  let sum = term;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = ((term * small) >> shift) / n;
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) >> shift;
  return sum >> BigInt(guard);
}

/** Returns the relative error |found − exact| / |exact|. The error is Infinity if `exact` is 0 and `found` is not. */
export function relativeError(found: number, exact: bigint, bits: number): number {
  if (!Number.isFinite(found)) return Infinity;
  const difference = magnitude(fixed(found, bits) - exact);
  if (difference === 0n) return 0;
  if (exact === 0n) return Infinity;
  return Number((difference << 80n) / magnitude(exact)) / 2 ** 80;
}

const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);

/** Formats the number x / 2^`bits` with `digits` significant digits, such as −6.84e−1. */
export function decimal(x: bigint, bits: number, digits: number): string {
  if (x === 0n) return "0";
  const size = magnitude(x);
  const shift = BigInt(bits);
  const scaled = (exponent: number): bigint => {
    const by = digits - 1 - exponent;
    const [up, down] = by >= 0 ? [10n ** BigInt(by), 1n] : [1n, 10n ** BigInt(-by)];
    return ((size * up * 2n) / down + (1n << shift)) >> (shift + 1n); // rounds to the nearest integer
  };
  let exponent = (size.toString(2).length - bits) * Math.log10(2);
  exponent = Math.floor(exponent) + 1;
  while (String(scaled(exponent)).length < digits) exponent--;
  while (String(scaled(exponent)).length > digits) exponent++;
  const text = String(scaled(exponent));
  return `${x < 0n ? "−" : ""}${text[0]}.${text.slice(1)}e${exponent}`.replace("e-", "e−");
}
