import type { Data } from "@wengert/core/extend";
import { product32, product64 } from "./crossovers.ts";
import { currentEngine } from "./engine.ts";
import type { Engine } from "./kernels.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The number of bytes of an operand that are copied and processed at a time. The copied bytes are still in the cache
 * when the kernel reads them.
 */
const blockBytes = 2 ** 19;
/** The number of bytes of the operand b that stay in the cache while blocks of the operand a are processed. */
const residentBytes = 4 * blockBytes;
/**
 * A matrix product a b is computed in blocks. A block that covers only a part of the inner axis adds at most this many
 * terms to each sum.
 */
const maxTerms = 1024;
/**
 * Sizes for the kernel of matrix products: the width of an output tile in bytes, and the number of rows and of columns
 * of the left matrix that the kernel copies to contiguous memory at a time.
 */
const [tileBytes, packedRows, packedTerms] = [32, 60, 400];
/** The kernel for matrix products needs this many entries of temporary memory for two tiles of the output. */
const tileEntries = 80;
/**
 * The largest number of float32 terms whose partial sums are added in float32. For more terms they are added in
 * float64.
 */
const maxSingleTerms = 64 * packedTerms;

/**
 * Splits a sum of k terms into the fewest blocks of equal size, such that no block has more than `limit` terms. Returns
 * the size of a block. The size depends only on k and `limit`, so the bits of the sum do not depend on the shape of the
 * matrices.
 */
const equalPart = (k: number, limit: number): number => Math.ceil(k / Math.ceil(k / limit));

const smallestCrossover = /* @__PURE__ */ Math.min(product32, product64);

/**
 * Returns whether WebAssembly computes the product of matrices [m, k] and [k, n]. The choice does not depend on m.
 * Integer products never use WebAssembly.
 */
export function paysInWasm(c: Data, a: Data, b: Data, n: number, k: number): boolean {
  const engine = currentEngine();
  if (engine === null || k === 0) return false;
  if (!engine.isForced && k * n < smallestCrossover) return false; // the cheapest check comes first
  if (!(c instanceof Float32Array || c instanceof Float64Array)) return false;
  const size = c.BYTES_PER_ELEMENT;
  if (a.BYTES_PER_ELEMENT !== size || b.BYTES_PER_ELEMENT !== size) return false; // float32 entries times float64 sums
  return engine.isForced || k * n >= (size === 4 ? product32 : product64);
}

/**
 * Writes the matrix product of a [m, k] and b [k, n] to c, row-major, starting at index o. a and b each have stride 1
 * along one axis. Returns false if memory runs out.
 */
export function productInWasm(
  c: Data,
  o: number,
  a: Data,
  i: number,
  aRow: number,
  aCol: number,
  b: Data,
  j: number,
  bRow: number,
  bCol: number,
  m: number,
  n: number,
  k: number,
): boolean {
  if (c instanceof Float64Array || k <= maxSingleTerms)
    return partialProduct(c, o, a, i, aRow, aCol, b, j, bRow, bCol, m, n, k);
  const terms = equalPart(k, maxSingleTerms);
  const [partial, sums] = [new Float32Array(m * n), new Float64Array(m * n)];
  for (let term = 0; term < k; term += terms) {
    const [p, q] = [i + term * aCol, j + term * bRow];
    if (!partialProduct(partial, 0, a, p, aRow, aCol, b, q, bRow, bCol, m, n, Math.min(terms, k - term))) return false;
    for (let at = 0; at < sums.length; at++) sums[at]! += partial[at]!;
  }
  c.set(sums, o);
  return true;
}

/** Computes a matrix product whose sums are not split into blocks: in float64, or in float32 with few terms. */
function partialProduct(
  c: Data,
  o: number,
  a: Data,
  i: number,
  aRow: number,
  aCol: number,
  b: Data,
  j: number,
  bRow: number,
  bCol: number,
  m: number,
  n: number,
  k: number,
): boolean {
  const engine = currentEngine()!;
  const size = c.BYTES_PER_ELEMENT;
  // The kernel computes wide tiles. So for a product c = a b with few columns, it computes the transpose cᵀ = bᵀ aᵀ,
  // and each tile of cᵀ is transposed into c.
  const lanes = tileBytes / size;
  const costByRows = Math.ceil(n / lanes) * lanes * m * k;
  const costByColumns = Math.ceil(m / lanes) * lanes * n * k + 2 * m * n;
  return costByColumns < 0.875 * costByRows
    ? multiplyInBlocks(engine, c, o, false, b, j, bCol, bRow, a, i, aCol, aRow, n, m, k)
    : multiplyInBlocks(engine, c, o, true, a, i, aRow, aCol, b, j, bRow, bCol, m, n, k);
}

/** Writes the matrix product a b to c. Computes it as the transpose of bᵀ aᵀ unless `isByRows` is set. */
function multiplyInBlocks(
  { exports, workspace }: Engine,
  c: Data,
  o: number,
  isByRows: boolean,
  a: Data,
  i: number,
  aRow: number,
  aCol: number,
  b: Data,
  j: number,
  bRow: number,
  bCol: number,
  m: number,
  n: number,
  k: number,
): boolean {
  const size = c.BYTES_PER_ELEMENT;
  const gemm = size === 4 ? exports.gemm32 : exports.gemm64;
  const aIsByRows = aCol === 1;
  const bIsByRows = bCol === 1;
  // Chooses the size of the blocks in which the product c = a b is computed: the number of terms in each sum, and the
  // numbers of rows and columns of c.
  const blockEntries = blockBytes / size;
  const part = equalPart(k, packedTerms);
  let terms = k;
  let rows = m;
  let columns = n;
  let splitsParts = false; // whether several blocks of terms make up a part
  if (k > maxTerms || m * k > blockEntries || k * n > blockEntries || m * n > blockEntries) {
    const residentEntries = residentBytes / size;
    // If a block of the matrix product a b covers only a part of the inner axis, it adds at most `maxTerms` terms to
    // each sum.
    terms = Math.min(
      k,
      bIsByRows && (!aIsByRows || m <= packedRows) ? Math.max(64, Math.floor(blockEntries / Math.max(m, n))) : maxTerms,
    );
    const fitRowsAndColumns = () => {
      rows = Math.min(m, Math.max(packedRows, Math.floor(blockEntries / terms)));
      const columnEntries = m > rows || k * n <= residentEntries ? residentEntries : blockEntries;
      columns = Math.min(n, Math.max(64, Math.floor(columnEntries / Math.max(terms, packedRows)) & -8));
      rows = Math.min(rows, Math.max(packedRows, Math.floor(residentEntries / columns)));
    };
    fitRowsAndColumns();
    if (size === 4) {
      // A float32 sum of k terms is always split into the same parts, so that its bits do not depend on the numbers of
      // rows and columns. The partial sums of a part that does not fit in a block stay in memory between blocks.
      splitsParts = terms < part && m === rows;
      const nearest = part * Math.max(1, Math.round(terms / part));
      const fewest = part * Math.max(1, Math.floor(terms / part));
      const whole = Math.min(k, m * nearest <= blockEntries ? nearest : fewest); // all rows, if they fit in a block
      terms = splitsParts ? equalPart(part, terms) : whole;
      if (!splitsParts) fitRowsAndColumns();
    }
  }
  const packed = Math.min(terms, packedTerms) * packedRows + terms * (columns + 7) + tileEntries;
  const sums = splitsParts ? 2 : 1;
  if (!workspace.begin((rows * terms + terms * columns + sums * rows * columns + packed) * size + 512)) return false;
  const atA = workspace.allocate(rows * terms * size);
  const atB = workspace.allocate(terms * columns * size);
  const atC = workspace.allocate(rows * columns * size);
  const atPart = splitsParts ? workspace.allocate(rows * columns * size) : atC;
  const scratch = workspace.allocate(packed * size);
  const keepsSums = m === rows; // the sums of a block of columns stay in place until complete
  let lastRow = -1;
  let lastTerm = -1;
  for (let column = 0; column < n; column += columns) {
    const nb = Math.min(columns, n - column);
    for (let term = 0, kb = 0; term < k; term += kb) {
      kb = Math.min(terms, k - term, splitsParts ? part - (term % part) : k);
      const to = term < part ? atC : atPart;
      const fromB = j + term * bRow + column * bCol;
      if (bIsByRows) writeRuns(workspace, atB, b, fromB, kb, nb, bRow);
      else writeRuns(workspace, atB, b, fromB, nb, kb, bCol);
      for (let row = 0; row < m; row += rows) {
        const mb = Math.min(rows, m - row);
        if (row !== lastRow || term !== lastTerm) {
          const fromA = i + row * aRow + term * aCol;
          if (aIsByRows) writeRuns(workspace, atA, a, fromA, mb, kb, aRow);
          else writeRuns(workspace, atA, a, fromA, kb, mb, aCol);
          lastRow = row;
          lastTerm = term;
        }
        const outer = isByRows ? mb : nb;
        const inner = isByRows ? nb : mb;
        const length = isByRows ? n : m;
        const start = isByRows ? o + row * n + column : o + column * m + row;
        if (term > 0 && !keepsSums) writeRuns(workspace, atC, c, start, outer, inner, length);
        gemm(
          mb,
          nb,
          kb,
          atA,
          (aIsByRows ? kb : 1) * size,
          (aIsByRows ? 1 : mb) * size,
          atB,
          (bIsByRows ? nb : 1) * size,
          (bIsByRows ? 1 : kb) * size,
          to,
          (isByRows ? nb : 1) * size,
          (isByRows ? 1 : mb) * size,
          splitsParts ? term % part === 0 : term === 0,
          splitsParts,
          Math.min(part, terms),
          scratch,
        );
        if (to !== atC && ((term + kb) % part === 0 || term + kb === k))
          exports.add32(1, mb * nb, atC, atC, atPart, 0, 1, 0, 1);
        if (term + kb === k || !keepsSums) readRuns(workspace, atC, c, start, outer, inner, length);
      }
    }
  }
  return true;
}

/**
 * Copies `count` runs of `length` entries into contiguous memory. The starts of the runs are `stride` entries apart.
 */
function writeRuns(
  to: Workspace,
  at: number,
  data: Data,
  from: number,
  count: number,
  length: number,
  stride: number,
): void {
  if (count === 1 || stride === length) to.write(at, data, from, count * length);
  else
    for (let run = 0; run < count; run++)
      to.write(at + run * length * data.BYTES_PER_ELEMENT, data, from + run * stride, length);
}

/** Copies the runs back. */
function readRuns(
  from: Workspace,
  at: number,
  data: Data,
  to: number,
  count: number,
  length: number,
  stride: number,
): void {
  if (count === 1 || stride === length) from.read(at, data, to, count * length);
  else
    for (let run = 0; run < count; run++)
      from.read(at + run * length * data.BYTES_PER_ELEMENT, data, to + run * stride, length);
}
