import { record, type Tensor, tensor, vjp } from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import { kernels, softmax } from "@wengert/ops";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { currentEngine } from "../src/wasm/engine.ts";
import { Workspace } from "../src/wasm/workspace.ts";
import {
  boundsOf,
  type CallSpec,
  call,
  callArbitrary,
  calls,
  firstDifference,
  isLinearAlgebra,
  isOfSoftmax,
  isProduct,
  withKernels,
} from "./agreement.ts";
import { programs } from "./generate.ts";
import { isSoak } from "./soak.ts";
import { allSamples, numbers, ofFloats, pullBackRandom, tensorsIn, withTensors } from "./support.ts";

// Tests that all kernels that can run here agree bit for bit. Products and the softmax family may differ within the
// bounds of docs/numerics.md. The environment variable WENGERT_SEED selects other random calls; WENGERT_TIMES
// multiplies their number.

const seed = Number(process.env.WENGERT_SEED ?? 1);
const times = Number(process.env.WENGERT_TIMES ?? (isSoak ? 1 : 0.25));

const { choice, available } = kernels();
afterEach(() => void vi.restoreAllMocks());
afterAll(() => void kernels(choice));

const compiled = available.filter((name) => name !== "plain");
const best = available.at(-1)!;
it("WebAssembly kernels are available", () => expect(compiled).toContain("simd"));

/** Returns whether an op must give the same bits as plain JavaScript loops. */
const isExact = (name: string, way: string, dtype: string): boolean =>
  !isOfSoftmax(name) &&
  !(isProduct(name) && (dtype === "float32" || way === "fma")) &&
  !(isLinearAlgebra(name) && way === "fma");

/**
 * Fails unless all kernels give the same result for a call, and each row of the result is the same if it is computed
 * alone.
 */
function agree(name: string, one: CallSpec): void {
  const given = calls[name]!(one);
  const run = () => call(name, given.args);
  const plain = withKernels("plain", run);
  let bounds: readonly number[] | undefined;
  const results = new Map<string, Tensor>([["plain", plain]]);
  for (const way of compiled) {
    const got = withKernels(way, run);
    results.set(way, got);
    if (!isExact(name, way, one.dtype)) bounds ??= withKernels("plain", () => boundsOf(name, given, one.dtype, plain));
    const wrong = firstDifference(got, plain, isExact(name, way, one.dtype) ? undefined : bounds);
    if (wrong) expect.fail(`${way}: ${wrong}`);
  }
  const auto = withKernels("auto", run);
  const [asPlain, asBest] = [plain, results.get(best)!].map((result) => firstDifference(auto, result));
  if (asPlain && asBest) expect.fail(`auto differs from plain (${asPlain}) and from ${best} (${asBest})`);
  results.set("auto", auto);
  if (given.alone === undefined) return;
  for (const [way, whole] of results)
    for (const row of new Set([0, Math.floor(whole.shape[0]! / 2), whole.shape[0]! - 1])) {
      const own = withKernels(way as "auto", () => call(name, given.alone!(row)));
      const size = own.size;
      const [got, wanted] = [numbers(own), numbers(whole).slice(row * size, (row + 1) * size)];
      for (const [i, x] of got.entries())
        if (!Object.is(x, wanted[i])) expect.fail(`${way}: row ${row} alone has ${x}, not ${wanted[i]}, at ${i}`);
    }
}

describe("generated calls", () => {
  it.each(Object.keys(calls))("of %s agree for all kernels, also row by row", (name) => {
    fc.assert(
      fc.property(callArbitrary, (one) => agree(name, one)),
      { numRuns: Math.ceil(80 * times), seed },
    );
  });

  it("cover every op with a kernel", () => {
    const begin = vi.spyOn(Workspace.prototype, "begin");
    const withKernel = allSamples.filter(({ call: f, sample }) => {
      const { f: ofItsFloats, floats } = ofFloats(f, sample);
      if (record(ofItsFloats, ...floats).steps.length !== 1) return false; // a composed op
      begin.mockClear();
      withKernels("simd", () => f(...sample));
      return begin.mock.calls.length > 0;
    });
    const names = new Set(withKernel.map(({ name }) => name));
    expect([...names].filter((name) => !(name in calls))).toEqual([]);
    expect(names.size).toBeGreaterThan(15);
  });
});

/** Returns the values and cotangents of all samples, with the name of each op. */
function results(dtype: "float64" | "float32"): { title: string; name: string; values: Tensor[] }[] {
  const cast = (t: Tensor) => (isFloat(t.dtype) ? tensor(t, { dtype }) : t);
  return allSamples.map(({ title, name, call: f, sample }) => {
    const args = withTensors(sample, cast);
    return { title, name, values: [...tensorsIn(f(...args)), ...pullBackRandom(f, args)] };
  });
}

describe.each(["float64", "float32"] as const)("samples of %s", (dtype) => {
  const plain = withKernels("plain", () => results(dtype));
  it.each([...compiled, "auto"] as const)("have the values and cotangents of plain loops with %s kernels", (way) => {
    const running = way === "auto" ? best : way;
    for (const [at, { title, name, values }] of withKernels(way, () => results(dtype)).entries()) {
      const wanted = plain[at]!.values;
      expect(values.length).toBe(wanted.length);
      for (const [i, got] of values.entries()) {
        const largest = Math.max(...numbers(wanted[i]!).map(Math.abs));
        const allowed = (dtype === "float64" ? 2 ** -52 : 2 ** -23) * (isLinearAlgebra(name) ? 100 : 4) * largest;
        const bounds = isExact(name, running, dtype) ? undefined : numbers(got).map(() => allowed);
        const wrong = firstDifference(got, wanted[i]!, bounds);
        if (wrong) expect.fail(`${title}, result ${i}: ${wrong}`);
      }
    }
  });
});

describe("random programs", () => {
  const some = fc.sample(programs({ floats: ["float64", "float32"] }), { numRuns: Math.ceil(300 * times), seed });
  const gradients = (way: Parameters<typeof kernels>[0]) =>
    some.map((program) =>
      withKernels(way, () => {
        const { value, pullback } = vjp(program.run, program.point);
        return [...value, ...(pullback(value)[0] as Tensor[])];
      }),
    );
  const plain = gradients("plain");
  it.each([...compiled, "auto"] as const)("have the values and gradients of plain loops with %s kernels", (way) => {
    const running = way === "auto" ? best : way;
    let exact = 0;
    for (const [at, got] of gradients(way).entries()) {
      const { calls: names } = some[at]!;
      const hasSingles = String(some[at]).includes("float32"); // as an input, or as the dtype of a cast
      const isSame = names.every((name) => isExact(name, running, hasSingles ? "float32" : "float64"));
      exact += Number(isSame);
      if (!isSame && hasSingles) continue; // an early float32 rounding may change any later number
      for (const [i, y] of got.entries()) {
        const wanted = plain[at]![i]!;
        const largest = Math.max(...numbers(wanted).map(Math.abs));
        const wrong = firstDifference(y, wanted, isSame ? undefined : numbers(y).map(() => 1e-10 * (1 + largest)));
        if (wrong) expect.fail(`output ${i}: ${wrong} of ${some[at]}`);
      }
    }
    expect(exact).toBeGreaterThan(some.length / 4);
  });
});

describe.each([...compiled, "auto"] as const)("with %s kernels a result is the same", (way) => {
  const some = Object.keys(calls).flatMap((name) =>
    fc.sample(callArbitrary, { numRuns: 6, seed: seed + 1 }).map((one) => ({ name, given: calls[name]!(one) })),
  );
  const run = ({ name, given }: (typeof some)[number]) => withKernels(way, () => call(name, given.args));
  const expectSame = (order: readonly number[], got: readonly Tensor[], wanted: readonly Tensor[]) => {
    for (const at of order) {
      const wrong = firstDifference(got[at]!, wanted[at]!);
      if (wrong) expect.fail(`${some[at]!.name}: ${wrong}`);
    }
  };
  const first = some.map(run);

  it("in any order of calls, mixed with other kernels and plain loops", () => {
    const order = [...some.keys()].reverse();
    const got: Tensor[] = [];
    for (const at of order) {
      withKernels(at % 2 ? "plain" : best, () => call(some[at]!.name, some[at]!.given.args));
      got[at] = run(some[at]!);
    }
    expectSame(order, got, first);
  });

  it("after the memory has grown, inside or outside the library", () => {
    withKernels(way, () => {
      const { memory } = currentEngine()!.exports;
      const { byteLength } = memory.buffer;
      const n = Math.ceil(byteLength / 24); // the kernel takes three arrays of this size
      softmax(tensor(new Float64Array(n)));
      expect(memory.buffer.byteLength).toBeGreaterThan(byteLength);
    });
    const got = some.map((each, at) => {
      if (at % 10 === 0) withKernels(way, () => currentEngine()!.exports.memory.grow(1));
      return run(each);
    });
    expectSame([...some.keys()], got, first);
  });

  it("with memory for small inputs only, because larger ones use plain loops", () => {
    withKernels(way, () => {
      const { memory } = currentEngine()!.exports;
      const grow = vi.spyOn(memory, "grow").mockImplementation(() => {
        throw new RangeError("full");
      });
      const long = tensor(
        Float64Array.from({ length: Math.ceil(memory.buffer.byteLength / 24) }, (_, i) => Math.sin(i)),
      );
      const wanted = withKernels("plain", () => softmax(long));
      expect(firstDifference(softmax(long), wanted)).toBeUndefined();
      expect(grow).toHaveBeenCalled();
      expectSame([...some.keys()], some.map(run), first);
    });
  });
});
