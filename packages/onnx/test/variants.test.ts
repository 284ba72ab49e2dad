import { describe, expect, test } from "vitest";
import { numbers } from "../../ops/test/support.ts";
import { fromOnnx } from "../src/index.ts";
import { run } from "./runtime.ts";
import { fileOf, olderVariants, variants } from "./variants.ts";

describe("an imported node computes the numbers of ONNX Runtime:", () => {
  test.each([...variants, ...olderVariants].map((variant, i) => [`${i}, ${variant[0]}`, variant] as const))(
    "%s",
    async (_, variant) => {
      const { bytes, inputs } = fileOf(variant);
      const wanted = await run(bytes, inputs);
      for (const [k, y] of fromOnnx(bytes)
        .run(...inputs)
        .entries()) {
        expect(y.shape).toEqual(wanted[k]!.shape);
        const [got, expected] = [numbers(y), numbers(wanted[k]!).map(Number)];
        const bound = 1e-5 * Math.max(...expected.map(Math.abs), 1e-3);
        for (const [i, x] of expected.entries())
          if (!(Math.abs(got[i]! - x) <= bound)) expect.fail(`output ${k}, element ${i}: ${got[i]} for ${x}`);
      }
    },
  );
});
