import { ArgumentError, show } from "../checks/errors.ts";
import { tensor } from "../values/create.ts";
import { type DType, storage } from "../values/dtype.ts";
import { add, ndarray, ravel, type Shape, sizeOf } from "../values/ndarray.ts";
import { sharedFloat, toTensors } from "../values/operands.ts";
import type { Operand, Tensor } from "../values/tensor.ts";
import { moveAxis, repeatAlong } from "./axes.ts";
import { apply, type Binary, defineOp, type Inputs, type Op, type Unary } from "./op.ts";

// Addition is the only op that reverse mode itself needs: the cotangents of a tensor that is used twice are added.

/**
 * Returns an alias of x: a new tensor with the same memory. `grad` and `vmap` pass aliases of the arguments to the
 * user's function, so a tape watches only the aliases, not the caller's tensors.
 */
export const alias: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "alias",
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  view: ([x]) => x,
  vjp: [(g) => g],
  batch: "broadcast",
  samples: () => [[tensor([1, -2])]],
});

/** Returns x as a new tensor with another label. */
const labeled: Op<Unary, { readonly label: string }> = /* @__PURE__ */ defineOp({
  name: "withLabel",
  options: { label: undefined },
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  view: ([x]) => x,
  vjp: [(g) => g],
  batch: "broadcast",
  samples: () => [[tensor([1, -2]), { label: "y" }]],
});

/**
 * Returns x with another label, for error messages and printed tables. Tapes record the renaming as a step, and
 * derivatives flow through the step.
 * @throws ArgumentError unless x is a tensor and the label a string
 */
export const withLabel: ((x: Tensor, label: string) => Tensor) & Pick<typeof labeled, "spec"> =
  /* @__PURE__ */ Object.assign((x: Tensor, label: string): Tensor => {
    const [input] = toTensors("withLabel", [x], 1);
    if (typeof label === "string") return apply(labeled.spec, [input!], { label }, label);
    throw new ArgumentError(`withLabel: label must be a string, got ${show(label)}`);
  }, labeled);

/** Returns a + b. Reverse mode uses this op to add the cotangents of a tensor that is used twice. */
export const accumulate: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "accumulate",
  shape: ([a]) => a.shape,
  kernel: (out, [a, b]) => add(out, a, b),
  vjp: [(g) => g, (g) => g],
  batch: "shift", // repeats an input without a batch axis, because accumulate does not broadcast
  samples: () => [[tensor([1, -2]), tensor([3, 4])]],
});

/**
 * Joins the elements of all tensors into one vector, of float64 if their dtypes differ. The adjoint, `unpack`, splits
 * the vector.
 */
export const pack: Op<Inputs> = /* @__PURE__ */ defineOp({
  name: "pack",
  shape: (tensors) => [tensors.reduce((n, { shape }) => n + sizeOf(shape), 0)],
  dtype: (tensors) => packedDType(tensors),
  kernel: (out, arrays) => {
    let offset = 0;
    for (const array of arrays) {
      out.data.set(ravel(array), offset);
      offset += sizeOf(array.shape);
    }
  },
  vjp: (g, { inputs }) => unpack(g, inputs),
  // Under `vmap`, the batch axis of each tensor is moved to the end before packing. So in the packed vector, the values
  // of one element for all batch entries are neighbors.
  batch: ({ size, output: { shape }, inputs, batched }) =>
    batchFirst(
      pack(inputs.map((x, k) => (batched[k] ? batchLast(x) : repeatAlong(x, { axis: x.shape.length, size })))),
      { shape, offset: 0 },
      size,
    ),
  samples: () => [[[tensor([[1, 2]]), tensor(3)]]],
});

/**
 * Returns the common dtype of the tensors, or float64 if their dtypes differ. float64 represents the numbers of every
 * dtype.
 */
export function packedDType(tensors: readonly Operand[]): DType {
  const [first] = tensors;
  if (first === undefined) return sharedFloat(tensors); // throws
  return tensors.every(({ dtype }) => dtype === first.dtype) ? first.dtype : "float64";
}

const batchLast = (x: Tensor): Tensor => moveAxis(x, { from: 0, to: x.shape.length - 1 });

/**
 * Unpacks a tensor [size, ...shape] from the vector `packed`, where `size` is the number of batch entries. The vector
 * holds each element's values for all batch entries next to each other.
 */
const batchFirst = (packed: Tensor, { shape, offset, dtype }: Part, size: number): Tensor =>
  moveAxis(
    part(packed, { shape: [...shape, size], offset: offset * size, ...(dtype === undefined ? {} : { dtype }) }),
    { from: shape.length, to: 0 },
  );

/**
 * Splits a vector into tensors of the shapes and dtypes of `like`: the inverse of `pack`. The function halves the list
 * recursively, so for k tensors and n elements, the pullback takes time n log₂ k, not n k.
 */
export function unpack(packed: Tensor, like: readonly Operand[]): Tensor[] {
  if (like.length <= 1) return like.map(({ shape, dtype }) => part(packed, { shape, offset: 0, dtype }));
  const middle = like.length >> 1;
  const [first, second] = [like.slice(0, middle), like.slice(middle)];
  const sizeOfAll = (tensors: readonly Operand[]) => tensors.reduce((n, { shape }) => n + sizeOf(shape), 0);
  const half = (tensors: readonly Operand[], offset: number): Tensor[] =>
    tensors.length === 1
      ? [part(packed, { shape: tensors[0]!.shape, offset, dtype: tensors[0]!.dtype })]
      : unpack(part(packed, { shape: [sizeOfAll(tensors)], offset }), tensors);
  return [...half(first, 0), ...half(second, sizeOfAll(first))];
}

/**
 * Returns consecutive elements of a vector as an array of `shape` and `dtype`. The first of these elements has the
 * index `offset`. The adjoint of this op is `place`.
 */
export const part: Op<Unary, Part> = /* @__PURE__ */ defineOp<Unary, Part>({
  name: "part",
  options: { shape: undefined, offset: undefined, dtype: undefined },
  shape: (_, { shape }) => shape,
  dtype: ([x], { dtype }) => dtype ?? x.dtype,
  view: ([x], { shape, offset, dtype }) =>
    x.stride[0] === 1 && (dtype === undefined || x.data instanceof storage[dtype])
      ? ndarray(x.data, shape, undefined, x.offset + offset)
      : undefined,
  kernel: (out, [x], { offset }) => out.data.set(ravel(x).subarray(offset, offset + out.data.length)),
  vjp: [(g, { params: { offset }, inputs: [{ size, dtype }] }) => place(g, { offset, size, dtype })],
  batch: ({ inputs: [x], params, size }) => batchFirst(pack([batchLast(x)]), params, size),
  samples: () => [[tensor([1, 2, 3, 4, 5]), { shape: [2, 1], offset: 1 }]],
});
interface Part {
  readonly shape: Shape;
  readonly offset: number;
  /** The dtype of the returned array. Default: the dtype of the input vector. */
  readonly dtype?: DType;
}

/**
 * Returns a vector of `size` zeros in which the elements from index `offset` on are replaced by those of x. The adjoint
 * of this op is `part`.
 */
export const place: Op<Unary, Place> = /* @__PURE__ */ defineOp<Unary, Place>({
  name: "place",
  options: { size: undefined, offset: undefined, dtype: undefined },
  shape: (_, { size }) => [size],
  dtype: ([x], { dtype }) => dtype ?? x.dtype,
  kernel: (out, [x], { offset }) => out.data.set(ravel(x), offset),
  vjp: [(g, { params: { offset }, inputs: [{ shape, dtype }] }) => part(g, { shape, offset, dtype })],
  batch: ({ inputs: [x], params: { size: n, offset, ...dtype }, size }) =>
    batchFirst(
      place(batchLast(x), { size: n * size, offset: offset * size, ...dtype }),
      { shape: [n], offset: 0 },
      size,
    ),
  samples: () => [[tensor([[1], [2]]), { size: 5, offset: 1 }]],
});
interface Place {
  readonly size: number;
  readonly offset: number;
  /** Default: the dtype of x. */
  readonly dtype?: DType;
}
