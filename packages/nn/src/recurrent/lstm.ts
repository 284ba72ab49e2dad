import { ones, type Tensor, zeros } from "@wengert/core";
import { add, concat, matmul, mul, sigmoid, split, tanh } from "@wengert/ops";
import { checkParams } from "../layer/checks.ts";
import { defineLayer } from "../layer/defineLayer.ts";
import { withName } from "../layer/errors.ts";
import type { Layer } from "../layer/layer.ts";
import { checkStep, outputsOf, type RecurrentOptions, recurrentSettings, recurrentWeights, stepsOf } from "./unroll.ts";

/**
 * The parameters of an LSTM with H units, for inputs of size D. The gates are i, f, g and o, in PyTorch's order, side by
 * side along the last axis: Wx is `weight_ih` transposed, Wh is `weight_hh` transposed, b is `bias_ih + bias_hh`.
 */
export interface LstmParams {
  /** The weights of the inputs, [D, 4H]. */
  readonly Wx: Tensor;
  /** The weights of the output h of the previous time, [H, 4H]. */
  readonly Wh: Tensor;
  /** The biases, [4H]. */
  readonly b: Tensor;
}

/** The state of an LSTM: the output h and the memory c, [N, H] each. */
export interface LstmState {
  readonly h: Tensor;
  readonly c: Tensor;
}

const names = ["Wx", "Wh", "b"] as const;

/**
 * Returns the next state of an LSTM for the inputs x [N, D] and a state: c' = f c + i g and h' = o tanh(c'), where i, f
 * and o are σ of xW + hU + b, and g is tanh of it, each with its own weights, as in PyTorch. From S. Hochreiter and J.
 * Schmidhuber (1997), with the forget gate f of F. Gers and others (2000).
 */
export function lstmCell(params: LstmParams, x: Tensor, { h, c }: LstmState): LstmState {
  return withName("lstmCell", () => {
    checkParams(params, names, x);
    checkStep(x, params.Wx, { h, c }, params.Wh);
    return nextState(params, add(matmul(x, params.Wx), params.b), { h, c });
  });
}

/** Returns the next state, for the projected inputs xWx + b. */
function nextState({ Wh }: LstmParams, fromX: Tensor, { h, c }: LstmState): LstmState {
  const units = Wh.shape[0]!;
  const all = add(fromX, matmul(h, Wh));
  const [inputForget, g, o] = split(all, { sections: [2 * units, 3 * units], axis: -1 }) as [Tensor, Tensor, Tensor];
  const [i, f] = split(sigmoid(inputForget), { sections: 2, axis: -1 }) as [Tensor, Tensor];
  const next = add(mul(f, c), mul(i, tanh(g)));
  return { h: mul(sigmoid(o), tanh(next)), c: next };
}

/**
 * Returns a long short-term memory over sequences x [N, T, D], which begins with a state of zeros. The result has the
 * outputs h of all times, [N, T, units], or with `output: "last"` the last one, [N, units]. The weights of the state begin
 * orthogonal, and the biases with zeros, but with ones for the forget gate, so that the memory lasts at first.
 * @throws ArgumentError unless `units` is a whole number of at least 1
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
      const outputs = stepsOf(x, params.Wx, params.b).map((fromX) => {
        state = nextState(params, fromX, state);
        return state.h;
      });
      return outputsOf(outputs, settings.all);
    },
  });
}
