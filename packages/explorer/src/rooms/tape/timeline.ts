import type { Numbers } from "../../parts/HeatMap.tsx";
import type { PullData, RecordingData, StepData } from "../../sandbox/protocol.ts";

/**
 * The meaning of a position of the slider: the start, a step of the forward pass, the start of the sweep ("seed"), a
 * step of the sweep ("pull"), or the end.
 */
export type Moment =
  | { readonly kind: "start" }
  | { readonly kind: "step"; readonly place: number; readonly step: StepData }
  | { readonly kind: "seed" }
  | { readonly kind: "pull"; readonly count: number; readonly pull: PullData; readonly step: StepData }
  | { readonly kind: "end" };

/** A recording, with the tensors, cotangents and tangents that are known at each position of the Tape page's slider. */
export class Timeline {
  readonly recording: RecordingData;
  /** The last position of the slider. */
  readonly last: number;
  /** The position of the slider at which the sweep starts. Infinity in forward mode, which has no sweep. */
  readonly seed: number;
  /** Whether the recording has tangents (forward mode) instead of cotangents (reverse mode). */
  readonly isForwardMode: boolean;
  /**
   * The successive cotangents of each tensor. `from` is the index of the sweep step that computed the cotangent, or −1
   * if the sweep started with it.
   */
  readonly #cotangents = new Map<number, { readonly from: number; readonly cotangent: number }[]>();
  /** For each tensor: its tangent. */
  readonly #tangents = new Map<number, number>();
  /** For each tensor: the index of the step that computed it. */
  readonly #makers = new Map<number, number>();
  /** Maps the index of each step to the index of the sweep step that runs its VJP rules. */
  readonly #pulls = new Map<number, number>();
  /** For each tensor: the indices of the steps that use it. */
  readonly #users = new Map<number, number[]>();

  constructor(recording: RecordingData) {
    this.recording = recording;
    const { steps, pulls, seeds, tangents } = recording;
    this.isForwardMode = tangents !== undefined;
    this.seed = tangents ? Number.POSITIVE_INFINITY : steps.length + 1;
    this.last = steps.length + 1 + (tangents ? 0 : pulls.length + 1);
    for (const { of, tangent } of tangents?.all ?? []) this.#tangents.set(of, tangent);
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
    if (at <= steps.length) return { kind: "step", place: at - 1, step: steps[at - 1]! };
    if (this.isForwardMode) return { kind: "end" };
    const count = Math.min(at, this.last) - this.seed;
    if (count === 0) return { kind: "seed" };
    if (count > pulls.length) return { kind: "end" };
    const pull = pulls[count - 1]!;
    return { kind: "pull", count, pull, step: steps[pull.step]! };
  }

  isBackward(at: number): boolean {
    return at >= this.seed;
  }

  /**
   * Returns the index of the step that the page shows at a position of the slider, or undefined if the page shows no
   * step.
   */
  place(at: number): number | undefined {
    const moment = this.moment(at);
    return moment.kind === "step" ? moment.place : moment.kind === "pull" ? moment.pull.step : undefined;
  }

  maker(tensor: number): number | undefined {
    return this.#makers.get(tensor);
  }

  /** Returns the line of the program that computed a tensor. */
  lineOf(tensor: number): number | undefined {
    const place = this.#makers.get(tensor);
    return place === undefined ? undefined : this.recording.steps[place]!.line;
  }

  users(tensor: number): readonly number[] {
    return this.#users.get(tensor) ?? [];
  }

  /**
   * Returns the position of the slider at which a step runs. With `backward`, returns the position at which the sweep
   * runs the VJP rules of the step. If the sweep skips the step, `backward` has no effect.
   */
  momentOf(place: number, backward: boolean): number {
    const pull = this.#pulls.get(place);
    return backward && pull !== undefined ? this.seed + 1 + pull : place + 1;
  }

  /** Returns whether a tensor has already been computed at a position of the slider. */
  isKnown(tensor: number, at: number): boolean {
    const place = this.#makers.get(tensor);
    return place === undefined || at > place;
  }

  /**
   * Returns the cotangent of a tensor at a position of the slider. `isWhole` says whether all uses of the tensor have
   * contributed to the cotangent.
   */
  cotangent(tensor: number, at: number): { readonly tensor: number; readonly isWhole: boolean } | undefined {
    if (at < this.seed) return undefined;
    const done = at - this.seed - 1; // the index of the last completed pull
    const all = this.#cotangents.get(tensor) ?? [];
    const found = all.findLast(({ from }) => from <= done);
    return found && { tensor: found.cotangent, isWhole: found === all.at(-1) };
  }

  /** Returns the tangent of a tensor at a position of the slider in forward mode. */
  tangent(tensor: number, at: number): number | undefined {
    return this.isKnown(tensor, at) ? this.#tangents.get(tensor) : undefined;
  }

  /** Whether the tensor has a nonzero tangent at a position of the slider in forward mode. */
  moves(tensor: number, at: number): boolean {
    const tangent = this.tangent(tensor, at);
    if (tangent === undefined) return false;
    const { least, most, nans, infinities } = this.recording.tensors[tangent]!.range;
    return least < 0 || most > 0 || nans + infinities > 0;
  }

  /** Returns the indices of the inputs of a float dtype. Only these inputs can have a tangent of ones. */
  seedable(): number[] {
    const { inputs, tensors } = this.recording;
    return [...inputs.keys()].filter((i) => tensors[inputs[i]!]!.dtype.startsWith("float"));
  }

  /** Returns the cotangent of the tensor after the backward sweep. */
  cotangentAfterSweep(tensor: number): number | undefined {
    return this.#cotangents.get(tensor)?.at(-1)?.cotangent;
  }

  /** Returns whether the sweep ever computes a cotangent of the tensor. */
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

/**
 * Finds the sum by which a VJP rule undoes the broadcast of an input. Returns the summed tensor and the axes of the
 * sum.
 */
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
