/** A tensor of one number. Two tensors with equal numbers are still different tensors. */
export class Tensor {
  readonly data: number;

  constructor(data: number) {
    this.data = data;
  }

  item(): number {
    return this.data;
  }
}

export function tensor(data: number): Tensor {
  return new Tensor(data);
}

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

let open: Tape | undefined; // the active tape, if any

/** Runs f and records the steps of f on a new tape. */
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

/** Returns the tape as text, with a line for each step. */
export function explain(tape: Tape): string {
  const names = new Map(tape.map(({ output }, i) => [output, `#${i + 1}`]));
  const nameOf = (x: Tensor) => names.get(x) ?? String(x.item());
  const line = ({ op, inputs, output }: Step) =>
    `${nameOf(output)} = ${op.name}(${inputs.map(nameOf).join(", ")}) = ${output.item()}`;
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
    const cotangents = new Map([[value, g]]);
    sweep(tape, cotangents);
    return inputs.map((x) => cotangents.get(x) ?? tensor(0));
  };
  return { value, pullback };
}

/** Returns a function that computes the derivative of f with respect to its first input. */
export const grad =
  (f: (...inputs: Tensor[]) => Tensor) =>
  (...inputs: Tensor[]): Tensor =>
    vjp(f, ...inputs).pullback(tensor(1))[0];

// Ops

export const add: Op = defineOp({
  name: "add",
  compute: (a, b) => new Tensor(a.data + b.data),
  vjp: [(g) => g, (g) => g],
});

export const mul: Op = defineOp({
  name: "mul",
  compute: (a, b) => new Tensor(a.data * b.data),
  vjp: [(g, { inputs: [, b] }) => mul(g, b), (g, { inputs: [a] }) => mul(g, a)],
});

export const exp: Op = defineOp({
  name: "exp",
  compute: (x) => new Tensor(Math.exp(x.data)),
  vjp: [(g, { output: y }) => mul(g, y)],
});
