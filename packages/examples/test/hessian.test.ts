import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { grad, type Tensor, tensor } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { add, matmul, mul, randomKey, randomNormal, transpose } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { costs } from "../src/hessian/costs.ts";
import { closedForm, lossOf, problemOf } from "../src/hessian/logistic.ts";
import hessianExample from "../src/hessian/main.ts";
import { digitsOf, lookAt, newton, plainDescent, polished, type Way, wayNames } from "../src/hessian/newton.ts";
import { conjugateGradients, largestEigenvalue } from "../src/hessian/products.ts";
import { equalScales } from "../src/hessian/report.ts";
import { identity, norm, relativeDistance, solve } from "../src/shared/algebra.ts";
import { InputError } from "../src/shared/options.ts";
import { readPenguins } from "../src/shared/penguins.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-hessian-"));
afterAll(() => rmSync(out, { recursive: true }));

const data = readPenguins();
const problem = problemOf(data, 0.01);
const somewhere = (scale: number): Tensor => mul(scale, randomNormal(randomKey(3), { shape: [5] }));

describe("the linear algebra", () => {
  const B = randomNormal(randomKey(1), { shape: [6, 6] });
  const A = add(matmul(B, transpose(B)), identity(6));
  const b = randomNormal(randomKey(2), { shape: [6] });

  test("solves by Cholesky and by conjugate gradients, which need at most two products more than unknowns", () => {
    const { x, products } = conjugateGradients((v) => matmul(A, v), b);
    expect(relativeDistance(matmul(A, solve(A, b)), b)).toBeLessThan(1e-13);
    expect(relativeDistance(x, solve(A, b))).toBeLessThan(1e-12);
    expect(products).toBeGreaterThanOrEqual(6);
    expect(products).toBeLessThanOrEqual(9);
  });

  test("takes as many products as there are distinct eigenvalues", () => {
    const two = tensor([2, 2, 2, 7, 7, 7]);
    expect(conjugateGradients((v) => mul(two, v), b).products).toBe(2);
    expect(conjugateGradients((v) => mul(two, v), mul(0, b))).toMatchObject({ products: 0 });
  });

  test("finds the largest eigenvalue", () => {
    expect(largestEigenvalue((v) => mul(tensor([1, 3, 2]), v), 3)).toBeCloseTo(3, 14);
  });
});

test("the map of the report has equal scales, and contains both ranges", () => {
  for (const [x, y] of [
    [
      [0, 1],
      [0, 20],
    ],
    [
      [-3, 5],
      [1, 2],
    ],
  ] as const) {
    // biome-ignore format: pairs
    const [[x1, x2], [y1, y2]] = equalScales(x, y);
    expect((x2 - x1) / 636).toBeCloseTo((y2 - y1) / 440, 12);
    expect([x1 <= x[0], x2 >= x[1], y1 <= y[0], y2 >= y[1]]).toEqual([true, true, true, true]);
  }
});

describe("the Hessian of a logistic regression", () => {
  test("agrees with finite differences of the loss, to second order", () => {
    gradcheck((w: Tensor) => lossOf(problem, w), [somewhere(1)]);
  });

  test.each([0, 0.5, 3, 30])("is the same in three ways at weights of size %d", (scale) => {
    const { H, apart } = lookAt(problem, somewhere(scale));
    expect(H.shape).toEqual([5, 5]);
    expect(Math.max(apart.hessian, apart.hvp)).toBeLessThan(1e-13);
  });

  test("keeps its digits where only the ridge remains", () => {
    const faint = problemOf(data, 1e-12);
    const { apart } = lookAt(faint, newton(faint, "closed form").at(-1)!);
    expect(Math.max(apart.hessian, apart.hvp)).toBeLessThan(1e-13);
  });

  test("is largest at w = 0", () => {
    const largest = (w: Tensor) => largestEigenvalue((v) => matmul(closedForm(problem, w), v), 5);
    for (const scale of [0.1, 1, 10]) expect(largest(somewhere(scale))).toBeLessThan(largest(mul(0, somewhere(1))));
  });
});

describe("Newton's method", () => {
  const paths = Object.fromEntries(wayNames.map((way) => [way, newton(problem, way)])) as Record<Way, Tensor[]>;
  const solution = polished(problem, paths.hessian);
  const digits = paths["closed form"].map((w) => digitsOf(w, solution));

  test("takes the same steps in all three ways, to a zero of the gradient", () => {
    for (const way of wayNames) {
      expect(paths[way]).toHaveLength(8);
      paths[way].slice(1).forEach((w, k) => {
        expect(relativeDistance(w, paths["closed form"][k + 1]!)).toBeLessThan(1e-13);
      });
      expect(norm(grad((w: Tensor) => lossOf(problem, w))(paths[way].at(-1)!))).toBeLessThan(1e-15);
    }
  });

  test("doubles the correct digits with each step, up to full precision", () => {
    const near = digits.findIndex((d) => d >= 0.5);
    for (let k = near; digits[k + 1]! < 15; k++) expect(digits[k + 1]! / digits[k]!).toBeGreaterThan(1.9);
    expect(digits.at(-1)).toBeGreaterThan(15);
  });

  test("converges in 6 steps, where gradient descent converges linearly and takes hundreds", () => {
    const descent = plainDescent(problem, solution, 5000).path.map((w) => digitsOf(w, solution));
    expect(digits.findIndex((d) => d >= 10)).toBe(6);
    expect(descent.length - 1).toBeGreaterThan(300);
    const gain = (from: number) => descent[from + 100]! - descent[from]!;
    expect(gain(300) / gain(200)).toBeCloseTo(1, 2);
  });

  test("throws an error with advice if it does not converge", () => {
    const separable = { X: tensor([[1], [-1]]), y: tensor([1, 0]), ridge: 0 };
    expect(() => newton(separable, "hvp + CG")).toThrow(InputError);
    expect(() => newton(separable, "closed form")).toThrow(/a larger --ridge/);
  });
});

test("a Hessian-vector product costs less than two gradients for any number of weights, and the Hessian as many products as weights, in one list", () => {
  const [few, many] = [costs(100, 10), costs(100, 200)];
  for (const of of [few, many]) expect(of.hvp!.flops).toBeLessThan(2 * of.gradient!.flops);
  for (const name of ["loss", "gradient", "hvp", "closed form"]) expect(many[name]!.steps).toBe(few[name]!.steps);
  expect(many.hessian!.steps).toBeLessThan(2 * few.hessian!.steps);
  expect(many.hessian!.flops).toBeGreaterThan(100 * many.hvp!.flops);
});

describe("the command", () => {
  test("prints and draws its results", async () => {
    const { outcome, printed } = await runQuietly(hessianExample, ["--ridge", "0.1", "--out", out]);
    for (const text of ["219 penguins, 5 weights", "hvp + CG", "0.380892080520", "d = 5", "B. Pearlmutter"]) {
      expect(printed).toContain(text);
    }
    expectReadable(printed);
    expect(printed).not.toMatch(/NaN|Infinity/);
    expectSelfContained(outcome.file, 2);
    expect(outcome.digits.descent.length).toBeGreaterThan(5 * outcome.digits.newton.length);
  });

  test("reports if gradient descent does not converge", async () => {
    const { printed } = await runQuietly(hessianExample, ["--steps", "20", "--out", out]);
    expect(printed).toContain("gradient descent more than 20, Newton's method 6.");
  });

  test("is ended by Ctrl-C even while it computes", async () => {
    const main = fileURLToPath(new URL("../dist/hessian/main.js", import.meta.url));
    const args = ["--ridge", "1e-9", "--steps", "1000000000", "--out", out];
    const child = spawn(process.execPath, [main, ...args], { stdio: "ignore" });
    setTimeout(() => child.kill("SIGINT"), 1000);
    expect(await new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)))).toBe("SIGINT");
  });

  test.each([
    [["--ridge", "0"], '--ridge must be a number above 0, not "0".'],
    [["--rate", "1"], "unknown option --rate"],
  ])("rejects %j with a one-line message", (args, message) =>
    expectRefusal(hessianExample, [...args, "--out", out], message),
  );
});
