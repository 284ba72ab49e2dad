import { tensor } from "@wengert/core";
import { broadcastTo, reshape } from "@wengert/ops";
import { expect, test } from "vitest";
import { axesText, copiesOf, repeated, repeatedAxes, summedRule } from "../src/rooms/tape/broadcast.ts";

test.each([
  [[3], [2, 3], [0]],
  [[2, 1], [2, 3], [1]],
  [[], [2, 3], [0, 1]],
  [
    [1, 3, 1],
    [4, 2, 3, 2],
    [0, 1, 3],
  ],
  [[1], [1], []],
])("a tensor of the shape [%j] repeats to [%j] as broadcastTo does, along axes %j", (from, to, axes) => {
  expect(repeatedAxes(from, to)).toEqual(axes);
  const size = from.reduce((product, n) => product * n, 1);
  const data = Float64Array.from({ length: size }, (_, i) => i + 1);
  const all = repeated({ shape: from, dtype: "float64", data }, to)!;
  expect(all.shape).toEqual(to);
  const same = broadcastTo(reshape(tensor([...data]), { shape: from }), { shape: to });
  expect(Array.from(all.data)).toEqual(reshape(same, { shape: [-1] }).toNested());
  for (const [element, x] of data.entries())
    expect(copiesOf(element, from, to)).toEqual(
      Array.from(all.data, (y, place) => (y === x ? place : -1)).filter((place) => place >= 0),
    );
});

test("a large tensor is not repeated", () => {
  expect(repeated({ shape: [1], dtype: "float64", data: [1] }, [5000])).toBeUndefined();
});

test("the rule of a repeated input sums over the axes of the copies", () => {
  expect(summedRule("\\bar b = g", [0])).toBe("\\bar b = \\textstyle\\sum_{0} g");
  expect(summedRule("\\bar b = -g", [0, 2])).toBe("\\bar b = \\textstyle\\sum_{0,2} (-g)");
  expect(summedRule("\\bar b = g", [])).toBe("\\bar b = g");
  expect([axesText([1]), axesText([0, 2]), axesText([0, 1, 2])]).toEqual(["axis 1", "axes 0 and 2", "axes 0, 1 and 2"]);
});
