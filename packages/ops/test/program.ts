import {
  checkpoint,
  customVjp,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  scan,
  type Tensor,
  tensor,
  vjp,
  vmap,
} from "@wengert/core";
import { isFloat, ndarray, type Shape } from "@wengert/core/extend";
import { at, stack } from "@wengert/ops";
import { toStringMethod } from "fast-check";
import { allExports, tensorsIn } from "./support.ts";

// A random program as plain data. Tests run the program, reorder its steps, shrink it, and print it as TypeScript.

/** A reference by name to a tensor of a random program. */
export interface Ref {
  readonly ref: string;
}
export type Plain = number | string | boolean | null | Ref | readonly Plain[] | { readonly [key: string]: Plain };

/** An input tensor, with its elements in row-major order. */
export interface Leaf {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: Tensor["dtype"];
  readonly values: readonly number[];
}

/**
 * The step `name = call(...args)`, for an export of ops. If the call returns a list of tensors, the step takes the last
 * tensor.
 */
interface Call {
  readonly name: string;
  readonly call: string;
  readonly args: readonly Plain[];
}

/**
 * A step such as y = grad(f)(x). The function f has the parameters `params`, the steps `body` and the value `result`,
 * and may use tensors of outer scopes.
 */
interface TransformStep {
  readonly name: string;
  readonly via: keyof typeof transforms;
  readonly params: readonly string[];
  readonly body: readonly ProgramStep[];
  readonly result: string;
  readonly args: readonly Ref[];
}
export type ProgramStep = Call | TransformStep;

type Body = (...params: Tensor[]) => Tensor;
interface Transform {
  readonly apply: (f: Body, ...args: Tensor[]) => Tensor;
  readonly text: (f: string, ...args: string[]) => string;
  /**
   * `args` is the number of arguments that a transform such as grad takes after the function. `params` is the number of
   * parameters of the function.
   */
  readonly arity: readonly [args: number, params: number];
  readonly needsScalar?: true;
}

/** A correct custom rule. */
const withCustomRule = (f: Body): Body =>
  customVjp({
    forward: (...args: Tensor[]) => [f(...args), args],
    backward: (args, g) => vjp(f, ...args).pullback(g),
  });

export const transforms = {
  grad: {
    apply: (f, x) => grad(f)(x!) as Tensor,
    text: (f, x) => `grad(${f})(${x})`,
    arity: [1, 1],
    needsScalar: true,
  },
  jvp: {
    apply: (f, x, v) => jvp(f, [x!], [v!]).tangent,
    text: (f, x, v) => `jvp(${f}, [${x}], [${v}]).tangent`,
    arity: [2, 1],
  },
  vjp: {
    apply: (f, x) => {
      const { value, pullback } = vjp(f, x!);
      return pullback(value)[0]!;
    },
    text: (f, x) => `(({ value, pullback }) => pullback(value)[0])(vjp(${f}, ${x}))`,
    arity: [1, 1],
  },
  hvp: {
    apply: (f, x, v) => hvp(f)(x!, v!),
    text: (f, x, v) => `hvp(${f})(${x}, ${v})`,
    arity: [2, 1],
    needsScalar: true,
  },
  jacobian: {
    apply: (f, x) => jacobian(f)(x!),
    text: (f, x) => `jacobian(${f})(${x})`,
    arity: [1, 1],
  },
  hessian: {
    apply: (f, x) => hessian(f)(x!),
    text: (f, x) => `hessian(${f})(${x})`,
    arity: [1, 1],
    needsScalar: true,
  },
  checkpoint: {
    apply: (f, ...args) => checkpoint<Tensor[], Tensor>(f)(...args),
    text: (f, ...args) => `checkpoint(${f})(${args.join(", ")})`,
    arity: [2, 2],
  },
  vmap: {
    apply: (f, x, y) => at(vmap(f, { inAxes: [0, null] })(stack([x!, x!]), y!), 1),
    text: (f, x, y) => `at(vmap(${f}, { inAxes: [0, null] })(stack([${x}, ${x}]), ${y}), 1)`,
    arity: [2, 2],
  },
  scan: {
    apply: (f, x) => at(scan((c: Tensor, each: Tensor) => [c, f(each)] as const, tensor(0), stack([x!, x!])).ys, 1),
    text: (f, x) => `at(scan((c, each) => [c, (${f})(each)], tensor(0), stack([${x}, ${x}])).ys, 1)`,
    arity: [1, 1],
  },
  customVjp: {
    apply: (f, ...args) => withCustomRule(f)(...args),
    text: (f, ...args) =>
      `((f) => customVjp({ forward: (...x) => [f(...x), x], backward: (x, g) => vjp(f, ...x).pullback(g) }))(${f})(${args.join(", ")})`,
    arity: [2, 2],
  },
} satisfies Record<string, Transform>;

const isRef = (x: Plain): x is Ref => typeof x === "object" && x !== null && "ref" in x;

/** Returns the argument `x` with each reference to a tensor replaced by `f` of the reference. */
function mapRefs(x: Plain, f: (ref: Ref) => unknown): unknown {
  if (typeof x !== "object" || x === null) return x;
  if (isRef(x)) return f(x);
  if (Array.isArray(x)) return x.map((entry) => mapRefs(entry, f));
  return Object.fromEntries(Object.entries(x).map(([key, entry]) => [key, mapRefs(entry, f)]));
}

/** Returns the names of all tensors that a step uses. For a step grad(f)(x), the tensors used in f count, too. */
export function namesUsedBy(step: ProgramStep): Set<string> {
  const names = new Set<string>();
  mapRefs(step.args, ({ ref }) => names.add(ref));
  if ("call" in step) return names;
  const own = new Set([...step.params, ...step.body.map(({ name }) => name)]);
  for (const name of [step.result, ...step.body.flatMap((inner) => [...namesUsedBy(inner)])])
    if (!own.has(name)) names.add(name);
  return names;
}

/** Renames references of a step. */
export function renameValues(step: ProgramStep, to: (name: string) => string): ProgramStep {
  const args = mapRefs(step.args, ({ ref }) => ({ ref: to(ref) }));
  if ("call" in step) return { ...step, args: args as Plain[] };
  const body = step.body.map((inner) => renameValues(inner, to));
  return { ...step, args: args as Ref[], body, result: to(step.result) };
}

/** Returns the steps that are needed to compute the tensors `names`. */
export function stepsNeededFor(names: readonly string[], steps: readonly ProgramStep[]): readonly ProgramStep[] {
  const needed = new Set(names);
  const kept: ProgramStep[] = [];
  for (const step of steps.toReversed()) {
    if (!needed.has(step.name)) continue;
    for (const name of namesUsedBy(step)) needed.add(name);
    kept.push("call" in step ? step : { ...step, body: stepsNeededFor([step.result], step.body) });
  }
  return kept.reverse();
}

/** Returns the steps in another order, in which each step still comes after the steps whose outputs it uses. */
export function reorder(steps: readonly ProgramStep[], choose: (n: number) => number): ProgramStep[] {
  const pending = steps.map((step) => ("call" in step ? step : { ...step, body: reorder(step.body, choose) }));
  const done: ProgramStep[] = [];
  while (pending.length > 0) {
    const isReady = (step: ProgramStep) => pending.every(({ name }) => !namesUsedBy(step).has(name));
    const ready = pending.filter(isReady);
    const next = ready[choose(ready.length)]!;
    pending.splice(pending.indexOf(next), 1);
    done.push(next);
  }
  return done;
}

const exportsByName = new Map(allExports.map(({ name, call }) => [name, call]));

/** The value of one step. */
export function resultOf(step: ProgramStep, scope: ReadonlyMap<string, Tensor>): Tensor {
  const args = mapRefs(step.args, ({ ref }) => scope.get(ref)!) as Tensor[];
  if ("call" in step) {
    const value = exportsByName.get(step.call)!(...args);
    return tensorsIn(value).at(-1)!;
  }
  const body: Body = (...given) => {
    const inner = new Map([...scope, ...step.params.map((name, i) => [name, given[i]!] as const)]);
    for (const each of step.body) inner.set(each.name, resultOf(each, inner));
    return inner.get(step.result)!;
  };
  return (transforms[step.via] as Transform).apply(body, ...args);
}

export class Program {
  readonly leaves: readonly Leaf[];
  readonly steps: readonly ProgramStep[];
  /** The names of the tensors that the program returns. All of these tensors have float dtypes. */
  readonly outputs: readonly string[];

  constructor(leaves: readonly Leaf[], steps: readonly ProgramStep[], outputs: readonly string[]) {
    this.outputs = outputs;
    this.steps = stepsNeededFor(outputs, steps);
    const used = new Set([...outputs, ...this.steps.flatMap((step) => [...namesUsedBy(step)])]);
    this.leaves = leaves.filter(({ name }) => used.has(name));
  }

  /** The float inputs of the program, with respect to which derivatives are taken. */
  get point(): Tensor[] {
    return this.leaves.filter(({ dtype }) => isFloat(dtype)).map(tensorOf);
  }

  /** Runs the program with the given values of its float inputs. */
  readonly run = (xs: readonly Tensor[]): Tensor[] => {
    const scope = this.scope(xs);
    return this.outputs.map((name) => scope.get(name)!);
  };

  /** Every value by its name. */
  scope(xs: readonly Tensor[]): Map<string, Tensor> {
    const next = xs.values();
    const scope = new Map<string, Tensor>();
    for (const leaf of this.leaves) scope.set(leaf.name, isFloat(leaf.dtype) ? next.next().value! : tensorOf(leaf));
    for (const step of this.steps) scope.set(step.name, resultOf(step, scope));
    return scope;
  }

  /** The names of all ops and transforms that the program calls. */
  get calls(): readonly string[] {
    const callsOf = (step: ProgramStep): string[] =>
      "call" in step ? [step.call] : [step.via, ...step.body.flatMap(callsOf)];
    return this.steps.flatMap(callsOf);
  }

  toString(): string {
    const floats = this.leaves.filter(({ dtype }) => isFloat(dtype));
    const given = this.leaves.map((leaf) => `const ${leaf.name} = ${leafText(leaf)};`);
    const names = floats.map(({ name }) => name).join(", ");
    const lines = this.steps.map((step) => stepText(step, "  "));
    return [
      "",
      ...given,
      `const f = ([${names}]: Tensor[]) => {`,
      ...lines,
      `  return [${this.outputs.join(", ")}];`,
      "};",
      `f([${names}]);`,
    ].join("\n");
  }
  [toStringMethod](): string {
    return this.toString();
  }
}

export const tensorOf = ({ shape, dtype, values, name }: Leaf): Tensor =>
  tensor(ndarray(Float64Array.from(values), shape), { dtype, label: name });

function leafText(leaf: Leaf): string {
  const nested = JSON.stringify(tensorOf(leaf).toNested());
  const hasDefaultDType = leaf.dtype === "float64" || leaf.dtype === "bool";
  const empty = leaf.values.length === 0;
  if (empty) return `zeros([${leaf.shape.join(", ")}], { dtype: "${leaf.dtype}" })`;
  return hasDefaultDType ? `tensor(${nested})` : `tensor(${nested}, { dtype: "${leaf.dtype}" })`;
}

const argText = (x: Plain): string => {
  if (typeof x !== "object" || x === null) return JSON.stringify(x);
  if (isRef(x)) return x.ref;
  if (Array.isArray(x)) return `[${x.map(argText).join(", ")}]`;
  const entries = Object.entries(x as object).map(([key, entry]) => `${key}: ${argText(entry)}`);
  return `{ ${entries.join(", ")} }`;
};

/** The source text that selects the last tensor of a call's result, for ops that return several tensors. */
const lastItem: Readonly<Record<string, string>> = {
  splitKey: ".at(-1)!",
  slogdet: ".logAbsDet",
  qr: ".R",
  eigh: ".vectors",
  svd: ".Vt",
};

function stepText(step: ProgramStep, indent: string): string {
  const args = step.args.map(argText);
  if ("call" in step) {
    const item = lastItem[step.call] ?? "";
    return `${indent}const ${step.name} = ${step.call}(${args.join(", ")})${item};`;
  }
  const inner = step.body.map((each) => stepText(each, `${indent}  `));
  const params = step.params.map((name) => `${name}: Tensor`).join(", ");
  const body = [`(${params}) => {`, ...inner, `${indent}  return ${step.result};`, `${indent}}`].join("\n");
  return `${indent}const ${step.name} = ${(transforms[step.via] as Transform).text(body, ...args)};`;
}
