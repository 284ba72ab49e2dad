import { gradcheck } from "@wengert/core/gradcheck";
import { afterAll, describe, expect, it, vi } from "vitest";
import * as core from "./all/core.ts";
import * as ops from "./all/ops.ts";
import { host, on, throwingClass, webAssemblyWith, withoutRelaxedSimd } from "./hosts.ts";
import { mistakes, prelude } from "./mistakes.ts";
import { inPage, testMistakes } from "./mistakesTest.ts";
import { sources } from "./sources.ts";
import { allExports, allSamples, withTensors } from "./support.ts";

// Simulates a machine on which an array has at most 2^28 elements, so that tests reach the error for insufficient
// memory.
const original = vi.hoisted(() => {
  vi.resetModules(); // so that the library is loaded again, with the limited class
  const original = { Float64Array };
  globalThis.Float64Array = new Proxy(Float64Array, {
    construct(Kind, args, target) {
      if (Number(args[0]) > 2 ** 28) throw new RangeError("Array buffer allocation failed");
      return Reflect.construct(Kind, args, target) as object;
    },
  });
  return original;
});
afterAll(() => {
  Object.assign(globalThis, original);
  vi.resetModules();
});

const scope = {
  ...core,
  ...ops,
  gradcheck,
  inPage,
  on,
  withoutWebAssembly: await host(undefined),
  withoutSimd: await host(webAssemblyWith({ validate: () => false })),
  withoutRelaxedSimd: await host(withoutRelaxedSimd()),
  strictPage: await host(webAssemblyWith({ Module: throwingClass(new EvalError("violates the page's policy")) })),
  withoutMemory: await host(webAssemblyWith({ Instance: throwingClass(new RangeError("could not allocate memory")) })),
};

testMistakes({
  prelude,
  mistakes,
  scope,
  sources,
  speakers: allExports.map(({ name }) => name),
  normalizeText: (text) => text.replace(/[^\s,;]*core\/src\/checks\/errors\.ts/g, "core/src/checks/errors.ts"),
});

describe("hints cost nothing without an error: no label is formatted by", () => {
  for (const { title, call, sample } of allSamples)
    it(title, () => {
      let words = 0;
      const label = { toString: () => `${words++}` } as unknown as string;
      call(...withTensors(sample, ({ shape, dtype, array }) => new core.Tensor(shape, dtype, array, label)));
      expect(words).toBe(0);
    });
});
