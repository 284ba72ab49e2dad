import { ArgumentError } from "@wengert/core";
import { show } from "@wengert/core/extend";
import { binaries } from "./binaries.ts";
import { decodeBinary } from "./embedded.ts";
import type { Exports } from "./exports.ts";
import { Workspace } from "./workspace.ts";

/**
 * The kinds of kernels: "plain" are JavaScript loops, "simd" is WebAssembly with SIMD128, and "fma" is WebAssembly with
 * relaxed SIMD, where a × b + c rounds once.
 */
export type Kernels = "plain" | "simd" | "fma";

export interface KernelsInUse {
  /** The requested kernels. "auto" means the fastest available kernels, and plain loops where these are as fast. */
  readonly choice: Kernels | "auto";
  /** The kernels in use. Small inputs may still run in plain JavaScript loops. */
  readonly running: Kernels;
  /** The kernels that are available in the JavaScript engine, the fastest last. */
  readonly available: readonly Kernels[];
  /** For each kind of kernels that is not available, the reason why it cannot run. */
  readonly missing: Readonly<Partial<Record<Kernels, string>>>;
}

type Compiled = Exclude<Kernels, "plain">;
const wasmKernels: readonly Compiled[] = ["simd", "fma"]; // the best last
const choices: readonly string[] = ["plain", ...wasmKernels, "auto"];

// The choice of kernels is the only setting of this package that is not an argument of a function. The choice changes
// results only within the bounds of docs/numerics.md.
let choice: Kernels | "auto" | undefined; // undefined: not chosen yet
let engine: Engine | null | undefined; // null: plain loops; undefined: not loaded yet

/** A loaded WebAssembly binary and its memory. */
export class Engine {
  readonly name: Compiled;
  readonly exports: Exports;
  readonly workspace: Workspace;
  /** Whether the WebAssembly kernels run for inputs of any size, even where plain loops are faster. */
  readonly isForced: boolean;

  constructor(name: Compiled, exports: Exports, isForced: boolean) {
    this.name = name;
    this.exports = exports;
    this.workspace = new Workspace(exports);
    this.isForced = isForced;
  }
}

/**
 * Returns the kernels in use. With an argument, first chooses the kernels for all later ops. The environment variable
 * WENGERT_KERNELS sets the initial choice; its default is "auto".
 * @throws ArgumentError if the name is unknown or the kernels cannot run here; the message says why
 */
export function kernels(candidates?: Kernels | "auto"): KernelsInUse {
  if (candidates !== undefined) choose("kernels", candidates);
  const running = currentEngine()?.name ?? "plain";
  const missing = wasmKernels.flatMap((name) => {
    const loaded = load(name);
    return typeof loaded === "string" ? [[name, loaded] as const] : [];
  });
  const available = (["plain", ...wasmKernels] as const).filter((name) => missing.every(([other]) => other !== name));
  return { choice: choice!, running, available, missing: Object.fromEntries(missing) };
}

/** Returns the kernels in use, or `null` for plain JavaScript loops. Loads the kernels at the first call. */
export function currentEngine(): Engine | null {
  if (engine !== undefined) return engine;
  if (choice === undefined) choose("WENGERT_KERNELS", environment() ?? "auto");
  const candidates = choice === "auto" ? wasmKernels.toReversed() : wasmKernels.filter((name) => name === choice);
  engine = null;
  for (const name of candidates) {
    const exports = load(name);
    if (typeof exports === "string") continue;
    engine = new Engine(name, exports, choice !== "auto");
    break;
  }
  return engine;
}

function choose(caller: string, candidates: unknown): void {
  if (typeof candidates !== "string" || !choices.includes(candidates))
    throw new ArgumentError(`${caller}: expected "plain", "simd", "fma" or "auto"; got ${show(candidates)}`);
  const name = candidates as Kernels | "auto";
  const loaded = name === "simd" || name === "fma" ? load(name) : null;
  if (typeof loaded === "string")
    throw new ArgumentError(`${caller}: "${name}" cannot run here: ${loaded}; use "auto" for the best available`);
  choice = name;
  engine = undefined;
}

const loadCache = /* @__PURE__ */ new Map<Compiled, Exports | string>();

/**
 * Returns the exports of a WebAssembly binary, or the reason why the engine or the page's policy does not allow the
 * binary.
 */
function load(name: Compiled): Exports | string {
  let loaded = loadCache.get(name);
  if (loaded === undefined) {
    loaded = instantiate(name);
    loadCache.set(name, loaded);
  }
  return loaded;
}

const binaryOf = (name: Compiled): Uint8Array => decodeBinary(binaries.map((part) => part[name]).join(""));

const modules = /* @__PURE__ */ new Map<Compiled, object>();

/** Returns new exports of a binary, with a separate memory, or the reason why there are none. Compiles the binary once. */
export function instantiate(name: Compiled): Exports | string {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return "WebAssembly is not available";
  let module = modules.get(name);
  try {
    if (module === undefined) {
      const binary = binaryOf(name);
      if (!WebAssembly.validate(binary)) {
        const hasSimd = name === "fma" && WebAssembly.validate(binaryOf("simd"));
        return `this WebAssembly has no ${hasSimd ? "relaxed SIMD" : "SIMD"}`;
      }
      module = new WebAssembly.Module(binary);
      modules.set(name, module);
    }
  } catch (error) {
    return `compiling WebAssembly is not allowed (${error}): a page's Content-Security-Policy must allow 'wasm-unsafe-eval'`;
  }
  try {
    return new WebAssembly.Instance(module).exports;
  } catch (error) {
    return `there is not enough memory for WebAssembly (${error})`;
  }
}

/**
 * The subset of lib.dom's WebAssembly declarations that this package uses. This package compiles without the type
 * declarations of browsers or Node.
 */
interface WebAssemblyApi {
  validate(binary: Uint8Array): boolean;
  Module: new (binary: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: Exports };
}

function environment(): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: { WENGERT_KERNELS?: string } } };
    return process?.env?.WENGERT_KERNELS || undefined;
  } catch {
    return undefined; // a host may deny access
  }
}
