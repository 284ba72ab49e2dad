import {
  checkpoint,
  cost,
  customVjp,
  evaluate,
  explain,
  grad,
  hessian,
  jvp,
  nonFinite,
  record,
  scan,
  type Tensor,
  tensor,
  trace,
  valueAndGrad,
  vmap,
  zeros,
} from "@wengert/core";
import { pack, part } from "@wengert/core/extend";
import { describe, expect, it } from "vitest";
import {
  add,
  cos,
  errorOf,
  exp,
  expectClose,
  log,
  matmul,
  mul,
  plainValues,
  random,
  sin,
  square,
  sub,
  sum,
} from "./support.ts";

const length = 5;
const w = random([3, 3], 1);
const start = random([3], 2);
const xs = random([length, 3], 3);
const weights = random([length, 3], 4);
const at = (x: Tensor, t: number): Tensor => {
  const entry = x.shape.slice(1);
  return part(pack([x]), { shape: entry, offset: (t * x.size) / x.shape[0]! });
};
const asRow = (x: Tensor): Tensor => part(x, { shape: [1, 3], offset: 0 });
const asVector = (x: Tensor): Tensor => part(pack([x]), { shape: [3], offset: 0 });

/** The carry of the scans in these tests: a float tensor h and an integer tensor n. */
interface Carry {
  readonly h: Tensor;
  readonly n: Tensor;
}
const iteration =
  (m: Tensor) =>
  ({ h, n }: Carry, x: Tensor): readonly [Carry, Tensor] => {
    const next = sin(add(mul(h, sum(m)), x));
    return [{ h: next, n: n }, mul(next, h)];
  };
const initial = (h: Tensor): Carry => ({ h, n: tensor(3, { dtype: "int32" }) });

type Loss = (m: Tensor, h: Tensor, x: Tensor) => Tensor;
const byScan =
  (options?: { reverse?: boolean; segments?: number }): Loss =>
  (m, h, x) => {
    const { carry, ys } = scan(iteration(m), initial(h), x, options);
    return add(sum(exp(carry.h)), sum(mul(ys, weights)));
  };
const byLoop =
  ({ reverse = false } = {}): Loss =>
  (m, h, x) => {
    let carry = initial(h);
    let total = tensor(0);
    for (let i = 0; i < length; i++) {
      const t = reverse ? length - 1 - i : i;
      const [next, y] = iteration(m)(carry, at(x, t));
      carry = next;
      total = add(total, sum(mul(y, at(weights, t))));
    }
    return add(sum(exp(carry.h)), total);
  };
const options = [
  {},
  { reverse: true },
  { segments: 2 },
  { segments: 5 },
  { segments: 7 },
  { segments: 2, reverse: true },
];

describe.each(options)("scan with %o equals the written-out loop", (option) => {
  const [f, wanted] = [byScan(option), byLoop(option)];
  const args = [w, start, xs] as const;

  it("in its value, and after trace and evaluate", () => {
    expectClose(f(...args), wanted(...args), 13);
    expectClose(evaluate(trace(f, ...args), ...args), wanted(...args), 13);
    expectClose(evaluate(trace(grad(f), ...args), ...args), grad(wanted)(...args), 12);
  });

  it.each([0, 1, 2])("in its derivatives by argument %i, to the second order", (argnums) => {
    expectClose(grad(f, { argnums })(...args), grad(wanted, { argnums })(...args), 12);
    const size = (g: Loss) => (m: Tensor, h: Tensor, x: Tensor) => sum(square(grad(g, { argnums: 0 })(m, h, x)));
    expectClose(grad(size(f), { argnums })(...args), grad(size(wanted), { argnums })(...args), 11);
  });

  it("in its tangent, and in its Hessian", () => {
    const vs = [random([3, 3], 5), random([3], 6), random([length, 3], 7)] as const;
    expectClose(jvp(f, [...args], [...vs]).tangent, jvp(wanted, [...args], [...vs]).tangent, 12);
    expectClose(hessian(f, { argnums: 1 })(...args), hessian(wanted, { argnums: 1 })(...args), 12);
  });

  it("in a batch over any of its arguments", () => {
    const join = (x: Tensor): Tensor => vmap((c: Tensor) => mul(x, c), { inAxes: 0 })(tensor([1, -0.5]));
    for (let k = 0; k < 3; k++) {
      const batch = args.map((x, i) => (i === k ? join(x) : x)) as unknown as [Tensor, Tensor, Tensor];
      const entry = (c: number) => args.map((x, i) => (i === k ? mul(x, c) : x)) as unknown as [Tensor, Tensor, Tensor];
      const inAxes = args.map((_, i) => (i === k ? 0 : null));
      const got = vmap(f, { inAxes })(...batch);
      expectClose(got, tensor([1, -0.5].map((c) => wanted(...entry(c)).item())), 12);
      const gradients = vmap(grad(f), { inAxes })(...batch);
      for (const [i, c] of [1, -0.5].entries()) expectClose(at(gradients, i), grad(wanted)(...entry(c)), 12);
      const total = (m: Tensor) => sum(vmap(f, { inAxes })(...(batch.with(0, k === 0 ? join(m) : m) as [Tensor, Tensor, Tensor]))); // biome-ignore format: reads best on one line
      const sums = (m: Tensor) => [1, -0.5].map((c) => wanted(...(entry(c).with(0, k === 0 ? mul(m, c) : m) as [Tensor, Tensor, Tensor]))).reduce((a, b) => add(a, b)); // biome-ignore format: reads best on one line
      expectClose(grad(total)(w), grad(sums)(w), 11);
    }
  });
});

describe("scan", () => {
  it("runs the body once, and is one step of a tape for any length", () => {
    let runs = 0;
    const f = (h: Tensor) => {
      const body = (c: Tensor) => {
        runs++;
        return [sin(c), undefined] as const;
      };
      return scan(body, h, undefined, { length: 1000 }).carry;
    };
    const { steps } = record(f, start);
    expect(runs).toBe(1);
    expect(steps.map(({ op }) => op.name)).toEqual(["scan", "part", "part"]); // the carry, and those that a gradient needs
  });

  it("loops over trees, integers, and without xs or without results", () => {
    const four = tensor([4], { dtype: "int32" });
    const counted = scan((i: Tensor) => [i, { i, two: [i] }], four, undefined, { length: 0 });
    expect(counted).toMatchObject({ carry: { shape: [1] }, ys: { i: { shape: [0, 1] }, two: [{ shape: [0, 1] }] } });
    const { carry, ys } = scan((c: Tensor, x: { a: Tensor }) => [add(c, x.a), undefined], start, { a: xs });
    expect(ys).toBeUndefined();
    expectClose(
      carry,
      Array.from({ length }, (_, t) => at(xs, t)).reduce((c, x) => add(c, x), start),
      14,
    );
  });

  it("keeps the dtype of each result", () => {
    const n = tensor([1, 2, 3], { dtype: "int32" });
    const { carry, ys } = scan((c: Tensor, x: { n: Tensor; s: Tensor }) => [c, x], tensor(1), {
      n,
      s: tensor([1, 2, 3], { dtype: "float32" }),
    });
    expect([carry.dtype, ys.n.dtype, ys.s.dtype]).toEqual(["float64", "int32", "float32"]);
    expect(ys.n.toNested()).toEqual([1, 2, 3]);
  });

  it("differentiates a body by tensors that its checkpoint captures", () => {
    const [x, z, rows] = [random([2], 1), random([2], 2), random([3, 2], 3)];
    const lossOf = (body: (each: Tensor, x: Tensor, z: Tensor) => Tensor) => (x: Tensor, z: Tensor) =>
      sum(
        square(
          scan((carry: Tensor, each: Tensor) => [add(carry, body(each, x, z)), each] as const, zeros([2]), rows).carry,
        ),
      );
    const pairs: [(e: Tensor, x: Tensor, z: Tensor) => Tensor, (e: Tensor, x: Tensor, z: Tensor) => Tensor][] = [
      [(e, x) => mul(e, x), (e, x) => checkpoint((p: Tensor) => mul(p, x))(e)],
      [(e, x, z) => mul(e, mul(x, z)), (e, x, z) => checkpoint((p: Tensor, q: Tensor) => mul(p, mul(q, z)))(e, x)],
      [(_, x, z) => mul(x, z), (e, x, z) => checkpoint((_: Tensor, q: Tensor) => mul(q, z))(e, x)],
      [(_, x, z) => mul(x, z), (e, x, z) => checkpoint((_: Tensor) => mul(x, z))(e)],
    ];
    for (const [plain, kept] of pairs)
      for (const argnums of [0, 1]) {
        const [wanted, got] = [plain, kept].map((body) => grad(lossOf(body), { argnums }));
        expectClose(got!(x, z), wanted!(x, z), 14);
      }
  });

  it("evaluates a body whose checkpoint captures another tensor of the trace", () => {
    const loop = (f: (each: Tensor, x: Tensor) => Tensor) => (x: Tensor, rows: Tensor) =>
      scan((carry: Tensor, each: Tensor) => [add(carry, f(each, x)), each] as const, zeros([2]), rows).carry;
    const captures: ((each: Tensor, x: Tensor) => Tensor)[] = [
      (each, x) => checkpoint((p: Tensor) => mul(p, x))(each),
      (each, x) => checkpoint((_: Tensor) => square(x))(each),
      (each, x) => checkpoint((p: Tensor, q: Tensor) => mul(q, add(p, square(x))))(each, x),
    ];
    const [x, rows] = [random([2], 1), random([3, 2], 2)];
    for (const f of captures) {
      const program = trace(loop(f), x, rows);
      for (const seed of [3, 4]) {
        const [y, others] = [random([2], seed), random([3, 2], seed + 10)];
        expectClose(evaluate(program, y, others), loop(f)(y, others), 15);
      }
      const slopes = (y: Tensor, others: Tensor) => grad((v: Tensor) => sum(loop(f)(v, others)))(y);
      expectClose(evaluate(trace(slopes, x, rows), x, rows), slopes(x, rows), 14);
    }
  });
  it("keeps checkpoints and custom rules of the body", () => {
    const doubled = customVjp({ forward: (x: Tensor) => [sin(x), null], backward: (_, g: Tensor) => [mul(g, 2)] });
    const g = (h: Tensor) => sum(scan((c: Tensor) => [doubled(c), undefined], h, undefined, { length: 3 }).carry);
    expect(grad(g)(start).toNested()).toEqual([8, 8, 8]);
    const k = (step: (c: Tensor) => Tensor) => (h: Tensor) =>
      sum(scan((c: Tensor) => [step(c), undefined], h, undefined, { length: 3 }).carry);
    const step = (c: Tensor) => mul(sin(c), exp(c));
    expectClose(grad(k(checkpoint(step)))(start), grad(k(step))(start), 14);
    expectClose(grad(checkpoint(k(step)))(start), grad(k(step))(start), 14);
  });

  it("nests, and differentiates tensors that both bodies capture", () => {
    const f = (m: Tensor) =>
      sum(
        scan(
          (c: Tensor, x: Tensor) => {
            const inner = scan((d: Tensor) => [asVector(matmul(asRow(sin(add(d, x))), m)), undefined], c, undefined, {
              length: 2,
            });
            return [inner.carry, undefined];
          },
          start,
          xs,
        ).carry,
      );
    const loop = (m: Tensor) => {
      let c = start;
      for (let t = 0; t < length; t++)
        for (let i = 0; i < 2; i++) c = asVector(matmul(asRow(sin(add(c, at(xs, t)))), m));
      return sum(c);
    };
    expectClose(grad(f)(w), grad(loop)(w), 12);
  });

  it("is printed with its body", () => {
    const f = (h: Tensor) => scan((c: Tensor, x: Tensor) => [mul(c, x), undefined], h, xs).carry;
    const lines = explain(trace(f, tensor([1, 2, 3], { label: "h" }))).split("\n");
    expect(lines.map((line) => line.replace(/ +/g, " ").trim())).toEqual([
      "op inputs shape dtype value",
      "h [3] float64",
      expect.stringMatching(/^c1 \[5, 3\] float64/),
      "#1 scan 5 × { h, c1 [3] float64",
      "carry [3] float64",
      "x [3] float64",
      "#1.1 mul carry, x [3] float64",
      "} returns #1.1",
      '#2 part shape=[3] offset=0 dtype="float64" #1 [3] float64',
      "returns #2",
    ]);
  });

  it("is counted by cost, once per iteration, with the memory of one iteration", () => {
    const loop = (n: number) => (h: Tensor) => scan((c: Tensor) => [sin(mul(c, c)), undefined], h, undefined, { length: n }).carry; // biome-ignore format: reads best on one line
    const big = { shape: [1000] };
    const [short, long] = [cost(trace(loop(10), big)), cost(trace(loop(1000), big))];
    expect([short.flops, long.flops]).toEqual([20_000, 2_000_000]);
    expect(long.peakBytes).toBe(short.peakBytes);
    const backward = (segments: number) =>
      cost(trace(valueAndGrad((h: Tensor) => sum(scan((c: Tensor) => [sin(mul(c, c)), undefined], h, undefined, { length: 1024, segments }).carry)), big)).peakBytes; // biome-ignore format: reads best on one line
    expect(backward(1)).toBeGreaterThan(1024 * 8000);
    expect(backward(32)).toBeLessThan(0.15 * backward(1));
  });

  it("is explained by nonFinite, which names the first iteration and the step", () => {
    const f = (h: Tensor) => sum(scan((c: Tensor) => [log(sub(c, 1)), undefined], h, undefined, { length: 4 }).carry);
    expect(nonFinite(f, tensor([3, 20]))?.message).toMatch(
      /^the value of scan is NaN.*; iteration 1: the value of log is NaN; log 0 is −Infinity/,
    );
  });

  it("keeps no copies of the cotangents of its constants, inside another loop or a batch", () => {
    const iteration = (m: Tensor) => (c: Tensor) => [asVector(matmul(asRow(c), m)), undefined] as const;
    const loss = (segments: number) => (m: Tensor) =>
      sum(scan(iteration(m), start, undefined, { length: 1024, segments }).carry);
    const peak = (f: (m: Tensor) => Tensor, shape: readonly number[]) => cost(trace(f, { shape })).peakBytes;
    const cotangentBytes = 1024 * 9 * 8; // one cotangent of m per iteration
    expect(peak(grad(loss(2)), [3, 3])).toBeLessThan(cotangentBytes);
    expect(peak(vmap(grad(loss(1))), [5, 3, 3])).toBeLessThan(5 * cotangentBytes);
  });

  it("keeps no carries in a batch that is not differentiated", () => {
    const last = (h: Tensor) => scan((c: Tensor) => [sin(mul(c, c)), undefined], h, undefined, { length: 1024 }).carry;
    expect(cost(trace(vmap(last), { shape: [10, 100] })).peakBytes).toBeLessThan(10 * 100 * 8 * 10);
    const backward = (f: (h: Tensor) => Tensor) => cost(trace(f, { shape: [10, 100] })).peakBytes;
    const [ofBatch, batchOf] = [grad((h: Tensor) => sum(vmap(last)(h))), vmap(grad((h: Tensor) => sum(last(h))))];
    expect(backward(ofBatch)).toBeLessThan(1.2 * backward(batchOf));
  });

  it("has a derivative of zero by tensors that it does not use", () => {
    const f = (h: Tensor, unused: Tensor) => sum(scan((c: Tensor, _: Tensor) => [cos(c), undefined], h, unused).carry);
    expect(grad(f, { argnums: 1 })(start, xs).toNested()).toEqual(zeros(xs.shape).toNested());
  });

  it("gives results that are constants, the carry or an entry", () => {
    const { carry, ys } = scan((c: Tensor, x: Tensor) => [c, [c, x, start]] as const, start, xs);
    expect(plainValues(carry)).toEqual(plainValues(start));
    expect(ys[1]!.toNested()).toEqual(xs.toNested());
    expect(at(ys[2]!, 4).toNested()).toEqual(start.toNested());
  });
});

describe("scan rejects", () => {
  const f = (c: Tensor) => [c, undefined] as const;
  it.each<[string, () => unknown, RegExp]>([
    ["a carry of another shape", () => scan((_: Tensor, x: Tensor) => [sum(x), undefined], start, xs), /^scan: body must return a carry with the dtypes and shapes of init; carry \[3\] is float64 \[3\], and body returned float64 \[\]/],
    ["a body that returns no pair", () => scan(((c: Tensor) => c) as never, start, xs), /^scan: body must return \[carry, y\], got a Tensor/],
    ["xs without an axis", () => scan(f, start, tensor(1)), /^scan: xs \[\] has no axis to iterate over/],
    ["no xs and no length", () => scan(f, start, undefined), /^scan: without xs, the number of iterations is unknown; pass \{ length \}/],
    ["another length", () => scan(f, start, xs, { length: 3 }), /^scan: all tensors of xs must have one length along axis 0, got xs \[5, 3\] and the option length, 3/],
    ["segments below 1", () => scan(f, start, xs, { segments: 0 }), /^scan: segments must be a whole number of at least 1, got 0/],
    ["a body that reads a value", () => scan((c: Tensor) => [c.item() > 0 ? c : c, undefined], tensor(1), xs), /^item: carry \[\] has no value while trace, compile, vmap or scan runs f/],
  ])("%s", (_, call, message) => expect(errorOf(call).message).toMatch(message)); // biome-ignore format: one case per line
});
