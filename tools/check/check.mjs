/** Lint and format check, that the lockfile names no registry, and that the API is the pinned one. Types have been checked: tools/setup/setup.mjs. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const biome = ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."];
if (spawnSync(process.execPath, biome, { stdio: "inherit" }).status !== 0) {
  fail("`npm run fix` repairs most of what is listed above; the rest needs a hand.");
}
const ofPnpm = ["", "tools/longrun/mutants/", "tools/release/packages/"].map((folder) => `${folder}pnpm-lock.yaml`);
for (const lockfile of [...ofPnpm, "bench/package-lock.json"]) {
  if (/https?:/.test(readFileSync(lockfile, "utf8"))) {
    fail(
      `${lockfile} holds a URL: it must install from any registry. Delete the \`tarball:\`, \`resolved\` and \`funding\` entries.`,
    );
  }
}

if (spawnSync(process.execPath, ["tools/check/api.mjs", "--check"], { stdio: "inherit" }).status !== 0) {
  fail("the API has changed, as is said above.");
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`check: ${message}`);
  if (process.env.npm_lifecycle_event === "test") console.log("\n0 passed, 1 failed");
  process.exit(1);
}
