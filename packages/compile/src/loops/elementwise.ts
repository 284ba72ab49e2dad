import type { Program } from "@wengert/core";
import { accumulate } from "@wengert/core/extend";
import {
  abs,
  add,
  axpy,
  cast,
  clip,
  div,
  equal,
  exp,
  gelu,
  greater,
  greaterEqual,
  isFinite as isFiniteOp,
  isNaN as isNaNOp,
  leakyRelu,
  less,
  lessEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  relu,
  reshape,
  sigmoid,
  sign,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from "@wengert/ops";
import { geluSlope, reluPullback, sigmoidSlope, tanhSlope, type VectorFunction } from "@wengert/ops/extend";
import type { BitOp, Code, VectorOp } from "../assembling/assembler.ts";
import type { ComputedStep } from "../memory/layout.ts";

// The elementwise ops that fused loops compute, as vector instructions that give the same bits as eager ops. A vector
// has floats of the loop's dtype. Bools are masks: all bits of a lane are 1 for true, and 0 for false.

/** Emits the code of an op. */
export type Emit = (code: Code, context: EmitContext) => void;

interface EmitContext {
  /** Pushes operand k. */
  readonly get: (k: number) => void;
  /** For each operand, whether it is a bool. */
  readonly areBools: readonly boolean[];
  /** The number of bytes of a float in the fused loop: 4 or 8. */
  readonly width: 4 | 8;
  /**
   * Emits the call of a vector function, such as exp. The call replaces the vector at the top of the stack by the
   * result.
   */
  readonly call: (name: VectorFunction) => void;
  readonly params: unknown;
}

interface Elementwise {
  readonly emit: Emit;
  /**
   * The accepted dtypes: one letter for each input, then one letter for the output. The letter f is the float dtype of
   * the fused loop, and b is bool. The letter s is a float32 input of a float64 loop, which converts each element to
   * float64.
   */
  readonly types: readonly string[];
  /** Whether fused loops compute the op by calling a function, as for exp, and not by inline instructions. */
  readonly isCall?: boolean;
  /** Whether only float32 is accepted. */
  readonly isForSingles?: boolean;
  readonly twin?: Twin;
}

/** Describes a second op that a kernel can compute together with the first op, from the same float32 operand. */
interface Twin {
  readonly op: Program["steps"][number]["op"];
  /** The kernel function that computes two ops, such as gelu and its derivative. Returns the first result. */
  readonly both: VectorFunction;
  /**
   * The kernel function that returns the second result of `both`, such as the derivative of gelu. Call `both` first.
   */
  readonly kept: VectorFunction;
}

/**
 * Returns the float dtype of the fused loops that can compute a step of a program. Returns `"bool"` if all tensors of
 * the step are bools, and `undefined` if no fused loop can compute the step.
 */
export function dtypeOf({ step, inputs, output }: ComputedStep): "float32" | "float64" | "bool" | undefined {
  const rule = elementwise.get(step.op);
  if (rule === undefined) return undefined;
  const { dtype } = [output, ...inputs].find((x) => x.dtype !== "bool") ?? output;
  if (dtype === "int32") return undefined;
  let types = "";
  for (const value of [...inputs, output]) {
    if (value.dtype === "bool" || value.dtype === dtype) types += value.dtype === "bool" ? "b" : "f";
    else types += value.dtype === "float32" ? "s" : "?";
  }
  if (rule.isForSingles && dtype !== "float32") return undefined;
  return rule.types.includes(types) ? dtype : undefined;
}

const unary = (op: VectorOp): Elementwise => ({
  emit: (code, { get, width }) => {
    get(0);
    code.vector(op, width);
  },
  types: ["ff"],
});
const binary = (op: VectorOp, type = "fff"): Elementwise => ({
  emit: (code, { get, width }) => {
    get(0);
    get(1);
    code.vector(op, width);
  },
  types: [type],
});
const comparison = (op: VectorOp): Elementwise => binary(op, "ffb");
const logical = (op: BitOp): Elementwise => ({
  emit: (code, { get }) => {
    get(0);
    get(1);
    code.bits(op);
  },
  types: ["bbb"],
});
const called = (name: "exp" | "log" | "tanh" | "tanhSlope" | "sigmoid" | "sigmoidSlope"): Elementwise => ({
  emit: (_, { get, width, call }) => {
    get(0);
    call(width === 4 ? `${name}32x4` : `${name}64x2`);
  },
  types: ["ff"],
  isCall: true,
});

/** Describes an op that fused loops compute by calling a function. Fused loops compute such an op only in float32. */
const calledForSingles = (name: "gelu" | "geluSlope"): Elementwise => ({
  emit: (_, { get, call }) => {
    get(0);
    call(`${name}32x4`);
  },
  types: ["ff"],
  isCall: true,
  isForSingles: true,
});

export const elementwise: ReadonlyMap<Program["steps"][number]["op"], Elementwise> = /* @__PURE__ */ new Map<
  unknown,
  Elementwise
>([
  [add.spec, binary("add")],
  [accumulate.spec, binary("add")],
  [sub.spec, binary("sub")],
  [mul.spec, binary("mul")],
  [div.spec, binary("div")],
  [maximum.spec, binary("max")],
  [minimum.spec, binary("min")],
  [neg.spec, unary("neg")],
  [
    reshape.spec, // copies the elements, if they are not row-major
    {
      emit: (_, { get }) => get(0),
      types: ["ff", "bb"],
    },
  ],
  [abs.spec, unary("abs")],
  [sqrt.spec, unary("sqrt")],
  [exp.spec, called("exp")],
  [log.spec, called("log")],
  [tanh.spec, called("tanh")],
  [tanhSlope.spec, called("tanhSlope")],
  [sigmoid.spec, called("sigmoid")],
  [sigmoidSlope.spec, called("sigmoidSlope")],
  [
    gelu.spec,
    {
      ...calledForSingles("gelu"),
      twin: { op: geluSlope.spec as Twin["op"], both: "geluKeepingSlope32x4", kept: "keptGeluSlope32x4" },
    },
  ],
  [geluSlope.spec, calledForSingles("geluSlope")],
  [equal.spec, comparison("eq")],
  [notEqual.spec, comparison("ne")],
  [less.spec, comparison("lt")],
  [lessEqual.spec, comparison("le")],
  [greater.spec, comparison("gt")],
  [greaterEqual.spec, comparison("ge")],
  [logicalAnd.spec, logical("and")],
  [logicalOr.spec, logical("or")],
  [logicalXor.spec, logical("xor")],
  [
    logicalNot.spec,
    {
      emit: (code, { get }) => {
        get(0);
        code.bits("not");
      },
      types: ["bb"],
    },
  ],
  [
    isNaNOp.spec,
    {
      emit: (code, { get, width }) => {
        get(0);
        get(0);
        code.vector("ne", width);
      },
      types: ["fb"],
    },
  ],
  [
    isFiniteOp.spec,
    {
      emit: (code, { get, width }) => {
        get(0);
        code.vector("abs", width).splat(width, Infinity).vector("lt", width);
      },
      types: ["fb"],
    },
  ],
  [
    where.spec,
    {
      emit: (code, { get }) => {
        get(1);
        get(2);
        get(0);
        code.bits("select");
      },
      types: ["bfff", "bbbb"],
    },
  ],
  [
    cast.spec, // a loop converts float32 to float64 when it loads the elements
    {
      emit: (code, { get, areBools, width, params }) => {
        get(0);
        if ((params as { readonly dtype: string }).dtype === "bool") code.splat(width, 0).vector("ne", width);
        else if (areBools[0]) code.splat(width, 1).bits("and");
      },
      types: ["bf", "fb", "sf"],
    },
  ],
  [
    square.spec,
    {
      emit: (code, { get, width }) => {
        get(0);
        get(0);
        code.vector("mul", width);
      },
      types: ["ff"],
    },
  ],
  [
    sign.spec, // ±1 where x is not 0 or NaN, else x
    {
      emit: (code, { get, width }) => {
        get(0);
        code.splat(width, -0).bits("and").splat(width, 1).bits("or");
        get(0);
        get(0);
        code.vector("abs", width).splat(width, 0).vector("gt", width).bits("select");
      },
      types: ["ff"],
    },
  ],
  [
    clip.spec, // rounding a bound to float32 before the comparison gives the same float32 as rounding the result
    {
      emit: (code, { get, width, params }) => {
        const { min = -Infinity, max = Infinity } = params as { readonly min?: number; readonly max?: number };
        get(0);
        code.splat(width, min).vector("max", width).splat(width, max).vector("min", width);
      },
      types: ["ff"],
    },
  ],
  [
    relu.spec,
    {
      emit: (code, { get, width }) => {
        get(0);
        code.splat(width, 0).vector("max", width);
      },
      types: ["ff"],
    },
  ],
  [
    leakyRelu.spec, // multiplies doubles, since the slope is a double
    {
      emit: (code, { get, width, params }) => {
        const { slope } = params as { readonly slope: number };
        get(0);
        if (width === 4) {
          code.promoteLow().splat(8, slope).vector("mul", 8).demote();
          get(0);
          get(0);
          code.promoteHigh().splat(8, slope).vector("mul", 8).demote().joinHalves();
        } else code.splat(8, slope).vector("mul", 8);
        get(0);
        get(0);
        code.splat(width, 0).vector("gt", width);
        // The instruction `select` takes slope · x where the mask is set, and x elsewhere. The mask must therefore be
        // the inverse of x > 0.
        code.bits("not").bits("select");
      },
      types: ["ff"],
    },
  ],
  [
    reluPullback.spec, // g where x > 0, else 0
    {
      emit: (code, { get, width }) => {
        get(1);
        get(0);
        code.splat(width, 0).vector("gt", width).bits("and");
      },
      types: ["fff"],
    },
  ],
  [
    axpy.spec, // rounds the product, then the sum
    {
      emit: (code, { get, width }) => {
        get(0);
        get(1);
        code.vector("mul", width);
        get(2);
        code.vector("add", width);
      },
      types: ["ffff"],
    },
  ],
]) as ReadonlyMap<Program["steps"][number]["op"], Elementwise>;
