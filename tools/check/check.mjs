/**
 * Checks lint rules, formatting, lockfiles, the public API and prose. This script does not check types, because
 * tools/setup/setup.mjs checks them.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const biome = ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."];
if (spawnSync(process.execPath, biome, { stdio: "inherit" }).status !== 0) {
  fail("`npm run fix` repairs most of these errors; repair the others by hand.");
}
const ofPnpm = ["", "tools/longrun/mutants/", "tools/release/packages/"].map((folder) => `${folder}pnpm-lock.yaml`);
for (const lockfile of [...ofPnpm, "bench/package-lock.json"]) {
  if (/https?:/.test(readFileSync(lockfile, "utf8"))) {
    fail(
      `${lockfile} contains a URL, but it must install from any registry; delete the \`tarball:\`, \`resolved\` and \`funding\` entries.`,
    );
  }
}

if (spawnSync(process.execPath, ["tools/check/api.mjs", "--check"], { stdio: "inherit" }).status !== 0) {
  fail("the API has changed, as listed above.");
}

if (spawnSync(process.execPath, ["tools/check/prose.mjs"], { stdio: "inherit" }).status !== 0) {
  fail("rewrite the sentences listed above; CONTRIBUTING.md has the rules.");
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`check: ${message}`);
  if (process.env.npm_lifecycle_event === "test") console.log("\n0 passed, 1 failed");
  process.exit(1);
}
