import {
  ArgumentError,
  type DType,
  defineOp,
  describe,
  type Inputs,
  mixedDTypes,
  type Op,
  type Operand,
  ShapeError,
} from "@wengert/core";
import { assign, isSameShape } from "@wengert/core/ndarray";
import { axisOf } from "./axes.ts";
import { irregular } from "./samples.ts";
import { reshape } from "./shape.ts";
import { slice } from "./slice.ts";

interface Along {
  readonly axis: number;
}

/** The tensors one behind the other along `axis`. The cotangent is sliced where they were joined. */
export const concat: Op<Inputs, Along, Partial<Along>> = /* @__PURE__ */ defineOp({
  name: "concat",
  options: { axis: 0 },
  params: (options, tensors) => ({ axis: axisOf("concat", firstOf("concat", tensors), options.axis) }),
  shape: (tensors, { axis }) => {
    const first = tensors[0]!;
    const total = tensors.reduce((n, x, i) => n + fitting(x, i, first, axis).shape[axis]!, 0);
    return first.shape.with(axis, total);
  },
  dtype: (tensors) => sharedDType("concat", tensors),
  kernel: (out, arrays, { axis }) => {
    let from = 0;
    for (const array of arrays) {
      const rest = out.lo(...array.shape.map((_, i) => (i === axis ? from : 0)));
      assign(rest.hi(...array.shape), array);
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

/** The tensors, of one shape, one beside the other along a new axis. Each gets its own slice of the cotangent. */
export const stack: Op<Inputs, Along, Partial<Along>> = /* @__PURE__ */ defineOp({
  name: "stack",
  options: { axis: 0 },
  params: (options, tensors) => {
    const first = firstOf("stack", tensors);
    return { axis: axisOf("stack", first, options.axis, first.shape.length + 1) };
  },
  shape: (tensors, { axis }) => {
    const first = tensors[0]!;
    const odd = tensors.findIndex(({ shape }) => !isSameShape(shape, first.shape));
    if (odd < 0) return first.shape.toSpliced(axis, 0, tensors.length);
    const [wanted, came] = [describe(first, "tensor 0"), describe(tensors[odd]!, `tensor ${odd}`)];
    throw new ShapeError(
      `stack: all must have the shape of ${wanted}, got ${came}; concat joins along an axis they have`,
    );
  },
  dtype: (tensors) => sharedDType("stack", tensors),
  kernel: (out, arrays, { axis }) => {
    for (const [k, array] of arrays.entries())
      assign(out.pick(...out.shape.map((_, i) => (i === axis ? k : null))), array);
  },
  vjp: (g, { inputs, params: { axis } }, wanted) =>
    inputs.map(({ shape }, k) => {
      if (!wanted[k]) return null;
      const at = (bound: number) => g.shape.map((_, i) => (i === axis ? bound : null));
      return reshape(slice(g, { start: at(k), stop: at(k + 1) }), { shape });
    }),
  samples: () => [[[irregular([2]), irregular([2], 2)]], [[irregular([2]), irregular([2], 2)], { axis: -1 }]],
});

function firstOf(who: string, tensors: readonly Operand[]): Operand {
  if (tensors.length > 0) return tensors[0]!;
  throw new ArgumentError(`${who}: expected a list of at least one tensor, got an empty list`);
}

function fitting(x: Operand, place: number, first: Operand, axis: number): Operand {
  const fits = x.shape.length === first.shape.length && x.shape.every((n, i) => i === axis || n === first.shape[i]);
  if (fits) return x;
  const [came, wanted] = [describe(x, `tensor ${place}`), describe(first, "tensor 0")];
  const differing = first.shape.flatMap((n, i) => (n === x.shape[i] ? [] : [i]));
  const isOther = x.shape.length === first.shape.length && differing.length === 1;
  const cure = isOther ? `did you mean { axis: ${differing[0]} }?` : "stack joins along a new axis";
  throw new ShapeError(`concat: tensors may differ along axis ${axis} only, got ${wanted} and ${came}; ${cure}`);
}

function sharedDType(who: string, tensors: readonly Operand[]): DType {
  const first = tensors[0]!;
  const odd = tensors.findIndex(({ dtype }) => dtype !== first.dtype);
  if (odd < 0) return first.dtype;
  throw mixedDTypes(who, [first, "tensor 0"], [tensors[odd]!, `tensor ${odd}`]);
}
