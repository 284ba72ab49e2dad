/**
 * Runs mutation tests with Stryker, which makes one small change to the sources at a time and checks whether a test fails.
 *
 *   npm run mutants -- core            mutates a package
 *   npm run mutants -- ops/clip        mutates a file or a folder; several names are allowed
 *   npm run mutants -- ops/clip --static   also mutates code that runs at module load, ten times slower
 *
 * The first run installs Stryker (65 MB) into tools/longrun/mutants.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
const folder = "tools/longrun/mutants";

const pieces = process.argv.slice(2).filter((arg) => arg !== "--static");
const patterns = pieces.map((piece) => {
  const [name, ...within] = piece.split("/");
  const path = [`packages/${name}/src`, ...within].join("/");
  if (existsSync(`${path}.ts`)) return `${path}.ts`;
  return existsSync(path) ? `${path}/**/*.ts` : fail(`neither ${path} nor ${path}.ts exists.`);
});
if (pieces.length === 0) fail("no part given; name one or several: `npm run mutants -- ops/softmax core`.");

const { packageManager } = JSON.parse(readFileSync("package.json", "utf8"));
const pnpm = ["--yes", packageManager, "--dir", folder, "install", "--frozen-lockfile", "--prefer-offline"];
const { status } = spawnSync("npx", pnpm, {
  stdio: ["ignore", "ignore", "inherit"],
  shell: process.platform === "win32",
});
if (status !== 0) fail("Stryker could not be installed, for the reason above.");

const stryker = createRequire(fileURLToPath(new URL("mutants/package.json", import.meta.url))).resolve(
  "@stryker-mutator/core",
);
const { Stryker } = await import(pathToFileURL(stryker).href);
const report = `out/mutants/${pieces.join("+").replaceAll("/", "-")}`;
await new Stryker({
  configFile: `${folder}/stryker.config.mjs`,
  mutate: patterns,
  ignoreStatic: !process.argv.includes("--static"),
  htmlReporter: { fileName: `${report}.html` },
  jsonReporter: { fileName: `${report}.json` },
}).runMutationTest();

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`mutants: ${message}`);
  process.exit(1);
}
