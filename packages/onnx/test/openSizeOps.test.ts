import { type Program, type Tensor, tensor, trace, vmap } from "@wengert/core";
import { describe, expect, test } from "vitest";
import { numbers } from "../../ops/test/support.ts";
import { toOnnx } from "../src/index.ts";
import { hasChecker, problemsOf } from "./checker.ts";
import { run, tensorsOf } from "./runtime.ts";
import { exportedSamples, gradientOf } from "./samples.ts";

// Exports each op with its gradient, mapped over a batch by vmap, to a file that accepts any batch size.

/** Returns a batch of n arrays: array k is x multiplied by 1 − k / 1024, so that the examples differ. */
const repeated = (x: Tensor, n: number): Tensor => {
  const values = numbers(x).map(Number);
  const rows = Array.from({ length: n }, (_, k) => values.map((value) => value * (1 - k / 1024)));
  return tensor(rows.flat(), { dtype: x.dtype, shape: [n, ...x.shape] });
};

const accepted = exportedSamples.filter(({ result }) => typeof result !== "string");

/**
 * Ops that vmap calls once for each example of a batch. The number of steps of the traced program therefore depends on
 * the batch size.
 */
const unrolled = [
  ...["conv1d", "conv2d", "convTranspose2d", "searchsorted", "segmentSum"],
  ...["convInputPullback", "convKernelPullback"],
];
const refused = new Set<string>();
const files = new Map<string, Uint8Array>();

describe("a batch of any size agrees with vmap for", () => {
  test.each(accepted)("$title", async ({ name, title, call, sample }) => {
    const { f, floats } = gradientOf(call, sample, "float32");
    const batched = vmap(f as (...xs: Tensor[]) => Tensor);
    const argsAt = (n: number) => floats.map((x) => repeated(x, n));
    const traceAt = (n: number): Program => trace(batched, ...(argsAt(n) as [Tensor]));
    const exported = () => toOnnx(traceAt(11), { otherSize: traceAt(17) });
    if (unrolled.includes(name)) {
      expect(exported).toThrow(/^toOnnx: the program and otherSize have \d+ and \d+ steps: step #/);
      refused.add(name);
      return;
    }
    const bytes = exported();
    files.set(title, bytes);
    for (const n of [1, 4]) {
      const args = argsAt(n);
      const got = await run(bytes, args);
      for (const [k, y] of tensorsOf(batched(...(args as [Tensor]))).entries()) {
        expect([got[k]!.dtype, got[k]!.shape]).toEqual([y.dtype, y.shape]);
        const [a, b] = [numbers(got[k]!), numbers(y)];
        const bound = 1e-5 * Math.max(...b.map(Math.abs), 1e-3);
        for (const [i, wanted] of b.entries())
          if (!(Math.abs(a[i]! - wanted) <= bound)) expect.fail(`n = ${n}, output ${k}, ${i}: ${a[i]} for ${wanted}`);
      }
    }
  });

  test("all ops that have an ONNX form, except those that vmap applies once for each example", () => {
    expect([...refused].sort()).toEqual([...unrolled].sort());
    expect(files.size).toBeGreaterThan(300);
  });
});

test.skipIf(!hasChecker && !process.env.CI)("the checker of the ONNX project accepts every file", () => {
  expect(problemsOf(files)).toBe("");
});
