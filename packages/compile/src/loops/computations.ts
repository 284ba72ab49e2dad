import type { VectorFunction } from "@wengert/ops/extend";
import type { Buffer, ComputedStep, Value } from "../memory/layout.ts";
import type { Accesses } from "./accesses.ts";
import { type Emit, elementwise } from "./elementwise.ts";
import { twinOf } from "./twins.ts";
import { type Access, innerStride } from "./vectors.ts";

/** The local variables that hold several vectors of a tensor, one variable for each vector. */
export type Locals = readonly number[];

/** A step of a fused loop, and the local variables of its operands and results. */
interface Computation {
  readonly emit: Emit;
  readonly params: unknown;
  /** The local variables of each operand, or the operand itself if all its elements are equal. */
  readonly operands: readonly (Locals | Value)[];
  /** For each operand, whether it is a bool. */
  readonly areBools: readonly boolean[];
  readonly results: Locals;
  /** If the kernel also computes a second step: the function that returns its result, and the local variables. */
  readonly kept: { readonly name: VectorFunction; readonly results: Locals } | undefined;
}

/** The computations of a fused loop, and the local variables of its tensors. */
export interface Computations {
  readonly list: readonly Computation[];
  readonly loaded: ReadonlyMap<Access, Locals>;
  readonly computed: ReadonlyMap<Buffer, Locals>;
}

/**
 * Assigns local variables to the tensors of a fused loop. `newVectors` declares the variables of a tensor: a single
 * variable if its argument is true, because the tensor is constant along a row.
 */
export function computationsOf(
  steps: readonly ComputedStep[],
  { loads, loadOf }: Pick<Accesses, "loads" | "loadOf">,
  newVectors: (isRepeated: boolean) => Locals,
): Computations {
  const loaded = new Map(loads.map((each) => [each, newVectors(innerStride(each) === 0)]));
  const computed = new Map<Buffer, Locals>();
  const twins = new Set<ComputedStep>();
  const list = steps.flatMap((each, i): Computation[] => {
    if (twins.has(each)) return [];
    const { step, inputs, output } = each;
    const operands = inputs.map((x) =>
      x.uniform === undefined ? (computed.get(x.buffer) ?? loaded.get(loadOf.get(x)!)!) : x,
    );
    const areBools = inputs.map(({ dtype }) => dtype === "bool");
    const results = newVectors(false);
    computed.set(output.buffer, results);
    const { emit, twin } = elementwise.get(step.op)!;
    const partner = twin && twinOf(each, steps.slice(i + 1));
    if (twin === undefined || partner === undefined)
      return [{ emit, params: step.params, operands, areBools, results, kept: undefined }];
    twins.add(partner);
    const kept = { name: twin.kept, results: newVectors(false) };
    computed.set(partner.output.buffer, kept.results);
    const emitBoth: Emit = (_, { get, call }) => {
      get(0);
      call(twin.both);
    };
    return [{ emit: emitBoth, params: step.params, operands, areBools, results, kept }];
  });
  return { list, loaded, computed };
}
