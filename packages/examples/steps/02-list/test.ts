import assert from "node:assert/strict";
import { add, exp, explain, mul, record, type Tensor, tensor } from "./tape.ts";

// (x + y) · exp(x) at (0, 5) is a list of three steps
const f = (x: Tensor, y: Tensor) => mul(add(x, y), exp(x));
const { value, tape } = record(f, tensor(0), tensor(5));
assert.equal(value.item(), 5);
assert.equal(
  explain(tape),
  `#1 = add(0, 5) = 5
#2 = exp(0) = 1
#3 = mul(#1, #2) = 5`,
);

// A loop is not on the tape; its steps are
const doubled = record((x) => {
  let y = x;
  for (let i = 0; i < 3; i++) y = add(y, y);
  return y;
}, tensor(1));
assert.equal(explain(doubled.tape).split("\n").length, 3);

// Outside record no tape is active, also after an error
const before = explain(tape);
assert.throws(() => record(() => JSON.parse("oops"), tensor(1)));
add(tensor(1), tensor(2));
assert.equal(explain(tape), before);

console.log("step 2 passes");
