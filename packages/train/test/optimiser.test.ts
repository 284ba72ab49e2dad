import { tensor } from "@wengert/core";
import { expect, test } from "vitest";
import { applyUpdates } from "../src/index.ts";

test("updates are added leaf by leaf", () => {
  const { W, b } = applyUpdates({ W: tensor([1, 2]), b: [tensor(3)] }, { W: tensor([0.5, 0]), b: [tensor(-1)] });
  expect([W.toNested(), b[0]!.toNested()]).toEqual([[1.5, 2], 2]);
});
