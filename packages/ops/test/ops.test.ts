import { Tensor } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import * as exported from "@wengert/ops";
import { describe, expect, test } from "vitest";

type Call = (...args: readonly unknown[]) => Tensor;
type Enumerated = Call & {
  readonly spec?: { samples(): readonly unknown[][] };
  readonly samples?: () => readonly unknown[][];
};

describe.each(Object.entries(exported) as unknown as [string, Enumerated][])("%s", (name, op) => {
  const samples = op.samples?.() ?? op.spec?.samples();
  test("has samples", () => expect(samples?.length, name).toBeGreaterThan(0));
  for (const sample of samples ?? [])
    test(`gradcheck`, () =>
      gradcheck(
        (args: Tensor[]) => {
          let k = 0;
          const put = (x: unknown): unknown => (Array.isArray(x) ? x.map(put) : x instanceof Tensor ? args[k++] : x);
          return op(...sample.map(put));
        },
        [sample.flat().filter((x) => x instanceof Tensor) as Tensor[]],
      ));
});
