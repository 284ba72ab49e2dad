/**
 * Compiles the WebAssembly kernels of packages/ops/kernels, and embeds them in packages/ops/src/wasm/binaries.ts, which is
 * build output. Does nothing if binaries.ts is up to date.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const home = "packages/ops";
const sources = `${home}/kernels`;
const output = `${home}/src/wasm/binaries.ts`;
const compiler = `${home}/node_modules/assemblyscript`;
const flags = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--initialMemory", "16", "--enable", "simd"];
const builds = { simd: flags, fma: [...flags, "--enable", "relaxed-simd"] };

/** Compiles the WebAssembly kernels if their sources have changed. @throws Error with the compiler's message */
export function buildKernels() {
  const mark = `// ${fingerprint()}`;
  if (existsSync(output) && readFileSync(output, "utf8").startsWith(mark)) return;
  const folder = mkdtempSync(join(tmpdir(), "kernels-"));
  try {
    const texts = Object.entries(builds).map(([name, options]) => {
      const binary = join(folder, `${name}.wasm`);
      const args = [`${compiler}/bin/asc.js`, `${sources}/index.ts`, "-o", binary, ...options];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`the kernels do not compile:\n${stderr}`);
      return /** @type {const} */ ([name, text(readFileSync(binary))]);
    });
    const from = "// Written by tools/setup/kernels.mjs from the files in kernels/.";
    // The binaries are written as an array, because a bundler would copy a string to each of its uses. The two builds,
    // which are similar, are interleaved, because gzip finds repetitions only within 32 kB.
    const declaration = `export const binaries: readonly { readonly ${Object.keys(builds).join(": string; readonly ")}: string }[] = [`;
    const lines = [mark, from, declaration];
    for (let at = 0; texts.some(([, text]) => at < text.length); at += 8000)
      lines.push(`  { ${texts.map(([name, text]) => `${name}: "${text.slice(at, at + 8000)}"`).join(", ")} },`);
    writeFileSync(output, [...lines, "];", ""].join("\n"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Encodes bytes as text, in the format that packages/ops/src/wasm/embedded.ts decodes. @param {Uint8Array} bytes */
function text(bytes) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return Array.from(bytes, (byte) => `${["", "-", ".", "_"][byte >> 6]}${digits[byte & 63]}`).join("");
}

function fingerprint() {
  const hash = createHash("sha256").update(JSON.stringify(builds));
  hash.update(readFileSync(`${compiler}/package.json`)).update(`${buildKernels}${text}`);
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(`${sources}/${name}`));
  return hash.digest("hex");
}
