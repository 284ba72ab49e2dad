/**
 * Compiles the training step of a softmax regression, and prints the result: the steps before and after the compiler's
 * passes, the instructions, the memory, and the time of a training step.
 *
 * `step.ts` has the training step.
 */
import { type Compiled, compile, explainPlan } from "@wengert/compile";
import { cost, explain, type Program, type Tensor } from "@wengert/core";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { choice, count } from "../shared/options.ts";
import { indented, short, table, whole } from "../shared/table.ts";
import { dataOf, type State, startOf, trainingStep } from "./step.ts";

const options = {
  rows: count(32, "examples in the batch"),
  features: count(4, "features of an example"),
  classes: count(3, "classes", { min: 2 }),
  steps: count(1000, "steps to train for each measurement"),
  dtype: choice(["float32", "float64"], "dtype of all numbers"),
  seed: count(1, "seed of the data", { min: 0 }),
};

interface Outcome {
  /**
   * The loss after equally many training steps, for four ways of running a step: eagerly, compiled, compiled with
   * donated arguments (their memory is reused), and in a compiled loop (`repeat`).
   */
  readonly losses: readonly number[];
  /** The number of steps of the program after each pass of the compiler. */
  readonly passes: readonly (readonly [name: string, steps: number])[];
}

const reading: Readonly<Record<string, string>> = {
  traced: "the list as recorded: loss, gradient and update",
  "dead steps": "steps whose output nobody reads are dropped",
  "constant steps": "steps that depend on constants alone become constants",
  identities: "x · 1 and aliases become x",
  "duplicate steps": "equal steps run once",
  views: "a transpose or reshape is another view of the same memory",
};

const example: Command<Outcome> = command({
  summary: "reads the plan of a training step aloud: its list before and after each pass, its loops, memory and speed",
  options,
  run({ rows, features, classes, steps, dtype, seed }) {
    const { X, labels } = dataOf({ rows, features, classes, dtype, seed });
    const start = startOf(features, classes, dtype);
    const compiled = compile(trainingStep);
    const report = compiled.plan(start, X, labels);
    const { programs, passes, bytes } = report;
    const [traced, last] = [programs[0]!.program, programs.at(-1)!.program];
    console.log(`A training step of softmax regression is one list: A = X W + b, the loss, its gradient, and an update with momentum.
As recorded:

${indented(explain(traced))}

Each pass takes a list and returns a shorter list that computes the same numbers:

${table([["pass", "", "steps"], ...passes.map(([name, n]) => [name, reading[name] ?? "", `${n}`])], { left: 2 })}

After the passes:

${indented(explain(last))}

Each step becomes an instruction: a loop over elementwise steps, a kernel, or an op. One WebAssembly function runs them.
The second table has the plan's memory: buffers at fixed addresses, and the instructions that need them.

${indented(explainPlan(report))}

${memoryOf(last, bytes)}

${whole(steps)} steps, from weights of 0:
`);
    const runs = runsOf(compiled, start, X, labels, steps);
    console.log(
      table([
        ["", "µs a step", "loss"],
        ...runs.map(({ name, microseconds, loss }) => [name, short(microseconds), loss.toFixed(6)]),
      ]),
    );
    return { losses: runs.map(({ loss }) => loss), passes };
  },
});

/** Compares the memory of the compiled step with the memory that a separate array for each op's output would need. */
function memoryOf(program: Program, bytes: number): string {
  const tensors = [...program.inputs, ...program.constants, ...program.steps.map(({ output }) => output)];
  const separate = tensors.reduce((sum, { size, dtype }) => sum + size * (dtype === "float64" ? 8 : 4), 0);
  const { flops } = cost(program);
  return `The step has ${whole(flops)} floating-point operations. All tensors of the list have ${whole(separate)} bytes, and the plan needs
${whole(bytes)}: tensors that are not needed at the same time share memory, and results inside a loop stay in registers.`;
}

interface Measured {
  readonly name: string;
  readonly microseconds: number;
  readonly loss: number;
}

/** Trains the model in four ways, and measures the time of a training step for each way. */
function runsOf(
  compiled: Compiled<Parameters<typeof trainingStep>, State>,
  start: State,
  X: Tensor,
  labels: Tensor,
  steps: number,
): Measured[] {
  const donating = compile(trainingStep, { donate: [0] });
  const loop = (step: typeof trainingStep) => (n: number) => {
    let state = step(start, X, labels);
    for (let i = 1; i < n; i++) state = step(state, X, labels);
    return state;
  };
  const donated = (n: number) => {
    let state = trainingStep(start, X, labels); // donated instead of `start`
    for (let i = 1; i < n; i++) state = donating(state, X, labels);
    return state;
  };
  const ways: readonly (readonly [string, (n: number) => State])[] = [
    ["op by op", loop(trainingStep)],
    ["compiled", loop(compiled)],
    ["compiled, with donated state", donated],
    ["compiled, all steps in one call", (n) => compiled.repeat(n, start, X, labels)],
  ];
  return ways.map(([name, train]) => {
    train(Math.max(2, Math.ceil(steps / 4))); // warms up
    const begin = performance.now();
    const { loss } = train(steps);
    return { name, microseconds: (1000 * (performance.now() - begin)) / steps, loss: loss.item() };
  });
}

await startIfMain(import.meta, example);

export default example;
