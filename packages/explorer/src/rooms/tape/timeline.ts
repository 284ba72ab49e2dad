import type { Numbers } from "../../parts/HeatMap.tsx";
import type { PullData, RecordingData, StepData } from "../../sandbox/protocol.ts";

/**
 * The moments that the room steps through, in order: the start, one after each step, the seed (the sweep's first
 * cotangents), one after each pull, and the end.
 */
export type Moment =
  | { readonly kind: "start" }
  | { readonly kind: "step"; readonly place: number; readonly step: StepData }
  | { readonly kind: "seed" }
  | { readonly kind: "pull"; readonly count: number; readonly pull: PullData; readonly step: StepData }
  | { readonly kind: "end" };

/** A recording, and the tensors and cotangents known at each moment. */
export class Timeline {
  readonly recording: RecordingData;
  /** The last moment. */
  readonly last: number;
  /** The moment of the seed. */
  readonly seed: number;
  /** By tensor: its cotangents in order, each with the pull that makes it (−1: the seed). */
  readonly #cotangents = new Map<number, { readonly from: number; readonly cotangent: number }[]>();
  /** By tensor: the index of the step that made it. */
  readonly #makers = new Map<number, number>();
  /** By step: the pull that runs its rules. */
  readonly #pulls = new Map<number, number>();
  /** By tensor: the steps that use it. */
  readonly #users = new Map<number, number[]>();

  constructor(recording: RecordingData) {
    this.recording = recording;
    const { steps, pulls, seeds } = recording;
    this.seed = steps.length + 1;
    this.last = this.seed + pulls.length + 1;
    for (const [place, { inputs, output }] of steps.entries()) {
      this.#makers.set(output, place);
      for (const input of new Set(inputs)) this.#users.set(input, [...(this.#users.get(input) ?? []), place]);
    }
    for (const { of, cotangent } of seeds) this.#gets(of, -1, cotangent);
    for (const [i, { step, contributions }] of pulls.entries()) {
      this.#pulls.set(step, i);
      for (const [k, { after }] of contributions.entries())
        if (after !== null) this.#gets(steps[step]!.inputs[k]!, i, after);
    }
  }

  #gets(of: number, from: number, cotangent: number): void {
    const known = this.#cotangents.get(of);
    if (known) known.push({ from, cotangent });
    else this.#cotangents.set(of, [{ from, cotangent }]);
  }

  moment(at: number): Moment {
    const { steps, pulls } = this.recording;
    if (at <= 0) return { kind: "start" };
    if (at < this.seed) return { kind: "step", place: at - 1, step: steps[at - 1]! };
    const count = Math.min(at, this.last) - this.seed;
    if (count === 0) return { kind: "seed" };
    if (count > pulls.length) return { kind: "end" };
    const pull = pulls[count - 1]!;
    return { kind: "pull", count, pull, step: steps[pull.step]! };
  }

  isBackward(at: number): boolean {
    return at >= this.seed;
  }

  /** Returns the index of the step that runs at a moment. */
  place(at: number): number | undefined {
    const moment = this.moment(at);
    return moment.kind === "step" ? moment.place : moment.kind === "pull" ? moment.pull.step : undefined;
  }

  maker(tensor: number): number | undefined {
    return this.#makers.get(tensor);
  }

  users(tensor: number): readonly number[] {
    return this.#users.get(tensor) ?? [];
  }

  /** Returns the moment at which a step ran, or, if `backward`, at which the sweep ran its rules (if it did). */
  momentOf(place: number, backward: boolean): number {
    const pull = this.#pulls.get(place);
    return backward && pull !== undefined ? this.seed + 1 + pull : place + 1;
  }

  /** Whether a tensor has been computed by a moment. */
  isKnown(tensor: number, at: number): boolean {
    const place = this.#makers.get(tensor);
    return place === undefined || at > place;
  }

  /** Returns a tensor's cotangent at a moment. `isWhole`: all of the tensor's uses have contributed. */
  cotangent(tensor: number, at: number): { readonly tensor: number; readonly isWhole: boolean } | undefined {
    if (at < this.seed) return undefined;
    const done = at - this.seed - 1; // the last pull
    const all = this.#cotangents.get(tensor) ?? [];
    const found = all.findLast(({ from }) => from <= done);
    return found && { tensor: found.cotangent, isWhole: found === all.at(-1) };
  }

  /** Whether a tensor ever gets a cotangent. */
  isReached(tensor: number): boolean {
    return this.#cotangents.has(tensor);
  }

  numbers(tensor: number): Numbers {
    const { shape, dtype, at, shown, range } = this.recording.tensors[tensor]!;
    return { shape, dtype, data: this.recording.values.subarray(at, at + shown), range };
  }

  name(tensor: number): string {
    return this.recording.tensors[tensor]!.name;
  }

  shape(tensor: number): readonly number[] {
    return this.recording.tensors[tensor]!.shape;
  }
}

/** Finds the sum over the copies of a broadcast input: the tensor that the rule sums, and the axes. */
export function broadcastSum(
  { rule }: PullData,
  given: number,
  shapeOf: (tensor: number) => readonly number[],
): { readonly from: number; readonly axes: readonly number[] } | undefined {
  let tensor = given;
  for (;;) {
    const step = rule.find(({ output }) => output === tensor);
    if (step?.known && step.op === "sum") {
      const axes = /axes=(\[[\d,]*\])/.exec(step.params)?.[1];
      return { from: step.inputs[0]!, axes: axes ? (JSON.parse(axes) as number[]) : [] };
    }
    const isView = step?.known && (step.op === "reshape" || step.op === "squeeze");
    if (!isView || shapeOf(step.inputs[0]!).length === 0) return undefined;
    tensor = step.inputs[0]!;
  }
}
