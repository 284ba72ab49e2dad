import { readFileSync } from "node:fs";
import { type Tensor, tensor, zeros } from "@wengert/core";
import { type Shape, sizeOf } from "@wengert/core/extend";
import { numbers } from "../../support.ts";

type Nested = number | boolean | readonly Nested[];
/** A tensor in the golden file: `{ float64: [[1, 2]] }`, `{ float64: [], shape: [0, 2] }` or `{ zeros: [1, 2] }`. */
export type Golden = Readonly<Record<string, Nested>>;

/** A call of an op with PyTorch's results; make.py documents the fields. */
export interface Case {
  readonly op: string;
  readonly args: readonly unknown[];
  readonly error?: string;
  readonly value?: Golden;
  readonly u?: Golden;
  readonly cotangents?: readonly Golden[];
  readonly v?: readonly Golden[];
  readonly second?: readonly Golden[];
}

const file = readFileSync(new URL("../torch.json", import.meta.url), "utf8");
const special = new Set<unknown>(["NaN", "Infinity", "-Infinity"]); // numbers that JSON cannot represent
export const goldens = JSON.parse(file, (_, x) => (special.has(x) ? Number(x) : x)) as Readonly<
  Record<"cases" | "models" | "points" | "edges", readonly Case[]>
>;

/** The result of a call: the elements, dtype and shape of a tensor, or the name of an error. */
export type Answer = string | { readonly dtype: string; readonly shape: Shape; readonly values: readonly number[] };

export const answerOf = (t: Tensor): Answer => ({ dtype: t.dtype, shape: t.shape, values: numbers(t) });

export function read(golden: Golden): Answer {
  const [[dtype, nested]] = Object.entries(golden) as [[string, Nested]];
  if (dtype === "zeros") {
    const shape = nested as Shape;
    return { dtype: "float64", shape, values: new Array<number>(sizeOf(shape)).fill(0) };
  }
  const shape = (golden.shape as Shape | undefined) ?? shapeOf(nested);
  return { dtype, shape, values: [nested as unknown].flat(Number.POSITIVE_INFINITY).map(Number) };
}

const shapeOf = (x: Nested): number[] => (typeof x === "object" ? [x.length, ...shapeOf(x[0]!)] : []);

/** Applies `f` to each tensor in the arguments of a test case. */
export function withGoldens(x: unknown, f: (golden: Golden) => unknown): unknown {
  if (typeof x !== "object" || x === null) return x;
  if (Array.isArray(x)) return x.map((entry) => withGoldens(entry, f));
  if (dtypes.some((dtype) => dtype in x)) return f(x as Golden);
  return Object.fromEntries(Object.entries(x).map(([key, entry]) => [key, withGoldens(entry, f)]));
}
const dtypes = ["float64", "float32", "int32", "bool"] as const;

export function tensorOf(golden: Golden): Tensor {
  const dtype = dtypes.find((name) => name in golden)!;
  return "shape" in golden ? zeros(golden.shape as Shape, { dtype }) : tensor(golden[dtype]!, { dtype });
}

/** Returns the call as source text. Large tensors are shown only by dtype and shape. */
export function textOf({ op, args }: Case): string {
  const text = (x: unknown): string => {
    if (Array.isArray(x)) return `[${x.map(text).join(", ")}]`;
    if (typeof x !== "object" || x === null) return Object.is(x, -0) ? "-0" : String(x);
    const dtype = dtypes.find((name) => name in x);
    if (dtype === undefined) {
      const entries = Object.entries(x).map(([key, entry]) => `${key}: ${text(entry)}`);
      return `{ ${entries.join(", ")} }`;
    }
    const { shape, values } = read(x as Golden) as Exclude<Answer, string>;
    if (values.length > 6 || (values.length === 0 && shape.length > 1)) return `${dtype} [${shape.join(", ")}]`;
    return (dtype === "float64" ? "" : `${dtype} `) + text((x as Golden)[dtype]);
  };
  const argument = (x: unknown) => (typeof x === "number" ? `number ${x}` : text(x));
  return `${op}(${args.map(argument).join(", ")})`;
}

/** Splits a test case that lists several points into a test case for each point. */
export function pointsOf(whole: Case): Case[] {
  const isList = (x: unknown): x is Golden => typeof x === "object" && x !== null && dtypes.some((name) => name in x);
  const at = (x: unknown, i: number): unknown => {
    if (Array.isArray(x)) return x.map((entry) => at(entry, i));
    if (!isList(x)) return typeof x === "object" && x !== null && "zeros" in x ? { zeros: [] } : x;
    const [[dtype, list]] = Object.entries(x) as [[string, readonly Nested[]]];
    return { [dtype]: list[i] };
  };
  const points = (read(whole.args[0] as Golden) as Exclude<Answer, string>).values;
  return points.map(
    (_, i) => Object.fromEntries(Object.entries(whole).map(([key, x]) => [key, at(x, i)])) as unknown as Case,
  );
}
