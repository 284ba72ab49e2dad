import {
  ArgumentError,
  DTypeError,
  fromNdarray,
  grad,
  jacobian,
  jvp,
  OutOfRangeError,
  ShapeError,
  type Tensor,
  tensor,
  trace,
  vjp,
  type WengertError,
  zeros,
} from "@wengert/core";
import { ravel } from "@wengert/core/extend";
import {
  broadcastTo,
  cast,
  concat,
  dot,
  expandDims,
  matmul,
  mean,
  mul,
  oneHot,
  reshape,
  slice,
  stack,
  sum,
  take,
  transpose,
} from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { sampled } from "./soak.ts";
import { errorOf, int32, numbers, product, random } from "./support.ts";

type Refused = readonly [what: string, run: () => unknown, Class: typeof WengertError, message: RegExp];
const refuses = (cases: readonly Refused[]) =>
  test.each(cases)("throws for %s", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
const X = tensor(
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  { label: "X" },
);
const any = <T>(value: unknown): T => value as T;

describe("more than 64 axes", () => {
  const most = zeros(Array(64).fill(1), { label: "most" });
  const half = zeros(Array(33).fill(1));
  const index = cast(most, { dtype: "int32" });
  it.each<[string, (x: Tensor) => unknown]>([
    ["expandDims", (x) => expandDims(x, { axis: 0 })],
    ["stack", (x) => stack([x, x])],
    ["reshape", (x) => reshape(x, { shape: Array(65).fill(1) })],
    ["broadcastTo", (x) => broadcastTo(x, { shape: Array(65).fill(1) })],
    ["oneHot", () => oneHot(index, { numClasses: 2 })],
    ["take", () => take(zeros([1, 1]), index, { axis: 0 })],
    ["dot", () => dot(half, zeros(Array(34).fill(1)))],
    ["jacobian", (x) => jacobian((y: Tensor) => y)(x)],
    ["zeros", () => zeros(Array(65).fill(1))],
  ])("are a ShapeError of %s, also in a trace", (name, run) => {
    const traced = (x: Tensor) => {
      run(x);
      return x;
    };
    for (const body of [() => run(most), () => trace(traced, most)]) {
      const error = errorOf(body);
      expect(error).toBeInstanceOf(ShapeError);
      expect(error.message).toMatch(new RegExp(`^${name}: a shape has at most 64 axes, got \\d+$`));
    }
  });
  it("are not needed to differentiate at 64 axes", () => {
    const f = (x: Tensor) => mean(mul(transpose(x), sum(matmul(x, x), { axis: 0, keepDims: true })));
    expect(grad(f)(most).shape).toEqual(most.shape);
  });
});

describe("reshape", () => {
  it.each<[number[], number[]]>([
    [
      [3, 2],
      [3, 2],
    ],
    [[6], [6]],
    [[-1], [6]],
    [
      [2, -1],
      [2, 3],
    ],
    [
      [-1, 1, 2],
      [3, 1, 2],
    ],
    [
      [1, 6, 1],
      [1, 6, 1],
    ],
  ])("to %j keeps the elements in row-major order", (shape, wanted) => {
    const y = reshape(X, { shape });
    expect([y.shape, numbers(y)]).toEqual([wanted, [1, 2, 3, 4, 5, 6]]);
  });
  it("copies nothing for row-major memory, and copies otherwise", () => {
    expect(ravel(reshape(X, { shape: [6] }).array!)).toBe(ravel(X.array!));
    expect(reshape(transpose(X), { shape: [2, 3] }).toNested()).toEqual([
      [1, 4, 2],
      [5, 3, 6],
    ]);
  });
  it("makes scalars, and arrays without elements", () => {
    expect([reshape(tensor([7]), { shape: [] }).item(), reshape(tensor(7), { shape: [1, 1] }).shape]).toEqual([
      7,
      [1, 1],
    ]);
    expect(reshape(random([0, 3]), { shape: [7, 0] }).shape).toEqual([7, 0]);
    expect(reshape(random([0, 3]), { shape: [-1, 3] }).shape).toEqual([0, 3]);
  });
  it("keeps any dtype", () => {
    for (const dtype of ["float32", "int32", "bool"] as const)
      expect(reshape(tensor([1, 0], { dtype }), { shape: [2, 1] }).dtype).toBe(dtype);
  });
  refuses([
    [
      "a different number of elements",
      () => reshape(X, { shape: [4] }),
      ShapeError,
      /^reshape: X \[2, 3\] has 6 elements and cannot take shape \[4\]/,
    ],
    ["a size that does not divide", () => reshape(X, { shape: [4, -1] }), ShapeError, /\[4, -1\]/],
    ["two sizes of -1", () => reshape(X, { shape: [-1, -1] }), ShapeError, /one size may be -1/],
    ["a size of -1 next to 0", () => reshape(random([0]), { shape: [0, -1] }), ShapeError, /\[0, -1\]/],
    ["a size below -1", () => reshape(X, { shape: [-2, -3] }), ShapeError, /\[-2, -3\]/],
    ["a fraction", () => reshape(X, { shape: [1.5, 4] }), ShapeError, /\[1.5, 4\]/],
    ["no shape", () => reshape(X, any({})), ShapeError, /^reshape: expected \{ shape: \[sizes\] \}.*got undefined/],
    ["a number instead of a shape", () => reshape(X, any({ shape: 6 })), ShapeError, /got 6/],
  ]);
});

describe("transpose", () => {
  it("permutes the axes without a copy", () => {
    const x = random([2, 3, 4]);
    for (const axes of product([0, 1, 2], [0, 1, 2], [0, 1, 2]).filter((axes) => new Set(axes).size === 3)) {
      const y = transpose(x, { axes });
      expect([y.shape, y.array!.data === x.array!.data]).toEqual([axes.map((axis) => x.shape[axis]), true]);
      for (const index of product([0, 1], [0, 1, 2], [0, 1, 2, 3]))
        expect(y.data.get(...axes.map((axis) => index[axis]!))).toBe(x.data.get(...index));
      const back = vjp((a: Tensor) => transpose(a, { axes }), x).pullback(y)[0];
      expect(back.toNested()).toEqual(x.toNested());
      expect(transpose(x, { axes: axes.map((axis) => axis - 3) }).toNested()).toEqual(y.toNested());
    }
    expect(transpose(x).shape).toEqual([4, 3, 2]);
    expect(transpose(tensor(3)).item()).toBe(3);
  });
  refuses([
    [
      "too few axes",
      () => transpose(X, { axes: [0] }),
      OutOfRangeError,
      /^transpose: axes must name each of the 2 axes of X \[2, 3\] once, got \[0\]/,
    ],
    ["an axis twice", () => transpose(X, { axes: [1, -1] }), OutOfRangeError, /got \[1, -1\]/],
    [
      "an axis out of range",
      () => transpose(X, { axes: [0, 2] }),
      OutOfRangeError,
      /X \[2, 3\] has no axis 2; it must be from -2 to 1/,
    ],
    ["a number", () => transpose(X, any({ axes: 1 })), OutOfRangeError, /got 1/],
  ]);
});

describe("expandDims", () => {
  it.each([
    [0, [1, 2, 3]],
    [1, [2, 1, 3]],
    [2, [2, 3, 1]],
    [-1, [2, 3, 1]],
    [-3, [1, 2, 3]],
  ] as const)("at %i gives %j", (axis, shape) => {
    expect(expandDims(X, { axis }).shape).toEqual(shape);
  });
  it("accepts a number, as every op does", () =>
    expect(expandDims(any<Tensor>(3), { axis: 0 }).toNested()).toEqual([3]));
  refuses([
    [
      "an axis out of range",
      () => expandDims(X, { axis: 3 }),
      OutOfRangeError,
      /^expandDims: X \[2, 3\] has no axis 3; it must be from -3 to 2/,
    ],
    ["no axis", () => expandDims(X, any({})), ArgumentError, /axis must be a whole number, got undefined/],
  ]);
});

describe("broadcastTo", () => {
  it("repeats along new axes and axes of size 1, without a copy", () => {
    const y = broadcastTo(tensor([[1], [2]]), { shape: [2, 2, 3] });
    expect(y.toNested()).toEqual([
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
    ]);
    expect(y.array!.stride).toEqual([0, 1, 0]);
    expect(broadcastTo(tensor([[1]]), { shape: [0, 4] }).shape).toEqual([0, 4]);
  });
  refuses([
    [
      "another size",
      () => broadcastTo(X, { shape: [4, 3] }),
      ShapeError,
      /^broadcastTo: X \[2, 3\] does not broadcast to \[4, 3\]/,
    ],
    ["fewer axes", () => broadcastTo(X, { shape: [3] }), ShapeError, /to \[3\]/],
    ["fewer axes for a single number", () => broadcastTo(tensor([[1]]), { shape: [1] }), ShapeError, /to \[1\]/],
    ["a negative size", () => broadcastTo(tensor([1]), { shape: [-1] }), ShapeError, /at least 0; got \[-1\]/],
  ]);
});

describe("slice", () => {
  /**
   * Returns the indices that Python's [start:stop:step] selects from n entries, found by stepping from start to stop.
   */
  function indices(n: number, start: number | null, stop: number | null, step: number): number[] {
    const at = (bound: number) => (bound < 0 ? bound + n : bound);
    const from = start === null ? (step > 0 ? 0 : n - 1) : at(start);
    const to = stop === null ? (step > 0 ? Infinity : -Infinity) : at(stop);
    // If the start of a Python slice is out of range, the slice begins at the nearest end.
    let i = step > 0 ? Math.max(from, 0) : Math.min(from, n - 1);
    const found: number[] = [];
    for (; i >= 0 && i < n && (step > 0 ? i < to : i > to); i += step) found.push(i);
    return found;
  }
  const bounds = [null, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6];
  it("selects the entries that NumPy selects, for each start, stop and step, and scatters cotangents back", () => {
    const all = product<number | null>([0, 1, 3, 4], bounds, bounds, [1, 2, 3, -1, -2, -3]);
    for (const [n, start, stop, step] of sampled(all, 5) as [number, number | null, number | null, number][]) {
      const x = random([n], 5);
      const options = { start: [start], stop: [stop], step: [step] };
      const wanted = indices(n, start, stop, step);
      const what = `[${start}:${stop}:${step}] of ${n}`;
      const { value, pullback } = vjp((a: Tensor) => slice(a, options), x);
      expect(numbers(value), what).toEqual(wanted.map((i) => numbers(x)[i]));
      const u = random([wanted.length], 6);
      const back = new Array<number>(n).fill(0);
      for (const [k, i] of wanted.entries()) back[i] = numbers(u)[k]!;
      expect(numbers(pullback(u)[0]), what).toEqual(back);
      expect(numbers(jvp((a: Tensor) => slice(a, options), [x], [x]).tangent), what).toEqual(numbers(value));
    }
  });
  it("slices several axes at once and keeps omitted axes whole", () => {
    const x = random([3, 4]);
    for (const [a, b, s, t] of product<number>([0, 1, -1], [0, 2, -2], [1, -1], [1, 2, -2]) as [
      number,
      number,
      number,
      number,
    ][]) {
      const y = slice(x, { start: [a, b], step: [s, t] });
      const wanted = indices(3, a, null, s).map((i) => indices(4, b, null, t).map((j) => x.data.get(i, j)));
      expect(y.toNested()).toEqual(wanted);
    }
    expect(slice(X, { start: [1] }).toNested()).toEqual([[4, 5, 6]]);
    expect(slice(X, { step: [null, 2] }).toNested()).toEqual([
      [1, 3],
      [4, 6],
    ]);
    expect(slice(X).toNested()).toEqual(X.toNested());
  });
  it("copies nothing, also for slices of slices", () => {
    const y = slice(X, { start: [null, 2], step: [-1, -2] });
    expect([y.toNested(), y.array!.data === X.array!.data]).toEqual([
      [
        [6, 4],
        [3, 1],
      ],
      true,
    ]);
    expect(slice(y, { start: [1] }).toNested()).toEqual([[3, 1]]);
    expect(slice(fromNdarray(X.data.step(-1, 1)), { stop: [1] }).toNested()).toEqual([[4, 5, 6]]);
  });
  refuses([
    [
      "more bounds than axes",
      () => slice(X, { start: [0, 0, 0] }),
      OutOfRangeError,
      /^slice: got 3 bounds for the 2 axes of X \[2, 3\]/,
    ],
    ["a step of 0", () => slice(X, { step: [1, 0] }), OutOfRangeError, /step is 0 along axis 1 of X \[2, 3\]/],
    ["a fraction", () => slice(X, { start: [0.5] }), ArgumentError, /whole numbers or null, got 0.5/],
    [
      "a number instead of a list",
      () => slice(X, any({ start: 1 })),
      ArgumentError,
      /^slice: start must be a list with one entry per axis.*got 1/,
    ],
  ]);
});

describe("concat and stack", () => {
  const parts = [random([2, 1], 1), random([2, 3], 2), random([2, 0], 3)];
  it("join along any axis, in order", () => {
    const y = concat(parts, { axis: 1 });
    expect(y.toNested()).toEqual([0, 1].map((i) => parts.flatMap((part) => part.toNested<number[][]>()[i]!)));
    expect(concat([X, X]).shape).toEqual([4, 3]);
    expect(concat([X, X], { axis: -1 }).toNested()).toEqual([
      [1, 2, 3, 1, 2, 3],
      [4, 5, 6, 4, 5, 6],
    ]);
    expect(concat([X]).toNested()).toEqual(X.toNested());
  });
  it("give each differentiated part its own cotangent", () => {
    const u = random([2, 4]);
    const back = vjp((a: Tensor, b: Tensor) => concat([a, b, parts[2]!], { axis: 1 }), parts[0]!, parts[1]!).pullback(
      u,
    );
    expect(concat([...back], { axis: 1 }).toNested()).toEqual(u.toNested());
    expect(
      vjp((a: Tensor) => concat([a, a]), tensor([1]))
        .pullback(tensor([3, 4]))[0]
        .toNested(),
    ).toEqual([7]);
  });
  it("stack along a new axis", () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    expect(stack([a, b]).toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    for (const axis of [1, -1])
      expect(stack([a, b], { axis }).toNested()).toEqual([
        [1, 3],
        [2, 4],
      ]);
    expect(stack([tensor(1), 2, 3]).toNested()).toEqual([1, 2, 3]);
    expect(stack([1, tensor(2, { dtype: "float32" })]).dtype).toBe("float32");
  });
  it("keep any dtype", () => {
    for (const dtype of ["float32", "int32", "bool"] as const) {
      const t = tensor([1, 0], { dtype });
      expect([concat([t, t]).dtype, stack([t, t]).dtype]).toEqual([dtype, dtype]);
    }
  });
  refuses([
    [
      "an empty list",
      () => concat([]),
      ArgumentError,
      /^concat: expected a list of at least one tensor, got an empty list/,
    ],
    ["nothing to stack", () => stack([]), ArgumentError, /^stack: expected a list of at least one tensor/],
    ["a lone tensor", () => concat(any(X)), ArgumentError, /^concat: expected a list of tensors, got a Tensor/],
    ["a lone tensor to stack", () => stack(any(X)), ArgumentError, /^stack: expected a list .*got a Tensor/],
    [
      "different sizes on other axes",
      () => concat([X, random([2, 2])]),
      ShapeError,
      /^concat: tensors may differ along axis 0 only, got X \[2, 3\] and tensor 1 \[2, 2\]; did you mean { axis: 1 }/,
    ],
    ["another number of axes", () => concat([X, random([2])]), ShapeError, /X \[2, 3\] and tensor 1 \[2\]; stack/],
    ["scalars", () => concat([tensor(1), tensor(2)]), OutOfRangeError, /a scalar has no axes/],
    [
      "two dtypes",
      () => concat([X, tensor(int32([[1, 2, 3]]), { label: "n" })]),
      DTypeError,
      /n \[1, 3\].*write cast\(n, \{ dtype: "float64" \}\)/,
    ],
    [
      "stacks of two shapes",
      () => stack([X, random([3, 2])]),
      ShapeError,
      /^stack: all tensors must have the shape of X \[2, 3\], got tensor 1 \[3, 2\]/,
    ],
    ["an axis out of range", () => stack([X, X], { axis: 3 }), OutOfRangeError, /no axis 3; it must be from -3 to 2/],
  ]);
});

describe("sum and mean", () => {
  it("reduce over any axes", () => {
    const x = random([2, 3, 4]);
    for (const axes of [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      const totals = new Map<string, number>();
      for (const index of product([0, 1], [0, 1, 2], [0, 1, 2, 3])) {
        const place = String(index.filter((_, axis) => !axes.includes(axis)));
        totals.set(place, (totals.get(place) ?? 0) + x.data.get(...index));
      }
      const n = 24 / totals.size;
      const kept = [2, 3, 4].map((size, axis) => (axes.includes(axis) ? 1 : size));
      for (const [i, total] of [...totals.values()].entries()) {
        expect(numbers(sum(x, { axis: axes }))[i]).toBeCloseTo(total, 14);
        expect(numbers(mean(x, { axis: axes.map((axis) => axis - 3), keepDims: true }))[i]).toBeCloseTo(total / n, 14);
      }
      expect([sum(x, { axis: axes, keepDims: true }).shape, mean(x, { axis: axes }).size]).toEqual([kept, totals.size]);
    }
    expect(sum(x).shape).toEqual([]);
  });
  it("add in float64 for any dtype", () => {
    const many = tensor(new Float32Array(2 ** 20).fill(0.1));
    expect(sum(many).item()).toBe(Math.fround(2 ** 20 * Math.fround(0.1)));
    expect(mean(many).item()).toBe(Math.fround(0.1));
  });
  it("of an empty tensor are 0 and NaN", () => {
    expect([sum(tensor([])).item(), mean(tensor([])).item()]).toEqual([0, Number.NaN]);
    expect([sum(random([2, 0]), { axis: 1 }).toNested(), sum(random([0, 2]), { axis: 1 }).shape]).toEqual([
      [0, 0],
      [0],
    ]);
  });
  it("count bools, and keep integers; a mean needs floats", () => {
    const count = sum(
      tensor([
        [true, false],
        [true, true],
      ]),
      { axis: 0 },
    );
    expect([count.dtype, count.toNested()]).toEqual(["int32", [2, 1]]);
    expect([sum(int32([3, -5])).dtype, sum(int32([3, -5])).item()]).toEqual(["int32", -2]);
    expect(errorOf(() => mean(tensor(int32([1]), { label: "n" }))).message).toMatch(
      /^mean: a float is needed, n \[1\] is int32; write cast\(n, /,
    );
  });
  it("propagate NaN and Infinity within their slices", () => {
    const x = tensor([
      [1, Number.NaN],
      [2, Infinity],
      [3, 4],
    ]);
    expect(sum(x, { axis: 1 }).toNested()).toEqual([Number.NaN, Infinity, 7]);
  });
  refuses([
    [
      "an axis twice",
      () => sum(X, { axis: [1, -1] }),
      OutOfRangeError,
      /^sum: axis 1 of X \[2, 3\] is named twice in \[1, -1\]/,
    ],
    [
      "an axis out of range",
      () => mean(X, { axis: -3 }),
      OutOfRangeError,
      /^mean: X \[2, 3\] has no axis -3; it must be from -2 to 1/,
    ],
    ["a fraction", () => sum(X, { axis: 0.5 }), ArgumentError, /axis must be a whole number, got 0.5/],
    ["an axis of a scalar", () => sum(tensor(1), { axis: 0 }), OutOfRangeError, /a scalar has no axes/],
    ["an axis in words", () => sum(X, any({ axis: "rows" })), ArgumentError, /axis/],
  ]);
});

describe("cast", () => {
  it("rounds towards zero to int32, compares with 0 for bool, and rounds to the nearest float32", () => {
    const x = tensor([1.9, -1.9, 0.4, -0.4, 2147483647.5, -2147483648.5]);
    expect(cast(x, { dtype: "int32" }).toNested()).toEqual([1, -1, 0, 0, 2147483647, -2147483648]);
    expect(cast(tensor([0, -0, 0.1, Number.NaN]), { dtype: "bool" }).toNested()).toEqual([false, false, true, true]);
    expect(cast(tensor([0.1, 1e300]), { dtype: "float32" }).toNested()).toEqual([Math.fround(0.1), Infinity]);
    expect(cast(tensor([true, false]), { dtype: "float64" }).toNested()).toEqual([1, 0]);
    expect(cast(int32([-7]), { dtype: "float32" }).toNested()).toEqual([-7]);
    expect(cast(tensor([true]), { dtype: "int32" }).dtype).toBe("int32");
  });
  it("copies nothing if the dtype is unchanged", () => {
    for (const dtype of ["float64", "float32", "int32", "bool"] as const) {
      const x = tensor([1, 0], { dtype });
      const y = cast(x, { dtype });
      expect([y.dtype, y.array!.data === x.array!.data]).toEqual([dtype, true]);
    }
  });
  it("casts the cotangent back, and stops at integers and bools", () => {
    const back = vjp((x: Tensor) => cast(x, { dtype: "float32" }), tensor([1, 2])).pullback(
      tensor([3, 4], { dtype: "float32" }),
    )[0];
    expect([back.dtype, back.toNested()]).toEqual(["float64", [3, 4]]);
    const single = tensor([1, 2], { dtype: "float32" });
    const up = vjp((x: Tensor) => cast(x, { dtype: "float64" }), single).pullback(tensor([3, 0.1]))[0];
    expect([up.dtype, up.toNested()]).toEqual(["float32", [3, Math.fround(0.1)]]);
    for (const dtype of ["int32", "bool"] as const)
      expect(
        vjp((x: Tensor) => cast(cast(x, { dtype }), { dtype: "float64" }), tensor([1, 2]))
          .pullback(tensor([3, 4]))[0]
          .toNested(),
      ).toEqual([0, 0]);
  });
  refuses([
    [
      "a number out of range for int32",
      () => cast(tensor([0, 2 ** 31]), { dtype: "int32" }),
      OutOfRangeError,
      /^cast: 2147483648 \(element 1\) does not fit in int32/,
    ],
    ["NaN as int32", () => cast(tensor([Number.NaN]), { dtype: "int32" }), OutOfRangeError, /NaN \(element 0\)/],
    ["-Infinity as int32", () => cast(tensor([-Infinity]), { dtype: "int32" }), OutOfRangeError, /-Infinity/],
    [
      "an unknown dtype",
      () => cast(X, any({ dtype: "float16" })),
      DTypeError,
      /^cast: dtype must be one of float64, float32, int32, bool; got the string "float16"/,
    ],
    ["no dtype", () => cast(X, any({})), DTypeError, /got undefined/],
  ]);
});
