import { complete, type Tensor, type TreesOnly } from "@wengert/core";
import { someSteps, within } from "../optimisers/hyper.ts";
import { defaults, descend, type MinimiseOptions, type Minimum } from "./descend.ts";
import { along, inner, largest, type Vector } from "./vector.ts";

export interface LbfgsOptions extends MinimiseOptions {
  /** How many of the last steps are remembered. Default 10. */
  readonly memory?: number | undefined;
}

/**
 * The minimum of a smooth loss near `params`, by gradients only: the L-BFGS method (J. Nocedal 1980), which learns from the last
 * steps how the loss is curved, with a line search for the strong Wolfe conditions. For problems of up to some ten thousand parameters whose
 * loss has no noise: all data at once, not batches.
 * @throws OutOfRangeError where loss or gradient are not finite at the start; TreeError, DTypeError, ArgumentError for arguments that are none
 */
export function lbfgs<P>(loss: (params: P) => Tensor, params: P & TreesOnly<P>, options?: LbfgsOptions): Minimum<P> {
  const all = complete<LbfgsOptions>("lbfgs", options, { ...defaults, memory: 10 });
  const memory = within("lbfgs", "memory", all.memory, someSteps);
  let steps: { readonly s: Vector; readonly y: Vector; readonly rho: number }[] = [];
  return descend<P>("lbfgs", loss, params, all, {
    // Nocedal and Wright, algorithm 7.4: −H g, where H is the inverse Hessian as far as it is known.
    direction: ({ gradient }) => {
      let d = gradient.map((gi) => -gi);
      const alphas = steps.toReversed().map(({ s, y, rho }) => {
        const alpha = rho * inner(s, d);
        d = along(d, -alpha, y);
        return alpha;
      });
      const last = steps.at(-1);
      const scale = last ? 1 / (last.rho * inner(last.y, last.y)) : Math.min(1, 1 / largest(gradient));
      d = d.map((di) => scale * di);
      for (const [i, { s, y, rho }] of steps.entries())
        d = along(d, alphas[steps.length - 1 - i]! - rho * inner(y, d), s);
      return d;
    },
    learn: (from, to) => {
      const [s, y] = [along(to.x, -1, from.x), along(to.gradient, -1, from.gradient)];
      const curvature = inner(s, y);
      if (curvature > 0) steps = [...steps, { s, y, rho: 1 / curvature }].slice(-memory);
    },
    forget: () => {
      const hadAny = steps.length > 0;
      steps = [];
      return hadAny;
    },
  });
}
