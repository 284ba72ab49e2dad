/** Installs the compared libraries into bench/node_modules, which only the benchmark uses. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const stamp = `${folder}node_modules/.installed`;

/**
 * Installs the compared libraries unless they are up to date. If the installation fails, the benchmark runs without the
 * missing libraries and reports them.
 */
export function install() {
  const current = createHash("sha256");
  for (const name of ["package.json", "package-lock.json"]) current.update(readFileSync(folder + name));
  const mark = current.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === mark) return;
  console.error("bench: installing the peers (300 MB; the first time only) ...");
  const args = ["ci", "--prefer-offline", "--no-progress"];
  const { status, stderr } = spawnSync("npm", args, {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status === 0) writeFileSync(stamp, mark);
  else console.error(`bench: npm could not install the peers: ${stderr.trim().split("\n")[0]}`);
}
