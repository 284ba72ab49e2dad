import { scan, type Tensor, zeros } from "@wengert/core";
import * as ops from "@wengert/ops";
import { flag, int, type Operator, operator, text, texts, Unsupported } from "./operator.ts";

// Recurrent layers. Each runs over sequences x [steps, batch, inputs], with one or two directions.

/** The state that a recurrent layer passes to the next time step: h, and for an LSTM also c. */
type State = readonly Tensor[];
type Activation = (x: Tensor) => Tensor;

/** The weights of one direction of a recurrent layer. The gates are stacked along the first axis of R. */
interface Weights {
  readonly R: Tensor;
  /**
   * The bias that is added to the product of the hidden state and the weights R. Undefined if the layer has no such
   * bias.
   */
  readonly bias: Tensor | undefined;
  /** The peephole weights of LSTM. */
  readonly peepholes: Tensor | undefined;
  readonly hidden: number;
  readonly activations: readonly Activation[];
}

/**
 * Returns the next state of a recurrent cell. `x` is the product of the input and W for all gates, [batch, gates ×
 * hidden].
 */
type Cell = (x: Tensor, state: State, weights: Weights) => State;

/** Returns the entries of gate k. The last axis of x has `hidden` entries for each gate, one gate after another. */
const gateOf = (x: Tensor, k: number, hidden: number): Tensor => {
  const at = (bound: number) => x.shape.map((_, axis) => (axis === x.shape.length - 1 ? bound : null));
  return ops.slice(x, { start: at(k * hidden), stop: at((k + 1) * hidden) });
};

const rowsOf = (R: Tensor, k: number, hidden: number): Tensor =>
  ops.slice(R, { start: [k * hidden], stop: [(k + 1) * hidden] });

const hiddenProducts = (h: Tensor, R: Tensor, bias: Tensor | undefined): Tensor => {
  const product = ops.matmul(h, ops.transpose(R));
  return bias ? ops.add(product, bias) : product;
};

const rnnCell: Cell = (x, [h], { R, bias, activations: [f] }) => [f!(ops.add(x, hiddenProducts(h!, R, bias)))];

const lstmCell: Cell = (x, [h, c], { R, bias, peepholes, hidden, activations: [f, g, last] }) => {
  const all = ops.add(x, hiddenProducts(h!, R, bias));
  const gate = (k: number) => gateOf(all, k, hidden);
  const peek = (gate: Tensor, k: number, c: Tensor) =>
    peepholes ? ops.add(gate, ops.mul(gateOf(peepholes, k, hidden), c)) : gate;
  const [input, forget] = [f!(peek(gate(0), 0, c!)), f!(peek(gate(2), 2, c!))];
  const next = ops.add(ops.mul(forget, c!), ops.mul(input, g!(gate(3))));
  const output = f!(peek(gate(1), 1, next));
  return [ops.mul(output, last!(next)), next];
};

const gruCell =
  (resetsProduct: boolean): Cell =>
  (x, [h], { R, bias, hidden, activations: [f, g] }) => {
    const biasOf = (k: number) => bias && gateOf(bias, k, hidden);
    const product = (h: Tensor, k: number) => hiddenProducts(h, rowsOf(R, k, hidden), biasOf(k));
    const update = f!(ops.add(gateOf(x, 0, hidden), product(h!, 0)));
    const reset = f!(ops.add(gateOf(x, 1, hidden), product(h!, 1)));
    const candidate = resetsProduct ? ops.mul(reset, product(h!, 2)) : product(ops.mul(reset, h!), 2);
    const next = g!(ops.add(gateOf(x, 2, hidden), candidate));
    return [ops.add(ops.mul(ops.sub(1, update), next), ops.mul(update, h!))];
  };

/** Returns x at one index of an axis, without the axis. */
const entry = (x: Tensor, index: number, axis = 0): Tensor => ops.take(x, index, { axis });

interface Layer {
  readonly gates: number;
  readonly states: number;
  readonly cell: Cell;
  readonly activations: readonly Activation[];
  /** The number of activation functions in each direction. A bidirectional layer has two directions. */
  readonly perDirection: number;
  readonly direction: "forward" | "reverse" | "bidirectional";
  readonly isBatchFirst: boolean;
}

/**
 * Runs a recurrent layer, such as LSTM. The inputs are the sequences x, the weights W and R, the biases, the lengths of
 * the sequences, the initial states, and the peephole weights.
 */
function run(inputs: readonly (Tensor | undefined)[], layer: Layer): Tensor[] {
  const { gates, states, cell, direction, isBatchFirst } = layer;
  const [given, W, R, B, lengths] = inputs as readonly [Tensor, Tensor, Tensor, Tensor?, Tensor?];
  const swap = (x: Tensor) => (isBatchFirst ? ops.swapAxes(x, { axes: [0, 1] }) : x);
  const x = swap(given);
  const [steps, batch] = x.shape as readonly [number, number];
  const [directions, hidden] = [R.shape[0]!, R.shape[2]!];
  const starts = Array.from({ length: states }, (_, k) => inputs[5 + k]).map((start) => start && swap(start));
  const times = ops.reshape(ops.arange(0, steps, { dtype: "int32" }), { shape: [steps, 1, 1] });
  const isActive = lengths && ops.less(times, ops.reshape(lengths, { shape: [1, batch, 1] }));
  const results = Array.from({ length: directions }, (_, d) => {
    const biases = B && entry(B, d);
    const weights: Weights = {
      R: entry(R, d),
      bias: biases && ops.slice(biases, { start: [gates * hidden] }),
      peepholes: inputs[7] && entry(inputs[7], d),
      hidden,
      activations: layer.activations.slice(d * layer.perDirection),
    };
    const products = ops.matmul(x, ops.transpose(entry(W, d)));
    const projected = biases ? ops.add(products, ops.slice(biases, { stop: [gates * hidden] })) : products;
    const init = starts.map((start) => (start ? entry(start, d) : zeros([batch, hidden], { dtype: x.dtype })));
    const { carry, ys } = scan(
      (state: Tensor[], xs: Tensor[]) => {
        const next = cell(xs[0]!, state, weights);
        const isOn = xs[1];
        const kept = isOn ? next.map((each, k) => ops.where(isOn, each, state[k]!)) : [...next];
        return [kept, isOn ? ops.where(isOn, next[0]!, 0) : next[0]!] as const;
      },
      init,
      isActive ? [projected, isActive] : [projected],
      { reverse: direction === "reverse" || d === 1 },
    );
    return { carry, ys };
  });
  const all = ops.stack(
    results.map(({ ys }) => ys),
    { axis: isBatchFirst ? 2 : 1 },
  );
  const y = isBatchFirst ? ops.swapAxes(all, { axes: [0, 1] }) : all;
  const last = (k: number) => swap(ops.stack(results.map(({ carry }) => carry[k]!)));
  return [y, ...Array.from({ length: states }, (_, k) => last(k))];
}

const known: Readonly<Record<string, Activation>> = { Tanh: ops.tanh, Sigmoid: ops.sigmoid, Relu: ops.relu };

/**
 * Reads the activation functions of all directions, in the order of the gates. If the attribute is missing, returns the
 * default functions.
 */
const activationsOr =
  (...otherwise: readonly string[]) =>
  (...parameters: Parameters<typeof texts>): readonly Activation[] => {
    const names = texts(...parameters) ?? [];
    const unknown = names.find((name) => !Object.hasOwn(known, name));
    if (unknown !== undefined) throw new Unsupported(JSON.stringify(unknown.slice(0, 40)));
    return (names.length > 0 ? names : [...otherwise, ...otherwise]).map((name) => known[name]!);
  };

const direction = /* @__PURE__ */ text("forward", "reverse", "bidirectional");
const hidden_size = /* @__PURE__ */ int(undefined);
const layout = /* @__PURE__ */ flag(false);

export const recurrentOperators = (): readonly Operator[] => [
  operator(
    "RNN",
    [3, 6],
    { direction, hidden_size, layout, activations: activationsOr("Tanh") },
    (inputs, { direction, layout: isBatchFirst, activations }) =>
      run(inputs, { gates: 1, states: 1, cell: rnnCell, activations, perDirection: 1, direction, isBatchFirst }),
    { outputs: 2 },
  ),
  operator(
    "GRU",
    [3, 6],
    { direction, hidden_size, layout, activations: activationsOr("Sigmoid", "Tanh"), linear_before_reset: flag(false) },
    (inputs, { direction, layout: isBatchFirst, activations, linear_before_reset }) =>
      run(inputs, {
        gates: 3,
        states: 1,
        cell: gruCell(linear_before_reset),
        activations,
        perDirection: 2,
        direction,
        isBatchFirst,
      }),
    { outputs: 2 },
  ),
  operator(
    "LSTM",
    [3, 8],
    { direction, hidden_size, layout, activations: activationsOr("Sigmoid", "Tanh", "Tanh") },
    (inputs, { direction, layout: isBatchFirst, activations }) =>
      run(inputs, { gates: 4, states: 2, cell: lstmCell, activations, perDirection: 3, direction, isBatchFirst }),
    { outputs: 3 },
  ),
];
