export type Shape = readonly number[];
export type Nested = number | readonly Nested[];

/** Numbers in a shape, with an identity: two tensors that hold the same numbers are two tensors. */
export class Tensor {
  readonly shape: Shape;
  readonly data: readonly number[]; // row after row

  constructor(shape: Shape, data: readonly number[]) {
    if (data.length !== sizeOf(shape)) throw new Error(`shape [${shape}] does not hold ${data.length} numbers`);
    this.shape = shape;
    this.data = data;
  }

  item(): number {
    if (this.data.length !== 1) throw new Error(`item: [${this.shape}] is not one number`);
    return this.data[0];
  }

  toNested(): Nested {
    return nest(this.shape, this.data);
  }
}

/** tensor([[1, 2], [3, 4]]) has the shape [2, 2] and the data 1 2 3 4; tensor(5) has the shape []. */
export function tensor(nested: Nested): Tensor {
  const shape: number[] = [];
  for (let x = nested; typeof x !== "number"; x = x[0]) shape.push(x.length);
  return new Tensor(shape, flat(nested));
}

const flat = (nested: Nested): readonly number[] => (typeof nested === "number" ? [nested] : nested.flatMap(flat));

function nest([n, ...rest]: Shape, data: readonly number[]): Nested {
  if (n === undefined) return data[0];
  const size = data.length / n;
  return Array.from({ length: n }, (_, i) => nest(rest, data.slice(i * size, (i + 1) * size)));
}

const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

const sameShape = (a: Shape, b: Shape): boolean => String(a) === String(b);

// The tape

/** What is known of an op: its name, how to compute its output, and one VJP rule per input. */
export interface OpSpec {
  readonly name: string;
  readonly compute: (...inputs: Tensor[]) => Tensor;
  readonly vjp: readonly Rule[];
}

/** From the cotangent of a step's output, g, to that of an input. */
type Rule = (g: Tensor, step: Step) => Tensor;

/** One line of the list: output = op(...inputs). */
export interface Step {
  readonly op: OpSpec;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
}

/** The steps in the order in which they ran. */
export type Tape = Step[];

let open: Tape | undefined; // the tape that is listening, if one is

/** Runs f, and keeps the steps that it takes. */
export function record(f: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]) {
  const before = open;
  const tape: Tape = [];
  open = tape;
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
    open?.push({ op, inputs, output });
    return output;
  };
}

/** The list as text. */
export function explain(tape: Tape): string {
  const names = new Map(tape.map(({ output }, i) => [output, `#${i + 1}`]));
  const numbers = (x: Tensor) => JSON.stringify(x.toNested());
  const nameOf = (x: Tensor) => names.get(x) ?? numbers(x);
  const line = ({ op, inputs, output }: Step) =>
    `${nameOf(output)} = ${op.name}(${inputs.map(nameOf).join(", ")}) = ${numbers(output)}`;
  return tape.map(line).join("\n");
}

// The sweep

/** Reads a tape backwards, from the cotangents of its outputs to those of its inputs. */
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

/** f(...inputs), and its pullback: from the cotangent of the value to those of the inputs. */
export function vjp(f: (...inputs: Tensor[]) => Tensor, ...given: Tensor[]) {
  const { value, inputs, tape } = record(f, ...given);
  const pullback = (g: Tensor): Tensor[] => {
    if (!sameShape(g.shape, value.shape))
      throw new Error(`the value has shape [${value.shape}], its cotangent [${g.shape}]`);
    const cotangents = new Map([[value, g]]);
    sweep(tape, cotangents);
    return inputs.map((x) => cotangents.get(x) ?? zerosLike(x));
  };
  return { value, pullback };
}

const zerosLike = ({ shape, data }: Tensor): Tensor => new Tensor(shape, Array(data.length).fill(0));

/** The gradient of f, whose value is one number, with respect to its first input. */
export const grad =
  (f: (...inputs: Tensor[]) => Tensor) =>
  (...inputs: Tensor[]): Tensor =>
    vjp(f, ...inputs).pullback(tensor(1))[0];

// Ops

/** f of the numbers that stand at the same place. */
function elementwise(f: (...numbers: number[]) => number): OpSpec["compute"] {
  return (...inputs) => {
    const [x, ...others] = inputs;
    for (const y of others)
      if (!sameShape(x.shape, y.shape)) throw new Error(`shapes differ: [${x.shape}] and [${y.shape}]`);
    const data = x.data.map((_, i) => f(...inputs.map((input) => input.data[i])));
    return new Tensor(x.shape, data);
  };
}

/** For each place of the shape `to`: where in the shape `from` the number stands that broadcasting puts there. */
function places(from: Shape, to: Shape): number[] {
  let found = [0];
  to.forEach((n, axis) => {
    const size = from[axis - to.length + from.length] ?? 1;
    if (size !== n && size !== 1) throw new Error(`[${from}] does not broadcast to [${to}]`);
    found = found.flatMap((place) => Array.from({ length: n }, (_, i) => place * size + (size === 1 ? 0 : i)));
  });
  return found;
}

/** x, repeated until it has the shape. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const op = defineOp({
    name: "broadcastTo",
    compute: (x) => {
      const data = places(x.shape, shape).map((place) => x.data[place]);
      return new Tensor(shape, data);
    },
    vjp: [(g, { inputs: [x] }) => sumTo(g, x.shape)],
  });
  return op(x);
}

/** x, summed until it has the shape: over each axis along which `broadcastTo` repeats. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const op = defineOp({
    name: "sumTo",
    compute: (x) => {
      const data: number[] = Array(sizeOf(shape)).fill(0);
      places(shape, x.shape).forEach((place, i) => {
        data[place] += x.data[i];
      });
      return new Tensor(shape, data);
    },
    vjp: [(g, { inputs: [x] }) => broadcastTo(g, x.shape)],
  });
  return op(x);
}

export const sum = (x: Tensor): Tensor => sumTo(x, []);

/** The op, on inputs of different shapes: each is broadcast to the shape that they have in common. */
function broadcasting(op: Op): Op {
  return (...inputs) => {
    const rank = Math.max(...inputs.map((x) => x.shape.length));
    const sizes = (axis: number) => inputs.map((x) => x.shape[axis - rank + x.shape.length] ?? 1);
    const shape = Array.from({ length: rank }, (_, axis) => sizes(axis).find((n) => n !== 1) ?? 1);
    return op(...inputs.map((x) => broadcastTo(x, shape)));
  };
}

export const add: Op = broadcasting(
  defineOp({
    name: "add",
    compute: elementwise((a, b) => a + b),
    vjp: [(g) => g, (g) => g],
  }),
);

export const mul: Op = broadcasting(
  defineOp({
    name: "mul",
    compute: elementwise((a, b) => a * b),
    vjp: [(g, { inputs: [, b] }) => mul(g, b), (g, { inputs: [a] }) => mul(g, a)],
  }),
);

export const exp: Op = defineOp({
  name: "exp",
  compute: elementwise((x) => Math.exp(x)),
  vjp: [(g, { output: y }) => mul(g, y)],
});
