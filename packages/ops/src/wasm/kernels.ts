import { ArgumentError } from "@wengert/core";
import { show } from "@wengert/core/extend";
import { binaries } from "./binaries.ts";
import { decodeBinary } from "./embedded.ts";
import type { Exports } from "./exports.ts";
import { Workspace } from "./workspace.ts";

/** plain: loops in JavaScript. simd: WebAssembly with SIMD128. fma: with relaxed SIMD too, whose a × b + c rounds once. */
export type Kernels = "plain" | "simd" | "fma";

export interface KernelsInUse {
  /** What was asked for. auto: the best there is, and plain loops wherever these are as fast. */
  readonly choice: Kernels | "auto";
  /** What runs: the kernels for all inputs that are not too small for them. */
  readonly running: Kernels;
  /** What can be chosen here, the best last. */
  readonly available: readonly Kernels[];
  /** Why not the others. */
  readonly missing: Readonly<Partial<Record<Kernels, string>>>;
}

type Compiled = Exclude<Kernels, "plain">;
const wasmKernels: readonly Compiled[] = ["simd", "fma"]; // the best last
const choices: readonly string[] = ["plain", ...wasmKernels, "auto"];

// Which kernels run is the one setting of this package that is not an argument: results are the same within the bounds of
// docs/numerics.md, whatever it says.
let choice: Kernels | "auto" | undefined; // undefined: not asked for yet
let engine: Engine | null | undefined; // null: plain loops; undefined: nothing is loaded yet

/** A loaded binary with its memory. */
export class Engine {
  readonly name: Compiled;
  readonly exports: Exports;
  readonly workspace: Workspace;
  /** Whether to run whatever the size of the inputs. */
  readonly isForced: boolean;

  constructor(name: Compiled, exports: Exports, isForced: boolean) {
    this.name = name;
    this.exports = exports;
    this.workspace = new Workspace(exports);
    this.isForced = isForced;
  }
}

/**
 * Says which kernels are in use, and with an argument chooses them first; it holds for all ops from then on. The environment
 * variable WENGERT_KERNELS chooses those in use at the start; the default is "auto".
 * @throws ArgumentError for an unknown name, and for kernels that cannot run here; it says why.
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

/** The kernels in use, loaded at the first call; `null` for plain loops. */
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
    throw new ArgumentError(`${caller}: "${name}" cannot run here, for ${loaded}; "auto" takes the best that can`);
  choice = name;
  engine = undefined;
}

const loadCache = /* @__PURE__ */ new Map<Compiled, Exports | string>();

/** A binary ready to run, or why it cannot: the engine, or a page's policy, does not allow that. */
function load(name: Compiled): Exports | string {
  let loaded = loadCache.get(name);
  if (loaded === undefined) {
    loaded = instantiate(name);
    loadCache.set(name, loaded);
  }
  return loaded;
}

const binaryOf = (name: Compiled): Uint8Array => decodeBinary(binaries.map((part) => part[name]).join(""));

function instantiate(name: Compiled): Exports | string {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return "there is no WebAssembly";
  let module: object;
  try {
    const binary = binaryOf(name);
    if (!WebAssembly.validate(binary)) {
      const hasSimd = name === "fma" && WebAssembly.validate(binaryOf("simd"));
      return `this WebAssembly has no ${hasSimd ? "relaxed SIMD" : "SIMD"}`;
    }
    module = new WebAssembly.Module(binary);
  } catch (error) {
    return `WebAssembly may not be compiled (${error}): a page's Content-Security-Policy has to allow 'wasm-unsafe-eval'`;
  }
  try {
    return new WebAssembly.Instance(module).exports;
  } catch (error) {
    return `there is no memory for WebAssembly (${error})`;
  }
}

/** Of what lib.dom declares, the part that is used: this package is compiled without the types of any host. */
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
    return undefined; // a host may forbid to read it
  }
}
