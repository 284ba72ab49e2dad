import { type DType, ShapeError, type Tensor } from "@wengert/core";
import { defineOp, type Op, prefixErrors, ravel, shapeText, type Unary, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { factorQR } from "../linalg/householder.ts";
import { inFloat64 } from "../loops/alongAxes.ts";
import { reshapeTo, transpose } from "../shapes/reshape.ts";
import { checkKey, drawingSamples } from "./distributions.ts";
import { checkDrawing, type RandomOptions, randomDefaults, randomNormal } from "./random.ts";

type Orthogonal = (key: Tensor, options: RandomOptions) => Tensor;

/**
 * Returns the factor Q, [n, m], of xᵀ = Q R for x [m, n] with m ≤ n. The diagonal of R is not negative, so Q is unique.
 * If the entries of x are standard normal numbers, all matrices Q with orthonormal columns are equally likely (F.
 * Mezzadri, arXiv math-ph/0609050).
 */
const orthonormalColumns: Op<Unary, { readonly dtype: DType }> = /* @__PURE__ */ defineOp({
  name: "orthogonal",
  options: { dtype: undefined },
  shape: ([x]) => [x.shape[1]!, x.shape[0]!],
  dtype: (_, { dtype }) => dtype,
  kernel: (out, [x]) =>
    inFloat64(out, ({ data }) => {
      const [m, n] = x.shape as [number, number];
      factorQR(Float64Array.from(ravel(x)), n, m, data as Float64Array, new Float64Array(m * m));
    }),
  vjp: [null],
  samples: () => [[irregular([2, 3]), { dtype: "float64" }]],
});

/**
 * Returns a random matrix with orthonormal columns, or with orthonormal rows if it has fewer rows than columns. All
 * such matrices are equally likely. Axes before the last count as rows. Multiplication by an orthogonal matrix
 * preserves the length of vectors. From A. M. Saxe and others (2014).
 * @throws ShapeError unless the shape has two axes or more
 */
export const orthogonal: Sampled<Orthogonal> = /* @__PURE__ */ withSamples<Orthogonal>((key, options) => {
  const given = withDefaults<RandomOptions>("orthogonal", options, randomDefaults);
  const { shape, dtype } = prefixErrors("orthogonal", () => checkDrawing(given));
  if (shape.length < 2)
    throw new ShapeError(`orthogonal: a matrix needs two axes or more, got ${shapeText(shape)}; add an axis`);
  const columns = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((size, n) => size * n, 1);
  const [fewer, more] = [Math.min(rows, columns), Math.max(rows, columns)];
  const q = orthonormalColumns(randomNormal(checkKey("orthogonal", key), { shape: [fewer, more] }), { dtype });
  return reshapeTo(rows < columns ? transpose(q) : q, shape);
}, drawingSamples);
