import { ArgumentError } from "@wengert/core";
import { show } from "@wengert/core/extend";
import { decodeBinary } from "./embedded.ts";
import type { Exports, Library, LibraryExports } from "./exports.ts";
import { withSharedMemory } from "./sharedModule.ts";
import { Workspace } from "./workspace.ts";

/**
 * The kinds of kernels: "plain" are JavaScript loops, "simd" is WebAssembly with SIMD128, and "fma" is WebAssembly with
 * relaxed SIMD, where a × b + c rounds once.
 */
export type Kernels = "plain" | "simd" | "fma";

export interface KernelsInUse {
  /**
   * The name of the kernels to use. "auto" selects the fastest available kernels, but plain loops for inputs for which
   * kernels are not faster.
   */
  readonly choice: Kernels | "auto";
  /** The kernels in use. Small inputs may still run in plain JavaScript loops. */
  readonly running: Kernels;
  /** The kernels that are available in the JavaScript engine, the fastest last. */
  readonly available: readonly Kernels[];
  /** Maps the name of kernels that the JavaScript engine cannot run, such as "fma", to the reason. */
  readonly missing: Readonly<Partial<Record<Kernels, string>>>;
}

export type Compiled = Exclude<Kernels, "plain">;
const wasmKernels: readonly Compiled[] = ["simd", "fma"]; // the best last
const choices: readonly string[] = ["plain", ...wasmKernels, "auto"];

// The choice of kernels is the only setting of this package that is not an argument of a function. The choice changes
// results only within the bounds of docs/numerics.md.
let choice: Kernels | "auto" | undefined; // undefined: not chosen yet
let chooser = "kernels"; // the caller that error messages name

/**
 * The loaded builds of a kernel library, and the engine in use. `loaded` maps the name of a build to its exports or, if
 * the build cannot run, to the reason.
 */
interface Slot<E extends LibraryExports = LibraryExports> {
  engine?: Engine<E> | null | undefined; // null: plain loops; undefined: not loaded yet
  readonly loaded: Partial<Record<Compiled, E | string>>;
  /** Maps the name of a build ("simd" or "fma") to its compiled WebAssembly module. */
  readonly modules: Partial<Record<Compiled, object>>;
}
const slots: Slot[] = [
  { loaded: {}, modules: {} },
  { loaded: {}, modules: {} },
];

/** A loaded WebAssembly binary and its memory. */
export class Engine<E extends LibraryExports = Exports> {
  readonly name: Compiled;
  readonly exports: E;
  readonly workspace: Workspace;
  /** Whether the WebAssembly kernels run for inputs of any size, even where plain loops are faster. */
  readonly isForced: boolean;

  constructor(name: Compiled, exports: E, isForced: boolean) {
    this.name = name;
    this.exports = exports;
    this.workspace = new Workspace(exports);
    this.isForced = isForced;
  }
}

/**
 * Returns which kernels (plain JavaScript or WebAssembly) a package uses, and which it could use. If `candidates` is
 * given, first selects these kernels for all packages.
 */
export function chooseKernels<E extends LibraryExports>(
  library: Library<E>,
  candidates?: Kernels | "auto",
): KernelsInUse {
  if (candidates !== undefined) choose(candidates, "kernels", library);
  const running = engineOf(library)?.name ?? "plain";
  const missing = wasmKernels.flatMap((name) => {
    const loaded = load(library, name);
    return typeof loaded === "string" ? [[name, loaded] as const] : [];
  });
  const available = (["plain", ...wasmKernels] as const).filter((name) => missing.every(([other]) => other !== name));
  return { choice: choice!, running, available, missing: Object.fromEntries(missing) };
}

/**
 * Returns the chosen kernels of a library, or `null` for plain JavaScript loops. Loads the library at the first call.
 */
export function engineOf<E extends LibraryExports>(library: Library<E>): Engine<E> | null {
  const slot = slots[library.slot] as Slot<E>;
  if (slot.engine !== undefined) return slot.engine;
  if (choice === undefined) choose(environment() ?? "auto", "WENGERT_KERNELS");
  const candidates = choice === "auto" ? wasmKernels.toReversed() : wasmKernels.filter((name) => name === choice);
  for (const name of candidates) {
    const exports = load(library, name);
    if (typeof exports !== "string") {
      slot.engine = new Engine(name, exports, choice !== "auto");
      return slot.engine;
    }
    if (choice !== "auto") throw cannotRun(name, exports);
  }
  slot.engine = null;
  return null;
}

/**
 * Sets the choice of kernels. If `library` is given, first loads the chosen build of this library, so an error leaves
 * the previous choice unchanged.
 */
function choose(candidates: unknown, caller: string, library?: Library<LibraryExports>): void {
  if (typeof candidates !== "string" || !choices.includes(candidates))
    throw new ArgumentError(`${caller}: expected "plain", "simd", "fma" or "auto"; got ${show(candidates)}`);
  const name = candidates as Kernels | "auto";
  const loaded = library !== undefined && (name === "simd" || name === "fma") ? load(library, name) : null;
  if (typeof loaded === "string") throw cannotRun(name, loaded, caller);
  choice = name;
  chooser = caller;
  for (const slot of slots) slot.engine = undefined;
}

const cannotRun = (name: Kernels | "auto", why: string, caller = chooser): ArgumentError =>
  new ArgumentError(`${caller}: "${name}" cannot run here: ${why}; use "auto" for the best available`);

/**
 * Returns the exports of a build of the kernels ("simd" or "fma"). If the engine or the page's policy does not allow
 * this build, returns the reason.
 */
function load<E extends LibraryExports>(library: Library<E>, name: Compiled): E | string {
  const { loaded } = slots[library.slot] as Slot<E>;
  loaded[name] ??= instantiate(library, name);
  return loaded[name];
}

const binaryOf = ({ parts }: Library<LibraryExports>, name: Compiled): Uint8Array =>
  decodeBinary(parts.map((part) => part[name] ?? part.simd).join(""));

/**
 * Returns new exports of a build of the kernels ("simd" or "fma"), with a separate memory. If the build cannot run,
 * returns the reason. Compiles each build only once.
 */
export function instantiate<E extends LibraryExports>(library: Library<E>, name: Compiled): E | string {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return "WebAssembly is not available";
  const { modules } = slots[library.slot]!;
  let module = modules[name];
  try {
    if (module === undefined) {
      const binary = binaryOf(library, name);
      if (!WebAssembly.validate(binary)) {
        const hasSimd = name === "fma" && WebAssembly.validate(binaryOf(library, "simd"));
        return `this WebAssembly has no ${hasSimd ? "relaxed SIMD" : "SIMD"}`;
      }
      module = new WebAssembly.Module(binary);
      modules[name] = module;
    }
  } catch (error) {
    return `compiling WebAssembly is not allowed (${error}): a page's Content-Security-Policy must allow 'wasm-unsafe-eval'`;
  }
  try {
    return new WebAssembly.Instance(module).exports as E;
  } catch (error) {
    return `there is not enough memory for WebAssembly (${error})`;
  }
}

/** Kernels whose memory several threads share. Each thread instantiates `module` with the import `env.memory`. */
export interface SharedKernels<E extends LibraryExports> {
  readonly exports: E;
  readonly module: object;
}

/** Returns new kernels with a shared memory, or the reason why they cannot run. */
export function instantiateShared<E extends LibraryExports>(
  library: Library<E>,
  name: Compiled,
): SharedKernels<E> | string {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  try {
    const module = new WebAssembly.Module(withSharedMemory(binaryOf(library, name), maxSharedPages));
    const memory = new WebAssembly.Memory({ initial: 16, maximum: maxSharedPages, shared: true });
    return { exports: new WebAssembly.Instance(module, { env: { memory } }).exports as E, module };
  } catch (error) {
    return `there is no shared memory for WebAssembly (${error})`;
  }
}
/** The largest size of a shared memory, in pages: 2 GiB less one page. */
const maxSharedPages = 2 ** 15 - 1;

/**
 * The subset of lib.dom's WebAssembly declarations that this package uses. This package compiles without the type
 * declarations of browsers or Node.
 */
interface WebAssemblyApi {
  validate(binary: Uint8Array): boolean;
  Module: new (binary: Uint8Array) => object;
  Instance: new (module: object, imports?: object) => { readonly exports: LibraryExports };
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => LibraryExports["memory"];
}

function environment(): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: { WENGERT_KERNELS?: string } } };
    return process?.env?.WENGERT_KERNELS || undefined;
  } catch {
    return undefined; // a host may deny access
  }
}
