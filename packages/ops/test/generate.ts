import type { Tensor } from "@wengert/core";
import { isFloat, sizeOf } from "@wengert/core/extend";
import { Arbitrary, type Random as Source, Stream, Value } from "fast-check";
import { type Leaf, namesUsedBy, Program, type ProgramStep, renameValues, resultOf } from "./program.ts";
import { numbers } from "./support.ts";
import { uses } from "./uses.ts";
import { Writer } from "./writer.ts";

interface Limits {
  /** The float dtypes to use. */
  readonly floats?: readonly Tensor["dtype"][];
  /** The maximum number of steps. */
  readonly steps?: number;
  /** All float inputs together have at most this many elements. */
  readonly elements?: number;
}

/** Returns a generator of random programs, which fast-check can shrink to few steps. */
export function programs({ floats = ["float64"], steps = 30, elements = 12 }: Limits = {}): Arbitrary<Program> {
  return new Programs((source) => {
    const random = (least: number, most: number) => source.nextInt(least, most);
    const w = new Writer(random, uses, floats);
    let remaining = elements;
    for (let count = random(1, 3); count > 0; count--) {
      const shape = w.randomIntegers(random(0, 3), 1, 3).map((n) => (w.chance(3) ? 0 : n));
      if (sizeOf(shape) > remaining) continue;
      remaining -= sizeOf(shape);
      w.addLeaf(shape, w.oneOf(floats), () => random(-2000, 2000) / 1000);
    }
    if (remaining === elements) w.addLeaf([], w.oneOf(floats), () => random(-2000, 2000) / 1000);
    if (w.chance(30)) w.addLeaf([random(1, 3)], "bool", () => random(0, 1));
    if (w.chance(30)) w.addLeaf([random(1, 3)], "int32", () => random(-3, 3));
    w.writeSteps(random(1, steps));
    return w.program();
  });
}

class Programs extends Arbitrary<Program> {
  readonly #write: (source: Source) => Program;
  constructor(write: (source: Source) => Program) {
    super();
    this.#write = write;
  }
  override generate(source: Source): Value<Program> {
    return new Value(this.#write(source), undefined);
  }
  override canShrinkWithoutContext(value: unknown): value is Program {
    return value instanceof Program;
  }
  override shrink(program: Program): Stream<Value<Program>> {
    return Stream.of(...simplerPrograms(program)).map((each) => new Value(each, undefined));
  }
}

/** Yields smaller variants of `program`, the smallest first. Each tensor in a variant keeps its shape and dtype. */
function* simplerPrograms(program: Program): Generator<Program> {
  const { leaves, steps, outputs } = program;
  const scope = program.scope(program.point);
  const isFloatName = (name: string) => isFloat(scope.get(name)!.dtype);
  if (outputs.length > 1) for (const output of outputs) yield new Program(leaves, steps, [output]);
  // Tries to replace a step by an input with the same value, so that the steps that only this step needs can be
  // dropped.
  for (const step of steps.toReversed()) {
    const others = steps.filter((other) => other !== step);
    if (outputs.includes(step.name) || namesUsedBy(step).size === 0) continue;
    yield new Program([...leaves, leafOf(step.name, scope.get(step.name)!)], others, outputs);
  }
  // Tries to drop the last step of a program: the inputs of the step become outputs of the program.
  for (const output of outputs) {
    const step = steps.find(({ name }) => name === output);
    const before = [...(step ? namesUsedBy(step) : [])].filter(isFloatName);
    if (before.length > 0)
      yield new Program(
        leaves,
        steps,
        outputs.flatMap((name) => (name === output ? before : name)),
      );
  }
  // Tries to replace a step by one of its inputs with the same dtype and shape.
  for (const [i, step] of steps.entries()) {
    const kind = (name: string) => `${scope.get(name)?.dtype} ${scope.get(name)?.shape}`;
    for (const name of namesUsedBy(step)) {
      if (kind(name) !== kind(step.name)) continue;
      const to = (used: string) => (used === step.name ? name : used);
      const others = steps.toSpliced(i, 1).map((other) => renameValues(other, to));
      yield new Program(leaves, others, outputs.map(to));
    }
  }
  for (const [i, step] of steps.entries()) {
    if ("call" in step) continue;
    for (const inner of simplerBodies(step, scope)) yield new Program(leaves, steps.with(i, inner), outputs);
  }
  for (const [i, leaf] of leaves.entries()) {
    for (const values of [leaf.values.map((x) => Math.round(x)), leaf.values.map((x) => Math.round(10 * x) / 10)])
      if (String(values) !== String(leaf.values))
        yield new Program(leaves.with(i, { ...leaf, values }), steps, outputs);
  }
}

type Nested = Extract<ProgramStep, { via: unknown }>;

/** Yields simpler variants of a step such as y = grad(f)(x). In each variant, the body of f lacks one line. */
function* simplerBodies(step: Nested, outerScope: ReadonlyMap<string, Tensor>): Generator<Nested> {
  const scope = new Map(outerScope);
  for (const [i, name] of step.params.entries()) scope.set(name, scope.get(step.args[i]!.ref)!);
  for (const inner of step.body) scope.set(inner.name, resultOf(inner, scope));
  const kind = (name: string) => `${scope.get(name)!.dtype} ${scope.get(name)!.shape}`;
  for (const [i, inner] of step.body.entries()) {
    for (const name of [...namesUsedBy(inner)].filter((used) => kind(used) === kind(inner.name))) {
      const to = (used: string) => (used === inner.name ? name : used);
      const body = step.body.toSpliced(i, 1).map((other) => renameValues(other, to));
      yield { ...step, body, result: to(step.result) };
    }
  }
}

const leafOf = (name: string, t: Tensor): Leaf => ({ name, shape: t.shape, dtype: t.dtype, values: numbers(t) });
