import { isFloat, type Tensor } from "@wengert/core";
import { type Shape, sizeOf } from "@wengert/core/ndarray";
import {
  type Leaf,
  neededFor,
  type Plain,
  Program,
  type ProgramStep,
  type Ref,
  resultOf,
  tensorOf,
  transforms,
  usedBy,
} from "./program.ts";
import { everything, numbers } from "./support.ts";

type DType = Tensor["dtype"];
type Via = keyof typeof transforms;

/** A value of the program that is being written, and what it is when the program is run. */
export interface Value extends Ref {
  readonly t: Tensor;
}
export type Test = (value: Value) => boolean;
/** How an export is called in a program: the arguments of one call, of values that are there; or it gives up. */
export type Use = (w: Writer) => readonly Plain[];

/** Nothing that is there fits: another step is tried. */
class Unfit extends Error {}

/** Where the choices come from: whole numbers between two bounds. */
export type Random = (least: number, most: number) => number;

const most = { elements: 40, rank: 4, magnitude: 20, depth: 2 };
/** What may be called. By what has no derivative a program can only choose, so that is done more often. */
const names = [...everything.map(({ name }) => name), ...Array(8).fill("where"), ...Array(4).fill("cast")];

/**
 * Writes a program step by step, running it as it goes: so each step is one that fits, and its numbers stay tame (finite
 * and at most 20, or it is left out), and arguments are where a function is smooth: a logarithm is taken of what is above 0.1.
 */
export class Writer {
  readonly random: Random;
  /** Which floats there are. */
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
  of<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Unfit();
    return list[this.random(0, list.length - 1)]!;
  }
  /** Whole numbers, one for each axis or whatever `like` has. */
  several(like: number, least: number, most: number): number[] {
    return Array.from({ length: like }, () => this.random(least, most));
  }
  /** Never means this program. */
  require(condition: boolean): void {
    if (!condition) throw new Unfit();
  }

  /** A value that passes, one of the latest rather than of the first. */
  among(test: Test): Value | undefined {
    const fitting = this.#visible.filter(test);
    if (fitting.length === 0) return undefined;
    return fitting[Math.max(this.random(0, fitting.length - 1), this.random(0, fitting.length - 1))];
  }
  some(test: Test): Value {
    return this.among(test) ?? this.of([]);
  }

  /** A tensor that is given to the program. */
  leaf(shape: Shape, dtype: DType, next: () => number): Value {
    const values = Array.from({ length: sizeOf(shape) }, next);
    const leaf = { name: `x${++this.#named}`, shape, dtype, values };
    this.leaves.push(leaf);
    const value = { ref: leaf.name, t: tensorOf(leaf) };
    this.#given.push(value);
    this.#visible.push(value);
    return value;
  }

  /** One more step. */
  step(call: string, ...args: Plain[]): Value {
    return this.#append({ name: this.#fresh("v"), call, args: bare(args) as Plain[] });
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
      throw new Error(`refused: ${error} in ${program}`, { cause: error });
    }
    this.require(isTame(t));
    const value = { ref: step.name, t };
    this.#steps.push(step);
    this.#visible.push(value);
    return value;
  }

  /** A step that transforms a function of a few steps, which uses its parameters and what is around it. */
  transform(via: Via): Value {
    const { arity, ...rest } = transforms[via];
    const [argCount, paramCount] = arity;
    this.require(this.#depth < most.depth);
    const x = this.some(isFloatValue);
    const isAlike: Test = ({ t }) => t.dtype === x.t.dtype && String(t.shape) === String(x.t.shape);
    const args = [
      x,
      ...Array.from({ length: argCount - 1 }, () => this.some(paramCount === 1 ? isAlike : isFloatValue)),
    ];
    const params = args.slice(0, paramCount).map(({ t }) => ({ ref: this.#fresh("p"), t }));
    const around = [this.#visible, this.#steps, this.#depth] as const;
    // A function with a rule of its own may use nothing that is differentiated but its arguments.
    this.#visible = via === "customVjp" ? [...params] : [...this.#visible, ...params];
    this.#steps = [];
    this.#depth++;
    let body: readonly ProgramStep[] = [];
    let result = params[0]!;
    try {
      this.write(this.random(1, 4));
      const own = new Set(this.#steps.map(({ name }) => name));
      result = this.among((value) => own.has(value.ref) && isFloatValue(value)) ?? result;
      if ("ofScalars" in rest) {
        if (this.chance(50)) result = this.step("mul", result, result);
        result = this.step("sum", result);
      }
      body = neededFor([result.ref], this.#steps);
      const isUsed = ({ ref }: Value) => ref === result.ref || body.some((step) => usedBy(step).has(ref));
      this.require(params.some(isUsed) || this.chance(10));
    } finally {
      [this.#visible, this.#steps, this.#depth] = around;
    }
    const step = { name: this.#fresh("v"), via, params: params.map(({ ref }) => ref), body, result: result.ref };
    return this.#append({ ...step, args: bare(args) as Ref[] });
  }

  /** So many steps more. */
  write(count: number): void {
    const until = this.#steps.length + count;
    for (let tries = 0; this.#steps.length < until && tries < 20 * count; tries++) {
      try {
        if (this.chance(12)) this.transform(this.of(Object.keys(transforms) as Via[]));
        else this.call(this.of(names));
      } catch (error) {
        if (!(error instanceof Unfit)) throw error;
      }
    }
  }

  /** A call of an export, as its use says. */
  call(name: string): Value {
    const use = this.#uses[name];
    if (use === undefined) throw new Error(`uses.ts does not say how ${name} is called`);
    return this.step(name, ...use(this));
  }

  /** The program. It returns what depends on the given floats and is not used by anything else that does. */
  program(): Program {
    const depending = new Set(this.#given.filter(isFloatValue).map(({ ref }) => ref));
    const last = [...depending].at(-1)!;
    const used = new Set<string>();
    for (const step of this.#steps) {
      const names = [...usedBy(step)];
      if (!names.some((name) => depending.has(name))) continue;
      depending.add(step.name);
      for (const name of names) used.add(name);
    }
    const floats = this.#visible.filter(isFloatValue).map(({ ref }) => ref);
    const outputs = floats.filter((name) => depending.has(name) && !used.has(name));
    return new Program(this.leaves, this.#steps, outputs.length > 0 ? outputs : [last]);
  }
}

export const isFloatValue: Test = ({ t }) => isFloat(t.dtype);

function isTame(t: Tensor): boolean {
  const isFit = t.size <= most.elements && t.shape.length <= most.rank;
  return isFit && (!isFloat(t.dtype) || numbers(t).every((x) => Math.abs(x) <= most.magnitude)); // and so no NaN
}

/** Arguments with bare references where values are. */
function bare(x: unknown): unknown {
  if (typeof x !== "object" || x === null) return x;
  if ("ref" in x) return { ref: x.ref };
  if (Array.isArray(x)) return x.map(bare);
  const given = Object.entries(x).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(given.map(([key, entry]) => [key, bare(entry)]));
}
