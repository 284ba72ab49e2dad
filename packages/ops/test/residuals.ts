import { type Tensor, tensor } from "@wengert/core";
import { ndarray, ravel } from "@wengert/core/extend";
import {
  avgPool2d,
  cholesky,
  conv1d,
  conv2d,
  convTranspose2d,
  det,
  dot,
  eigh,
  einsum,
  inv,
  type Kernels,
  kernels,
  lstsq,
  matmul,
  matrixNorm,
  maxPool2d,
  median,
  qr,
  quantile,
  randomKey,
  randomUniform,
  slogdet,
  solve,
  sort,
  svd,
  topK,
  triangularSolve,
} from "@wengert/ops";
import { convInputPullback, convKernelPullback } from "@wengert/ops/extend";
import { log, one, over, type Precise, precise, times, toNumber, total } from "./precise.ts";

// Measures the errors of products, linear algebra, sorting, quantiles and pooling against exact arithmetic, in units of
// the dtype's ε.

const dtypes = ["float64", "float32"] as const;
type DType = (typeof dtypes)[number];
const epsilons = { float64: 2 ** -52, float32: 2 ** -23 };

/** The largest error of an op, in ε, and the quantity that has this error. */
export interface Residual {
  readonly op: string;
  readonly quantity: string;
  readonly dtype: DType;
  readonly error: number;
}

/** A matrix of exact numbers. */
type Matrix = readonly (readonly Precise[])[];

const uniform = (shape: readonly number[], seed: number, dtype: DType): Tensor =>
  randomUniform(randomKey(seed), { shape, dtype, min: -1, max: 1 });
const matrix = (t: Tensor): Matrix => t.toNested<number[][]>().map((row) => row.map(precise));
const column = (t: Tensor): Matrix => t.toNested<number[]>().map((x) => [precise(x)]);
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const identity = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? one : 0n)));
const diagonal = (t: Tensor): Matrix => {
  const values = t.toNested<number[]>();
  return values.map((x, i) => values.map((_, j) => (i === j ? precise(x) : 0n)));
};
const product = (...factors: readonly Matrix[]): Matrix =>
  factors.reduce((a, b) => {
    const columns = transposed(b);
    return a.map((row) => columns.map((c) => total(row.map((x, k) => times(x, c[k]!)))));
  });
const minus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((x, j) => x - b[i]![j]!));

const norm = (a: Matrix): number => Math.sqrt(a.flat().reduce((sum, x) => sum + toNumber(x) ** 2, 0));

/** Returns the determinant of a definite matrix, by elimination. */
function determinant(a: Matrix): Precise {
  const rows = a.map((row) => [...row]);
  for (let k = 0; k < rows.length; k++)
    for (let i = k + 1; i < rows.length; i++) {
      const factor = over(rows[i]![k]!, rows[k]![k]!);
      for (let j = k; j < rows.length; j++) rows[i]![j]! -= times(factor, rows[k]![j]!);
    }
  return rows.reduce((result, row, k) => times(result, row[k]!), one);
}

type Note = (op: string, quantity: string, error: number) => void;

function measureMatrices(n: number, seed: number, dtype: DType, note: Note): void {
  const [A, tall] = [uniform([n, n], seed, dtype), uniform([n + 3, n], seed + 1, dtype)];
  const [b, c] = [uniform([n], seed + 2, dtype), uniform([n + 3], seed + 3, dtype)];
  const symmetric = tensor(
    A.toNested<number[][]>().map((row, i, all) => row.map((x, j) => (i < j ? x : all[j]![i]!))),
    { dtype },
  );
  // The matrix is n × n with entries between −1 and 1, so adding n to the diagonal makes it positive definite.
  const definite = tensor(
    symmetric.toNested<number[][]>().map((row, i) => row.map((x, j) => (i === j ? n + x : x))),
    { dtype },
  );
  const [exactA, exactTall, exactB, exactC] = [matrix(A), matrix(tall), column(b), column(c)];

  const x = column(solve(A, b));
  note("solve", "|A x − b| / (|A| |x|)", norm(minus(product(exactA, x), exactB)) / (norm(exactA) * norm(x)));
  const X = matrix(inv(A));
  note("inv", "|A X − I| / (|A| |X|)", norm(minus(product(exactA, X), identity(n))) / (norm(exactA) * norm(X)));
  const L = cholesky(definite);
  const exactL = matrix(L);
  note(
    "cholesky",
    "|A − L Lᵀ| / |A|",
    norm(minus(matrix(definite), product(exactL, transposed(exactL)))) / norm(matrix(definite)),
  );
  const z = column(triangularSolve(L, b));
  note("triangularSolve", "|L x − b| / (|L| |x|)", norm(minus(product(exactL, z), exactB)) / (norm(exactL) * norm(z)));
  const least = column(lstsq(tall, c));
  const rest = minus(product(exactTall, least), exactC);
  note(
    "lstsq",
    "|Aᵀ (A x − b)| / (|A| (|A| |x| + |b|))",
    norm(product(transposed(exactTall), rest)) / (norm(exactTall) * (norm(exactTall) * norm(least) + norm(exactC))),
  );

  const isOrthonormal = (op: string, name: string, Q: Matrix) => {
    const error = norm(minus(product(transposed(Q), Q), identity(Q[0]!.length)));
    note(op, `|${name}ᵀ ${name} − I|`, error);
  };
  const { Q, R } = qr(tall);
  note("qr", "|A − Q R| / |A|", norm(minus(exactTall, product(matrix(Q), matrix(R)))) / norm(exactTall));
  isOrthonormal("qr", "Q", matrix(Q));
  const { values, vectors } = eigh(symmetric);
  const V = matrix(vectors);
  note(
    "eigh",
    "|A − V diag(w) Vᵀ| / |A|",
    norm(minus(matrix(symmetric), product(V, diagonal(values), transposed(V)))) / norm(matrix(symmetric)),
  );
  isOrthonormal("eigh", "V", V);
  const { U, S, Vt } = svd(tall);
  note(
    "svd",
    "|A − U diag(s) Vᵀ| / |A|",
    norm(minus(exactTall, product(matrix(U), diagonal(S), matrix(Vt)))) / norm(exactTall),
  );
  isOrthonormal("svd", "U", matrix(U));
  isOrthonormal("svd", "V", transposed(matrix(Vt)));

  // The error of the determinant is measured relative to its value. This is possible because the tested matrix is
  // definite and has a small condition number.
  const exact = determinant(matrix(definite));
  const relative = (got: number, wanted: Precise) => Math.abs(toNumber(over(precise(got) - wanted, wanted)));
  note("det", "|y − det A| / |det A|, for condition numbers below 10", relative(det(definite).item(), exact));
  const logSize = log(exact);
  note("slogdet", "|y − ln det A| / |ln det A|, likewise", relative(slogdet(definite).logAbsDet.item(), logSize));
  const size = norm(exactA);
  note("matrixNorm", "|y − |A|| / |A|", Math.abs(matrixNorm(A).item() - size) / size);
}

/**
 * Splits x, whose entries are multiples of 2⁻⁶⁰ below 1, into three tensors with entries of 20 bits. Products of such
 * tensors have exact sums in float64.
 */
function pieces(x: Tensor): Tensor[] {
  let rest = Float64Array.from(ravel(x.array!));
  return [2 ** 20, 2 ** 40, 2 ** 60].map((scale) => {
    const piece = rest.map((value) => Math.trunc(value * scale) / scale);
    rest = rest.map((value, i) => value - piece[i]!);
    return tensor(ndarray(piece, x.shape));
  });
}

type Bilinear = (a: Tensor, b: Tensor) => Tensor;

/** Measures a sum of products: the largest error of an entry, relative to the sum of the sizes of its terms. */
function measureProducts(op: string, f: Bilinear, shapes: readonly (readonly number[])[], dtype: DType, note: Note) {
  const [a, b] = shapes.map((shape, i) => uniform(shape, 11 + i, dtype)) as [Tensor, Tensor];
  const got = numbers(f(a, b));
  const { choice } = kernels();
  kernels("plain");
  const parts = pieces(a).flatMap((p) => pieces(b).map((q) => numbers(f(p, q))));
  const [p, q] = [a, b].map((t) => tensor(ndarray(Float64Array.from(ravel(t.array!), Math.abs), t.shape))) as [
    Tensor,
    Tensor,
  ];
  const sizes = numbers(f(p, q));
  kernels(choice);
  const errors = got.map((y, i) => {
    const exact = total(parts.map((part) => precise(part[i]!)));
    return sizes[i] === 0 ? 0 : Math.abs(toNumber(precise(y) - exact)) / sizes[i]!;
  });
  note(op, "|y − Σ a b| / Σ |a| |b|", Math.max(...errors));
}

const numbers = (t: Tensor): number[] => Array.from(ravel(t.array!));

const bilinear: Readonly<Record<string, readonly [f: Bilinear, ...shapes: (readonly number[])[]]>> = {
  matmul: [(a, b) => matmul(a, b), [20, 500], [500, 20]],
  dot: [(a, b) => dot(a, b), [20, 500], [500, 20]],
  einsum: [(a, b) => einsum("ij,kj->ik", a, b), [20, 500], [20, 500]],
  conv1d: [(x, k) => conv1d(x, k, { padding: "same" }), [2, 30, 20], [5, 20, 8]],
  conv2d: [(x, k) => conv2d(x, k, { padding: "same" }), [2, 9, 9, 16], [5, 5, 16, 8]],
  convInputPullback: [(g, k) => convInputPullback(g, k, { size: [9, 9] }), [2, 5, 5, 8], [5, 5, 16, 8]],
  convKernelPullback: [(x, g) => convKernelPullback(x, g, { size: [3, 3] }), [8, 10, 10, 4], [8, 8, 8, 8]],
  convTranspose2d: [(x, k) => convTranspose2d(x, k, { stride: 2 }), [2, 5, 5, 8], [4, 4, 8, 8]],
};

function measureOrder(dtype: DType, note: Note): void {
  const x = uniform([7, 40], 31, dtype);
  const rows = x.toNested<number[][]>().map((row) => row.toSorted((a, b) => a - b));
  const errorsOf = (
    y: Tensor,
    exact: (row: readonly number[]) => Precise[],
    size: (row: readonly number[]) => number,
  ) => {
    const got = numbers(y);
    const wanted = rows.flatMap(exact);
    const sizes = rows.flatMap((row) => exact(row).map(() => size(row)));
    return Math.max(...got.map((value, i) => Math.abs(toNumber(precise(value) - wanted[i]!)) / sizes[i]!));
  };
  const largest = (row: readonly number[]) => Math.max(...row.map(Math.abs));
  note(
    "sort",
    "|y − exact| / max |x|",
    errorsOf(sort(x), (row) => row.map(precise), largest),
  );
  note(
    "topK",
    "|y − exact| / max |x|",
    errorsOf(topK(x, { k: 5 }).values, (row) => row.toReversed().slice(0, 5).map(precise), largest),
  );
  const between = (row: readonly number[], place: Precise): Precise => {
    const at = Number(place >> 512n);
    const share = place - (BigInt(at) << 512n);
    const [low, high] = [precise(row[at]!), precise(row[Math.min(at + 1, row.length - 1)]!)];
    return low + times(high - low, share);
  };
  const place = (q: number) => precise(q) * 39n;
  const neighbors = (q: number) => (row: readonly number[]) => {
    const at = Math.floor(q * 39);
    return Math.abs(row[at]!) + Math.abs(row[at + 1]!);
  };
  note(
    "median",
    "|y − exact| / (|a| + |b|) between the entries a and b",
    errorsOf(median(x, { axis: 1 }), (row) => [between(row, place(0.5))], neighbors(0.5)),
  );
  for (const q of [0.1, 0.7, 0.99])
    note(
      "quantile",
      "|y − exact| / (|a| + |b|), likewise",
      errorsOf(quantile(x, q, { axis: 1 }), (row) => [between(row, place(q))], neighbors(q)),
    );
}

function measurePools(dtype: DType, note: Note): void {
  const x = uniform([2, 9, 9, 8], 41, dtype);
  const pixels = x.toNested<number[][][][]>();
  for (const [op, f] of [
    ["avgPool2d", avgPool2d],
    ["maxPool2d", maxPool2d],
  ] as const) {
    const y = f(x, { size: 3 });
    const errors = numbers(y).map((value, at) => {
      const [n, i, j, c] = [Math.floor(at / 72), Math.floor(at / 24) % 3, Math.floor(at / 8) % 3, at % 8];
      const window = [0, 1, 2].flatMap((p) => [0, 1, 2].map((q) => pixels[n]![3 * i + p]![3 * j + q]![c]!));
      const exact = op === "maxPool2d" ? precise(Math.max(...window)) : total(window.map(precise)) / 9n;
      const size = window.reduce((sum, entry) => sum + Math.abs(entry), 0) / 9;
      return Math.abs(toNumber(precise(value) - exact)) / size;
    });
    note(op, "|y − exact| / mean |x|", Math.max(...errors));
  }
}

/** Runs each op with the currently chosen kernels, and returns the largest errors. */
export function measureResiduals(): readonly Residual[] {
  const worst = new Map<string, Residual>();
  for (const dtype of dtypes) {
    const note: Note = (op, quantity, relative) => {
      const error = relative / epsilons[dtype];
      const key = `${op} ${quantity} ${dtype}`;
      if (!(error <= (worst.get(key)?.error ?? -1))) worst.set(key, { op, quantity, dtype, error });
    };
    for (const [op, [f, ...shapes]] of Object.entries(bilinear)) measureProducts(op, f, shapes, dtype, note);
    measurePools(dtype, note);
    for (const [n, seed] of [
      [3, 51],
      [8, 61],
      [8, 71],
      [20, 81],
    ] as const)
      measureMatrices(n, seed, dtype, note);
    measureOrder(dtype, note);
  }
  return [...worst.values()];
}

/** Returns the largest errors over all kernels that can run here. @public for tools/longrun/accuracy.mjs */
export function measureAllResiduals(): readonly Residual[] {
  const { choice, available } = kernels();
  const all = available.map((name) => {
    kernels(name);
    return measureResiduals();
  });
  kernels(choice);
  return all[0]!.map((first, i) =>
    all.reduce((worst, each) => (each[i]!.error > worst.error ? each[i]! : worst), first),
  );
}

/**
 * Returns the largest allowed error, as a multiple of the machine epsilon of the dtype. The bounds hold for the inputs
 * in this file: matrices of at most 20 rows, and sums of at most 500 terms.
 */
export function boundOfResidual({ op, quantity, dtype }: Residual, running: Kernels): number {
  if (["sort", "topK", "maxPool2d"].includes(op)) return 0;
  if (["median", "quantile", "avgPool2d"].includes(op)) return 1;
  if (op in bilinear) return dtype === "float32" && running === "plain" ? 0.6 : 4;
  if (dtype === "float32") return quantity.endsWith("− I|") ? 3 : 1;
  if (quantity.endsWith("− I|")) return 80; // 4 n
  return ["eigh", "svd"].includes(op) ? 20 : 4;
}

/** Returns the errors as a Markdown table. */
export function residualTable(residuals: readonly Residual[]): string {
  const cell = (found: Residual | undefined) => (found ? (Math.ceil(found.error * 100) / 100).toFixed(2) : "");
  const rows = residuals
    .filter(({ dtype }) => dtype === "float64")
    .map((residual) => {
      const single = residuals.find(
        ({ op, quantity, dtype }) => op === residual.op && quantity === residual.quantity && dtype === "float32",
      );
      const quantity = residual.quantity.replaceAll("|", "\\|");
      return [`\`${residual.op}\``, quantity, cell(residual), cell(single)];
    });
  const head = ["op", "error", "float64", "float32"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
