/**
 * Installs missing npm packages and builds the TypeScript projects. Does nothing if both are up to date.
 *
 *   node tools/setup/setup.mjs [project...]   builds these projects and their references; by default all projects
 *
 * This script needs only Node and npm. pnpm runs through npx, in the version that package.json names.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildKernels } from "./kernels.mjs";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
const { engines, packageManager } = manifest(".");
const stamp = "node_modules/.installed";
const tsc = "node_modules/typescript/bin/tsc";

checkNode();
install();
build(process.argv.slice(2));

function checkNode() {
  const [wanted, have] = [engines.node, process.versions.node].map((text) => text.match(/\d+(\.\d+)?/)[0].split("."));
  const difference = Number(have[0]) - Number(wanted[0]) || Number(have[1]) - Number(wanted[1] ?? 0);
  if (difference < 0) {
    fail(
      `Wengert needs Node ${wanted.join(".")} or newer, got ${process.versions.node}; install a newer Node (nodejs.org).`,
    );
  }
}

function install() {
  const first = !existsSync(stamp);
  if (!first && readFileSync(stamp, "utf8") === fingerprint() && isComplete()) return;

  const time = first ? " (a few seconds to a minute the first time; needs the network)" : "";
  say(`installing packages with ${packageManager}${time}`);
  installAll();
  if (!isComplete()) {
    // pnpm does not detect deleted files in an installed package, because it checks only whether the package's folder
    // exists.
    for (const folder of folders()) rmSync(`${folder}/node_modules`, { recursive: true, force: true });
    installAll();
  }
  writeFileSync(stamp, fingerprint()); // written last, so an interrupted install runs again
}

function installAll() {
  const pnpm = ["--yes", packageManager, "install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"];
  const { status, output } = npx(pnpm);
  if (status !== 0) explainFailure(output);
}

/** Returns a hash of the lockfile and the dependencies. The packages are installed again if the hash changes. */
function fingerprint() {
  const hash = createHash("sha256").update(process.platform + process.arch + packageManager);
  for (const path of ["pnpm-workspace.yaml", "pnpm-lock.yaml"]) hash.update(readFileSync(path));
  for (const folder of folders()) {
    const { name, dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest(folder);
    hash.update(JSON.stringify({ name, dependencies, devDependencies, optionalDependencies, peerDependencies }));
  }
  const store = "node_modules/.pnpm"; // all packages, including transitive dependencies
  return hash.update(`${existsSync(store) ? readdirSync(store).length : 0}`).digest("hex");
}

/**
 * Returns whether every dependency in every package.json is installed. This check also detects packages that were deleted
 * by hand.
 */
function isComplete() {
  if (!existsSync(tsc)) return false;
  return folders().every((folder) => {
    const { dependencies, devDependencies } = manifest(folder);
    const names = Object.keys({ ...dependencies, ...devDependencies });
    return names.every((name) => existsSync(`${folder}/node_modules/${name}/package.json`));
  });
}

/** Explains a failed installation in one sentence if the cause is known. Otherwise prints pnpm's output. */
function explainFailure(/** @type {string} */ output) {
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
    fail(`a package.json was edited; run \`npx --yes ${packageManager} install\`, which updates pnpm-lock.yaml.`);
  }
  if (/ENOSPC/.test(output))
    fail("the disk is full; free some space (the packages take 300 MB), then run the command again.");
  if (/EACCES|EPERM|EROFS/.test(output)) {
    const path = output.match(/(?:EACCES|EPERM|EROFS)[^\n]*?'([^']+)'/)?.[1];
    fail(`${path ? dirname(path) : "a folder"} is not writable; change its owner (chown), then run the command again.`);
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|CERT|ERR_SOCKET|META_FETCH_FAIL|FETCH_\d|npm error code E\d/.test(
      output,
    )
  ) {
    fail("the package registry did not answer; check `npm ping` (network, proxy), then run the command again.");
  }
  console.error(output.trimEnd().split("\n").slice(-20).join("\n"));
  fail("the packages could not be installed, for the reason above; fix it, then run the command again.");
}

function build(/** @type {string[]} */ projects) {
  if (!existsSync("packages/core/dist")) say("building with asc and tsc -b (about 5 s the first time)");
  try {
    buildKernels();
  } catch (error) {
    fail(/** @type {Error} */ (error).message);
  }
  const { status, signal } = spawnSync(process.execPath, [tsc, "-b", ...projects], { stdio: "inherit" });
  if (signal) fail(`the build was stopped (${signal}).`);
  if (status !== 0) fail("the type check found the errors above.");
}

/** Returns the folders with a package.json: the root and every package. */
function folders() {
  const packages = readdirSync("packages").map((name) => `packages/${name}`);
  return [".", ...packages.filter((folder) => existsSync(`${folder}/package.json`))];
}

function manifest(/** @type {string} */ folder) {
  return JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
}

function npx(/** @type {string[]} */ args) {
  const shell = process.platform === "win32"; // on Windows npx is a script, which needs a shell
  /** @type {NodeJS.ProcessEnv} */
  const env = {
    ...process.env,
    npm_config_prefer_offline: "true", // reuse cached packages
    npm_config_fetch_retry_mintimeout: "1000", // without a network npm would retry silently for 70 s; this makes it 6 s
    npm_config_fetch_retry_maxtimeout: "5000",
  };
  if (env.HOME === "") delete env.HOME; // pnpm fails if HOME is empty, but finds the home folder if it is unset
  const { error, status, signal, stdout, stderr } = spawnSync("npx", args, {
    shell,
    env,
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  if (error) fail(`npx cannot be started (${error.message}); install it with Node (nodejs.org).`);
  if (signal) fail(`the install was stopped (${signal}); run the command again.`);
  return { status, output: `${stdout}\n${stderr}` };
}

function say(/** @type {string} */ message) {
  console.log(`setup: ${message} ...`);
}

/** @type {(message: string) => never} */
function fail(message) {
  console.error(`\nsetup: ${message}`);
  if (process.env.npm_lifecycle_event === "pretest") console.log("\n0 passed, 1 failed");
  process.exit(1);
}
