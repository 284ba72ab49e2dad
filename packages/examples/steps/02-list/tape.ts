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

/** The declaration of an op: its name and a function that computes its output. */
export interface OpSpec {
  readonly name: string;
  readonly compute: (...inputs: Tensor[]) => Tensor;
}

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

// Ops

export const add: Op = defineOp({
  name: "add",
  compute: (a, b) => new Tensor(a.data + b.data),
});

export const mul: Op = defineOp({
  name: "mul",
  compute: (a, b) => new Tensor(a.data * b.data),
});

export const exp: Op = defineOp({
  name: "exp",
  compute: (x) => new Tensor(Math.exp(x.data)),
});
