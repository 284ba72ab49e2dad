import { ArgumentError, show } from "../checks/errors.ts";
import { tensor } from "../values/create.ts";
import { add, ndarray, ravel, type Shape, sizeOf } from "../values/ndarray.ts";
import { toTensors } from "../values/operands.ts";
import type { Operand, Tensor } from "../values/tensor.ts";
import { apply, type Binary, defineOp, type Inputs, type Op, type Unary } from "./op.ts";

// Reverse mode itself needs only addition: the cotangents of a tensor that is used twice are added.

/**
 * Returns y = x as a new tensor with the same memory. Transforms watch aliases of the caller's tensors, not the tensors
 * themselves.
 */
export const alias: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "alias",
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  view: ([x]) => x,
  vjp: [(g) => g],
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
  samples: () => [[tensor([1, -2]), { label: "y" }]],
});

/**
 * Returns x with another label, for messages and listings. Tapes record this as a step, and derivatives flow through
 * it.
 * @throws ArgumentError unless x is a tensor and the label a string
 */
export const withLabel: ((x: Tensor, label: string) => Tensor) & Pick<typeof labeled, "spec"> =
  /* @__PURE__ */ Object.assign((x: Tensor, label: string): Tensor => {
    const [input] = toTensors("withLabel", [x], 1);
    if (typeof label === "string") return apply(labeled.spec, [input!], { label }, label);
    throw new ArgumentError(`withLabel: label must be a string, got ${show(label)}`);
  }, labeled);

/** Returns a + b. The sweep uses this op to add the cotangents of a tensor that is used twice. */
export const accumulate: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "accumulate",
  shape: ([a]) => a.shape,
  kernel: (out, [a, b]) => add(out, a, b),
  vjp: [(g) => g, (g) => g],
  samples: () => [[tensor([1, -2]), tensor([3, 4])]],
});

/** Joins the elements of all tensors into one vector. The adjoint is `unpack`, which splits the vector. */
export const pack: Op<Inputs> = /* @__PURE__ */ defineOp({
  name: "pack",
  shape: (tensors) => [tensors.reduce((n, { shape }) => n + sizeOf(shape), 0)],
  kernel: (out, arrays) => {
    let offset = 0;
    for (const array of arrays) {
      out.data.set(ravel(array), offset);
      offset += sizeOf(array.shape);
    }
  },
  vjp: (g, { inputs }) => unpack(g, inputs),
  samples: () => [[[tensor([[1, 2]]), tensor(3)]]],
});

/** Splits a vector into tensors of the shapes of `like`: the inverse of `pack`. */
export function unpack(packed: Tensor, like: readonly Operand[]): Tensor[] {
  let offset = 0;
  return like.map(({ shape }) => {
    const tensor = part(packed, { shape, offset });
    offset += sizeOf(shape);
    return tensor;
  });
}

/** Returns the elements of a vector, from index `offset` on, as an array of `shape`. The adjoint op is `place`. */
export const part: Op<Unary, { readonly shape: Shape; readonly offset: number }> = /* @__PURE__ */ defineOp({
  name: "part",
  options: { shape: undefined, offset: undefined },
  shape: (_, { shape }) => shape,
  view: ([x], { shape, offset }) =>
    x.stride[0] === 1 ? ndarray(x.data, shape, undefined, x.offset + offset) : undefined,
  kernel: (out, [x], { offset }) => out.data.set(ravel(x).subarray(offset, offset + out.data.length)),
  vjp: [(g, { params: { offset }, inputs: [{ size }] }) => place(g, { offset, size })],
  samples: () => [[tensor([1, 2, 3, 4, 5]), { shape: [2, 1], offset: 1 }]],
});

/** Copies the elements of x into a vector of `size` zeros, starting at index `offset`. The adjoint op is `part`. */
export const place: Op<Unary, { readonly size: number; readonly offset: number }> = /* @__PURE__ */ defineOp({
  name: "place",
  options: { size: undefined, offset: undefined },
  shape: (_, { size }) => [size],
  kernel: (out, [x], { offset }) => out.data.set(ravel(x), offset),
  vjp: [(g, { params: { offset }, inputs: [{ shape }] }) => part(g, { shape, offset })],
  samples: () => [[tensor([[1], [2]]), { size: 5, offset: 1 }]],
});
