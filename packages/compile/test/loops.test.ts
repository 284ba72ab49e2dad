import { grad, type Tensor, tensor, vjp, zeros } from "@wengert/core";
import { apply, pack, place, type Shape } from "@wengert/core/extend";
import {
  add,
  broadcastTo,
  concat,
  div,
  gelu,
  greater,
  kernels,
  less,
  matmul,
  mean,
  mul,
  reshape,
  slice,
  sub,
  sum,
  transpose,
  where,
} from "@wengert/ops";
import { unslice } from "@wengert/ops/extend";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noiseLike, product, random } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { elementwise } from "../src/loops/elementwise.ts";
import { expectAgreement } from "./agree.ts";

// Compares the fused loops of compiled functions with eager ops, for sums and for each op that fused loops compute.

// By default, eager ops run small inputs in plain JavaScript loops, whose float32 matrix products differ in the last
// bits from the products of the WebAssembly kernels.
beforeAll(() => void kernels("simd"));
afterAll(() => void kernels("auto"));

type Spec = Parameters<typeof apply>[0];
type Float = "float32" | "float64";

/** For each op that takes params (options), the params with which the test calls the op. */
const paramsOf: Readonly<Record<string, (types: string) => object>> = {
  clip: () => ({ min: -0.1, max: 0.7 }),
  leakyRelu: () => ({ slope: 0.01 }),
  cast: (types) => ({ dtype: types.at(-1) === "b" ? "bool" : undefined }),
  reshape: () => ({ shape: undefined }),
};
const cases = [...elementwise].flatMap(([op, { types }]) =>
  types.map((type) => [`${op.name} ${type}`, op, type] as const),
);

const special = [0, -0, 1, -1, 2 ** -149, -(2 ** -130), 5e-324, 0.1, 0.7, 88.8, -104, 710, -746, 3.4e38, 1e-30]
  .flatMap((x) => [x, -x])
  .concat([Infinity, -Infinity, Number.NaN]);

const floats = (shape: Shape, dtype: Float, seed: number): Tensor => tensor(mul(random(shape, seed), 3), { dtype });

/**
 * Returns a function that calls an op. If `areGiven` is true, bool operands are arguments of the function. Otherwise
 * the function computes the bool operands from floats.
 */
function callOf(op: unknown, types: string, dtype: Float, areGiven: boolean) {
  const params = paramsOf[(op as Spec).name]?.(types);
  const completeFor = (x: Tensor) => {
    if (params && "dtype" in params) return { dtype: params.dtype ?? dtype };
    return params && "shape" in params ? { shape: [x.size] } : params;
  };
  const inputs = types.slice(0, -1);
  const isBool = [...inputs].map((type) => type === "b");
  const f = (...xs: Tensor[]): Tensor =>
    apply(
      op as Spec,
      xs.map((x, k) => (isBool[k] && !areGiven ? greater(x, 0.25) : x)),
      completeFor(xs[0]!),
    );
  const given = (xs: readonly Tensor[]) =>
    xs.map((x, k) => {
      if (inputs[k] === "s") return tensor(x, { dtype: "float32" });
      return isBool[k] && areGiven ? greater(x, 0.25) : x;
    });
  return { f, given, arity: inputs.length, hasBools: isBool.includes(true) };
}

describe.each(product<unknown>(["float32", "float64"], ["wasm", "js"]) as ["float32", "wasm"][])(
  "in %s, engine %s",
  (dtype, engine) => {
    const possible = cases.filter(([, , types]) => (dtype as Float) === "float64" || !types.includes("s"));
    describe.each(possible)("the loop of %s", (_, op, types) => {
      const isScalarFirst = (op as Spec).name === "axpy";
      const isView = (op as Spec).name === "reshape"; // of row-major elements
      const shapesOf = (shape: Shape, arity: number) =>
        Array.from({ length: arity }, (_, k) => (k === 0 && isScalarFirst ? [] : shape));

      it("gives eager's bits for any number of elements and for special numbers", () => {
        for (const areGiven of [false, true]) {
          const { f, given, arity, hasBools } = callOf(op, types, dtype, areGiven);
          if (areGiven && !hasBools) continue;
          for (const n of [...Array(10).keys(), 17, 33, 70]) {
            const xs = given(shapesOf([n], arity).map((shape, k) => floats(shape, dtype, n + 31 * k)));
            const compiled = compile(f, { engine });
            expectAgreement(compiled(...xs), f(...xs));
          }
          const crossed = product(special, special, special.slice(0, arity === 3 ? 9 : 1));
          const xs = given(
            shapesOf([crossed.length], arity).map((shape, k) =>
              tensor(shape.length === 0 ? 0.3 : crossed.map((row) => row[k]!), { dtype }),
            ),
          );
          const compiled = compile(f, { engine });
          expectAgreement(compiled(...xs), f(...xs));
          if (!areGiven || types.includes("f"))
            expect(compiled.plan(...xs).instructions.length).toBe(isView && (areGiven || !hasBools) ? 0 : 1);
        }
      });

      it("gives eager's bits for views: transposed, with gaps, reversed and repeated", () => {
        for (const [shape, first] of product<Shape | number>(
          [
            [3, 5],
            [7, 4],
            [1, 6],
            [9, 17],
          ],
          [0, 1, 2, 3, 4, 5, 6],
        ) as [Shape, number][]) {
          const [rows, columns] = shape as [number, number];
          const views: readonly (readonly [Shape, (x: Tensor) => Tensor])[] = [
            [shape, (x) => x],
            [[columns, rows], (x) => transpose(x)],
            [[rows, 2 * columns], (x) => slice(x, { step: [1, 2] })],
            [[2 * columns, rows], (x) => slice(transpose(x), { step: [1, 2] })],
            [shape, (x) => slice(x, { step: [-1, 1] })],
            [[columns], (x) => broadcastTo(x, { shape })],
            [[rows, 1], (x) => broadcastTo(x, { shape })],
          ];
          for (const areGiven of [false, true]) {
            const { f, given, arity, hasBools } = callOf(op, types, dtype, areGiven);
            if (areGiven && !hasBools) continue;
            const used = shapesOf(shape, arity).map(({ length }, k) =>
              length === 0 ? ([[], (x: Tensor) => x] as const) : views[(first + 2 * k) % views.length]!,
            );
            const xs = given(used.map(([own], k) => floats(own, dtype, 5 + k)));
            const viewed = (...ys: Tensor[]) => f(...ys.map((y, k) => used[k]![1](y)));
            const compiled = compile(viewed, { engine });
            expectAgreement(compiled(...xs), viewed(...xs));
          }
        }
      });
    });

    const both = (x: Tensor, y: Tensor, axis: readonly number[]): Tensor[] => [
      sum(mul(x, y), { axis }),
      mean(sub(x, y), { axis, keepDims: true }),
    ];
    const joined = (shape: Shape, axis: readonly number[]): boolean => {
      const sizes = shape.map((n, k) => [n, axis.includes(k)] as const).filter(([n]) => n > 1);
      const kinds = sizes.map(([, isSummed]) => isSummed);
      return kinds.includes(true) && kinds.filter((kind, k) => k > 0 && kind !== kinds[k - 1]).length <= 1;
    };

    it("sums of rows and columns in a loop give eager's bits, for any sizes", () => {
      const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17];
      for (const [rows, columns] of product(sizes, sizes) as [number, number][])
        for (const axis of [[0], [1], [0, 1]]) {
          const f = (x: Tensor, y: Tensor) => both(x, y, axis);
          const [x, y] = [floats([rows, columns], dtype, 1), floats([rows, columns], dtype, 2)];
          const compiled = compile(f, { engine });
          expectAgreement(compiled(x, y), f(x, y));
          if (joined([rows, columns], axis)) expect(compiled.plan(x, y).instructions.length).toBe(1);
        }
    });

    it("sums over any axes of broadcast and transposed numbers give eager's bits", () => {
      const shapes: Shape[] = [
        [3, 4, 5],
        [2, 3, 8],
        [40, 9],
        [5, 1, 16],
        [33, 2, 3],
      ];
      for (const shape of shapes)
        for (const axis of [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]].filter((list) =>
          list.every((k) => k < shape.length),
        ))
          for (const other of [shape, shape.slice(1), shape.with(-1, 1), shape.with(0, 1), shape.toReversed()]) {
            const isTransposed = other.join() === shape.toReversed().join() && other !== shape;
            const f = (x: Tensor, y: Tensor) => {
              const z = mul(x, isTransposed ? transpose(y) : y);
              return [...both(x, z, axis), sum(mul(z, z), { axis })];
            };
            const [x, y] = [floats(shape, dtype, 1), floats(other, dtype, 2)];
            expectAgreement(compile(f, { engine })(x, y), f(x, y));
          }
    });

    it("sums of special numbers, and sums that a later step of the same shape reads, give eager's bits", () => {
      for (const x of special)
        for (const n of [3, 8, 11]) {
          const values = tensor(noiseLike(floats([n, n], dtype, 1), 3), { dtype });
          const f = (y: Tensor, z: Tensor) => {
            const scaled = mul(y, z);
            return [0, 1].map((axis) => sub(scaled, mean(scaled, { axis, keepDims: true })));
          };
          const factor = tensor(x, { dtype });
          expectAgreement(compile(f, { engine })(values, factor), f(values, factor));
        }
    });

    it("sums of transposed, strided and repeated tensors are loops with eager's bits", () => {
      const views: readonly ((x: Tensor) => Tensor)[] = [
        (x) => transpose(x, { axes: [1, 0, 2] }),
        (x) => transpose(x),
        (x) => slice(x, { start: [0, 1], step: [1, 2, 1] }),
        (x) => slice(x, { step: [1, 1, 2] }),
        (x) => slice(x, { step: [-1, 1, 1] }),
        (x) => broadcastTo(slice(x, { stop: [1] }), { shape: x.shape }),
      ];
      for (const shape of [
        [2, 3, 4],
        [5, 9, 8],
        [3, 20, 17],
        [16, 4, 33],
      ])
        for (const axis of [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]]) {
          const f = (x: Tensor) =>
            views.map((view) => [sum(view(x), { axis }), mean(view(x), { axis, keepDims: true })]);
          const x = floats(shape, dtype, 1);
          expectAgreement(compile(f, { engine })(x), f(x));
        }
      const f = (x: Tensor) => sum(transpose(x, { axes: [1, 0, 2] }), { axis: [0, 1] });
      expect(
        compile(f, { engine })
          .plan(floats([5, 9, 8], dtype, 1))
          .instructions.map(({ text }) => text),
      ).toEqual([`loop over [9, 5, 8] ${dtype}: reshape, sum`]);
    });

    it("concat, pack, place and the pullbacks of slices copy in loops, and keep or lose the sign of 0 as eager ops do", () => {
      const selections: readonly (readonly Parameters<typeof slice>[1][])[] = [
        [{ stop: [2] }],
        [{ stop: [2] }, { start: [2] }],
        [{ stop: [null, 3] }, { start: [3, 3] }],
        [{ step: [2, 1] }, { start: [1], step: [2, 1] }],
        [{ step: [1, 2] }],
        [{ start: [-1], step: [-1, 1] }],
        [{ stop: [3] }, { start: [1] }],
        [{ stop: [0] }, { stop: [1, 1] }],
      ];
      const x = tensor(mul(noiseLike(zeros([4, 6]), 1), where(greater(random([4, 6], 2), 0.5), 0, -1)), { dtype });
      const signed = (...ys: Tensor[]) => ys.map((y) => [y, div(1, y)]);
      for (const list of selections) {
        const f = (y: Tensor) => {
          const { value, pullback } = vjp((z: Tensor) => list.map((each) => slice(z, each)), y);
          return signed(
            pullback(value.map((part) => mul(part, -0)))[0]!,
            ...value.map((part) => concat([part, part, y].filter(({ shape }) => shape[1] === part.shape[1]))),
          );
        };
        expectAgreement(compile(f, { engine })(x), f(x));
      }
      const pieces = (y: Tensor, n: Tensor) => [
        ...signed(concat([y, mul(y, 2), y], { axis: 1 }), concat([transpose(y), transpose(y)])),
        concat([n, n], { axis: 1 }),
        concat([greater(n, 0), less(n, 0)]),
        apply(pack.spec, [y, mul(y, 3)], undefined),
        apply(place.spec, [transpose(y)], { offset: 3, size: 30, dtype }),
        apply(place.spec, [n], { offset: 1, size: 10, dtype: "int32" }),
        apply(unslice.spec, [n], { start: [1, 0], step: [1, 2], size: [2, 3], shape: [4, 6] }),
      ];
      const n = tensor(
        [
          [1, -2, 3],
          [0, 5, -6],
        ],
        { dtype: "int32" },
      );
      const compiled = compile(pieces, { engine });
      expectAgreement(compiled(x, n), pieces(x, n));
      expect(
        compiled
          .plan(x, n)
          .instructions.filter(({ kind }) => kind === "op")
          .map(({ text }) => text),
      ).toEqual(["op greater", "op less", "op unslice"]);
    });

    it("a reshape of a transpose is a loop, whose result another loop reads in its own shape", () => {
      for (const [shape, axes] of [
        [
          [2, 3, 4],
          [0, 2, 1],
        ],
        [
          [5, 8, 2, 16],
          [0, 2, 1, 3],
        ],
        [
          [7, 3],
          [1, 0],
        ],
      ] as const) {
        const f = (x: Tensor, y: Tensor) => {
          const moved = reshape(transpose(mul(x, 2), { axes }), { shape: y.shape });
          return [moved, add(moved, y), mul(moved, moved)];
        };
        const x = floats(shape, dtype, 1);
        const y = floats([shape[0] * shape[1], x.size / (shape[0] * shape[1])], dtype, 2);
        const compiled = compile(f, { engine });
        expectAgreement(compiled(x, y), f(x, y));
        expect(compiled.plan(x, y).instructions.length).toBe(3);
      }
    });

    it("gelu and its derivative of the same tensor are computed in one loop, with eager's bits", () => {
      const f = (x: Tensor, g: Tensor) => {
        const { value, pullback } = vjp((y: Tensor) => gelu(mul(y, 2)), x);
        return [value, matmul(transpose(value), pullback(g)[0]!)];
      };
      for (const n of [1, 3, 4, 5, 17, 64]) {
        const [x, g] = [floats([n, n], dtype, 1), floats([n, n], dtype, 2)];
        const compiled = compile(f, { engine });
        expectAgreement(compiled(x, g), f(x, g));
        const loops = compiled.plan(x, g).instructions.filter(({ kind }) => kind === "loop");
        if (dtype === "float32") expect(loops[0]!.text).toContain("mul, gelu, geluSlope");
      }
      const x = tensor(special, { dtype });
      const all = (y: Tensor) => grad((z: Tensor) => sum(gelu(z)))(y);
      const both = (y: Tensor) => [gelu(y), all(y)];
      expectAgreement(compile(both, { engine })(x), both(x));
    });

    it("a result that a product and a sum both read is stored", () => {
      const f = (x: Tensor, y: Tensor) => {
        const z = mul(x, y);
        return [matmul(transpose(z), z), sum(z, { axis: 0 })];
      };
      const [x, y] = [floats([40, 20], dtype, 1), floats([40, 20], dtype, 2)];
      const compiled = compile(f, { engine });
      expectAgreement(compiled(x, y), f(x, y));
      expect(compiled.plan(x, y).instructions[0]!.text).toBe(`loop over [40, 20] ${dtype}: mul, sum`);
    });
  },
);

it("every op of the loops has a case, and no case has params that its op ignores", () => {
  const names = [...elementwise.keys()].map(({ name }) => name);
  expect(Object.keys(paramsOf).filter((name) => !names.includes(name))).toEqual([]);
  expect(new Set(cases.map(([, op]) => op)).size).toBe(elementwise.size);
});
