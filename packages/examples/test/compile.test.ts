import { afterEach, beforeEach, expect, test, vi } from "vitest";
import command from "../src/compile/main.ts";
import { InputError } from "../src/shared/options.ts";

const log = vi.spyOn(console, "log");
beforeEach(() => void log.mockImplementation(() => {}));
afterEach(() => void log.mockReset());

test.each([[[]], [["--rows", "5", "--features", "7", "--classes", "2", "--dtype", "float64"]]])(
  "prints the list, the passes, the instructions and four times for the same losses (options %j)",
  async (args) => {
    const { losses, passes } = await command.run([...args, "--steps", "30"]);
    const printed = log.mock.calls.flat().join("\n");
    for (const text of ["crossEntropyPullback", "duplicate steps", "loop over", "kernel gemm", "in one call"])
      expect(printed).toContain(text);
    expect(printed).not.toMatch(/NaN|undefined|Infinity/);
    expect(Math.max(...printed.split("\n").map((line) => line.length))).toBeLessThanOrEqual(125);
    expect(losses.length).toBe(4);
    for (const loss of losses) expect(Math.abs(loss - losses[0]!)).toBeLessThan(1e-5);
    const counts = passes.map(([, steps]) => steps);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(counts.at(-1)).toBeLessThan(counts[0]! - 3);
  },
);

test("rejects an invalid number with a one-line message", async () => {
  await expect(command.run(["--classes", "1"])).rejects.toThrow(InputError);
});
