import { ArgumentError, DTypeError } from "@wengert/core";
import {
  assign,
  defineOp,
  describe,
  isList,
  type Op,
  type Operand,
  shapeText,
  show,
  type Unary,
} from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";
import { slice } from "./slice.ts";

type Widths = readonly (readonly [before: number, after: number])[];

export interface PadOptions {
  /** The numbers of entries to add along each axis of x: a list of pairs [before, after]. */
  readonly widths: Widths;
  /** The number to pad with. Default: 0. */
  readonly value?: number | undefined;
}

interface Padding {
  readonly widths: Widths;
  readonly value: number;
}

/**
 * Returns x with entries of `value` before and after it along each axis. The VJP cuts the added entries off the
 * cotangent.
 */
export const pad: Op<Unary, Padding, PadOptions> = /* @__PURE__ */ defineOp({
  name: "pad",
  options: { widths: undefined, value: 0 },
  params: (options, [x]) => {
    const { widths, value = 0 } = options;
    if (typeof value !== "number") throw new ArgumentError(`value must be a number, got ${show(value)}`);
    const pairs = parsePairs(widths);
    if (pairs?.length === x.shape.length) return { widths: pairs, value };
    const expected = `one pair [before, after] for each of the ${x.shape.length} axes of ${describe(x)}`;
    throw new ArgumentError(
      `widths must be ${expected}, whole numbers of at least 0; got ${widthsText(widths)}${pairsHint(widths, x.shape.length)}`,
    );
  },
  shape: ([x], { widths }) => x.shape.map((n, axis) => widths[axis]![0] + n + widths[axis]![1]),
  dtype: ([x], { value }) => paddedDType(x, value),
  batch: ({ params: { widths, value }, again }) => again({ widths: [[0, 0], ...widths], value }),
  kernel: (out, [x], { widths, value }) => {
    out.data.fill(value);
    assign(out.lo(...widths.map(([before]) => before)).hi(...x.shape), x);
  },
  flops: () => 0,
  vjp: [
    (g, { inputs: [x], params: { widths } }) => {
      const start = widths.map(([before]) => before);
      return slice(g, { start, stop: start.map((from, axis) => from + x.shape[axis]!) });
    },
  ],
  samples: () => [
    [
      irregular([2, 3]),
      {
        widths: [
          [1, 0],
          [2, 1],
        ],
        value: 5,
      },
    ],
    [irregular([2]), { widths: [[0, 2]] }],
  ],
});

/**
 * Returns a copy of `widths`, because callers may change their list later; undefined unless `widths` is a list of
 * pairs.
 */
function parsePairs(widths: unknown): Widths | undefined {
  if (!isList(widths)) return undefined;
  const pairs = widths.map((pair) => (isList(pair) ? [...pair] : []));
  return pairs.every(isPair) ? (pairs as unknown as Widths) : undefined;
}

const isPair = (pair: unknown): boolean =>
  isList(pair) && pair.length === 2 && pair.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);

/**
 * Returns a hint if the caller passed a number, or a single pair for an array of one axis. The hint suggests a list
 * with a pair for each axis.
 */
function pairsHint(widths: unknown, rank: number): string {
  const pair = typeof widths === "number" ? [widths, widths] : widths;
  if (parsePairs([pair]) === undefined || (rank !== 1 && typeof widths !== "number")) return "";
  return `; write ${widthsText(Array(rank).fill(pair))}`;
}

const widthsText = (widths: unknown): string => (isList(widths) ? shapeText(widths) : show(widths));

function paddedDType(x: Operand, value: number): Operand["dtype"] {
  const fits = x.dtype === "bool" ? value === 0 || value === 1 : x.dtype !== "int32" || value === (value | 0);
  if (fits) return x.dtype;
  throw new DTypeError(
    `value ${value} is not representable in ${x.dtype}, the dtype of ${describe(x)}; write cast(${x.label ?? "x"}, { dtype: "float64" })`,
  );
}
