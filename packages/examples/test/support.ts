import { readFileSync } from "node:fs";
import { expect, vi } from "vitest";
import type { Command } from "../src/shared/command.ts";
import { InputError } from "../src/shared/options.ts";

/** Runs a command without a terminal. Returns its outcome and its output. */
export async function runQuietly<Outcome>(
  command: Command<Outcome>,
  args: readonly string[] = [],
  stop?: AbortSignal,
): Promise<{ outcome: Outcome; printed: string }> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const progress = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    const outcome = await command.run(args, stop);
    return { outcome, printed: log.mock.calls.flat().join("\n") };
  } finally {
    log.mockRestore();
    progress.mockRestore();
  }
}

/** Expects an `InputError` whose message contains `message`. */
export async function expectRefusal(
  command: Command<unknown>,
  args: readonly string[],
  message: string,
): Promise<void> {
  const error = await runQuietly(command, args).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toContain(message);
}

/** Expects printed lines of at most 120 columns, without leftovers such as `undefined`. */
export function expectReadable(printed: string): void {
  expect(printed).not.toMatch(/undefined|\[object|\bfunction\b/);
  expect(Math.max(...printed.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
}

/** Expects a self-contained HTML page without scripts and with the given number of plots. */
export function expectSelfContained(file: string, plots: number): void {
  const page = readFileSync(file, "utf8");
  expect(page.match(/<svg/g)).toHaveLength(plots);
  expect(page).toContain("prefers-color-scheme: dark");
  expect(page.match(/<script|<link|url\((?!#)|src="(?!data:)/)).toBeNull();
  const drawnAndSaid = page.replace(/<pre.*?<\/pre>/gs, ""); // a tape may contain an infinity
  expect(drawnAndSaid.match(/NaN|undefined|Infinity|\[object/)).toBeNull();
  expect(drawnAndSaid).not.toMatch(/&#60;\/?\w/); // escaped HTML
}
