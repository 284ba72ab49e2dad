import type { FileHandle } from "node:fs/promises";

type Fs = typeof import("node:fs/promises");

/** The simulated faults: error codes of system calls, and the largest possible allocation in bytes. */
export interface Faults {
  /** The number of bytes after which writing to the disk fails. */
  readonly write?: { readonly code: string; readonly after: number };
  readonly sync?: string;
  readonly syncFolder?: string;
  readonly rename?: string;
  readonly read?: string;
  readonly memory?: number;
  /** The maximum number of bytes that one system call reads or writes. */
  readonly maxTransfer?: number;
}

/** Returns an error like the errors that Node throws for failed system calls. */
const systemError = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${code}: simulated, ${syscall}`), { code, syscall });

/** Runs `body` while the file system fails. Opening files succeeds; later calls on the open file fail. */
export async function onSystem<T>(faults: Faults, body: () => T): Promise<Awaited<T>> {
  const { getBuiltinModule } = process;
  const { Uint8Array: Bytes } = globalThis;
  const fs = getBuiltinModule("node:fs/promises");
  const faulty = { ...fs, open: async (...args: Parameters<Fs["open"]>) => faultyFile(await fs.open(...args), faults) };
  if (faults.rename) faulty.rename = async () => Promise.reject(systemError(faults.rename!, "rename"));
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
  const overrides: Record<string, unknown> = {
    async write(bytes: Uint8Array, at: number, length: number) {
      const { code, after = Number.POSITIVE_INFINITY } = faults.write ?? {};
      const allowed = Math.min(length, after - written, faults.maxTransfer ?? length);
      if (allowed <= 0) throw systemError(code!, "write");
      written += allowed;
      return file.write(bytes, at, allowed);
    },
    async sync() {
      const code = isFolder ? faults.syncFolder : faults.sync;
      if (code) throw systemError(code, "fsync");
      return file.sync();
    },
    async read(bytes: Uint8Array, at: number, length: number, place: number) {
      if (faults.read === "short") return { bytesRead: 0 };
      if (faults.read) throw systemError(faults.read, "read");
      return file.read(bytes, at, Math.min(length, faults.maxTransfer ?? length), place);
    },
  };
  return new Proxy(file, {
    get(_, name: string) {
      if (name in overrides) return overrides[name];
      const value = (file as unknown as Record<string, unknown>)[name];
      return typeof value === "function" ? value.bind(file) : value;
    },
  });
}
