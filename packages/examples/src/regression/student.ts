// Student's t distribution (W. Gosset 1908): the distribution of a sample mean divided by its estimated standard error.

/** Returns the p-quantile of Student's t distribution, for p ≥ 1/2 and at most ten thousand degrees of freedom. */
export function quantile(p: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (probability(high, freedom) < p) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (probability(middle, freedom) < p) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Returns the cumulative probability of Student's t distribution with ν degrees of freedom, for t ≥ 0. The substitution
 * t = √ν tan θ turns the density into a power of cos θ, which Simpson's rule integrates.
 */
function probability(t: number, freedom: number): number {
  const end = Math.atan(t / Math.sqrt(freedom));
  return 0.5 + 0.5 * (integral(end, freedom) / integral(Math.PI / 2, freedom));
}

function integral(end: number, freedom: number): number {
  const n = 1000;
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const weight = i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.cos((end * i) / n) ** (freedom - 1);
  }
  return (sum * end) / (3 * n);
}
