import { stripVTControlCharacters } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { showProgress } from "../src/progress.ts";

let written = "";
const write = (text: string) => {
  written += text;
  return true;
};
beforeEach(() => {
  written = "";
});

test("elsewhere than in a terminal ten plain lines appear, however many updates there are", () => {
  const progress = showProgress({ total: 1000, unit: "images", stream: { write } });
  for (const i of progress.during(Array.from({ length: 1000 }).keys())) progress.update(i + 1, `loss ${i}`);
  const lines = written.trimEnd().split("\n");
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatch(/^ 10 % {2}loss 99 {2}[\d,]+ images\/s {2}\d+ s left$/);
  expect(lines[9]).toMatch(/^100 % {2}loss 999 {2}[\d,]+ images\/s {2}0 s left$/);
});

test.each([40, 80, 200])("in a terminal of %i columns a bar stays on its line", (columns) => {
  const progress = showProgress({ total: 4, unit: "images", stream: { write, isTTY: true, columns } });
  for (const i of progress.during([1, 2, 3, 4])) progress.update(i, "loss 0.1234  accuracy 92.00 %");
  const toLineStart = "\u001b[1G";
  const frames = written.split(toLineStart).map((frame) => stripVTControlCharacters(frame).trimEnd());
  expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThan(columns);
  expect(frames.at(-1)).toContain("100 %");
  expect(written.endsWith("\n")).toBe(true);
});

test("a bar ends with an error in the loop, so that nothing keeps the process alive", () => {
  const progress = showProgress({ total: 4, unit: "images", stream: { write, isTTY: true, columns: 80 } });
  const loop = () => {
    for (const _ of progress.during([1, 2])) throw new Error("broken");
  };
  expect(loop).toThrow("broken");
  expect(written.endsWith("\n")).toBe(true);
});
