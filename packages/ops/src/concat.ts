import {
  ArgumentError,
  DTypeError,
  defineOp,
  describe,
  type Inputs,
  type Op,
  ShapeError,
  show,
  Tensor,
  type TensorLike,
  tensor,
} from "@wengert/core";
import { assign } from "@wengert/core/ndarray";
import { axisOf } from "./axes.ts";
import { irregular, type Sampled, withSamples } from "./samples.ts";
import { expandDims } from "./shape.ts";
import { slice } from "./slice.ts";

interface Along {
  readonly axis: number;
}

/** The tensors one behind the other along `axis`. The cotangent is sliced where they were joined. */
export const concat: Op<Inputs, Along, Partial<Along>> = defineOp({
  name: "concat",
  params: ({ axis = 0 } = {}, tensors) => {
    if (tensors.length === 0) throw new ArgumentError("concat: expected at least one tensor, got an empty list");
    return { axis: axisOf("concat", tensors[0]!, axis) };
  },
  shape: (tensors, { axis }) => {
    const first = tensors[0]!;
    const odd = tensors.find(
      ({ shape }) => shape.length !== first.shape.length || shape.some((n, i) => i !== axis && n !== first.shape[i]),
    );
    if (odd) {
      const place = tensors.indexOf(odd);
      throw new ShapeError(
        `concat: ${describe(odd, `tensor ${place}`)} and ${describe(first, "tensor 0")} may differ along axis ${axis} only`,
      );
    }
    return first.shape.with(
      axis,
      tensors.reduce((n, { shape }) => n + shape[axis]!, 0),
    );
  },
  dtype: (tensors) => {
    const first = tensors[0]!;
    const odd = tensors.find(({ dtype }) => dtype !== first.dtype);
    if (odd === undefined) return first.dtype;
    const cast = `cast(${odd.label ?? "x"}, { dtype: "${first.dtype}" })`;
    throw new DTypeError(`concat: dtypes differ: ${first.dtype} and ${odd.dtype} (${describe(odd)}); write ${cast}`);
  },
  kernel: (out, arrays, { axis }) => {
    let from = 0;
    for (const array of arrays) {
      const lo = out.lo(...array.shape.map((_, i) => (i === axis ? from : 0)));
      assign(lo.hi(...array.shape), array);
      from += array.shape[axis]!;
    }
  },
  vjp: (g, { inputs, params: { axis } }, wanted) => {
    let from = 0;
    return inputs.map(({ shape }, k) => {
      from += shape[axis]!;
      if (!wanted[k]) return null;
      const at = (bound: number) => shape.map((_, i) => (i === axis ? bound : null));
      return slice(g, { start: at(from - shape[axis]!), stop: at(from) });
    });
  },
  samples: () => [
    [[irregular([1, 2]), irregular([2, 2], 2)]],
    [[irregular([2, 1]), irregular([2, 2], 2)], { axis: -1 }],
  ],
});

/** The tensors, of one shape, one beside the other along a new axis. */
export const stack: Sampled<StackFunction> = withSamples<StackFunction>(
  (tensors, { axis = 0 } = {}) => {
    if (!Array.isArray(tensors) || tensors.length === 0) {
      throw new ArgumentError(`stack: expected a list of at least one tensor, got ${show(tensors)}`);
    }
    const all = tensors.map((x: TensorLike) => (x instanceof Tensor ? x : tensor(x)));
    const [first] = all as [Tensor];
    const odd = all.findIndex(({ shape }) => String(shape) !== String(first.shape));
    if (odd > 0) {
      throw new ShapeError(
        `stack: all must have the shape of ${describe(first, "tensor 0")}, got ${describe(all[odd]!, `tensor ${odd}`)}`,
      );
    }
    const at = axisOf("stack", first, axis, first.shape.length + 1);
    return concat(
      all.map((x) => expandDims(x, { axis: at })),
      { axis: at },
    );
  },
  () => [[[irregular([2]), irregular([2], 2)]], [[irregular([2]), irregular([2], 2)], { axis: -1 }]],
);

type StackFunction = (tensors: readonly TensorLike[], options?: Partial<Along>) => Tensor;
