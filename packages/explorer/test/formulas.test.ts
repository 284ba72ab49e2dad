import katex from "katex";
import { describe, expect, test } from "vitest";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { allRules } from "../build/library.ts";
import { formulas } from "../src/rooms/tape/formulas.ts";

const specs = Object.values({ ...core, ...ops }).flatMap((value) =>
  typeof value === "function" && "spec" in value ? [(value as { spec: core.AnyOpSpec }).spec] : [],
);
const rules = allRules();

describe.each(specs.map((spec) => [spec.name, spec] as const))("%s", (name, { vjp }) => {
  test("has a formula with one rule per input, and null for inputs without a derivative", () => {
    const formula = formulas[name];
    expect(formula).toBeDefined();
    const flows = formula!.rules.map((rule) => rule !== null);
    if (typeof vjp === "function") expect(flows).toEqual([true]);
    // Two ops have the name crossEntropy and the same formula. If the second input is int32 labels, it gets no
    // cotangent; if it is probabilities, it gets one.
    else if (name !== "crossEntropy") expect(flows).toEqual(vjp.map((rule) => rule !== null));
  });

  test("has the source of its rules", () => {
    if (typeof vjp !== "function" && vjp.every((rule) => rule === null)) return;
    expect(rules[name]?.length).toBeGreaterThan(0);
  });
});

test("every formula is valid TeX for KaTeX", () => {
  for (const { value, rules: all } of Object.values(formulas)) {
    for (const tex of [value, ...all])
      if (tex !== null) katex.renderToString(tex, { throwOnError: true, strict: "error" });
  }
});
