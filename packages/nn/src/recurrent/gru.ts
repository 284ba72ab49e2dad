import type { Tensor } from "@wengert/core";
import { zeros } from "@wengert/core";
import { add, matmul, mul, sigmoid, split, sub, tanh } from "@wengert/ops";
import { checkParams } from "../layer/checks.ts";
import { defineLayer } from "../layer/defineLayer.ts";
import { withName } from "../layer/errors.ts";
import type { Layer } from "../layer/layer.ts";
import { checkStep, outputsOf, type RecurrentOptions, recurrentSettings, recurrentWeights, stepsOf } from "./unroll.ts";

/**
 * The parameters of a GRU with H units, for inputs of size D. The gates are r, z and n, in PyTorch's order, side by side
 * along the last axis: Wx is `weight_ih` transposed, Wh is `weight_hh` transposed.
 */
export interface GruParams {
  /** The weights of the inputs, [D, 3H]. */
  readonly Wx: Tensor;
  /** The weights of the state, [H, 3H]. */
  readonly Wh: Tensor;
  /** The biases beside the inputs and beside the state, [3H] each. */
  readonly bx: Tensor;
  readonly bh: Tensor;
}

const names = ["Wx", "Wh", "bx", "bh"] as const;

/**
 * Returns the next state of a GRU for the inputs x [N, D] and the state h [N, H]: (1 − z) n + z h, where r = σ(xWᵣ + bᵣ +
 * hUᵣ + cᵣ), z = σ(xW𝓏 + b𝓏 + hU𝓏 + c𝓏) and n = tanh(xWₙ + bₙ + r (hUₙ + cₙ)), as in PyTorch. From K. Cho and others
 * (2014).
 */
export function gruCell(params: GruParams, x: Tensor, h: Tensor): Tensor {
  return withName("gruCell", () => {
    checkParams(params, names, x);
    checkStep(x, params.Wx, { h }, params.Wh);
    return nextState(params, add(matmul(x, params.Wx), params.bx), h);
  });
}

/** Returns the next state, for the projected inputs xWx + bx. */
function nextState({ Wh, bh }: GruParams, fromX: Tensor, h: Tensor): Tensor {
  const units = Wh.shape[0]!;
  const fromH = add(matmul(h, Wh), bh);
  const [gatesX, nX] = split(fromX, { sections: [2 * units], axis: -1 }) as [Tensor, Tensor];
  const [gatesH, nH] = split(fromH, { sections: [2 * units], axis: -1 }) as [Tensor, Tensor];
  const [r, z] = split(sigmoid(add(gatesX, gatesH)), { sections: 2, axis: -1 }) as [Tensor, Tensor];
  const n = tanh(add(nX, mul(r, nH)));
  return add(n, mul(z, sub(h, n)));
}

/**
 * Returns a gated recurrent unit over sequences x [N, T, D], which begins with a state of zeros. The result has the states
 * of all times, [N, T, units], or with `output: "last"` the last one, [N, units]. The weights of the state begin
 * orthogonal, the biases with zeros.
 * @throws ArgumentError unless `units` is a whole number of at least 1
 */
export function gru(units: number, options?: RecurrentOptions): Layer<GruParams> {
  const settings = withName("gru", () => recurrentSettings("gru", units, options));
  return defineLayer<GruParams>({
    name: "gru",
    init: (key, { shape }, { dtype }) => {
      const bias = () => zeros([3 * settings.units], { dtype });
      return { ...recurrentWeights(key, shape, dtype, settings.units, 3), bx: bias(), bh: bias() };
    },
    apply: (params, x) => {
      checkParams(params, names, x);
      let h = zeros([x.shape[0] ?? 1, settings.units], { dtype: x.dtype });
      const states = stepsOf(x, params.Wx, params.bx).map((fromX) => {
        h = nextState(params, fromX, h);
        return h;
      });
      return outputsOf(states, settings.all);
    },
  });
}
