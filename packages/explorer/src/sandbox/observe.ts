import {
  onesLike,
  type Pull,
  pushes,
  type Recording,
  record,
  type Step,
  type Tensor,
  tensor,
  vjp,
  withLabel,
  zerosLike,
} from "@wengert/core";
import {
  accumulate,
  alias,
  insertAxes,
  isFloat,
  leaves,
  moveAxis,
  pack,
  part,
  place,
  ravel,
  removeAxes,
  repeatAlong,
  sumAxis,
  type TreeFunction,
  unflatten,
  withRecorder,
} from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { reshape } from "@wengert/ops";
import { bodyData } from "./bodies.ts";
import { Elements } from "./elements.ts";
import { failureOf } from "./failure.ts";
import { constantsOf, type NameOf, namesOf, paramsText } from "./names.ts";
import { asWritten } from "./operators.ts";
import type {
  BodyData,
  Change,
  ContributionData,
  Failure,
  Nudge,
  PlanData,
  PullData,
  RecordingData,
  Seed,
  StepData,
  TangentData,
  TangentsData,
} from "./protocol.ts";

const maxRecordings = 20; // if a program makes more recordings, the last ones are kept
const longTape = 2000; // for tapes with more steps, the ops inside VJP rules are not stored

const nudgeSizes = [0.1, 0.01, 0.001] as const;
const maxNudged = 24; // the maximum number of input elements that are changed
const patience = 40; // the maximum time for all runs with changed inputs, in ms

/**
 * Compiles a function to a plan for its arguments. `names` are the names of the function's inputs. If the function
 * computes a gradient, `ofSweep` contains the tensors that its backward pass computes.
 */
export type PlanOf = (
  f: TreeFunction<readonly unknown[], unknown>,
  args: readonly unknown[],
  names: readonly string[],
  ofSweep: ReadonlySet<Tensor>,
) => PlanData;

interface Kept {
  readonly f: TreeFunction<readonly unknown[], unknown>;
  /** Maps the output of each step to the line of the program that ran the step. */
  readonly lines: ReadonlyMap<Tensor, number>;
  /** The arguments of the recorded function. */
  readonly args: readonly unknown[];
  readonly made: Recording<unknown>;
  /**
   * The tensors that the backward pass computes, if the recorded function is a gradient. Otherwise the set is empty.
   */
  readonly ofSweep: ReadonlySet<Tensor>;
}

/** Stores the recordings that a user program makes, and converts them to plain data for the page. */
export class Observer {
  readonly #kept: Kept[] = [];
  readonly #order: 1 | 2;
  readonly #along: number | undefined;
  readonly #planOf: PlanOf | undefined;
  readonly #changes: readonly Change[];
  #calls = 0;

  /**
   * If `along` is given, also computes tangents: the tangent of the input with the index `along` is a tensor of ones.
   * If `planOf` is given, also compiles each function to a plan.
   */
  constructor(order: 1 | 2, along?: number, planOf?: PlanOf, changes: readonly Change[] = []) {
    this.#changes = changes;
    this.#order = order;
    this.#along = along;
    this.#planOf = planOf;
  }

  /** Calls the library's `record` and stores the recording. Replaces `record` in user programs. */
  readonly record = <A extends readonly unknown[], R>(f: TreeFunction<A, R>, ...given: A): Recording<R> => {
    const call = this.#calls++;
    const args = changed(
      given,
      this.#changes.filter(({ recording }) => recording === call),
    );
    const lines = new Map<Tensor, number>();
    const keepLine = ({ output }: Step): void => {
      const line = currentLine();
      if (line !== undefined && lines.size < longTape) lines.set(output, line);
    };
    const made = withRecorder("record", { record: keepLine }, () => record<A, R>(f, ...args));
    const ofValue = { f: f as unknown as Kept["f"], args, made, ofSweep: new Set<Tensor>() };
    const kept =
      this.#order === 1
        ? ofValue
        : withRecorder("record", { record: keepLine }, () => gradientOf(f, args, made.inputs));
    this.#kept.push({ ...kept, lines });
    return made;
  };

  /** True while the user's functions run again with slightly changed inputs. The output of these runs is not shown. */
  isNudging = false;

  recordings(): RecordingData[] {
    this.isNudging = true;
    const deadline = performance.now() + patience;
    return this.#kept.slice(-maxRecordings).map((kept) => new Ledger(kept).data(this.#along, deadline, this.#planOf));
  }
}

/** Returns the arguments with some of their numbers changed. Ignores changes that do not fit the arguments. */
function changed<A extends readonly unknown[]>(args: A, changes: readonly Change[]): A {
  if (changes.length === 0) return args;
  const all = leaves("record", args, "args");
  const moved = all.map((x, i) => {
    const own = changes.filter(({ input, element }) => input === i && element < x.size);
    if (own.length === 0 || !isFloat(x.dtype)) return x;
    const numbers = Array.from(ravel(x.array!));
    for (const { element, value } of own) numbers[element] = value;
    const made = withNumbers(x, numbers);
    return x.label === undefined ? made : withLabel(made, x.label);
  });
  return unflatten(args, moved);
}

/** Returns a tensor with the shape and dtype of `x`, and other numbers. */
const withNumbers = (x: Tensor, numbers: readonly number[]): Tensor =>
  reshape(tensor(numbers, { dtype: x.dtype }), { shape: [...x.shape] });

/**
 * Records the gradient of the user's function. The tape contains the function and its sweep, which starts from ones.
 */
function gradientOf<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  args: A,
  inputs: readonly Tensor[],
): Omit<Kept, "lines"> {
  const ofSweep = new Set<Tensor>();
  const gradient = (...given: readonly unknown[]): unknown => {
    const { value, pullback } = (vjp as unknown as AnyVjp)(f, ...given);
    const outputs = leaves("record", value, "the value of f");
    const seed = unflatten(
      value,
      outputs.map((y) => onesLike(y)),
    );
    return withRecorder("record", { record: ({ output }) => ofSweep.add(output) }, () => pullback(seed));
  };
  const named = leaves("record", args, "args").map((leaf, i) => withLabel(leaf, inputs[i]?.label ?? "")); // labeled with the names of f's parameters
  const ofGradient = gradient as TreeFunction<readonly unknown[], unknown>;
  const made = record(ofGradient, ...unflatten(args, named));
  return { f: ofGradient, args, made, ofSweep };
}

/** Returns the line of the user's program that is running, or undefined if none is. */
function currentLine(): number | undefined {
  const found = /program\.ts:(\d+):\d+/.exec(String(new Error().stack));
  return found ? Number(found[1]) : undefined;
}
type AnyVjp = (
  f: unknown,
  ...args: readonly unknown[]
) => { value: unknown; pullback: (cotangent: unknown) => unknown };

const structural = [accumulate, alias, insertAxes, moveAxis, pack, part, place, removeAxes, repeatAlong, sumAxis];
const specs = [...Object.values(ops), ...structural, withLabel].flatMap((value) =>
  typeof value === "function" && "spec" in value ? [value.spec as Step["op"]] : [],
);
const library: ReadonlySet<unknown> = new Set(specs);
const namesOfLibrary: ReadonlySet<string> = new Set([
  "customVjp",
  "customJvp",
  "checkpoint",
  "stopGradient",
  "scan",
  "fixedPoint",
  "root",
]);

/** Returns the sum of all elements of the float tensors of a list. */
function totalOf(outputs: readonly Tensor[]): number {
  let sum = 0;
  for (const y of outputs) if (isFloat(y.dtype)) for (const x of ravel(y.array!)) sum += x;
  return sum;
}

/** Converts one recording and its sweep to plain data for the page. */
class Ledger {
  readonly #f: Kept["f"];
  readonly #lines: Kept["lines"];
  readonly #args: readonly unknown[];
  readonly #recording: Recording<unknown>;
  readonly #ofSweep: ReadonlySet<Tensor>;
  readonly #nameOf: NameOf;
  readonly #elements: Elements;

  constructor({ f, args, made, ofSweep, lines }: Kept) {
    this.#f = f;
    this.#lines = lines;
    this.#args = args;
    this.#recording = made;
    this.#ofSweep = ofSweep;
    this.#nameOf = namesOf(made);
    this.#elements = new Elements(this.#nameOf);
  }

  data(along: number | undefined, deadline: number, planOf: PlanOf | undefined): RecordingData {
    const { inputs, steps, outputs } = this.#recording;
    const number = (tensor: Tensor) => this.#elements.number(tensor);
    const listing = {
      inputs: inputs.map(number),
      constants: constantsOf(this.#recording).map(number),
      steps: steps.map((step, i) => this.#step(step, bodyData(step, `${i + 1}`, this.#nameOf))),
      outputs: outputs.map(number),
    };
    const sweep = this.#sweep();
    const tangents = along === undefined ? undefined : this.#tangents(along);
    const plan = planOf?.(this.#f, this.#args, inputs.map(this.#nameOf), this.#ofSweep);
    return { ...listing, ...sweep, tangents, plan, nudges: this.#nudges(deadline), ...this.#elements.data() };
  }

  /** Runs f again, each time with one element of one input a little larger. */
  #nudges(deadline: number): Nudge[] {
    const { inputs, outputs } = this.#recording;
    const nudges: Nudge[] = [];
    try {
      const before = totalOf(outputs);
      for (const [input, x] of inputs.entries()) {
        if (!isFloat(x.dtype)) continue;
        const elements = Array.from(ravel(x.array!).slice(0, maxNudged));
        for (const element of elements.keys())
          for (const by of nudgeSizes) {
            if (nudges.length >= maxNudged * nudgeSizes.length || performance.now() > deadline) return nudges;
            const all = Array.from(ravel(x.array!), (value, i) => (i === element ? value + by : value));
            const value = this.#f(...unflatten(this.#args, inputs.with(input, withNumbers(x, all))));
            nudges.push({ input, element, by, change: totalOf(leaves("record", value, "the value of f")) - before });
          }
      }
    } catch {
      return []; // f fails for some nearby input
    }
    return nudges;
  }

  /** Runs forward mode. The tangent of input `wanted` is a tensor of ones. The tangents of other inputs are zeros. */
  #tangents(wanted: number): TangentsData {
    const { inputs } = this.#recording;
    const isChoice = (x: Tensor | undefined): boolean => x !== undefined && isFloat(x.dtype);
    const along = isChoice(inputs[wanted]) ? wanted : inputs.findIndex(isChoice);
    const seeds = inputs.map((x, i) => (i === along ? onesLike : zerosLike)(x));
    const all: TangentData[] = [];
    const add = (of: Tensor, tangent: Tensor) =>
      all.push({ of: this.#elements.number(of), tangent: this.#elements.number(tangent) });
    for (const [i, x] of inputs.entries()) if (isFloat(x.dtype)) add(x, seeds[i]!);
    try {
      const trees = unflatten(this.#args, seeds);
      for (const { step, tangent } of pushes(this.#recording, trees)) add(step.output, tangent);
      return { along, all };
    } catch (error) {
      return { along, all, failure: failureOf(error) };
    }
  }

  #sweep(): { seeds: Seed[]; pulls: PullData[]; failure?: Failure } {
    const { steps, outputs } = this.#recording;
    const places = new Map(steps.map((step, i) => [step, i]));
    const cotangents = new Map<Tensor, Tensor>();
    for (const y of outputs) {
      if (!isFloat(y.dtype)) continue;
      const [one, before] = [onesLike(y), cotangents.get(y)];
      cotangents.set(y, before ? accumulate(before, one) : one);
    }
    const seeds = [...cotangents].map(([y, g]): Seed => {
      return { of: this.#elements.number(y), cotangent: this.#elements.number(g) };
    });
    const pulls: PullData[] = [];
    try {
      const sweep = this.#recording.pulls()[Symbol.iterator]();
      for (;;) {
        const recorded: Step[] = [];
        const next = withRecorder("record", { record: (step) => recorded.push(step) }, () => sweep.next());
        if (next.done) return { seeds, pulls };
        pulls.push(this.#pull(next.value, places.get(next.value.step)!, recorded, cotangents));
      }
    } catch (error) {
      return { seeds, pulls, failure: failureOf(error) };
    }
  }

  #pull(pull: Pull, step: number, recorded: readonly Step[], cotangents: Map<Tensor, Tensor>): PullData {
    const { inputs } = pull.step;
    const number = (tensor: Tensor) => this.#elements.number(tensor);
    const contributions = pull.contributions.map((given, k): ContributionData => {
      if (given === null) return { given: null, before: null, after: null };
      const before = cotangents.get(inputs[k]!);
      const after = before ? accumulate(before, given) : given;
      cotangents.set(inputs[k]!, after);
      return { given: number(given), before: before ? number(before) : null, after: number(after) };
    });
    // The page shows the additions to the cotangents separately, so they are not listed as steps of the VJP rule.
    const rule = recorded.filter(({ op }) => op !== accumulate.spec);
    const kept = this.#recording.steps.length > longTape ? [] : rule;
    return { step, cotangent: number(pull.cotangent), contributions, rule: kept.map((each) => this.#step(each)) };
  }

  #step(step: Step, body?: BodyData): StepData {
    const { op, inputs, output } = step;
    const known = library.has(op) || namesOfLibrary.has(op.name);
    const { vjp } = op;
    return {
      op: String(op.name),
      known,
      params: paramsText(step),
      inputs: inputs.map((input) => this.#elements.number(input)),
      output: this.#elements.number(output),
      ...(known
        ? {}
        : {
            source:
              typeof vjp === "function"
                ? [asWritten(String(vjp))]
                : vjp.map((rule) => (rule ? asWritten(String(rule)) : "")),
          }),
      ...(this.#ofSweep.has(output) ? { ofSweep: true } : { line: this.#lines.get(output) }),
      ...(body ? { body } : {}),
    };
  }
}
