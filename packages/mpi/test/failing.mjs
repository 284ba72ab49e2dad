// A program that runs on every rank. Rank 1 fails in the way that the first argument names, while the other ranks wait
// for rank 1 in `barrier`.

import { openMpi } from "../dist/open.js"; // loads faster than ../dist/index.js

const [failure, library] = process.argv.slice(2);
const mpi = openMpi({ library });
mpi.barrier();
const failures = {
  throw() {
    throw new Error("the disk of rank 1 is full");
  },
  reject() {
    void Promise.reject(new Error("the disk of rank 1 is full"));
    return new Promise((resolve) => setTimeout(resolve, 60_000));
  },
  exit: () => process.exit(3),
  abort: () => mpi.abort(4),
  kill: () => process.kill(process.pid, "SIGKILL"),
};
if (mpi.rank === 1) await failures[failure]?.();
if (failure !== "end") mpi.barrier();
// This program does not call `finalize`, because `openMpi` finalizes MPI at the end of the process.
