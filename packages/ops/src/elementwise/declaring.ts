import { tensor } from "@wengert/core";
import { type Binary, defineOp, type Op, type OpSpec, type Unary, type VjpRule } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { irregular, positive } from "../declaring/samples.ts";
import { type ElementwiseLoop, elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";
import type { FunctionName, SingleFunctionName } from "../wasm/exports.ts";
import { functionInWasm } from "../wasm/maps.ts";
import { numericDType } from "./arithmetic.ts";

// The functions in this file declare elementwise ops of one or two inputs.

type Rule = VjpRule<Unary, undefined> | null;
interface FunctionOptions {
  readonly samplePoints?: readonly number[];
  readonly nonFinite?: OpSpec<Unary>["nonFinite"];
  readonly allowsIntegers?: boolean;
  /** The name of the function's WebAssembly kernel, if one exists. */
  readonly wasm?: FunctionName | SingleFunctionName;
}

/**
 * Declares y = f(x) elementwise. The VJP rule maps the cotangent g to g f′(x). Tests check the rule at `samplePoints`.
 */
export function elementwiseFunction(
  name: string,
  loop: ElementwiseLoop,
  rule: Rule,
  { samplePoints = [-1.5, -0.25, 0.5, 2], nonFinite, allowsIntegers = false, wasm }: FunctionOptions = {},
): Op<Unary> {
  return defineOp<Unary>({
    name,
    shape: ([x]) => x.shape,
    ...(allowsIntegers ? { dtype: (inputs) => numericDType(inputs) } : {}),
    batch: "broadcast",
    kernel: (out, inputs) => {
      if (wasm === undefined || !functionInWasm(out, inputs[0], wasm)) elementwise(out, inputs, loop);
    },
    vjp: [rule],
    ...(nonFinite === undefined ? {} : { nonFinite }),
    samples: () => [[tensor(samplePoints)], [tensor(samplePoints[0]!)]],
  });
}

/**
 * Returns a loop that calls `f`, a function of one number, for each element. Use this only for slow functions, because
 * the call itself takes time.
 */
export const loopOf =
  (f: (x: number) => number): ElementwiseLoop =>
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = f(a[p]!);
  };

/**
 * Returns a loop that calls `f`, a function of two numbers, for each pair of elements. Use this only for slow
 * functions, because the call itself takes time.
 */
export const pairLoopOf =
  (f: (a: number, b: number) => number): ElementwiseLoop =>
  (n, y, o, a, i, s, b, j, t) => {
    for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = f(a[p]!, b[q]!);
  };

type PairRule = VjpRule<Binary, undefined>;

/**
 * Declares y = f(a, b) elementwise, with NumPy's broadcasting. Each VJP rule computes a cotangent with the shape of y,
 * which is then summed over the axes along which the input was repeated.
 */
export function elementwisePair(
  name: string,
  loop: ElementwiseLoop,
  toA: PairRule,
  toB: PairRule,
  {
    arePositive = false,
    nonFinite,
  }: { readonly arePositive?: boolean; readonly nonFinite?: OpSpec<Binary>["nonFinite"] } = {},
): Op<Binary> {
  const values = arePositive ? positive : irregular;
  return defineOp<Binary>({
    name,
    shape: (inputs) => broadcastShape(inputs),
    batch: "broadcast",
    kernel: (out, inputs) => elementwise(out, inputs, loop),
    vjp: [
      (g, call) => unbroadcast(toA(g, call), call.inputs[0]),
      (g, call) => unbroadcast(toB(g, call), call.inputs[1]),
    ],
    ...(nonFinite === undefined ? {} : { nonFinite }),
    samples: () => [
      [values([2, 2]), values([2, 2], 2)],
      [values([2, 1]), values([3], 2)],
    ],
  });
}
