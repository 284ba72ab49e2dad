import { type Step, tensor } from "@wengert/core";
import { scanOp } from "@wengert/core/extend";
import type { GraphInProgress } from "../graph/graph.ts";
import { castTo, fill, reshape } from "./formulas.ts";
import { type Rule, rule } from "./rule.ts";

/** Exports steps of a program: adds the ONNX nodes that compute the steps to the graph `g`. */
export type EmitSteps = (g: GraphInProgress, steps: readonly Step[]) => void;

/**
 * Returns the rule that exports `scan` as the ONNX operator Scan. Like `scan`, the ONNX operator carries tensors from
 * one iteration to the next, reads one entry of each input list per iteration, and collects the results of all
 * iterations. The body of a Scan is a subgraph that may use the values of the graph around it.
 */
export const loopRules = (emitSteps: EmitSteps): readonly Rule[] => [
  rule(scanOp, (g, names, { inputs: given, output, params: { body, carries, reverse, length } }) => {
    const [constants, rest] = [names.slice(0, body.constants.length), names.slice(body.constants.length)];
    const lists = given.slice(body.constants.length + carries);
    // The ONNX operator Scan needs at least one input to scan over. A loop without such an input gets a vector of
    // zeros, with one entry for each iteration.
    const counter = lists.length > 0 ? [] : [tensor(0, { dtype: "int32" })];
    const graph = g.body([...body.inputs, ...counter], body.outputs, (inner) => {
      for (const [k, constant] of body.constants.entries()) inner.name(constant, constants[k]!);
      emitSteps(inner, body.steps);
      // Each output of a Scan's body must be the output of a separate node of the body, so an Identity node copies it.
      return body.outputs.map((y) => inner.node("Identity", [inner.nameOf(y)]));
    });
    const inputs = [...rest, ...counter.map(() => fill(g, 0, [length], "int32"))];
    const direction = reverse ? 1 : 0;
    const count = lists.length + counter.length;
    const collected = body.outputs.length - carries;
    const results = g.nodes("Scan", inputs, body.outputs.length, {
      body: graph,
      num_scan_inputs: count,
      scan_input_directions: Array(count).fill(direction),
      ...(collected > 0 && { scan_output_directions: Array(collected).fill(direction) }), // ONNX has no empty lists
    });
    const vectors = results.map((name, k) => {
      const { size, dtype } = body.outputs[k]!;
      const flat = reshape(g, name, [k < carries ? size : length * size]);
      return dtype === output.dtype ? flat : castTo(g, flat, output.dtype);
    });
    return vectors.length === 1 ? vectors[0]! : g.node("Concat", vectors, { axis: 0 });
  }),
];
