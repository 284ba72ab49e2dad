import { readFileSync } from "node:fs";
import { jacobian, Tensor } from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import { kernels } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { boundOf, goldens, measure, table } from "./accuracy.ts";
import { allSamples, numbers, ofFloats } from "./support.ts";

const before = kernels().choice;
const measured = kernels().available.map((name) => {
  kernels(name);
  return [name, measure()] as const;
});
kernels(before);
const [, findings] = measured[0]!;

describe.each(measured)(
  "errors of %s kernels against 60-digit references are within their bounds",
  (running, found) => {
    for (const finding of found) {
      const { op, quantity, dtype, ulps, at } = finding;
      it(`${op}, ${quantity} in ${dtype}`, () =>
        expect(ulps, `ulp at ${at}`).toBeLessThanOrEqual(boundOf(finding, running)));
    }
  },
);

describe("every elementwise op has references", () => {
  /**
   * Elementwise ops that need no reference values, because they copy elements, round to whole numbers or compute no
   * numbers. axpy and dropout are included because they give the same bits as `mul` and `add`, and leakyRelu because it
   * gives the same bits as `mul`.
   */
  const others = new Set([
    "cast",
    "clip",
    "reluPullback",
    "axpy",
    "tril",
    "triu",
    "dropout",
    "leakyRelu",
    "nanToNum",
    ...["floor", "ceil", "round", "trunc", "floorDivide"],
  ]);
  const found = new Set(findings.map(({ op }) => op));
  const names = new Set(allSamples.filter(({ call, sample }) => isElementwise(call, sample)).map(({ name }) => name));
  it("and more than 25 ops have them", () => expect(names.size).toBeGreaterThan(25));
  for (const name of names) it(name, () => expect(found.has(name) || others.has(name)).toBe(true));
});

/** Returns whether an op is elementwise, so that its Jacobians are diagonal. */
function isElementwise(...[call, sample]: Parameters<typeof ofFloats>): boolean {
  const { f, floats } = ofFloats(call, sample);
  const value = call(...sample);
  if (!(value instanceof Tensor) || !isFloat(value.dtype) || floats.length === 0) return false;
  return floats.every((input, k) => {
    if (String(input.shape) !== String(value.shape)) return false;
    const slopes = numbers(jacobian((x: Tensor) => f(...floats.with(k, x)))(input));
    return slopes.every((slope, at) => slope === 0 || Math.floor(at / input.size) === at % input.size);
  });
}

it("the goldens include tails, subnormal numbers, infinities and float32", () => {
  for (const [heading, lines] of goldens()) {
    if (!heading.startsWith("function")) continue;
    const inputs = lines.map(([x]) => x!);
    const startsAt1 = heading === "function acosh";
    expect(startsAt1 || inputs.some((x) => x !== 0 && Math.abs(x) < 2 ** -1022)).toBe(true);
    expect(inputs.includes(Infinity) && inputs.some(Number.isNaN)).toBe(true);
    expect(inputs.filter((x) => Math.fround(x) === x && Math.abs(x) > 1e-6).length).toBeGreaterThan(9);
  }
});

it("docs/numerics.md has a line for each measured op", () => {
  const page = readFileSync(new URL("../../../docs/numerics.md", import.meta.url), "utf8");
  for (const row of table(findings).split("\n")) expect(page).toContain(`\n|${row.split("|")[1]}|`);
});
