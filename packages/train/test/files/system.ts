import type { FileHandle } from "node:fs/promises";

type Fs = typeof import("node:fs/promises");

/** What goes wrong: codes of errors, or the most bytes that there is memory for at once. */
export interface Faults {
  /** As a disk that is full, or broken, after so many bytes. */
  readonly write?: { readonly code: string; readonly after: number };
  readonly sync?: string;
  readonly syncFolder?: string;
  readonly rename?: string;
  readonly read?: string;
  readonly memory?: number;
  /** The most bytes that are read or written at once, as a system may choose. */
  readonly atOnce?: number;
}

/** An error as the system's calls throw it. */
const failure = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${code}: simulated, ${syscall}`), { code, syscall });

/** What `body` comes to on a system with faults: files are opened as ever, and then fail. */
export async function onSystem<T>(faults: Faults, body: () => T): Promise<Awaited<T>> {
  const { getBuiltinModule } = process;
  const { Uint8Array: Bytes } = globalThis;
  const fs = getBuiltinModule("node:fs/promises");
  const faulty = { ...fs, open: async (...args: Parameters<Fs["open"]>) => faultyFile(await fs.open(...args), faults) };
  if (faults.rename) faulty.rename = async () => Promise.reject(failure(faults.rename!, "rename"));
  try {
    Object.assign(process, {
      getBuiltinModule: (name: string) => (name === "node:fs/promises" ? faulty : getBuiltinModule(name)),
    });
    if (faults.memory !== undefined)
      globalThis.Uint8Array = new Proxy(Bytes, {
        construct(Kind, args, target) {
          if (Number(args[0]) > faults.memory!) throw new RangeError("Array buffer allocation failed");
          return Reflect.construct(Kind, args, target) as object;
        },
      });
    return await body();
  } finally {
    Object.assign(process, { getBuiltinModule });
    globalThis.Uint8Array = Bytes;
  }
}

async function faultyFile(file: FileHandle, faults: Faults): Promise<FileHandle> {
  const isFolder = (await file.stat()).isDirectory();
  let written = 0;
  const instead: Record<string, unknown> = {
    async write(bytes: Uint8Array, at: number, length: number) {
      const { code, after = Number.POSITIVE_INFINITY } = faults.write ?? {};
      const most = Math.min(length, after - written, faults.atOnce ?? length);
      if (most <= 0) throw failure(code!, "write");
      written += most;
      return file.write(bytes, at, most);
    },
    async sync() {
      const code = isFolder ? faults.syncFolder : faults.sync;
      if (code) throw failure(code, "fsync");
      return file.sync();
    },
    async read(bytes: Uint8Array, at: number, length: number, place: number) {
      if (faults.read === "short") return { bytesRead: 0 };
      if (faults.read) throw failure(faults.read, "read");
      return file.read(bytes, at, Math.min(length, faults.atOnce ?? length), place);
    },
  };
  return new Proxy(file, {
    get(_, name: string) {
      if (name in instead) return instead[name];
      const value = (file as unknown as Record<string, unknown>)[name];
      return typeof value === "function" ? value.bind(file) : value;
    },
  });
}
