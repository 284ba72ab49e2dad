import { scan, type Tensor, zeros } from "@wengert/core";
import { toTensors } from "@wengert/core/extend";
import { add, matmul, mul, sigmoid, split, sub, tanh, transpose } from "@wengert/ops";
import { checkParams } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";
import { checkStep, projected, type RecurrentOptions, recurrentSettings, recurrentWeights } from "./unroll.ts";

/**
 * The parameters of a gated recurrent unit (GRU) with H units, for inputs with D features. Each parameter has the
 * columns of the gates r, z and n side by side, in PyTorch's order: Wx is PyTorch's `weight_ih` transposed, Wh is
 * `weight_hh` transposed, bx is `bias_ih` and bh is `bias_hh`.
 */
export interface GruParams {
  /** The weights of the input: [D, 3H], for D features and H units. */
  readonly Wx: Tensor;
  /** The weights Wh that multiply the state h [N, H] in the product h Wh: [H, 3H], for H units. */
  readonly Wh: Tensor;
  /** The bias bx that is added to the product x Wx: [3H], for H units. */
  readonly bx: Tensor;
  /** The bias bh that is added to the product h Wh, where h is the state: [3H], for H units. */
  readonly bh: Tensor;
}

const names = ["Wx", "Wh", "bx", "bh"] as const;

/**
 * Returns the next state of a gated recurrent unit, for an input x [N, D] and a state h [N, H], as in PyTorch: (1 − z)
 * n + z h. Each row of x Wx + bx consists of three equal pieces a, b and c. Each row of h Wh + bh consists of three
 * equal pieces d, e and f. With these pieces, r = σ(a + d), z = σ(b + e) and n = tanh(c + r f). From K. Cho and others
 * (2014).
 * @throws TreeError, DTypeError or ShapeError if the parameters, x and h do not fit together
 */
export function gruCell(params: GruParams, x: Tensor, h: Tensor): Tensor {
  return withName("gruCell", () => {
    const [input, state] = toTensors("gruCell", [x, h], 2) as [Tensor, Tensor];
    checkParams(params, names, input);
    checkStep(input, params.Wx, { h: state }, params.Wh);
    return nextState(params, add(matmul(input, params.Wx), params.bx), state);
  });
}

/**
 * Returns the next state of a gated recurrent unit. The input is passed as xWx + bx, where xWx is the product of the
 * input x and the weights Wx.
 */
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
 * Returns a layer that applies a gated recurrent unit to each time step of sequences x [N, T, features]. The state
 * begins with zeros. The layer returns the states of all time steps, [N, T, units], or with `output: "last"` the last
 * state, [N, units]. The initial weights of the state are orthogonal, and the initial biases are zeros.
 * @throws ArgumentError unless `units` is a whole number of at least 1, and for invalid options
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
      // A loop by `scan` is one step of a tape. The gradient keeps only the states of the GRU, and computes the gates
      // again.
      const byTime = { axes: [1, 0, 2] };
      const fromX = transpose(projected(x, params.Wx, params.bx), byTime);
      const start = zeros([x.shape[0]!, settings.units], { dtype: x.dtype });
      const { carry, ys } = scan(
        (h: Tensor, fromX: Tensor) => {
          const next = nextState(params, fromX, h);
          return [next, settings.all ? next : undefined] as const;
        },
        start,
        fromX,
      );
      return ys === undefined ? carry : transpose(ys, byTime);
    },
  });
}
