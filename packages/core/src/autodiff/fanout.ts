import { ArgumentError, show } from "../checks/errors.ts";
import { tensor } from "../values/create.ts";
import { add, ndarray, ravel, type Shape, sizeOf } from "../values/ndarray.ts";
import { toTensors } from "../values/operands.ts";
import type { Operand, Tensor } from "../values/tensor.ts";
import { apply, type Binary, defineOp, type Inputs, type Op, type Unary } from "./op.ts";

// Reverse mode needs to fan values out and in, and nothing else of arithmetic.

/** y = x under a new identity. */
export const alias: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "alias",
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  view: ([x]) => x,
  vjp: [(g) => g],
  samples: () => [[tensor([1, -2])]],
});

/** y = x under another label. */
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
 * x under another label, for messages and listings. It is a step of its own on the tape, through which derivatives flow.
 * @throws ArgumentError unless x is a tensor and the label a string
 */
export const withLabel: ((x: Tensor, label: string) => Tensor) & Pick<typeof labeled, "spec"> =
  /* @__PURE__ */ Object.assign((x: Tensor, label: string): Tensor => {
    const [input] = toTensors("withLabel", [x], 1);
    if (typeof label === "string") return apply(labeled.spec, [input!], { label }, label);
    throw new ArgumentError(`withLabel: a label is a string, got ${show(label)}`);
  }, labeled);

/** a + b. Using a value twice transposes to adding its cotangents. */
export const accumulate: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "accumulate",
  shape: ([a]) => a.shape,
  kernel: (out, [a, b]) => add(out, a, b),
  vjp: [(g) => g, (g) => g],
  samples: () => [[tensor([1, -2]), tensor([3, 4])]],
});

/** All elements of all tensors, one behind the other. Transposes to taking each its part. */
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

/** The inverse of `pack`, for tensors of the shapes of `like`. */
export function unpack(packed: Tensor, like: readonly Operand[]): Tensor[] {
  let offset = 0;
  return like.map(({ shape }) => {
    const tensor = part(packed, { shape, offset });
    offset += sizeOf(shape);
    return tensor;
  });
}

/** The elements of a vector from `offset` on, in `shape`. Transposes to putting them there. */
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

/** A vector of `size` zeros but for the elements of x from `offset` on. Transposes to taking them. */
export const place: Op<Unary, { readonly size: number; readonly offset: number }> = /* @__PURE__ */ defineOp({
  name: "place",
  options: { size: undefined, offset: undefined },
  shape: (_, { size }) => [size],
  kernel: (out, [x], { offset }) => out.data.set(ravel(x), offset),
  vjp: [(g, { params: { offset }, inputs: [{ shape }] }) => part(g, { shape, offset })],
  samples: () => [[tensor([[1], [2]]), { size: 5, offset: 1 }]],
});
