// Stand-ins for koffi and for an MPI library, for tests without MPI.

import type { Koffi } from "../src/library.ts";

/**
 * The behavior of the simulated MPI library. By default, the library is MPICH with one rank, and is already
 * initialized.
 */
export interface FakeOptions {
  readonly version?: string;
  readonly initialized?: boolean;
  readonly finalized?: boolean;
  readonly size?: number;
  /** The names of the MPI functions that fail with error code 15. */
  readonly failing?: readonly string[];
  /** The names of the functions that are missing in the simulated library. */
  readonly missing?: readonly string[];
  /** The file names of the libraries that can be loaded. Default: all. */
  readonly exist?: readonly string[];
  /** A function that is called when the tested code loads a library. */
  readonly onLoad?: () => void;
}

/** A simulated koffi package that records the calls of C functions and the names of the loaded libraries. */
export interface FakeKoffi extends Koffi {
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  readonly loaded: readonly string[];
}

type Native = (...args: unknown[]) => unknown;

export function fakeKoffi(options: FakeOptions = {}): FakeKoffi {
  const {
    version = "MPICH Version:\t4.0.2\nMPICH ABI: 14",
    size = 1,
    failing = [],
    missing = [],
    exist,
    onLoad,
  } = options;
  let { initialized = true, finalized = false } = options;
  const calls: [string, ...unknown[]][] = [];
  const loaded: string[] = [];
  const setInt = (out: unknown, value: number) => {
    (out as Int32Array)[0] = value;
  };
  const setText = (bytes: unknown, length: unknown, text: string) => {
    const { written } = new TextEncoder().encodeInto(text, bytes as Uint8Array);
    setInt(length, written);
  };
  const functions: Readonly<Record<string, Native>> = {
    MPI_Get_library_version: (bytes, length) => setText(bytes, length, version),
    MPI_Error_string: (_code, bytes, length) => setText(bytes, length, "MPI_ERR_TRUNCATE:\n message truncated"),
    MPI_Initialized: (out) => setInt(out, initialized ? 1 : 0),
    MPI_Finalized: (out) => setInt(out, finalized ? 1 : 0),
    MPI_Comm_rank: (_world, out) => setInt(out, 0),
    MPI_Comm_size: (_world, out) => setInt(out, size),
    MPI_Init: () => {
      initialized = true;
    },
    MPI_Finalize: () => {
      finalized = true;
    },
  };
  const system: Readonly<Record<string, Native>> = {
    dlopen(name, flags) {
      calls.push(["dlopen", name, flags]);
      onLoad?.();
      return exist === undefined || exist.includes(String(name)) ? 1n : null;
    },
    dlerror: () => "cannot open shared object file",
  };
  return {
    calls,
    loaded,
    address: () => 4096n,
    load(path) {
      if (path !== null) loaded.push(path);
      return {
        symbol: (name) => name,
        func(name) {
          if (path === null) return system[name]!;
          if (missing.includes(name)) throw new Error(`Cannot find function '${name}' in shared library`);
          return (...args) => {
            calls.push([name, ...args]);
            functions[name]?.(...args);
            return failing.includes(name) ? 15 : 0;
          };
        },
      };
    },
  };
}

/**
 * Runs `body` with `koffi` in place of the npm package koffi. If `koffi` is an error, loading the package throws this
 * error.
 */
export function withKoffi<T>(koffi: Koffi | Error, body: () => T): T {
  const { getBuiltinModule } = process;
  const require = () => {
    if (koffi instanceof Error) throw koffi;
    return koffi;
  };
  try {
    Object.assign(process, { getBuiltinModule: () => ({ createRequire: () => require }) });
    return onPlatform("linux", body);
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
}

/** Runs `body` with another value of `process.platform`. */
export function onPlatform<T>(platform: string, body: () => T): T {
  const own = Object.getOwnPropertyDescriptor(process, "platform")!;
  try {
    Object.defineProperty(process, "platform", { ...own, value: platform });
    return body();
  } finally {
    Object.defineProperty(process, "platform", own);
  }
}

/** Runs `body` with other environment variables. */
export function withEnv<T>(variables: Readonly<Record<string, string>>, body: () => T): T {
  const { env } = process;
  try {
    process.env = { ...env, ...variables };
    return body();
  } finally {
    process.env = env;
  }
}
