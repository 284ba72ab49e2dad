import { grad, jacobian, type Tensor, tensor, vjp } from "@wengert/core";
import {
  avgPool2d,
  cast,
  conv1d,
  conv2d,
  convTranspose2d,
  einsum,
  matmul,
  maxPool2d,
  mul,
  pad,
  reshape,
  sum,
  transpose,
  windows,
} from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { withKernels } from "./agreement.ts";
import { expectNear, numbers, product, random } from "./support.ts";

/** Returns the convolution computed by its definition, one product at a time. */
function naive(
  x: Tensor,
  kernel: Tensor,
  stride: number,
  dilation: number,
  before: number,
  after: number,
  groups: number,
) {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [kh, kw, depth, out] = kernel.shape as [number, number, number, number];
  const count = (n: number, k: number) => Math.floor((n + before + after - dilation * (k - 1) - 1) / stride) + 1;
  const result: number[] = [];
  for (const [n, i, j, o] of product(...[N, count(H, kh), count(W, kw), out].map((size) => [...Array(size).keys()]))) {
    let total = 0;
    for (const [p, q, c] of product(...[kh, kw, depth].map((size) => [...Array(size).keys()]))) {
      const [row, column] = [i! * stride + p! * dilation - before, j! * stride + q! * dilation - before];
      const channel = Math.floor(o! / (out / groups)) * (C / groups) + c!;
      if (row < 0 || row >= H || column < 0 || column >= W) continue;
      total += x.array!.get(n!, row, column, channel) * kernel.array!.get(p!, q!, c!, o!);
    }
    result.push(total);
  }
  return result;
}

describe("conv2d", () => {
  it.each(product([1, 2], [1, 2], [0, 1, 3], [0, 2], [1, 2]))(
    "with stride %i, dilation %i, padding [%i, %i] and %i groups is the sum of products",
    (stride, dilation, before, after, groups) => {
      const x = random([2, 6, 5, 2 * groups]);
      const kernel = random([3, 2, 2, 3 * groups], 2);
      const padding = [
        [before, after],
        [before, after],
      ] as const;
      const wanted = naive(x, kernel, stride, dilation, before, after, groups);
      const scale = Math.max(...wanted.map(Math.abs));
      for (const [i, y] of numbers(conv2d(x, kernel, { stride, dilation, padding, groups })).entries())
        expect(Math.abs(y - wanted[i]!)).toBeLessThanOrEqual(1e-15 * scale);
    },
  );

  it("is the product of the windows and the kernel", () => {
    const [x, kernel] = [random([2, 5, 4, 3]), random([2, 3, 3, 2], 2)];
    const wanted = einsum("nijcpq,pqco->nijo", windows(x, { size: [2, 3], axes: [1, 2] }), kernel);
    expectNear(conv2d(x, kernel), numbers(wanted), 1e-13);
  });

  it("takes blocks of windows that begin and end inside an image", () => {
    // conv2d processes windows in blocks of at most 2¹⁷ entries. In this test, a block has 910 of the 1681 windows of
    // an image.
    const [x, kernel] = [random([2, 43, 43, 16]), random([3, 3, 16, 2], 2)];
    const whole = numbers(conv2d(x, kernel));
    const wanted = naive(x, kernel, 1, 1, 0, 0, 1);
    for (const [i, y] of whole.entries()) expect(Math.abs(y - wanted[i]!)).toBeLessThan(1e-12);
    const u = random([2, 41, 41, 2], 3);
    const [toX, toKernel] = grad((a: Tensor, k: Tensor) => sum(mul(conv2d(a, k), u)), { argnums: [0, 1] })(x, kernel);
    // `toX` and `toKernel` are the cotangents of x and of the kernel for the cotangent u. The convolution is linear in
    // x and in the kernel, so ⟨toX, x⟩ and ⟨toKernel, kernel⟩ both equal ⟨u, conv2d(x, kernel)⟩.
    const inner = (a: Tensor, b: Tensor) => sum(mul(a, b)).item();
    const scale = numbers(u).reduce((total, y, i) => total + Math.abs(y * whole[i]!), 0);
    for (const each of [inner(toX, x), inner(toKernel, kernel)])
      expect(Math.abs(each - numbers(u).reduce((total, y, i) => total + y * whole[i]!, 0))).toBeLessThan(1e-13 * scale);
  });

  // The kernel sums at most 400 windows at a time, and processes several small images together. Images that take more
  // than 256 kB are copied to WebAssembly memory in chunks.
  it.each([
    ["images of many windows", [3, 9, 8, 4], [3, 3, 4, 8], { stride: 2, padding: "same" }],
    ["images of more than 400 windows", [2, 30, 23, 2], [3, 2, 2, 5], {}],
    ["a last group of fewer small images", [20, 10, 10, 3], [3, 3, 3, 9], {}],
    ["small images with padding", [9, 5, 6, 4], [3, 3, 2, 6], { padding: "same", groups: 2, dilation: [1, 2] }],
    ["images with one window each", [7, 3, 3, 2], [3, 3, 2, 3], {}],
    ["images that are copied in chunks", [20, 40, 40, 4], [3, 3, 4, 3], {}],
    ["one long row", [2, 1, 1000, 3], [1, 5, 3, 4], { padding: "same" }],
    ["one channel in each group", [2, 8, 8, 9], [3, 3, 1, 9], { groups: 9 }],
    [
      "windows that read only padding",
      [20, 1, 1, 2],
      [1, 1, 2, 4],
      {
        stride: 20,
        padding: [
          [0, 0],
          [9, 0],
        ],
      },
    ],
    ["a kernel that skips the last rows and columns", [2, 8, 9, 2], [2, 2, 2, 4], { stride: 3 }],
  ] as const)("gives the same bits with plain loops and with SIMD in float64, for %s", (_, shape, filters, options) => {
    const [x, kernel] = [random(shape), random(filters, 2)];
    const all = () => {
      const { value, pullback } = vjp((a: Tensor, k: Tensor) => conv2d(a, k, options), x, kernel);
      return [value, ...pullback(random(value.shape, 3))].map(numbers);
    };
    const [plain, simd] = (["plain", "simd"] as const).map((which) => withKernels(which, all));
    expect(simd).toEqual(plain);
  });

  it("splits float32 sums of more than 400 products into parts of equal size, as matmul does", () => {
    const float32 = (shape: number[], seed: number) => cast(random(shape, seed), { dtype: "float32" });
    const [x, kernel, g] = [float32([11, 3, 3, 100], 1), float32([3, 3, 100, 410], 2), float32([11, 1, 1, 410], 3)];
    // Each image has one window, so a convolution is a matrix product.
    const [matrix, filters] = [reshape(x, { shape: [11, 900] }), reshape(kernel, { shape: [900, 410] })];
    withKernels("simd", () => {
      const { value, pullback } = vjp((a: Tensor) => conv2d(a, kernel), x);
      expect(numbers(value)).toEqual(numbers(matmul(matrix, filters)));
      const toMatrix = matmul(reshape(g, { shape: [11, 410] }), transpose(filters));
      expect(numbers(pullback(g)[0])).toEqual(numbers(toMatrix));
    });
  });
});

describe("padding", () => {
  const kernel = tensor([[[1]], [[10]]]); // a window [a, b] gives a + 10 b
  const x = tensor([[[1], [2], [3]]]);
  it.each([
    ["valid", [21, 32]],
    ["same", [21, 32, 3]],
    ["causal", [10, 21, 32]],
    [[[2, 0]], [0, 10, 21, 32]],
  ] as const)("%j gives %j", (padding, wanted) =>
    expect(numbers(conv1d(x, kernel, { padding: padding as "valid" }))).toEqual(wanted),
  );
  it("causal with a stride and a dilation does not read later entries", () => {
    const f = (a: Tensor) => conv1d(a, random([3, 1, 1]), { padding: "causal", stride: 2, dilation: 2 });
    const J = jacobian(f)(random([1, 6, 1]));
    for (const [t, i] of product([0, 1, 2], [0, 1, 2, 3, 4, 5]))
      if (i! > 2 * t!) expect(J.array!.get(0, t!, 0, 0, i!, 0)).toBe(0);
  });
});

describe("convTranspose2d", () => {
  it.each([
    [{ stride: 2 }, [5, 7]],
    [{ stride: 2, padding: "same" }, [4, 6]],
    [
      {
        stride: 3,
        padding: [
          [1, 0],
          [0, 2],
        ],
      },
      [5, 7],
    ],
  ] as const)("with %j is the adjoint of conv2d, with the size %j", (options, size) => {
    const [x, kernel] = [random([1, 2, 3, 2]), random([3, 3, 2, 4], 2)];
    const y = convTranspose2d(x, kernel, options);
    expect(y.shape).toEqual([1, ...size, 4]);
    const z = random(y.shape, 3);
    const forward = conv2d(z, transpose(kernel, { axes: [0, 1, 3, 2] }), options);
    expect(sum(mul(y, z)).item()).toBeCloseTo(sum(mul(x, forward)).item(), 12);
  });
});

describe("pools", () => {
  it("split the cotangent among ties, and give NaN to a window with a NaN", () => {
    const x = tensor([1, 1, Number.NaN, 0, 0, 1, 2, 3], { shape: [1, 2, 4, 1] });
    expect(numbers(maxPool2d(x, { size: 2 }))).toEqual([1, Number.NaN]);
    const g = grad((a: Tensor) => sum(maxPool2d(a, { size: 2 })))(x);
    const [third, nan] = [1 / 3, Number.NaN];
    expect(numbers(g)).toEqual([third, third, nan, nan, 0, third, nan, nan]);
  });
  it("ignore padding: the maximum of negative numbers is negative, and averages divide by the entries of x", () => {
    const x = tensor([-1, -2, -3, -4], { shape: [1, 2, 2, 1] });
    const options = {
      size: 2,
      stride: 1,
      padding: [
        [1, 0],
        [0, 1],
      ],
    } as const;
    expect(numbers(maxPool2d(x, options))).toEqual([-1, -2, -1, -2]);
    expect(numbers(avgPool2d(x, options))).toEqual([-1.5, -2, -2.5, -3]);
  });
  it("with more windows than entries of x agree with the windows of padded x", () => {
    const x = random([1, 3, 3, 2]);
    const padding = [
      [1, 1],
      [1, 1],
    ] as const;
    const options = { size: 2, stride: 1, padding };
    const padded = pad(x, { widths: [[0, 0], ...padding, [0, 0]], value: -Infinity });
    const all = windows(padded, { size: 2, axes: [1, 2] });
    const wanted = all
      .toNested<number[][][][][][]>()
      .flat(3)
      .map((window) => Math.max(...window.flat()));
    expect(numbers(maxPool2d(x, options))).toEqual(wanted);
    expect(numbers(grad((a: Tensor) => sum(maxPool2d(a, options)))(x)).reduce((a, b) => a + b)).toBe(wanted.length);
  });
});

it("windows share the memory of x", () => {
  const x = tensor([1, 2, 3, 4, 5]);
  const y = windows(x, { size: 2, stride: 2, dilation: 2 });
  expect(y.toNested()).toEqual([
    [1, 3],
    [3, 5],
  ]);
  expect(y.array!.data).toBe(x.array!.data);
});
