import assert from "node:assert/strict";
import { add, exp, explain, mul, record, type Tensor, tensor } from "./tape.ts";

// Evaluating (x + y) · exp(x) at x = 0, y = 5 records three steps
const f = (x: Tensor, y: Tensor) => mul(add(x, y), exp(x));
const { value, tape } = record(f, tensor(0), tensor(5));
assert.equal(value.item(), 5);
assert.equal(
  explain(tape),
  `#1 = add(0, 5) = 5
#2 = exp(0) = 1
#3 = mul(#1, #2) = 5`,
);

// A loop that calls add three times records three steps. The loop itself is not recorded
const doubled = record((x) => {
  let y = x;
  for (let i = 0; i < 3; i++) y = add(y, y);
  return y;
}, tensor(1));
assert.equal(explain(doubled.tape).split("\n").length, 3);

// No tape is active outside of record, even after f threw an error
const before = explain(tape);
assert.throws(() => record(() => JSON.parse("oops"), tensor(1)));
add(tensor(1), tensor(2));
assert.equal(explain(tape), before);

console.log("step 2 passes");
