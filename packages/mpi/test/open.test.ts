import { openMpi } from "@wengert/mpi";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type FakeOptions, fakeKoffi, withEnv, withKoffi } from "./fake.ts";

// Tests of `openMpi` with a simulated MPI library. The tests in mpi.test.ts run real MPI libraries.

afterEach(() => vi.restoreAllMocks());

function opened(options: FakeOptions, env: Readonly<Record<string, string>> = {}) {
  const koffi = fakeKoffi(options);
  const listeners = new Map<string, (argument: never) => void>();
  const listen = (event: string, listener: (argument: never) => void) => {
    listeners.set(event, listener);
    return process;
  };
  vi.spyOn(process, "once").mockImplementation(listen as never);
  vi.spyOn(process, "prependListener").mockImplementation(listen as never);
  const mpi = withEnv(env, () => withKoffi(koffi, () => openMpi()));
  const emit = (event: string, argument: unknown) => listeners.get(event)?.(argument as never);
  const argumentsOf = (name: string) => koffi.calls.filter(([called]) => called === name).map(([, ...args]) => args);
  return { mpi, koffi, emit, argumentsOf };
}

const started = { initialized: false, size: 2 };

test("MPICH receives numbers as handles, and Open MPI addresses", () => {
  const array = new Float64Array(3);
  const mpich = opened(started);
  mpich.mpi.allreduce(array, { op: "max" });
  expect(mpich.argumentsOf("MPI_Allreduce")).toEqual([[-1, array, 3, 0x4c00080b, 0x58000001, 0x44000000]]);
  const openMpi = opened({ ...started, version: "Open MPI v4.1.4, package: Debian OpenMPI" });
  openMpi.mpi.broadcast(array, { root: 1 });
  expect(openMpi.argumentsOf("MPI_Bcast")).toEqual([[array, 3, 4096n, 1, 4096n]]);
});

test("allgather returns an array of the same class that holds one array for each rank", () => {
  const { mpi } = opened(started);
  expect(mpi.allgather(Int32Array.of(1, 2))).toEqual(new Int32Array(4));
});

test("the library of the launcher comes first", () => {
  expect(opened(started, { PMI_SIZE: "2" }).koffi.loaded).toEqual(["libmpich.so.12"]);
  expect(opened(started, { OMPI_COMM_WORLD_SIZE: "2" }).koffi.loaded).toEqual(["libmpi.so.40"]);
  expect(opened({ ...started, exist: ["libmpi.so.12"] }).koffi.loaded).toEqual(["libmpi.so.12"]);
});

test("the variables of UCX are set before the library is loaded, unless the user has set them", () => {
  const variables = (user: Readonly<Record<string, string>>) => {
    let atLoad: unknown;
    const onLoad = () => {
      atLoad = [process.env.UCX_MEM_EVENTS, process.env.UCX_MEM_MMAP_HOOK_MODE];
    };
    opened({ ...started, onLoad }, user);
    return atLoad;
  };
  expect(variables({})).toEqual(["n", "none"]);
  expect(variables({ UCX_MEM_EVENTS: "y" })).toEqual(["y", "none"]);
  expect(variables({ UCX_MEM_MMAP_HOOK_MODE: "bistro" })).toEqual(["n", "bistro"]);
});

test("the library stays loaded until the process ends, and its plugins find its symbols", () => {
  const [[, flags]] = opened(started).argumentsOf("dlopen") as [[string, number]];
  const [global, nodelete] = [0x100, 0x1000]; // RTLD_GLOBAL, RTLD_NODELETE
  expect(flags & (global | nodelete)).toBe(global | nodelete);
});

describe("at the end of the process", () => {
  test("exit code 0 finalizes MPI, unless the program has", () => {
    const open = opened(started);
    open.emit("exit", 0);
    expect(open.argumentsOf("MPI_Finalize")).toHaveLength(1);
    const closed = opened(started);
    closed.mpi.finalize();
    closed.mpi.finalize();
    closed.emit("exit", 1);
    expect([closed.argumentsOf("MPI_Finalize").length, closed.argumentsOf("MPI_Abort").length]).toEqual([1, 0]);
  });

  test("MPICH is finalized after a barrier and a pause, and Open MPI at once", () => {
    const lastCalls = (options: FakeOptions) => {
      const { mpi, koffi } = opened({ ...started, ...options });
      const names = () => koffi.calls.map(([name]) => name).filter((name) => name !== "MPI_Finalized");
      const before = names().length;
      let atPause: readonly string[] | undefined;
      const wait = vi.spyOn(Atomics, "wait").mockImplementation(() => {
        atPause = names().slice(before);
        return "timed-out";
      });
      mpi.finalize();
      wait.mockRestore();
      return { atPause, atEnd: names().slice(before) };
    };
    expect(lastCalls({})).toEqual({ atPause: ["MPI_Barrier"], atEnd: ["MPI_Barrier", "MPI_Finalize"] });
    expect(lastCalls({ version: "Open MPI v4.1.4" })).toEqual({ atPause: undefined, atEnd: ["MPI_Finalize"] });
  });

  test("another exit code ends all ranks, after the error has been printed", () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    const { emit, argumentsOf } = opened(started);
    const error = new Error("no disk");
    emit("uncaughtExceptionMonitor", error);
    emit("exit", 3);
    expect(print.mock.calls).toEqual([["rank 0 of 2 failed:", error]]);
    expect(argumentsOf("MPI_Abort")).toEqual([[0x44000000, 3]]);
  });

  test("a single rank fails like any process", () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    const { emit, argumentsOf } = opened({ ...started, size: 1 });
    emit("uncaughtExceptionMonitor", new Error("no disk"));
    emit("exit", 1);
    expect([print.mock.calls, argumentsOf("MPI_Abort")]).toEqual([[], []]);
  });
});

test("a second call connects to the MPI that runs already", () => {
  const { argumentsOf } = opened({ size: 2 });
  expect(argumentsOf("MPI_Init")).toEqual([]);
});
