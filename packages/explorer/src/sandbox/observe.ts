import {
  accumulate,
  type Listing,
  type Pull,
  type Recording,
  record,
  recording,
  type Step,
  type Tensor,
  type TreeFunction,
} from "@wengert/core";
import { rows } from "@wengert/core/ndarray";
import * as ops from "@wengert/ops";
import { failureOf } from "./failure.ts";
import type { ContributionData, Failure, PullData, Range, RecordingData, StepData, TensorData } from "./protocol.ts";

const mostElements = 2 ** 16; // of one tensor, to show
const mostBytes = 2 ** 28; // of all tensors of a run

/** Keeps what the program records, and makes data of it. */
export class Observer {
  readonly #kept: Recording<unknown>[] = [];

  /** The library's `record`, overheard. */
  readonly record = <A extends readonly unknown[], R>(f: TreeFunction<A, R>, ...args: A): Recording<R> => {
    const made = record<A, R>(f, ...args);
    this.#kept.push(made);
    return made;
  };

  recordings(): RecordingData[] {
    return this.#kept.map((made) => new Ledger(made).data());
  }
}

const library: ReadonlySet<unknown> = new Set(
  Object.values(ops).flatMap((value) => (typeof value === "function" && "spec" in value ? [value.spec] : [])),
);

/** One recording with its sweep, in numbers. */
class Ledger {
  readonly #recording: Recording<unknown>;
  readonly #numbers = new Map<Tensor, number>();
  readonly #tensors: TensorData[] = [];
  readonly #names: (tensor: Tensor) => string;
  #bytes = 0;

  constructor(made: Recording<unknown>) {
    this.#recording = made;
    this.#names = namesOf(made);
  }

  data(): RecordingData {
    const { inputs, steps, outputs } = this.#recording;
    const number = (tensor: Tensor) => this.#number(tensor);
    const constants = constantsOf(this.#recording);
    const data = {
      inputs: inputs.map(number),
      constants: constants.map(number),
      steps: steps.map((step) => this.#step(step)),
      outputs: outputs.map(number),
    };
    const { pulls, failure } = this.#pulls();
    return { ...data, tensors: this.#tensors, pulls, failure };
  }

  #pulls(): { pulls: PullData[]; failure?: Failure } {
    const { steps } = this.#recording;
    const places = new Map(steps.map((step, i) => [step, i]));
    const cotangents = new Map<Tensor, Tensor>();
    const pulls: PullData[] = [];
    try {
      const sweep = this.#recording.pulls()[Symbol.iterator]();
      for (;;) {
        const rule: Step[] = [];
        const next = recording("explorer", { record: (step) => rule.push(step) }, () => sweep.next());
        if (next.done) return { pulls };
        pulls.push(this.#pull(next.value, places.get(next.value.step)!, rule, cotangents));
      }
    } catch (error) {
      return { pulls, failure: failureOf(error) };
    }
  }

  #pull(pull: Pull, step: number, heard: readonly Step[], cotangents: Map<Tensor, Tensor>): PullData {
    const { inputs } = pull.step;
    const contributions = pull.contributions.map((given, k): ContributionData => {
      if (given === null) return { given: null, before: null, after: null };
      const before = cotangents.get(inputs[k]!);
      const after = before ? accumulate(before, given) : given;
      cotangents.set(inputs[k]!, after);
      return { given: this.#number(given), before: before ? this.#number(before) : null, after: this.#number(after) };
    });
    // What the sweep adds up after the rules is shown as accumulation, not as part of them.
    const isRule = ({ op }: Step) => op !== accumulate.spec;
    return {
      step,
      cotangent: this.#number(pull.cotangent),
      contributions,
      rule: heard.filter(isRule).map((each) => this.#step(each)),
    };
  }

  #step({ op, inputs, params, output }: Step): StepData {
    const known = library.has(op);
    const { vjp } = op;
    const source = known ? undefined : typeof vjp === "function" ? String(vjp) : vjp.map(String).join("\n");
    return {
      op: op.name,
      known,
      params: paramsText(params),
      inputs: inputs.map((input) => this.#number(input)),
      output: this.#number(output),
      source,
    };
  }

  #number(tensor: Tensor): number {
    const known = this.#numbers.get(tensor);
    if (known !== undefined) return known;
    const number = this.#tensors.length;
    this.#numbers.set(tensor, number);
    const all = rows(tensor.array!);
    const room = this.#bytes < mostBytes ? mostElements : 64;
    const data = all.slice(0, room);
    this.#bytes += data.byteLength;
    const { shape, dtype, size } = tensor;
    this.#tensors.push({ name: this.#names(tensor), shape: [...shape], dtype, size, data, range: rangeOf(all) });
    return number;
  }
}

function rangeOf(values: ArrayLike<number>): Range {
  let [least, most, nans, infinities] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (Number.isNaN(x)) nans++;
    else if (!Number.isFinite(x)) infinities++;
    else {
      if (x < least) least = x;
      if (x > most) most = x;
    }
  }
  return { least, most, nans, infinities };
}

function constantsOf({ inputs, steps }: Listing): Tensor[] {
  const known = new Set([...inputs, ...steps.map(({ output }) => output)]);
  return [...new Set(steps.flatMap((step) => step.inputs))].filter((x) => !known.has(x));
}

/** The names that `explain` gives. */
function namesOf(listing: Listing): (tensor: Tensor) => string {
  const names = new Map(listing.inputs.map((x, i) => [x, x.label ?? `x${i + 1}`]));
  for (const [i, { output }] of listing.steps.entries()) names.set(output, `#${i + 1} ${output.label ?? ""}`.trimEnd());
  let unnamed = 0;
  for (const c of constantsOf(listing)) names.set(c, isNumber(c) ? shortest(c.item()) : (c.label ?? `c${++unnamed}`));
  return (tensor) => names.get(tensor) ?? tensor.label ?? "";
}

const isNumber = (x: Tensor): boolean => x.shape.length === 0 && x.label === undefined;
const shortest = (x: number): string => String(Number(x.toPrecision(6)));

function paramsText(params: unknown): string {
  const shown = Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== false);
  return shown.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
}
