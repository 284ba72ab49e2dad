import { readFileSync } from "node:fs";
import { grad, hessian, OutOfRangeError, ShapeError, type Tensor, tensor } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { broadcastTo, sum, transpose } from "@wengert/ops";
import { describe, expect, test } from "vitest";
import customOp, { kepler, slips, verdict } from "../src/custom-op/main.ts";
import { atan2, findEccentricity, placeAt, root } from "../src/custom-op/orbit.ts";
import { expectReadable, expectRefusal, runQuietly } from "./support.ts";

const eccentricities = [0.05, 0.2056, 0.5, 0.7];

describe("the root of Kepler's equation", () => {
  test.each([0, 1e-9, 0.2056, 0.9, 0.999999, 1 - 2 ** -53])("satisfies it to the last bit for e = %d", (e) => {
    for (let i = -400; i <= 400; i++) {
      for (const M of [i / 40, i / 1000, 1e-7 * i]) {
        const E = root(M, e);
        expect(Math.abs(E - e * Math.sin(E) - M)).toBeLessThanOrEqual(4e-16 * Math.abs(E));
      }
    }
  });

  test("is odd and quasi-periodic in M, and propagates NaN", () => {
    expect(root(-2, 0.3)).toBe(-root(2, 0.3));
    expect(root(2 + 4 * Math.PI, 0.3)).toBeCloseTo(root(2, 0.3) + 4 * Math.PI, 14);
    expect([root(Number.NaN, 0.3), root(Number.POSITIVE_INFINITY, 0.3)]).toEqual([Number.NaN, Number.NaN]);
  });

  test.each([-0.1, 1, Number.NaN])("throws an OutOfRangeError for e = %d", (e) => {
    expect(() => kepler(tensor([1]), e)).toThrow(OutOfRangeError);
  });
});

describe("the op", () => {
  test.each(eccentricities)("has the derivatives that finite differences give, to order 3, for e = %d", (e) => {
    gradcheck(kepler, [tensor([-4, 0.5, 2]), tensor(e)], { order: 3 });
    expect(verdict(kepler, [-4, 0.5, 2], e)).toBeUndefined();
  });

  test("has the derivatives of the closed form", () => {
    const [e, M] = [0.2056, 2];
    const E = root(M, e);
    const slope = 1 - e * Math.cos(E);
    const byM = (m: Tensor) => kepler(m, e);
    expect(grad(byM)(tensor(M)).item()).toBeCloseTo(1 / slope, 15);
    expect(hessian(byM)(tensor(M)).item()).toBeCloseTo((-e * Math.sin(E)) / slope ** 3, 15);
    expect(grad((ecc: Tensor) => sum(kepler(tensor([M, M]), ecc)))(tensor(e)).item()).toBeCloseTo(
      (2 * Math.sin(E)) / slope,
      15,
    );
  });

  test("throws a ShapeError with the label for several eccentricities", () => {
    const several = tensor([0.1, 0.2], { label: "orbits" });
    expect(() => kepler(tensor([1, 2]), several)).toThrow(ShapeError);
    expect(() => kepler(tensor([1, 2]), several)).toThrow(/expected one number e, got orbits \[2\]; call it once/);
  });

  test("has 20 lines, including its comment", () => {
    const source = readFileSync(new URL("../src/custom-op/main.ts", import.meta.url), "utf8");
    const [declaration = ""] = /\/\*\*(?:(?!\/\*\*).)*?export const kepler.*?^}\);/ms.exec(source) ?? [];
    expect(declaration).toContain("samples:");
    expect(declaration.split("\n")).toHaveLength(20);
  });
});

describe("atan2, whose kernel is a call of ndarray-ops", () => {
  const [y, x] = [tensor([1, -2, 0.5, -3]), tensor([3, 0.5, -1, -2])]; // one in each quadrant

  test("has the values of Math.atan2 and the derivatives of finite differences, to order 3", () => {
    expect(atan2(y, x).toNested()).toEqual([1, -2, 0.5, -3].map((each, i) => Math.atan2(each, [3, 0.5, -1, -2][i]!)));
    gradcheck(atan2, [y, x], { order: 3 });
  });

  test("accepts transposed and broadcast inputs", () => {
    const [a, b] = [
      transpose(
        tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      ),
      broadcastTo(tensor([[0.5], [-1]]), { shape: [2, 3] }),
    ];
    const expected = [
      [1, 3, 5],
      [2, 4, 6],
    ].map((row, i) => row.map((each) => Math.atan2(each, [0.5, -1][i]!)));
    expect(atan2(a, b).toNested()).toEqual(expected);
  });

  test("throws a ShapeError for different shapes, with the fix", () => {
    expect(() => atan2(y, tensor(1))).toThrow(ShapeError);
    expect(() => atan2(y, tensor(1))).toThrow("atan2: y [4] and x [] differ in shape; use broadcastTo");
  });
});

describe("the wrong rules", () => {
  const expected = [
    { order: 1, cause: "sign", input: "args[0]" },
    { order: 1, cause: "missing factor", input: "args[1]" },
    { order: 1, cause: "missing broadcast reduction", input: "args[1]" },
    { order: 1, cause: "not linear in the cotangent", input: "args[0]" },
    { order: 2, cause: "nothing flows back", input: "args[0]" },
  ];
  for (const e of eccentricities) {
    test.each(slips.map((slip, i) => ({ ...slip, diagnosis: expected[i]! })))(
      `are diagnosed: $formula, for e = ${e}`,
      ({ op, times, diagnosis }) => {
        expect(verdict(op, times, e)?.diagnosis).toMatchObject(diagnosis);
      },
    );
  }

  test("differ by the factor that the message names", () => {
    const E = root(2, 0.2056);
    const { analytic, numeric } = verdict(slips[1].op, slips[1].times, 0.2056)!.diagnosis;
    expect(numeric / analytic).toBeCloseTo(1 / (1 - 0.2056 * Math.cos(E)), 9);
  });
});

describe("an eccentricity", () => {
  test.each(eccentricities)("of %d is recovered from exact positions to the last digits", (e) => {
    const M = tensor([0.3, 1, 2, 4, 5]);
    const found = findEccentricity(kepler, M, placeAt(kepler(M, tensor(e)), tensor(e)), 7);
    expect(found.at(-1)!.e).toBeCloseTo(e, 14);
  });
});

describe("the command", () => {
  test.each([[[]], [["--e", "0.05", "--sightings", "8"]], [["--e", "0.7", "--sightings", "40"]]])(
    "prints the example, and each of its claims holds (options %j)",
    async (args) => {
      const { outcome, printed } = await runQuietly(customOp, args);
      const { apart, errors, guesses, slipping } = outcome;
      expect(Math.max(apart.formulas, apart.areas, apart.steps)).toBeLessThan(1e-14);
      expect(printed).toContain("The result:\nno error.");
      for (const error of errors) {
        expect(printed.replaceAll("\n    > ", " ")).toContain(error!.message.split("; likely cause: ")[1]);
      }
      const digits = (list: typeof guesses) => list.map(({ slope }) => -Math.log10(Math.abs(slope)));
      const [right, wrong] = [digits(guesses), digits(slipping)] as const;
      const arrived = right.findIndex((n) => n > 8); // later values are rounding errors
      expect(right[arrived]).toBeGreaterThan(1.7 * right[arrived - 1]!);
      expect(wrong[arrived]).toBeLessThan(right[arrived]! - 3);
      expect(guesses.at(-1)!.e).toBeCloseTo(slipping.at(-1)!.e, 9);
      expect(printed).not.toMatch(/NaN|Infinity/);
      expectReadable(printed);
    },
  );

  test.each([
    [["--e", "0.9"], "--e must be a number from 0.05 to 0.7, not"],
    [["--e", ""], "--e must be a number from"],
    [["--sightings", "3"], "--sightings must be a whole number of at least 8"],
    [["--M", "1"], "unknown option --M"],
  ])("rejects %j with a one-line message", (args, message) => expectRefusal(customOp, args, message));
});
