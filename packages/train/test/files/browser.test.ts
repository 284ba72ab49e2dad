import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { tensor } from "@wengert/core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../../ops/test/bundle.ts";
import { fromSafetensors, toSafetensors } from "../../src/index.ts";

// Runs the functions for safetensors files in a page whose Content-Security-Policy forbids `eval` and WebAssembly.

const [shell, whole] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const executablePath = process.env.CHROMIUM ?? (existsSync(shell) ? shell : whole);

const train = fileURLToPath(new URL("../../src/index.ts", import.meta.url)); // the program is in the test folder of ops
const program = `
  import { tensor } from "@wengert/core";
  import { fromSafetensors, load, save, toSafetensors } from "${train}";

  const tree = { layers: [{ W: tensor([[0.1, NaN], [-0, 1e300]]), b: tensor([1, 2], { dtype: "float32" }) }], mask: tensor([true, false]) };
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

  globalThis.bytes = () => hex(toSafetensors(tree, { metadata: { step: "3" } }));
  globalThis.again = async (kind) => {
    const bytes = toSafetensors(tree, { metadata: { step: "3" } });
    const sources = {
      bytes,
      buffer: bytes.buffer,
      blob: new Blob([bytes.slice(0, 50), bytes.slice(50)]),
      file: new File([bytes], "model.safetensors"),
      fetched: kind === "fetched" ? await (await fetch("model.safetensors")).blob() : undefined,
    };
    const { tree: found, metadata } = await load(sources[kind], { like: tree });
    return hex(toSafetensors(found, { metadata }));
  };
  globalThis.stream = async () => {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle("model.safetensors", { create: true });
    await save(await handle.createWritable(), tree, { metadata: { step: "3" } });
    const { tree: found, metadata } = await load(await handle.getFile());
    return hex(toSafetensors(found, { metadata }));
  };
  globalThis.chosen = async (file) => {
    const { tree, metadata } = await load(file);
    return hex(toSafetensors(tree, { metadata }));
  };
  document.querySelector("input").onchange = async ({ target }) => {
    document.querySelector("output").textContent = await chosen(target.files[0]).catch((error) => String(error));
  };
  globalThis.path = () => load("model.safetensors").catch(String);
  globalThis.toPath = () => save("model.safetensors", tree).catch(String);
`;
const page =
  '<!doctype html><meta charset="utf-8"><title>files</title><input type="file"><output></output><script type="module" src="program.js"></script>';
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'";

const tree = {
  layers: [{ W: tensor([[0.1, Number.NaN], [-0, 1e300]]), b: tensor([1, 2], { dtype: "float32" }) }],
  mask: tensor([true, false]),
}; // biome-ignore format: a matrix
const bytes = toSafetensors(tree, { metadata: { step: "3" } });
const hex = Buffer.from(bytes).toString("hex");

describe.skipIf(!existsSync(executablePath) && !process.env.CI)("in Chromium", () => {
  let browser: Browser;
  let opened: Page;
  const complaints: string[] = [];
  const server = createServer();
  beforeAll(async () => {
    const { code } = await bundle(program, "es");
    const files: Record<string, [type: string, content: string | Uint8Array]> = {
      "/": ["text/html", page],
      "/program.js": ["text/javascript", code],
      "/model.safetensors": ["application/octet-stream", bytes],
    };
    server.on("request", ({ url = "/" }, response) => {
      const [type, content] = files[url] ?? ["text/plain", ""];
      response
        .writeHead(files[url] ? 200 : 404, { "content-type": type, "content-security-policy": policy })
        .end(content);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    opened = await browser.newPage();
    opened.on("pageerror", (error) => complaints.push(String(error)));
    await opened.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  test("a tree has the same bytes as in Node", async () => {
    expect(await opened.evaluate("bytes()")).toBe(hex);
  });

  test.each(["bytes", "buffer", "blob", "file", "fetched"])("a tree is loaded from %s", async (kind) => {
    expect(await opened.evaluate(`again("${kind}")`)).toBe(hex);
  });

  test("a tree is saved to a stream of the File System API and loaded from it", async () => {
    expect(await opened.evaluate("stream()")).toBe(hex);
  });

  test("a selected file is loaded, or its error is shown", async () => {
    const choose = (buffer: Uint8Array) =>
      opened.locator("input").setInputFiles({ name: "it.safetensors", mimeType: "", buffer: Buffer.from(buffer) });
    const output = opened.locator("output");
    await choose(bytes);
    await expect.poll(() => output.textContent()).toBe(hex);
    await choose(bytes.subarray(0, -1));
    await expect.poll(() => output.textContent()).toMatch(/^\w+: load: it\.safetensors is not a safetensors file, or/);
  });

  test("a path throws an error that names an alternative", async () => {
    expect(await opened.evaluate("path()")).toMatch(/^\w+: load: got a path.*Blob/);
    expect(await opened.evaluate("toPath()")).toMatch(/^\w+: save: got a path.*toSafetensors/);
  });

  test("the console shows no other errors", () => {
    expect(complaints).toEqual([]);
    expect(fromSafetensors(bytes).metadata).toEqual({ step: "3" });
  });
});
