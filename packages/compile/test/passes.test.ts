import { checkpoint, evaluate, grad, type Program, type Tensor, tensor, trace, zeros } from "@wengert/core";
import { add, clip, div, exp, mul, relu, sin, sub, sum, tanh, transpose } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { random } from "../../ops/test/support.ts";
import { compile, type PlanReport } from "../src/index.ts";
import { passes } from "../src/passes/passes.ts";
import { expectAgreement } from "./agree.ts";

const after = (name: string, program: Program): string[] => passes[name]!(program).steps.map(({ op }) => op.name);
const traced = (f: (x: Tensor) => Tensor | Tensor[], shape = [2, 3]): Program =>
  trace(f as (x: Tensor) => Tensor, { shape }) as unknown as Program;

describe("the pass", () => {
  it("identities drops x · 1, 1 · x and x / 1, and keeps x + 0, x − 0 and products that broadcast", () => {
    expect(
      after(
        "identities",
        traced((x) => mul(div(mul(1, mul(x, 1)), 1), sin(x))),
      ),
    ).toEqual(["sin", "mul"]);
    expect(
      after(
        "identities",
        traced((x) => sub(add(x, 0), 0)),
      ),
    ).toEqual(["add", "sub"]);
    expect(
      after(
        "identities",
        traced((x) => mul(x, tensor([1, 1, 1])), [1]),
      ),
    ).toEqual(["mul"]);
    expect(
      after(
        "identities",
        traced((x) => mul(x, tensor([1, 1, 2]))),
      ),
    ).toEqual(["mul"]);
  });

  it("identities replaces the only alias of a tensor by the tensor, and keeps two aliases", () => {
    const once = traced((x) => add(grad((y: Tensor) => sum(sin(y)))(x), sin(x)));
    expect(once.steps.some(({ op }) => op.name === "alias")).toBe(true);
    expect(after("identities", once)).not.toContain("alias");
    const twice = traced((x) => [grad((y: Tensor) => sum(sin(y)))(x), grad((y: Tensor) => sum(tanh(y)))(x)]);
    expect(after("identities", twice).filter((name) => name === "alias").length).toBe(2);
  });

  it("duplicate steps merges steps with equal ops, params and inputs", () => {
    expect(
      after(
        "duplicate steps",
        traced((x) => add(sin(mul(x, 2)), sin(mul(x, 2)))),
      ),
    ).toEqual(["mul", "sin", "add"]);
    const different = traced((x) => [clip(x, { min: 0 }), clip(x, { min: -0 }), clip(x, { min: 1 })]);
    expect(after("duplicate steps", different).length).toBe(3);
    expect(
      after(
        "duplicate steps",
        traced((x) => [mul(x, 0), mul(x, -0)]),
      ).length,
    ).toBe(2);
    const sums = traced((x) => [sum(x, { axis: 0 }), sum(x, { axis: 1 }), sum(x, { axis: 0, keepDims: true })]);
    expect(after("duplicate steps", sums).length).toBe(passes["dead steps"]!(sums).steps.length);
  });

  it("duplicate steps keeps the second run of a checkpoint", () => {
    const program = (f: (x: Tensor) => Tensor) => traced((x) => grad((y: Tensor) => sum(tanh(f(y))))(x));
    const inner = (x: Tensor) => exp(sin(x));
    const count = (steps: string[]) => steps.filter((name) => name === "sin").length;
    expect(count(after("duplicate steps", program(inner)))).toBe(1);
    expect(count(after("duplicate steps", program(checkpoint(inner))))).toBe(2);
  });

  it("dead steps drops the steps that no output needs", () => {
    const program = traced((x) => sin(x));
    const unused = traced((x) => exp(x)).steps;
    expect(after("dead steps", { ...program, steps: [...unused, ...program.steps] })).toEqual(["sin"]);
  });

  it("constant steps computes steps of constants", () => {
    const x = tensor([1, 2]);
    const program = trace((y: Tensor) => add(y, sin(y)), x) as unknown as Program;
    const constant = { ...program, inputs: [], constants: [x], steps: replaceInput(program, x) };
    expect(after("constant steps", constant)).toEqual([]);
  });
});

const replaceInput = ({ steps, inputs }: Program, x: Tensor): Program["steps"] =>
  steps.map((step) => ({ ...step, inputs: step.inputs.map((y) => (y === inputs[0] ? x : y)) }));

describe("the report of a plan", () => {
  const f = (x: Tensor) => grad((y: Tensor) => sum(mul(relu(add(y, 1)), transpose(transpose(y)))))(x);
  const compiled = compile(f);
  const x = random([3, 4]);
  const report = compiled.plan(x);

  it("has the program after each pass, and all compute the same numbers", () => {
    expect(report.programs.map(({ name }) => name)).toEqual(["traced", ...Object.keys(passes)]);
    for (const { program } of report.programs)
      expectAgreement(evaluate(program as Program<[Tensor[]], Tensor>, [x]), f(x));
    const counts = report.passes.map(([, steps]) => steps);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  });

  it("lists the instructions and the memory", () => {
    const texts = (plan: PlanReport) => plan.instructions.map(({ text }) => text);
    expect(texts(report)).toEqual(["loop over [3, 4] float64: add, relu, reluPullback, accumulate"]);
    expect(texts(compile((y: Tensor) => add(transpose(y), 1)).plan(x))).toEqual(["loop over [4, 3] float64: add"]);
    expect(report.bytes).toBeGreaterThan(0);
    expect(report.engine).toBe("wasm");
    expect(texts(compile((y: Tensor) => sum(y)).plan(zeros([4])))).toEqual(["kernel rowSums64"]);
  });

  it("tensors that are not needed at the same time share memory", () => {
    const chain = (steps: number) => (y: Tensor) => {
      let z = y;
      for (let i = 0; i < steps; i++) z = tanh(z);
      return z;
    };
    const bytes = (steps: number) => compile(chain(steps)).plan(zeros([1000])).bytes;
    expect(bytes(20)).toBe(bytes(3));
  });
});
