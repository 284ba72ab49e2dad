import { ArgumentError, type Step, type Tensor, tensor } from "@wengert/core";
import { type Recorder, Tape, withRecorder } from "@wengert/core/extend";
import { describe, expect, it } from "vitest";
import { add, mul, neg, round, square } from "./support.ts";

/** Returns the names of the ops that a recorder receives while `body` runs. */
function recorded(body: () => unknown): string[] {
  const names: string[] = [];
  withRecorder("test", { record: ({ op }) => names.push(op.name) }, body);
  return names;
}

describe("recording", () => {
  it("passes each step to the recorder, with inputs, params and output", () => {
    const steps: Step[] = [];
    const x = tensor([1, 2]);
    const y = withRecorder("test", { record: (step) => steps.push(step) }, () => mul(x, 3));
    expect(steps).toHaveLength(1);
    const [step] = steps as [Step];
    expect([step.op, step.inputs[0], step.output]).toEqual([mul.spec, x, y]);
    expect(step.op).toBe(mul.spec); // the declaration itself, not a name
  });
  it("ends when its body returns", () => {
    const names = recorded(() => neg(tensor(1)));
    neg(tensor(1));
    expect(names).toEqual(["neg"]);
  });
  it("reaches all enclosing recorders, which are restored afterwards", () => {
    const inner: string[] = [];
    const outer = recorded(() => {
      add(1, tensor(2));
      inner.push(...recorded(() => mul(1, tensor(2))));
      neg(tensor(1));
    });
    expect([outer, inner]).toEqual([["add", "mul", "neg"], ["mul"]]);
  });
  it("ends when its body throws", () => {
    const outer = recorded(() => {
      const names: string[] = [];
      const recorder: Recorder = { record: ({ op }) => names.push(op.name) };
      const fail = () => {
        neg(tensor(1));
        throw new RangeError("own");
      };
      expect(() => withRecorder("test", recorder, fail)).toThrow(new RangeError("own"));
      mul(1, tensor(2));
      expect(names).toEqual(["neg"]);
    });
    expect(outer).toEqual(["neg", "mul"]);
  });
  it("omits an op that throws", () => {
    const names = recorded(() => expect(() => add(tensor([1]), tensor([1, 2]))).toThrow());
    expect(names).toEqual([]);
  });
  it("throws if the body is asynchronous or returns a promise", () => {
    for (const body of [async () => tensor(1), () => Promise.resolve(tensor(1))]) {
      expect(() => withRecorder("test", { record: () => {} }, body)).toThrow(ArgumentError);
      expect(() => withRecorder("test", { record: () => {} }, body)).toThrow(
        /^test: f returned a promise.*synchronous/,
      );
    }
  });
});

describe("a tape", () => {
  const run = (body: (x: Tensor) => unknown) => {
    const tape = new Tape();
    const x = tensor([1, 2]);
    tape.watch(x);
    withRecorder("test", tape, () => body(x));
    return { tape, x, names: tape.steps.map(({ op }) => op.name) };
  };
  it("keeps the steps that depend on watched tensors, in order", () => {
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
  it("keeps a step once if it uses the input twice", () => {
    expect(run((x) => mul(x, x)).names).toEqual(["mul"]);
  });
  it("keeps steps of ops without a derivative", () => {
    expect(run((x) => round(x)).names).toEqual(["round"]);
  });
});
