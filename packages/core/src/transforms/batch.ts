import { insertAxes, repeatAlong } from "../autodiff/axes.ts";
import { pack, part, unpack } from "../autodiff/fanout.ts";
import { type AnyOpSpec, apply, type BatchCall, type Inputs } from "../autodiff/op.ts";
import type { Step } from "../autodiff/tape.ts";
import { ShapeError, show } from "../checks/errors.ts";
import { zeros } from "../values/create.ts";
import { isAlike, kindText, type Operand, Tensor } from "../values/tensor.ts";
import type { ReplayMode, Values } from "./replay.ts";

// vmap runs a function once on tensors without values, each with the shape of one entry. This file applies the recorded
// steps to tensors that hold all entries of the batch, along axis 0.

/**
 * Returns a tensor with the values of `x` for all entries of the batch, along axis 0. A tensor that does not depend on
 * the batch is repeated.
 */
const batchOf = (x: Tensor, values: Values, size: number): Tensor => values.get(x) ?? repeatAlong(x, { axis: 0, size });

/**
 * Applies recorded steps to tensors that hold a batch of `size` entries along axis 0. Tensors that are not in the map
 * `values` are the same for all entries and have no batch axis.
 */
export const onBatch = (size: number): ReplayMode => ({
  apply: (step, values) => applyToBatch(step, values, size),
  valueOf: (x, values) => batchOf(x, values, size),
  dry: ({ shape, dtype, label }) => new Tensor(shape.slice(1), dtype, undefined, label),
});

/**
 * Applies the op of a step to all entries of the batch, by the op's `batch` rule.
 * @throws ShapeError if the rule returns another shape or dtype
 */
function applyToBatch(step: Step, values: Values, size: number): Tensor {
  const call = batchCall(step, values, size);
  const result = ruleOf(step.op as AnyOpSpec)(call);
  const expected: Operand = { ...call.output, shape: [size, ...call.output.shape] };
  const isTensor = result instanceof Tensor;
  if (isTensor && isAlike(result, expected)) return result;
  throw new ShapeError(
    `vmap: the batch rule of ${step.op.name} must return ${kindText(expected)}, got ${isTensor ? kindText(result) : show(result)}`,
  );
}

type AnyBatchCall = BatchCall<Inputs, unknown>;

function batchCall(step: Step, values: Values, size: number): AnyBatchCall {
  const { op, inputs: operands, params, output } = step as Step<AnyOpSpec>;
  const withBatch = (k: number) => batchOf(operands[k]!, values, size);
  return {
    inputs: operands.map((x) => values.get(x) ?? x),
    batched: operands.map((x) => values.has(x)),
    params,
    size,
    operands,
    output,
    withBatch,
    again: (newParams, newInputs = operands.map((_, k) => withBatch(k))) =>
      apply(op, newInputs, newParams, output.label),
    perEntry: () => {
      const each = operands.map((x) => (values.has(x) ? entriesOf(values.get(x)!, x, size) : undefined));
      const entryInputs = (i: number) => operands.map((x, k) => each[k]?.[i] ?? x);
      return stackEntries(
        Array.from({ length: size }, (_, i) => apply(op, entryInputs(i), params, output.label)),
        output,
      );
    },
  };
}

function ruleOf({ batch }: AnyOpSpec): (call: AnyBatchCall) => Tensor {
  if (typeof batch === "function") return batch;
  if (batch === "broadcast") return broadcastRule;
  return batch === "shift" ? shiftRule : ({ perEntry }) => perEntry();
}

/**
 * Inserts axes of size 1 after the batch axis of inputs with fewer axes. Otherwise, broadcasting would align the batch
 * axis with another axis.
 */
function broadcastRule({ inputs, batched, operands, params, again }: AnyBatchCall): Tensor {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  const aligned = inputs.map((x, k) => {
    const missing = rank - operands[k]!.shape.length;
    return batched[k] && missing > 0 ? insertAxes(x, { axes: Array.from({ length: missing }, (_, i) => i + 1) }) : x;
  });
  return again(params, aligned);
}

/** Adds 1 to the axes in the params of the op, because axis 0 of a batched input is the batch. */
function shiftRule({ params, again }: AnyBatchCall): Tensor {
  const { axis, axes } = (params ?? {}) as { readonly axis?: number; readonly axes?: readonly number[] };
  return again(
    params && {
      ...params,
      ...(axis === undefined ? {} : { axis: axis + 1 }),
      ...(axes === undefined ? {} : { axes: axes.map((each) => each + 1) }),
    },
  );
}

/** Splits a tensor with a batch axis 0 into one tensor for each entry of the batch. */
const entriesOf = (x: Tensor, entry: Operand, size: number): readonly Tensor[] =>
  unpack(pack([x]), new Array<Operand>(size).fill(entry));

/** Joins entries along a new axis 0. `entry` is an example with the shape and dtype of an entry. */
function stackEntries(entries: readonly Tensor[], { shape, dtype }: Operand): Tensor {
  const all = [entries.length, ...shape];
  return entries.length === 0 ? zeros(all, { dtype }) : part(pack(entries), { shape: all, offset: 0 });
}
