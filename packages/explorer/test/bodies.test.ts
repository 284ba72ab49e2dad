import { explain, fixedPoint, type Recording, record, scan, type Tensor, tensor } from "@wengert/core";
import { add, mul, sin } from "@wengert/ops";
import { expect, test } from "vitest";
import { bodyData } from "../src/sandbox/bodies.ts";
import { namesOf } from "../src/sandbox/names.ts";

/** Formats the steps inside step #1 as text, with the columns that `explain` prints. */
function bodyText(recording: Recording<unknown>): string[] {
  const { rows } = bodyData(recording.steps[0]!, "1", namesOf(recording))!;
  return rows.map(({ number, op, params, inputs, shape, depth }) =>
    [number, `${"  ".repeat(depth)}${op} ${params}`, inputs, shape ? `[${shape.join(", ")}]` : ""]
      .map((each) => each.trim())
      .filter(Boolean)
      .join("  "),
  );
}

/** Returns the lines that `explain` prints for the steps inside step #1, without the column of dtypes. */
function explained(recording: Recording<unknown>): string[] {
  const lines = explain(recording).split("\n");
  const start = lines.findIndex((line) => line.trim().startsWith("#1 "));
  const end = lines.findIndex((line) => /^ *#2 /.test(line));
  return lines.slice(start + 1, end).map((line) =>
    line
      .trim()
      .replace(/ +float64.*$/, "")
      .replaceAll(/ {2,}/g, "  "),
  );
}

const horner = (z: Tensor, c: Tensor) =>
  scan((carry: Tensor, x: Tensor) => [add(mul(carry, z), x), carry] as const, tensor(0), c).carry;

test("the body of a loop has the rows that explain prints", () => {
  const recording = record(horner, tensor(0.5), tensor([1, 2, 3]));
  expect(bodyData(recording.steps[0]!, "1", namesOf(recording))!.times).toBe(3);
  expect(bodyText(recording)).toEqual(explained(recording));
  expect(bodyText(recording)).toContain("#1.1  mul  carry, z  []");
});

test("the body of a loop in a loop follows its step, indented", () => {
  const nested = (z: Tensor, c: Tensor) =>
    scan((carry: Tensor, x: Tensor) => [add(carry, horner(z, x)), undefined] as const, tensor(0), c).carry;
  const recording = record(nested, tensor(0.5), tensor([[1, 2, 3], [4, 5, 6]])); // biome-ignore format: a matrix
  expect(bodyText(recording)).toEqual(explained(recording));
  const { rows } = bodyData(recording.steps[0]!, "1", namesOf(recording))!;
  expect(Math.max(...rows.map(({ depth }) => depth))).toBe(2);
});

test("the body of an equation is shown too, and other steps have no body", () => {
  const solve = (p: Tensor) => fixedPoint((x: Tensor, q: Tensor) => mul(sin(x), q), tensor(1), p);
  const recording = record(solve as (p: Tensor) => Tensor, tensor(0.5));
  expect(bodyText(recording)).toEqual(explained(recording));
  expect(bodyData(recording.steps[1]!, "2", namesOf(recording))).toBeUndefined();
});
