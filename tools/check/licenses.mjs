/**
 * Whether the licenses of all dependencies are ones that we may use; and those of what users install, as a list.
 *
 *   node tools/check/licenses.mjs [--check]   writes THIRD_PARTY.md; or only says whether it is as it would be
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Those that ask for no more than that their text and names are kept. */
const permissive = [
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "MIT OR Apache-2.0",
  "Python-2.0",
  "PSF-2.0",
  "Unlicense",
  "Zlib",
];
/** Tools and fonts that are used as they are; nothing of them is in what we publish. */
const ofTools = [...permissive, "MPL-2.0", "OFL-1.1", "CC-BY-4.0"];
/** What package.json does not say, and a file does. */
const found = new Map([["spawndamnit", "MIT"]]);

/** @typedef {{ name: string, versions: string[], license: string, author?: string, homepage?: string }} Dependency */

const root = JSON.parse(readFileSync("package.json", "utf8"));
const ours = readdirSync("packages")
  .map((name) => JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8")))
  .filter((manifest) => !manifest.private)
  .map(({ name }) => /** @type {string} */ (name));

const all = dependencies([]);
const installed = dependencies(["--prod", ...ours.flatMap((name) => ["--filter", name])]);
refuse(all, ofTools, "a dependency of the repository");
refuse(installed, permissive, "a dependency of what we publish");

const text = listOf(installed);
if (!process.argv.includes("--check")) writeFileSync("THIRD_PARTY.md", text);
else if (readFileSync("THIRD_PARTY.md", "utf8") !== text) {
  console.error("licenses: THIRD_PARTY.md is not up to date: run `npm run licenses`, and commit what it writes.");
  process.exitCode = 1;
}
console.log(`licenses: ${all.length} packages, of which ${installed.length} come with ours; all may be used.`);

/** @param {readonly string[]} options @returns {Dependency[]} */
function dependencies(options) {
  const args = ["--yes", root.packageManager, "licenses", "list", "--json", ...options];
  const { status, stdout, stderr } = spawnSync("npx", args, {
    encoding: "utf8",
    maxBuffer: 1e9,
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`pnpm could not list the licenses:\n${stderr || stdout}`);
  const byLicense = /** @type {Record<string, Dependency[]>} */ (JSON.parse(stdout));
  return Object.values(byLicense)
    .flat()
    .map((one) => ({ ...one, license: found.get(one.name) ?? one.license }))
    .filter(({ name }) => !name.startsWith("@wengert/"))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param {readonly Dependency[]} packages @param {readonly string[]} allowed @param {string} what */
function refuse(packages, allowed, what) {
  for (const { name, versions, license } of packages) {
    if (allowed.includes(license)) continue;
    console.error(
      `licenses: ${name} ${versions.join(", ")}, ${what}, has the license ${license}, which is not allowed.`,
    );
    process.exitCode = 1;
  }
}

/** @param {readonly Dependency[]} packages @returns {string} */
function listOf(packages) {
  const rows = packages.map(({ name, versions, license, author }) =>
    [name, versions.join(", "), license, (author ?? "").replaceAll("|", "\\|")].join(" | "),
  );
  return `# What comes with the packages

What \`npm install ${ours.join(" ")}\` brings besides, with its license; the texts are in each package. Written by
\`npm run licenses\`, which also refuses a dependency of any other license.

core and ops need \`ndarray\`, with \`iota-array\`, \`is-buffer\` and its types, and nothing else; the rest is for
\`@wengert/data\` (tables and images) and \`@wengert/report\`.

| package | version | license | by |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join("\n")}
`;
}
