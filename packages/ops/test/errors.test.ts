import * as core from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import * as ops from "@wengert/ops";
import { describe, expect, it, vi } from "vitest";
import { failing, host, on, webAssembly, withoutRelaxedSimd } from "./hosts.ts";
import { mistakes, prelude } from "./mistakes.ts";
import { sources } from "./sources.ts";
import { everySample, everything, tensorsIn } from "./support.ts";
import { testMistakes } from "./told.ts";

// A machine on which an array has 2^28 elements at most, wherever this runs.
vi.hoisted(() => {
  globalThis.Float64Array = new Proxy(Float64Array, {
    construct(Kind, args, target) {
      if (Number(args[0]) > 2 ** 28) throw new RangeError("Array buffer allocation failed");
      return Reflect.construct(Kind, args, target) as object;
    },
  });
});

const scope = {
  ...core,
  ...ops,
  gradcheck,
  on,
  withoutWebAssembly: await host(undefined),
  withoutSimd: await host(webAssembly({ validate: () => false })),
  withoutRelaxedSimd: await host(withoutRelaxedSimd()),
  strictPage: await host(webAssembly({ Module: failing(new EvalError("violates the page's policy")) })),
  withoutMemory: await host(webAssembly({ Instance: failing(new RangeError("could not allocate memory")) })),
};

testMistakes({ prelude, mistakes, scope, sources, speakers: everything.map(({ name }) => name) });

describe("hints cost nothing when nothing is wrong: no label is put into words by", () => {
  for (const { title, call, sample } of everySample)
    it(title, () => {
      let words = 0;
      const label = { toString: () => `${words++}` } as unknown as string;
      for (const t of tensorsIn(sample)) t.label = label;
      call(...sample);
      expect(words).toBe(0);
    });
});
