import { ArgumentError, type DType, type Program, type Spec, type Tensor, trace } from "@wengert/core";
import { asBytes, isFloat, leavesAlike, show, withDefaults } from "@wengert/core/extend";
import { readModel } from "../format/file.ts";
import { checkInputs, checkOptions, checkValues, opsetOf, specsOf } from "./checks.ts";
import { compileGraph, isSetting, startCompilation } from "./compile.ts";
import { runGraph } from "./interpret.ts";
import { inNewForm } from "./older.ts";
import type { ExternalData } from "./values.ts";

/** The weights of a model, by their names in the file. */
export type OnnxParameters = Readonly<Record<string, Tensor>>;

/** An input or output of a model. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  /**
   * The sizes of the axes, or `undefined` if the file contains no shape. An axis whose size may differ from call to
   * call has a name instead, such as "batch".
   */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface FromOnnxOptions<P extends "constant" | "argument" = "constant" | "argument"> {
  /**
   * Whether the weights of the file are constants, or the first argument of `run`, for fine-tuning. Default: "constant".
   */
  readonly parameters?: P | undefined;
  /**
   * The bytes of the additional files that hold large tensors, by the file names that the ONNX file contains. Default:
   * none.
   */
  readonly externalData?: ExternalData | undefined;
}

/** A model from an ONNX file, as a function that can be differentiated, traced and compiled. */
export interface OnnxModel<A extends readonly unknown[] = readonly unknown[]> {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /**
   * The float initializers of the file that have axes, except the statistics of BatchNormalization and other settings of
   * operators. Initializers without axes are numbers in formulas, and stay constants. If a file has no such initializers,
   * the tensors of its Constant nodes are the parameters: some exporters write weights as Constant nodes.
   */
  readonly parameters: OnnxParameters;
  /** Applies the model to tensors in the order of `inputs`, and returns tensors in the order of `outputs`. */
  run(...args: A): [Tensor, ...Tensor[]];
  /**
   * Traces the model, and returns it as a program. `dims` gives a size for each axis that has a name instead of a size,
   * such as `{ batch: 8 }`.
   */
  program(dims?: Readonly<Record<string, number>>): Program<A, [Tensor, ...Tensor[]]>;
}

/**
 * Reads an ONNX file with operators of opset 9 to 22. The whole file is checked before any tensor is created. Tensors
 * of int64 become int32. With `{ parameters: "argument" }`, the first argument of the model is a tree of its
 * parameters, which starts as `model.parameters`.
 * @throws DataError if the file is damaged, needs other files, or has operators or dtypes that are not supported: the
 * error lists them with their counts. ArgumentError for invalid options
 */
export function fromOnnx(bytes: Uint8Array | ArrayBuffer, options?: FromOnnxOptions<"constant">): OnnxModel<Tensor[]>;
export function fromOnnx(
  bytes: Uint8Array | ArrayBuffer,
  options: FromOnnxOptions<"argument"> & { readonly parameters: "argument" },
): OnnxModel<[parameters: OnnxParameters, ...inputs: Tensor[]]>;
export function fromOnnx(bytes: Uint8Array | ArrayBuffer, options?: FromOnnxOptions): OnnxModel {
  const complete = withDefaults<FromOnnxOptions>("fromOnnx", options, { parameters: "constant", externalData: {} });
  const { hasParameters, files } = checkOptions(complete);
  const content = asBytes("fromOnnx", bytes);
  if (content === undefined)
    throw new ArgumentError(`fromOnnx: expected the bytes of a file, got ${show(bytes)}; pass a Uint8Array`);
  const { graph: original, opsets } = readModel(content);
  const file = inNewForm(original, opsetOf(opsets));
  const compilation = startCompilation(file, files);
  const graph = compileGraph(compilation, file);
  const { inputs, outputs } = checkValues(compilation.problems, file, graph.inputs);

  const isWeight = ([name, { dtype, shape }]: readonly [string, Tensor]) =>
    isFloat(dtype) && shape.length > 0 && !isSetting(compilation, name);
  const weights = [...graph.constants].filter(isWeight);
  const stored = new Set(file.initializers.map(({ name }) => name));
  const initializers = weights.filter(([name]) => stored.has(name));
  const parameters: OnnxParameters = Object.fromEntries(initializers.length > 0 ? initializers : weights);

  const run = (...args: readonly unknown[]): [Tensor, ...Tensor[]] => {
    const given = hasParameters ? args.slice(1) : args;
    const tensors = checkInputs(inputs, given);
    const like = [parameters, "model.parameters"] as const;
    const values = hasParameters ? leavesAlike("run", like, [args[0], "parameters"]) : [];
    const bound = new Map(Object.keys(parameters).map((name, i) => [name, values[i]!]));
    return runGraph(graph, tensors, bound) as [Tensor, ...Tensor[]];
  };
  const labeled = ([name, { shape, dtype }]: readonly [string, Tensor]) =>
    [name, { shape, dtype, label: name }] as const;
  const programOf = (dims?: Readonly<Record<string, number>>) => {
    const specs: (Spec | Record<string, Spec>)[] = specsOf(inputs, dims);
    if (hasParameters) specs.unshift(Object.fromEntries(Object.entries(parameters).map(labeled)));
    const program = trace(run as (...args: Tensor[]) => Tensor[], ...(specs as Spec[]));
    return program as unknown as Program<readonly unknown[], [Tensor, ...Tensor[]]>;
  };
  return { inputs, outputs, parameters, run, program: programOf } as OnnxModel;
}
