/**
 * Prepares a release of the current commit in a fresh clone, so uncommitted changes are not included.
 *
 *   npm run release -- --dry-run                tests, checks and packs everything into out/release; publishes nothing
 *   npm run release -- --dry-run --skip-tests   the same without `npm test`, which takes minutes
 *
 * Publishing is manual, because it needs an account and a review. CONTRIBUTING.md describes the steps.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installations, makeProject, npm } from "./packages/project.mjs";

const bom = "@cyclonedx/cyclonedx-npm@6.0.1"; // reads npm's installation, because pnpm 10 cannot write an SBOM
const root = fileURLToPath(new URL("../../", import.meta.url));
const args = process.argv.slice(2);
if (!args.includes("--dry-run")) {
  console.error("release: only dry runs are supported; run `npm run release -- --dry-run`.");
  process.exit(1);
}

const out = join(root, "out/release");
const place = mkdtempSync(join(tmpdir(), "wengert-release-"));
const clone = join(place, "clone");
try {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const commit = run(root, "git", "rev-parse", "HEAD").trim();
  if (run(root, "git", "status", "--porcelain") !== "") tell("uncommitted changes are left out");
  run(root, "git", "clone", "--quiet", "--no-local", root, clone);
  run(clone, "git", "checkout", "--quiet", commit);

  tell("install and build");
  run(clone, process.execPath, "tools/setup/setup.mjs");
  if (!args.includes("--skip-tests")) {
    tell("npm test (some minutes)");
    tell(run(clone, "npm", "test").trim().split("\n").at(-1) ?? "");
  }
  tell("unused files and exports, licenses");
  run(clone, process.execPath, "tools/check/check.mjs");
  run(clone, process.execPath, "node_modules/knip/bin/knip.js");
  tell(run(clone, process.execPath, "tools/check/licenses.mjs", "--check").trim());

  tell("versions from the changesets");
  run(clone, process.execPath, "node_modules/@changesets/cli/bin.js", "version");
  run(clone, process.execPath, "--input-type=module", "-e", packing(join(place, "tarballs")));
  const tarballs = readdirSync(join(place, "tarballs")).map((name) => join(place, "tarballs", name));
  for (const tarball of tarballs) {
    run(clone, process.execPath, "node_modules/publint/src/cli.js", tarball, "--strict");
    run(clone, process.execPath, "node_modules/@arethetypeswrong/cli/dist/index.js", tarball, "--profile", "esm-only");
    copyFileSync(tarball, join(out, basename(tarball)));
  }

  const project = join(place, "project");
  makeProject(project, tarballs);
  if (installations(project, "ndarray").length !== 1) throw new Error("ndarray is not installed exactly once");
  tell(audited(project));
  const list = join(out, "sbom.cdx.json");
  run(
    project,
    "npx",
    "--yes",
    bom,
    "--omit",
    "dev",
    "--output-reproducible",
    "--output-format",
    "JSON",
    "--output-file",
    list,
  );
  for (const secret of [root, place]) {
    if (readFileSync(list, "utf8").includes(secret)) throw new Error(`${list} contains a local path`);
  }
  copyFileSync(join(clone, "THIRD_PARTY.md"), join(out, "THIRD_PARTY.md"));
  copyFileSync(join(clone, "LICENSE"), join(out, "LICENSE"));
  const files = readdirSync(out).sort();
  const sums = files.map(
    (name) =>
      `${createHash("sha256")
        .update(readFileSync(join(out, name)))
        .digest("hex")}  ${name}\n`,
  );
  writeFileSync(join(out, "SHA256SUMS"), sums.join(""));
  writeFileSync(join(out, "COMMIT"), `${commit}\n`);
  tell(
    `out/release has ${files.join(", ")} and their checksums, from commit ${commit.slice(0, 12)}; nothing was published`,
  );
} catch (error) {
  console.error(`release: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}

/** Returns the source of a program that packs the packages of its working directory. @param {string} folder */
function packing(folder) {
  mkdirSync(folder);
  return `const { pack } = await import("./tools/release/packed.mjs"); pack(${JSON.stringify(folder)});`;
}

/**
 * Returns the output of `npm audit` for the installed packages.
 * @param {string} project @returns {string} @throws Error if a package has a known vulnerability
 */
function audited(project) {
  try {
    return npm(project, "audit").trim();
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (/audit endpoint returned an error|ENOAUDIT|405|404/.test(message))
      return "npm audit: NOT AUDITED, because this registry does not support it";
    throw error;
  }
}

/** @param {string} folder @param {string} command @param {string[]} args @returns {string} its output */
function run(folder, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1e9,
    shell: process.platform === "win32",
  });
  if (error) throw error;
  if (status === 0) return stdout;
  const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(-40);
  throw new Error(`${command} ${args.join(" ")} failed:\n${lines.join("\n")}`);
}

/** @param {string} message */
function tell(message) {
  console.log(`release: ${message}`);
}
