"""Writes numpy.json: results of NumPy and SciPy for calls of ops, at small inputs.

Run by hand, from anywhere: python3 packages/ops/test/goldens/numpy.generate.py

Each case has the name of an op, its arguments as JSON, and the result. A tensor is { "tensor": numbers, "dtype": name }.
JSON has no NaN and no infinities, so they are strings.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.special import logsumexp

nan, inf = np.nan, np.inf
cases = []


def plain(x):
    if isinstance(x, np.ndarray):
        dtype = {"int64": "int32"}.get(str(x.dtype), str(x.dtype))
        return {"tensor": plain(x.tolist()), "shape": list(x.shape), "dtype": dtype}
    if isinstance(x, np.generic):
        return plain(np.asarray(x))
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(each) for each in x]
    if isinstance(x, float) and not np.isfinite(x):
        return "NaN" if np.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    return x


def case(name, args, value):
    cases.append({"op": name, "args": plain(args), "value": plain(value)})


x = np.array([[1.5, -2.0, 0.25], [4.0, 0.5, -1.0]])
square = np.arange(9.0).reshape(3, 3) - 2
batch = np.arange(12.0).reshape(2, 2, 3)
v = np.array([3.0, -1.0, 2.0])
n = np.array([2, 0, 1])
mask = np.array([[True, False, True], [False, False, False]])

# Creation
case("arange", [0, 5], np.arange(0.0, 5))
case("arange", [2, -1, {"step": -0.75}], np.arange(2, -1, -0.75))
case("arange", [0, 1, {"step": 0.1}], np.arange(0, 1, 0.1))
case("arange", [1, 8, {"step": 3, "dtype": "int32"}], np.arange(1, 8, 3))
case("arange", [3, 3], np.arange(3.0, 3))
for args in [(0, 1, 5), (-1, 2.5, 7), (0.1, 0.7, 50), (3, -3, 4), (2, 5, 1), (2, 5, 0)]:
    case("linspace", [*args[:2], {"num": args[2]}], np.linspace(*args))
case("linspace", [0, 1], np.linspace(0, 1))
case("eye", [3], np.eye(3))
case("eye", [2, {"dtype": "int32"}], np.eye(2, dtype=int))
for k in (0, 1, -1, 2, -3, 7):
    case("diag", [v, {"k": k}], np.diag(v, k))
    case("diag", [x, {"k": k}], np.diag(x, k))
    case("diag", [square, {"k": k}], np.diag(square, k))
    for name, f in (("tril", np.tril), ("triu", np.triu)):
        case(name, [square, {"k": k}], f(square, k))
        case(name, [batch, {"k": k}], f(batch, k))
case("tril", [mask], np.tril(mask))
case("meshgrid", [[v, x[0, :2]]], np.meshgrid(v, x[0, :2]))
case("meshgrid", [[v, x[0, :2]], {"indexing": "ij"}], np.meshgrid(v, x[0, :2], indexing="ij"))
case("meshgrid", [[v, x[0, :2], n[:2]]], np.meshgrid(v, x[0, :2], n[:2]))
case("meshgrid", [[v]], np.meshgrid(v))

# Shapes
case("split", [x, {"sections": 3, "axis": 1}], np.split(x, 3, 1))
case("split", [v, {"sections": [1, 1]}], np.split(v, [1, 1]))
case("split", [batch, {"sections": [-1], "axis": 2}], np.split(batch, [-1], 2))
case("unstack", [batch, {"axis": 1}], np.unstack(batch, axis=1))
case("unstack", [n], np.unstack(n))
case("at", [batch, -1], batch[-1])
case("at", [x, n[1:]], x[n[1:]])
case("repeat", [x, {"count": 2}], np.repeat(x, 2))
case("repeat", [x, {"count": 3, "axis": 0}], np.repeat(x, 3, 0))
case("repeat", [x, {"count": [2, 0, 1], "axis": -1}], np.repeat(x, [2, 0, 1], -1))
for reps in (2, [2, 1], [2, 2, 1], [1], [0, 2]):
    case("tile", [x, {"reps": reps}], np.tile(x, reps))
    case("tile", [v, {"reps": reps}], np.tile(v, reps))
for shift in (1, -2, 7):
    case("roll", [x, {"shift": shift}], np.roll(x, shift))
    case("roll", [batch, {"shift": shift, "axis": -1}], np.roll(batch, shift, -1))
    case("roll", [batch, {"shift": shift, "axis": [0, 2]}], np.roll(batch, shift, (0, 2)))
case("roll", [batch, {"shift": [2, -1], "axis": [2, 1]}], np.roll(batch, (2, -1), (2, 1)))
for source, target in ((0, 2), (-1, 0), ([0, 1], [2, 0]), ([2, 0], [0, 1])):
    case("moveAxis", [batch, {"from": source, "to": target}], np.moveaxis(batch, source, target))
case("swapAxes", [batch, {"axes": [0, -1]}], np.swapaxes(batch, 0, -1))
case("flatten", [batch], batch.flatten())


def updated(a, indices, values, add=False, axis=0):
    a = a.copy()
    moved = np.moveaxis(a, axis, 0)
    values = np.moveaxis(np.broadcast_to(values, np.take(a, indices, axis).shape), axis, 0)
    if add:
        np.add.at(moved, indices, values)
    else:
        moved[indices] = values
    return a


case("setAt", [x, np.array([2, 0, 2]), x * 10, {"axis": 1}], updated(x, np.array([2, 0, 2]), x * 10, axis=1))
case("setAt", [x, 1, v, {"axis": 0}], updated(x, np.array(1), v))
case("setAt", [n, n[:2], n[1:], {"axis": 0}], updated(n, n[:2], n[1:]))
case("addAt", [x, np.array([2, 0, 2]), x * 10, {"axis": 1}], updated(x, np.array([2, 0, 2]), x * 10, True, 1))
case("addAt", [x, -1, v, {"axis": 0}], updated(x, np.array(-1), v, True))
sums = np.zeros((4, 3))
np.add.at(sums, np.array([2, 2]), x)
case("segmentSum", [x, np.array([2, 2]), {"count": 4}], sums)

# Reductions
wild = np.array([[1.0, nan, 2.0], [inf, -1.0, 3.0], [0.0, -0.0, -inf]])
huge = np.array([3e300, -4e300])
tiny = np.array([3e-300, -4e-300])
for axis in (None, 0, 1):
    axes = {} if axis is None else {"axis": axis}
    for ddof in (0, 1):
        case("std", [x, {**axes, "ddof": ddof}], np.std(x, axis, ddof=ddof))
    for order in (1, 2, 3, 2.5, inf, -inf):
        flat = x.ravel() if axis is None else x
        case("norm", [x, {**axes, "ord": order}], np.asarray(np.linalg.norm(flat, order, axis)))
    for name, f in (("any", np.any), ("all", np.all)):
        case(name, [mask, axes], f(mask, axis))
    case("countNonzero", [wild, axes], np.count_nonzero(wild, axis))
    case("median", [x, axes], np.median(x, axis))
    for q in (0, 0.1, 0.5, 0.9, 1, [0.25, 0.7]):
        case("quantile", [x, q, axes], np.quantile(x, q, axis))
case("norm", [huge], np.float64(5e300))  # the squares overflow
case("norm", [tiny], np.float64(5e-300))
case("std", [wild, {"axis": 1, "keepDims": True}], np.full((3, 1), nan))
case("any", [mask[:, :0], {"axis": 1}], np.any(mask[:, :0], 1))
case("all", [mask[:, :0], {"axis": 1}], np.all(mask[:, :0], 1))
case("quantile", [batch, [0.3, 0.6], {"axis": [0, 2], "keepDims": True}], np.quantile(batch, [0.3, 0.6], (0, 2), keepdims=True))
case("median", [wild, {"axis": 1}], np.array([nan, 3.0, -0.0]))
for axis in (0, 1):
    case("cumprod", [x, {"axis": axis}], np.cumprod(x, axis))
    sums = np.stack([logsumexp(np.take(x, range(i + 1), axis), axis) for i in range(x.shape[axis])], axis)
    case("logCumsumExp", [x, {"axis": axis}], sums)
case("cumprod", [n + 2, {"axis": 0}], np.cumprod(n + 2))
low = np.array([-inf, -inf, -800.0, 5.0, -inf, 709.0, inf, 1.0, nan, 2.0])
running = [logsumexp(low[: i + 1]) for i in range(len(low))]
case("logCumsumExp", [low, {"axis": 0}], np.array(running))

# Order
ties = np.array([[2.0, -1.0, nan, 2.0, -0.0, 0.0, -inf, nan, 2.0], [0.5] * 9])
for axis in (0, 1):
    case("argsort", [ties, {"axis": axis}], np.argsort(ties, axis, kind="stable"))
    case("sort", [ties, {"axis": axis}], np.sort(ties, axis, kind="stable"))
case("argsort", [ties, {"descending": True}], np.argsort(-ties, 1, kind="stable"))
case("sort", [n, {"descending": True}], np.array([2, 1, 0]))
case("sort", [mask], np.sort(mask))
many = np.random.default_rng(5).integers(-20, 20, 100).astype(float)
case("argsort", [many], np.argsort(many, kind="stable"))
case("topK", [x, {"k": 2}], {"values": -np.sort(-x)[:, :2], "indices": np.argsort(-x)[:, :2]})
edges = np.array([-1.0, 0.0, 0.0, 2.0, inf, nan])
values = np.array([-3.0, -1.0, 0.0, 1.0, inf, nan, 5.0])
for side in ("left", "right"):
    case("searchsorted", [edges, values, {"side": side}], np.searchsorted(edges, values, side))

here = pathlib.Path(__file__).parent
lines = ",\n".join(json.dumps(each) for each in cases)
versions = json.dumps({"numpy": np.__version__, "scipy": scipy.__version__})
(here / "numpy.json").write_text(f'{{ "versions": {versions}, "cases": [\n{lines}\n] }}\n')
