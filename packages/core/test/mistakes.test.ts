import { spawnSync } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  ArgumentError,
  checkpoint,
  customVjp,
  evaluate,
  explain,
  fromNdarray,
  grad,
  hessian,
  hvp,
  jacobian,
  MutationError,
  OutOfRangeError,
  record,
  ShapeError,
  type Step,
  Tensor,
  TreeError,
  tensor,
  toDot,
  trace,
  valueAndGrad,
  vjp,
  withLabel,
  zeros,
} from "@wengert/core";
import { type Data, defineOp, ndarray, type Op, type Unary, withRecorder } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import { add, errorOf, mul, numbers, random, round, sin, square, sum, transpose } from "./support.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
/** Returns the total size in bytes of all array buffers that are still in use. */
function arrayBytes(): number {
  collectGarbage();
  collectGarbage(); // waits for buffers that the first call frees in the background
  return process.memoryUsage().arrayBuffers;
}

const fast = (x: Tensor): Tensor => mul(x, 2);
const own = (x: Tensor): Float64Array => x.data.data as unknown as Float64Array;

describe("a write through .data is found", () => {
  const large = 5000;
  test.each<[string, (w: Tensor) => Tensor]>([
    ["of the tensor itself", (w) => w],
    ["of a view of the tensor", (w) => transpose(w)],
    ["of an alias of the tensor", (w) => withLabel(w, "other")],
  ])("%s", (_, viewOf) => {
    for (const rows of [2, large]) {
      const w = random([rows, 3]);
      const { pullback } = vjp((a: Tensor) => square(a), w);
      own(viewOf(w))[0]! += 1;
      expect(() => pullback(random([rows, 3]))).toThrow(MutationError);
    }
  });
  test("in a view that f makes itself, by reading another view", () => {
    const w = random([2, 3]);
    const { pullback } = vjp((a: Tensor) => square(transpose(a)), w);
    own(transpose(w))[1]! += 1;
    expect(() => pullback(random([3, 2]))).toThrow(MutationError);
  });
  test("in a view that was made before the tensor was used", () => {
    const w = random([2, 3]);
    const view = transpose(w);
    own(view);
    const { pullback } = vjp((a: Tensor) => square(a), w);
    own(view)[1]! += 1;
    expect(() => pullback(random([2, 3]))).toThrow(MutationError);
  });
  test("in a result whose data was read before a later computation uses it", () => {
    const w = add(random([2, 3]), 1);
    own(w);
    const { pullback } = vjp((a: Tensor) => square(a), w);
    own(w)[1]! += 1;
    expect(() => pullback(random([2, 3]))).toThrow(MutationError);
  });
  test("in another tensor that wraps the same ndarray", () => {
    const array = ndarray(Float64Array.of(1, 2, 3), [3]);
    const [a, b] = [fromNdarray(array), fromNdarray(array)];
    own(b);
    const { pullback } = vjp((x: Tensor) => square(x), a);
    own(b)[0]! += 1;
    expect(() => pullback(random([3]))).toThrow(MutationError);
  });
  it("does not concern elements that another tensor reads", () => {
    const memory = Float64Array.of(1, 2, 3, 4);
    const [a, b] = [0, 2].map((offset) => fromNdarray(ndarray(memory, [2], [1], offset)));
    const { pullback } = vjp((x: Tensor) => square(x), a!);
    own(b!)[2]! += 1;
    expect(() => pullback(random([2]))).not.toThrow();
  });

  const repeat = (n: number, body: () => unknown) => {
    for (let i = 0; i < n; i++) body();
  };
  it("moves a large tensor to new memory after the second sweep, and derivatives stay right", () => {
    const x = random([large]);
    const before = numbers(x).map((v) => 2 * v);
    const memory = own(x);
    const gradient = () => numbers(grad((a: Tensor) => sum(square(a)))(x));
    repeat(4, gradient);
    expect(x.array!.data).not.toBe(memory);
    memory.fill(7);
    let error: unknown;
    repeat(20, () => {
      try {
        expect(gradient()).toEqual(before);
      } catch (thrown) {
        error = thrown;
      }
    });
    expect(error).toBeInstanceOf(MutationError);
  });
  it("moves a large tensor if a function takes a view of it in each step", () => {
    const x = random([large, 2]);
    const memory = own(x);
    repeat(3, () => grad((w: Tensor) => sum(mul(w, transpose(x))))(random([2, large])));
    expect(x.array!.data).not.toBe(memory);
  });
  it("keeps a small tensor in its memory", () => {
    const x = random([3]);
    const memory = own(x);
    repeat(5, () => grad((a: Tensor) => sum(square(a)))(x));
    expect(x.array!.data).toBe(memory);
  });
});

describe("a transferred buffer", () => {
  const transferred = (): Tensor => {
    const x = tensor([1, 2], { label: "x" });
    const { buffer } = own(x);
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    return x;
  };
  test.each<[string, (x: Tensor) => unknown]>([
    ["an op", (x) => sin(x)],
    ["a view", (x) => withLabel(x, "y")],
    ["item", (x) => x.item()],
    ["toNested", (x) => x.toNested()],
    ["tensor", (x) => tensor(x)],
    ["a gradient", (x) => grad((a: Tensor) => sum(a))(x)],
  ])("is an error in %s", (_, read) => {
    const error = errorOf(() => read(transferred()));
    expect(error).toBeInstanceOf(MutationError);
    expect(error.message).toMatch(/the buffer of x \[2\] was transferred/);
  });
  test.each([Float64Array, Float32Array, Int32Array, Uint8Array])("is an error in tensor(%o)", (TypedArray) => {
    const values = new TypedArray(3);
    structuredClone(values.buffer, { transfer: [values.buffer] });
    expect(() => tensor(values)).toThrow(/transferred/);
    expect(() => tensor(new TypedArray(0))).not.toThrow();
  });
});

describe("a shape that was modified", () => {
  it("is an error wherever the numbers are read", () => {
    const write = (x: Tensor) => {
      (x.shape as number[])[0] = 7;
      return x;
    };
    for (const read of [sin, (x: Tensor) => x.data, (x: Tensor) => x.toNested(), (x: Tensor) => tensor(x)]) {
      const error = errorOf(() => read(write(tensor([1, 2], { label: "x" }))));
      expect(error).toBeInstanceOf(MutationError);
      expect(error.message).toMatch(/the shape of x \[7\] was modified; it had 2 elements/);
    }
  });
});

describe("values of another realm", () => {
  const realm = runInNewContext(
    "({ f64: Float64Array.of(1, 2), f32: Float32Array.of(1, 2), i32: Int32Array.of(1, 2), list: [1, 2], object: {}, array: [] })",
  ) as Record<"f64" | "f32" | "i32" | "list", Float64Array> & { object: Record<string, Tensor>; array: Tensor[] };
  it.each([
    ["f64", "float64"],
    ["f32", "float32"],
    ["i32", "int32"],
    ["list", "float64"],
  ] as const)("tensor accepts %s as %s", (name, dtype) => {
    const t = tensor(realm[name]);
    expect([t.dtype, t.toNested()]).toEqual([dtype, [1, 2]]);
  });
  it.each(["f64", "f32", "i32"] as const)("fromNdarray wraps %s, and ops compute with it", (name) => {
    const t = fromNdarray(ndarray(realm[name] as Data, [2]));
    expect([numbers(t), numbers(withLabel(t, "y"))]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
  it("trees can be arrays and objects of another realm", () => {
    realm.object.w = tensor([3]);
    realm.array.push(tensor([2]));
    const params = { object: realm.object, array: realm.array };
    const gradient = grad((p: typeof params) => sum(mul(p.object.w!, p.array[0]!)))(params);
    expect([numbers(gradient.object.w!), numbers(gradient.array[0]!)]).toEqual([[2], [3]]);
  });
});

describe("arguments that users of other libraries write", () => {
  const untyped = (f: unknown) => f as (...args: unknown[]) => unknown;
  test.each<[string, () => unknown, RegExp]>([
    ["tensor(1, 2, 3)", () => untyped(tensor)(1, 2, 3), /write tensor\(\[1, 2, 3\]\)/],
    ["zeros(2, 3)", () => untyped(zeros)(2, 3), /write zeros\(\[2, 3\]\)/],
    ["x * x", () => (tensor([1]) as unknown as number) * 2, /operators do not work on tensors.*mul\(x, y\)/],
    ["x + 1", () => `${(tensor(1) as unknown as number) + 1}`, /operators do not work on tensors/],
    [
      "grad(value)",
      () => untyped(grad)(tensor(1)),
      /^grad: expected a function, got a Tensor; write grad\(\(x\) => \.\.\.\)/,
    ],
    ["valueAndGrad(value)", () => untyped(valueAndGrad)(tensor(1)), /^valueAndGrad: expected a function/],
    ["jacobian(value)", () => untyped(jacobian)(tensor(1)), /^jacobian: expected a function/],
    ["hessian(value)", () => untyped(hessian)(tensor(1)), /^hessian: expected a function/],
    ["hvp(value)", () => untyped(hvp)(tensor(1)), /^hvp: expected a function/],
    [
      "parameters in a class",
      () =>
        untyped(grad((p: { w: Tensor }) => sum(p.w)))(
          new (class Model {
            w = tensor([1]);
          })(),
        ),
      /got a Model; write \{ \.\.\.\w+ \}/,
    ],
  ])("%s", (_, call, message) => {
    expect(errorOf(call).message).toMatch(message);
  });
  it("a tensor prints in a template and in String", () => {
    expect([`${tensor(1)}`, String(tensor(2))]).toEqual(["tensor(1., float64)", "tensor(2., float64)"]);
  });
  it("tensor takes a shape for flat numbers", () => {
    const t = tensor(
      new Float32Array(6).map((_, i) => i),
      { shape: [2, 3] },
    );
    expect([t.dtype, t.toNested()]).toEqual(["float32", [[0, 1, 2], [3, 4, 5]]]); // biome-ignore format: a matrix
    expect(tensor([[1, 2], [3, 4]], { shape: [4] }).toNested()).toEqual([1, 2, 3, 4]); // biome-ignore format: a matrix
    expect(tensor(5, { shape: [1, 1] }).toNested()).toEqual([[5]]);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(ShapeError);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(/shape \[2, 2\] has 4 elements, got 3/);
    expect(() => tensor([1], { shape: [-1] })).toThrow(ShapeError);
  });
  it("JSON.stringify writes nested arrays, which tensor reads", () => {
    const t = tensor([[1, 2.5], [3, -4]]); // biome-ignore format: a matrix
    expect(JSON.stringify({ t, b: tensor([true]) })).toBe('{"t":[[1,2.5],[3,-4]],"b":[true]}');
    expect(tensor(JSON.parse(JSON.stringify(t))).toNested()).toEqual(t.toNested());
  });
});

describe("checkpoint", () => {
  const x = tensor([1, 2]);
  it.each<[string, (a: Tensor) => unknown]>([
    ["Math.random", (a) => mul(a, Math.random())],
    ["a closure that changes", (() => { let n = 0; return (a: Tensor) => mul(a, ++n); })()], // biome-ignore format: short
    ["another shape", (() => { let n = 0; return (a: Tensor) => (n++ ? sum(a) : mul(a, 1)); })()], // biome-ignore format: short
  ])("throws if f is not deterministic: %s", (_, f) => {
    const pull = () => vjp(checkpoint(f as (a: Tensor) => Tensor), x).pullback(tensor([1, 1]));
    expect(pull).toThrow(/^checkpoint: f must be deterministic.*pass a random key as an argument/);
  });
  it("accepts NaN and −0, which equal themselves", () => {
    const f = checkpoint((a: Tensor) => mul(a, tensor([NaN, -0])));
    expect(numbers(vjp(f, x).pullback(tensor([1, 1]))[0])).toEqual([NaN, -0]);
  });
});

describe("functions with several outputs, as one step", () => {
  const float32 = <T extends Tensor>(x: T) => tensor(x, { dtype: "float32" });
  const x = random([3]);
  it("customVjp accepts outputs of both float dtypes", () => {
    const f = customVjp({
      forward: (a: Tensor) => [{ double: mul(a, 2), single: float32(mul(a, 3)), other: round(a) }, null],
      backward: (_, g: { double: Tensor; single: Tensor; other: Tensor }) => [
        add(mul(g.double, 2), mul(tensor(g.single, { dtype: "float64" }), 3)),
      ],
    });
    const { value, pullback } = vjp(f, x);
    expect([value.double.dtype, value.single.dtype, value.other.dtype]).toEqual(["float64", "float32", "int32"]);
    const cotangent = {
      double: tensor([1, 0, 2]),
      single: float32(tensor([0, 1, 0.1])),
      other: tensor([0, 0, 0], { dtype: "int32" }),
    };
    expect(numbers(pullback(cotangent)[0])).toEqual([2, 3, 4 + 3 * Math.fround(0.1)]);
  });
  it.each([customVjp, checkpoint])(
    "%o costs the size of the outputs, not its product with their number",
    (transform) => {
      const [k, n] = [64, 50];
      const all = (a: Tensor) => Array.from({ length: k }, (_, i) => mul(a, i));
      const f =
        transform === checkpoint
          ? checkpoint(all)
          : customVjp({ forward: (a: Tensor) => [all(a), null] as const, backward: (_, gs: Tensor[]) => [gs[0]!] });
      const { value, pullback } = vjp((a: Tensor) => f(a).map((y) => mul(y, 2)), random([n]));
      let elements = 0;
      withRecorder("test", { record: ({ output, op }: Step) => (elements += "view" in op && op.view ? 0 : output.size) }, () => pullback(value)); // biome-ignore format: short
      expect(elements).toBeLessThan(k * n * 40);
    },
  );
});

describe("memory", () => {
  const large = 2 ** 20;
  /** Defines the identity op, with a kernel that reports the bytes in use. */
  const measured = (report: (bytes: number) => void): Op<Unary> =>
    defineOp<Unary>({
      name: "measured",
      shape: ([x]) => x.shape,
      kernel: (out, [x]) => {
        out.data.set(x.data);
        report(arrayBytes());
      },
      vjp: [(g) => g],
      samples: () => [[1]],
    });
  it("evaluate frees values after their last use", () => {
    let bytes = 0;
    const measure = measured((used) => {
      bytes = used;
    });
    const chain = (x: Tensor): Tensor => measure(Array.from({ length: 20 }).reduce<Tensor>(fast, x));
    const program = trace(chain, { shape: [large] });
    const x = zeros([large]);
    const before = arrayBytes();
    evaluate(program, x);
    expect((bytes - before) / (8 * large)).toBeLessThan(5);
  });
  it("jacobian keeps one unit vector at a time", () => {
    const n = 2000;
    let bytes = 0;
    const measure = measured((used) => {
      bytes = Math.max(bytes, used);
    });
    let calls = 0;
    const spread: Op<Unary> = defineOp<Unary>({
      name: "spread",
      shape: () => [n],
      kernel: (out, [x]) => out.data.fill(x.data[x.offset]!),
      vjp: [(g) => (++calls === n ? measure(sum(g)) : sum(g))],
      samples: () => [[1]],
    });
    const before = arrayBytes();
    expect(jacobian((x: Tensor) => spread(x))(tensor(3)).shape).toEqual([n]);
    expect((bytes - before) / (8 * n)).toBeLessThan(n / 10);
  });
  it("toDot reads each output a few times, not once per node", () => {
    const f = (x: Tensor) => Array.from({ length: 50 }, () => sin(x));
    const { inputs, steps, outputs } = record(f, tensor(1));
    let reads = 0;
    const counted = new Proxy(outputs, {
      get: (target, key, receiver) => {
        if (/^\d+$/.test(String(key))) reads++;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    expect(toDot({ inputs, steps, outputs: counted }).match(/peripheries/g)).toHaveLength(50);
    expect(reads).toBeLessThan(50 * 10);
  });
});

describe("tensors without elements but with huge axes", () => {
  const huge = fromNdarray(ndarray(new Float64Array(0), [2 ** 50, 0]));
  const deep = fromNdarray(ndarray(new Float64Array(0), [...Array<number>(60).fill(2), 0]));
  it("print in a few lines, with their shape", () => {
    expect(String(huge)).toMatch(/^tensor\(\[\[\],\s+\[\],\s+\[\],\s+\.\.\.,.*shape \[1125899906842624, 0\]/s);
    expect(String(deep)).toMatch(/^tensor\(\[\], shape/);
    expect(String(zeros([2, 0]))).toBe("tensor([[],\n        []], shape [2, 0], float64)");
    const broadcast = fromNdarray(ndarray(Float64Array.of(1), Array<number>(30).fill(2), Array<number>(30).fill(0)));
    expect(String(broadcast)).toMatch(/^tensor\(\[\.\.\.\], shape/);
  });
  it("have no nested arrays", () => {
    for (const x of [huge, deep]) expect(() => x.toNested()).toThrow(OutOfRangeError);
    expect(zeros([2, 0]).toNested()).toEqual([[], []]);
  });
});

describe("labels, keys and specs", () => {
  it("a label cannot forge a line of a listing", () => {
    const x = tensor(1, { label: "x\n#9  sum\u2028\u0007" });
    const text = explain(record((a: Tensor) => sin(a), x));
    expect(text.split(/[\n\u2028]/)).toHaveLength(4);
    expect(text).toMatch("x\\n#9  sum\\u2028\\u0007");
    expect(String(x)).not.toMatch("\n");
    expect(errorOf(() => withLabel(x, "y\nz").data.get(0) && add(withLabel(x, "y\nz"), tensor([1], { dtype: "int32" }))).message).not.toMatch("\n"); // biome-ignore format: short
  });
  it("a tree with a symbol key throws", () => {
    const params = { w: tensor(1), [Symbol("b")]: tensor(2) };
    expect(() => grad((p: { w: Tensor }) => p.w)(params)).toThrow(TreeError);
    expect(() => grad((p: { w: Tensor }) => p.w)(params)).toThrow(/f?p has an entry under a symbol/);
  });
  it("trace accepts trees with the key shape, and finds misspelled specs", () => {
    const params = { shape: [tensor(2), tensor(3)], rate: tensor(4) };
    const program = trace((p: typeof params) => mul(p.shape[1]!, p.rate), params);
    expect(program.inputs).toHaveLength(3);
    expect(trace((p: { shape: Tensor[]; b: Tensor }) => p.b, { shape: [], b: { shape: [2] } }).inputs).toHaveLength(1);
    const wrong = { shape: [2], dtyp: "float32" } as unknown as Tensor;
    expect(() => trace((a: Tensor) => sin(a), wrong)).toThrow(ArgumentError);
    expect(() => trace((a: Tensor) => sin(a), wrong)).toThrow(/no option dtyp; did you mean dtype/);
  });
});

describe("two copies of the library", () => {
  it("an error for a tensor of the other copy names both", async () => {
    const path = new URL("../src/values/tensor.ts?copy", import.meta.url).href;
    const { Tensor: Other } = (await import(/* @vite-ignore */ path)) as { Tensor: typeof Tensor };
    const foreign = new Other([], "float64", ndarray(Float64Array.of(1), []));
    expect(foreign).not.toBeInstanceOf(Tensor);
    for (const use of [
      () => sin(foreign),
      () => grad((x: Tensor) => x)(foreign),
      () => grad((_: Tensor) => foreign)(tensor(1)),
    ]) {
      const { message } = errorOf(use);
      expect(message).toMatch(
        /got a Tensor; it belongs to another copy of @wengert\/core, .*errors\.ts.*, and this copy is .*errors\.ts/,
      );
    }
  });
});

describe("programs that change Error", () => {
  it("an Error.prepareStackTrace that returns an array does not change messages", () => {
    const before = Error.prepareStackTrace;
    try {
      Error.prepareStackTrace = (_: Error, sites: unknown) => sites;
      const errors = [() => zeros([-1]), () => mul(tensor([1]), tensor([1], { dtype: "float32" }))].map(errorOf);
      Error.prepareStackTrace = before;
      expect(errors.map(({ message }) => message.slice(0, 6))).toEqual(["zeros:", "mul: o"]);
    } finally {
      Error.prepareStackTrace = before;
    }
  });
  it("Error.stackTraceLimit is the same after a stack overflow inside the library", () => {
    const limit = Error.stackTraceLimit;
    let deepest = 0;
    const descend = (depth: number, atEnd: (depth: number) => unknown): unknown => {
      deepest = Math.max(deepest, depth);
      return [atEnd(depth) ?? descend(depth + 1, atEnd)];
    };
    expect(() => descend(0, () => undefined)).toThrow(RangeError);
    for (let spare = 0; spare < 100; spare++) {
      const last = deepest - spare;
      errorOf(() => descend(0, (depth) => (depth === last ? zeros([-1]) : undefined)));
    }
    expect(Error.stackTraceLimit).toBe(limit);
  });
  it("frozen intrinsics leave errors as they are", () => {
    const program = `
      import { zeros } from "${new URL("../dist/index.js", import.meta.url)}";
      try { zeros([-1]); } catch (error) { console.log(error.name + ": " + error.message); }
    `;
    const args = ["--frozen-intrinsics", "--input-type=module", "--eval", program];
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stdout).toBe(`ShapeError: ${errorOf(() => zeros([-1])).message}\n`);
  });
});
