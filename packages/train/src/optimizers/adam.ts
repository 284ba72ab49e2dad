import { ArgumentError, type Tensor } from "@wengert/core";
import { type Complete, isList, type OtherNames, show, unflatten, withDefaults } from "@wengert/core/extend";
import { add, axpy, cast, div, mul, neg, pow, sqrt, sub } from "@wengert/ops";
import {
  castForParam,
  checkRange,
  checkRate,
  decay,
  type LearningRate,
  notNegative,
  optimizerOptions,
  positive,
  rateAt,
  rateNames,
} from "./hyper.ts";
import { zeroStep, zerosLike } from "./moments.ts";
import { leavesLikeParams, type Optimizer, type StateTree } from "./optimizer.ts";

export interface AdamOptions {
  readonly learningRate: LearningRate;
  /**
   * The decay rates β₁ of the mean of gradients and β₂ of the mean of squared gradients, each in [0, 1). Default [0.9,
   * 0.999].
   */
  readonly betas?: readonly [number, number] | undefined;
  /**
   * A positive number added to the denominator √v, where v is the mean of squared gradients, so that the denominator is
   * never 0. Default 1e-8.
   */
  readonly epsilon?: number | undefined;
}

export interface AdamwOptions extends AdamOptions {
  /**
   * The factor of the decoupled weight decay, at least 0. The decay is also multiplied by the learning rate. Default
   * 0.01.
   */
  readonly weightDecay?: number | undefined;
}

/** The state of Adam: `sum` is the discounted sum of gradients, `meanSquare` the running mean of squared gradients. */
export interface AdamState {
  readonly step: Tensor;
  readonly sum: StateTree;
  readonly meanSquare: StateTree;
}

/**
 * Adam (D. Kingma and J. Ba, 2015): p ← p − rate m / (√v + ε) for each parameter p, where m and v are weighted means of
 * the gradients and of their squares. A gradient that is k steps old has the weight βᵏ. Matches torch.optim.Adam. For
 * decoupled weight decay, use `adamw`. For coupled weight decay, put `weightDecay` before `adam` in a `chain`.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function adam(options: AdamOptions): Optimizer<AdamState> {
  return adaptive("adam", optimizerOptions<AdamOptions>("adam", options, defaults, adamNames), 0);
}

/**
 * Adam with decoupled weight decay (I. Loshchilov and F. Hutter, 2019): p ← p − rate (m / (√v + ε) + weightDecay p) for
 * each parameter p, where m and v are weighted means of the gradients and of their squares. Matches torch.optim.AdamW.
 * @throws ArgumentError, OutOfRangeError for invalid options
 */
export function adamw(options: AdamwOptions): Optimizer<AdamState> {
  const settings = withDefaults<AdamwOptions>(
    "adamw",
    options,
    { ...defaults, weightDecay: 0.01 },
    { ...adamNames, decay: "weightDecay", wd: "weightDecay" },
  );
  return adaptive("adamw", settings, checkRange("adamw", "weightDecay", settings.weightDecay, notNegative));
}

const defaults: Complete<AdamOptions> = { learningRate: undefined, betas: [0.9, 0.999], epsilon: 1e-8 };

const betasHint = "write { betas: [0.9, 0.999] }";
const adamNames: OtherNames = { ...rateNames, beta: betasHint, b: betasHint };

// The Adam paper starts with m = v = 0. For a gradient g, each step updates m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 −
// β₂) g². After t steps, m and v are divided by 1 − β₁ᵗ and 1 − β₂ᵗ, which corrects their bias. Instead of m, this code
// updates the sum s ← β₁ s + g, which takes one operation; the mean is s / (1 + β₁ + … + β₁ᵗ⁻¹). v is not replaced by a
// sum, because a sum of squares would be up to 1 / (1 − β₂) times as large and overflow float32 sooner. As in PyTorch,
// g² is never computed alone, only ((1 − β₂) g) g.
function adaptive(caller: string, options: Complete<AdamOptions>, weightDecay: number): Optimizer<AdamState> {
  const rate = checkRate(caller, "learningRate", options.learningRate);
  const betas = options.betas as unknown;
  if (!isList(betas) || betas.length !== 2)
    throw new ArgumentError(`${caller}: betas must be two numbers, got ${show(betas)}; write [0.9, 0.999]`);
  const [beta1, beta2] = [0, 1].map((i) => checkRange(caller, `betas[${i}]`, betas[i], decay)) as [number, number];
  const epsilon = checkRange(caller, "epsilon", options.epsilon, positive);
  return {
    init: (params) => ({ step: zeroStep(), sum: zerosLike(caller, params), meanSquare: zerosLike(caller, params) }),
    update: (grads, state, params) => {
      const { step } = state;
      const trees = leavesLikeParams(caller, params, {
        grads,
        "state.sum": state.sum,
        "state.meanSquare": state.meanSquare,
        params,
      });
      const sums = trees.grads.map((g, i) => axpy(beta1, trees["state.sum"][i]!, g));
      const meanSquares = trees.grads.map((g, i) =>
        axpy(beta2, trees["state.meanSquare"][i]!, mul(mul(1 - beta2, g), g)),
      );

      // Let s be the discounted sum of gradients, w the sum of its weights, v the running mean of squared gradients,
      // and c = 1 − β₂ᵗ after t steps. With the bias corrected, Adam's step is (s / w) / (√(v / c) + ε). This equals √c
      // / w · s / (√v + ε √c), which the code computes.
      const currentRate = rateAt(caller, rate, step);
      const next = add(step, 1);
      const t = cast(next, { dtype: "float64" });
      const root = sqrt(sub(1, pow(beta2, t)));
      const factor = castForParam(neg(mul(currentRate, div(root, weightSum(beta1, t)))));
      const shiftedEpsilon = castForParam(mul(epsilon, root));
      const decayFactor = castForParam(mul(-weightDecay, currentRate));
      const updates = trees.params.map((p, i) => {
        const u = mul(factor(p), div(sums[i]!, add(sqrt(meanSquares[i]!), shiftedEpsilon(p))));
        return weightDecay === 0 ? u : axpy(decayFactor(p), p, u);
      });
      const tree = params as StateTree;
      return {
        updates: unflatten(params, updates),
        state: { step: next, sum: unflatten(tree, sums), meanSquare: unflatten(tree, meanSquares) },
      };
    },
  };
}

/** Returns the sum of Adam's weights after t steps: 1 + β + … + βᵗ⁻¹ = (1 − βᵗ) / (1 − β). */
const weightSum = (beta: number, t: Tensor): Tensor => div(sub(1, pow(beta, t)), 1 - beta);
