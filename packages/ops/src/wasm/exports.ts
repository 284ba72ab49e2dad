/** The functions of each element, and operations on two, that have kernels. */
export type FunctionName = "exp" | "log" | "tanh" | "sigmoid" | "neg" | "square" | "sqrt" | "relu";
export type OperationName = "add" | "sub" | "mul" | "div" | "reluPullback";

/** Softmax, its relatives, and what they pull back. */
export type SliceName =
  | "softmax"
  | "softmaxPullback"
  | "logSumExp"
  | "logSoftmax"
  | "logSoftmaxPullback"
  | "labelLosses"
  | "labelPullback"
  | "probabilityLosses"
  | "probabilityPullback";

type Maps = Readonly<Record<`${FunctionName}${32 | 64}`, FunctionKernel>> &
  Readonly<Record<`${OperationName}${32 | 64}`, OperationKernel>> &
  Readonly<Record<`${SliceName}${32 | 64}`, SliceKernel>>;

/** What the compiled kernels export, as kernels/*.ts declare it. Numbers are addresses, counts, or strides in bytes. */
export interface Exports extends Maps {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  free(): number;
  readonly axpy32: AxpyKernel;
  readonly axpy64: AxpyKernel;
  readonly rowSums32: SumKernel;
  readonly rowSums64: SumKernel;
  readonly columnSums32: SumKernel;
  readonly columnSums64: SumKernel;
  readonly gemm32: ProductKernel;
  readonly gemm64: ProductKernel;
}

/**
 * `rows` slices of n entries each, of up to three operands; where one is a reduced one, it has an entry a row. `scratch` has room for
 * 2 rows + 2 doubles, and for 3 n + 6.
 */
type SliceKernel = (rows: number, n: number, y: number, a: number, b: number, c: number, scratch: number) => void;

/**
 * C = A B (`isFirst`), or C += A B, of [m, k] and [k, n], with k > 0. In B, rows or columns lie in one piece each; `scratch`
 * has room for `packed` of src/wasm/products.ts.
 */
export type ProductKernel = (
  m: number,
  n: number,
  k: number,
  a: number,
  aRow: number,
  aCol: number,
  b: number,
  bRow: number,
  bCol: number,
  c: number,
  cRow: number,
  cCol: number,
  isFirst: boolean,
  scratch: number,
) => void;

/** y = f(x) of n entries; y may be x. */
type FunctionKernel = (n: number, y: number, x: number) => void;

/** y = a ∘ b over rows of n entries; an operand is repeated where its stride from row to row, or along a row, is 0. */
type OperationKernel = (
  rows: number,
  n: number,
  y: number,
  a: number,
  b: number,
  aRow: number,
  aColumn: number,
  bRow: number,
  bColumn: number,
) => void;

/** z = α x + y of n entries; z may be y. */
type AxpyKernel = (n: number, z: number, alpha: number, x: number, y: number) => void;

/**
 * y = Σ x / divisor over the rows, or the columns, of [rows, n]. What the sums have come to goes to `sums`, 64 bytes, or 64 for
 * each column and one more; where `isFirst` is not set they go on from there.
 */
export type SumKernel = (
  rows: number,
  n: number,
  y: number,
  x: number,
  sums: number,
  isFirst: boolean,
  divisor: number,
) => void;
