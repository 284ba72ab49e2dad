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
/** The names of the elementwise functions that have kernels for float32 alone. */
export type SingleFunctionName = "gelu" | "geluSlope";
type PlainFunctionName = Exclude<FunctionName, "neg" | "square" | "sqrt" | "relu">;
/**
 * The names of functions of one vector, which is four floats (32x4) or two doubles (64x2). Other packages generate
 * loops that call these functions.
 */
export type VectorFunction =
  | `${PlainFunctionName | SingleFunctionName | "geluKeepingSlope" | "keptGeluSlope"}32x4`
  | `${PlainFunctionName}64x2`;
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

type Maps = Readonly<Record<`${FunctionName}${32 | 64}` | `${SingleFunctionName}32`, FunctionKernel>> &
  Readonly<Record<VectorFunction, object>> &
  Readonly<Record<`${OperationName}${32 | 64}`, OperationKernel>> &
  Readonly<Record<`${SliceName}${32 | 64}`, SliceKernel>>;

/** Returns the number of bytes of an entry of a float tensor. */
export const widthOf = ({ dtype }: { readonly dtype: string }): number => (dtype === "float32" ? 4 : 8);

/** The exports of each binary. */
export interface LibraryExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  free(): number;
}

/**
 * A WebAssembly binary that is embedded as text. Random numbers have a separate binary, so that a bundle includes it
 * only if a program needs it. `slot` numbers the binaries.
 */
export interface Library<E extends LibraryExports> {
  readonly slot: 0 | 1;
  /**
   * The WebAssembly code as text, split into parts, for two sets of instructions: SIMD, and SIMD with FMA. A library
   * without code for FMA uses its code for SIMD instead.
   */
  readonly parts: readonly { readonly simd: string; readonly fma?: string }[];
  /** This field is never set. It gives TypeScript the type of the binary's exports. */
  readonly exports?: E;
}

/** The exports of kernels/index.ts. Numbers are addresses, counts, or strides in bytes. */
export interface Exports extends Maps, LibraryExports {
  readonly axpy32: AxpyKernel;
  readonly axpy64: AxpyKernel;
  readonly rowSums32: SumKernel;
  readonly rowSums64: SumKernel;
  readonly columnSums32: SumKernel;
  readonly columnSums64: SumKernel;
  readonly variance32: VarianceKernel;
  readonly variance64: VarianceKernel;
  readonly gemm32: ProductKernel;
  readonly gemm64: ProductKernel;
  readonly gemmLong32: LongProductKernel;
  readonly convolution: ConvolutionKernel;
  readonly gatheredSum32: GatheredKernel;
  readonly gatheredSum64: GatheredKernel;
  readonly gatheredMax32: GatheredKernel;
  readonly gatheredMax64: GatheredKernel;
  readonly gatheredMin32: GatheredKernel;
  readonly gatheredMin64: GatheredKernel;
  readonly pool: PoolKernel;
}

/**
 * Computes each element of y [rows, m] from n entries of x, at the byte offsets `offsets`: their maximum, their
 * minimum, or their sum divided by `divisor`. `step` is the distance of two rows of x in bytes.
 */
type GatheredKernel = (
  n: number,
  offsets: number,
  rows: number,
  step: number,
  m: number,
  y: number,
  x: number,
  divisor: number,
) => void;

/**
 * Computes a pool p of the images x, or reads the cotangent p of a pool and writes the cotangent u of x. `poolCall`
 * (pools.ts) returns the arguments.
 */
type PoolKernel = (
  size: number,
  kind: number,
  images: number,
  x: number,
  p: number,
  u: number,
  ...sizes: readonly number[]
) => void;

/**
 * A kernel that processes `rows` slices of n entries each, with the operands a, b and c. An operand has n entries or
 * one entry per slice. `scratch` is the address of temporary memory for max(2 rows + 2, 3 n + 6) doubles.
 */
type SliceKernel = (rows: number, n: number, y: number, a: number, b: number, c: number, scratch: number) => void;

/**
 * Computes C = A B if `isFirst`, else C += A B, for A [m, k] and B [k, n] with k > 0. Either the rows or the columns of
 * B are contiguous. `scratch` is the address of temporary memory. src/wasm/products.ts computes its size.
 */
type ProductKernel = (
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
 * Computes C = A B for A [m, k] and B [k, n] with m ≤ 10 and k > 0. The rows of B are contiguous. `scratch` is the
 * address of temporary memory for 880 bytes and two matrices [m, n], whose rows are padded to a multiple of 32 bytes.
 */
type LongProductKernel = (
  m: number,
  n: number,
  k: number,
  a: number,
  aRow: number,
  aCol: number,
  b: number,
  bRow: number,
  c: number,
  cRow: number,
  cCol: number,
  part: number,
  scratch: number,
) => void;

/**
 * Computes a convolution of the images x with `kernel`, its VJP for x, or its VJP for `kernel`. g is the output or its
 * cotangent. Several calls may sum one VJP for `kernel`: `flagsAndSizes` begins with a flag for the first call and a
 * flag for the last. `convolutionCall` (convolutions.ts) returns the arguments, and the size of the temporary memory
 * `scratch`.
 */
type ConvolutionKernel = (
  size: number,
  kind: number,
  images: number,
  x: number,
  kernel: number,
  g: number,
  scratch: number,
  ...flagsAndSizes: readonly number[]
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
 * Divides the sum of each row, or of each column, of x [rows, n] by `divisor`, and writes the result to y. `sums` is
 * the address of the partial sums: 64 bytes for sums of rows, 64 n + 64 bytes for sums of columns. If `isFirst` is
 * false, the kernel continues from these partial sums.
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

/**
 * Writes the variance Σ (x − m)² / `divisor` of each row to y, or its square root if `isRoot` is set. A row has n
 * entries with the mean m. `sums` is the address of 64 bytes of temporary memory.
 */
type VarianceKernel = (
  rows: number,
  n: number,
  y: number,
  x: number,
  sums: number,
  divisor: number,
  isRoot: boolean,
) => void;

/** The exports of kernels/random.ts. */
export interface RandomExports extends LibraryExports {
  readonly uniform32: UniformKernel;
  readonly uniform64: UniformKernel;
  readonly normal32: NormalKernel;
  readonly normal64: NormalKernel;
  readonly exponential32: FunctionKernel;
  readonly exponential64: FunctionKernel;
  readonly gumbel32: FunctionKernel;
  readonly gumbel64: FunctionKernel;
}

/**
 * Writes n numbers min + range · u, limited to [first, last]. The uniform random numbers u come from a counter-based
 * generator, with the counters c, c + 1, …. Writes up to seven entries past the end.
 */
type UniformKernel = (
  n: number,
  y: number,
  k0: number,
  k1: number,
  c: number,
  stream: number,
  min: number,
  range: number,
  first: number,
  last: number,
) => void;

/**
 * Writes n standard normal numbers, and up to three entries past the end. The numbers come from a counter-based
 * generator, with counters from c on.
 */
type NormalKernel = (n: number, y: number, k0: number, k1: number, c: number, radius: number, angle: number) => void;
