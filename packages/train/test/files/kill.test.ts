import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Tensor, tensor } from "@wengert/core";
import { expect, test } from "vitest";
import { load, save } from "../../src/index.ts";

// Kills a process at a random moment while it saves a file. Afterwards the file must be the complete old file or the
// complete new file.

const kills = Number(process.env.WENGERT_KILLS ?? (process.env.WENGERT_SOAK ? 8 : 3));
const saver = fileURLToPath(new URL("saver.mjs", import.meta.url));

/** Reads a file written by saver.mjs, checks that all elements are equal, and returns their value. */
async function valueIn(path: string): Promise<number> {
  const { tree, metadata } = await load<{ step: Tensor; layers: Tensor[] }>(path);
  const value = Number(metadata.value);
  expect(tree.layers.length).toBe(8 + (value % 2));
  for (const { data } of [tree.step, ...tree.layers]) expect([...new Set(data.data)]).toEqual([value]);
  return value;
}

test(`${kills} kills leave a complete file each time`, { timeout: 60_000 + 5000 * kills }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "wengert-"));
  const drafts = () => readdirSync(folder).filter((name) => name.endsWith(".tmp"));
  const pathOf = (i: number) => join(folder, `${Math.floor(i / 10)}.safetensors`);
  const found = { "before there was a file": 0, "the old file": 0, "a new file": 0, "while one was written": 0 };
  for (let i = 0; i < kills; i++) {
    const path = pathOf(i); // the first of every ten saves has no old file
    const before = existsSync(path) ? await valueIn(path) : undefined;
    const child = spawn(process.execPath, [saver, path, `${2 * i}`], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await setTimeout(Math.random() * (i % 10 === 0 ? 20 : 60));
    child.kill("SIGKILL");
    await once(child, "close");
    if (drafts().some((name) => name.includes(`.${child.pid}.`))) found["while one was written"]++;
    const after = existsSync(path) ? await valueIn(path) : undefined;
    if (after === undefined) found["before there was a file"]++;
    else found[after === before ? "the old file" : "a new file"]++;
    if (after !== before) expect([2 * i, 2 * i + 1]).toContain(after); // either a new value, or the old file is unchanged
  }
  console.log(`kill: ${kills} times, nothing lost: ${JSON.stringify(found)}`);
  for (let i = 0; i < kills; i += 10) await save(pathOf(i), tensor(1)); // removes leftover temporary files
  expect(drafts()).toEqual([]);
  rmSync(folder, { recursive: true });
});
