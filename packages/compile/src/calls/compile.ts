import { ArgumentError, type Program, type Tensor, trace, WengertError } from "@wengert/core";
import { isRecording, setMessage, show, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { NoPlanHere } from "../instructions/opCalls.ts";
import type { Engine } from "../plans/link.ts";
import { makePlan, type Plan } from "../plans/plan.ts";
import type { PlanReport } from "../plans/report.ts";
import { builderOf } from "./rebuild.ts";
import { hasTraced, type Signature, signatureOf } from "./signature.ts";

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

interface Known {
  readonly signature: Signature;
  /** Returns the value of a call, a tree with these tensors. */
  readonly build: (outputs: readonly Tensor[]) => unknown;
  /** The plan, or the reason why the program cannot run from a plan. */
  readonly plan: Plan | string;
}

/**
 * Returns a function that computes the same values as `f`, and runs from a plan. The first call with a new signature
 * traces `f` and plans its steps. Equal steps run once, elementwise steps become one loop, and all tensors stay in the
 * memory of the kernels. The signature of a call is the structure of its arguments, the shapes and dtypes of the tensors,
 * and all other values, such as numbers and text. `f` takes trees of tensors and other values, and returns a tree.
 * Tensors that `f` captures from its scope are constants of the plan. While a tape or a trace is recording, `f` itself
 * runs, so the returned function can be differentiated. `f` itself also runs where no kernels run, and to throw the
 * errors of ops.
 * @throws ArgumentError unless `f` is a function and the options are valid. A call throws a TracedValueError if `f` reads
 * a value, and a TreeError if an argument contains an object that is neither a tensor nor plain.
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
  const known: Known[] = []; // the most recently used first
  let signatures = 0;

  /** Returns the plan for the arguments, and writes their tensors to `inputs`. */
  const find = (args: A, inputs: Tensor[]): Known => {
    for (let i = 0; i < known.length; i++) {
      inputs.length = 0;
      if (!known[i]!.signature.matches(args, inputs)) continue;
      if (i > 0) known.unshift(...known.splice(i, 1));
      return known[0]!;
    }
    inputs.length = 0;
    const signature = signatureOf(f, args, inputs);
    const program = traceWith(f, signature, inputs);
    known.unshift({ signature, build: builderOf(program.value), plan: makePlan(program, engine) });
    signatures++;
    if (known.length > maxPlans!) known.pop();
    return known[0]!;
  };

  const compiled = (...args: A): R => {
    if (isRecording() || hasTraced(args)) return f(...args);
    const inputs: Tensor[] = [];
    const { build, plan } = find(args, inputs);
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
    const { plan } = find(args, []);
    if (typeof plan !== "string") return plan.report;
    throw new ArgumentError(`compile: no plan can run here: ${plan}; a call runs the function itself`);
  };
  Object.assign(compiled, { plan: planOf });
  Object.defineProperty(compiled, "signatures", { get: () => signatures, enumerable: true });
  return compiled as Compiled<A, R>;
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
