import { ArgumentError, type Program, Tensor, trace } from "@wengert/core";
import {
  innermostTape,
  isList,
  isSameShape,

  type Shape,
  show,
  type TreesOnly,
  unflatten,
  withDefaults,
} from "@wengert/core/extend";
import { type Engine, makePlan, type Plan } from "./plan.ts";
import type { PlanReport } from "./report.ts";

export interface CompileOptions {
  /**
   * `"wasm"`: one generated WebAssembly function runs the whole plan. `"js"`: a JavaScript loop runs the same
   * instructions, which helps to find mistakes. Default: `"wasm"`.
   */
  readonly engine?: Engine | undefined;
  /** The number of plans to keep, one per signature. The least recently used plan is dropped. Default: 8. */
  readonly maxPlans?: number | undefined;
}

/** A function that runs from a plan. */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: A): R;
  /** The number of signatures that were planned so far. A number that keeps growing costs a trace each time. */
  readonly signatures: number;
  /** Plans the signature of these arguments, if it is new, and returns what the plan does. */
  plan(...args: A): PlanReport;
}

/** A plan for one signature: the structure, shapes and dtypes of the arguments, and the values that are not tensors. */
interface Planned {
  readonly read: Reader;
  readonly program: Program;
  readonly plan: Plan;
}

/**
 * Returns `f`, run from a plan. The first call with new shapes traces `f` and plans its steps: equal steps run once,
 * elementwise steps become one loop, and all tensors stay in the memory of the kernels. Later calls with the same
 * signature run the plan. `f` takes and returns trees of tensors; other arguments, such as numbers and text, belong to the
 * signature. If a tape or a trace records the arguments, `f` itself runs, so a compiled function can be differentiated.
 * @throws ArgumentError unless `f` is a function, and for invalid options. The compiled function throws a TracedValueError
 * if `f` reads a value, and the errors of the ops.
 */
export function compile<A extends readonly unknown[], R>(
  f: (...args: A) => R & TreesOnly<R>,
  options?: CompileOptions,
): Compiled<A, R> {
  if (typeof f !== "function") throw new ArgumentError(`compile: expected a function, got ${show(f)}`);
  const { engine, maxPlans } = withDefaults<CompileOptions>("compile", options, { engine: "wasm", maxPlans: 8 });
  if (engine !== "wasm" && engine !== "js")
    throw new ArgumentError(`compile: engine must be "wasm" or "js", got ${show(engine)}`);
  if (!(Number.isSafeInteger(maxPlans) && maxPlans! >= 1))
    throw new ArgumentError(`compile: maxPlans must be a whole number of at least 1, got ${show(maxPlans)}`);
  const known: Planned[] = []; // the most recently used first
  let signatures = 0;
  let reason: string | undefined; // why no plan can run here

  const planFor = (args: A, inputs: Tensor[]): Planned | undefined => {
    const index = known.findIndex(({ read }) => read(args, inputs));
    if (index >= 0) {
      if (index > 0) known.unshift(...known.splice(index, 1));
      return known[0]!;
    }
    if (reason !== undefined) return undefined;
    inputs.length = 0;
    const read = readerOf(args, inputs);
    const program = traceWith(f, args, inputs);
    const plan = makePlan(program, engine);
    if (typeof plan === "string") {
      reason = plan;
      return undefined;
    }
    signatures++;
    known.unshift({ read, program, plan });
    if (known.length > maxPlans!) known.pop();
    return known[0]!;
  };

  const compiled = (...args: A): R => {
    const inputs: Tensor[] = [];
    const planned = isRecorded(args) ? undefined : planFor(args, inputs);
    if (planned === undefined) return f(...args);
    return unflatten(planned.program.value as R, planned.plan.run(inputs));
  };
  return Object.defineProperty(
    Object.assign(compiled, {
      plan: (...args: A): PlanReport => {
        const planned = planFor(args, []);
        if (planned) return planned.plan.report;
        throw new ArgumentError(`compile: no plan runs here: ${reason}; call f itself`);
      },
    }),
    "signatures",
    { get: () => signatures, enumerable: true },
  ) as Compiled<A, R>;
}

/** Returns whether a tape tracks an argument, or an argument has no values, as in a trace. */
function isRecorded(args: readonly unknown[]): boolean {
  const tensors = tensorsIn(args);
  return tensors.some(({ array }) => array === undefined) || innermostTape(tensors) !== undefined;
}

function tensorsIn(tree: unknown): Tensor[] {
  if (tree instanceof Tensor) return [tree];
  return typeof tree === "object" && tree !== null ? Object.values(tree).flatMap(tensorsIn) : [];
}

/** Traces `f` with the tensors of its arguments as inputs. Arguments that are not tensors are constants of the program. */
function traceWith<A extends readonly unknown[], R>(f: (...args: A) => R, args: A, inputs: readonly Tensor[]): Program {
  const run = (given: readonly Tensor[]): R => {
    const next = given.values();
    return f(...(withTensors(args, () => next.next().value!) as A));
  };
  const specs = inputs.map(({ shape, dtype, label }) => ({ shape, dtype, label }));
  return trace(run as never, specs as never) as unknown as Program;
}

function withTensors(tree: unknown, f: (x: Tensor) => Tensor): unknown {
  if (tree instanceof Tensor) return f(tree);
  if (isList(tree)) return tree.map((entry) => withTensors(entry, f));
  if (typeof tree !== "object" || tree === null || !isPlainObject(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, entry]) => [key, withTensors(entry, f)]));
}

const isPlainObject = (x: object): boolean => {
  const prototype = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

/** Appends the tensors of a tree to `list`. Returns false if the tree has another signature. */
type Reader = (tree: unknown, list: Tensor[]) => boolean;

/** Returns the reader of trees with the signature of `tree`. Appends the tensors of `tree` to `list`. */
function readerOf(tree: unknown, list: Tensor[]): Reader {
  const read = readerOfNode(tree, list);
  return (other, found) => {
    found.length = 0;
    return read(other, found);
  };
}

function readerOfNode(tree: unknown, list: Tensor[]): Reader {
  if (tree instanceof Tensor) {
    const { shape, dtype }: { shape: Shape; dtype: string } = tree;
    list.push(tree);
    return (other, found) => {
      if (!(other instanceof Tensor) || other.dtype !== dtype || !isSameShape(other.shape, shape)) return false;
      found.push(other);
      return true;
    };
  }
  if (isList(tree)) {
    const entries = tree.map((entry) => readerOfNode(entry, list));
    return (other, found) =>
      isList(other) && other.length === entries.length && entries.every((read, i) => read(other[i], found));
  }
  if (typeof tree === "object" && tree !== null && isPlainObject(tree)) {
    const keys = Object.keys(tree);
    const entries = keys.map((key) => readerOfNode((tree as Record<string, unknown>)[key], list));
    return (other, found) => {
      if (typeof other !== "object" || other === null || !isPlainObject(other)) return false;
      const others = Object.keys(other);
      return (
        others.length === keys.length &&
        keys.every((key, i) => others[i] === key && entries[i]!((other as Record<string, unknown>)[key], found))
      );
    };
  }
  return (other) => Object.is(other, tree);
}

