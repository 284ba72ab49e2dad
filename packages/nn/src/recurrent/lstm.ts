import { ones, type Tensor, zeros } from "@wengert/core";
import { toTensors } from "@wengert/core/extend";
import { add, concat, matmul, mul, sigmoid, split, stack, tanh, unstack } from "@wengert/ops";
import { checkParams } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";
import { checkStep, projected, type RecurrentOptions, recurrentSettings, recurrentWeights } from "./unroll.ts";

/**
 * The parameters of a long short-term memory (LSTM) with H units, for inputs with D features. Each parameter has the
 * columns of the gates i, f, g and o side by side, in PyTorch's order: Wx is PyTorch's `weight_ih` transposed, Wh is
 * `weight_hh` transposed, and b is `bias_ih + bias_hh`.
 */
export interface LstmParams {
  /** The weights of the input: [D, 4H], for D features and H units. */
  readonly Wx: Tensor;
  /** The weights that multiply the output of the previous time step: [H, 4H], for H units. */
  readonly Wh: Tensor;
  /** The bias, [4H]. */
  readonly b: Tensor;
}

/** The state of a long short-term memory: the output h and the memory c, [N, H] each. */
export interface LstmState {
  readonly h: Tensor;
  readonly c: Tensor;
}

const names = ["Wx", "Wh", "b"] as const;

/**
 * Returns the next state of a long short-term memory, for an input x [N, D] and a state { h, c }, as in PyTorch: the
 * memory c' = f c + i g and the output h' = o tanh(c'). Each row of x Wx + h Wh + b consists of four equal pieces p, q,
 * r and s. With these pieces, i = σ(p), f = σ(q), g = tanh(r) and o = σ(s). From S. Hochreiter and J. Schmidhuber
 * (1997), with the forget gate f of F. Gers and others (2000).
 * @throws TreeError, DTypeError or ShapeError if the parameters, x and the state do not fit together
 */
export function lstmCell(params: LstmParams, x: Tensor, state: LstmState): LstmState {
  return withName("lstmCell", () => {
    const [input, h, c] = toTensors("lstmCell", [x, state?.h, state?.c], 3) as [Tensor, Tensor, Tensor];
    checkParams(params, names, input);
    checkStep(input, params.Wx, { h, c }, params.Wh);
    return nextState(params, add(matmul(input, params.Wx), params.b), { h, c });
  });
}

/**
 * Returns the next state of a long short-term memory. The input is passed as xWx + b, where xWx is the product of the
 * input x and the weights Wx.
 */
function nextState({ Wh }: LstmParams, fromX: Tensor, { h, c }: LstmState): LstmState {
  const units = Wh.shape[0]!;
  const all = add(fromX, matmul(h, Wh));
  const [inputForget, g, o] = split(all, { sections: [2 * units, 3 * units], axis: -1 }) as [Tensor, Tensor, Tensor];
  const [i, f] = split(sigmoid(inputForget), { sections: 2, axis: -1 }) as [Tensor, Tensor];
  const next = add(mul(f, c), mul(i, tanh(g)));
  return { h: mul(sigmoid(o), tanh(next)), c: next };
}

/**
 * Returns a layer that applies a long short-term memory to each time step of sequences x [N, T, features]. The state
 * begins with zeros. The layer returns the outputs of all time steps, [N, T, units], or with `output: "last"` the last
 * output, [N, units]. The initial weights of the previous output are orthogonal. The initial bias is 1 for the forget
 * gate, so that memories last at first, and 0 for the other gates.
 * @throws ArgumentError unless `units` is a whole number of at least 1, and for invalid options
 */
export function lstm(units: number, options?: RecurrentOptions): Layer<LstmParams> {
  const settings = withName("lstm", () => recurrentSettings("lstm", units, options));
  return defineLayer<LstmParams>({
    name: "lstm",
    init: (key, { shape }, { dtype }) => {
      const zero = (gates: number) => zeros([gates * settings.units], { dtype });
      const b = concat([zero(1), ones([settings.units], { dtype }), zero(2)]);
      return { ...recurrentWeights(key, shape, dtype, settings.units, 4), b };
    },
    apply: (params, x) => {
      checkParams(params, names, x);
      const zero = zeros([x.shape[0] ?? 1, settings.units], { dtype: x.dtype });
      let state: LstmState = { h: zero, c: zero };
      // The loop over time is a plain loop, not a `scan`. For the gradient, a `scan` would compute the gates again, and
      // for an LSTM this takes longer.
      const outputs = unstack(projected(x, params.Wx, params.b), { axis: 1 }).map((fromX) => {
        state = nextState(params, fromX, state);
        return state.h;
      });
      return settings.all ? stack(outputs, { axis: 1 }) : state.h;
    },
  });
}
