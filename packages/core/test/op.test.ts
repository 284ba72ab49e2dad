import { ArgumentError, DTypeError, fromNdarray, type Tensor, tensor, trace, vjp } from "@wengert/core";
import {
  type AnyOpSpec,
  apply,
  type Binary,
  defineOp,
  type Inputs,
  ndarray,
  type Op,
  type Operand,
  prefixErrors,
  ravel,
  sharedFloat,
  type Unary,
} from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import { add, errorOf, mul, spread, transpose } from "./support.ts";

const untyped = mul as unknown as (...args: unknown[]) => Tensor;

describe("a call of an op", () => {
  it("carries its declaration", () => {
    const spec = mul.spec as unknown as AnyOpSpec; // the type that a step stores
    expect([spec.name, apply(spec, [tensor(2), tensor(3)], undefined).item()]).toEqual(["mul", 6]);
  });
  it("passes row-major zeros of the output's shape and dtype to the kernel", () => {
    let seen: unknown;
    const probe: Op<Unary> = defineOp<Unary>({
      name: "probe",
      shape: ([x]) => [...x.shape, 2],
      dtype: () => "float32",
      kernel: (out) => {
        seen = [out.data, out.shape, out.stride, out.offset];
      },
      vjp: [null],
      samples: () => [[1]],
    });
    const y = probe(tensor([1, 2, 3]));
    expect(seen).toEqual([new Float32Array(6), [3, 2], [2, 1], 0]);
    expect([y.dtype, y.shape]).toEqual(["float32", [3, 2]]);
  });
  it("has the float dtype of its inputs by default", () => {
    for (const dtype of ["float64", "float32"] as const)
      expect(mul(tensor([1], { dtype }), tensor([2], { dtype })).dtype).toBe(dtype);
  });
  it("copies nothing if there is a view", () => {
    const x = tensor([[1, 2, 3]]);
    expect(ravel(transpose(transpose(x)).array!)).toBe(ravel(x.array!));
    expect(spread(tensor(3), { shape: [2, 2] }).toNested()).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });
  it("falls back to the kernel if there is no view", () => {
    const flat: Op<Unary> = defineOp<Unary>({
      name: "flat",
      shape: ([x]) => [x.shape[0]! * x.shape[1]!],
      view: ([x]) => (x.stride[1] === 1 ? ndarray(x.data, [x.shape[0]! * x.shape[1]!], [1], x.offset) : undefined),
      kernel: (out, [x]) => out.data.set(ravel(x)),
      vjp: [null],
      samples: () => [[tensor([[1]])]],
    });
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(ravel(flat(x).array!)).toBe(ravel(x.array!));
    expect(flat(transpose(x)).toNested()).toEqual([1, 3, 2, 4]);
  });
  it("computes the params once, from the options and the inputs", () => {
    const seen: unknown[] = [];
    const scaled: Op<Unary, { by: number }, { by?: number }> = defineOp({
      name: "scaled",
      options: { by: undefined },
      params: ({ by }, [x]: readonly [Operand]) => ({ by: by ?? x.shape.length }),
      shape: ([x], { by }) => {
        seen.push(by);
        return x.shape;
      },
      kernel: (out, [x], { by }) => out.data.set(ravel(x).map((v) => v * by)),
      vjp: [(g, { params }) => scaled(g, params)],
      samples: () => [[tensor([1])]],
    });
    const x = tensor([[1, 2]]);
    expect([scaled(x).toNested(), scaled(x, { by: 5 }).toNested(), seen]).toEqual([[[2, 4]], [[5, 10]], [2, 5]]);
    expect(
      vjp((y: Tensor) => scaled(y, { by: 5 }), x)
        .pullback(tensor([[1, 3]]))[0]
        .toNested(),
    ).toEqual([[5, 15]]);
  });
  it("accepts a list if the number of inputs is open", () => {
    const total: Op<Inputs> = defineOp<Inputs>({
      name: "total",
      shape: () => [],
      kernel: (out, all) => {
        for (const x of all) out.data[0]! += x.data[x.offset]!;
      },
      vjp: (g, { inputs }) => inputs.map(() => g),
      samples: () => [[[1, 2]]],
    });
    expect(total([tensor(1), 2, tensor(3)]).item()).toBe(6);
    expect(
      vjp((a: Tensor, b: Tensor) => total([a, b, 1]), tensor(1), tensor(2))
        .pullback(5)
        .map((t) => t.item()),
    ).toEqual([5, 5]);
    expect(errorOf(() => (total as unknown as typeof untyped)(tensor(1))).message).toMatch(
      /total: expected a list of tensors, got a Tensor/,
    );
  });
  it("has no value if its inputs have none", () => {
    const { outputs } = trace((x: Tensor) => add(x, tensor([1, 2])), { shape: [2], dtype: "float64" });
    expect([outputs[0]!.array, outputs[0]!.shape]).toEqual([undefined, [2]]);
  });
});

describe("a number among the inputs", () => {
  test.each<[string, (x: Tensor) => Tensor]>([
    ["first", (x) => mul(2, x)],
    ["second", (x) => mul(x, 2)],
  ])("gets its partner's dtype when it comes %s", (_, f) => {
    for (const dtype of ["float64", "float32"] as const) {
      const y = f(tensor([1, 3], { dtype }));
      expect([y.dtype, y.toNested()]).toEqual([dtype, [2, 6]]);
    }
  });
  it("is float64 if all inputs are numbers", () => expect(mul(2, 3).dtype).toBe("float64"));
  it("gets the dtype of the first partner that is not bool", () => {
    const pick: Op<readonly [Tensor, Tensor, Tensor]> = defineOp<readonly [Tensor, Tensor, Tensor]>({
      name: "pick",
      shape: () => [],
      dtype: ([, , b]) => b.dtype,
      kernel: (out, [, , b]) => out.data.set(ravel(b)),
      vjp: [null, null, null],
      samples: () => [[tensor(true), 1, 2]],
    });
    expect(pick(tensor(true), tensor(1, { dtype: "float32" }), 2).dtype).toBe("float32");
    expect(pick(tensor(true), 2, tensor(1, { dtype: "int32" })).dtype).toBe("int32");
    expect(pick(tensor(true), tensor(1, { dtype: "int32" }), 7).dtype).toBe("int32");
    const W = tensor(1, { dtype: "int32", label: "W" });
    const error = errorOf(() => pick(tensor(true), W, 0.5));
    expect(error).toBeInstanceOf(DTypeError);
    expect(error.message).toBe('pick: 0.5 is not an int32, the dtype of W []; write cast(W, { dtype: "float64" })');
  });
  it.each<[string, unknown[], RegExp]>([
    ["a missing input", [tensor(1)], /^mul: expected 2 inputs, got 1$/],
    ["a list", [[1, 2], tensor(1)], /mul: input 0 must be .*, got an array of 2; write tensor\(\.\.\.\)/],
    ["a boolean", [tensor(1), true], /mul: input 1 .*, got true; write tensor/],
    ["a string", ["x", 1], /mul: input 0 .*, got the string "x"/],
    ["an ndarray", [ndarray(Float64Array.of(1), [1]), 1], /mul: input 0 .*, got a View\w*; write tensor/],
  ])("is not %s", (_, args, message) => {
    const error = errorOf(() => untyped(...args));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(message);
  });
});

describe("sharedFloat", () => {
  const of = (dtype: Operand["dtype"], label?: string): Operand => ({ dtype, shape: [2], label });
  it("is the float dtype that all inputs share", () => {
    expect([sharedFloat([of("float32"), of("float32")]), sharedFloat([of("float64")])]).toEqual(["float32", "float64"]);
  });
  it.each<[Operand[], string]>([
    [
      [of("float64", "X"), of("float32", "W")],
      'op: one dtype is needed, X [2] is float64, W [2] is float32; write cast(W, { dtype: "float64" })',
    ],
    [
      [of("float32", "X"), of("float64", "W")],
      'op: one dtype is needed, X [2] is float32, W [2] is float64; write cast(W, { dtype: "float32" })',
    ],
    [[of("float32"), of("int32", "n")], 'op: a float is needed, n [2] is int32; write cast(n, { dtype: "float32" })'],
    [[of("int32", "n"), of("float32")], 'op: a float is needed, n [2] is int32; write cast(n, { dtype: "float32" })'],
    [[of("bool", "mask")], 'op: a float is needed, mask [2] is bool; write cast(mask, { dtype: "float64" })'],
    [
      [of("float64"), of("float64"), of("float32")],
      'op: one dtype is needed, a [2] is float64, c [2] is float32; write cast(c, { dtype: "float64" })',
    ],
    [[of("int32")], 'op: a float is needed, x [2] is int32; write cast(x, { dtype: "float64" })'],
  ])("throws for other dtypes, with the cast to write", (inputs, message) => {
    const error = errorOf(() => prefixErrors("op", () => sharedFloat(inputs)));
    expect([error instanceof DTypeError, error.message]).toEqual([true, message]);
  });
});

it("ops accept arrays of any strides", () => {
  const plus: Op<Binary> = add;
  const reversed = fromNdarray(ndarray(Float64Array.of(1, 2, 3), [3], [-1], 2));
  const repeated = fromNdarray(ndarray(Float64Array.of(10), [3], [0]));
  expect(plus(reversed, repeated).toNested()).toEqual([13, 12, 11]);
});
