import { readFileSync } from "node:fs";
import { grad, hessian, jacobian, nonFinite, type Tensor, tensor, vjp } from "@wengert/core";
import {
  add,
  broadcastTo,
  cholesky,
  concat,
  det,
  eigh,
  exp,
  inv,
  log,
  lstsq,
  matmul,
  matrixNorm,
  matrixTrace,
  max,
  mul,
  qr,
  reshape,
  slice,
  slogdet,
  solve,
  square,
  sub,
  sum,
  svd,
  transpose,
  triangularSolve,
} from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { numbers, random } from "./support.ts";

type Nested = Parameters<typeof tensor>[0];
type Results = Readonly<Record<string, Nested>>;
const goldens = JSON.parse(readFileSync(new URL("goldens/linalg.json", import.meta.url), "utf8")) as {
  readonly cases: Readonly<Record<string, Results>>;
};

const largest = (...tensors: readonly Tensor[]): number => Math.max(0, ...tensors.flatMap(numbers).map(Math.abs));
/** Expects two tensors to differ by at most `relative` times the largest element. */
function expectClose(got: Tensor, wanted: Tensor, relative = 1e-14): void {
  expect(got.shape).toEqual(wanted.shape);
  expect(largest(sub(got, wanted))).toBeLessThanOrEqual(relative * Math.max(largest(wanted), 1e-300));
}
const eye = (n: number): Tensor =>
  tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j))));
const swapped = (x: Tensor): Tensor => {
  const rank = x.shape.length;
  return transpose(x, { axes: [...Array(rank - 2).keys(), rank - 1, rank - 2] });
};
const product = (...factors: readonly Tensor[]): Tensor => factors.reduce((a, b) => matmul(a, b));
/** Returns V diag(w): each column of the matrix V, multiplied by the entry of the vector w for this column. */
const scaledColumns = (V: Tensor, w: Tensor): Tensor =>
  mul(V, reshape(w, { shape: [...w.shape.slice(0, -1), 1, w.shape.at(-1)!] }));
const definite = (n: number, seed = 1): Tensor =>
  add(matmul(random([n, n], seed), transpose(random([n, n], seed))), eye(n));

describe("results equal those of NumPy", () => {
  const functions: Record<string, (A: Tensor, b: Tensor) => Tensor> = {
    singularValues: (A) => svd(A).S,
    "norm fro": (A) => matrixNorm(A),
    "norm nuc": (A) => matrixNorm(A, { ord: "nuc" }),
    "norm inf": (A) => matrixNorm(A, { ord: Infinity }),
    "norm -inf": (A) => matrixNorm(A, { ord: -Infinity }),
    "norm 1": (A) => matrixNorm(A, { ord: 1 }),
    "norm -1": (A) => matrixNorm(A, { ord: -1 }),
    "norm 2": (A) => matrixNorm(A, { ord: 2 }),
    "norm -2": (A) => matrixNorm(A, { ord: -2 }),
    trace: (A) => matrixTrace(A),
    lstsq: (A, b) => lstsq(A, b),
    R: (A) => qr(A).R,
    solve: (A, b) => solve(A, b),
    inv: (A) => inv(A),
    det: (A) => det(A),
    cholesky: (A) => cholesky(A),
    eigenvalues: (A) => eigh(A).values,
  };
  for (const [title, { A, b, slogdet: signAndLog, ...results }] of Object.entries(goldens.cases))
    describe(title, () => {
      const [matrix, right] = [tensor(A!), tensor(b!)];
      const condition = largest(matrixNorm(matrix, { ord: 2 })) / largest(matrixNorm(matrix, { ord: -2 }));
      for (const [name, wanted] of Object.entries(results))
        it(name, () => expectClose(functions[name]!(matrix, right), tensor(wanted), 4e-15 * Math.max(1, condition)));
      if (signAndLog)
        it("slogdet", () => {
          const [sign, logAbsDet] = (signAndLog as unknown as Nested[]).map((x) => tensor(x));
          expectClose(slogdet(matrix).sign, sign!);
          expectClose(slogdet(matrix).logAbsDet, logAbsDet!, 1e-13 * Math.max(1, condition));
        });
    });
});

describe("a decomposition of n × n matrices has small residuals", () => {
  for (const n of [1, 2, 7, 33, 40, 100]) {
    const A = random([n, n], n);
    const S = definite(n, n);
    const bound = 1e-14 * n;
    it(`solve, n = ${n}`, () => {
      const b = random([n, 9], 3);
      const x = solve(A, b);
      // The backward error of a solution x: |A x − b| relative to |A| |x|.
      expect(largest(sub(matmul(A, x), b))).toBeLessThanOrEqual(bound * largest(A) * n * largest(x));
      expectClose(solve(A, slice(b, { stop: [n, 1] })), slice(x, { stop: [n, 1] }), 1e-9);
    });
    it(`inv, n = ${n}`, () => expectClose(matmul(S, inv(S)), eye(n), 1e-12 * n));
    it(`cholesky, n = ${n}`, () => {
      const L = cholesky(S);
      expectClose(matmul(L, transpose(L)), S, bound);
      for (const [i, row] of (L.toNested() as number[][]).entries())
        expect(row.slice(i + 1).every((x) => x === 0)).toBe(true);
    });
    it(`triangularSolve, n = ${n}`, () => {
      const [L, b] = [cholesky(S), random([n, 12], 5)];
      expectClose(matmul(L, triangularSolve(L, b)), b, 1e-11);
      expectClose(matmul(transpose(L), triangularSolve(L, b, { transposed: true })), b, 1e-11);
      expectClose(matmul(transpose(L), triangularSolve(transpose(L), b, { lower: false })), b, 1e-11);
      expectClose(matmul(L, triangularSolve(transpose(L), b, { lower: false, transposed: true })), b, 1e-11);
    });
    it(`qr, n = ${n}`, () => {
      for (const X of [A, random([n + 3, n], 2), random([n, n + 3], 4)]) {
        const { Q, R } = qr(X);
        expectClose(matmul(Q, R), X, bound);
        expectClose(matmul(transpose(Q), Q), eye(n), bound);
      }
    });
    it(`eigh, n = ${n}`, () => {
      const { values: w, vectors: V } = eigh(S);
      expectClose(matmul(scaledColumns(V, w), transpose(V)), S, bound);
      expectClose(matmul(transpose(V), V), eye(n), bound);
      expect(numbers(w)).toEqual(numbers(w).toSorted((a, b) => a - b));
    });
    it(`svd, n = ${n}`, () => {
      for (const X of [A, random([n + 3, n], 2), random([n, n + 3], 4)]) {
        const { U, S: s, Vt } = svd(X);
        expectClose(matmul(scaledColumns(U, s), Vt), X, bound);
        expectClose(matmul(transpose(U), U), eye(n), bound);
        expectClose(matmul(Vt, transpose(Vt)), eye(n), bound);
        expect(numbers(s)).toEqual(numbers(s).toSorted((a, b) => b - a));
      }
    });
  }
});

describe("derivatives of large matrices equal closed forms", () => {
  const n = 70;
  const K = definite(n, 3);
  const diagonal = (L: Tensor) => sum(mul(L, eye(n)), { axis: -1 });
  it("log det by cholesky: K⁻¹", () => {
    expectClose(grad((A: Tensor) => mul(2, sum(log(diagonal(cholesky(A))))))(K), inv(K), 1e-11);
  });
  it("log det by slogdet: K⁻ᵀ", () => {
    const A = random([n, n], 5);
    expectClose(grad((X: Tensor) => slogdet(X).logAbsDet)(A), transpose(inv(A)), 1e-10);
  });
  it("det: det A · A⁻ᵀ", () => {
    const A = add(mul(0.1, random([n, n], 5)), eye(n));
    expectClose(grad((X: Tensor) => det(X))(A), mul(det(A), transpose(inv(A))), 1e-10);
  });
  it("bᵀ K⁻¹ b: −x xᵀ with K x = b", () => {
    const b = random([n], 9);
    const x = reshape(solve(K, b), { shape: [n, 1] });
    expectClose(grad((A: Tensor) => sum(mul(b, solve(A, b))))(K), mul(-1, matmul(x, transpose(x))), 1e-11);
  });
  it("the sum of the eigenvalues: the identity", () => {
    expectClose(grad((A: Tensor) => sum(eigh(A).values))(K), eye(n), 1e-11);
  });
  it("the sum of the squared singular values: 2 A", () => {
    const A = random([n, 20], 2);
    expectClose(grad((X: Tensor) => sum(square(svd(X).S)))(A), mul(2, A), 1e-11);
  });
});

const Q3 = qr(random([3, 3], 8)).Q;
const rebuilt = (A: Tensor): Tensor => {
  const { values, vectors } = eigh(A);
  return matmul(scaledColumns(vectors, values), swapped(vectors));
};
/**
 * Symmetric matrices with the eigenvalues 1, 1, 2: a matrix with exactly these eigenvalues, and a matrix product whose
 * rounding errors change the eigenvalues slightly.
 */
const withTies: Record<string, Tensor> = {
  "a diagonal matrix": tensor([[1, 0, 0], [0, 2, 0], [0, 0, 1]]), // biome-ignore format: a matrix
  "a rotated matrix": product(Q3, tensor([[1, 0, 0], [0, 2, 0], [0, 0, 1]]), transpose(Q3)), // biome-ignore format: a matrix
};
const symmetricPart = (G: Tensor): Tensor => mul(0.5, add(G, transpose(G)));

describe("equal eigenvalues", () => {
  for (const [title, A] of Object.entries(withTies))
    describe(title, () => {
      it("have exact derivatives in functions of the values that treat them alike", () => {
        expectClose(grad((X: Tensor) => sum(square(eigh(X).values)))(A), mul(2, A), 1e-13);
        expectClose(grad((X: Tensor) => sum(exp(eigh(X).values)))(A), svdOfExp(A), 1e-13);
      });
      it("have exact derivatives in functions of the whole eigenspace", () => {
        // P is the projection on the eigenspace of the eigenvalue 1 of a matrix A with the eigenvalues 1, 1 and 2. If A
        // changes by dA, P changes by −P dA (I − P) − (I − P) dA P.
        const G = random([3, 3], 4);
        const projector = (X: Tensor) => {
          const V = slice(eigh(X).vectors, { stop: [3, 2] });
          return matmul(V, transpose(V));
        };
        const P = projector(A);
        const wanted = symmetricPart(mul(-2, product(P, symmetricPart(G), sub(eye(3), P))));
        expectClose(grad((X: Tensor) => sum(mul(G, projector(X))))(A), wanted, 1e-12);
      });
      it("have exact derivatives in V diag(w) Vᵀ, if the cotangents of equal values are equal", () => {
        expectClose(grad((X: Tensor) => matrixTrace(rebuilt(X)))(A), eye(3), 1e-13);
      });
      it("give NaN if the function treats their vectors or values differently, and nonFinite says why", () => {
        const bad: ((X: Tensor) => Tensor)[] = [
          (X) => sum(rebuilt(X)),
          (X) => sum(mul(random([3, 3], 4), rebuilt(X))),
          (X) => sum(mul(tensor([1, 2, 3]), eigh(X).values)),
          (X) => sum(slice(eigh(X).vectors, { stop: [3, 1] })),
        ];
        for (const f of bad) {
          expect(numbers(grad(f)(A)).some(Number.isNaN)).toBe(true);
          expect(nonFinite(f, A)!.message).toMatch(
            /the cotangent of input 0 of eigh is NaN.*; the eigenvalues 0 and 1 are equal \((1|0\.99)/,
          );
        }
      });
    });
  it("never give a wrong number for a function of a multiple of the identity", () => {
    const G = tensor([[0, 1], [1, 0]]); // biome-ignore format: a matrix
    for (const scale of [0, 1, -3]) {
      const cotangent = grad((X: Tensor) => sum(mul(G, rebuilt(X))))(mul(scale, eye(2)));
      expect(numbers(cotangent).every(Number.isNaN)).toBe(true);
    }
  });
  it("do not affect other matrices of the batch", () => {
    const A = tensor([[[1, 0], [0, 1]], [[1, 0.5], [0.5, 3]]]); // biome-ignore format: two matrices
    const cotangent = grad((X: Tensor) => sum(rebuilt(X)))(A);
    expect(numbers(cotangent).slice(0, 4).every(Number.isNaN)).toBe(true);
    expectClose(slice(cotangent, { start: [1] }), tensor([[[1, 1], [1, 1]]]), 1e-14); // biome-ignore format: one matrix
  });
  it("with a gap above rounding have derivatives", () => {
    const A = tensor([[1, 0], [0, 1 + 1e-9]]); // biome-ignore format: a matrix
    expectClose(grad((X: Tensor) => sum(rebuilt(X)))(A), tensor([[1, 1], [1, 1]]), 1e-6); // biome-ignore format: a matrix
  });
  it("give NaN in second derivatives that are not unique", () => {
    const H = hessian((X: Tensor) => sum(square(eigh(X).values)))(withTies["a diagonal matrix"]!);
    expect(numbers(H).some(Number.isNaN)).toBe(true);
  });
});

/**
 * Returns the matrix exponential exp(A) of a symmetric A, by its series. exp(A) is the gradient of Σ exp(wᵢ) over the
 * eigenvalues wᵢ.
 */
function svdOfExp(A: Tensor): Tensor {
  let [term, total] = [eye(3), eye(3)];
  for (let k = 1; k < 40; k++) {
    term = mul(1 / k, matmul(term, A));
    total = add(total, term);
  }
  return total;
}

describe("equal and zero singular values", () => {
  it("have an exact derivative in U Vᵀ at an orthogonal matrix", () => {
    // If a change dA is added to an orthogonal matrix Q, the orthogonal factor of the polar decomposition changes by Q
    // skew(Qᵀ dA).
    const G = random([3, 3], 4);
    const M = matmul(transpose(Q3), G);
    const polar = (X: Tensor) => {
      const { U, Vt } = svd(X);
      return matmul(U, Vt);
    };
    const wanted = matmul(Q3, mul(0.5, sub(M, transpose(M))));
    expectClose(grad((X: Tensor) => sum(mul(G, polar(X))))(Q3), wanted, 1e-13);
  });
  const lowRank = matmul(random([4, 1], 2), random([1, 3], 3));
  it("have an exact derivative in Σ s² at a matrix of rank 1", () => {
    expectClose(grad((X: Tensor) => sum(square(svd(X).S)))(lowRank), mul(2, lowRank), 1e-13);
  });
  it("give NaN in U diag(s) Vt and in Σ s at a matrix of rank 1, and nonFinite says why", () => {
    const bad: ((X: Tensor) => Tensor)[] = [
      (X) => sum(svd(X).S),
      (X) => {
        const { U, S, Vt } = svd(X);
        return sum(mul(random([4, 3], 1), matmul(scaledColumns(U, S), Vt)));
      },
    ];
    for (const f of bad)
      for (const A of [lowRank, tensor(Array(4).fill([0, 0, 0]))]) {
        expect(numbers(grad(f)(A)).some(Number.isNaN)).toBe(true);
        expect(nonFinite(f, A)!.message).toMatch(/the cotangent of input 0 of svd is NaN.*; the singular value 2 is 0/);
      }
  });
  it("give NaN for equal values that are treated differently, and nonFinite says why", () => {
    const f = (X: Tensor) => sum(mul(tensor([1, 2, 3]), svd(X).S));
    expect(nonFinite(f, Q3)!.message).toMatch(/the singular values 0 and 1 are equal/);
  });
  it("give the middle of the subdifferential in norms", () => {
    const { U, S, Vt } = svd(lowRank);
    const outer = matmul(slice(U, { stop: [4, 1] }), slice(Vt, { stop: [1, 3] }));
    expect(numbers(S)[1]).toBeLessThan(1e-15);
    expectClose(grad((X: Tensor) => matrixNorm(X, { ord: "nuc" }))(lowRank), outer, 1e-13);
    expectClose(grad((X: Tensor) => matrixNorm(X, { ord: 2 }))(Q3), mul(1 / 3, Q3), 1e-13);
    for (const ord of ["fro", "nuc"] as const)
      expect(numbers(grad((X: Tensor) => matrixNorm(X, { ord }))(mul(0, eye(2))))).toEqual([0, 0, 0, 0]);
  });
});

describe("det at a singular matrix", () => {
  const A = tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]]); // biome-ignore format: a matrix
  const cofactors = tensor([[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]); // biome-ignore format: a matrix
  it("has the cofactors as its gradient", () => expectClose(grad((X: Tensor) => det(X))(A), cofactors, 1e-14));
  it("has exact second derivatives, even for the zero matrix", () => {
    // For a 3 × 3 matrix, ∂² det / ∂a₀₀ ∂a₁₁ is a₂₂, and ∂² det / ∂a₀₁ ∂a₁₀ is −a₂₂.
    const H = hessian((X: Tensor) => det(X))(A).toNested() as number[][][][];
    expect(H[0]![0]![1]![1]).toBeCloseTo(9, 12);
    expect(H[0]![1]![1]![0]).toBeCloseTo(-9, 12);
    expect(numbers(hessian((X: Tensor) => det(X))(mul(0, A))).every((x) => x === 0)).toBe(true);
  });
});

describe("NaN and infinities", () => {
  const stack = concat([
    reshape(definite(3), { shape: [1, 3, 3] }),
    reshape(mul(Number.NaN, eye(3)), { shape: [1, 3, 3] }),
  ]);
  const functions: Record<string, (A: Tensor) => Tensor> = {
    cholesky: (A) => cholesky(A),
    solve: (A) => solve(A, tensor([1, 2, 3])),
    inv: (A) => inv(A),
    det: (A) => det(A),
    slogdet: (A) => slogdet(A).logAbsDet,
    lstsq: (A) => lstsq(A, tensor([1, 2, 3])),
    qr: (A) => qr(A).R,
    "eigh, values": (A) => eigh(A).values,
    "eigh, vectors": (A) => eigh(A).vectors,
    svd: (A) => svd(A).S,
  };
  for (const [name, f] of Object.entries(functions))
    it(`of one matrix stay in its results: ${name}`, () => {
      const [got, alone] = [f(stack), f(definite(3))];
      expect(numbers(slice(got, { stop: [1] }))).toEqual(numbers(alone));
      expect(numbers(slice(got, { start: [1] })).some(Number.isNaN)).toBe(true);
    });
});

describe("accuracy and scale", () => {
  it("badly scaled rows and columns are not singular", () => {
    const A = tensor([[1e-30, 2e-30], [3, 4]]); // biome-ignore format: a matrix
    expectClose(solve(A, tensor([5e-30, 11])), tensor([1, 2]), 1e-15);
    expectClose(solve(tensor([[1, 0], [0, 1e-200]]), tensor([1, 1e-200])), tensor([1, 1]), 1e-15); // biome-ignore format: a matrix
    expectClose(lstsq(tensor([[1, 0], [0, 1e-20], [0, 0]]), tensor([1, 1e-20, 7])), tensor([1, 1]), 1e-15); // biome-ignore format: a matrix
  });
  it("small singular values keep their relative accuracy", () => {
    const A = tensor([[1, 2e-40], [3, 4e-40]]); // biome-ignore format: a matrix
    const [s0, s1] = numbers(svd(A).S) as [number, number];
    expect(Math.abs((s0 * s1) / 2e-40 - 1)).toBeLessThan(1e-14);
  });
  it("large and small numbers do not overflow or underflow", () => {
    for (const scale of [1e-200, 1e200]) {
      const S = definite(5, 2);
      const scaled = mul(scale, S);
      expectClose(mul(1 / scale, eigh(scaled).values), eigh(S).values, 1e-13);
      expectClose(mul(1 / scale, svd(scaled).S), svd(S).S, 1e-13);
      expectClose(mul(1 / scale, qr(scaled).R), qr(S).R, 1e-13);
      expectClose(mul(1 / scale, matrixNorm(scaled)), matrixNorm(S), 1e-14);
      expectClose(mul(scale, inv(scaled)), inv(S), 1e-13);
    }
  });
  it("float32 results are float64 results, rounded once", () => {
    const A = tensor(definite(6), { dtype: "float32" });
    expect(numbers(inv(A))).toEqual(numbers(tensor(inv(tensor(A, { dtype: "float64" })), { dtype: "float32" })));
    const { values, vectors } = eigh(A);
    expect([values.dtype, vectors.dtype]).toEqual(["float32", "float32"]);
  });
});

describe("batches", () => {
  it("of A and b broadcast", () => {
    const A = add(random([2, 1, 3, 3], 2), mul(3, eye(3)));
    const b = random([4, 3, 2], 3);
    const x = solve(A, b);
    expect(x.shape).toEqual([2, 4, 3, 2]);
    expectClose(matmul(A, x), broadcastTo(b, { shape: x.shape }), 1e-14);
    expect(solve(A, random([3], 4)).shape).toEqual([2, 1, 3]);
  });
  it("have the bits of single matrices", () => {
    const A = random([3, 5, 5], 2);
    for (const f of [(X: Tensor) => inv(X), (X: Tensor) => svd(X).U, (X: Tensor) => qr(X).Q, (X: Tensor) => det(X)]) {
      const [all, last] = [f(A), f(slice(A, { start: [2] }))];
      expect(numbers(slice(all, { start: [2] }))).toEqual(numbers(last));
    }
  });
});

it("the parts of a decomposition that are not used have the cotangent 0", () => {
  const A = random([3, 3], 2);
  const { pullback } = vjp((X: Tensor) => svd(X).S, A);
  const { U, Vt } = svd(A);
  expectClose(pullback(tensor([1, 0, 0]))[0], matmul(slice(U, { stop: [3, 1] }), slice(Vt, { stop: [1, 3] })), 1e-14);
});

it("least squares has the derivative of the normal equations", () => {
  const [A, b] = [random([5, 2], 1), random([5], 2)];
  const byNormal = (X: Tensor, y: Tensor) => solve(matmul(transpose(X), X), matmul(transpose(X), y));
  expectClose(jacobian((X: Tensor) => lstsq(X, b))(A), jacobian((X: Tensor) => byNormal(X, b))(A), 1e-12);
  expect(max(lstsq(A, b)).shape).toEqual([]);
});
