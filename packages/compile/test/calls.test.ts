import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  checkpoint,
  customVjp,
  grad,
  hessian,
  jacobian,
  ones,
  record,
  scan,
  type Tensor,
  tensor,
  trace,
  valueAndGrad,
  vmap,
  zeros,
} from "@wengert/core";
import { defineOp, type NdArray, type Op, ravel, type Unary } from "@wengert/core/extend";
import {
  abs,
  add,
  axpy,
  cast,
  cholesky,
  concat,
  crossEntropy,
  exp,
  expandDims,
  flip,
  kernels,
  matmul,
  mean,
  mul,
  neg,
  relu,
  reshape,
  softmax,
  square,
  sub,
  sum,
  tanh,
  transpose,
} from "@wengert/ops";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { errorOf, int32, numbers, product, random, relayouts } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { expectAgreement, largeMatrices } from "./agree.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const wide = { dtype: "float64" } as const;
const engines = ["wasm", "js"] as const;

beforeAll(() => void kernels("simd")); // with all sizes, as plans do

const swapLastAxes = (x: Tensor): Tensor =>
  transpose(x, { axes: [...x.shape.keys()].with(-1, x.shape.length - 2).with(-2, x.shape.length - 1) });

describe.each(engines)("with engine %s", (engine) => {
  it("an inner product of trees, shapes and constants runs from one plan", () => {
    const f = ({ w, b }: { w: Tensor; b: Tensor }, [x]: readonly [Tensor]) => ({
      y: add(matmul(x, w), b),
      pair: [sum(b), x] as const,
    });
    const compiled = compile(f, { engine });
    for (const seed of [1, 2, 3]) {
      const args = [{ w: random([3, 2], seed), b: random([2], seed + 10) }, [random([4, 3], seed + 20)]] as const;
      expectAgreement(compiled(...args), f(...args));
    }
    expect(compiled.signatures).toBe(1);
  });

  it("a training step with its gradient gives eager's bits, again and again", () => {
    const step = (params: { W: Tensor; b: Tensor }, X: Tensor, labels: Tensor) => {
      const loss = (p: typeof params) => crossEntropy(add(matmul(X, p.W), p.b), labels);
      const { value, grad: g } = valueAndGrad(loss)(params);
      return { loss: value, params: { W: axpy(-0.5, g.W, params.W), b: axpy(-0.5, g.b, params.b) } };
    };
    const compiled = compile(step, { engine });
    let [eager, planned] = [0, 0].map(() => ({ W: zeros([20, 30]), b: zeros([30]) })) as [
      { W: Tensor; b: Tensor },
      { W: Tensor; b: Tensor },
    ];
    const labels = int32(Array.from({ length: 25 }, (_, i) => (i * 7) % 30));
    for (let i = 0; i < 5; i++) {
      const X = random([25, 20], i + 1);
      const [wanted, got] = [step(eager, X, labels), compiled(planned, X, labels)];
      expectAgreement(got, wanted);
      [eager, planned] = [wanted.params, got.params];
    }
  });

  it("inputs may be strided, transposed, reversed, repeated or empty", () => {
    const f = (a: Tensor, b: Tensor) => [
      mul(tanh(transpose(a)), b),
      matmul(a, transpose(a)),
      sum(mul(a, a), { axis: 0 }),
      softmax(a),
      reshape(transpose(a), { shape: [-1] }),
    ];
    const compiled = compile(f, { engine });
    const [a, b] = [random([3, 4], 1), random([4, 1], 2)];
    for (const [, twin] of relayouts(a))
      for (const [, other] of relayouts(b)) {
        expectAgreement(compiled(twin, other), f(a, b));
      }
    const empty = compile((x: Tensor) => [sum(x), add(x, 1), matmul(transpose(x), x), concat([x, x])], { engine });
    expectAgreement(empty(zeros([0, 3])), [zeros([]), zeros([0, 3]), zeros([3, 3]), zeros([0, 3])]);
    expectAgreement(empty(zeros([2, 0])), [zeros([]), zeros([2, 0]), zeros([0, 0]), zeros([4, 0])]);
  });

  it.each(["float32", "float64"] as const)("kernels multiply batches of matrices in %s, with any strides", (dtype) => {
    const batches = [
      [[70], [70]],
      [[9, 8], [8]],
      [
        [3, 1, 13],
        [1, 5, 13],
      ],
      [
        [1, 4, 1],
        [5, 1, 2],
      ],
      [[6], []],
      [[], [66]],
    ] as const;
    const sizes = [
      [5, 3, 4],
      [7, 16, 1],
      [48, 40, 44], // so large that each product has a separate kernel call
    ] as const;
    for (const [first, second] of batches)
      for (const [m, k, n] of sizes) {
        const [a, b] = [random([...first, m, k], 1), random([...second, k, n], 2)].map((x) => cast(x, { dtype }));
        for (const f of [
          (a: Tensor, b: Tensor) => matmul(a, b),
          (a: Tensor, b: Tensor) => matmul(swapLastAxes(b), swapLastAxes(a)),
        ]) {
          const compiled = compile(f, { engine });
          expectAgreement(compiled(a!, b!), f(a!, b!));
          expect(compiled.plan(a!, b!).instructions.map(({ kind }) => kind)).not.toContain("op");
        }
      }
  });

  it("kernels multiply the matrices of attention heads, which are views", () => {
    const byHead = (x: Tensor) => transpose(reshape(x, { shape: [17, 6, 4, 5] }), { axes: [0, 2, 1, 3] });
    const f = (q: Tensor, k: Tensor) => {
      const scores = matmul(byHead(q), swapLastAxes(byHead(k)));
      return [scores, matmul(swapLastAxes(scores), byHead(q))];
    };
    const compiled = compile(f, { engine });
    const [q, k] = [random([17, 6, 20], 3), random([17, 6, 20], 4)];
    expectAgreement(compiled(q, k), f(q, k));
    expect(compiled.plan(q, k).instructions.map(({ kernel }) => kernel)).toEqual(["gemmBatch64", "gemmBatch64"]);
  });

  it("products of a batch with a single matrix give eager's bits, even if a matrix of the batch has one row", () => {
    const f = (rows: Tensor, b: Tensor) => {
      const batches = [0, 1].map((axis) => expandDims(rows, { axis }));
      return [...batches, ...batches.map((x) => flip(x))].map((x) => matmul(x, b));
    };
    for (const dtype of ["float32", "float64"] as const)
      for (const [rows, k, n] of product([1, 3], [1, 4], [1, 5]) as [number, number, number][]) {
        const [a, b] = [tensor(random([rows, k], 1), { dtype }), tensor(random([k, n], 2), { dtype })];
        expectAgreement(compile(f, { engine })(a, b), f(a, b));
      }
  });

  it("float32 products of few rows and a matrix of more than 16 MB give eager's bits", () => {
    const f = (g: Tensor, x: Tensor) => [matmul(transpose(x), g), matmul(transpose(g), x)];
    const [g, x] = largeMatrices(6555, 641, 3);
    const compiled = compile(f, { engine });
    expectAgreement(compiled(g, x), f(g, x));
    expect(compiled.plan(g, x).instructions.map(({ kernel }) => kernel)).toEqual(["gemmLong32", "gemmLong32"]);
  });

  it("scan, vmap, checkpoint, customVjp, nested derivatives and a user's op run inside a plan", () => {
    const cube: Op<Unary> = defineOp({
      name: "cube",
      shape: ([x]) => x.shape,
      kernel: (out: NdArray, [x]: readonly [NdArray]) => {
        for (const [i, value] of ravel(x).entries()) out.data[i]! += value ** 3; // `out` starts with zeros
      },
      vjp: [(g, { inputs: [x] }) => mul(g, mul(square(x), 3))],
      samples: () => [[tensor([1, 2])]],
    });
    const clipped = customVjp({
      forward: (x: Tensor) => [square(x), x] as const,
      backward: (x: Tensor, g: Tensor): [Tensor] => [mul(g, tanh(x))],
    });
    const loss = (x: Tensor) => {
      const { carry } = scan((c: Tensor, row: Tensor) => [tanh(add(c, row)), c] as const, zeros([4]), x);
      const rows = vmap((row: Tensor) => sum(mul(row, softmax(row))))(x);
      const again = checkpoint((y: Tensor) => exp(mul(tanh(y), 0.5)))(x);
      const inner = grad((y: Tensor) => sum(mul(cube(y), y)))(x);
      return sum(concat([carry, rows, reshape(add(again, inner), { shape: [-1] }), clipped(sum(x, { axis: 1 }))]));
    };
    const f = valueAndGrad(loss);
    const compiled = compile((x: Tensor) => f(x), { engine });
    for (const seed of [1, 2]) expectAgreement(compiled(random([3, 4], seed)), f(random([3, 4], seed)), 1e-15);
  });

  it.each(["float32", "float64"] as const)(
    "Hessians and Jacobians of softmax models give eager's bits in %s",
    (dtype) => {
      const [X, labels] = [
        cast(random([20, 3], 1), { dtype }),
        int32(Array.from({ length: 20 }, (_, i) => (i * 3) % 5)),
      ];
      const W = cast(random([3, 5], 2), { dtype });
      const second = hessian((w: Tensor) => crossEntropy(matmul(X, w), labels));
      const rows = jacobian((w: Tensor) => softmax(matmul(X, w)));
      const compiled = [compile((w: Tensor) => second(w), { engine }), compile((w: Tensor) => rows(w), { engine })];
      for (const w of [W, mul(W, 0.5)])
        for (const [k, f] of [second, rows].entries()) expectAgreement(compiled[k]!(w), f(w));
      const { instructions } = compiled[0]!.plan(W);
      expect(instructions.filter(({ text }) => text === `kernel softmaxPullback${dtype.slice(5)}`).length).toBe(15);
    },
  );

  it("an error of an op keeps its message and its line, and the next call is right", () => {
    const loss = (x: Tensor, labels: Tensor, m: Tensor) => {
      const y = tanh(x);
      return add(crossEntropy(y, labels), sum(cholesky(m))); // the line of the user
    };
    const compiled = compile(loss, { engine });
    const [x, labels, m] = [
      random([3, 5]),
      int32([0, 4, 2]),
      tensor([
        [2, 1],
        [1, 2],
      ]),
    ];
    const wanted = loss(x, labels, m);
    expectAgreement(compiled(x, labels, m), wanted);
    for (const wrong of [
      [x, int32([0, 5, 2]), m],
      [x, int32([-1, 0, 2]), m],
      [
        x,
        labels,
        tensor([
          [2, 1],
          [0, 2],
        ]),
      ],
    ] as const) {
      const [eager, got] = [errorOf(() => loss(...wrong)), errorOf(() => compiled(...wrong))];
      expect(got.message).toBe(eager.message);
      expect(got.name).toBe("OutOfRangeError");
      expect(got.stack?.split("\n")[1]).toContain("calls.test.ts");
      expectAgreement(compiled(x, labels, m), wanted);
    }
  });
});

describe("a compiled function", () => {
  afterEach(() => void kernels("simd"));
  afterAll(() => void kernels("auto"));

  it("inside grad, jacobian, vmap, scan and trace runs f itself", () => {
    const f = (x: Tensor, w: Tensor) => sum(mul(tanh(x), w));
    const compiled = compile(f);
    const [x, w] = [random([4], 1), random([4], 2)];
    compiled(x, w);
    expectAgreement(grad((y: Tensor) => compiled(y, w))(x), grad((y: Tensor) => f(y, w))(x));
    expectAgreement(grad((v: Tensor) => compiled(x, v))(w), grad((v: Tensor) => f(x, v))(w));
    expectAgreement(jacobian(grad((y: Tensor) => compiled(y, w)))(x), jacobian(grad((y: Tensor) => f(y, w)))(x));
    expectAgreement(vmap((y: Tensor) => compiled(y, w))(random([3, 4])), vmap((y: Tensor) => f(y, w))(random([3, 4])));
    const loop = (g: typeof f) =>
      scan((c: Tensor, y: Tensor) => [add(c, g(y, w)), c] as const, tensor(0), random([3, 4])).carry;
    expectAgreement(loop(compiled), loop(f));
    expect(trace((y: Tensor) => compiled(y, w), x).steps.map(({ op }) => op.name)).toEqual(["tanh", "mul", "sum"]);
    expect(record((y: Tensor) => compiled(y, w), x).steps.length).toBe(3);
    expect(compiled.signatures).toBe(1);
  });

  it("that captures a tensor of an open tape has a derivative by this tensor", () => {
    const slope = grad((w: Tensor) => {
      const scaled = compile((x: Tensor) => mul(x, w));
      return sum(square(scaled(tensor([1, 2]))));
    });
    expect(slope(tensor(3)).item()).toBe(30);
  });

  it("has a plan for each structure, shape, dtype and value that is not a tensor", () => {
    const seen: string[] = [];
    const f = (x: Tensor | { x: Tensor }, kind = "sum", scale?: number) => {
      const y = "dtype" in x ? x : x.x;
      seen.push(`${y.dtype} ${y.shape} ${kind} ${scale}`);
      return mul(kind === "sum" ? sum(y as Tensor) : mean(y as Tensor), scale ?? 1);
    };
    const compiled = compile(f);
    const x = tensor([1, 2, 6]);
    for (let i = 0; i < 2; i++) {
      expect(compiled(x).item()).toBe(9);
      expect(compiled(x, "mean").item()).toBe(3);
      expect(compiled(x, "mean", 2).item()).toBe(6);
      expect(compiled({ x }, "mean").item()).toBe(3);
      expect(compiled(ones([4])).item()).toBe(4);
      expect(compiled(ones([4], { dtype: "float32" })).dtype).toBe("float32");
    }
    expect(compiled.signatures).toBe(6);
    expect(seen.length).toBe(6);
  });

  it("distinguishes −0 from 0 and takes NaN as one value", () => {
    const compiled = compile((x: Tensor, scale: number) => mul(x, scale));
    const x = tensor([1]);
    expect([0, -0, Number.NaN, Number.NaN].map((scale) => compiled(x, scale).item())).toEqual([
      0,
      -0,
      Number.NaN,
      Number.NaN,
    ]);
    expect(compiled.signatures).toBe(3);
  });

  it("drops the least recently used plan beyond maxPlans", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    let traces = 0;
    const compiled = compile(
      (x: Tensor) => {
        traces++;
        return sum(x);
      },
      { maxPlans: 2 },
    );
    const call = (n: number) => compiled(ones([n])).item();
    expect([1, 2, 1, 3, 1, 2].map(call)).toEqual([1, 2, 1, 3, 1, 2]); // 3 drops 2, and 2 drops 3
    expect(traces).toBe(4);
    expect(compiled.signatures).toBe(4);
    warn.mockRestore();
  });

  it("computes small float32 products in float32, within the bound of docs/kernels.md", () => {
    const compiled = compile((x: Tensor, y: Tensor) => matmul(x, y));
    const [a, b] = [random([3, 7], 1), random([7, 5], 2)].map((x) => cast(x, { dtype: "float32" })) as [Tensor, Tensor];
    kernels("auto");
    const [exact, sizes] = [matmul(cast(a, wide), cast(b, wide)), matmul(abs(cast(a, wide)), abs(cast(b, wide)))];
    for (const [i, x] of numbers(compiled(a, b)).entries())
      expect(Math.abs(x - numbers(exact)[i]!)).toBeLessThanOrEqual(8 * 2 ** -24 * numbers(sizes)[i]!);
  });

  it("returns trees with the keys of f, in the same order", () => {
    const f = (x: Tensor) => ({ b: x, ["__proto__"]: neg(x), a: [{}, [neg(x)]] as const });
    const [got, wanted] = [compile(f)(tensor([1])), f(tensor([1]))];
    expect(Object.keys(got)).toEqual(Object.keys(wanted));
    expect(JSON.stringify(got)).toBe(JSON.stringify(wanted));
  });

  it("never changes a tensor that it returned or received", () => {
    const compiled = compile((x: Tensor) => ({ x, doubled: mul(x, 2), turned: transpose(x), one: ones([2]) }));
    const x = random([3, 4]);
    const before = numbers(x);
    const first = compiled(x);
    const values = numbers(first.doubled);
    expect(first.x).toBe(x);
    compiled(random([3, 4], 5));
    expect(numbers(first.doubled)).toEqual(values);
    expect(numbers(first.turned)).toEqual(numbers(transpose(x)));
    expect(numbers(first.one)).toEqual([1, 1]);
    expect(numbers(x)).toEqual(before);
  });

  it("runs f itself with plain kernels, and plan says why", () => {
    kernels("plain");
    const compiled = compile((x: Tensor) => square(x));
    expect(compiled(tensor([3])).item()).toBe(9);
    expect(errorOf(() => compiled.plan(tensor([3]))).message).toContain("plain kernels are chosen");
  });

  it("uses no more heap after 10,000 calls", () => {
    const compiled = compile((x: Tensor, w: Tensor) => [relu(matmul(x, w)), sum(sub(x, 1))]);
    const [x, w] = [random([4, 8]), random([8, 4])];
    const heapAfter = (calls: number): number => {
      for (let i = 0; i < calls; i++) compiled(x, w);
      collectGarbage();
      collectGarbage(); // waits for buffers that the first call frees in the background
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = heapAfter(2000);
    expect(heapAfter(10_000) - before).toBeLessThan(1_000_000); // 100 bytes a call; a tensor has more
  });
});
