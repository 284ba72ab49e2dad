import { ArgumentError } from "@wengert/core";
import { show, withDefaults } from "@wengert/core/extend";
import { communicatorOf, type Mpi } from "./communicator.ts";
import { MpiError } from "./errors.ts";
import { type Koffi, type Library, loadLibrary } from "./library.ts";

export interface MpiOptions {
  /**
   * The path or name of the MPI library. By default, `openMpi` tries `libmpi.so.40` (Open MPI) and `libmpich.so.12`
   * (MPICH). It begins with the library of the MPI whose `mpirun` started the process.
   */
  readonly library?: string | undefined;
}

const caller = "openMpi";

/** The members of Node's `process` that this file uses. */
type Process = Pick<NodeJS.Process, "platform" | "env" | "once" | "prependListener" | "getBuiltinModule">;

/**
 * Starts MPI in the current process, and returns the connection to the other processes that `mpirun` or `srun` has
 * started. If neither `mpirun` nor `srun` has started the process, the process is the only rank. Needs Node on Linux,
 * the npm package koffi, and Open MPI or MPICH.
 *
 * If a process ends with an exit code other than 0, for example after an uncaught error, all processes end with this
 * code. If a process ends with code 0, `openMpi` calls `finalize` at the end, unless the program has called it.
 *
 * @throws MpiError if koffi or the library cannot be loaded, or if another MPI's `mpirun` started the process
 * @throws ArgumentError for an invalid option
 */
export function openMpi(options?: MpiOptions): Mpi {
  const { library: path } = withDefaults<MpiOptions>(caller, options, { library: undefined }, { path: "library" });
  if (path !== undefined && (typeof path !== "string" || path === ""))
    throw new ArgumentError(`${caller}: library must be a path, got ${show(path)}; write { library: "libmpi.so.40" }`);
  const { process } = globalThis as { readonly process?: Process };
  if (process?.platform !== "linux" || !process.getBuiltinModule)
    throw new MpiError(
      `${caller}: MPI needs Node 20.16 or later on Linux, got ${process?.platform ?? "browser"}; fit without parallel runs everywhere`,
    );
  const koffi = requireKoffi(process);
  setUcxVariables(process.env);
  const library = loadLibrary(caller, koffi, path === undefined ? defaultNames(process.env) : [path]);
  if (library.finalized())
    throw new MpiError(`${caller}: MPI cannot start again after finalize; call openMpi once and keep the result`);
  const isFirst = !library.initialized();
  if (isFirst) start(library);
  const mpi = communicatorOf(library);
  checkSize(mpi, library, process.env);
  if (isFirst) endTogether(process, mpi, library);
  return mpi;
}

function requireKoffi(process: Process): Koffi {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem = code === "MODULE_NOT_FOUND" ? "is not installed" : `cannot be loaded (${message})`;
    throw new MpiError(`${caller}: the package koffi ${problem}; run npm install koffi`, { cause });
  }
}

/**
 * Sets two environment variables of UCX, the library through which MPICH sends messages, unless the user has set them.
 * By default UCX replaces the memory functions of the process, and with these replacements Node crashed in about 1 % of
 * the runs.
 */
function setUcxVariables(env: NodeJS.ProcessEnv): void {
  env.UCX_MEM_EVENTS ??= "n";
  env.UCX_MEM_MMAP_HOOK_MODE ??= "none";
}

const openMpiNames = ["libmpi.so.40"];
const mpichNames = ["libmpich.so.12", "libmpi.so.12"];

/**
 * Returns the file names of MPI libraries to try. If environment variables show that `mpirun` of MPICH has started the
 * process, the names of MPICH come first. Otherwise the name of Open MPI comes first.
 */
const defaultNames = (env: NodeJS.ProcessEnv): readonly string[] =>
  env.PMI_SIZE !== undefined && env.OMPI_COMM_WORLD_SIZE === undefined
    ? [...mpichNames, ...openMpiNames]
    : [...openMpiNames, ...mpichNames];

function start(library: Library): void {
  const code = library.init() || library.returnErrors();
  if (code === 0) return;
  throw new MpiError(
    `${caller}: ${library.name} cannot start, "${library.errorText(code)}"; run the program with mpirun -n 4 node ...`,
  );
}

/**
 * Checks that the library belongs to the same MPI as the launcher (`mpirun` or `srun`). Otherwise each process would be
 * the only rank of a separate job.
 * @throws MpiError if the launcher has started several processes, but the library finds only one
 */
function checkSize({ size }: Mpi, { name, version }: Library, env: NodeJS.ProcessEnv): void {
  const started = Number(env.OMPI_COMM_WORLD_SIZE ?? env.PMI_SIZE ?? env.SLURM_STEP_NUM_TASKS ?? size);
  if (size > 1 || !(started > 1)) return;
  throw new MpiError(
    `${caller}: the launcher started ${started} processes, but ${name} (${version}) found 1; the launcher must belong to the same MPI as the library, so use its mpirun or write { library: ... }`,
  );
}

/**
 * Ends all ranks if the current process fails, because the other ranks would wait forever for this process. Finalizes
 * MPI if the process ends with code 0.
 */
function endTogether(process: Process, { rank, size }: Mpi, library: Library): void {
  process.prependListener("uncaughtExceptionMonitor", (error: unknown) => {
    // Prints the error of an uncaught exception. Node prints such an error only after the "exit" listeners have run,
    // but the "exit" listener of this package ends the process first.
    if (size > 1) console.error(`rank ${rank} of ${size} failed:`, error);
  });
  process.once("exit", (code: number) => {
    if (library.finalized()) return;
    if (code === 0) library.finalize();
    else if (size > 1) library.abort(code);
  });
}
