import { readFileSync } from "node:fs";
import { evaluate, type Tensor } from "@wengert/core";
import { describe, expect, test } from "vitest";
import { sampled } from "../../ops/test/soak.ts";
import { numbers } from "../../ops/test/support.ts";
import { toOnnx } from "../src/index.ts";
import { hasChecker, problemsOf } from "./checker.ts";
import { missingKernel, run, tensorsOf } from "./runtime.ts";
import { exportedSamples, gradientOf } from "./samples.ts";

// Exports every op of @wengert/ops with its gradient, for each list of sample arguments of the op. Compares the results
// of ONNX Runtime with those of `evaluate`.

/**
 * The largest allowed error, relative to the largest element. ONNX Runtime sums float32 numbers in float32, and Wengert
 * sums them in float64.
 */
const tolerances = { float32: 1e-5, float64: 1e-12 };

const refused = exportedSamples.filter(({ result }) => typeof result === "string");
const accepted = exportedSamples.filter(({ result }) => typeof result !== "string");
const withoutKernel = new Set<string>();

const namesOf = (list: readonly { readonly name: string }[]) => new Set(list.map(({ name }) => name));

describe.each(["float32", "float64"] as const)("ONNX Runtime agrees with evaluate, in %s, for", (dtype) => {
  test.each(sampled(accepted, dtype === "float64" ? 1 : 4))("$title", async ({ name, call, sample }) => {
    const { program, floats } = gradientOf(call, sample, dtype);
    let got: Tensor[];
    try {
      got = await run(toOnnx(program), floats);
    } catch (error) {
      if (missingKernel(error) === undefined) throw error;
      expect(dtype, "ONNX Runtime has all kernels of float32").toBe("float64");
      withoutKernel.add(name);
      return;
    }
    for (const [k, y] of tensorsOf(evaluate(program, ...floats)).entries()) {
      expect([got[k]!.dtype, got[k]!.shape]).toEqual([y.dtype, y.shape]);
      const [a, b] = [numbers(got[k]!), numbers(y)];
      const bound = tolerances[dtype] * Math.max(...b.map(Math.abs), 1e-3);
      for (const [i, wanted] of b.entries())
        if (!(Math.abs(a[i]! - wanted) <= bound)) expect.fail(`output ${k}, element ${i}: ${a[i]} for ${wanted}`);
    }
  });
});

test("the README lists the ops that have no ONNX form, and those for which ONNX Runtime needs float32", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const listOf = (names: Iterable<string>) => [...new Set(names)].map((name) => `\`${name}\``).join(" ");
  expect(readme).toContain(`| not exported | ${listOf(namesOf(refused))} |`);
  expect(readme).toContain(`| float32 only in ONNX Runtime | ${listOf(withoutKernel)} |`);
  expect(namesOf(accepted).size).toBeGreaterThan(150);
});

test.skipIf(!hasChecker && !process.env.CI)("the checker of the ONNX project accepts every file", () => {
  const files = accepted.map(({ title, result }, i) => [`${i} ${title}`, result as Uint8Array] as const);
  expect(problemsOf(new Map(files))).toBe("");
});
