import { ArgumentError, type Program, type Tensor, WengertError } from "@wengert/core";
import { isRecording } from "@wengert/core/extend";
import { programsOf } from "../plans/plan.ts";
import type { ProgramReport } from "../plans/report.ts";
import { knownPlans, type Traced } from "./known.ts";
import { hasTraced } from "./signature.ts";

/**
 * An engine that runs traced programs in place of Wengert's own kernels. For example, the engine `onnx(ort)` of
 * `@wengert/onnx` runs programs with ONNX Runtime.
 */
export interface ProgramEngine {
  /** The name of the engine in reports and messages. */
  readonly name: string;
  /**
   * Prepares a program to run. `compile` calls `prepare` once for each signature. The argument is the optimized
   * program: the program after the last compiler pass.
   * @throws WengertError if the engine cannot run the program
   */
  prepare(program: Program): PreparedProgram;
}

/** A program that an engine has prepared. */
export interface PreparedProgram {
  /**
   * Runs the program on `inputs`, which have the shapes and dtypes of the program's inputs. Returns the outputs in the
   * order of the program. A call may begin before an earlier call has finished.
   */
  run(inputs: readonly Tensor[]): readonly Tensor[] | Promise<readonly Tensor[]>;
  /**
   * Frees the memory of the prepared program. `compile` calls `release` when the program leaves the cache of compiled
   * programs and its last run has finished.
   */
  release?(): unknown;
}

/**
 * A compiled function that an engine runs. Each signature (the structure, shapes, dtypes and plain values of the
 * arguments) has its own program.
 */
export interface EngineCompiled<A extends readonly unknown[], R> {
  (...args: A): Promise<R>;
  /** The number of signatures for which the function was traced so far. */
  readonly signatures: number;
  /**
   * Returns the traced program for these arguments, and the program after each compiler pass. Traces the function if no
   * call with the same signature has traced it.
   */
  plan(...args: A): ProgramReport;
}

interface EnginePlan {
  readonly run: (inputs: readonly Tensor[]) => Promise<readonly Tensor[]>;
  readonly report: ProgramReport;
  /** Releases the prepared program after its last run. */
  readonly drop: () => void;
}

/** Returns a function that computes the same values as `f`, and runs on an engine. */
export function compileOn<A extends readonly unknown[], R>(
  engine: ProgramEngine,
  f: (...args: A) => R,
  maxPlans: number,
): EngineCompiled<A, R> {
  const make = ({ program }: Traced<A>) => planOn(engine, program);
  const plans = knownPlans(f, maxPlans, make, (plan: EnginePlan) => plan.drop());

  const run = async (args: A): Promise<R> => {
    const inputs: Tensor[] = [];
    const { build, plan } = plans.find(args, inputs);
    try {
      return build(await plan.run(inputs)) as R;
    } catch (error) {
      if (!(error instanceof WengertError)) f(...args); // throws the errors of ops, with the line of the user's code
      throw asWengertError(engine, error);
    }
  };
  const compiled = (...args: A): Promise<R> => {
    if (!isRecording() && !hasTraced(args)) return run(args);
    throw new ArgumentError(
      `compile: the engine ${engine.name} returns promises, so its functions cannot be differentiated, traced or mapped; compile the derivative: compile(grad(f), { engine })`,
    );
  };
  Object.assign(compiled, { plan: (...args: A) => plans.find(args, []).plan.report });
  Object.defineProperty(compiled, "signatures", { get: plans.count, enumerable: true });
  return compiled as EngineCompiled<A, R>;
}

/**
 * Runs the compiler passes on a traced program, and prepares the optimized program.
 * @throws WengertError if the engine cannot run the program
 */
function planOn(engine: ProgramEngine, traced: Program): EnginePlan {
  const programs = programsOf(traced);
  let prepared: PreparedProgram;
  try {
    prepared = engine.prepare(programs.at(-1)!.program);
  } catch (error) {
    throw asWengertError(engine, error);
  }
  let [running, isDropped] = [0, false];
  const releaseAfterUse = async (): Promise<void> => {
    if (isDropped && running === 0) await prepared.release?.();
  };
  const finish = () => void releaseAfterUse().catch(() => {}); // no call waits for it that could receive the error
  return {
    run: async (inputs) => {
      running++;
      try {
        return await prepared.run(inputs);
      } finally {
        running--;
        finish();
      }
    },
    report: {
      programs,
      passes: programs.map(({ name, program }) => [name, program.steps.length]),
      engine: engine.name,
    },
    drop: () => {
      isDropped = true;
      finish();
    },
  };
}

/** Returns an error of an engine as a WengertError. */
function asWengertError({ name }: ProgramEngine, error: unknown): WengertError {
  if (error instanceof WengertError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ArgumentError(`compile: the engine ${name} failed: ${message}; try { engine: "wasm" }`, { cause: error });
}
