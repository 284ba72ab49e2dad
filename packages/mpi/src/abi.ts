import type { Reduction } from "@wengert/train";

/** A reference to an object of MPI, such as MPI_COMM_WORLD: an address in Open MPI, a number in MPICH. */
type Handle = bigint | number;

/**
 * The predefined objects of an MPI library, such as MPI_COMM_WORLD. The MPI standard leaves their values and their C type
 * to each library.
 */
export interface Abi {
  /** The C type of a handle. */
  readonly handle: "uintptr_t" | "int";
  readonly world: Handle;
  readonly errorsReturn: Handle;
  /**
   * The value of MPI_IN_PLACE. If a call passes this value as the address of the input, MPI reads the input from the
   * output array.
   */
  readonly inPlace: number;
  readonly types: Readonly<Record<ElementType, Handle>>;
  readonly operations: Readonly<Record<Reduction, Handle>>;
}

/** The names of the typed arrays that the methods of a communicator accept. */
export type ElementType = "Float32Array" | "Float64Array" | "Int32Array";

/** Returns the name of a typed array's class, or `undefined` if the methods of a communicator do not accept the value. */
export function elementTypeOf(array: unknown): ElementType | undefined {
  if (array instanceof Float32Array) return "Float32Array";
  if (array instanceof Float64Array) return "Float64Array";
  return array instanceof Int32Array ? "Int32Array" : undefined;
}

/** Open MPI's handles are the addresses of global variables in libmpi. */
export const openMpiAbi = (addressOf: (name: string) => bigint): Abi => ({
  handle: "uintptr_t",
  world: addressOf("ompi_mpi_comm_world"),
  errorsReturn: addressOf("ompi_mpi_errors_return"),
  inPlace: 1,
  types: {
    Float32Array: addressOf("ompi_mpi_float"),
    Float64Array: addressOf("ompi_mpi_double"),
    Int32Array: addressOf("ompi_mpi_int"),
  },
  operations: {
    sum: addressOf("ompi_mpi_op_sum"),
    min: addressOf("ompi_mpi_op_min"),
    max: addressOf("ompi_mpi_op_max"),
    product: addressOf("ompi_mpi_op_prod"),
  },
});

/**
 * MPICH's handles are numbers, which its header mpi.h defines. Intel MPI, MVAPICH and Cray MPICH have the same binary
 * interface (ABI), and so the same numbers.
 */
export const mpichAbi: Abi = {
  handle: "int",
  world: 0x44000000,
  errorsReturn: 0x54000001,
  inPlace: -1,
  types: { Float32Array: 0x4c00040a, Float64Array: 0x4c00080b, Int32Array: 0x4c000405 },
  operations: { max: 0x58000001, min: 0x58000002, sum: 0x58000003, product: 0x58000004 },
};
