import type { Program, Step } from "@wengert/core";
import { withDefaults } from "@wengert/core/extend";
import { type Graph, modelBytes, type ValueInfo } from "../format/model.ts";
import { startGraph } from "../graph/graph.ts";
import { emitSteps } from "../rules/table.ts";
import { checkName, checkOpset, checkOther, checkProgram } from "./checks.ts";
import { isNumber, namesIn } from "./names.ts";
import { openSize } from "./openSize.ts";

export interface ToOnnxOptions {
  /** The name of the graph. Default: "program". */
  readonly name?: string | undefined;
  /**
   * The opset (version of ONNX's operators), from 13 to 22. Default: 17, which ONNX runtimes have supported since 2022.
   */
  readonly opset?: number | undefined;
  /**
   * A second trace of the same function at another size, such as another batch size. With this trace, the file accepts
   * any such size. The exporter compares the two programs, and the file uses the shapes of its inputs to compute the
   * numbers that differ. Both sizes must be at least 2, and differ by at least 2. Default: none, so the file accepts
   * only the shapes of `program`.
   */
  readonly otherSize?: Program | undefined;
  /** The name of the size that differs between `program` and `otherSize`. Default: "batch". */
  readonly dimension?: string | undefined;
}

/**
 * Returns a program as the bytes of an ONNX file. The program may be a model, a model and its gradient, or a whole
 * training step. Its arguments become the inputs of the file, its constants become initializers, and its value becomes
 * the outputs. The names of inputs are their paths in the arguments, such as `params.W`. The names of outputs are their
 * paths in the value. If an output has the same name as an input, the output gets the prefix "out.".
 * @throws ArgumentError unless given a program of `trace`, if one of its ops has no ONNX form, or if the file cannot
 * compute a number that differs from `otherSize`; OutOfRangeError for an opset outside 13 … 22, or constants above
 * 2 GB; DTypeError if an ONNX operator does not take the dtype
 */
export function toOnnx(program: Program, options?: ToOnnxOptions): Uint8Array<ArrayBuffer> {
  const complete = withDefaults<ToOnnxOptions>("toOnnx", options, {
    name: "program",
    opset: 17,
    otherSize: undefined,
    dimension: "batch",
  });
  const { otherSize, opset } = complete;
  const version = checkOpset("toOnnx", opset);
  const [name, dimension] = [checkName("name", complete.name), checkName("dimension", complete.dimension)];
  checkProgram(program);
  if (otherSize !== undefined) checkOther(program, otherSize);
  const graph = graphOf(program, name, version);
  const open = otherSize === undefined ? graph : openSize(graph, graphOf(otherSize, name, version), dimension);
  return modelBytes({ opset: version, graph: open });
}

function graphOf(program: Program, name: string, opset: number): Graph {
  const names = namesIn(program);
  const graph = startGraph(opset, new Set([...names.inputs.values(), ...names.constants.values(), ...names.outputs]));
  const infoOf = (
    x: { readonly dtype: ValueInfo["type"]; readonly shape: readonly number[] },
    name: string,
  ): ValueInfo => ({
    name,
    type: x.dtype,
    shape: x.shape,
  });

  for (const [input, name] of names.inputs) graph.name(input, name);
  for (const constant of program.constants)
    if (isNumber(constant)) graph.name(constant, graph.number(constant.item(), constant.dtype));
    else graph.constant(constant, names.constants.get(constant)!);

  // The node that computes an output of the program gets the name of the output. If an output is an input, a constant,
  // or the same tensor as another output, an Identity node copies the tensor under the name of the output.
  const wanted = new Map<unknown, string>();
  for (const [i, output] of program.outputs.entries()) if (!wanted.has(output)) wanted.set(output, names.outputs[i]!);
  emitSteps(graph, program.steps, ({ output }: Step) => wanted.get(output));
  for (const [i, output] of program.outputs.entries()) {
    const wantedName = names.outputs[i]!;
    if (graph.nameOf(output) !== wantedName)
      graph.step(`output ${i + 1}`, "", wantedName, () => graph.node("Identity", [graph.nameOf(output)]));
  }
  const count = program.steps.length;
  return graph.finish({
    name,
    inputs: program.inputs.map((x) => infoOf(x, names.inputs.get(x)!)),
    outputs: program.outputs.map((x, i) => infoOf(x, names.outputs[i]!)),
    doc: `A program of ${count} ${count === 1 ? "step" : "steps"}, exported by Wengert.`,
  });
}
