import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  checkpoint,
  cost,
  explain,
  type Listing,
  nonFinite,
  record,
  type Tensor,
  type TensorLike,
  tensor,
  toDot,
  trace,
  valueAndGrad,
  withLabel,
} from "@wengert/core";
import { defineOp, type Op, type Unary } from "@wengert/core/extend";
import { describe, expect, it, test } from "vitest";
import {
  add,
  div,
  exp,
  log,
  matmul,
  mul,
  neg,
  random,
  round,
  scalar,
  sin,
  spread,
  sqrt,
  square,
  sub,
  sum,
  transpose,
} from "./support.ts";

const X = tensor(
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  { label: "X" },
);
const w = tensor([[0.5], [-1]], { label: "w" });
const f = (X: Tensor, w: Tensor) => {
  const y = withLabel(matmul(X, w), "y");
  return sum(mul(square(y), 0.5));
};

describe("record", () => {
  it("returns the value, inputs, steps and outputs of a run", () => {
    const { value, inputs, steps, outputs } = record(f, X, w);
    expect(value.item()).toBe(0.5 * (1.5 ** 2 + 2.5 ** 2 + 3.5 ** 2));
    expect(inputs.map(({ label }) => label)).toEqual(["X", "w"]);
    expect(steps.map(({ op }) => op.name)).toEqual(["matmul", "withLabel", "mul", "mul", "sum"]);
    expect(outputs).toEqual([value]);
  });
  it("accepts integers and trees as arguments", () => {
    const { value, steps } = record(
      ({ a }: { a: Tensor }, n: Tensor) => [sin(a), n, round(a)],
      { a: X },
      tensor([1], { dtype: "int32" }),
    );
    expect([value[1]!.dtype, steps.map(({ op }) => op.name)]).toEqual(["int32", ["sin", "round"]]);
  });
  it("pulls back one step at a time from the last, repeatedly", () => {
    const { pulls, steps } = record(f, X, w);
    const all = [...pulls()];
    expect(all.map(({ step }) => step)).toEqual(steps.toReversed());
    const [toSum, toHalf, toSquare, toLabeled, toProduct] = all as [
      (typeof all)[0],
      (typeof all)[0],
      (typeof all)[0],
      (typeof all)[0],
      (typeof all)[0],
    ];
    expect([toLabeled.step.output.label, toLabeled.contributions]).toEqual(["y", [toLabeled.cotangent]]);
    expect([toSum.cotangent.item(), toSum.contributions.map((c) => c?.toNested())]).toEqual([1, [[[1], [1], [1]]]]);
    expect(toHalf.contributions[1]).toBe(null); // a constant
    expect(toSquare.contributions.map((c) => c!.toNested())).toEqual([
      [[-0.75], [-1.25], [-1.75]],
      [[-0.75], [-1.25], [-1.75]],
    ]);
    expect(toProduct.cotangent.toNested()).toEqual([[-1.5], [-2.5], [-3.5]]);
    expect(toProduct.contributions.map((c) => c!.shape)).toEqual([
      [3, 2],
      [2, 1],
    ]);
    expect([...pulls()].map(({ cotangent }) => cotangent.toNested())).toEqual(
      all.map(({ cotangent }) => cotangent.toNested()),
    );
  });
  it("accepts any cotangent of the value", () => {
    const { pulls } = record((a: Tensor) => [sin(a), a] as const, X);
    const [only] = [...pulls([mul(X, 2), X])];
    expect(only!.cotangent.toNested()).toEqual(mul(X, 2).toNested());
    expect(() => [...pulls([X, scalar(1)])]).toThrow(/^pulls: the cotangent/);
  });
  it("sweeps lazily", () => {
    const names: string[] = [];
    for (const { step } of record(f, X, w).pulls()) {
      names.push(step.op.name);
      if (names.length === 2) break;
    }
    expect(names).toEqual(["sum", "mul"]);
  });
});

describe("explain", () => {
  it("prints a run as a table", () => {
    expect(`\n${explain(record(f, X, w))}\n`).toMatchInlineSnapshot(`
      "
          op                   inputs      shape   dtype    value
          X                                [3, 2]  float64  1 … 6
          w                                [2, 1]  float64  0.5 -1
      #1  matmul               X, w        [3, 1]  float64  -1.5 -2.5 -3.5
      #2  withLabel label="y"  #1          [3, 1]  float64  -1.5 -2.5 -3.5
      #3  mul                  #2 y, #2 y  [3, 1]  float64  2.25 6.25 12.25
      #4  mul                  #3, 0.5     [3, 1]  float64  1.125 3.125 6.125
      #5  sum                  #4          []      float64  10.375
      returns #5
      "
    `);
  });
  it("prints a program as a table, with values only for constants", () => {
    const W = random([2, 1], 3);
    const program = trace((X: Tensor) => spread(sum(matmul(X, W)), { shape: [2] }), {
      shape: [3, 2],
      dtype: "float64",
    });
    expect(`\n${explain(program)}\n`).toMatchInlineSnapshot(`
      "
          op                inputs  shape   dtype    value
          X                         [3, 2]  float64
          c1                        [2, 1]  float64  0.673557 -0.939722
      #1  matmul            X, c1   [3, 1]  float64
      #2  sum               #1      []      float64
      #3  spread shape=[2]  #2      [2]     float64
      returns #3
      "
    `);
  });
  it("shows the range of many numbers, and the count of NaN", () => {
    const a = tensor([1, -2, 30, 4.5, Number.NaN, Number.NaN]);
    const [, input, step] = explain(record((a: Tensor) => add(a, a), a)).split("\n");
    expect(input).toMatch(/-2 … 30 2 NaN$/);
    expect(step).toMatch(/-4 … 60 2 NaN$/);
    expect(explain(record((a: Tensor) => neg(a), tensor(new Float64Array(5).fill(Number.NaN))))).toMatch(/ {2}5 NaN$/m);
    expect(explain(record((a: Tensor) => neg(a), tensor([])))).toMatch(/\[0\] +float64$/m);
  });
  it("distinguishes a constant from the step with that number", () => {
    const [, , , last] = explain(record((a: Tensor) => add(neg(a), 1), X)).split("\n");
    const [, one, other] = /^ *#?2 +add +(\S+), (\S+) /.exec(last!)!;
    expect(one).not.toBe(other);
  });
  it("shows all returned values", () => {
    const lines = explain(record((a: Tensor) => [a, neg(a)], X)).split("\n");
    expect(lines.at(-1)).toBe("returns X, #1");
  });
  it("prints a list of 100,000 steps", { tags: "soak" }, () => {
    const long = record((a: Tensor) => Array.from({ length: 1e5 }).reduce<Tensor>((z) => neg(z), a), scalar(1));
    expect(explain(long).split("\n").length).toBe(1e5 + 3);
  });
});

describe("toDot", () => {
  const listings: [string, () => Listing][] = [
    ["a run", () => record(f, X, w)],
    ["a program with gradients", () => trace((X: Tensor, w: Tensor) => valueAndGrad(f, { argnums: 1 })(X, w), X, w)],
    ["constants that look like step numbers", () => record((a: Tensor) => add(mul(a, 2), 3), X)],
    ["two inputs with the same label", () => record((a: Tensor, b: Tensor) => sub(a, b), X, X)],
    [
      "two constants of one label",
      () => record((a: Tensor) => add(mul(a, tensor(2, { label: "k" })), tensor(3, { label: "k" })), X),
    ],
    ["an input whose label is a number", () => record((a: Tensor) => neg(neg(a)), tensor(1, { label: "2" }))],
    [
      "labels with quotes, backslashes and line ends",
      () => record((a: Tensor) => neg(a), tensor(1, { label: 'a "b" \\n\n<c>' })),
    ],
    ["a checkpoint", () => record((a: Tensor) => checkpoint((b: Tensor) => sin(neg(b)))(a), X)],
    ["an output that is an input", () => record((a: Tensor) => [a, neg(a)], X)],
    ["an empty program", () => trace(() => [])],
  ];
  const hasGraphviz = spawnSync("dot", ["-V"]).error === undefined;
  describe.each(listings)("of %s", (_, listing) => {
    const { inputs, steps } = listing();
    const known = new Set([...inputs, ...steps.map(({ output }) => output)]);
    const constants = new Set(steps.flatMap((step) => step.inputs).filter((input) => !known.has(input)));
    const nodes = known.size + constants.size;
    const edges = steps.reduce((n, step) => n + step.inputs.length, 0);
    it("has one node per tensor, and one edge per use", () => {
      const lines = toDot(listing()).split("\n");
      const ids = lines.flatMap((line) => /^ {2}("(?:[^"\\]|\\.)*") \[label=/.exec(line)?.[1] ?? []);
      expect(new Set(ids).size).toBe(nodes);
      expect(lines.filter((line) => line.includes(" -> "))).toHaveLength(edges);
    });
    it.skipIf(!hasGraphviz && process.env.CI !== "true")("is drawn by graphviz", () => {
      const { status, stdout, stderr } = spawnSync("dot", ["-Tsvg"], { input: toDot(listing()), encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout.match(/class="node"/g) ?? []).toHaveLength(nodes);
      expect(stdout.match(/class="edge"/g) ?? []).toHaveLength(edges);
    });
  });
  it("labels each node with its op, shape and dtype", () => {
    const text = toDot(record((a: Tensor) => spread(sum(a), { shape: [2] }), X));
    expect(text).toMatch(/label="X\\nfloat64 \[3, 2\]", shape=ellipse\]/);
    expect(text).toMatch(/: spread shape=\[2\]\\nfloat64 \[2\]", shape=box, peripheries=2\]/);
  });
});

describe("nonFinite", () => {
  const here = fileURLToPath(import.meta.url);
  /** Returns the line number in this test file from a location such as `file:line:column`. */
  const lineOf = (site: string | undefined) => {
    expect(site).toContain(here.slice(here.lastIndexOf("/")));
    return Number(/:(\d+):\d+$/.exec(site!)![1]);
  };
  const hereLine = () => lineOf(new Error().stack!.split("\n")[2]!.match(/[^\s(]+:\d+:\d+/)![0]);

  it("returns undefined if all values are finite", () => {
    expect(nonFinite((a: Tensor) => sum(log(exp(a))), X)).toBe(undefined);
    expect(nonFinite((a: Tensor) => round(a), X)).toBe(undefined);
    expect(nonFinite(() => scalar(1))).toBe(undefined);
  });
  it("finds the first step that is not finite, its call site and the fix", () => {
    let line = 0;
    const report = nonFinite((a: Tensor) => {
      const shifted = sub(a, 1);
      line = hereLine() + 1;
      const y = log(shifted);
      return sum(mul(y, 3));
    }, X)!;
    expect([report.where, report.step!.op.name, lineOf(report.site)]).toEqual(["value", "log", line]);
    expect(report.values).toEqual([{ index: [0, 0], value: -Infinity }]);
    expect(report.message).toMatch(
      /^the value of log is -Infinity at \[0, 0\], at .*inspect\.test\.ts:\d+:\d+; log 0 is −Infinity$/,
    );
  });
  it("finds 0 / 0, and lists at most ten elements", () => {
    const zeros = mul(random([4, 4]), 0);
    const report = nonFinite((a: Tensor) => div(a, mul(a, 1)), zeros)!;
    expect([report.step!.op.name, report.values.length]).toEqual(["div", 10]);
    expect(report.values.at(-1)).toEqual({ index: [2, 1], value: Number.NaN });
  });
  it("finds an overflow", () => {
    const report = nonFinite((a: Tensor) => exp(mul(a, 1000)), tensor([0, 1]))!;
    expect([report.where, report.message.split(", at")[0]]).toEqual(["value", "the value of exp is Infinity at [1]"]);
    expect(report.message).toMatch(/exp overflows above 709$/);
  });
  it("finds an infinite cotangent when all values are finite", () => {
    let line = 0;
    const report = nonFinite(
      (a: Tensor) => {
        line = hereLine() + 1;
        return sum(mul(sqrt(a), 2));
      },
      tensor([4, 0]),
    )!;
    expect([report.where, report.step!.op.name, lineOf(report.site)]).toEqual(["cotangent", "sqrt", line]);
    expect([report.values, report.message]).toEqual([
      [{ index: [1], value: Infinity }],
      expect.stringMatching(/^the cotangent of input 0 of sqrt is Infinity at \[1\], at /),
    ]);
  });
  it("ignores any intermediate infinity that does not reach the result", () => {
    const mask = tensor([0, -Infinity]);
    const x = tensor([1, 2]);
    expect(nonFinite((a: Tensor) => sum(exp(add(a, mask))), x)).toBe(undefined);
    expect(nonFinite((a: Tensor, b: Tensor) => sum(exp(add(a, b))), x, mask)).toBe(undefined);
    expect(nonFinite((a: Tensor) => sum(exp(add(a, log(tensor([1, 0]))))), x)).toBe(undefined);
    const unused = (a: Tensor) => {
      exp(mul(a, 1000));
      return sum(a);
    };
    expect(nonFinite(unused, x)).toBe(undefined);
  });
  it("blames the step that makes a NaN from an infinite argument, but no step for the infinity itself", () => {
    const mask = tensor([0, -Infinity], { label: "mask" });
    const nan = nonFinite((a: Tensor) => sum(sub(add(a, mask), mask)), tensor([1, 2]))!;
    expect([nan.where, nan.step!.op.name, nan.values]).toEqual(["value", "sub", [{ index: [1], value: Number.NaN }]]);
    let line = 0;
    const given = nonFinite(
      (a: Tensor) => {
        line = hereLine() + 1;
        return sum(add(a, mask));
      },
      tensor([1, 2]),
    )!;
    expect([given.where, given.step, lineOf(given.site)]).toEqual(["constant", undefined, line]);
    expect(given.message).toMatch(/^mask \[2\] is -Infinity at \[1\], used at \S+inspect\.test\.ts:\d+:\d+$/);
  });
  it("blames a step for an infinity computed from an infinite argument only if its op explains it", () => {
    const mask = tensor([0, -Infinity]);
    const sites = [neg, exp].map((op) => nonFinite((a: Tensor) => sum(op(neg(add(a, mask)))), tensor([1, 2]))!);
    expect(sites.map(({ where, step }) => [where, step?.op.name])).toEqual([
      ["constant", undefined],
      ["value", "exp"],
    ]);
  });
  it("blames an overflow, not its consequences: Infinity / Infinity, or a NaN in a gradient", () => {
    const huge = tensor([1, 1000]);
    const quotient = nonFinite((a: Tensor) => sum(div(exp(a), sum(exp(a)))), huge)!;
    const hidden = nonFinite((a: Tensor) => sum(exp(neg(mul(exp(huge), a)))), tensor([1, 1]))!;
    for (const { where, step } of [quotient, hidden]) expect([where, step!.op.name]).toEqual(["value", "exp"]);
  });
  it("passes the index, the cotangent and the producers of the inputs to the op's explanation", () => {
    const seen: unknown[] = [];
    const root: Op<Unary> = defineOp<Unary>({
      ...sqrt.spec,
      nonFinite: ({ inputs: [x], params, output, bad, index, cotangent, producerOf }) => {
        seen.push([params, output.toNested(), bad.toNested(), index, cotangent?.toNested(), producerOf(x)?.op.name]);
        return producerOf(output)!.op === root.spec ? "its own words" : undefined;
      },
    });
    expect(nonFinite((a: Tensor) => sum(root(neg(a))), tensor([-4, 1]))!.message).toMatch(/; its own words$/);
    expect(seen.pop()).toEqual([undefined, [2, Number.NaN], [2, Number.NaN], [1], undefined, "neg"]);
    expect(nonFinite((a: Tensor) => sum(mul(root(neg(a)), 3)), tensor([-4, -0]))!.where).toBe("cotangent");
    expect(seen.pop()).toEqual([undefined, [2, 0], [0.75, Infinity], [1], [3, 3], "neg"]);
  });
  it("lists NaN before infinities", () => {
    const report = nonFinite((a: Tensor) => div(a, mul(a, 0)), tensor([1, 0]))!;
    expect(report.values).toEqual([{ index: [1], value: Number.NaN }]);
  });
  it("accepts numbers as arguments", () => {
    expect(nonFinite<[TensorLike], Tensor>((a) => log(a), 1)).toBe(undefined);
    expect(nonFinite<[TensorLike], Tensor>((a) => log(a), Number.NaN)!.message).toBe("a is NaN");
  });
  it("names an argument by its path, and only if the result depends on it", () => {
    const params = { layers: [{ w: X }, { w: tensor([1, Number.NaN]) }] };
    const report = nonFinite(({ layers }: typeof params) => sum(layers[1]!.w), params)!;
    expect([report.where, report.step, report.site]).toEqual(["argument", undefined, undefined]);
    expect(report.values).toEqual([{ index: [1], value: Number.NaN }]);
    expect(nonFinite(({ layers }: typeof params) => sum(layers[0]!.w), params)).toBe(undefined);
    expect(nonFinite((params: { w: Tensor }) => sum(params.w), { w: tensor([Infinity]) })!.message).toBe(
      "params.w is Infinity at [0]",
    );
  });
  it("looks inside functions that a tape records as one step", () => {
    const report = nonFinite((a: Tensor) => checkpoint((b: Tensor) => neg(log(b)))(mul(a, 0)), X)!;
    expect(report.step!.op.name).toBe("log");
  });
  it("omits the index of a scalar", () => {
    expect(nonFinite((a: Tensor) => log(a), scalar(0))!.message).toMatch(/^the value of log is -Infinity, at /);
  });
});

describe("cost", () => {
  const spec = { shape: [4] } as const;
  const float32 = { shape: [4], dtype: "float32" } as const;
  it("counts a product and a sum", () => {
    // x has 32 bytes. y = x · x takes 4 flops, reads 2 × 32 bytes and writes 32 bytes. z = Σ y takes 4 flops, reads 32
    // bytes and writes 8 bytes. At the peak, x, y and z are in memory.
    expect(cost(trace((x: Tensor) => sum(mul(x, x)), spec))).toEqual({ flops: 8, bytes: 136, peakBytes: 72 });
  });
  it("counts half the bytes in float32", () => {
    expect(cost(trace((x: Tensor) => sum(mul(x, x)), float32))).toEqual({ flops: 8, bytes: 68, peakBytes: 36 });
  });
  it("counts 2 m n k flops for a matrix product, and no bytes for a view", () => {
    // The matrix a has the shape [3, 2], and its transpose costs nothing. The product of the transpose and a takes 2 ·
    // 2 · 2 · 3 flops, reads 48 + 48 bytes and writes 32 bytes.
    expect(cost(trace((a: Tensor) => matmul(transpose(a), a), { shape: [3, 2] }))).toEqual({
      flops: 24,
      bytes: 128,
      peakBytes: 80,
    });
  });
  it("frees each value of a chain after its last use", () => {
    const chain = (n: number) => (x: Tensor) => Array.from({ length: n }).reduce<Tensor>((y) => neg(y), x);
    for (const n of [2, 3, 10])
      expect(cost(trace(chain(n), spec))).toEqual({ flops: 4 * n, bytes: 64 * n, peakBytes: 96 });
  });
  it("keeps outputs until the end", () => {
    expect(cost(trace((x: Tensor) => [neg(x), sin(x), exp(x)], spec))).toEqual({
      flops: 12,
      bytes: 192,
      peakBytes: 128,
    });
  });
  it("keeps the memory of a view while the view is used", () => {
    // x is [3, 2]. At the peak, x, −x and z = exp(x), of 48 bytes each, and the product z y, of 72 bytes, are in
    // memory. y is a view of −x.
    const program = trace(
      (x: Tensor) => {
        const y = transpose(neg(x));
        const z = exp(x);
        return matmul(z, y);
      },
      { shape: [3, 2] },
    );
    expect(cost(program)).toEqual({ flops: 6 + 6 + 2 * 9 * 2, bytes: 96 + 96 + 96 + 72, peakBytes: 48 * 3 + 72 });
  });
  it("keeps constants", () => {
    const c = random([4]);
    expect(cost(trace((x: Tensor) => add(x, c), spec))).toEqual({ flops: 4, bytes: 96, peakBytes: 96 });
  });
  it("keeps the inputs of an empty program", () => {
    expect(cost(trace((x: Tensor) => x, spec))).toEqual({ flops: 0, bytes: 0, peakBytes: 32 });
    expect(cost(trace(() => []))).toEqual({ flops: 0, bytes: 0, peakBytes: 0 });
  });
  test("a checkpoint trades flops for memory", () => {
    const steps = (x: Tensor) => Array.from({ length: 20 }).reduce<Tensor>((y) => mul(sin(y), y), x);
    const loss = (each: (x: Tensor) => Tensor) => (x: Tensor) =>
      valueAndGrad((y: Tensor) => sum(each(each(each(y)))))(x);
    const [plain, kept] = [steps, checkpoint(steps)].map((each) => cost(trace(loss(each), spec)));
    expect(kept!.flops).toBeGreaterThan(plain!.flops);
    expect(kept!.peakBytes).toBeLessThan(plain!.peakBytes / 2);
  });
});
