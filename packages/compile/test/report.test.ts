import { cost, type Tensor, tensor, vjp, zeros } from "@wengert/core";
import { add, crossEntropy, matmul, mul, sum, tanh } from "@wengert/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { programs } from "../../ops/test/generate.ts";
import { noiseLike, random } from "../../ops/test/support.ts";
import { compile, explainPlan, type PlanReport } from "../src/index.ts";

const lastOf = ({ programs: all }: PlanReport) => all.at(-1)!.program;

/** Checks that a report is consistent: that its buffers fit its instructions. */
function expectConsistent(report: PlanReport): void {
  const { instructions, buffers, bytes } = report;
  const program = lastOf(report);
  expect(structuredClone({ instructions, buffers })).toEqual({ instructions, buffers });

  const flops = instructions.reduce((total, each) => total + each.flops, 0);
  expect(Math.abs(flops - cost(program).flops)).toBeLessThanOrEqual(instructions.length);
  const computed = new Set(instructions.flatMap(({ steps }) => steps));
  for (const [i, { op }] of program.steps.entries())
    if (op.view === undefined) expect(computed, `step ${i} is computed`).toContain(i);

  const bufferOf = new Map<Tensor, number>();
  for (const [b, { inputs, constants, steps }] of buffers.entries()) {
    for (const k of inputs) bufferOf.set(program.inputs[k]!, b);
    for (const k of constants) bufferOf.set(program.constants[k]!, b);
    for (const k of steps) bufferOf.set(program.steps[k]!.output, b);
  }
  for (const [k, { inputs }] of program.steps.entries()) {
    const first = instructions.findIndex(({ steps }) => steps.includes(k));
    const last = instructions.findLastIndex(({ steps }) => steps.includes(k));
    if (first < 0) continue; // a view
    for (const x of inputs) {
      const buffer = buffers[bufferOf.get(x)!];
      if (buffer === undefined || x.size === 0) continue; // in registers, or without elements to read
      // Several loops can compute one step. For example, each loop of a concat copies another input.
      expect(buffer.first, `step ${k} reads a tensor in time`).toBeLessThanOrEqual(last);
      expect(buffer.last, `step ${k} reads a tensor in time`).toBeGreaterThanOrEqual(first);
    }
  }
  for (const [b, own] of buffers.entries()) {
    expect(own.address + own.bytes).toBeLessThanOrEqual(bytes);
    for (const [a, other] of buffers.slice(0, b).entries()) {
      if (own.address >= other.address + other.bytes || other.address >= own.address + own.bytes) continue;
      // Only an instruction that works in place may need two buffers whose addresses overlap.
      if (own.first === other.last) expect(own.reuses).toContain(a);
      else expect(own.first, `buffers ${a} and ${b} share memory`).toBeGreaterThan(other.last);
    }
  }
}

describe("the report of a plan", () => {
  it("has buffers that never hold two needed tensors in the same bytes, for random programs", () => {
    const property = fc.property(programs(), (program) => {
      const compiled = compile((xs: Tensor[]): Tensor[] => {
        const { value, pullback } = vjp(program.run, xs);
        return [...value, ...(pullback(value.map((y, i) => noiseLike(y, 50 + i)))[0] as Tensor[])];
      });
      expectConsistent(compiled.plan(program.point));
    });
    fc.assert(property, { numRuns: Math.ceil(40 * Number(process.env.WENGERT_TIMES ?? 1)), seed: 1 });
  });

  it("counts the steps, operations and bytes of loops, kernels and checks of labels", () => {
    const labels = tensor([0, 2, 1], { dtype: "int32" });
    const report = compile((w: Tensor, x: Tensor) => crossEntropy(mul(matmul(x, w), 2), labels)).plan(
      zeros([4, 5]),
      zeros([3, 4]),
    );
    expectConsistent(report);
    const [product, loop, check, loss] = report.instructions;
    expect(product).toMatchObject({ kind: "kernel", kernel: "gemm64", steps: [0], flops: 2 * 3 * 4 * 5 });
    expect(product).toMatchObject({ bytesRead: 8 * (4 * 5 + 3 * 4), bytesWritten: 8 * 15 });
    expect(loop).toMatchObject({ kind: "loop", kernel: undefined, steps: [1], flops: 15, bytesRead: 8 * 15 });
    expect(check).toMatchObject({ kind: "check", steps: [], flops: 0, bytesRead: 4 * 3, bytesWritten: 0 });
    expect(loss).toMatchObject({ kind: "kernel", kernel: "labelLosses64", steps: [2] });
  });

  it("divides the operations of a product between its kernel calls by their numbers of rows", () => {
    const { instructions } = compile((x: Tensor, w: Tensor) => matmul(x, w)).plan(zeros([1300, 3]), zeros([3, 2]));
    expect(instructions.map(({ flops }) => flops)).toEqual([512, 512, 276].map((rows) => 2 * rows * 3 * 2));
  });

  it("says which buffers take over the memory of other buffers", () => {
    const step = compile((w: Tensor, x: Tensor) => [add(w, x), sum(tanh(x))], { donate: [0] });
    const report = step.plan(random([100]), random([100]));
    expectConsistent(report);
    const { steps } = lastOf(report);
    const result = report.buffers.find((buffer) => steps[buffer.steps[0]!]?.op === add.spec)!;
    expect(result.reuses.map((k) => report.buffers[k]!.inputs)).toEqual([[0]]);
  });

  it("has a reading of its tables", () => {
    const f = compile((w: Tensor, x: Tensor) => sum(tanh(matmul(tanh(matmul(x, w)), w))));
    expect(`\n${explainPlan(f.plan(zeros([30, 30]), zeros([20, 30])))}\n`).toMatchInlineSnapshot(`
      "
         instruction                            steps    flops    read  written
      1  kernel gemm64                          #1      36,000  12,000    4,800
      2  loop over [20, 30] float64: tanh       #2         600   4,800    4,800
      3  kernel gemm64                          #3      36,000  12,000    4,800
      4  loop over [20, 30] float64: tanh, sum  #4, #5   1,200   4,800        8

          address  bytes  needed in  holds  takes over
      b1   12,128  4,800        1–2  #1
      b2        0  7,200        1–4  w
      b3    7,264  4,800        1–4  x
      b4   12,128  4,800        2–3  #2     b1
      b5   16,992  4,800        3–4  #3
      b6   12,128      8          4  #5     b4
      "
    `);
  });
});
