import katex from "katex";
import { describe, expect, test } from "vitest";
import * as core from "../../ops/test/all/core.ts";
import * as ops from "../../ops/test/all/ops.ts";
import { allRules } from "../build/library.ts";
import { formulas } from "../src/rooms/tape/formulas.ts";
import { tangentFormula } from "../src/rooms/tape/tangents.ts";

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

  test("has a formula of its tangent, with a term for each input with a derivative", () => {
    const flows = formulas[name]!.rules.map((rule) => rule !== null);
    if (!flows.includes(true)) return;
    const tex = tangentFormula(name, flows);
    expect(tex).toMatch(/^\{?\\dot \w\}?.*=/);
    expect(tex.split("\\dot").length - 1).toBeGreaterThan(1);
  });

  test("has the source of its rules", () => {
    if (typeof vjp !== "function" && vjp.every((rule) => rule === null)) return;
    expect(rules[name]?.length).toBeGreaterThan(0);
  });
});

test("every formula is valid TeX for KaTeX", () => {
  for (const [name, { value, rules: all }] of Object.entries(formulas)) {
    const tangent = tangentFormula(
      name,
      all.map((rule) => rule !== null),
    );
    for (const tex of [value, ...all, tangent])
      if (tex !== null) katex.renderToString(tex, { throwOnError: true, strict: "error" });
  }
});

test.each([
  ["mul", [true, true], "\\dot y = {\\dot a} \\odot b + {\\dot b} \\odot a"],
  ["mul", [false, true], "\\dot y = {\\dot b} \\odot a"],
  ["div", [true, true], "\\dot y = {\\dot a} / b - ({\\dot b} / b) \\odot y"],
  ["sum", [true], "{\\dot y} = \\textstyle\\sum {\\dot x}"],
  ["matmul", [true, true], "\\dot y = \\dot a\\, b + a\\, \\dot b"],
  ["softmax", [true], "\\dot s = s \\odot (\\dot x - \\langle \\dot x, s \\rangle)"],
  ["own", [false, true], "\\dot y = J_{2}\\, \\dot x_{2}"],
])("the tangent of %s, for inputs with a tangent %j, is %s", (op, flows, tex) => {
  expect(tangentFormula(op, flows)).toBe(tex);
});
