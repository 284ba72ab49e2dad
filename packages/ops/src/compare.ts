import { type Binary, DTypeError, defineOp, describe, type Op, type Operand } from "@wengert/core";
import { broadcastShape } from "./axes.ts";
import { type ElementwiseLoop, elementwise } from "./loops.ts";
import { irregular } from "./samples.ts";

// y = a ∘ b as bool, by NumPy's broadcasting. Piecewise constant: nothing flows back.

function comparison(name: string, loop: ElementwiseLoop): Op<Binary> {
  return defineOp<Binary>({
    name,
    shape: (inputs) => broadcastShape(name, inputs),
    dtype: (inputs) => comparable(name, inputs),
    kernel: (out, inputs) => elementwise(out, inputs, loop),
    vjp: [null, null],
    samples: () => [[irregular([2, 2]), irregular([2], 2)]],
  });
}

function comparable(name: string, [a, b]: readonly [Operand, Operand]): "bool" {
  if (a.dtype === b.dtype) return "bool";
  const cast = `cast(${b.label ?? "b"}, { dtype: "${a.dtype}" })`;
  throw new DTypeError(`${name}: ${describe(a, "a")} is ${a.dtype}, ${describe(b, "b")} is ${b.dtype}; write ${cast}`);
}

export const equal: Op<Binary> = comparison("equal", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p] === b[q] ? 1 : 0;
});
export const notEqual: Op<Binary> = comparison("notEqual", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p] !== b[q] ? 1 : 0;
});
export const less: Op<Binary> = comparison("less", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! < b[q]! ? 1 : 0;
});
export const lessEqual: Op<Binary> = comparison("lessEqual", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! <= b[q]! ? 1 : 0;
});
export const greater: Op<Binary> = comparison("greater", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! > b[q]! ? 1 : 0;
});
export const greaterEqual: Op<Binary> = comparison("greaterEqual", (n, y, o, a, i, s, b, j, t) => {
  for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = a[p]! >= b[q]! ? 1 : 0;
});
