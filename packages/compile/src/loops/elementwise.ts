import type { Program } from "@wengert/core";
import { accumulate, alias } from "@wengert/core/extend";
import { abs, add, axpy, div, mul, neg, relu, sqrt, square, sub } from "@wengert/ops";
import { reluPullback } from "@wengert/ops/extend";
import type { Code, VectorOp } from "../assembling/assembler.ts";

/** Emits the code of an elementwise op. `get(k)` pushes operand k, a vector of floats of `width` bytes. */
export type Emit = (code: Code, get: (k: number) => void, width: 4 | 8) => void;

const unary =
  (op: VectorOp): Emit =>
  (code, get, width) => {
    get(0);
    code.vector(op, width);
  };
const binary =
  (op: VectorOp): Emit =>
  (code, get, width) => {
    get(0);
    get(1);
    code.vector(op, width);
  };

/** The elementwise ops that groups compute. Each vector instruction gives the same bits as the op's loop. */
export const elementwise: ReadonlyMap<Program["steps"][number]["op"], Emit> = /* @__PURE__ */ new Map<unknown, Emit>([
  [add.spec, binary("add")],
  [accumulate.spec, binary("add")],
  [sub.spec, binary("sub")],
  [mul.spec, binary("mul")],
  [div.spec, binary("div")],
  [neg.spec, unary("neg")],
  [abs.spec, unary("abs")],
  [sqrt.spec, unary("sqrt")],
  [
    square.spec,
    (code, get, width) => {
      get(0);
      get(0);
      code.vector("mul", width);
    },
  ],
  [
    relu.spec,
    (code, get, width) => {
      get(0);
      code.splat(width, 0).vector("max", width);
    },
  ],
  [
    reluPullback.spec, // g where x > 0, else 0
    (code, get, width) => {
      get(1);
      get(0);
      code.splat(width, 0).vector("gt", width).and();
    },
  ],
  [
    axpy.spec, // rounds the product, then the sum
    (code, get, width) => {
      get(0);
      get(1);
      code.vector("mul", width);
      get(2);
      code.vector("add", width);
    },
  ],
  [alias.spec, (_, get) => get(0)],
]) as ReadonlyMap<Program["steps"][number]["op"], Emit>;
