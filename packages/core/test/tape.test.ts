import { ArgumentError, type Listener, recording, type Step, Tape, type Tensor, tensor } from "@wengert/core";
import { describe, expect, it } from "vitest";
import { add, mul, neg, round, square } from "./support.ts";

/** The names of the ops that a listener hears while `body` runs. */
function heard(body: () => unknown): string[] {
  const names: string[] = [];
  recording("test", { record: ({ op }) => names.push(op.name) }, body);
  return names;
}

describe("recording", () => {
  it("tells the listener each step as it runs, with inputs, params and output", () => {
    const steps: Step[] = [];
    const x = tensor([1, 2]);
    const y = recording("test", { record: (step) => steps.push(step) }, () => mul(x, 3));
    expect(steps).toHaveLength(1);
    const [step] = steps as [Step];
    expect([step.op, step.inputs[0], step.output]).toEqual([mul.spec, x, y]);
    expect(step.op).toBe(mul.spec); // the declaration itself, not a name to look up
  });
  it("ends with its body", () => {
    const names = heard(() => neg(tensor(1)));
    neg(tensor(1));
    expect(names).toEqual(["neg"]);
  });
  it("is heard by all that enclose it, and restored inside out", () => {
    const inner: string[] = [];
    const outer = heard(() => {
      add(1, tensor(2));
      inner.push(...heard(() => mul(1, tensor(2))));
      neg(tensor(1));
    });
    expect([outer, inner]).toEqual([["add", "mul", "neg"], ["mul"]]);
  });
  it("ends when its body throws", () => {
    const outer = heard(() => {
      const names: string[] = [];
      const listener: Listener = { record: ({ op }) => names.push(op.name) };
      const fail = () => {
        neg(tensor(1));
        throw new RangeError("own");
      };
      expect(() => recording("test", listener, fail)).toThrow(new RangeError("own"));
      mul(1, tensor(2));
      expect(names).toEqual(["neg"]);
    });
    expect(outer).toEqual(["neg", "mul"]);
  });
  it("hears nothing of an op that throws", () => {
    const names = heard(() => expect(() => add(tensor([1]), tensor([1, 2]))).toThrow());
    expect(names).toEqual([]);
  });
  it("refuses an asynchronous body, and any that returns a promise", () => {
    for (const body of [async () => tensor(1), () => Promise.resolve(tensor(1))]) {
      expect(() => recording("test", { record: () => {} }, body)).toThrow(ArgumentError);
      expect(() => recording("test", { record: () => {} }, body)).toThrow(/^test: f returned a promise.*synchronous/);
    }
  });
});

describe("a tape", () => {
  const run = (body: (x: Tensor) => unknown) => {
    const tape = new Tape();
    const x = tensor([1, 2]);
    tape.watch(x);
    recording("test", tape, () => body(x));
    return { tape, x, names: tape.steps.map(({ op }) => op.name) };
  };
  it("holds the steps that depend on what it watches, in order", () => {
    const { names } = run((x) => {
      const constant = neg(tensor([3, 4]));
      const y = mul(x, constant);
      neg(neg(constant));
      add(y, x);
    });
    expect(names).toEqual(["mul", "add"]);
  });
  it("tracks identities, not numbers", () => {
    const { tape, x, names } = run(() => square(tensor([1, 2])));
    expect([names, tape.tracks(x), tape.tracks(tensor([1, 2]))]).toEqual([[], true, false]);
  });
  it("holds a step once though it depends on the input twice", () => {
    expect(run((x) => mul(x, x)).names).toEqual(["mul"]);
  });
  it("goes on through ops that have no derivative", () => {
    expect(run((x) => round(x)).names).toEqual(["round"]);
  });
});
