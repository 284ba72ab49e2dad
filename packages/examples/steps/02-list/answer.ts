import assert from "node:assert/strict";
import { add, exp, mul, record, type Tape, type Tensor, tensor } from "./tape.ts";

/** Runs the recorded steps on new inputs and returns the last output. */
function replay(tape: Tape, inputs: readonly Tensor[], others: readonly Tensor[]): Tensor {
  const stand = new Map(inputs.map((x, i) => [x, others[i]]));
  let last = others[0];
  for (const { op, inputs, output } of tape) {
    last = op.compute(...inputs.map((x) => stand.get(x) ?? x));
    stand.set(output, last);
  }
  return last;
}

const f = (x: Tensor, y: Tensor) => mul(add(x, y), exp(x));
const { inputs, tape } = record(f, tensor(0), tensor(5));
assert.equal(replay(tape, inputs, [tensor(1), tensor(2)]).item(), f(tensor(1), tensor(2)).item());
