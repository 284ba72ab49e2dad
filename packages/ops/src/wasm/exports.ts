/** The names of the elementwise functions that have kernels. */
export type FunctionName =
  | "exp"
  | "log"
  | "tanh"
  | "tanhSlope"
  | "sigmoid"
  | "sigmoidSlope"
  | "neg"
  | "square"
  | "sqrt"
  | "relu";
export type OperationName = "add" | "sub" | "mul" | "div" | "reluPullback";

/** The names of the kernels of the softmax family and its pullbacks. */
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

/** The exports of the compiled kernels, as declared in kernels/*.ts. Numbers are addresses, counts, or strides in bytes. */
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
  readonly gather32: WindowKernel;
  readonly gather64: WindowKernel;
  readonly scatter32: WindowKernel;
  readonly scatter64: WindowKernel;
}

/**
 * Processes `rows` slices of n entries each, with up to three operands. A reduced operand has an entry for each slice.
 * `scratch` is memory for the larger of 2 rows + 2 and 3 n + 6 doubles.
 */
type SliceKernel = (rows: number, n: number, y: number, a: number, b: number, c: number, scratch: number) => void;

/**
 * Computes C = A B if `isFirst`, else C += A B, for A [m, k] and B [k, n] with k > 0. Either the rows or the columns of
 * B are contiguous. `scratch` is memory for `packed` entries, a number that src/wasm/products.ts computes.
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
  isRunning: boolean,
  part: number,
  scratch: number,
) => void;

/**
 * Copies the windows from number `from` to `to` − 1 of the image at `x` to `rows`, or adds `rows` to these windows.
 * Only `depth` of the image's channels are copied. The other arguments are fields of a `Geometry`
 * (src/loops/windows.ts).
 */
export type WindowKernel = (
  rows: number,
  x: number,
  from: number,
  to: number,
  outWidth: number,
  height: number,
  width: number,
  channels: number,
  depth: number,
  kernelHeight: number,
  kernelWidth: number,
  strideY: number,
  strideX: number,
  dilationY: number,
  dilationX: number,
  top: number,
  left: number,
) => void;

/** Computes y = f(x) for n entries. The addresses of y and x may be equal. */
type FunctionKernel = (n: number, y: number, x: number) => void;

/** Computes y = a ∘ b for a binary operation, over rows of n entries. A row or column stride of 0 repeats an operand. */
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

/** Computes z = α x + y for n entries. The addresses of z and y may be equal. */
type AxpyKernel = (n: number, z: number, alpha: number, x: number, y: number) => void;

/**
 * Computes y = Σ x / divisor over the rows, or the columns, of x [rows, n]. The partial sums are written to `sums`,
 * memory of 64 bytes if rows are summed, or of 64 bytes per column plus 64. Unless `isFirst` is set, the kernel
 * continues from the sums in this memory.
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
