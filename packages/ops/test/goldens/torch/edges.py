"""Calls at edges: zeros, infinities, NaN, ties, tails, empty axes, dtypes. Wengert differs only by policy."""

from itertools import product

import torch

from cases import int32, truth
from counterparts import inf

nan = float("nan")


def t(*values):
    return torch.tensor(values, dtype=torch.float64)


# Elementwise functions, called with all points at once: (op, arguments, options)

special = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 40.0, -40.0, 800.0, -800.0, 1e308, -1e308, 1e-310, inf, -inf, nan]
unary = "neg square sqrt abs sign exp expm1 log log1p sin cos tanh sigmoid logSigmoid softplus relu gelu"
points = [(op, [t(*special)], {}) for op in [*unary.split(), "isFinite", "isNaN"]]
points.append(("softplus", [t(21, 30)], {}))
points += [("clip", [t(*special)], bounds) for bounds in [{"min": -1, "max": 1}, {"min": 0}]]
points += [("cast", [t(0, -0.0, 0.5, inf, -inf, nan)], {"dtype": dtype}) for dtype in ["bool", "float64"]]

few = [0.0, -0.0, 1.0, -2.0, 800.0, inf, -inf]
pairs = [*product(few, few), (nan, 1.0), (1.0, nan), (nan, nan), (nan, 0.0)]
left, right = (t(*column) for column in zip(*pairs))
binary = "add sub mul div pow minimum maximum logAddExp equal notEqual less lessEqual greater greaterEqual".split()
points += [(op, [left, right], {}) for op in binary]
points.append(("pow", [t(0, 0, 0, -2, -2, 0.5), t(0.5, 2, -0.5, 3, 0.5, -inf)], {}))
points.append(("pow", [t(0, -0.0, inf, -inf, nan, -2), 0], {}))
points.append(("pow", [t(0, -0.0, inf, -inf, nan, -2), 1], {}))
points.append(("pow", [t(0, -0.0, inf, -inf, nan, -2), 0.5], {}))

logits, targets = (t(*column) for column in zip(*product([0, 40, -40, 800, -800, inf, -inf, nan], [0, 1, 0.5])))
points.append(("binaryCrossEntropy", [logits, targets], {"reduction": "none"}))
points.append(("mse", [t(inf, nan, 1e200), t(inf, 0, 0)], {"reduction": "none"}))

# Other ops, one call per edge: (op, arguments, options, cotangent)

edges = []


def edge(op, *args, u=None, **options):
    edges.append((op, list(args), options, u))


lanes = [
    [1, 1, 0],
    [0, -0.0],
    [-0.0, 0],
    [nan, 1, 2],
    [1, nan, nan],
    [inf, 1],
    [inf, inf],
    [-inf, 1],
    [-inf, -inf],
    [inf, -inf],
    [1e308, 1e308, 1e308],
    [40, 0],
    [800, -800],
    [nan, inf],
    [3],
    [],
]
for op, lane in product("sum mean max min prod variance logSumExp argmax argmin".split(), lanes):
    edge(op, t(*lane))
for op, lane in product("cumsum softmax logSoftmax".split(), lanes[3:]):
    edge(op, t(*lane), axis=0)
for op in "sum mean max min prod variance logSumExp argmax".split():
    edge(op, torch.zeros(2, 0), axis=1)
    edge(op, torch.zeros(0, 2), axis=1)
edge("prod", t(0, 2, 3))
edge("prod", t(0, 2, 0))
edge("prod", t(0, inf))
edge("prod", t(0, nan, 2))
edge("variance", t(3), ddof=1)
edge("variance", t(1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 6))
edge("variance", torch.tensor(2.0))
edge("sum", torch.tensor([[1.0, 2.0]]), axis=[])
edge("logSumExp", t(1000, 1000))
edge("max", t(2, 2), u=inf)
edge("sum", t(1e16, 1, -1e16))

# Infinite or NaN cotangents

for op, x in product(["relu", "abs", "sign"], [-1.0, 0.0, 1.0]):
    edge(op, torch.tensor(x), u=inf)
for u in [inf, nan]:
    edge("where", truth([True, False]), t(1, 2), t(3, 4), u=u)
    edge("maximum", t(1, 2), t(2, 1), u=u)
    edge("clip", t(-2, 0, 2), min=-1, max=1, u=u)
edge("maximum", t(1), t(1), u=inf)

# Softmax and losses

for op in ["softmax", "logSoftmax"]:
    edge(op, t(1, nan, 2), where=truth([True, False, True]))
    edge(op, t(1, inf, 2), where=truth([True, False, True]))
    edge(op, t(1, 2), where=truth([False, False]))
    edge(op, torch.tensor([[1.0, nan], [1.0, 2.0]]))
    edge(op, torch.zeros(0, 3))
for row in [
    [-inf, 0, 1],
    [0, -inf, 1],
    [inf, 0, 1],
    [0, inf, 1],
    [nan, 0, 1],
    [40, 0, 0],
    [0, 40, 0],
    [1e8, 1e8, 1e8],
    [-inf, -inf, -inf],
]:
    edge("crossEntropy", t(*row), int32(0), u=1)
for row, target in [
    ([-inf, 0], [0, 1]),
    ([-inf, 0], [0.5, 0.5]),
    ([40, 0], [1, 0]),
    ([inf, 0], [1, 0]),
    ([0, 0], [1, 1]),
    ([0, 0], [0, 0]),
]:
    edge("crossEntropy", t(*row), t(*target), u=1)
two, one_ignored = torch.tensor([[1.0, 2.0], [nan, inf]]), int32([0, 1])
edge("crossEntropy", two, one_ignored, ignoreIndex=1)
edge("crossEntropy", two, one_ignored, ignoreIndex=1, reduction="none")
edge("crossEntropy", torch.tensor([[1.0, 2.0]]), int32([0]), ignoreIndex=0)
edge("crossEntropy", torch.tensor([[1.0, 2.0]]), int32([0]), ignoreIndex=0, reduction="sum")
edge("crossEntropy", torch.tensor([[1.0, 2.0]]), int32([7]), ignoreIndex=7, reduction="sum")
edge("crossEntropy", torch.tensor([[1.0, 2.0]]), int32([-100]), reduction="sum")
for label in [-1, 2]:
    edge("crossEntropy", torch.tensor([[1.0, 2.0]]), int32([label]))
edge("crossEntropy", torch.zeros(0, 2), int32([]))
edge("mse", t(), t())
edge("mse", t(1), t())

# Shapes, indices and products

edge("clip", t(1), min=2, max=1)
for index in [-3, 2]:
    edge("take", t(1, 2), int32(index), axis=0)
edge("takeAlong", t(1, 2), int32([-1]), axis=0)
edge("oneHot", int32([2]), numClasses=2)
edge("oneHot", int32([-1]), numClasses=2)
edge("squeeze", t(1, 2), axis=0)
edge("concat", [t(), t(1)])
edge("matmul", torch.zeros(2, 0), torch.zeros(0, 2))
edge("matmul", torch.tensor([[0.0, 1.0]]), torch.tensor([[inf], [1.0]]))
edge("einsum", "ij,jk", torch.zeros(1, 0), torch.zeros(0, 1))

# dtypes

most, least = int32([2**31 - 1]), int32([-(2**31)])
for op in ["add", "mul"]:
    edge(op, most, most)
edge("sub", least, most)
for op in "neg abs square".split():
    edge(op, least)
for op in "sum prod mean cumsum".split():
    edge(op, int32([2**31 - 1, 2]), **({"axis": 0} if op == "cumsum" else {}))
edge("sum", truth([True, True, False]))
edge("max", int32([3, 3]))
edge("div", int32([1]), int32([2]))
edge("exp", int32([1]))
edge("pow", int32([2]), int32([3]))
edge("pow", int32([2]), int32([-1]))
edge("clip", int32([3]), max=2)
edge("add", t(1), int32([1]))
edge("add", t(1), torch.tensor([1.0], dtype=torch.float32))
edge("add", truth([True]), truth([True]))
edge("equal", t(1), int32([1]))
edge("where", int32([1]), t(1), t(2))
edge("where", truth([True]), t(1), int32([2]))
edge("logicalAnd", t(1), t(2))
edge("concat", [t(1), int32([2])])
edge("take", t(1, 2), t(1), axis=0)
edge("matmul", int32([[2]]), int32([[3]]))
for value in [2.0**31, -(2.0**31) - 1, inf, nan]:
    edge("cast", t(value), dtype="int32")
edge("cast", t(-(2.0**31) - 0.5, 2.0**31 - 0.5), dtype="int32")
edge("cast", t(1e39), dtype="float32")
