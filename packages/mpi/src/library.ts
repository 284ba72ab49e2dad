import type { Reducible, Reduction } from "@wengert/train";
import { type Abi, type ElementType, mpichAbi, openMpiAbi } from "./abi.ts";
import { MpiError } from "./errors.ts";

/**
 * The functions of an MPI library that this package calls, for the communicator MPI_COMM_WORLD, which contains all
 * processes. A function that has no other result returns an error code, which is 0 for success.
 */
export interface Library {
  /** The name or path from which the library was loaded. */
  readonly name: string;
  /** The first line of the library's version text, such as "Open MPI v4.1.4, package: Debian OpenMPI". */
  readonly version: string;
  initialized(): boolean;
  finalized(): boolean;
  init(): number;
  /**
   * Makes all later calls of MPI functions return an error code if they fail. By default, an error in an MPI function
   * ends all processes.
   */
  returnErrors(): number;
  rank(): number;
  size(): number;
  barrier(): number;
  broadcast(type: ElementType, array: Reducible, root: number): number;
  allreduce(type: ElementType, array: Reducible, op: Reduction): number;
  allgather(type: ElementType, own: Reducible, all: Reducible): number;
  finalize(): number;
  abort(code: number): void;
  /** Returns MPI's text for an error code. */
  errorText(code: number): string;
}

/** The functions of the npm package koffi, which calls C functions from JavaScript, that this file uses. */
export interface Koffi {
  load(path: string | null): KoffiLibrary;
  address(symbol: unknown): bigint;
}
interface KoffiLibrary {
  func(name: string, result: string, parameters: string[]): (...args: unknown[]) => unknown;
  symbol(name: string): unknown;
}

// The flags RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE of dlopen on Linux. With RTLD_GLOBAL, the plugins of Open MPI find the
// symbols of libmpi. With RTLD_NODELETE, libmpi stays in memory when koffi unloads it at the end of the process. Otherwise
// the process could crash, because libmpi has registered functions (atexit) that run after that.
const dlopenFlags = 0x2 | 0x100 | 0x1000;

const textBytes = 8192; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH; Open MPI needs 256

const pauseBeforeFinalize = 200; // ms; even on a busy machine, a rank returns from a barrier within this time

/**
 * Loads the first library of a list that exists on this machine.
 * @throws MpiError if none of the libraries exists, or if the loaded library is not an MPI library that this package
 * supports
 */
export function loadLibrary(caller: string, koffi: Koffi, names: readonly string[]): Library {
  const process = koffi.load(null);
  const dlopen = process.func("dlopen", "void *", ["str", "int"]);
  const dlerror = process.func("dlerror", "str", []);
  const problems: string[] = [];
  for (const name of names) {
    if (dlopen(name, dlopenFlags)) return functionsOf(caller, koffi, name);
    problems.push(String(dlerror()));
  }
  throw new MpiError(
    `${caller}: no MPI library can be loaded (${problems.join("; ")}); install Open MPI or MPICH, on Debian with apt install openmpi-bin or apt install mpich, or write { library: "/path/to/libmpi.so" }`,
  );
}

function functionsOf(caller: string, koffi: Koffi, name: string): Library {
  const library = koffi.load(name);
  const version = versionOf(caller, library, name);
  const abi = abiOf(caller, koffi, library, { name, version });
  const H = abi.handle;
  const declare = (name: string, ...parameters: string[]) =>
    library.func(name, "int", parameters) as (...args: unknown[]) => number;
  const init = declare("MPI_Init", "void *", "void *");
  const initialized = declare("MPI_Initialized", "void *");
  const finalized = declare("MPI_Finalized", "void *");
  const setHandler = declare("MPI_Comm_set_errhandler", H, H);
  const rank = declare("MPI_Comm_rank", H, "void *");
  const size = declare("MPI_Comm_size", H, "void *");
  const barrier = declare("MPI_Barrier", H);
  const broadcast = declare("MPI_Bcast", "void *", "int", H, "int", H);
  const allreduce = declare("MPI_Allreduce", "intptr_t", "void *", "int", H, H, H);
  const allgather = declare("MPI_Allgather", "void *", "int", H, "void *", "int", H, H);
  const finalize = declare("MPI_Finalize");
  const abort = declare("MPI_Abort", H, "int");
  const errorString = declare("MPI_Error_string", "int", "void *", "void *");

  /**
   * Calls a C function with the given arguments, and with the address of an int as the last argument. Returns the int
   * that the function writes to this address.
   */
  const readInt = (f: (...args: unknown[]) => number, ...args: unknown[]): number => {
    const result = new Int32Array(1);
    f(...args, result);
    return result[0]!;
  };
  const { world, types, operations, inPlace } = abi;
  return {
    name,
    version,
    initialized: () => readInt(initialized) !== 0,
    finalized: () => readInt(finalized) !== 0,
    init: () => init(null, null),
    returnErrors: () => setHandler(world, abi.errorsReturn),
    rank: () => readInt(rank, world),
    size: () => readInt(size, world),
    barrier: () => barrier(world),
    broadcast: (type, array, root) => broadcast(array, array.length, types[type], root, world),
    allreduce: (type, array, op) => allreduce(inPlace, array, array.length, types[type], operations[op], world),
    allgather: (type, own, all) => allgather(own, own.length, types[type], all, own.length, types[type], world),
    finalize() {
      if (abi !== mpichAbi) return finalize();
      const code = barrier(world);
      if (code !== 0) return code;
      pause();
      return finalize();
    },
    abort: (code) => void abort(world, code),
    errorText: (code) => readText((bytes, length) => errorString(code, bytes, length)).replaceAll(/\s*\n\s*/g, " "),
  };
}

/**
 * Gives all ranks time to return from their last barrier before any rank calls MPI_Finalize. Without this pause,
 * MPI_Finalize of MPICH sometimes waits forever if the hosts are connected by Ethernet. In MPI_Finalize, every rank
 * sends a request to every other rank, and leaves MPI when it has received all answers. Without the pause, rank 1 can
 * answer rank 0 while rank 1 is still in its last barrier. Rank 0 then leaves MPI before rank 1 sends its own request,
 * and rank 1 waits forever for the answer.
 */
const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseBeforeFinalize);

function readText(f: (bytes: Uint8Array, length: Int32Array) => unknown): string {
  const [bytes, length] = [new Uint8Array(textBytes), new Int32Array(1)];
  f(bytes, length);
  return new TextDecoder().decode(bytes.subarray(0, length[0])).replace(/\0.*$/s, "");
}

/**
 * Returns the first line of a library's version text, such as "Open MPI v4.1.4, package: Debian OpenMPI".
 * @throws MpiError unless the library is an MPI library
 */
function versionOf(caller: string, library: KoffiLibrary, name: string): string {
  try {
    const describe = library.func("MPI_Get_library_version", "int", ["void *", "void *"]);
    const [line = ""] = readText(describe).split("\n");
    return line.replaceAll(/\s+/g, " ").trim();
  } catch (cause) {
    throw new MpiError(
      `${caller}: ${name} is not an MPI library, because it has no function MPI_Get_library_version; pass the path of libmpi.so or libmpich.so`,
      { cause },
    );
  }
}

function abiOf(
  caller: string,
  koffi: Koffi,
  library: KoffiLibrary,
  { name, version }: { readonly name: string; readonly version: string },
): Abi {
  if (version.startsWith("Open MPI")) return openMpiAbi((symbol) => koffi.address(library.symbol(symbol)));
  if (/^(MPICH|Intel\(R\) MPI|MVAPICH|CRAY MPICH)/i.test(version)) return mpichAbi;
  throw new MpiError(
    `${caller}: ${name} must be Open MPI or a library with the ABI of MPICH, got "${version}"; pass the path of one of them`,
  );
}
