import { ArgumentError, show } from "@wengert/core";
import { fma, simd } from "./binaries.ts";
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
}

const names: readonly string[] = ["plain", "simd", "fma", "auto"];

// Which kernels run is the one setting of this package that is not an argument: results are the same within the bounds of
// docs/numerics.md, whatever it says.
let choice: Kernels | "auto" | undefined; // undefined: not asked for yet
let engine: Engine | null | undefined; // null: plain loops; undefined: nothing is loaded yet

/** A loaded binary with its memory. */
export class Engine {
  readonly name: Kernels;
  readonly exports: Exports;
  readonly workspace: Workspace;
  /** Whether to run whatever the size of the inputs. */
  readonly isForced: boolean;

  constructor(name: Kernels, exports: Exports, isForced: boolean) {
    this.name = name;
    this.exports = exports;
    this.workspace = new Workspace(exports);
    this.isForced = isForced;
  }
}

/**
 * Says which kernels are in use, and with an argument chooses them first; it holds for all ops from then on. The environment
 * variable WENGERT_KERNELS chooses those in use at the start; the default is "auto".
 * @throws ArgumentError for a name that is none, and for what this JavaScript engine, or the page's policy, does not have.
 */
export function kernels(wanted?: Kernels | "auto"): KernelsInUse {
  if (wanted !== undefined) choose("kernels", wanted);
  const running = inUse()?.name ?? "plain";
  return { choice: choice!, running, available: ["plain", ...(["simd", "fma"] as const).filter(instance)] };
}

/** The kernels in use, loaded at the first call; `null` for plain loops. */
export function inUse(): Engine | null {
  if (engine !== undefined) return engine;
  if (choice === undefined) choose("WENGERT_KERNELS", environment() ?? "auto");
  const wanted: readonly Kernels[] = choice === "auto" ? ["fma", "simd"] : [choice!];
  const name = wanted.find(instance);
  const exports = name === undefined ? null : instance(name);
  engine = exports && new Engine(name!, exports, choice !== "auto");
  return engine;
}

function choose(who: string, wanted: unknown): void {
  if (typeof wanted !== "string" || !names.includes(wanted))
    throw new ArgumentError(`${who}: kernels are "plain", "simd", "fma" or "auto"; got ${show(wanted)}`);
  const name = wanted as Kernels | "auto";
  if ((name === "simd" || name === "fma") && instance(name) === null) {
    const missing = name === "fma" && instance("simd") ? "relaxed SIMD" : "WebAssembly with SIMD";
    throw new ArgumentError(`${who}: there is no ${missing} here; "auto" takes the best there is`);
  }
  choice = name;
  engine = undefined;
}

const instances = /* @__PURE__ */ new Map<Kernels, Exports | null>([["plain", null]]);

/** A binary ready to run; `null` where the engine, or a page's policy, does not allow that. */
function instance(name: Kernels): Exports | null {
  let exports = instances.get(name);
  if (exports === undefined) {
    exports = name === "plain" ? null : instantiated(name === "simd" ? simd : fma);
    instances.set(name, exports);
  }
  return exports;
}

function instantiated(base64: string): Exports | null {
  try {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
    const binary = decoded(base64);
    if (!WebAssembly.validate(binary)) return null;
    return new WebAssembly.Instance(new WebAssembly.Module(binary)).exports;
  } catch {
    return null;
  }
}

/** Of what lib.dom declares, the part that is used: this package is compiled without the types of any host. */
interface WebAssemblyApi {
  validate(binary: Uint8Array): boolean;
  Module: new (binary: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: Exports };
}

function environment(): string | undefined {
  const { process } = globalThis as { process?: { env?: { WENGERT_KERNELS?: string } } };
  return process?.env?.WENGERT_KERNELS || undefined;
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes that a string in base64 stands for. (`atob` is the host's, and not every one has it.) */
function decoded(base64: string): Uint8Array {
  const bytes = new Uint8Array((base64.replace(/=+$/, "").length * 3) >> 2);
  let [bits, count, o] = [0, 0, 0];
  for (let i = 0; o < bytes.length; i++) {
    bits = (bits << 6) | digits.indexOf(base64[i]!);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[o++] = bits >> count;
  }
  return bytes;
}
