/** The loss and its slope after a step α along a direction; the loss is infinite where either is not finite. */
export interface Trial {
  readonly alpha: number;
  readonly loss: number;
  readonly slope: number;
}

const sufficientDecrease = 1e-4; // c₁: the part of the predicted decrease that a step must reach
const curvatureFactor = 0.9; // c₂: the part of the slope that may remain
const maxTrials = 40;

/**
 * A step that meets the strong Wolfe conditions, which is tried first at α = 1: loss(α) ≤ loss(0) + c₁ α slope(0) and
 * |slope(α)| ≤ c₂ |slope(0)|. J. Nocedal and S. Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6.
 *
 * Close to a minimum the loss differs by less than it is rounded, `noise`, and tells nothing. There the slopes decide alone, as
 * W. Hager and H. Zhang (2005) have it: their approximate Wolfe conditions are in place of the first one.
 *
 * `undefined` if no step lowers the loss, so that `start` is as good as can be known.
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

  // Ever farther, until there is a step to be found between two.
  let [before, trial] = [start, tryStep(1)];
  const isBetter = () => isLower(trial) && trial.loss <= before.loss + noise;
  while (isBetter()) {
    if (isFlat(trial)) return trial;
    if (trial.slope >= 0 || trials === maxTrials) break;
    [before, trial] = [trial, tryStep(2 * trial.alpha)];
  }

  // Closer and closer: of the two, `low` has the lower loss, and its slope points to `high`.
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
 * Where between two steps to try next: at the minimum of the cubic with their losses and slopes (3.59 of the book), or where
 * losses tell nothing, at the zero of the line through their slopes; not close to either, and in the middle if there is no such place.
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
