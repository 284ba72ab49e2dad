import { type DType, ShapeError, type Tensor } from "@wengert/core";
import { defineOp, type Op, prefixErrors, ravel, shapeText, type Unary, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { inFloat64 } from "../loops/alongAxes.ts";
import { innerProduct } from "../loops/slices.ts";
import { reshapeTo, transpose } from "../shapes/reshape.ts";
import { checkKey, drawingSamples } from "./distributions.ts";
import { checkDrawing, type RandomOptions, randomDefaults, randomNormal } from "./random.ts";

type Orthogonal = (key: Tensor, options: RandomOptions) => Tensor;

/**
 * Returns the rows made orthonormal, one after the other, by the Gram–Schmidt method. Each row is projected twice,
 * because a single projection would leave rounding errors that are not orthogonal.
 */
const orthonormalRows: Op<Unary, { readonly dtype: DType }> = /* @__PURE__ */ defineOp({
  name: "orthogonal",
  options: { dtype: undefined },
  shape: ([x]) => x.shape,
  dtype: (_, { dtype }) => dtype,
  kernel: (out, [x]) =>
    inFloat64(out, ({ data }) => {
      const [rows, n] = x.shape as [number, number];
      data.set(ravel(x));
      for (let i = 0; i < rows; i++) {
        const row = i * n;
        for (let k = 0; k < 2 * i; k++) {
          const other = (k % i) * n;
          const share = innerProduct(n, data, row, 1, data, other, 1);
          for (let l = 0; l < n; l++) data[row + l]! -= share * data[other + l]!;
        }
        const length = Math.sqrt(innerProduct(n, data, row, 1, data, row, 1));
        for (let l = 0; l < n; l++) data[row + l]! /= length;
      }
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
  const q = orthonormalRows(randomNormal(checkKey("orthogonal", key), { shape: [fewer, more] }), { dtype });
  return reshapeTo(rows < columns ? q : transpose(q), shape);
}, drawingSamples);
