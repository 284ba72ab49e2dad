/** The elementwise functions, and the operations on two operands, that have kernels. */
export type FunctionName = "exp" | "log" | "tanh" | "sigmoid" | "neg" | "square" | "sqrt" | "relu";
export type OperationName = "add" | "sub" | "mul" | "div" | "reluPullback";

/** The softmax family and its pullbacks. */
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

/**
 * The exports of the compiled kernels, as declared in kernels/*.ts. Numbers are addresses, counts, or strides in bytes.
 */
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
 * Processes `rows` slices of n entries each, with up to three operands. A reduced operand has one entry per row.
 * `scratch` has room for 2 rows + 2 doubles, and for 3 n + 6.
 */
type SliceKernel = (rows: number, n: number, y: number, a: number, b: number, c: number, scratch: number) => void;

/**
 * C = A B if `isFirst`, else C += A B, for [m, k] and [k, n] with k > 0. Either the rows or the columns of B are
 * contiguous. `scratch` has room for `packed` entries (see src/wasm/products.ts).
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

/** y = a ∘ b over rows of n entries. A row or column stride of 0 repeats an operand. */
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
 * y = Σ x / divisor over the rows, or the columns, of [rows, n]. The partial sums are written to `sums`: 64 bytes, or
 * 64 for each column and one more. Unless `isFirst` is set, they continue from there.
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
