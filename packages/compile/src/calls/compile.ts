import { ArgumentError, type Tensor } from "@wengert/core";
import { isRecording, show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { NoPlanHere } from "../instructions/opCalls.ts";
import type { Engine } from "../plans/link.ts";
import { makePlan } from "../plans/plan.ts";
import type { PlanReport } from "../plans/report.ts";
import { compileOn, type EngineCompiled, type ProgramEngine } from "./engine.ts";
import { knownPlans } from "./known.ts";
import { hasTraced } from "./signature.ts";

export interface CompileOptions {
  /**
   * `"wasm"`: a generated WebAssembly function runs the whole plan. `"js"`: a JavaScript loop runs the same
   * instructions, which helps to find mistakes. Default: `"wasm"`.
   */
  readonly engine?: Engine | undefined;
  /** The number of plans to keep. A new signature then drops the least recently used plan. Default: 8. */
  readonly maxPlans?: number | undefined;
}

/** A function that runs from plans. Each signature of arguments has its own plan. */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: A): R;
  /**
   * The number of signatures that were traced so far. If the number keeps growing, an argument has a new shape or a new
   * value in each call, and each call traces the function again.
   */
  readonly signatures: number;
  /**
   * Returns the plan for the signature of these arguments. Makes the plan if the signature is new.
   * @throws ArgumentError if the function cannot run from a plan here, as without WebAssembly
   */
  plan(...args: A): PlanReport;
}

/** Options of `compile` for functions that run on an engine. */
export interface EngineOptions {
  /** Runs the programs, as `onnx(ort)` of `@wengert/onnx` does. */
  readonly engine: ProgramEngine;
  /** The number of plans to keep. A new signature then drops the least recently used plan. Default: 8. */
  readonly maxPlans?: number | undefined;
}

/**
 * Returns a function that computes the same values as `f`, and runs from a plan. The first call with a new signature
 * traces `f` and plans its steps. Equal steps run once, elementwise steps become one loop, and all tensors stay in the
 * memory of the kernels. The signature of a call is the structure of its arguments, the shapes and dtypes of the tensors,
 * and all other values, such as numbers and text. `f` takes trees of tensors and other values, and returns a tree.
 * Tensors that `f` captures from its scope are constants of the plan. While a tape or a trace is recording, `f` itself
 * runs, so the returned function can be differentiated. `f` itself also runs where no kernels run, and to throw the
 * errors of ops. With an engine such as `onnx(ort)`, the engine runs the programs, and calls return promises.
 * @throws ArgumentError unless `f` is a function and the options are valid. A call throws a TracedValueError if `f` reads
 * a value, and a TreeError if an argument contains an object that is neither a tensor nor plain.
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
  const { engine, maxPlans } = withDefaults<CompileOptions | EngineOptions>("compile", options, {
    engine: "wasm",
    maxPlans: 8,
  });
  if (engine !== "wasm" && engine !== "js" && !isEngine(engine))
    throw new ArgumentError(`compile: engine must be "wasm", "js" or an engine such as onnx(ort), got ${show(engine)}`);
  if (!(Number.isSafeInteger(maxPlans) && maxPlans! >= 1))
    throw new ArgumentError(`compile: maxPlans must be a whole number of at least 1, got ${show(maxPlans)}`);
  if (isEngine(engine)) return compileOn(engine, f, maxPlans!);
  const plans = knownPlans(f, maxPlans!, (program) => makePlan(program, engine));

  const compiled = (...args: A): R => {
    if (isRecording() || hasTraced(args)) return f(...args);
    const inputs: Tensor[] = [];
    const { build, plan } = plans.find(args, inputs);
    if (typeof plan === "string") return f(...args);
    let outputs: Tensor[];
    try {
      outputs = plan.run(inputs);
    } catch (error) {
      // `f` throws the same error with the line of the user's code.
      const value = f(...args);
      if (error instanceof NoPlanHere) return value;
      throw error;
    }
    return build(outputs) as R;
  };
  const planOf = (...args: A): PlanReport => {
    const { plan } = plans.find(args, []);
    if (typeof plan !== "string") return plan.report;
    throw new ArgumentError(`compile: no plan can run here: ${plan}; a call runs the function itself`);
  };
  Object.assign(compiled, { plan: planOf });
  Object.defineProperty(compiled, "signatures", { get: plans.count, enumerable: true });
  return compiled as Compiled<A, R>;
}

function isEngine(x: unknown): x is ProgramEngine {
  const { name, prepare } = (typeof x === "object" && x !== null ? x : {}) as Partial<ProgramEngine>;
  return typeof name === "string" && typeof prepare === "function";
}
