import { ArgumentError, type Tensor } from "@wengert/core";
import { isList, isRecording, show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { NoPlanHere } from "../instructions/opCalls.ts";
import type { Engine } from "../plans/link.ts";
import { makePlan, type Plan } from "../plans/plan.ts";
import type { PlanReport } from "../plans/report.ts";
import { availableThreads } from "../threads/platform.ts";
import { compileOn, type EngineCompiled, type ProgramEngine } from "./engine.ts";
import { knownPlans, nameOf, type Traced } from "./known.ts";
import { donatedPairs, repeatedPairs } from "./pairs.ts";
import { hasTraced, isTraced } from "./signature.ts";

export interface CompileOptions {
  /**
   * `"wasm"`: a generated WebAssembly function runs the whole compiled program. `"js"`: a JavaScript loop calls the
   * same kernels and fused loops one after another, which helps to find mistakes. Default: `"wasm"`.
   */
  readonly engine?: Engine | undefined;
  /**
   * The largest number of signatures whose compiled programs are kept. A new signature beyond this number replaces the
   * least recently used signature. Default: 8.
   */
  readonly maxPlans?: number | undefined;
  /**
   * The indices of the arguments that the caller gives up, such as the parameters of a training step. The results reuse
   * the memory of the tensors in these arguments. After the call, reading one of these tensors throws a MutationError.
   * Default: none.
   */
  readonly donate?: readonly number[] | undefined;
  /**
   * The number of threads among which matrix products, softmax and large loops are divided. Results have the same bits
   * for any number of threads. Threads need Node, or a page that is cross-origin isolated. If a single thread is
   * faster, only a single thread runs. Default: 1.
   */
  readonly threads?: number | undefined;
}

/**
 * A compiled function. Each signature (the structure, shapes, dtypes and plain values of the arguments) has its own
 * compiled program.
 */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: A): R;
  /**
   * The number of signatures that were traced so far. If the number keeps growing, an argument has a new shape or a new
   * value in each call, and each call traces the function again.
   */
  readonly signatures: number;
  /**
   * Returns a report about the compiled program for the arguments `args`. Compiles the function if the signature of
   * `args` is new.
   * @throws ArgumentError if no compiled program can run, for example on a platform without WebAssembly
   */
  plan(...args: A): PlanReport;
  /**
   * Calls the function `times` times, and passes each value as the first argument of the next call. The other arguments
   * stay the same. Returns the last value. Between the calls, all tensors stay in WebAssembly memory, so small models
   * train several times faster. The value must have the structure, shapes and dtypes of the first argument.
   * @throws ArgumentError unless `times` is a whole number of at least 1, and the value is like the first argument
   */
  repeat(times: number, ...args: A): R;
}

/** Options of `compile` for functions that an engine runs, such as ONNX Runtime. */
export interface EngineOptions {
  /** The engine that runs the programs, such as `onnx(ort)` of `@wengert/onnx`. */
  readonly engine: ProgramEngine;
  /**
   * The largest number of signatures whose compiled programs are kept. A new signature beyond this number replaces the
   * least recently used signature. Default: 8.
   */
  readonly maxPlans?: number | undefined;
}

/**
 * Returns a compiled version of `f`, which computes the same values. `f` takes trees of tensors and other values, and
 * returns a tree. The signature of a call is the structure of its arguments, the shapes and dtypes of the tensors, and
 * all other values, such as numbers and text. The first call with a new signature traces `f` and compiles the traced
 * program to WebAssembly. Tensors that `f` captures from its scope are constants of the compiled program.
 *
 * The compiled program runs duplicate steps once, fuses elementwise steps into loops, and keeps all tensors in
 * WebAssembly memory. With an engine such as `onnx(ort)`, the engine runs the traced programs, and calls return
 * promises.
 *
 * While a tape or a trace is recording, `f` runs eagerly, so the compiled function can be differentiated. `f` also runs
 * eagerly on a platform without WebAssembly. If an op fails in the compiled program, `f` runs eagerly and throws the
 * error of the op.
 * @throws ArgumentError unless `f` is a function and the options are valid. A call throws a TracedValueError if `f`
 * reads a value, and a TreeError if an argument contains an object that is neither a tensor nor plain.
 */
export function compile<A extends readonly unknown[], R>(
  f: (...args: A) => R & TreesOnly<R>,
  options?: CompileOptions,
): Compiled<A, R>;
export function compile<A extends readonly unknown[], R>(
  f: (...args: A) => R & TreesOnly<R>,
  options: EngineOptions,
): EngineCompiled<A, R>;
export function compile<A extends readonly unknown[], R>(
  f: (...args: A) => R & TreesOnly<R>,
  options?: CompileOptions | EngineOptions,
): Compiled<A, R> | EngineCompiled<A, R> {
  if (typeof f !== "function") throw new ArgumentError(`compile: expected a function, got ${show(f)}`);
  const defaults = { engine: "wasm", maxPlans: 8, donate: [], threads: 1 } as const;
  const settings = withDefaults<Settings>("compile", options, defaults) as Required<Settings>;
  checkOptions(settings);
  const { engine, maxPlans, donate, threads } = settings;
  if (isEngine(engine)) return compileOn(engine, f, maxPlans);
  const name = nameOf(f);
  const make = ({ program, signature, args, inputs, repeats }: Traced<A>): Plan | string => {
    const missing = donate.find((index) => index >= args.length);
    if (missing !== undefined)
      throw new ArgumentError(
        `compile: donate has the index ${missing}, but f got ${args.length} ${args.length === 1 ? "argument" : "arguments"}; indices start at 0`,
      );
    const pairs = repeats ? repeatedPairs(program, signature, args[0]) : donatedPairs(program, signature, donate);
    const donated = [...inputs.keys()].filter((k) => donate.includes(signature.argumentOf[k]!));
    return makePlan(program, { engine, donated, pairs, repeats, threads, name });
  };
  const close = (plan: Plan | string) => {
    if (typeof plan === "object") plan.close();
  };
  const plans = knownPlans(f, maxPlans, make, close);

  const call = (args: A, times: number | undefined): R => {
    const runEagerly = (): R => {
      let value = f(...args);
      for (let i = 1; i < (times ?? 1); i++) value = f(...([value, ...args.slice(1)] as unknown as A));
      return value;
    };
    if (isRecording()) return runEagerly();
    const inputs: Tensor[] = [];
    const repeats = times !== undefined;
    const known =
      plans.match(args, inputs, repeats) ?? (hasTraced(args) ? undefined : plans.find(args, inputs, repeats));
    if (known === undefined || typeof known.plan === "string" || inputs.some(isTraced)) return runEagerly();
    const { build, plan } = known;
    let outputs: Tensor[];
    try {
      outputs = plan.run(inputs, times ?? 1);
    } catch (error) {
      // Calls the user's function `f` eagerly: the stack of an error that an op throws then contains the user's line.
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
    const { plan } = plans.find(args, []);
    if (typeof plan !== "string") return plan.report();
    throw new ArgumentError(`compile: no plan can run here: ${plan}; a call runs the function itself`);
  };
  Object.assign(compiled, { plan: planOf, repeat });
  Object.defineProperty(compiled, "signatures", { get: plans.count, enumerable: true });
  return compiled as Compiled<A, R>;
}

interface Settings {
  readonly engine: Engine | ProgramEngine;
  readonly maxPlans: number;
  readonly donate: readonly number[];
  readonly threads: number;
}

/** The largest number of threads. */
const maxThreads = 64;

/** @throws ArgumentError for an invalid option */
function checkOptions({ engine, maxPlans, donate, threads }: Settings): void {
  if (engine !== "wasm" && engine !== "js" && !isEngine(engine))
    throw new ArgumentError(`compile: engine must be "wasm", "js" or an engine such as onnx(ort), got ${show(engine)}`);
  if (!(Number.isSafeInteger(maxPlans) && maxPlans >= 1))
    throw new ArgumentError(`compile: maxPlans must be a whole number of at least 1, got ${show(maxPlans)}`);
  if (!(Number.isSafeInteger(threads) && threads >= 1 && threads <= maxThreads))
    throw new ArgumentError(
      `compile: threads must be a whole number from 1 to ${maxThreads}, got ${show(threads)}; the processor runs ${availableThreads()} at the same time`,
    );
  if (!(isList(donate) && donate.every((index) => Number.isSafeInteger(index) && index >= 0)))
    throw new ArgumentError(
      `compile: donate must be a list of indices of arguments, such as [0] for the first; got ${show(donate)}`,
    );
  if (isEngine(engine) && (donate.length > 0 || threads > 1))
    throw new ArgumentError(
      `compile: the engine ${engine.name} does not use the options donate and threads; leave them out, or pass threads to the engine`,
    );
}

function isEngine(x: unknown): x is ProgramEngine {
  const { name, prepare } = (typeof x === "object" && x !== null ? x : {}) as Partial<ProgramEngine>;
  return typeof name === "string" && typeof prepare === "function";
}
