import type { PreparedProgram, ProgramEngine } from "@wengert/compile";
import { ArgumentError, type DType, evaluate, type Program, type Tensor, WengertError } from "@wengert/core";
import { setMessage, withDefaults } from "@wengert/core/extend";
import { checkOpset, missingOps } from "../export/checks.ts";
import { toOnnx } from "../export/toOnnx.ts";
import { checkProviders, checkRuntime, checkSessionOptions, checkThreads } from "./checks.ts";
import { flipNarrowProducts } from "./narrowProducts.ts";
import type { OnnxRuntime, OnnxSession, OnnxTensor } from "./runtime.ts";
import { createSession, oneAtATime } from "./sessions.ts";
import { stagesOf } from "./stages.ts";
import { type Conversion, conversionFor } from "./tensors.ts";

export interface OnnxOptions {
  /**
   * The number of threads. In Node, the default is 1. In a page, ONNX Runtime reads the number once, when it starts, so
   * all sessions have the same number of threads. In a page, ONNX Runtime chooses the default.
   */
  readonly threads?: number | undefined;
  /**
   * The execution providers of ONNX Runtime in order of preference: names such as "cpu", "cuda" or "webgpu", or objects with
   * a name and options. Default: "cpu" in Node, "wasm" in pages.
   */
  readonly providers?: readonly (string | { readonly name: string })[] | undefined;
  /** The version of ONNX's operators, from 13 to 22. Default: 17. */
  readonly opset?: number | undefined;
  /** More options for the sessions, such as `{ graphOptimizationLevel: "basic" }`. */
  readonly sessionOptions?: object | undefined;
}

/**
 * Returns an engine that runs compiled functions with ONNX Runtime: `compile(f, { engine: onnx(ort) })`. `ort` is the
 * module `onnxruntime-node`, or `onnxruntime-web` in a page. For each new signature, the traced program is exported as
 * an ONNX model. The first call with this signature creates a session of ONNX Runtime for the model.
 * @throws ArgumentError unless `ort` is a module of ONNX Runtime and the options are valid, OutOfRangeError for an
 * opset outside 13 … 22. A call throws an ArgumentError if ONNX Runtime cannot run the program: an op has no ONNX form,
 * or an operator has no kernel for a dtype.
 */
export function onnx(ort: OnnxRuntime, options?: OnnxOptions): ProgramEngine {
  checkRuntime(ort);
  const { threads, providers, opset, sessionOptions } = withDefaults<OnnxOptions>("onnx", options, {
    threads: undefined,
    providers: undefined,
    opset: 17,
    sessionOptions: undefined,
  });
  const count = threads === undefined ? undefined : checkThreads(threads);
  const version = checkOpset("onnx", opset);
  const settings = {
    intraOpNumThreads: count ?? 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 4, // fatal errors only, because the engine throws the others
    ...(providers !== undefined && { executionProviders: checkProviders(providers) }),
    ...(sessionOptions !== undefined && checkSessionOptions(sessionOptions)),
  };
  const machine: Machine = {
    ort,
    conversion: conversionFor(ort),
    start: (model, dtypes) => {
      // Above the optimization level "basic", ONNX Runtime rounds the factors of float64 products to float32.
      const graphOptimizationLevel = dtypes.has("float64") ? "basic" : "all";
      if (count !== undefined && ort.env.versions.web !== undefined) ort.env.wasm.numThreads = count;
      return createSession(ort, model, { graphOptimizationLevel, ...settings });
    },
  };
  // The builds of ONNX Runtime with WebGPU have no kernels for float64.
  const prepareProgram = namesOf(providers).includes("webgpu") ? prepareStages : prepare;
  return { name: "onnx", prepare: (program) => prepareProgram(program, version, machine) };
}

const namesOf = (providers: OnnxOptions["providers"] = []): string[] =>
  providers.map((provider) => (typeof provider === "string" ? provider : provider.name));

interface Machine {
  readonly ort: OnnxRuntime;
  readonly conversion: Conversion;
  readonly start: (model: Uint8Array, dtypes: ReadonlySet<DType>) => Promise<OnnxSession>;
}

/**
 * Prepares a program for a backend without float64: the ops of Wengert compute float64 tensors, and ONNX Runtime the
 * others.
 */
function prepareStages(program: Program, opset: number, machine: Machine): PreparedProgram {
  const stages = stagesOf(program).map(({ isHost, program: part }) => ({
    inputs: part.inputs,
    outputs: part.outputs,
    ...(isHost
      ? { run: (given: readonly Tensor[]) => evaluate(part, given) as Tensor[] }
      : prepare(part, opset, machine)),
  }));
  return {
    run: async (given) => {
      const values = new Map(program.inputs.map((x, k) => [x, given[k]!]));
      for (const { inputs, outputs, run } of stages) {
        const results = await run(inputs.map((x) => values.get(x)!));
        for (const [k, y] of outputs.entries()) values.set(y, results[k]!);
      }
      return program.outputs.map((y) => values.get(y) ?? y);
    },
    release: async () => {
      for (const { release } of stages) await release?.();
    },
  };
}

function prepare(given: Program, opset: number, { ort, conversion, start }: Machine): PreparedProgram {
  const program = flipNarrowProducts(given);
  const positions = new Map(program.inputs.map((x, k) => [x, k]));
  const constants = new Set(program.constants);
  // Inputs and constants that are also outputs are returned directly. The ONNX graph computes only the remaining
  // outputs, each once.
  const computed = [...new Set(program.outputs)].filter((x) => !positions.has(x) && !constants.has(x));
  const resultOf = program.outputs.map((x): ((given: readonly Tensor[], results: readonly Tensor[]) => Tensor) => {
    const [i, k] = [computed.indexOf(x), positions.get(x)];
    if (i >= 0) return (_, results) => results[i]!;
    return k === undefined ? () => x : (given) => given[k]!;
  });
  if (computed.length === 0) return { run: (given) => resultOf.map((result) => result(given, [])) };

  const read = new Set(program.steps.flatMap(({ inputs }) => inputs));
  const inputs = program.inputs.filter((x) => read.has(x));
  const used = inputs.map((x) => positions.get(x)!);
  const graph = { ...program, args: inputs, inputs, value: computed, outputs: computed };
  let model: Uint8Array | undefined = exported(
    { ...graph, constants: program.constants.filter((x) => read.has(x)) },
    opset,
  );
  const dtypes = new Set([...inputs, ...program.steps.map(({ output }) => output)].map(({ dtype }) => dtype));
  let session: Promise<OnnxSession> | undefined;
  return {
    run: async (given) => {
      session ??= start(model!, dtypes);
      const running = await session;
      model = undefined; // the session has a copy
      const feeds: Record<string, OnnxTensor> = {};
      for (const [i, k] of used.entries()) feeds[running.inputNames[i]!] = conversion.toOnnx(given[k]!);
      const named = await oneAtATime(ort, () => running.run(feeds));
      const results = computed.map((x, i) => conversion.fromOnnx(named[running.outputNames[i]!]!, x));
      return resultOf.map((result) => result(given, results));
    },
    release: async () => {
      const unused = await session;
      if (unused !== undefined) await oneAtATime(ort, () => unused.release());
    },
  };
}

/** @throws ArgumentError if an op has no ONNX form, and the other errors of `toOnnx` */
function exported(program: Program, opset: number): Uint8Array {
  const missing = missingOps(program);
  if (missing !== undefined)
    throw new ArgumentError(`onnx: no ONNX form of ${missing}; use the engine "wasm", which runs all ops`);
  try {
    return toOnnx(program, { opset });
  } catch (error) {
    if (error instanceof WengertError) setMessage(error, error.message.replace(/^toOnnx: /, "onnx: "));
    throw error;
  }
}
