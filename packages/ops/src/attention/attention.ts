import { ArgumentError, DTypeError, ShapeError, Tensor, type TensorLike, tensor } from "@wengert/core";
import {
  describe,
  type Operand,
  prefixErrors,
  type Shape,
  shapeText,
  sharedFloat,
  show,
  sizeOf,
  tensorHint,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { arange } from "../creation/sequences.ts";
import { booleanOption, broadcastShape } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { lessEqual, logicalAnd } from "../elementwise/compare.ts";
import { where } from "../elementwise/where.ts";
import { matmul } from "../products/matmul.ts";
import { reshape, transpose } from "../shapes/reshape.ts";
import { softmax } from "../softmax/softmax.ts";

export interface AttentionOptions {
  /**
   * A bool mask: true for each pair of a query and a key to include. The mask broadcasts to [..., queries, keys].
   * Default: all pairs.
   */
  readonly mask?: TensorLike | undefined;
  /**
   * Whether each query attends only to keys up to its own position. The last query is aligned with the last key.
   * Default: false.
   */
  readonly causal?: boolean | undefined;
}

type Attention = (query: TensorLike, key: TensorLike, value: TensorLike, options?: AttentionOptions) => Tensor;

/**
 * Returns softmax(Q Kᵀ / √d) V for queries Q [..., T, d], keys K [..., S, d] and values V [..., S, n]. For each query,
 * the result is a mean of the values, weighted by the softmax of the query's inner products with the keys. With
 * `causal`, query i includes the keys j ≤ i + S − T, so the last query includes all keys. A query that includes no key
 * gives 0, with gradient 0. Excluded keys have no effect, even if they are NaN. Per batch entry, the only temporary
 * arrays of T × S entries are the scores, the masked scores and the weights.
 */
export const scaledDotProductAttention: Sampled<Attention> = /* @__PURE__ */ withSamples<Attention>(
  (query, key, value, options) => {
    const complete = withDefaults<AttentionOptions>("scaledDotProductAttention", options, {
      mask: undefined,
      causal: false,
    });
    const inputs = toTensors("scaledDotProductAttention", [query, key, value], 3);
    const [q, k, v] = inputs as [Tensor, Tensor, Tensor];
    const included = prefixErrors("scaledDotProductAttention", () => {
      sharedFloat(inputs, inputNames);
      return includedPairs(complete, scoresShape(q, k, v));
    });
    // Scaling the queries instead of the scores saves a temporary array with an entry for each pair of a query and a
    // key.
    const scaled = mul(q, 1 / Math.sqrt(Math.max(1, q.shape.at(-1)!)));
    const rank = k.shape.length;
    const scores = matmul(scaled, transpose(k, { axes: [...Array(rank - 2).keys(), rank - 1, rank - 2] }));
    if (included === undefined) return matmul(softmax(scores), v);
    const weights = included.mayBeEmpty
      ? softmax(scores, { where: included.mask })
      : softmax(where(included.mask, scores, -Infinity));
    return matmul(weights, v);
  },
  () => [
    [irregular([2, 2, 3]), irregular([2, 3, 3], 2), irregular([2, 3, 2], 3)],
    [irregular([2, 2]), irregular([3, 2], 2), irregular([3, 1], 3), { causal: true }],
    [
      irregular([3, 2]),
      irregular([2, 2], 2),
      irregular([2, 2], 3),
      {
        causal: true,
        mask: tensor([
          [true, true],
          [true, true],
          [false, true],
        ]),
      },
    ],
  ],
);

const inputNames = ["query", "key", "value"];

/**
 * Returns the shape of the scores, [..., queries, keys].
 * @throws ShapeError if the shapes of queries, keys and values do not fit
 */
function scoresShape(q: Operand, k: Operand, v: Operand): Shape {
  for (const [i, x] of [q, k, v].entries())
    if (x.shape.length < 2)
      throw new ShapeError(`${describe(x, inputNames[i])} must have the axes [..., positions, size]; write expandDims`);
  const batch = broadcastShape([q, k, v], inputNames, 2);
  const [[T, d], [S, keySize], [positions]] = [q, k, v].map(({ shape }) => shape.slice(-2)) as [number, number][] as [
    [number, number],
    [number, number],
    [number],
  ];
  if (d !== keySize)
    throw new ShapeError(
      `${describe(q, "query")} and ${describe(k, "key")} must have the same size along the last axis, got ${d} and ${keySize}`,
    );
  if (S === positions) return [...batch, T, S];
  throw new ShapeError(
    `${describe(k, "key")} and ${describe(v, "value")} must have the same number of positions, got ${S} and ${positions}`,
  );
}

/**
 * Returns undefined if neither the option `mask` nor the option `causal` is set. Otherwise returns `mask`, which is
 * true for each pair of a query and a key to include, and `mayBeEmpty`, whether some query may include no key.
 */
function includedPairs(
  { mask, causal }: { readonly [K in keyof AttentionOptions]-?: AttentionOptions[K] | undefined },
  scores: Shape,
): { readonly mask: Tensor; readonly mayBeEmpty: boolean } | undefined {
  const isCausal = booleanOption("causal", causal);
  const given = mask === undefined ? undefined : maskFor(mask, scores);
  const [T, S] = scores.slice(-2) as [number, number];
  if (!isCausal) return given && { mask: given, mayBeEmpty: true };
  const upTo = positions(S - T, [T, 1]);
  const past = lessEqual(positions(0, [1, S]), upTo);
  return given ? { mask: logicalAnd(given, past), mayBeEmpty: true } : { mask: past, mayBeEmpty: T > S };
}

const positions = (from: number, shape: Shape): Tensor =>
  reshape(arange(from, from + sizeOf(shape), { dtype: "int32" }), { shape });

function maskFor(mask: unknown, scores: Shape): Tensor {
  if (!(mask instanceof Tensor))
    throw new ArgumentError(`mask must be a bool tensor, got ${show(mask)}${tensorHint(mask)}`);
  if (mask.dtype !== "bool") {
    const hint = `write notEqual(${mask.label ?? "mask"}, 0)`;
    throw new DTypeError(`mask must be bool, got ${describe(mask, "mask")} with dtype ${mask.dtype}; ${hint}`);
  }
  const missing = scores.length - mask.shape.length;
  if (missing >= 0 && mask.shape.every((n, i) => n === 1 || n === scores[i + missing])) return mask;
  throw new ShapeError(
    `${describe(mask, "mask")} must broadcast to the scores, ${shapeText(scores)}; its sizes must be equal, or 1, counted from the last axis`,
  );
}
