import { type Tensor, vjp } from "@wengert/core";
import {
  add,
  avgPool2d,
  cast,
  conv1d,
  conv2d,
  convTranspose2d,
  flip,
  kernels,
  maxPool2d,
  mul,
  slice,
  transpose,
} from "@wengert/ops";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noiseLike, product, random } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { expectAgreement } from "./agree.ts";

// Compiles convolutions and pools together with their gradients, and compares the bits with those of eager ops.

// By default, eager ops run small inputs in plain JavaScript loops. The float32 sums of these loops and of the kernels
// differ in the last bits.
beforeAll(() => void kernels("simd"));
afterAll(() => void kernels("auto"));

type Function = (...xs: Tensor[]) => Tensor;
/**
 * Returns a function that computes `f` and the cotangents of its inputs. The cotangent of the output is not constant, so
 * a plan does not compute the pullbacks in advance.
 */
const withGradient =
  (f: Function) =>
  (...xs: Tensor[]): Tensor[] => {
    const { value, pullback } = vjp(f, ...xs);
    return [value, ...(pullback(mul(noiseLike(value, 9), value)) as Tensor[])];
  };

/**
 * Expects a plan to give the same bits as eager ops, for two sets of inputs. Returns the ops that run in JavaScript.
 */
function expectEagerBits(
  f: Function,
  xs: readonly Tensor[],
  options: { threads?: number; engine?: "js" } = {},
): string[] {
  const run = withGradient(f);
  const compiled = compile(run, options);
  for (const scale of [1, 0.5]) {
    const inputs = xs.map((x) => mul(x, scale));
    expectAgreement(compiled(...inputs), run(...inputs));
  }
  return compiled.plan(...xs).instructions.flatMap(({ kind, text }) => (kind === "op" ? [text] : []));
}

const dtypes = ["float32", "float64"] as const;
const tensors = (dtype: "float32" | "float64", ...shapes: readonly (readonly number[])[]): Tensor[] =>
  shapes.map((shape, i) => cast(random(shape, i + 1), { dtype }));
const paddings = ["valid", "same", [[1, 0], [0, 2]]] as const; // biome-ignore format: reads best on one line

describe.each(dtypes)("in %s, kernels on the memory of a plan compute", (dtype) => {
  it.each(product([1, 2], [0, 1, 2], [1, 2], [1, 2], [1, 3]))(
    "conv2d with stride %i, padding %i, dilation %i and %i groups of %i images",
    (stride, padding, dilation, groups, images) => {
      const [x, kernel] = tensors(dtype, [images!, 7, 6, 2 * groups!], [3, 2, 2, 5 * groups!]) as [Tensor, Tensor];
      const options = { stride: stride!, padding: paddings[padding!]!, dilation: dilation!, groups: groups! };
      expect(expectEagerBits((a, k) => conv2d(a!, k!, options), [x, kernel])).toEqual([]);
    },
  );

  it.each(product([1, 2, 5], [1, 3, 4], [1, 2, 3], [0, 1, 2]))(
    "pools of size %i with stride %i, %i channels and padding %i",
    (size, stride, channels, padding) => {
      const [x] = tensors(dtype, [2, 7, 6, channels!]);
      const options = { size: size!, stride: stride!, padding: size === 5 ? paddings[padding!]! : "valid" } as const;
      const inJavaScript = stride! < size! ? ["op maxPoolPullback", "op avgPoolPullback"] : [];
      for (const [i, pool] of [maxPool2d, avgPool2d].entries())
        expect(expectEagerBits((a) => pool(a!, options), [x!])).toEqual(inJavaScript.slice(i, i + 1).filter(Boolean));
    },
  );

  it("conv1d, convTranspose2d, and convolutions of views, which loops first copy", () => {
    const [x, kernel, sequence, filters] = tensors(dtype, [2, 6, 5, 3], [3, 2, 3, 4], [2, 9, 4], [3, 4, 2]) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    expect(expectEagerBits((a, k) => conv1d(a!, k!, { padding: "causal" }), [sequence, filters])).toEqual([]);
    expect(expectEagerBits((a, k) => convTranspose2d(a!, k!, { stride: 2 }), [x, kernel])).toEqual([]);
    const turned = { axes: [0, 2, 1, 3] };
    const views = (a: Tensor, k: Tensor) => conv2d(transpose(a, turned), slice(k, { start: [0, 0, 0, 1] }));
    expect(expectEagerBits((a, k) => views(a!, k!), [x, kernel])).toEqual([]);
    expectEagerBits((a, k) => conv2d(flip(a!, { axis: 1 }), k!), [x, kernel]);
    expectEagerBits((a) => maxPool2d(transpose(a!, turned), { size: 2 }), [x]);
  });

  it("many small images, large images, and sums of more than 400 products", () => {
    const shapes = [
      [[20, 6, 6, 3], [3, 3, 3, 9]],
      [[2, 40, 33, 2], [5, 5, 2, 3]],
      [[1, 4, 4, 60], [3, 3, 60, 9]],
      [[3, 2, 2, 4], [2, 2, 4, 410]],
    ] as const; // biome-ignore format: reads best as a table
    for (const [images, filters] of shapes)
      expect(expectEagerBits((a, k) => conv2d(a!, k!), tensors(dtype, images, filters))).toEqual([]);
  });

  it("images, channels and filters of size 0", () => {
    for (const [images, filters] of [
      [[0, 5, 5, 2], [3, 3, 2, 4]],
      [[2, 5, 5, 0], [3, 3, 0, 4]],
      [[2, 5, 5, 2], [3, 3, 2, 0]],
    ] as const) // biome-ignore format: reads best as a table
      expectEagerBits((a, k) => conv2d(a!, k!), tensors(dtype, images, filters));
    for (const pool of [maxPool2d, avgPool2d])
      for (const shape of [[0, 4, 4, 2], [2, 4, 4, 0]]) // biome-ignore format: reads best on one line
        expectEagerBits((a) => pool(a!, { size: 2 }), tensors(dtype, shape));
  });

  it("convolutions in a plan without generated WebAssembly code, and in a plan with threads", async () => {
    const inputs = tensors(dtype, [13, 16, 15, 4], [3, 3, 4, 8]);
    const f: Function = (a, k) => {
      const y = conv2d(a!, k!, { padding: "same" });
      return add(maxPool2d(y, { size: 2 }), avgPool2d(y, { size: 2 }));
    };
    expect(expectEagerBits(f, inputs, { engine: "js" })).toEqual([]);
    const compiled = compile(withGradient(f), { threads: 2 });
    const wanted = withGradient(f)(...inputs);
    expectAgreement(compiled(...inputs), wanted);
    expect(compiled.plan(...inputs).threads).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 300)); // until the worker is ready
    for (let call = 0; call < 12; call++) expectAgreement(compiled(...inputs), wanted);
  });
});
