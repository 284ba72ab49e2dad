import type { Tensor } from "@wengert/core";
import { type TreesOnly, withDefaults } from "@wengert/core/extend";
import { checkRange, positiveCount } from "../optimizers/hyper.ts";
import { defaults, descend, type MinimizeOptions, type Minimum, otherNames } from "./descend.ts";
import { addScaled, inner, maxAbs, type Vector } from "./vector.ts";

export interface LbfgsOptions extends MinimizeOptions {
  /** The number of previous steps used to estimate the curvature. Default 10. */
  readonly memorySize?: number | undefined;
}

/**
 * Minimizes a smooth loss near `params` with gradients only: the L-BFGS method (J. Nocedal 1980). The curvature is
 * estimated from the last steps, and the line search meets the strong Wolfe conditions. Use `lbfgs` for deterministic
 * losses (all data at once, not batches) with up to about ten thousand parameters.
 * @throws OutOfRangeError unless loss and gradient are finite at the start
 * @throws TreeError, DTypeError, ArgumentError for invalid arguments
 */
export function lbfgs<P>(loss: (params: P) => Tensor, params: P & TreesOnly<P>, options?: LbfgsOptions): Minimum<P> {
  const settings = withDefaults<LbfgsOptions>(
    "lbfgs",
    options,
    { ...defaults, memorySize: 10 },
    { ...otherNames, historysize: "memorySize", history: "memorySize", maxcor: "memorySize", m: "memorySize" },
  );
  const memory = checkRange("lbfgs", "memorySize", settings.memorySize, positiveCount);
  let steps: { readonly s: Vector; readonly y: Vector; readonly rho: number }[] = [];
  return descend<P>("lbfgs", loss, params, settings, {
    // The two-loop recursion of L-BFGS (Nocedal and Wright, algorithm 7.4): returns −H g for the gradient g, where H
    // approximates the inverse Hessian.
    direction: ({ gradient }) => {
      let d = gradient.map((gi) => -gi);
      const alphas = steps.toReversed().map(({ s, y, rho }) => {
        const alpha = rho * inner(s, d);
        d = addScaled(d, -alpha, y);
        return alpha;
      });
      const last = steps.at(-1);
      const scale = last ? 1 / (last.rho * inner(last.y, last.y)) : Math.min(1, 1 / maxAbs(gradient));
      d = d.map((di) => scale * di);
      for (const [i, { s, y, rho }] of steps.entries())
        d = addScaled(d, alphas[steps.length - 1 - i]! - rho * inner(y, d), s);
      return d;
    },
    update: (from, to) => {
      const [s, y] = [addScaled(to.x, -1, from.x), addScaled(to.gradient, -1, from.gradient)];
      const rho = 1 / inner(s, y);
      if (rho > 0 && rho < Infinity) steps = [...steps, { s, y, rho }].slice(-memory); // neither underflowed nor overflowed
    },
    reset: () => {
      const hadAny = steps.length > 0;
      steps = [];
      return hadAny;
    },
  });
}
