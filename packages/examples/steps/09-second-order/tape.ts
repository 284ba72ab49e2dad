import nd, { type NdArray as Nd } from "ndarray";
import ops from "ndarray-ops";

type NdArray = Nd<Float64Array>;
export type Nested = number | readonly Nested[];

/** An array with an identity: two tensors with equal numbers are still different tensors. */
export class Tensor {
  readonly data: NdArray;

  constructor(data: NdArray) {
    this.data = data;
  }

  get shape(): number[] {
    return this.data.shape;
  }

  item(): number {
    if (this.data.size !== 1) throw new Error(`item: [${this.shape}] is not one number`);
    return ops.sum(this.data);
  }

  toNested(): Nested {
    return nest(this.data);
  }
}

/** Makes a tensor from nested arrays or a number. The shape of tensor([[1, 2], [3, 4]]) is [2, 2]. */
export function tensor(nested: Nested): Tensor {
  const shape: number[] = [];
  for (let x = nested; typeof x !== "number"; x = x[0]) shape.push(x.length);
  const [data, numbers] = [zeros(shape), ([nested] as unknown[]).flat(Infinity) as number[]];
  if (numbers.length !== data.size) throw new Error(`shape [${shape}] does not hold ${numbers.length} numbers`);
  data.data.set(numbers);
  return new Tensor(data);
}

export const zeros = (shape: number[]): NdArray => nd(new Float64Array(shape.reduce((size, n) => size * n, 1)), shape);

const nest = (a: NdArray): Nested =>
  a.dimension === 0 ? a.get() : Array.from({ length: a.shape[0] }, (_, i) => nest(a.pick(i)));

const sameShape = (a: number[], b: number[]): boolean => String(a) === String(b);

// The tape

/** The declaration of an op: its name, a function that computes its output, and a VJP rule for each input. */
export interface OpSpec {
  readonly name: string;
  readonly compute: (...inputs: Tensor[]) => Tensor;
  readonly vjp: readonly Rule[];
}

/** Maps g, the cotangent of a step's output, to the cotangent of one input of the step. */
type Rule = (g: Tensor, step: Step) => Tensor;

/** One step of a tape: output = op(...inputs). */
export interface Step {
  readonly op: OpSpec;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
}

/** The recorded steps, in the order in which they ran. */
export type Tape = Step[];

let open: readonly Tape[] = []; // the active tapes, innermost last

/** Makes a new tensor object of each input, runs f on these and records the steps of f. */
export function record(f: (...inputs: Tensor[]) => Tensor, ...given: Tensor[]) {
  const inputs = given.map((x) => alias(x)); // outer tapes record this step
  const before = open;
  const tape: Tape = [];
  open = [...open, tape];
  try {
    return { value: f(...inputs), inputs, tape };
  } finally {
    open = before;
  }
}

export type Op = (...inputs: Tensor[]) => Tensor;

export function defineOp(op: OpSpec): Op {
  return (...inputs) => {
    const output = op.compute(...inputs);
    for (const tape of open) tape.push({ op, inputs, output });
    return output;
  };
}

/** Returns the tape as text, with a line for each step. */
export function explain(tape: Tape): string {
  const names = new Map(tape.map(({ output }, i) => [output, `#${i + 1}`]));
  const numbers = (x: Tensor) => JSON.stringify(x.toNested());
  const nameOf = (x: Tensor) => names.get(x) ?? numbers(x);
  const line = ({ op, inputs, output }: Step) =>
    `${nameOf(output)} = ${op.name}(${inputs.map(nameOf).join(", ")}) = ${numbers(output)}`;
  return tape.map(line).join("\n");
}

// The sweep

/** Reads the tape backwards and stores the cotangent of each step's inputs in `cotangents`. */
function sweep(tape: Tape, cotangents: Map<Tensor, Tensor>): void {
  for (const step of tape.toReversed()) {
    const g = cotangents.get(step.output);
    if (g === undefined) continue; // the value does not depend on this step
    step.inputs.forEach((input, k) => {
      const contribution = step.op.vjp[k](g, step);
      const soFar = cotangents.get(input);
      cotangents.set(input, soFar ? add(soFar, contribution) : contribution);
    });
  }
}

/** Returns the value of f and its pullback, which maps the cotangent of the value to the cotangents of the inputs. */
export function vjp(f: (...inputs: Tensor[]) => Tensor, ...given: Tensor[]) {
  const { value, inputs, tape } = record(f, ...given);
  const pullback = (g: Tensor): Tensor[] => {
    if (!sameShape(g.shape, value.shape))
      throw new Error(`the value has shape [${value.shape}], its cotangent [${g.shape}]`);
    const cotangents = new Map([[value, g]]);
    sweep(tape, cotangents);
    return inputs.map((x) => cotangents.get(x) ?? new Tensor(zeros(x.shape)));
  };
  return { value, pullback };
}

/** Returns a function that computes the gradient of a scalar function f with respect to its first input. */
export const grad =
  (f: (...inputs: Tensor[]) => Tensor) =>
  (...inputs: Tensor[]): Tensor =>
    vjp(f, ...inputs).pullback(tensor(1))[0];

// Ops

/** Returns a new tensor object with the numbers of x. */
export const alias: Op = defineOp({
  name: "alias",
  compute: (x) => new Tensor(x.data),
  vjp: [(g) => g],
});

/** Makes the `compute` function of an op from an ndarray-ops loop. All inputs must have the same shape. */
function elementwise(loop: (out: NdArray, ...inputs: NdArray[]) => void): OpSpec["compute"] {
  return (...inputs) => {
    const out = zeros(inputs[0].shape);
    loop(out, ...inputs.map((x) => x.data));
    return new Tensor(out);
  };
}

/** Returns a view of `a`, broadcast to `shape` by NumPy's rules. A repeated axis has stride 0, so nothing is copied. */
export function repeated(a: NdArray, shape: number[]): NdArray {
  const stride = shape.map((n, axis) => {
    const fromEnd = axis - shape.length;
    const size = a.shape.at(fromEnd) ?? 1;
    if (size !== n && size !== 1) throw new Error(`[${a.shape}] does not broadcast to [${shape}]`);
    return size === 1 ? 0 : a.stride.at(fromEnd)!;
  });
  return nd(a.data, shape, stride, a.offset);
}

/** Reduces `a` to a smaller shape. `loop` combines the entries along a reduced axis, for example by addition. */
export function reduced(loop: (out: NdArray, a: NdArray) => void, a: NdArray, shape: number[], start = 0): NdArray {
  const out = zeros(shape);
  ops.assigns(out, start);
  loop(repeated(out, a.shape), a);
  return out;
}

/** Broadcasts x to the given shape. */
export function broadcastTo(x: Tensor, shape: number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const op = defineOp({
    name: "broadcastTo",
    compute: (x) => new Tensor(repeated(x.data, shape)),
    vjp: [(g, { inputs: [x] }) => sumTo(g, x.shape)],
  });
  return op(x);
}

/** Sums x over axes until it has the given shape. `sumTo` is the VJP rule of `broadcastTo`. */
export function sumTo(x: Tensor, shape: number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const op = defineOp({
    name: "sumTo",
    compute: (x) => new Tensor(reduced(ops.addeq, x.data, shape)),
    vjp: [(g, { inputs: [x] }) => broadcastTo(g, x.shape)],
  });
  return op(x);
}

export const sum = (x: Tensor): Tensor => sumTo(x, []);

/** Returns an op that broadcasts its inputs to their common shape and then calls `op`. */
function broadcasting(op: Op): Op {
  return (...inputs) => {
    const rank = Math.max(...inputs.map((x) => x.shape.length));
    const sizes = (axis: number) => inputs.map((x) => x.shape.at(axis - rank) ?? 1);
    const shape = Array.from({ length: rank }, (_, axis) => sizes(axis).find((n) => n !== 1) ?? 1);
    return op(...inputs.map((x) => broadcastTo(x, shape)));
  };
}

export const add: Op = broadcasting(
  defineOp({
    name: "add",
    compute: elementwise(ops.add),
    vjp: [(g) => g, (g) => g],
  }),
);

export const mul: Op = broadcasting(
  defineOp({
    name: "mul",
    compute: elementwise(ops.mul),
    vjp: [(g, { inputs: [, b] }) => mul(g, b), (g, { inputs: [a] }) => mul(g, a)],
  }),
);

export const exp: Op = defineOp({
  name: "exp",
  compute: elementwise(ops.exp),
  vjp: [(g, { output: y }) => mul(g, y)],
});

export const sub: Op = (a, b) => add(a, mul(tensor(-1), b));

export const tanh: Op = defineOp({
  name: "tanh",
  compute: elementwise((out, x) => {
    ops.assign(out, x);
    out.data.set(out.data.map(Math.tanh));
  }),
  vjp: [(g, { output: y }) => sub(g, mul(g, mul(y, y)))],
});

export const transpose: Op = defineOp({
  name: "transpose",
  compute: (x) => new Tensor(x.data.transpose(1, 0)),
  vjp: [(g) => transpose(g)],
});

/** The matrix product Y = A B: yᵢⱼ = Σₖ aᵢₖ bₖⱼ. */
export const matmul: Op = defineOp({
  name: "matmul",
  compute: ({ data: a }, { data: b }) => {
    const [[m, inner], [rows, n]] = [a.shape, b.shape];
    if (inner !== rows) throw new Error(`matmul: [${a.shape}] by [${b.shape}]: inner sizes differ`);
    const [y, terms] = [zeros([m, n]), zeros([inner])];
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) y.set(i, j, ops.sum(ops.mul(terms, a.pick(i, null), b.pick(null, j))));
    return new Tensor(y);
  },
  vjp: [(g, { inputs: [, b] }) => matmul(g, transpose(b)), (g, { inputs: [a] }) => matmul(transpose(a), g)],
});

export const div: Op = broadcasting(
  defineOp({
    name: "div",
    compute: elementwise(ops.div),
    vjp: [(g, { inputs: [, b] }) => div(g, b), (g, { inputs: [, b], output: y }) => mul(tensor(-1), div(mul(g, y), b))],
  }),
);

export const log: Op = defineOp({
  name: "log",
  compute: elementwise(ops.log),
  vjp: [(g, { inputs: [x] }) => div(g, x)],
});

/** Sums each row. The last axis of the result has size 1. */
export const rowSums = (x: Tensor): Tensor => sumTo(x, [...x.shape.slice(0, -1), 1]);

/** Softmax along the last axis: sᵢ = exp(xᵢ) / Σₖ exp(xₖ). Its rule maps a cotangent g of s to s ⊙ (g − ⟨g, s⟩). */
export const softmax: Op = defineOp({
  name: "softmax",
  compute: ({ data: x, shape }) => {
    const [s, column] = [zeros(shape), [...shape.slice(0, -1), 1]];
    ops.sub(s, x, repeated(reduced(ops.maxeq, x, column, -Infinity), shape)); // at most 0, so exp can't overflow
    ops.expeq(s);
    ops.diveq(s, repeated(reduced(ops.addeq, s, column), shape));
    return new Tensor(s);
  },
  vjp: [(g, { output: s }) => mul(s, sub(g, rowSums(mul(g, s))))],
});
