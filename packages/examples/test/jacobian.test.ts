import { readFileSync } from "node:fs";
import { jacobian, type Tensor, tensor } from "@wengert/core";
import { kernels, softmax } from "@wengert/ops";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import command from "../src/jacobian/main.ts";
import { quotientRule, sweepOfRow } from "../src/jacobian/rules.ts";
import { closedForm, compare, confident, reference, softmaxInSteps, wayNames } from "../src/jacobian/ways.ts";
import { exactly, exp, nearest, over, relativeError } from "../src/shared/fixed.ts";
import { InputError } from "../src/shared/options.ts";

const worst = (errors: readonly number[]) => Math.max(...errors);
const matrix = (t: Tensor): number[] => (t.toNested() as number[][]).flat();

describe("arithmetic with 150 digits", () => {
  test("represents doubles exactly", () => {
    for (const x of [0, 1, -0.1, 1 / 3, 1e-60, -Math.PI * 1e9, 1 - 2 ** -53]) expect(nearest(exactly(x))).toBe(x);
  });

  test("computes e to a hundred digits", () => {
    const e = "27182818284590452353602874713526624977572470936999595749669676277240766303535475945713821785251664274";
    const digits = ((exp(exactly(1)) * 10n ** 100n) >> 512n).toString();
    expect(digits).toBe(e);
  });

  test("satisfies the functional equation of exp far from 0", () => {
    const product = over(exactly(1), exp(exactly(-60.25)));
    expect(relativeError(nearest(product), exp(exactly(60.25)))).toBeLessThan(1.2e-16);
    expect(Math.abs(nearest(exp(exactly(-100))) / Math.exp(-100) - 1)).toBeLessThan(4e-16);
  });

  test("measures relative errors; the error at an exact 0 is 0 or infinite", () => {
    expect(relativeError(1 + 2 ** -52, exactly(1))).toBe(2 ** -52);
    expect(relativeError(-2, exactly(1))).toBe(3);
    expect([relativeError(0, 0n), relativeError(1e-17, 0n)]).toEqual([0, Number.POSITIVE_INFINITY]);
  });
});

describe("the Jacobian", () => {
  test.each([[[2, 1, 0]], [[0, 0]], [[-3, 40, 39.5, 1]]])("at %j equals the closed form, from either tape", (x) => {
    const at = tensor(x);
    const expected = matrix(closedForm(softmax(at)));
    for (const found of [jacobian((y: Tensor) => softmax(y))(at), jacobian(softmaxInSteps)(at)]) {
      matrix(found).forEach((entry, k) => {
        expect(entry).toBeCloseTo(expected[k]!, 15);
      });
    }
  });

  test("is derived by the quotient rule, in both of its cases", () => {
    const [same, other] = [quotientRule([0, 0], 0, 0), quotientRule([0, 0], 0, 1)];
    expect(same).toContain("(1 · 2 - 1 · 1) / 2²  =  0.25\n");
    expect(same).toContain("S₀(1 - S₀)  =  0.5 · 0.5");
    expect(other).toContain("(0 · 2 - 1 · 1) / 2²  =  -0.25\n");
    expect(other).toContain("-S₀ S₁  =  -0.5 · 0.5");
  });

  test("has the last line of the sweep as its row", () => {
    const lines = sweepOfRow(tensor([2, 1, 0]), 1).split("\n");
    expect(lines.map((line) => line.trim().split(" ")[0])).toEqual(["step", "div", "D̄", "sum", "exp"]);
    expect(lines.at(-1)).toMatch(/-0\.1628 0\.1848 -0\.02203$/);
  });
});

describe("three ways to a VJP", () => {
  const g = [3, -1, 0.5];

  test("agree where no probability is near 1", () => {
    for (const errors of Object.values(compare([2, 1, 0], g).errors)) expect(worst(errors)).toBeLessThan(2e-15);
  });

  test("have a reference that sums to 0 and equals S₀ S₁ (g₀ − g₁) for two classes", () => {
    expect(Math.abs(nearest(reference([27, 1, 0], g).reduce((sum, a) => sum + a)))).toBeLessThan(1e-150);
    const s = 1 / (1 + Math.exp(-1));
    expect(relativeError(3 * s * (1 - s), reference([1, 0], [2, -1])[0]!)).toBeLessThan(4e-16);
  });

  test.each([1e-1, 1e-4, 1e-8, 1e-12, 1e-16])("the centered op keeps all digits for 1 − S = %d", (rest) => {
    const x = confident([2, 1, 0], rest);
    expect(Math.abs(Math.exp(1 - x[0]!) + Math.exp(-x[0]!) - rest / (1 - rest))).toBeLessThan(1e-14 * rest);
    for (const constant of [0, 1000, -1e6]) {
      const shifted = g.map((gi) => gi + constant);
      expect(worst(compare(x, shifted).errors["centered op"])).toBeLessThan(1e-15);
    }
  });

  test("the others lose twelve digits where 1 − S = 1e-12, and all with a constant in g", () => {
    const [plain, shifted] = [g, g.map((gi) => gi + 1000)].map((c) => compare(confident([2, 1, 0], 1e-12), c).errors);
    for (const way of ["Jacobian built", "textbook"] as const) {
      expect(worst(plain![way])).toBeGreaterThan(1e-5);
      expect(worst(plain![way])).toBeLessThan(1e-3);
      expect(worst(shifted![way])).toBeGreaterThan(1e-3);
    }
    const { errors } = compare(
      confident([2, 1, 0], 1e-16),
      g.map((gi) => gi + 1000),
    );
    expect(Math.min(worst(errors["Jacobian built"]), worst(errors.textbook))).toBeGreaterThanOrEqual(1); // no correct digit
  });
});

describe("the command", () => {
  const log = vi.spyOn(console, "log");
  beforeEach(() => void log.mockImplementation(() => {}));
  afterEach(() => void log.mockReset());

  test.each([[[]], [["--x", "0,-3,5,20", "--g", "-1,2,0.25,1"]]])(
    "prints the rule, the tapes and the errors (options %j)",
    async (args) => {
      const { comparisons } = await command.run(args);
      const printed = log.mock.calls.flat().join("\n");
      for (const text of ["quotient rule", "3  div", "from the tape", "textbook", "g + 1000"]) {
        expect(printed).toContain(text);
      }
      expect(comparisons.map(({ rest }) => rest)).toContain(1e-12);
      expect(printed).not.toMatch(/NaN|undefined|Infinity/);
      expect(Math.max(...printed.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    },
  );

  test("computes the errors in the table of docs/softmax.md", async () => {
    const text = readFileSync(new URL("../../../docs/softmax.md", import.meta.url), "utf8");
    const { choice } = kernels();
    kernels("plain");
    const { comparisons } = await command.run().finally(() => kernels(choice));
    for (const { rest, plain, shifted } of comparisons) {
      const errors = [plain, shifted].flatMap((c) => wayNames.map((way) => worst(c.errors[way])));
      const power = rest.toExponential(0).replace(/^1e/, "");
      expect(text).toContain(`| 10${raised(power)} | ${errors.map(written).join(" | ")} |`);
    }
  });

  test.each(kernels().available)("with %s kernels the centered op is within 2 · 10⁻¹⁶", async (name) => {
    const { choice } = kernels();
    kernels(name);
    const { comparisons } = await command.run().finally(() => kernels(choice));
    for (const { plain, shifted } of comparisons)
      for (const { errors } of [plain, shifted]) expect(worst(errors["centered op"])).toBeLessThan(2.5e-16);
  });

  test.each([
    [["--x", "1"], "--x must be 2 to 4 numbers"],
    [["--x", "1,2"], "--x has 2 numbers, --g has 3"],
    [["--x", "1,,2"], "--x must be"],
    [["--g", "1,1,1"], "only equal numbers"],
    [["--y", "1"], "unknown option --y"],
  ])("rejects %j with a one-line message", async (args, message) => {
    await expect(command.run(args)).rejects.toThrow(InputError);
    await expect(command.run(args)).rejects.toThrow(message);
  });
});

/** Formats a number as in docs/softmax.md: 8e-16 as 8 · 10⁻¹⁶. */
function written(x: number): string {
  if (x >= 0.1) return `${Number(x.toPrecision(1))}`;
  const [digit, power = ""] = x.toExponential(0).split("e");
  return `${digit} · 10${raised(power)}`;
}

const raised = (power: string) => power.replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]!);
