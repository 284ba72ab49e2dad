import { expect, test } from "vitest";
import { powerTicks, roundTicks } from "../src/rooms/softmax/ticks.ts";

test.each([
  [0, 20, 5, [0, 5, 10, 15, 20]],
  [-0.31, 0.62, 5, [-0.2, 0, 0.2, 0.4, 0.6]],
  [1, 3.75, 5, [1, 2, 3]],
  [1e6, 1e6 + 1, 5, [1000000, 1000000.2, 1000000.4, 1000000.6, 1000000.8, 1000001]],
])("round ticks from %d to %d, about %d", (least, most, count, ticks) => {
  expect(roundTicks(least, most, count)).toEqual(ticks);
});

test.each([
  [1e-17, 1, 6, [0, -3, -6, -9, -12, -15]],
  [0.002, 0.5, 6, [-1, -2]],
  [1e-3, 1e-3, 6, [-3]],
])("ticks at powers of ten from %d to %d, at most %d", (least, most, count, ticks) => {
  expect(powerTicks(least, most, count).map(Math.log10)).toEqual(ticks);
});
