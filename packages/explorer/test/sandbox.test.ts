import type { Page } from "playwright-core";
import { expect } from "vitest";
import { packed } from "../src/page/packed.ts";
import { forgiven, sampled, test, visit } from "./support.ts";

const good = `
  import { record, type Tensor, tensor } from "@wengert/core";
  import { mul } from "@wengert/ops";
  const square = (x: Tensor): Tensor => mul(x, x);
  record(square, tensor(3));
`;
const address = (program: string): string => `#/tape?code=${packed(program)}`;

async function open(page: Page, program: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, address(program));
}

/**
 * Runs a failing program and returns the error that the page shows. Then runs a correct program, to test that the page
 * still works.
 */
async function said(page: Page, program: string): Promise<string> {
  await open(page, program);
  const text = await page.getByRole("alert").textContent();
  await open(page, good);
  await page.getByRole("alert").waitFor({ state: "detached" });
  await page.getByText("mul", { exact: true }).first().waitFor();
  return text!;
}

test("a TypeScript program runs, prints, and its tape is shown", async () => {
  const page = await visit(address(`${good}; console.log("hello", tensor([1, 2]), { a: [1, null] });`));
  await page.getByText("hello tensor([1., 2.], float64) { a: [1, null] }").waitFor();
  await page.getByText("mul", { exact: true }).first().waitFor();
});

test("a program may use await and dynamic import", { tags: "soak" }, async () => {
  const page = await visit(
    address(`${good}; const { ones } = await import("@wengert/core"); console.log("imported", ones([2]));
      void Promise.resolve().then(() => console.log("and after"));`),
  );
  await page.getByText("imported tensor([1., 1.], float64)").waitFor();
  await page.getByText(/and after$/).waitFor();
});

test("a tape is shown even if the program fails after it, with the line of the error", async () => {
  const page = await visit(address(`${good}\nmul(tensor([1, 2]), tensor([1, 2, 3]));`));
  const text = await page.getByRole("alert").textContent();
  expect(text).toMatch(/ShapeError.*line 7.*mul:/);
  await page.getByText("mul", { exact: true }).first().waitFor();
});

const failing: readonly (readonly [what: string, program: string, message: RegExp])[] = [
  ["a syntax error", "const = 1;", /SyntaxError.*line 1/],
  [
    "a misspelled import",
    'import { sofmax } from "@wengert/ops";\nsofmax(3);',
    /line 2.*"@wengert\/ops" has no sofmax; did you mean softmax, from "@wengert\/ops"\?/,
  ],
  [
    "an import from the wrong module",
    'import { mul } from "@wengert/core";\nmul(3, 3);',
    /"@wengert\/core" has no mul; import it from "@wengert\/ops"/,
  ],
  ["a misspelled name without an import", "logSofmtax(3);", /logSofmtax is not defined; did you mean logSoftmax, from/],
  ["a name without an import", "mul(2, 3);", /mul is not defined; import it from "@wengert\/ops"/],
  [
    "a misspelled op that resembles two names",
    "mull(2, 3);",
    /mull is not defined; did you mean mul, from "@wengert\/ops"/,
  ],
  [
    "operators",
    'import { tensor } from "@wengert/core"; const x = tensor(2);\nx * x + 1;',
    /line 2.*; here: mul\(x, x\)$/,
  ],
  [
    "an operator after a call",
    'import { tensor } from "@wengert/core"; import { exp } from "@wengert/ops"; const x = tensor(2);\n[1 + 2, exp(x) - x];',
    /line 2.*; here: sub\(exp\(x\), x\)$/,
  ],
  ["a minus sign", 'import { tensor } from "@wengert/core"; const x = tensor(2);\nconst y = -x;', /; here: neg\(x\)$/],
  [
    "a method",
    'import { tensor } from "@wengert/core";\ntensor(2).mul(3);',
    /mul is not a function; write mul\(x, …\)/,
  ],
  ["a name that is like no other", "qqqqqqqq(2);", /qqqqqqqq is not defined$/],
  ["a recursion without end", "const f = (): number => 1 + f(); f();", /calls itself/],
  ["an array that is too large", "new Float64Array(1e15)", /RangeError/],
  ["a tensor that is too large", 'import { zeros } from "@wengert/core"; zeros([1e12]);', /OutOfRangeError.*zeros/],
  [
    "an unknown module",
    'import fs from "node:fs"; fs.readFileSync("/etc/passwd");',
    /SandboxError.*there is no "node:fs"/,
  ],
  [
    "an op in place of a tensor",
    'import { mul, sin } from "@wengert/ops"; mul(sin as never, 2);',
    /mul: .*the function sin/,
  ],
  ["fetch", 'fetch("/");', /SandboxError.*fetch: there is no network/],
  ["importScripts", 'importScripts("./assets/index.js");', /SandboxError.*no network/],
  ["a dynamic import", 'import("http://localhost:9/x.js");', /SandboxError.*import: there is no "http:/],
  ["an awaited dynamic import", 'await import("./assets/index.js");', /SandboxError.*import: there is no "\.\/assets/],
  ["a socket", 'new WebSocket("ws://localhost:9");', /SandboxError.*WebSocket: there is no network/],
  ["a request", "new XMLHttpRequest();", /SandboxError.*XMLHttpRequest: there is no network/],
  [
    "a worker",
    "new Worker(URL.createObjectURL(new Blob([''])));",
    /SandboxError.*Worker: the program runs in a worker/,
  ],
  ["the frame around it", "parent.postMessage('out', '*');", /SandboxError.*parent: the program cannot reach the page/],
  ["a message to the page", "postMessage('out');", /SandboxError.*postMessage: the program runs in a worker/],
  ["a question", "prompt('?');", /SandboxError.*prompt: the program cannot reach the page/],
  ["a text that is too long", "'x'.repeat(2 ** 30);", /RangeError.*out of memory/],
  ["a WebAssembly memory", "new WebAssembly.Memory({ initial: 1 }).grow(65536);", /RangeError.*out of memory/],
  ["a regular expression that never ends", "/(a+)+b/.test('a'.repeat(40));", /Stopped.*more than 5 s/],
  ["a promise that never settles", "await new Promise(() => {});", /Stopped.*more than 5 s/],
  ["a rejected promise", "Promise.reject(new TypeError('late'));", /TypeError.*late/],
  ["an await that throws", "await Promise.reject(new TypeError('late'));", /TypeError.*late/],
  ["the page", "document.body.innerHTML = '';", /SandboxError.*document: the program cannot reach the page/],
  ["the page's storage", "localStorage.clear();", /SandboxError.*localStorage/],
  ["a thrown undefined", "throw undefined;", /threw undefined/],
  [
    "an object that cannot be read",
    "throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 1; } });",
    /cannot be read/,
  ],
];

test("a failing program shows its error, and the page keeps working", async () => {
  const page = await visit(address(good));
  for (const [what, program, message] of sampled(failing, 6)) expect(await said(page, program), what).toMatch(message);
});

test("a program that takes too much time or memory is stopped, and the page keeps working", {
  tags: "soak",
}, async () => {
  const [loop, memory] = [await visit(address(good)), await visit(address(good))];
  const heap = "const all = []; for (;;) all.push(new Array(1e6).fill(0).map(() => ({})));";
  const [ofLoop, ofMemory] = await Promise.all([said(loop, "for (;;) {}"), said(memory, heap)]);
  expect(ofLoop).toMatch(/Stopped.*more than 5 s/);
  expect(ofMemory).toMatch(/Stopped|RangeError/);
});

test("the policy blocks an import that the error messages miss", async () => {
  const page = await visit(address(good));
  const hidden = 'eval("import(\\"http://localhost:9/x.js\\").catch(() => {})")';
  await open(page, `${good}; console.log("before"); ${hidden};`);
  await page.getByText("before", { exact: true }).waitFor();
  await open(page, good);
  await page.getByText("before", { exact: true }).waitFor({ state: "detached" });
  // The test expects that the Content-Security-Policy blocked the request before it reached the network. No other error
  // is allowed.
  const complaints = forgiven();
  expect(complaints).toContain("http://localhost:9/x.js: csp");
  expect(complaints.filter((each) => !/: csp$|Content Security Policy/.test(each))).toEqual([]);
});

test("the page itself has no network and runs only its own scripts", async () => {
  const page = await visit();
  await page.locator("main h1").waitFor();
  const came = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'in'";
    document.head.append(script);
    return fetch("./index.html").then(
      () => "in",
      () => "out",
    );
  });
  expect(came).toBe("out");
  expect(await page.title()).not.toBe("in");
  expect(forgiven().length).toBeGreaterThan(0);
});

test("a new program ends the previous one", async () => {
  const page = await visit(address("for (;;) {}"));
  await page.locator("main h1").waitFor();
  await page.waitForTimeout(300);
  const start = Date.now();
  await open(page, good);
  await page.getByText("mul", { exact: true }).first().waitFor();
  expect(Date.now() - start).toBeLessThan(4500); // before the time limit of five seconds
});

test("a running program can be stopped, and hides the error of the last program", async () => {
  const page = await visit(address("null.x;"));
  await page
    .getByText(/TypeError/)
    .first()
    .waitFor();
  await open(page, "for (;;) {}");
  await page.getByRole("status").getByText("Running").waitFor();
  expect(await page.getByText(/TypeError/).count()).toBe(0);
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("you stopped the program").waitFor();
  expect(await page.getByText("Running").count()).toBe(0);
  await open(page, good);
  await page.getByText("you stopped the program").waitFor({ state: "detached" });
});
