/** Packs the public packages as npm would publish them, and installs the tarballs without a registry. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** @param {string} path */
const json = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
const { packageManager } = json("package.json");

/** Packs every public package of the current build. @param {string} out an empty folder @returns {string[]} the tarballs */
export function pack(out) {
  const names = readdirSync(join(root, "packages")).filter((name) => !json(`packages/${name}/package.json`).private);
  const filters = names.flatMap((name) => ["--filter", `./packages/${name}`]);
  run("npx", ["--yes", packageManager, "--dir", root, "--recursive", ...filters, "pack", "--pack-destination", out]);
  return readdirSync(out).map((name) => join(out, name));
}

/**
 * Unpacks tarballs into node_modules of `folder`, and links their dependencies.
 * @param {readonly string[]} tarballs @param {string} folder
 */
export function unpack(tarballs, folder) {
  for (const tarball of tarballs) {
    const name = packageOf(tarball);
    const to = join(folder, "node_modules/@wengert", name);
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    run("tar", ["-xzf", tarball, "-C", to, "--strip-components=1"]);
    const { dependencies } = JSON.parse(readFileSync(join(to, "package.json"), "utf8"));
    for (const dependency of Object.keys(dependencies)) {
      if (dependency.startsWith("@wengert/")) continue;
      const link = join(folder, "node_modules", dependency);
      rmSync(link, { recursive: true, force: true });
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(realpathSync(join(root, "packages", name, "node_modules", dependency)), link, "junction");
    }
  }
}

/** Returns the package name, such as `core`, from the file name of its tarball. @param {string} tarball */
export const packageOf = (tarball) => /wengert-(\w+)-[^\\/]*$/.exec(tarball)?.[1] ?? "";

/**
 * Packs the public packages into a temporary folder, and unpacks them into node_modules of `folder`.
 * @param {string} folder
 */
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
  // Uses a shell on Windows, because npx is a batch file there.
  const shell = process.platform === "win32";
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", shell });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr || stdout}`);
}
