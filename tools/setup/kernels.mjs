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
const flags = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--enable", "simd"];
/** The arrays that binaries.ts exports. The kernels of random numbers use no FMA, so they have one build. */
const libraries = {
  binaries: {
    source: "index.ts",
    builds: {
      simd: [...flags, "--initialMemory", "16"],
      fma: [...flags, "--initialMemory", "16", "--enable", "relaxed-simd"],
    },
  },
  randomBinaries: { source: "random.ts", builds: { simd: [...flags, "--initialMemory", "1"] } },
};

/** Compiles the WebAssembly kernels if their sources have changed. @throws Error with the compiler's message */
export function buildKernels() {
  const mark = `// ${fingerprint()}`;
  if (existsSync(output) && readFileSync(output, "utf8").startsWith(mark)) return;
  const folder = mkdtempSync(join(tmpdir(), "kernels-"));
  try {
    const lines = [mark, "// Written by tools/setup/kernels.mjs from the files in kernels/."];
    for (const [name, { source, builds }] of Object.entries(libraries)) {
      const texts = Object.entries(builds).map(
        ([build, options]) => /** @type {const} */ ([build, text(compiled(source, options, folder))]),
      );
      // The binaries are written as elements of an array, because a bundler would inline a string constant at each use.
      // The two builds, which are similar, are interleaved, because gzip finds repetitions only within 32 kB.
      const fields = Object.keys(builds).join(": string; readonly ");
      lines.push(`export const ${name}: readonly { readonly ${fields}: string }[] = [`);
      for (let at = 0; texts.some(([, text]) => at < text.length); at += 8000)
        lines.push(`  { ${texts.map(([build, text]) => `${build}: "${text.slice(at, at + 8000)}"`).join(", ")} },`);
      lines.push("];");
    }
    writeFileSync(output, [...lines, ""].join("\n"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles a file of kernels. @param {string} source @param {readonly string[]} options @param {string} folder for output */
function compiled(source, options, folder) {
  const binary = join(folder, "kernels.wasm");
  const args = [`${compiler}/bin/asc.js`, `${sources}/${source}`, "-o", binary, ...options];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the kernels do not compile:\n${stderr}`);
  return readFileSync(binary);
}

/** Encodes bytes as text, in the format that packages/ops/src/wasm/embedded.ts decodes. @param {Uint8Array} bytes */
function text(bytes) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return Array.from(bytes, (byte) => `${["", "-", ".", "_"][byte >> 6]}${digits[byte & 63]}`).join("");
}

function fingerprint() {
  const hash = createHash("sha256").update(JSON.stringify(libraries));
  hash.update(readFileSync(`${compiler}/package.json`)).update(`${buildKernels}${compiled}${text}`);
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(`${sources}/${name}`));
  return hash.digest("hex");
}
