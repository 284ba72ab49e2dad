import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { build, type Plugin, type Rollup } from "vite";
import { allExamples } from "./examples.ts";

const root = new URL("..", import.meta.url).pathname;
const framePath = `${root}/src/sandbox/frame.js`;

/** The scripts of the sandbox: the workers of the examples and of the exercises, and the one with the whole library. */
const entries: Readonly<Record<string, string>> = {
  "virtual:sandbox-worker": "worker",
  "virtual:sandbox-exercises": "exercisesWorker",
  "virtual:sandbox-whole": "wholeWorker",
};

/**
 * A Vite plugin that builds the sandbox. User programs run in a worker with an opaque origin, which cannot load files
 * from the page. The page therefore sends the worker's script as text (`virtual:sandbox-worker`) to an iframe, which
 * starts the worker. The iframe is the page sandbox.html, whose Content-Security-Policy allows only one script, by its
 * hash.
 */
export function sandbox(): Plugin {
  return {
    name: "sandbox",
    resolveId: (id) => (id in entries ? `\0${id}` : undefined),
    async load(id) {
      const entry = entries[id.slice(1)];
      if (entry === undefined) return undefined;
      const { code, modules } = await workerCode(entry);
      for (const path of modules) this.addWatchFile(path);
      // The library recognizes its own stack frames by file name. The worker's script therefore gets the file name of
      // an installed package.
      return `export default ${JSON.stringify(`${code}\n//# sourceURL=/@wengert/core/dist/sandbox.js`)};`;
    },
    buildStart() {
      this.addWatchFile(framePath);
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "sandbox.html", source: frame() });
    },
  };
}

// The minifier keeps the names of classes, because errors show their class name. The minifier shortens the names of
// functions, which would be 5 % of the script. worker.ts restores the names of exported functions.
const keepNames = { class: true, function: false } as const;
const minify = { mangle: { keepNames }, compress: { keepNames } } as const;

/**
 * Leaves out the WebAssembly kernels, which are 17 kB compressed. The library then runs plain loops, as it does for small
 * tensors in any case.
 */
const withoutKernels = (): Plugin => ({
  name: "without-kernels",
  load: (id) =>
    id.endsWith("/ops/src/wasm/binaries.ts")
      ? "export const binaries = []; export const randomBinaries = [];"
      : undefined,
});

const leftOut = /export (?:type )?\{([^}]*)\} from "\.\/(?:linalg|convolution)\/[^"]+";/g;

/**
 * Leaves out linear algebra and convolutions, an eighth of the script. The examples and the exercises do not use them, and the
 * reader's own programs run in the worker with the whole library.
 */
const withoutUnusedOps = (): Plugin => ({
  name: "without-unused-ops",
  load(id) {
    if (!/\/ops\/src\/(?:index|extend)\.ts$/.test(id)) return undefined;
    const source = readFileSync(id, "utf8");
    const names = [...source.matchAll(leftOut)].flatMap(
      ([, list]) => list!.replaceAll("type ", "").match(/\w+/g) ?? [],
    );
    const needed = allExamples().find(({ javascript }) => new RegExp(`\\.(?:${names.join("|")})\\b`).test(javascript));
    if (needed) throw new Error(`the example ${needed.name} uses an op that its worker leaves out; keep its folder`);
    return source.replaceAll(leftOut, "");
  },
});

async function workerCode(entry: string): Promise<{ code: string; modules: string[] }> {
  const { output } = (await build({
    configFile: false,
    root,
    logLevel: "warn",
    plugins: entry === "wholeWorker" ? [] : [withoutKernels(), withoutUnusedOps()],
    resolve: { conditions: ["@wengert/source", "module", "browser", "production"] },
    build: {
      write: false,
      target: "es2022",
      minify: "oxc",
      rolldownOptions: { input: `${root}/src/sandbox/${entry}.ts`, output: { format: "iife", minify } },
    },
  })) as Rollup.RollupOutput;
  const [{ code, moduleIds }] = output;
  return { code, modules: moduleIds.filter((path) => !path.startsWith("\0")) };
}

function frame(): string {
  const script = readFileSync(framePath, "utf8");
  const hash = createHash("sha256").update(script).digest("base64");
  // The Content-Security-Policy of sandbox.html, which its worker inherits: scripts may evaluate text but not load
  // anything.
  const policy = `default-src 'none'; script-src 'sha256-${hash}' blob: 'unsafe-eval' 'wasm-unsafe-eval'; worker-src blob:; connect-src 'none'`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8" /><meta http-equiv="Content-Security-Policy" content="${policy}" /><title>Sandbox</title></head><body><script>${script}</script></body></html>\n`;
}
