import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { encode } from "fast-png";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../ops/test/bundle.ts";
import * as data from "../src/index.ts";

// Reads files of each supported format in a page whose Content-Security-Policy forbids `eval` and WebAssembly. The
// results must equal those of Node.

const [shell, whole] = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const executablePath = process.env.CHROMIUM ?? (existsSync(shell) ? shell : whole);

const goldens = (name: string) => JSON.parse(readFileSync(new URL(`./goldens/${name}.json`, import.meta.url), "utf8"));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const png = encode({ width: 9, height: 7, channels: 3, data: Uint8Array.from({ length: 189 }, (_, i) => i) });
const files = {
  "digits.gz": base64(gzipSync(Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 255))),
  "damaged.gz": base64(gzipSync(Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2)).subarray(0, 12)),
  "a.npy": goldens("npy")["fortran-big"].file,
  "cars.csv": base64(Buffer.from('mpg,origin\n18,USA\n"27",Japan\n?,USA\n')),
  "pets/cat/1.png": base64(png),
  "pets/dog/1.jpg": goldens("images")["orientation-6.jpg"].file,
  "pets/dog/2.jpg": base64(Uint8Array.of(255, 216, 0)),
};

/** The body of a function that reads the test files, and returns the results as plain JavaScript values. */
const read = `
  const bytesOf = (name) => Uint8Array.from(atob(files[name]), (c) => c.charCodeAt(0));
  const file = (name) => new File([bytesOf(name)], name);
  const page = globalThis.document;
  const realm = page ? page.head.appendChild(page.createElement("iframe")).contentWindow : globalThis; // an iframe's own classes
  const npy = bytesOf("a.npy");
  const pet = new realm.File([bytesOf("pets/cat/1.png")], "pets/cat/1.png");
  const plain = (t) => [t.dtype, t.toNested()];
  const table = await data.readCsv(file("cars.csv"), { missing: "drop" });
  const pets = await data.readImages(Object.keys(files).filter((name) => name.startsWith("pets/")).map(file), { size: [5, 4] });
  const failure = await data.readIdx(file("damaged.gz")).catch((error) => error.message);
  const path = await data.readIdx("digits.gz").catch((error) => error.message);
  return {
    idx: plain(await data.readIdx(file("digits.gz"), { divisor: 255 })),
    npy: plain(await data.readNpy(file("a.npy"))),
    isForeign: realm.Uint8Array !== Uint8Array,
    npyOfRealm: [
      plain(await data.readNpy(realm.Uint8Array.from(npy))),
      plain(await data.readNpy(realm.Uint8Array.from(npy).buffer)),
      plain(await data.readNpy(new realm.Blob([npy]))),
    ],
    petsOfRealm: plain((await data.readImages([pet], { size: [5, 4] })).images),
    columns: Object.entries(table.columns).map(([name, column]) => [name, ...plain(column)]),
    pets: [plain(pets.images), plain(pets.labels), pets.classes, pets.files, pets.skipped],
    failure,
    path,
  };`;

describe.skipIf(!existsSync(executablePath) && !process.env.CI)("in a page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(() => browser?.close());

  test("files are read as in Node, under a strict policy", async () => {
    const program = `
      import * as data from "../../data/src/index.ts"; // the path is relative to bundle.ts
      const files = ${JSON.stringify(files)};
      const read = async () => { ${read} };
      read().then((made) => { globalThis.made = made; }, (error) => { globalThis.made = String(error.stack); });`;
    const { code } = await bundle(program, "iife");
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.route("**/*", (route) => {
      const isProgram = route.request().url().endsWith("/program.js");
      const headers = { "content-security-policy": "default-src 'none'; script-src 'self'" };
      return route.fulfill(
        isProgram
          ? { body: code, contentType: "text/javascript; charset=utf-8" }
          : { body: '<script src="program.js"></script>', contentType: "text/html", headers },
      );
    });
    await page.goto("http://a.test/index.html");
    await page.waitForFunction(() => "made" in globalThis); // the page's policy forbids `eval`, so a string would not run
    const made = (await page.evaluate("globalThis.made")) as Record<string, unknown>;
    const inNode = await new Function("data", "files", `return (async () => { ${read} })()`)(data, files);
    expect(complaints).toEqual([]);
    expect(inNode.npyOfRealm).toEqual([inNode.npy, inNode.npy, inNode.npy]);
    expect(made).toEqual({ ...inNode, isForeign: true, path: expect.stringContaining("only Node") });
    expect(inNode.failure).toContain("damaged.gz cannot be unpacked");
    expect(inNode.pets.slice(1)).toEqual([
      ["int32", [0, 1]],
      ["cat", "dog"],
      ["cat/1.png", "dog/1.jpg"],
      [{ file: "dog/2.jpg", reason: "it is truncated before its first pixel" }],
    ]);
    await page.close();
  });
});
