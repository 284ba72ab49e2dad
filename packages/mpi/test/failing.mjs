// Runs on every rank. Rank 1 fails in the given way, while the other ranks wait for it in barrier.

import { openMpi } from "../dist/open.js"; // starts faster than the whole package

const [failure, library] = process.argv.slice(2);
const mpi = openMpi({ library });
mpi.barrier();
if (mpi.rank === 1) {
  if (failure === "throw") throw new Error("the disk of rank 1 is full");
  if (failure === "kill") process.kill(process.pid, "SIGKILL");
}
if (failure !== "end") mpi.barrier();
// MPI is not finalized here: the end of the process does that.
