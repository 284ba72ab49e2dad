/**
 * Installs the packed packages into an empty npm project, and tests them with common runtimes, compilers and bundlers:
 *
 *   npm run test:packages                  runs all tests in about two minutes and prints a table
 *   npm run test:packages -- --only types  runs only the named tests, of form, run, types, bundles and pages
 *   npm run test:packages -- --write       writes the table to docs/compatibility.md
 *
 * All runtimes, bundles and pages must compute bit-identical results for every op and for two fits.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "../packed.mjs";
import { bundlers, writePages, writePageWithMap } from "./bundles.mjs";
import { installHosts, runtimes } from "./hosts.mjs";
import { answerOf, compared } from "./numbers.mjs";
import { hasBrowser, openPages } from "./pages.mjs";
import { entriesOf, installations, makeProject, npm, output } from "./project.mjs";
import { outcomes, step, table } from "./report.mjs";
import { checkTypes } from "./types.mjs";

/** @typedef {import("./numbers.mjs").Probe} Probe */

process.chdir(fileURLToPath(new URL("../../../", import.meta.url)));
const place = join(process.cwd(), "node_modules/.cache/packages");
const project = emptied("project");
const bundles = emptied("bundles");
const args = process.argv.slice(2);
const only = args.includes("--only") ? args[args.indexOf("--only") + 1]?.split(",") : undefined;
/** @param {string} part */
const wanted = (part) => only === undefined || only.includes(part);

installHosts();
// The folder dist is emptied before the build, because tsc keeps the output of deleted sources, which would be packed.
for (const name of readdirSync("packages")) rmSync(`packages/${name}/dist`, { recursive: true, force: true });
output(".", [process.execPath, "tools/setup/setup.mjs"]);
const tarballs = pack(emptied("tarballs"));

if (wanted("form")) await checkForm();
await step("install", `npm ${npm(project, "--version").trim()}`, "the tarballs into an empty project", () => {
  makeProject(project, tarballs);
  return `${entriesOf(project).length} entries`;
});
await step("install", `npm ${npm(project, "--version").trim()}`, "one ndarray, nothing twice", () => {
  npm(project, "ls", "--all"); // fails for missing or incompatible dependencies
  for (const name of ["ndarray", "@types/ndarray", "@wengert/core", "@wengert/ops"]) {
    const found = installations(project, name);
    if (found.length !== 1) throw new Error(`${name} is installed ${found.length} times: ${found.join(", ")}`);
  }
});

/** @type {Probe | undefined} */
let reference;
await run();
if (wanted("types")) await checkTypes(project);
if (wanted("bundles") || wanted("pages")) await bundleAndOpen();

console.log(`\n${table()}\n`);
const failed = outcomes.filter(({ failure }) => failure !== undefined).length;
if (args.includes("--write") && failed === 0 && only === undefined) writeTable();
console.log(`${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Checks each tarball with the linters publint and arethetypeswrong. */
async function checkForm() {
  for (const tarball of tarballs) {
    const name = /wengert-\w+/.exec(tarball)?.[0].replace("-", "/") ?? tarball;
    await step("form", `@${name}`, "publint", () => {
      output(".", [...tool("publint/src/cli.js"), tarball, "--strict"]);
    });
    await step("form", `@${name}`, "arethetypeswrong", () => {
      output(".", [...tool("@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "esm-only"]);
    });
  }
}

/** @param {string} path @returns {string[]} */
function tool(path) {
  return [process.execPath, join("node_modules", path)];
}

async function run() {
  const names = entriesOf(project).map(({ name }) => name);
  for (const { name, version, command } of newestNodeFirst(runtimes())) {
    if (!wanted("run") && reference !== undefined) return; // a reference is always needed
    const host = `${name} ${version}`;
    await step("run", host, "each entry; each op's samples with gradients; fits; files, a table, a report", () => {
      const answer = answerOf(output(project, [...command, "run.mjs", names.join(), place]));
      reference ??= answer;
      return compared(answer, reference);
    });
    await step("run", host, "import", () => {
      const times = Array.from({ length: 7 }, () => Number(output(project, [...command, "imports.mjs"])));
      return `import of core and ops in ${times.sort((a, b) => a - b)[3]?.toFixed(1)} ms, a median on this machine`;
    });
  }
}

async function bundleAndOpen() {
  /** @type {{ title: string, path: string }[]} */
  const pages = [];
  for (const { name, version, bundle } of bundlers()) {
    const out = join(bundles, name);
    await step("bundle", `${name} ${version}`, "runs in Node", async () => {
      await bundle(project, out);
      pages.push(...writePages(out).map((page) => ({ title: `${name} ${version}, ${page}`, path: `${name}/${page}` })));
      return compare(answerOf(output(project, [process.execPath, "answer.mjs", join(out, "page.js")])));
    });
  }
  if (!wanted("pages")) return;
  if (!hasBrowser) throw new Error("Chromium not found; set CHROMIUM=/path/to/chromium");
  // Pages are tested under two Content-Security-Policies, which both forbid eval. The first policy also forbids
  // WebAssembly, so that only plain loops run.
  await openEach(bundles, pages, "script-src 'self'", "plain");
  await openEach(bundles, pages, "script-src 'self' 'wasm-unsafe-eval'", "plain,simd,fma");

  const { name, hash } = writePageWithMap(project);
  const bare = [{ title: "no bundler, an import map", path: name }];
  await openEach(project, bare, undefined, "plain,simd,fma");
  await openEach(project, bare, `script-src 'self' ${hash}`, "plain"); // the hash allows the import map, which must be inline
}

/** @param {string} folder @param {readonly { title: string, path: string }[]} all @param {string | undefined} policy @param {string} kernels */
async function openEach(folder, all, policy, kernels) {
  const { version, answer, close } = await openPages(folder, policy);
  for (const { title, path } of all) {
    const under = policy?.replace(/sha256-[^']*/, "sha256-…") ?? "no policy";
    await step("page", `Chromium ${version}, ${under}`, title, async () => {
      const got = await answer(path);
      if (got.available.join() !== kernels) throw new Error(`expected the kernels ${kernels}, got ${got.available}`);
      return compare(got);
    });
  }
  await close();
}

/** @param {Probe} answer */
function compare(answer) {
  if (reference === undefined) throw new Error("no reference to compare with, because Node failed");
  return compared(answer, reference);
}

/**
 * Sorts the runtimes so that the newest Node comes first. The newest Node supports all kernels, so its results are the
 * reference for the other runtimes.
 * @param {import("./hosts.mjs").Host[]} hosts
 */
function newestNodeFirst(hosts) {
  /** @param {import("./hosts.mjs").Host} host */
  const order = ({ name, version }) => (name === "Node" ? -Number.parseInt(version, 10) : 0);
  return hosts.sort((a, b) => order(a) - order(b));
}

function writeTable() {
  const path = "docs/compatibility.md";
  const mark = "<!-- written by npm run test:packages -->";
  const [before] = readFileSync(path, "utf8").split(mark);
  writeFileSync(path, `${before}${mark}\n\n${table()}\n`);
}

/** @param {string} name @returns {string} an empty folder of that name */
function emptied(name) {
  const folder = join(place, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
