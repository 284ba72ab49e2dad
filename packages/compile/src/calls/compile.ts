import { ArgumentError, type Program, type Tensor, trace, WengertError } from "@wengert/core";
import { isList, isRecording, setMessage, show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { NoPlanHere } from "../instructions/opCalls.ts";
import type { Engine } from "../plans/link.ts";
import { makePlan, type Plan } from "../plans/plan.ts";
import type { PlanReport } from "../plans/report.ts";
import { availableThreads } from "../threads/platform.ts";
import { donatedPairs, repeatedPairs } from "./pairs.ts";
import { builderOf } from "./rebuild.ts";
import { hasTraced, type Signature, signatureOf } from "./signature.ts";
import { warn } from "./warn.ts";

export interface CompileOptions {
  /**
   * `"wasm"`: a generated WebAssembly function runs the whole plan. `"js"`: a JavaScript loop runs the same
   * instructions, which helps to find mistakes. Default: `"wasm"`.
   */
  readonly engine?: Engine | undefined;
  /**
   * The largest number of plans that are kept. When a new signature exceeds this number, the least recently used plan
   * is dropped. Default: 8.
   */
  readonly maxPlans?: number | undefined;
  /**
   * The indices of the arguments that the caller gives up, such as the parameters of a training step. The results reuse
   * the memory of the tensors in these arguments. After the call, reading one of these tensors throws a MutationError.
   * Default: none.
   */
  readonly donate?: readonly number[] | undefined;
  /**
   * The number of threads that share long instructions: products, softmax and large loops. The bits of the results do
   * not depend on this number. Threads need Node, or a page that is cross-origin isolated. A plan that is faster on one
   * thread runs on one thread. Default: 1.
   */
  readonly threads?: number | undefined;
}

/**
 * A compiled function. Each signature (the structure, shapes, dtypes and plain values of the arguments) has its own
 * compiled plan.
 */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: A): R;
  /**
   * The number of signatures that were traced so far. If the number keeps growing, an argument has a new shape or a new
   * value in each call, and each call traces the function again.
   */
  readonly signatures: number;
  /**
   * Returns a report about the plan for these arguments. Makes the plan if no call with the same signature has made it.
   * @throws ArgumentError if no plan can run, for example on a platform without WebAssembly
   */
  plan(...args: A): PlanReport;
  /**
   * Calls the function `times` times, and passes each value as the first argument of the next call. The other arguments
   * stay the same. Returns the last value. All calls run inside the memory of the plan, so small models train several
   * times faster. The value must have the structure, shapes and dtypes of the first argument.
   * @throws ArgumentError unless `times` is a whole number of at least 1, and the value is like the first argument
   */
  repeat(times: number, ...args: A): R;
}

interface Known {
  readonly signature: Signature;
  readonly repeats: boolean;
  /** Returns the value of a call of the function: a tree that contains the tensors `outputs`. */
  readonly build: (outputs: readonly Tensor[]) => unknown;
  /** The plan, or the reason why the program cannot run from a plan. */
  readonly plan: Plan | string;
}

/**
 * Returns a function that computes the same values as `f`, and runs from a plan. The first call with a new signature
 * traces `f` and plans its steps. Equal steps run once, elementwise steps become one loop, and all tensors stay in the
 * memory of the kernels. The signature of a call is the structure of its arguments, the shapes and dtypes of the
 * tensors, and all other values, such as numbers and text. `f` takes trees of tensors and other values, and returns a
 * tree. Tensors that `f` captures from its scope are constants of the plan. While a tape or a trace is recording, `f`
 * itself runs, so the returned function can be differentiated. `f` itself also runs if the platform has no WebAssembly,
 * and to throw the errors of ops.
 * @throws ArgumentError unless `f` is a function and the options are valid. A call throws a TracedValueError if `f`
 * reads a value, and a TreeError if an argument contains an object that is neither a tensor nor plain.
 */
export function compile<A extends readonly unknown[], R>(
  f: (...args: A) => R & TreesOnly<R>,
  options?: CompileOptions,
): Compiled<A, R> {
  if (typeof f !== "function") throw new ArgumentError(`compile: expected a function, got ${show(f)}`);
  const defaults = { engine: "wasm", maxPlans: 8, donate: [], threads: 1 } as const;
  const settings = withDefaults<CompileOptions>("compile", options, defaults) as Required<CompileOptions>;
  checkOptions(settings);
  const { engine, maxPlans, donate, threads } = settings as {
    [K in keyof CompileOptions]-?: NonNullable<CompileOptions[K]>;
  };
  const name = f.name || "the compiled function";
  const known: Known[] = []; // the most recently used first
  let signatures = 0;

  /** Returns the plan for the arguments, and writes their tensors to `inputs`. */
  const find = (args: A, inputs: Tensor[], repeats: boolean): Known => {
    let difference: string | undefined; // from the most recent signature
    for (let i = 0; i < known.length; i++) {
      inputs.length = 0;
      const found = known[i]!.signature.difference(args, inputs);
      difference ??= found;
      if (found !== undefined || known[i]!.repeats !== repeats) continue;
      if (i > 0) known.unshift(...known.splice(i, 1));
      return known[0]!;
    }
    inputs.length = 0;
    const signature = signatureOf(f, args, inputs);
    const program = traceWith(f, signature, inputs);
    const pairs = repeats ? repeatedPairs(program, signature, args[0]) : donatedPairs(program, signature, donate);
    const donated = [...inputs.keys()].filter((k) => donate.includes(signature.argumentOf[k]!));
    const plan = makePlan(program, { engine, donated, pairs, repeats, threads, name });
    known.unshift({ signature, repeats, build: builderOf(program.value), plan });
    const dropped = known.length > maxPlans ? known.pop()!.plan : undefined;
    if (typeof dropped === "object") dropped.close();
    if (++signatures === maxPlans + 1 && difference !== undefined)
      warn(
        `compile: ${name} was traced ${signatures} times, because the arguments keep changing; in the last call, ${difference}; pass numbers that change as tensors, and give tensors a fixed shape`,
      );
    return known[0]!;
  };

  const call = (args: A, times: number | undefined): R => {
    const runEagerly = (): R => {
      let value = f(...args);
      for (let i = 1; i < (times ?? 1); i++) value = f(...([value, ...args.slice(1)] as unknown as A));
      return value;
    };
    if (isRecording() || hasTraced(args)) return runEagerly();
    const inputs: Tensor[] = [];
    const { build, plan } = find(args, inputs, times !== undefined);
    if (typeof plan === "string") return runEagerly();
    let outputs: Tensor[];
    try {
      outputs = plan.run(inputs, times ?? 1);
    } catch (error) {
      // Runs `f` itself, so that the stack of the error contains the line in the user's code.
      const value = runEagerly();
      if (error instanceof NoPlanHere) return value;
      throw error;
    }
    return build(outputs) as R;
  };
  const compiled = (...args: A): R => call(args, undefined);
  const repeat = (times: number, ...args: A): R => {
    if (Number.isSafeInteger(times) && times >= 1) return call(args, times);
    throw new ArgumentError(`repeat: times must be a whole number of at least 1, got ${show(times)}`);
  };
  const planOf = (...args: A): PlanReport => {
    const { plan } = find(args, [], false);
    if (typeof plan !== "string") return plan.report;
    throw new ArgumentError(`compile: no plan can run here: ${plan}; a call runs the function itself`);
  };
  Object.assign(compiled, { plan: planOf, repeat });
  Object.defineProperty(compiled, "signatures", { get: () => signatures, enumerable: true });
  return compiled as Compiled<A, R>;
}

/** The largest number of threads. */
const maxThreads = 64;

/** @throws ArgumentError for an invalid option */
function checkOptions({ engine, maxPlans, donate, threads }: CompileOptions): void {
  if (engine !== "wasm" && engine !== "js")
    throw new ArgumentError(`compile: engine must be "wasm" or "js", got ${show(engine)}`);
  if (!(Number.isSafeInteger(maxPlans) && maxPlans! >= 1))
    throw new ArgumentError(`compile: maxPlans must be a whole number of at least 1, got ${show(maxPlans)}`);
  if (!(Number.isSafeInteger(threads) && threads! >= 1 && threads! <= maxThreads))
    throw new ArgumentError(
      `compile: threads must be a whole number from 1 to ${maxThreads}, got ${show(threads)}; the processor runs ${availableThreads()} at the same time`,
    );
  if (!(isList(donate) && donate.every((index) => Number.isSafeInteger(index) && index >= 0)))
    throw new ArgumentError(
      `compile: donate must be a list of indices of arguments, such as [0] for the first; got ${show(donate)}`,
    );
}

/** Traces `f` with the tensors of its arguments as inputs. Other values are constants of the program. */
function traceWith<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  { names, withTensors }: Signature,
  inputs: readonly Tensor[],
): Program {
  const run = (given: readonly Tensor[]): R => f(...(withTensors(given) as unknown as A));
  const specs = inputs.map(({ shape, dtype, label }, i) => ({ shape, dtype, label: label ?? names[i] }));
  try {
    return trace(run as never, specs as never) as unknown as Program;
  } catch (error) {
    if (error instanceof WengertError) setMessage(error, error.message.replace(/^trace: /, "compile: "));
    throw error;
  }
}
