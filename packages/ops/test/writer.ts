import type { Tensor } from "@wengert/core";
import { isFloat, type Shape, sizeOf } from "@wengert/core/extend";
import {
  type Leaf,
  namesUsedBy,
  type Plain,
  Program,
  type ProgramStep,
  type Ref,
  resultOf,
  stepsNeededFor,
  tensorOf,
  transforms,
} from "./program.ts";
import { allExports, numbers } from "./support.ts";

type DType = Tensor["dtype"];
type TransformName = keyof typeof transforms;

/** A variable of the random program under construction: its name, and the tensor that it holds. */
export interface Value extends Ref {
  readonly t: Tensor;
}
export type Test = (value: Value) => boolean;
/** Makes the arguments of a random call from existing tensors, or throws the error GiveUp. */
export type Use = (w: Writer) => readonly Plain[];

/**
 * Thrown if no existing tensor fits the arguments of a call. The generator of random programs then tries another step.
 */
class GiveUp extends Error {}

/** Returns random whole numbers between two bounds. */
export type Random = (least: number, limits: number) => number;

const limits = { elements: 40, rank: 4, magnitude: 20, depth: 2 };
/**
 * The exports from which a random step chooses. `where` and `cast` are listed several times, because only these ops let
 * int32 and bool tensors affect the result.
 */
const callNames = [...allExports.map(({ name }) => name), ...Array(14).fill("where"), ...Array(8).fill("cast")];

/**
 * Writes a program step by step, and runs each step at once. A step is dropped if an element of its output is not
 * finite, or larger than 20. Arguments are chosen where functions are smooth: a logarithm, for example, gets numbers
 * above 0.1.
 */
export class Writer {
  readonly random: Random;
  /** The float dtypes to use. */
  readonly floats: readonly DType[];
  readonly #uses: Readonly<Record<string, Use>>;
  readonly leaves: Leaf[] = [];
  readonly #given: Value[] = [];
  #steps: ProgramStep[] = [];
  #visible: Value[] = [];
  #depth = 0;
  #named = 0;

  constructor(random: Random, uses: Readonly<Record<string, Use>>, floats: readonly DType[]) {
    this.random = random;
    this.#uses = uses;
    this.floats = floats;
  }

  chance(percent: number): boolean {
    return this.random(1, 100) <= percent;
  }
  oneOf<T>(list: readonly T[]): T {
    if (list.length === 0) throw new GiveUp();
    return list[this.random(0, list.length - 1)]!;
  }
  /** Returns `like` whole numbers. */
  randomIntegers(like: number, least: number, limits: number): number[] {
    return Array.from({ length: like }, () => this.random(least, limits));
  }
  /** Never means this program. */
  require(condition: boolean): void {
    if (!condition) throw new GiveUp();
  }

  /** Returns an existing tensor for which `test` returns true, preferably a recently created tensor. */
  pick(test: Test): Value | undefined {
    const candidates = this.#visible.filter(test);
    if (candidates.length === 0) return undefined;
    return candidates[Math.max(this.random(0, candidates.length - 1), this.random(0, candidates.length - 1))];
  }
  pickOrGiveUp(test: Test): Value {
    return this.pick(test) ?? this.oneOf([]);
  }

  /** Adds an input tensor. */
  addLeaf(shape: Shape, dtype: DType, next: () => number): Value {
    const values = Array.from({ length: sizeOf(shape) }, next);
    const leaf = { name: `x${++this.#named}`, shape, dtype, values };
    this.leaves.push(leaf);
    const value = { ref: leaf.name, t: tensorOf(leaf) };
    this.#given.push(value);
    this.#visible.push(value);
    return value;
  }

  /** Adds a step. */
  addStep(call: string, ...args: Plain[]): Value {
    return this.#append({ name: this.#fresh("v"), call, args: stripValues(args) as Plain[] });
  }

  #fresh(letter: string): string {
    return `${letter}${++this.#named}`;
  }

  #append(step: ProgramStep): Value {
    let t: Tensor;
    try {
      t = resultOf(step, new Map([...this.#given, ...this.#visible].map((value) => [value.ref, value.t])));
    } catch (error) {
      const program = new Program(this.leaves, [...this.#steps, step], [step.name]);
      throw new Error(`threw: ${error} in ${program}`, { cause: error });
    }
    this.require(isTame(t));
    const value = { ref: step.name, t };
    this.#steps.push(step);
    this.#visible.push(value);
    return value;
  }

  /**
   * Adds a step that applies a transform such as grad to a function of a few steps. The function uses its parameters
   * and tensors of the enclosing program.
   */
  addTransform(via: TransformName): Value {
    const { arity, ...rest } = transforms[via];
    const [argCount, paramCount] = arity;
    this.require(this.#depth < limits.depth);
    const x = this.pickOrGiveUp(isFloatValue);
    const isAlike: Test = ({ t }) => t.dtype === x.t.dtype && String(t.shape) === String(x.t.shape);
    const args = [
      x,
      ...Array.from({ length: argCount - 1 }, () => this.pickOrGiveUp(paramCount === 1 ? isAlike : isFloatValue)),
    ];
    const params = args.slice(0, paramCount).map(({ t }) => ({ ref: this.#fresh("p"), t }));
    const outerState = [this.#visible, this.#steps, this.#depth] as const;
    // A function with a custom VJP rule must receive every differentiated tensor as an argument, because it may not
    // capture one.
    this.#visible = via === "customVjp" ? [...params] : [...this.#visible, ...params];
    this.#steps = [];
    this.#depth++;
    let body: readonly ProgramStep[] = [];
    let result = params[0]!;
    try {
      this.writeSteps(this.random(1, 4));
      const own = new Set(this.#steps.map(({ name }) => name));
      result = this.pick((value) => own.has(value.ref) && isFloatValue(value)) ?? result;
      if ("needsScalar" in rest) {
        if (this.chance(50)) result = this.addStep("mul", result, result);
        result = this.addStep("sum", result);
      }
      body = stepsNeededFor([result.ref], this.#steps);
      const isUsed = ({ ref }: Value) => ref === result.ref || body.some((step) => namesUsedBy(step).has(ref));
      this.require(params.some(isUsed) || this.chance(10));
    } finally {
      [this.#visible, this.#steps, this.#depth] = outerState;
    }
    const step = { name: this.#fresh("v"), via, params: params.map(({ ref }) => ref), body, result: result.ref };
    return this.#append({ ...step, args: stripValues(args) as Ref[] });
  }

  /** Adds a number of steps. */
  writeSteps(count: number): void {
    const until = this.#steps.length + count;
    for (let tries = 0; this.#steps.length < until && tries < 20 * count; tries++) {
      try {
        if (this.chance(12)) this.addTransform(this.oneOf(Object.keys(transforms) as TransformName[]));
        else this.addCall(this.oneOf(callNames));
      } catch (error) {
        if (!(error instanceof GiveUp)) throw error;
      }
    }
  }

  /** Adds a step that calls an exported op. */
  addCall(name: string): Value {
    const use = this.#uses[name];
    if (use === undefined) throw new Error(`uses.ts does not say how ${name} is called`);
    return this.addStep(name, ...use(this));
  }

  /**
   * Returns the random program. The outputs of the program are those tensors that depend on the float inputs and that
   * no step uses.
   */
  program(): Program {
    const depending = new Set(this.#given.filter(isFloatValue).map(({ ref }) => ref));
    const last = [...depending].at(-1)!;
    const used = new Set<string>();
    for (const step of this.#steps) {
      const callNames = [...namesUsedBy(step)];
      if (!callNames.some((name) => depending.has(name))) continue;
      depending.add(step.name);
      for (const name of callNames) used.add(name);
    }
    const floats = this.#visible.filter(isFloatValue).map(({ ref }) => ref);
    const outputs = floats.filter((name) => depending.has(name) && !used.has(name));
    return new Program(this.leaves, this.#steps, outputs.length > 0 ? outputs : [last]);
  }
}

export const isFloatValue: Test = ({ t }) => isFloat(t.dtype);

function isTame(t: Tensor): boolean {
  const isFit = t.size <= limits.elements && t.shape.length <= limits.rank;
  return isFit && (!isFloat(t.dtype) || numbers(t).every((x) => Math.abs(x) <= limits.magnitude)); // NaN fails this test, too
}

/** Returns the arguments of a call with each tensor replaced by a reference to its name. */
function stripValues(x: unknown): unknown {
  if (typeof x !== "object" || x === null) return x;
  if ("ref" in x) return { ref: x.ref };
  if (Array.isArray(x)) return x.map(stripValues);
  const given = Object.entries(x).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(given.map(([key, entry]) => [key, stripValues(entry)]));
}
