/**
 * The loss and its slope after a step of length α along the search direction. If the loss or the slope is not finite,
 * the loss is set to Infinity.
 */
export interface Trial {
  readonly alpha: number;
  readonly loss: number;
  readonly slope: number;
}

const sufficientDecrease = 1e-4; // c₁: the loss must fall by this fraction of the decrease that the slope predicts
const curvatureFactor = 0.9; // c₂: the slope must shrink to this fraction of the initial slope
const maxTrials = 40;

/**
 * Finds a step that meets the strong Wolfe conditions, starting with α = 1: loss(α) ≤ loss(0) + c₁ α slope(0) and
 * |slope(α)| ≤ c₂ |slope(0)|. J. Nocedal and S. Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6.
 *
 * Near a minimum, differences of the loss are smaller than its rounding error, `noise`. The first condition is then
 * replaced by the approximate Wolfe conditions of W. Hager and H. Zhang (2005), which use only slopes.
 *
 * Returns `undefined` if no step lowers the loss.
 */
export function lineSearch<T extends Trial>(at: (alpha: number) => T, start: T, noise: number): T | undefined {
  const isLower = ({ alpha, loss, slope }: Trial): boolean =>
    loss <= start.loss + sufficientDecrease * alpha * start.slope ||
    (Math.abs(loss - start.loss) <= noise && slope <= (2 * sufficientDecrease - 1) * start.slope);
  const isFlat = ({ slope }: Trial): boolean => Math.abs(slope) <= -curvatureFactor * start.slope;

  let trials = 0;
  const tryStep = (alpha: number): T => {
    trials++;
    return at(alpha);
  };

  // Bracketing phase of the line search: doubles the step until two trial steps enclose an acceptable step.
  let [before, trial] = [start, tryStep(1)];
  const isBetter = () => isLower(trial) && trial.loss <= before.loss + noise;
  while (isBetter()) {
    if (isFlat(trial)) return trial;
    if (trial.slope >= 0 || trials === maxTrials) break;
    [before, trial] = [trial, tryStep(2 * trial.alpha)];
  }

  // Zoom phase of the line search: searches between the trial steps `low` and `high`. The step `low` has the lower
  // loss, and from there the loss descends toward `high`.
  let [low, high] = isBetter() ? [trial, before] : [before, trial];
  while (trials < maxTrials) {
    const middle = tryStep(interpolate(low, high, noise));
    if (middle.alpha === low.alpha || middle.alpha === high.alpha) break;
    if (!isLower(middle) || middle.loss > low.loss + noise) high = middle;
    else if (isFlat(middle)) return middle;
    else [low, high] = [middle, middle.slope * (high.alpha - low.alpha) >= 0 ? low : high];
  }
  return low.alpha > 0 ? low : undefined;
}

/**
 * Returns the next trial between two steps: the minimum of the cubic that has their losses and slopes (Nocedal and
 * Wright, equation 3.59). If the losses differ by less than `noise`, returns the zero of the line through the slopes.
 * If the formula gives NaN, returns the midpoint. The trial stays at least a tenth of the interval away from both ends.
 */
function interpolate(a: Trial, b: Trial, noise: number): number {
  const width = b.alpha - a.alpha;
  const chord = a.slope + b.slope - (3 * (b.loss - a.loss)) / width;
  const root = Math.sign(width) * Math.sqrt(chord * chord - a.slope * b.slope);
  const cubicMinimum = 1 - (b.slope + root - chord) / (b.slope - a.slope + 2 * root);
  const secantZero = a.slope / (a.slope - b.slope);
  const fraction = Math.abs(b.loss - a.loss) > noise ? cubicMinimum : secantZero;
  return (
    a.alpha +
    width * (fraction >= 0.1 && fraction <= 0.9 ? fraction : fraction < 0.1 ? 0.1 : fraction > 0.9 ? 0.9 : 0.5)
  );
}
