import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** An installed MPI: its name, its mpirun, and its library. */
export interface Installation {
  readonly name: string;
  readonly mpirun: string;
  readonly library: string;
  readonly install: string;
}

const installations: readonly Installation[] = [
  { name: "Open MPI", mpirun: "mpirun.openmpi", library: "libmpi.so.40", install: "openmpi-bin" },
  { name: "MPICH", mpirun: "mpirun.mpich", library: "libmpich.so.12", install: "mpich" },
];

/** The MPIs to test. If CI is set, a missing MPI makes the tests fail. */
export const found: readonly Installation[] = installations.filter(({ name, mpirun, install }) => {
  const exists = spawnSync(mpirun, ["--version"]).status === 0;
  if (!exists && !process.env.CI) console.warn(`mpi: the tests with ${name} are skipped; apt install ${install}`);
  return exists || Boolean(process.env.CI);
});

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const programPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * Environment variables that allow Open MPI to run as root and to start more ranks than cores, and that make a waiting
 * rank yield its core.
 */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
  OMPI_MCA_mpi_yield_when_idle: "1",
  MPIR_CVAR_POLLS_BEFORE_YIELD: "1", // the same for MPICH
  OMPI_MCA_btl_vader_single_copy_mechanism: "none", // containers forbid it
};

/**
 * Runs a command to its end.
 * @throws Error if the command runs longer than `timeout` ms, for example because a rank waits forever
 */
export function run(
  command: readonly string[],
  env: NodeJS.ProcessEnv = environment,
  timeout: number = 100_000,
): Promise<Ended> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { env, timeout, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (!child.killed) resolve({ code, stdout, stderr });
      else
        reject(new Error(`${command.join(" ")}: ended by ${signal ?? code} after ${timeout} ms\n${stdout}${stderr}`));
    });
  });
}

/** Runs a program of this folder on `ranks` ranks, with the arguments `args`. */
export const runRanks = (
  { mpirun }: Pick<Installation, "mpirun">,
  ranks: number,
  program: string,
  ...args: string[]
): Promise<Ended> => run([mpirun, "-n", String(ranks), process.execPath, programPath(program), ...args]);
