import { evaluate, type Tensor } from "@wengert/core";
import { describe, expect, test } from "vitest";
import { sampled } from "../../ops/test/soak.ts";
import { numbers } from "../../ops/test/support.ts";
import { fromOnnx, toOnnx } from "../src/index.ts";
import { tensorsOf } from "./runtime.ts";
import { exportedSamples, gradientOf } from "./samples.ts";

// Exports every op of @wengert/ops with its gradient, for each list of sample arguments of the op. Imports each file,
// and compares the outputs of the imported model with those of `evaluate`.

const accepted = exportedSamples.filter(({ result }) => typeof result !== "string");

/**
 * The largest allowed error, relative to the largest element. Some ops are exported as formulas that round differently
 * from the op.
 */
const tolerances = { float32: 1e-5, float64: 1e-12 };

describe.each(["float32", "float64"] as const)(
  "an imported file computes the numbers of the program, in %s, for",
  (dtype) => {
    test.each(sampled(accepted, dtype === "float64" ? 1 : 4))("$title", ({ call, sample }) => {
      const { program, floats } = gradientOf(call, sample, dtype);
      const model = fromOnnx(toOnnx(program));
      const results: readonly Tensor[][] = [model.run(...floats), evaluate(model.program(), ...floats)];
      for (const got of results)
        for (const [k, y] of tensorsOf(evaluate(program, ...floats)).entries()) {
          expect([got[k]!.dtype, got[k]!.shape]).toEqual([y.dtype, y.shape]);
          const [a, b] = [numbers(got[k]!), numbers(y)];
          const bound = tolerances[dtype] * Math.max(...b.map(Math.abs), 1e-3);
          for (const [i, wanted] of b.entries())
            if (!(Math.abs(a[i]! - wanted) <= bound)) expect.fail(`output ${k}, element ${i}: ${a[i]} for ${wanted}`);
        }
    });
  },
);
