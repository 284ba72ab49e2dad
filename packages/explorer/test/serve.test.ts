import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { serve } from "../build/serve.mjs";

const folder = mkdtempSync(join(tmpdir(), "wengert-explorer-"));
mkdirSync(`${folder}/site/below`, { recursive: true });
writeFileSync(`${folder}/site/below/index.html`, "<p>below</p>");
writeFileSync(`${folder}/site/index.html`, "<p>here</p>");
writeFileSync(`${folder}/secret`, "not for you");
afterAll(() => rmSync(folder, { recursive: true }));

describe("the server", () => {
  test("serves its folder under any path, and no files outside it", async () => {
    const { address, close } = await serve(`${folder}/site`, 0, "/a/b/");
    const page = await fetch(address);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await page.text()).toBe("<p>here</p>");
    expect(await (await fetch(`${address}below/`)).text()).toBe("<p>below</p>");
    for (const path of ["missing", "missing/", "%2e%2e/secret", "..%2fsecret", "%", "../../index.html"])
      expect((await fetch(`${address}${path}`)).status, path).toBe(404);
    expect((await fetch(address, { method: "POST" })).status).toBe(405);
    close();
  });
});

describe("npm run explorer", () => {
  const tool = new URL("../../../tools/docs/explorer.mjs", import.meta.url).pathname;
  const run = (...args: string[]) => spawnSync(process.execPath, [tool, ...args], { encoding: "utf8" });

  test.each([
    [["--port", "eighty"], '--port must be a whole number from 0 (any free port) to 65535, got "eighty".'],
    [["--port", "65536"], '--port must be a whole number from 0 (any free port) to 65535, got "65536".'],
    [["--prot", "80"], "Unknown option '--prot'"],
  ])("refuses %j", (args, message) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });

  test("reports that a port is in use and suggests another", async () => {
    const { address, close } = await serve(`${folder}/site`);
    const { status, stderr } = run("--port", new URL(address).port);
    close();
    expect(status).toBe(1);
    expect(stderr).toMatch(/port \d+ is in use; choose another/);
  });
});
