import type { Tensor } from "@wengert/core";
import type { AnyOpSpec, Call, Inputs, OpSpec, PerInput } from "@wengert/core/extend";
import type { GraphBuilder } from "../graph/graph.ts";

/** Adds the nodes of a step to a graph. `names` has the names of the step's inputs. Returns the name of its output. */
export type Emit<I extends Inputs, P> = (g: GraphBuilder, names: PerInput<I, string>, call: Call<I, P>) => string;

/** An emit rule without the types of its op, so that one map can hold the rules of all ops. */
export type AnyEmit = (g: GraphBuilder, names: readonly string[], call: Call<readonly Tensor[], unknown>) => string;

export type Rule = readonly [AnyOpSpec, AnyEmit];

/** Pairs an op with its emit rule. TypeScript checks that the rule has the inputs and params of the op. */
export const rule = <I extends Inputs, P, O>(op: { readonly spec: OpSpec<I, P, O> }, emit: Emit<I, P>): Rule => [
  op.spec as unknown as AnyOpSpec,
  emit as unknown as AnyEmit,
];

/** Pairs an op with an ONNX operator that has the same inputs and no attributes. */
export const sameAs = <I extends Inputs, P, O>(op: { readonly spec: OpSpec<I, P, O> }, operator: string): Rule =>
  rule(op, (g, names) => g.node(operator, names as readonly string[]));
