import {
  ArgumentError,
  type DType,
  DTypeError,
  evaluate,
  fromNdarray,
  full,
  fullLike,
  grad,
  MutationError,
  OutOfRangeError,
  ones,
  onesLike,
  ShapeError,
  type Tensor,
  TracedValueError,
  tensor,
  trace,
  vmap,
  WengertError,
  withLabel,
  zeros,
  zerosLike,
} from "@wengert/core";
import { type Data, ndarray, type ReadonlyNdArray } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import { errorOf, mul, random } from "./support.ts";

const untyped = tensor as (value: unknown, options?: unknown) => Tensor;
const wrap = fromNdarray as (nd: unknown) => Tensor;
const plain = (values: unknown, shape: number[], stride?: number[], offset?: number) =>
  ndarray(values as Data, shape, stride, offset);
const kind = (t: Tensor) => [t.dtype, t.shape, t.toNested()];

describe("tensor", () => {
  test.each<[string, Parameters<typeof tensor>[0], DType, number[], unknown]>([
    ["a number", 3, "float64", [], 3],
    ["a boolean", true, "bool", [], true],
    ["a list", [1, -2.5], "float64", [2], [1, -2.5]],
    ["lists of lists", [[1], [2], [3]], "float64", [3, 1], [[1], [2], [3]]],
    ["deep nesting", [[[[[7]]]]], "float64", [1, 1, 1, 1, 1], [[[[[7]]]]]],
    ["booleans", [[true, false]], "bool", [1, 2], [[true, false]]],
    ["an empty list", [], "float64", [0], []],
    ["empty rows", [[], []], "float64", [2, 0], [[], []]],
    ["a Float64Array", Float64Array.of(1, 2), "float64", [2], [1, 2]],
    ["a Float32Array", Float32Array.of(1, 0.1), "float32", [2], [1, Math.fround(0.1)]],
    ["an Int32Array", Int32Array.of(-1, 2), "int32", [2], [-1, 2]],
    ["an Int8Array", Int8Array.of(-128, 127), "float64", [2], [-128, 127]],
    ["a Uint8Array", Uint8Array.of(0, 255), "float64", [2], [0, 255]],
    ["a Uint32Array", Uint32Array.of(2 ** 32 - 1), "float64", [1], [2 ** 32 - 1]],
    ["rows of typed arrays", [Float32Array.of(1), Float32Array.of(2)], "float32", [2, 1], [[1], [2]]],
    ["a scalar ndarray", ndarray(Float64Array.of(4, 5), [], [], 1), "float64", [], 5],
    [
      "a transposed ndarray",
      ndarray(Int32Array.of(1, 2, 3, 4), [2, 2], [1, 2]),
      "int32",
      [2, 2],
      [
        [1, 3],
        [2, 4],
      ],
    ],
    ["a reversed ndarray", ndarray(Float32Array.of(1, 2), [2], [-1], 1), "float32", [2], [2, 1]],
    ["a repeating ndarray", ndarray(Float64Array.of(1), [2], [0]), "float64", [2], [1, 1]],
    [
      "an ndarray over a plain array",
      plain([1, 2, 3, 4], [2, 2], [-2, -1], 3),
      "float64",
      [2, 2],
      [
        [4, 3],
        [2, 1],
      ],
    ],
    ["a scalar ndarray over a plain array", plain([7, 8], [], [], 1), "float64", [], 8],
    ["an empty ndarray", ndarray(new Float64Array(0), [0, 2]), "float64", [0, 2], []],
    ["a tensor", tensor([1, 2], { dtype: "float32" }), "float32", [2], [1, 2]],
    ["a bool tensor", tensor([true, false]), "bool", [2], [true, false]],
  ])("takes %s", (_, value, dtype, shape, nested) => {
    expect(kind(tensor(value))).toEqual([dtype, shape, nested]);
  });

  test.each<[DType, unknown[]]>([
    ["float64", [0.1, 1, -3]],
    ["float32", [Math.fround(0.1), 1, -3]],
  ])("stores numbers as %s on request", (dtype, nested) => {
    for (const value of [[0.1, 1, -3], Float64Array.of(0.1, 1, -3), ndarray(Float64Array.of(0.1, 1, -3), [3])])
      expect(kind(tensor(value, { dtype }))).toEqual([dtype, [3], nested]);
  });

  it("stores integers as int32, and 0, 1 and booleans as bool, on request", () => {
    expect(kind(tensor([2 ** 31 - 1, -(2 ** 31), -0], { dtype: "int32" }))).toEqual([
      "int32",
      [3],
      [2 ** 31 - 1, -(2 ** 31), 0],
    ]);
    expect(kind(tensor([1, 0, 1], { dtype: "bool" }))).toEqual(["bool", [3], [true, false, true]]);
    expect(kind(tensor(Uint8Array.of(0, 1), { dtype: "bool" }))).toEqual(["bool", [2], [false, true]]);
    expect(kind(untyped([true, 0], { dtype: "bool" }))).toEqual(["bool", [2], [true, false]]);
  });

  it("copies its argument", () => {
    const list = [1, 2];
    const typed = Float64Array.of(1, 2);
    const all = [tensor(list), tensor(typed), tensor(ndarray(typed, [2])), tensor(tensor(typed))];
    const rows = tensor([typed, typed]);
    const shape = [2];
    const nd = tensor(ndarray(typed, shape));
    list[0] = typed[0] = 9;
    shape[0] = 1;
    for (const t of all) expect(t.toNested()).toEqual([1, 2]);
    expect([rows.toNested(), nd.shape]).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
      [2],
    ]);
  });

  it("accepts a label, and withLabel returns the same numbers with another label", () => {
    const t = tensor(1, { label: "W" });
    expect([t.label, String(t)]).toEqual(["W", "W(1., float64)"]);
    const u = withLabel(t, "b");
    expect([String(u), String(t), u.array!.data === t.array!.data]).toEqual(["b(1., float64)", "W(1., float64)", true]);
    expect(grad((x: Tensor) => withLabel(x, "y"))(t).item()).toBe(1);
  });

  test.each<[string, unknown, unknown, typeof WengertError, RegExp]>([
    ["ragged rows", [[1, 2], [3]], {}, ShapeError, /ragged.*expected 2 entries at \[1\].*got 1/],
    [
      "ragged planes",
      [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      {},
      ShapeError,
      /expected 1 entries at \[1\]\[1\].*got 2/,
    ],
    ["a number among rows", [[1, 2], 3], {}, ShapeError, /expected 2 entries at \[1\].*got the number 3;/],
    [
      "a typed array among deeper rows",
      [[[1, 2]], Float64Array.of(3)],
      {},
      WengertError,
      /\[1\]\[0\].*got the number 3;/,
    ],
    [
      "a typed array among deeper rows, of float32",
      [[[1], [2]], Float32Array.of(3, 4)],
      {},
      WengertError,
      /\[1\]\[0\].*got the number 3;/,
    ],
    ["a row among numbers", [1, [2]], {}, WengertError, /\[1\].*an array of 1/],
    ["a string", "abc", {}, DTypeError, /expected a number, got the string "abc"/],
    ["a string inside", [[1, "2"]], {}, DTypeError, /expected a number at \[0\]\[1\], got the string "2"/],
    ["undefined", undefined, {}, DTypeError, /expected a number, got undefined/],
    ["null inside", [null], {}, DTypeError, /at \[0\], got null/],
    ["a hole", Object.assign([], { 0: 1, 2: 3 }), {}, DTypeError, /at \[1\], got undefined/],
    ["an object", [{ x: 1 }], {}, DTypeError, /at \[0\], got an object/],
    ["a date", new Date(0), {}, DTypeError, /got a Date/],
    ["a DataView", new DataView(new ArrayBuffer(8)), {}, DTypeError, /got a DataView/],
    ["a bigint", 3n, {}, DTypeError, /3n is a 64-bit integer.*2\^53.*Number\(x\)/],
    ["a bigint inside", [1, 3n], {}, DTypeError, /3n at \[1\]/],
    ["a BigInt64Array", BigInt64Array.of(5n), {}, DTypeError, /5n at \[0\]/],
    ["booleans among numbers", [1, true], {}, DTypeError, /at \[1\], got true; .*"bool"/],
    ["numbers among booleans", [true, 2], {}, DTypeError, /expected true, false, 0 or 1 at \[1\], got 2/],
    ["2 as bool", 2, { dtype: "bool" }, DTypeError, /expected true, false, 0 or 1, got 2/],
    ["NaN as bool", [Number.NaN], { dtype: "bool" }, DTypeError, /got NaN/],
    ["a fraction as int32", [0, 1.5], { dtype: "int32" }, OutOfRangeError, /1.5 at \[1\] is not an int32.*float64/],
    ["2^31 as int32", 2 ** 31, { dtype: "int32" }, OutOfRangeError, /2147483648 is not an int32/],
    ["-2^31 - 1 as int32", [-(2 ** 31) - 1], { dtype: "int32" }, OutOfRangeError, /-2147483649 at \[0\]/],
    ["NaN as int32", Number.NaN, { dtype: "int32" }, OutOfRangeError, /NaN is not an int32/],
    ["an unknown dtype", 1, { dtype: "float16" }, DTypeError, /float64, float32, int32, bool.*"float16"/],
    ["a property of objects as dtype", 1, { dtype: "toString" }, DTypeError, /dtype must be one of/],
    ["a dtype that is not a string", 1, { dtype: 64 }, DTypeError, /got 64/],
    [
      "an ndarray of another kind inside int32",
      ndarray(Float64Array.of(1, 0.5), [2]),
      { dtype: "int32" },
      OutOfRangeError,
      /0.5 at \[1\]/,
    ],
    ["an ndarray of strings", plain(["1"], [1]), {}, DTypeError, /at \[0\], got the string/],
  ])("throws for %s", (_, value, options, Class, message) => {
    const error = errorOf(() => untyped(value, options));
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^tensor: /);
  });

  it("throws for an array that contains itself", () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() => untyped(cyclic)).toThrow(/deeper than 64 axes; does the array contain itself/);
  });

  it("throws for a traced tensor", () => {
    expect(() => trace((x: Tensor) => tensor(x), { shape: [2] })).toThrow(TracedValueError);
  });
});

describe("zeros, ones and full", () => {
  const makers = { zeros, ones, full: (shape: readonly number[], options?: object) => full(shape, 2, options) };
  const value = { zeros: 0, ones: 1, full: 2 };
  describe.each(Object.keys(makers) as (keyof typeof makers)[])("%s", (name) => {
    const make = makers[name];
    it("fills any shape", () => {
      for (const shape of [[], [3], [2, 2], [0, 3]])
        expect(kind(make(shape))).toEqual([
          "float64",
          shape,
          tensor(ndarray(new Float64Array(9).fill(value[name]), shape)).toNested(),
        ]);
    });
    it("accepts dtype and label", () => {
      const dtypes: DType[] = name === "full" ? ["float32", "int32"] : ["float32", "int32", "bool"];
      for (const dtype of dtypes) expect(make([1], { dtype, label: "L" })).toMatchObject({ dtype, label: "L" });
    });
    it("copies its shape argument", () => {
      const shape = [2];
      const t = make(shape);
      shape[0] = 5;
      expect(t.shape).toEqual([2]);
    });
    test.each<[unknown, typeof WengertError, RegExp]>([
      [[-1], ShapeError, /integers ≥ 0, got \[-1\] \(axis 0\)/],
      [[2, 1.5], ShapeError, /got \[2, 1.5\] \(axis 1\)/],
      [[Number.NaN], ShapeError, /axis 0/],
      [["2"], ShapeError, /axis 0/],
      [3, ShapeError, /a list of sizes, such as \[2, 3\]; got 3/],
      [undefined, ShapeError, /got undefined/],
      [[2 ** 20, 2 ** 20], OutOfRangeError, /more elements than an array can hold/],
    ])("throws for the shape %j", (shape, Class, message) => {
      const error = errorOf(() => make(shape as number[]));
      expect(error).toBeInstanceOf(Class);
      expect(error.message).toMatch(message);
    });
    it("throws for an unknown dtype", () => {
      expect(() => make([1], { dtype: "int64" as DType })).toThrow(DTypeError);
    });
  });

  it("full accepts booleans, and throws for values that its dtype cannot hold", () => {
    expect(kind(full([2], true))).toEqual(["bool", [2], [true, true]]);
    expect(kind(full([1], false))).toEqual(["bool", [1], [false]]);
    expect(full([], Number.NaN).item()).toBeNaN();
    expect(full([2], -0).toNested()).toEqual([-0, -0]);
    expect(() => full([1], 0.5, { dtype: "int32" })).toThrow(OutOfRangeError);
    expect(() => full([1], 2, { dtype: "bool" })).toThrow(DTypeError);
    expect(() => full([1], "1" as unknown as number)).toThrow(DTypeError);
  });
});

describe("zerosLike, onesLike and fullLike", () => {
  const makers = {
    zerosLike,
    onesLike,
    fullLike: (x: Tensor, options?: object) => fullLike(x, x?.dtype === "bool" ? 1 : 2, options),
  };
  const value = { zerosLike: 0, onesLike: 1, fullLike: 2 };
  const dtypes = ["float64", "float32", "int32", "bool"] as const;
  describe.each(Object.keys(makers) as (keyof typeof makers)[])("%s", (name) => {
    const make = makers[name] as (x: unknown, options?: object) => Tensor;
    it("has the shape and dtype of x, but not its label", () => {
      for (const dtype of dtypes)
        for (const shape of [[], [3], [2, 2], [0, 3]]) {
          const y = make(zeros(shape, { dtype, label: "x" }));
          expect(kind(y)).toEqual(
            kind(full(shape, dtype === "bool" ? Math.min(value[name], 1) : value[name], { dtype })),
          );
          expect(y.label).toBeUndefined();
        }
    });
    it("takes another dtype and a label", () => {
      for (const dtype of dtypes.filter((each) => name !== "fullLike" || each !== "bool"))
        expect(make(random([2]), { dtype, label: "L" })).toMatchObject({ dtype, label: "L", shape: [2] });
    });
    it("reads no values, so it works in a trace and in vmap, and is constant in grad", () => {
      const program = trace((x: Tensor) => mul(x, make(x) as Tensor), { shape: [2] });
      expect(evaluate(program, tensor([3, 4])).toNested()).toEqual([3 * value[name], 4 * value[name]]);
      expect(vmap((x: Tensor) => mul(x, make(x)))(tensor([3, 4])).toNested()).toEqual([
        3 * value[name],
        4 * value[name],
      ]);
      expect(grad((x: Tensor) => mul(x, make(x)))(tensor(5)).item()).toBe(value[name]);
    });
    it("does not share its shape with x", () => {
      const x = zeros([2]);
      expect(make(x).shape).not.toBe(x.shape);
    });
    const [base, rest] = [name.slice(0, -4), name === "fullLike" ? ", value" : ""];
    test.each<[string, unknown, string]>([
      ["a number", 3, `got 3; write ${base}([]${rest})`],
      ["a shape", [2, 3], `got an array of 2; for a shape, write ${base}(shape${rest})`],
      [
        "a list of tensors",
        [zeros([])],
        `got an array of 1; for a tree of tensors, write treeMap((x) => ${name}(x${rest}), tree)`,
      ],
      [
        "a tree",
        { w: zeros([]) },
        `got an object; for a tree of tensors, write treeMap((x) => ${name}(x${rest}), tree)`,
      ],
      ["nothing", undefined, "got undefined; is a name misspelled, or a return missing?"],
      ["text", "x", 'got the string "x"'],
    ])("throws for %s", (_, x, text) => {
      const error = errorOf(() => makers[name](x as Tensor));
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.message).toBe(`${name}: x must be a tensor, ${text}`);
    });
    it("throws for unknown options and dtypes", () => {
      expect(errorOf(() => make(zeros([1]), { shape: [2] })).message).toMatch(/: there is no option shape; /);
      expect(errorOf(() => make(zeros([1]), { dtype: "int64" }))).toBeInstanceOf(DTypeError);
    });
  });

  it("fullLike throws for values that the dtype cannot hold", () => {
    expect(() => fullLike(zeros([1], { dtype: "int32" }), 0.5)).toThrow(OutOfRangeError);
    expect(() => fullLike(zeros([1], { dtype: "bool" }), 2)).toThrow(DTypeError);
    expect(() => fullLike(zeros([1]), true)).toThrow(DTypeError);
    expect(fullLike(zeros([1], { dtype: "bool" }), true).toNested()).toEqual([true]);
  });
});

describe("fromNdarray", () => {
  const data = Float64Array.from({ length: 12 }, (_, i) => i);
  test.each<[string, number[], number[], number, unknown]>([
    [
      "row-major",
      [2, 3],
      [3, 1],
      0,
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    [
      "transposed",
      [3, 2],
      [1, 3],
      0,
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ],
    [
      "reversed",
      [2, 2],
      [-2, -1],
      11,
      [
        [11, 10],
        [9, 8],
      ],
    ],
    ["stepped from an offset", [3], [3], 2, [2, 5, 8]],
    [
      "repeating",
      [2, 2],
      [0, 1],
      4,
      [
        [4, 5],
        [4, 5],
      ],
    ],
    ["scalar", [], [], 7, 7],
    ["empty", [2, 0], [0, 1], 0, [[], []]],
  ])("wraps a %s array without copying", (_, shape, stride, offset, nested) => {
    const t = fromNdarray(ndarray(data, shape, stride, offset), { label: "nd" });
    expect(kind(t)).toEqual(["float64", shape, nested]);
    expect([t.label, t.data.data, t.data.stride, t.data.offset]).toEqual(["nd", data, stride, offset]);
    expect(t.data.data).toBe(data);
  });

  test.each<[DType, Data, unknown[]]>([
    ["float64", Float64Array.of(0.5, 1), [0.5, 1]],
    ["float32", Float32Array.of(0.5, 1), [0.5, 1]],
    ["int32", Int32Array.of(-5, 1), [-5, 1]],
    ["bool", Uint8Array.of(0, 1), [false, true]],
  ])("wraps the typed array of %s", (dtype, array, nested) => {
    const t = fromNdarray(ndarray(array, [2]));
    expect(kind(t)).toEqual([dtype, [2], nested]);
    expect(t.data.data).toBe(array);
  });

  it("checks only the bytes of a bool array that belong to its elements", () => {
    expect(fromNdarray(ndarray(Uint8Array.of(7, 0, 7, 1), [2], [2], 1)).toNested()).toEqual([false, true]);
  });

  test.each<[string, unknown]>([
    ["Int8Array", Int8Array.of(1)],
    ["Int16Array", Int16Array.of(1)],
    ["Uint16Array", Uint16Array.of(1)],
    ["Uint32Array", Uint32Array.of(1)],
    ["Uint8ClampedArray", Uint8ClampedArray.of(1)],
    ["Uint8Array of larger numbers", Uint8Array.of(2)],
    ["BigInt64Array", BigInt64Array.of(1n)],
    ["plain array", [1]],
  ])("throws for an ndarray over a %s, and suggests a copy", (_, values) => {
    const error = errorOf(() => wrap(plain(values, [1])));
    expect(error).toBeInstanceOf(DTypeError);
    expect(error.message).toMatch(/cannot be wrapped.*tensor\(nd, \{ dtype: "float64" \}\)/);
  });

  test.each([[[1, 2]], [Float64Array.of(1)], [3], [null], [undefined], [{ data: [], shape: [] }]])(
    "throws for %s, which is not an ndarray",
    (value) => expect(() => wrap(value)).toThrow(ArgumentError),
  );
});

describe("reading a tensor", () => {
  it("item returns the number of a scalar, bool as 0 or 1, at any offset", () => {
    expect([tensor(2.5).item(), tensor(true).item(), tensor(false).item()]).toEqual([2.5, 1, 0]);
    expect(fromNdarray(ndarray(Float64Array.of(1, 2, 3), [], [], 2)).item()).toBe(3);
  });
  it("item returns the number of any tensor with one element", () => {
    expect([tensor([4]).item(), tensor([[5]]).item(), tensor([[[true]]]).item()]).toEqual([4, 5, 1]);
  });
  test.each([[[]], [[[]]], [[1, 2]]])("item throws for %j, which has not one element", (value) => {
    const error = errorOf(() => tensor(value, { label: "W" }).item());
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(/^item: expected a scalar, got W \[.*\]; read one element with .data.get/);
  });
  it("size is the number of elements", () => {
    expect([tensor(1), tensor([1, 2]), zeros([2, 0])].map(({ size }) => size)).toEqual([1, 2, 0]);
  });
  it("a traced tensor throws when read, and the error says what to do", () => {
    const reads: ((x: Tensor) => unknown)[] = [(x) => x.item(), (x) => x.data, (x) => x.toNested()];
    for (const read of reads) {
      const f = (W: Tensor) => {
        read(W);
        return W;
      };
      const run = () => trace(f, { shape: [] });
      expect(run).toThrow(TracedValueError);
      expect(run).toThrow(/W \[\] has no value while trace, compile, vmap or scan runs f; branch with where/);
    }
  });
  it("assertUnchanged throws after a write through .data, but not after a read", () => {
    for (const value of [tensor([1, 2]), tensor([[true]]), random([3, 2]), tensor([1], { dtype: "float32" })]) {
      value.assertUnchanged();
      const { data } = value;
      value.assertUnchanged();
      (data.data as Float64Array)[data.offset]! += 1;
      expect(() => value.assertUnchanged()).toThrow(MutationError);
    }
  });
});

describe("printing", () => {
  const long = Float64Array.from({ length: 1001 }, (_, i) => i);
  const square = ndarray(
    Float64Array.from({ length: 1600 }, (_, i) => i),
    [40, 40],
  );
  test.each<[string, Tensor, string]>([
    ["a scalar", tensor(3), "tensor(3., float64)"],
    ["a fraction", tensor(0.1), "tensor(0.1, float64)"],
    ["whole floats", tensor([1, 20, -3]), "tensor([ 1., 20., -3.], float64)"],
    ["equal decimals", tensor([1, 2.5, 3.25]), "tensor([1.00, 2.50, 3.25], float64)"],
    ["at most eight decimals", tensor(1 / 3), "tensor(0.33333333, float64)"],
    ["floats that round to integers at eight decimals", tensor([3 - 1e-11, -1 - 1e-11]), "tensor([ 3., -1.], float64)"],
    ["negative zero", tensor([-0, 0]), "tensor([-0.,  0.], float64)"],
    ["a large range", tensor([1e-3, 1e5]), "tensor([1.e-3, 1.e+5], float64)".replaceAll(".e", "e")],
    ["small numbers", tensor([1.5e-7, 0]), "tensor([1.5e-7, 0.0e+0], float64)"],
    ["large numbers", tensor(1.25e9), "tensor(1.25e+9, float64)"],
    ["NaN and infinities", tensor([Number.NaN, Infinity, -Infinity, 1.5]), "tensor([ nan,  inf, -inf,  1.5], float64)"],
    ["only NaN", tensor([Number.NaN]), "tensor([nan], float64)"],
    ["int32", tensor([1, -20, 3], { dtype: "int32" }), "tensor([  1, -20,   3], int32)"],
    ["bool", tensor([true, false]), "tensor([ true, false], bool)"],
    ["float32", tensor([0.5], { dtype: "float32" }), "tensor([0.5], float32)"],
    ["float32 without its rounding error", tensor([0.1], { dtype: "float32" }), "tensor([0.1], float32)"],
    [
      "rows under each other",
      tensor([
        [1, 2],
        [3, 4],
      ]),
      "tensor([[1., 2.],\n        [3., 4.]], float64)",
    ],
    ["planes separated by an empty line", tensor([[[1]], [[2]]]), "tensor([[[1.]],\n\n        [[2.]]], float64)"],
    ["rows under a label", tensor([[1], [2]], { label: "W" }), "W([[1.],\n   [2.]], float64)"],
    ["an empty tensor", tensor([]), "tensor([], shape [0], float64)"],
    ["empty rows", zeros([2, 0]), "tensor([[],\n        []], shape [2, 0], float64)"],
    ["a long list", tensor(long), "tensor([   0.,    1.,    2., ...,  998.,  999., 1000.], shape [1001], float64)"],
    [
      "a large matrix",
      tensor(square),
      `tensor([[   0.,    1.,    2., ...,   37.,   38.,   39.],
        [  40.,   41.,   42., ...,   77.,   78.,   79.],
        [  80.,   81.,   82., ...,  117.,  118.,  119.],
        ...,
        [1480., 1481., 1482., ..., 1517., 1518., 1519.],
        [1520., 1521., 1522., ..., 1557., 1558., 1559.],
        [1560., 1561., 1562., ..., 1597., 1598., 1599.]], shape [40, 40], float64)`,
    ],
    ["a reversed view", fromNdarray(ndarray(Float64Array.of(1, 2), [2], [-1], 1)), "tensor([2., 1.], float64)"],
  ])("shows %s", (_, t, text) => expect(String(t)).toBe(text));

  it("shows 1000 elements in full", () => expect(String(tensor(long.subarray(1)))).not.toContain("..."));
  it("shows the shape and dtype of a traced tensor", () => {
    const { args } = trace((x: Tensor) => x, { shape: [2, 3], dtype: "float32", label: "X" });
    expect(String(args[0])).toBe("X(traced, [2, 3], float32)");
  });
  it("console.log in Node prints the same text", async () => {
    const { inspect } = await import("node:util");
    expect(inspect({ a: tensor([1]) })).toBe("{ a: tensor([1.], float64) }");
  });
});

it("the type of .data forbids writing", () => {
  const nd: ReadonlyNdArray = tensor([1]).data;
  // @ts-expect-error read-only arrays have no set
  void nd.set;
  // @ts-expect-error the elements are read-only
  const write = () => (nd.data[0] = 1);
  expect(write).toBeTypeOf("function");
});
