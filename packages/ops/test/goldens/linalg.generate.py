"""Writes linalg.json: matrices, and what NumPy computes from them. Run: python3 linalg.generate.py"""

import json
from pathlib import Path

import numpy as np

rng = np.random.default_rng(7)


def rounded(*shape):
    """Numbers with few digits, so that the file is short and the inputs are exact."""
    return np.round(rng.uniform(-2, 2, shape), 2)


def definite(*shape):
    x = rounded(*shape)
    return np.round(x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1]), 4)


def listed(x):
    return np.asarray(x).tolist()


def case(A, b):
    """All results for a stack of matrices A, and right sides b."""
    m, n = A.shape[-2:]
    out = {"A": listed(A), "b": listed(b)}
    out["singularValues"] = listed(np.linalg.svd(A, compute_uv=False))
    for order in ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]:
        out[f"norm {order}"] = listed(np.linalg.norm(A, order, axis=(-2, -1)))
    out["trace"] = listed(np.trace(A, axis1=-2, axis2=-1))
    if A.ndim == 2:
        out["lstsq"] = listed(np.linalg.lstsq(A, b, rcond=None)[0])
    R = np.linalg.qr(A)[1]
    signs = np.sign(np.diagonal(R, axis1=-2, axis2=-1))
    out["R"] = listed(R * signs[..., None])
    if m == n:
        out["solve"] = listed(np.linalg.solve(A, b))
        out["inv"] = listed(np.linalg.inv(A))
        out["det"] = listed(np.linalg.det(A))
        out["slogdet"] = [listed(x) for x in np.linalg.slogdet(A)]
        if np.array_equal(A, np.swapaxes(A, -1, -2)):
            out["cholesky"] = listed(np.linalg.cholesky(A))
            out["eigenvalues"] = listed(np.linalg.eigvalsh(A))
    return out


cases = {
    "a square matrix, vector": case(rounded(4, 4), rounded(4)),
    "a definite matrix, columns": case(definite(4, 4), rounded(4, 2)),
    "a stack of definite matrices": case(definite(2, 3, 3), rounded(2, 3, 2)),
    "a tall matrix, vector": case(rounded(5, 3), rounded(5)),
    "a wide matrix, columns": case(rounded(2, 4), rounded(2, 2)),
    "a 1 × 1 matrix": case(np.array([[2.5]]), np.array([3.0])),
    "the Hilbert matrix": case(np.array([[1 / (i + j + 1) for j in range(5)] for i in range(5)]), np.ones(5)),
}
Path(__file__).with_name("linalg.json").write_text(json.dumps({"numpy": np.__version__, "cases": cases}) + "\n")
