/** Packs public packages as they would be published, and installs them into a folder without a registry. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
/** @param {string} path */
const json = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
const { packageManager } = json("package.json");

/** Packs every public package of what is built. @param {string} out an empty folder @returns {string[]} the tarballs */
export function pack(out) {
  for (const name of readdirSync(join(root, "packages"))) {
    if (json(`packages/${name}/package.json`).private) continue;
    run("npx", ["--yes", packageManager, "--dir", join(root, "packages", name), "pack", "--pack-destination", out]);
  }
  return readdirSync(out).map((name) => join(out, name));
}

/** Unpacks core, ops and train into `folder`/node_modules, with what they depend on. @param {readonly string[]} tarballs @param {string} folder */
export function unpack(tarballs, folder) {
  for (const name of ["core", "ops", "train"]) {
    const to = join(folder, "node_modules/@wengert", name);
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    const tarball = tarballs.find((path) => path.includes(`wengert-${name}-`)) ?? `no tarball of ${name}`;
    run("tar", ["-xzf", tarball, "-C", to, "--strip-components=1"]);
  }
  for (const name of ["ndarray", "iota-array", "is-buffer"])
    cpSync(dependency(name), join(folder, "node_modules", name), { recursive: true, dereference: true });
}

/** Both, by way of a folder that is gone afterwards. @param {string} folder */
export function installInto(folder) {
  const out = mkdtempSync(join(tmpdir(), "wengert-pack-"));
  try {
    unpack(pack(out), folder);
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  // on Windows only a shell finds npx
  const shell = process.platform === "win32";
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", shell });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr || stdout}`);
}

/** The folder of a dependency of core's, or of one of these. @param {string} name */
function dependency(name) {
  const ofCore = createRequire(join(root, "packages/core/package.json"));
  const ofNdarray = createRequire(ofCore.resolve("ndarray"));
  return dirname((name === "ndarray" ? ofCore : ofNdarray).resolve(`${name}/package.json`));
}
