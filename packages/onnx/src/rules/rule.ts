import type { Tensor } from "@wengert/core";
import type { AnyOpSpec, Call, Inputs, OpSpec, PerInput } from "@wengert/core/extend";
import type { GraphBuilder } from "../graph/graph.ts";

/**
 * Exports a step of a program: adds the ONNX nodes that compute the step to the graph `g`. `names` are the names of the
 * step's inputs. Returns the name of the step's output.
 */
export type Emit<I extends Inputs, P> = (g: GraphBuilder, names: PerInput<I, string>, call: Call<I, P>) => string;

/**
 * A function that exports an op to ONNX, with a type that is the same for all ops. One map can hold such functions for
 * all ops.
 */
export type AnyEmit = (g: GraphBuilder, names: readonly string[], call: Call<readonly Tensor[], unknown>) => string;

export type Rule = readonly [AnyOpSpec, AnyEmit];

/**
 * Pairs an op with the function that exports the op to ONNX. TypeScript checks that this function takes the inputs and
 * params of the op.
 */
export const rule = <I extends Inputs, P, O>(op: { readonly spec: OpSpec<I, P, O> }, emit: Emit<I, P>): Rule => [
  op.spec as unknown as AnyOpSpec,
  emit as unknown as AnyEmit,
];

/** Pairs an op with an ONNX operator that has the same inputs and no attributes. */
export const sameAs = <I extends Inputs, P, O>(op: { readonly spec: OpSpec<I, P, O> }, operator: string): Rule =>
  rule(op, (g, names) => g.node(operator, names as readonly string[]));
