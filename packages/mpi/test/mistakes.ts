// Erroneous calls, as a user might write them. errors.snapshot.md shows the messages. packages/train/test/mistakes.ts
// explains how to add a call.

import type { Chapter } from "../../ops/test/mistakesTest.ts";

export const prelude = `
const installed = (options) => withKoffi(fakeKoffi(options), () => openMpi());
const mpi = installed({ size: 4 });
const params = { W: tensor([[1, 2]], { label: "W" }) };
const batch = { X: tensor([[1, 2], [3, 4]], { label: "X" }) };
const step = valueAndGrad(({ W }, { X }) => mean(mul(W, X)));
/** A communicator of rank 0 of two ranks. It behaves as if rank 1 held other parameters. */
let calls = 0;
const allreduce = (array, { op = "sum" } = {}) => (op === "max" && calls++ === 1 && array[0]++, array);
const different = { rank: 0, size: 2, broadcast: (array) => array, allreduce };
`;

export const mistakes: Chapter = {
  openMpi: [
    "openMpi('libmpi.so.40')",
    "openMpi({ library: 40 })",
    "openMpi({ path: 'libmpi.so.40' })",
    "# On macOS.",
    "onPlatform('darwin', () => openMpi())",
    "# Without koffi.",
    "withKoffi(Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' }), () => openMpi())",
    "withKoffi(new Error('no prebuilt binary'), () => openMpi())",
    "# Without MPI.",
    "installed({ exist: [] })",
    "# With a library that is not MPI, and with an MPI that is not supported.",
    "withKoffi(fakeKoffi({ missing: ['MPI_Get_library_version'] }), () => openMpi({ library: 'libm.so.6' }))",
    "installed({ version: 'LAM/MPI 7.1.4' })",
    "# With an MPI that cannot start, or that has ended.",
    "installed({ initialized: false, failing: ['MPI_Init'] })",
    "installed({ finalized: true })",
    "# Started by the mpirun of another MPI.",
    "withEnv({ OMPI_COMM_WORLD_SIZE: '4' }, () => installed({ size: 1 }))",
  ],

  "methods of a communicator": [
    "mpi.broadcast([1, 2])",
    "mpi.broadcast(new Float32Array(2), 1)",
    "mpi.broadcast(new Float32Array(2), { root: 4 })",
    "mpi.allreduce(batch.X)",
    "mpi.allreduce(new Float32Array(2), { op: 'mean' })",
    "mpi.allreduce(new Float32Array(2), { operation: 'sum' })",
    "mpi.allgather(new Int16Array(2))",
    "mpi.abort(-1)",
    "# MPI reports an error.",
    "installed({ failing: ['MPI_Allreduce'] }).allreduce(new Float32Array(2))",
    "mpi.finalize(); mpi.barrier()",
  ],

  allreduceMean: [
    "allreduceMean(params, mpi)",
    "allreduceMean(mpi, { W: [1, 2] })",
    "allreduceMean(mpi, { n: tensor([1, 2], { dtype: 'int32' }) })",
    "allreduceMean(mpi, params, { weight: -1 })",
    "allreduceMean(mpi, params, { rows: 2 })",
    "# No rank has rows.",
    "allreduceMean(mpi, params, { weight: 0 })",
    "# Its derivative would be wrong.",
    "grad((p) => mean(allreduceMean(mpi, p).W))(params)",
  ],

  dataParallel: [
    "dataParallel(mpi, step)",
    "dataParallel(step, 4)",
    "dataParallel(step, mpi, { checkEvery: 0 })",
    "dataParallel(step, mpi)({ n: tensor(1, { dtype: 'int32' }) }, batch)",
    "dataParallel(step, mpi)(params, { X: batch.X, y: tensor([1]) })",
    "dataParallel(step, mpi)(params, { X: tensor(1) })",
    "dataParallel(grad(({ W }, { X }) => mean(mul(W, X))), mpi)(params, batch)",
    "dataParallel((params, { X }) => ({ value: X, grad: params }), mpi)(params, batch)",
    "dataParallel(step, different)(params, batch)",
    "dataParallel(({ W }, { X }) => ({ value: mean(X), grad: W }), mpi)(params, batch)",
    "# A trace or a plan would hold the steps of only one rank.",
    "compile(dataParallel(step, mpi))(params, batch)",
    "grad((p) => dataParallel(step, mpi)(p, batch).value)(params)",
  ],
};
