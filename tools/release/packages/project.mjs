/** Installs the packages as users do: npm installs the tarballs into an empty project. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const cache = join(root, "node_modules/.cache/packages/npm");

/**
 * Creates an npm project, installs the tarballs, and copies the test programs of the folder consumer into it.
 * @param {string} folder @param {readonly string[]} tarballs
 */
export function makeProject(folder, tarballs) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  npm(folder, "install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs);
  cpSync(fileURLToPath(new URL("consumer", import.meta.url)), folder, { recursive: true });
}

/** @param {string} folder @param {readonly string[]} args @returns {string} npm's output */
export function npm(folder, ...args) {
  // Removes the environment variables npm_… that an outer npm process has set, except the registry.
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_(?!config_registry$)/i.test(name));
  const { status, stdout, stderr } = spawnSync("npm", [...args, "--cache", cache], {
    cwd: folder,
    env: Object.fromEntries(kept),
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stderr || stdout}`);
  return stdout;
}

/** @typedef {{ name: string, package: string, types: string, file: string }} Entry - `file` and `types` are relative to the project. */

/** Returns every entry point of the installed @wengert packages. @param {string} folder @returns {Entry[]} */
export function entriesOf(folder) {
  const scope = "node_modules/@wengert";
  return readdirSync(join(folder, scope)).flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(join(folder, scope, name, "package.json"), "utf8"));
    return Object.entries(exports).flatMap(([path, { types, default: file }]) =>
      types === undefined
        ? [] // package.json
        : {
            name: `@wengert/${name}${path.slice(1)}`,
            package: name,
            types: join(scope, name, types),
            file: join(scope, name, file),
          },
    );
  });
}

/**
 * Returns every folder below node_modules in which the package is installed.
 * @param {string} folder @param {string} name @returns {string[]}
 */
export function installations(folder, name) {
  return readdirSync(join(folder, "node_modules"), { recursive: true, encoding: "utf8" })
    .filter(
      (path) =>
        `/${path}`.replaceAll("\\", "/").endsWith(`node_modules/${name}/package.json`) ||
        path.replaceAll("\\", "/") === `${name}/package.json`,
    )
    .map((path) => dirname(path));
}

/** Runs a program in a folder and returns its output. @param {string} folder @param {readonly string[]} command @returns {string} */
export function output(folder, [program = "", ...args]) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: "utf8", maxBuffer: 1e9 });
  if (error) throw error;
  if (status !== 0) {
    const lines = `${stdout}\n${stderr}`.trim().split("\n").slice(0, 30);
    throw new Error(lines.map((line) => line.slice(0, 300)).join("\n")); // a minified bundle is one line
  }
  return stdout;
}
