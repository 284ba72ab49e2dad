/**
 * Finds the runtimes, compilers and bundlers that test the packages. On first use, all of them are installed into this
 * folder.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const { packageManager } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));

/** @typedef {{ name: string, version: string, command: readonly string[] }} Host - the file to run is appended to `command`. */

/** Installs the runtimes, compilers and bundlers listed in this folder's package.json. */
export function installHosts() {
  const pnpm = ["--yes", packageManager, "--dir", folder, "install", "--frozen-lockfile", "--prefer-offline"];
  const { status } = spawnSync("npx", pnpm, {
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("runtimes, compilers and bundlers could not be installed, for the reason above.");
}

/** @param {string} name an npm package of this workspace @returns {string} its version */
export function versionOf(name) {
  return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;
}

/**
 * Returns the JavaScript runtimes to test: the running Node, the installed Node versions, Deno and Bun.
 * @returns {Host[]}
 */
export function runtimes() {
  const nodes = readdirSync(join(folder, "node_modules"))
    .filter((name) => name.startsWith("node-"))
    .map((name) => host("Node", name, [join(folder, "node_modules", name, "bin/node")]));
  const here = { name: "Node", version: process.versions.node, command: [process.execPath] };
  if (!nodes.some(({ version }) => version === here.version)) nodes.unshift(here);
  const deno = host("Deno", "deno", [join(binaryOf("deno", "@deno"), "deno"), "run", "--allow-read", "--allow-write"]);
  const bun = host("Bun", "bun", [join(binaryOf("bun", "@oven"), "bin/bun"), "run"]);
  return [...nodes, deno, bun];
}

/** @returns {Host[]} */
export function compilers() {
  return readdirSync(join(folder, "node_modules"))
    .filter((name) => name.startsWith("typescript-"))
    .map((name) => host("TypeScript", name, [process.execPath, join(folder, "node_modules", name, "bin/tsc")]));
}

/** @param {string} title @param {string} name @param {readonly string[]} command @returns {Host} */
function host(title, name, command) {
  return { name: title, version: versionOf(name), command };
}

/**
 * Returns the folder of the npm package that contains the binary of `name` for this platform.
 * @param {string} name @param {string} scope
 */
function binaryOf(name, scope) {
  const packages = dirname(dirname(createRequire(join(folder, "package.json")).resolve(`${name}/package.json`)));
  const fitting = readdirSync(join(packages, scope));
  const [first] = fitting;
  if (first === undefined) throw new Error(`${name} has no binary for this machine`);
  return join(packages, scope, first);
}
