"""Ordinary calls of every op, with several shapes, axes and options. An argument may be a function that draws a tensor."""

from itertools import product

import torch

torch.set_default_dtype(torch.float64)

def drawn(kind, least, most, shape):
    def draw(rng):
        size = torch.Size(shape).numel()
        return torch.tensor([round(rng.uniform(least, most), 3) for _ in range(size)]).reshape(shape)

    draw.recipe = f"{kind}{list(shape)}"
    return draw


def real(*shape):
    return drawn("real", -2, 2, shape)


def positive(*shape):
    return drawn("positive", 0.1, 2, shape)


def int32(values):
    return torch.tensor(values, dtype=torch.int32)


def truth(values):
    return torch.tensor(values, dtype=torch.bool)


cases = []


def case(op, *args, **options):
    cases.append((op, list(args), options))


# Elementwise functions

for op in "neg square abs sign exp expm1 sin cos tanh sigmoid logSigmoid softplus relu gelu".split():
    case(op, real(2, 3))
    case(op, real())
for op in "sqrt log log1p".split():
    case(op, positive(2, 3))
    case(op, positive())

pairs = [((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2, 2)), ((2, 1, 2), (3, 1)), ((3,), ())]
for op, (a, b) in product("add sub mul minimum maximum logAddExp".split(), pairs):
    case(op, real(*a), real(*b))
for a, b in pairs:
    case("div", real(*a), positive(*b))
    case("pow", positive(*a), real(*b))
for op in "add sub mul div".split():
    case(op, real(2, 2), 0.5)
for alpha in [real(), -0.25]:
    case("axpy", alpha, real(2, 3), real(2, 3))
for exponent in [2, 3, -1, -2]:
    case("pow", real(2, 2), exponent)
case("pow", positive(2, 2), 0.5)

case("clip", real(2, 3), min=-0.5, max=1)
case("clip", real(2, 3), min=0.25)
case("clip", real(2, 3), max=-0.25)
for condition, a, b in [
    ([[True, False, True]] * 2, (2, 3), (2, 3)),
    ([[True], [False]], (3,), (2, 1)),
    (True, (2,), ()),
]:
    case("where", truth(condition), real(*a), real(*b))
for op in "equal notEqual less lessEqual greater greaterEqual".split():
    case(op, int32([[0, 1, 2], [2, 1, 0]]), int32([0, 1, 1]))
    case(op, real(2, 3), real(2, 1))
for op in "logicalAnd logicalOr logicalXor".split():
    case(op, truth([[False], [True]]), truth([False, True]))
case("logicalNot", truth([False, True]))
for op in ["isFinite", "isNaN"]:
    case(op, real(3))
for dtype in ["float64", "float32", "int32", "bool"]:
    case("cast", torch.tensor([[1.5, -1.5], [0, 0.25]]), dtype=dtype)
    case("cast", int32([0, 1, -3]), dtype=dtype)
    case("cast", truth([False, True]), dtype=dtype)

# Reductions

reductions = [
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": 1, "keepDims": True}),
    ((2, 3), {"keepDims": True}),
    ((2, 3, 2), {"axis": -2}),
    ((2, 3, 2), {"axis": [0, 2]}),
    ((2, 3, 2), {"axis": [-1, 0], "keepDims": True}),
    ((), {}),
]
for op, (shape, options) in product("sum mean max min prod variance logSumExp".split(), reductions):
    case(op, real(*shape), **options)
case("variance", real(2, 3), axis=1, ddof=1)
case("variance", real(2, 3, 2), axis=[0, -1], keepDims=True, ddof=1)
for op in ["argmax", "argmin"]:
    for options in [{}, {"axis": 0}, {"axis": -1}, {"axis": 1, "keepDims": True}]:
        case(op, real(2, 3, 2), **options)
for axis in [0, 1, -1]:
    case("cumsum", real(2, 3, 2), axis=axis)
for op in "sum max min prod cumsum".split():
    case(op, torch.tensor([[2.0, 0.0, 3.0], [0.0, 1.5, 0.0]]), axis=1)  # ties, and zeros in a product

# Shapes

for shape in [[3, 2], [-1], [2, -1, 1]]:
    case("reshape", real(2, 3), shape=shape)
case("reshape", real(1, 1), shape=[])
case("transpose", real(2, 3))
for axes in [[2, 0, 1], [-1, 0, 1], [0, 2, 1]]:
    case("transpose", real(2, 3, 2), axes=axes)
for axis in [0, 1, -1]:
    case("expandDims", real(2, 3), axis=axis)
case("squeeze", real(1, 3, 1))
for axis in [0, -1, [0, 2]]:
    case("squeeze", real(1, 3, 1), axis=axis)
for own, shape in [((3,), [2, 3]), ((2, 1), [3, 2, 2]), ((), [2, 2])]:
    case("broadcastTo", real(*own), shape=shape)
for options in [
    {"start": [1]},
    {"start": [None, 1], "stop": [None, -1]},
    {"step": [-1, 2]},
    {"start": [-1, 3], "stop": [None, 0], "step": [-2, -2]},
    {"start": [-9, 2], "stop": [9, 1]},
]:
    case("slice", real(3, 4), **options)
case("flip", real(2, 3))
for axis in [0, -1, [0, 1]]:
    case("flip", real(2, 3), axis=axis)
case("concat", [real(1, 2), real(2, 2), real(1, 2)])
for axis in [1, -1]:
    case("concat", [real(2, 1), real(2, 3)], axis=axis)
case("stack", [real(2, 2), real(2, 2)])
for axis in [1, -1]:
    case("stack", [real(2, 2), real(2, 2), real(2, 2)], axis=axis)
case("pad", real(3), widths=[[2, 1]])
case("pad", real(2, 2), widths=[[1, 0], [0, 2]], value=0.5)
for indices, axis in [(1, 0), ([2, 0, 2], 1), ([[1, -1], [0, 1]], -1), ([], 1)]:
    case("take", real(2, 3, 2), int32(indices), axis=axis)
case("take", real(2, 3), int32([[5, 0], [-1, 5]]))
case("takeAlong", real(2, 3), int32([[2, 0, 2, 1], [1, 1, 0, 0]]), axis=1)
case("takeAlong", real(3, 2), int32([[2, 0]]), axis=0)
case("takeAlong", real(2, 3, 2), int32([[[0, 1]], [[2, 2]]]), axis=-2)
case("oneHot", int32([[2, 0], [1, 1]]), numClasses=3)
case("oneHot", int32(1), numClasses=2)

# Linear algebra

for a, b in [
    ((2, 3), (3, 2)),
    ((2, 2, 3), (2, 3, 2)),
    ((2, 1, 2, 3), (2, 3, 2)),
    ((2, 3), (2, 3, 1)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((3,), (2, 3, 2)),
    ((2, 2, 3), (3,)),
]:
    case("matmul", real(*a), real(*b))
for a, b in [((3,), (3,)), ((2, 3), (3, 2)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2))]:
    case("dot", real(*a), real(*b))
case("outer", real(2), real(3))
for subscripts, *shapes in [
    ("ij,jk->ik", (2, 3), (3, 2)),
    ("ij,jk", (2, 3), (3, 2)),
    ("ba", (2, 3)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->ji", (2, 2, 3)),
    ("i,i", (3,), (3,)),
    ("i,j", (2,), (3,)),
    ("i,j->ji", (2,), (3,)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("ij,kj->k", (2, 3), (2, 3)),
    ("ii,ij->j", (2, 2), (2, 3)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("bhid,bhjd->bhij", (1, 2, 2, 3), (1, 2, 3, 3)),
    ("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
    ("...ij,jk", (2, 2, 3), (3, 2)),
    ("...i->...", (2, 3)),
    ("i...,i...->...", (2, 3), (2, 1)),
    ("i...j->j...", (2, 2, 3)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)),
    ("i,ij,j->", (2,), (2, 3), (3,)),
    ("abc,bd,cd->ad", (2, 2, 3), (2, 2), (3, 2)),
]:
    case("einsum", subscripts, *(real(*shape) for shape in shapes))

# Softmax and losses

mask = truth([[True, True, False], [False, True, True]])
for op in ["softmax", "logSoftmax"]:
    case(op, real(3))
    for axis in [0, 1, -2, [0, 1]]:
        case(op, real(2, 3), axis=axis)
    case(op, real(2, 3, 2), axis=[0, -1])
    case(op, real(2, 3), where=mask)
    case(op, real(2, 3), axis=0, where=truth([[True], [True]]))
    case(op, real(2, 2, 3), axis=[-1, 0], where=mask)

labels = int32([2, 0, 1, 2])

def probabilities(*shape, axis=-1):
    def draw(rng):
        weights = torch.tensor([rng.randint(1, 9) for _ in range(torch.Size(shape).numel())]).reshape(shape)
        return weights / weights.sum(axis, keepdim=True)

    draw.recipe = f"probabilities{list(shape)} {axis}"
    return draw


smoothing, weighing, ignoring = {"labelSmoothing": 0.1}, {"weight": positive(3)}, {"ignoreIndex": 0}
together = [{}, smoothing, weighing, smoothing | weighing]
for reduction, options in product(["mean", "sum", "none"], together + [ignoring | options for options in together]):
    case("crossEntropy", real(4, 3), labels, **options, reduction=reduction)
for reduction, options in product(["mean", "sum", "none"], together):
    case("crossEntropy", real(4, 3), probabilities(4, 3), **options, reduction=reduction)
for options in [{}, ignoring, smoothing | weighing | ignoring]:
    case("crossEntropy", real(2, 3, 2), int32([[2, 0], [1, 0]]), **options, axis=1)
    case("crossEntropy", real(3, 2), int32([1, 0]), **options, axis=0)
for options in [{}, smoothing | weighing]:
    case("crossEntropy", real(2, 3, 2), probabilities(2, 3, 2, axis=1), **options, axis=1)
case("crossEntropy", real(3), int32(1))
case("crossEntropy", real(3), probabilities(3), labelSmoothing=0.2)

for reduction in ["mean", "sum", "none"]:
    case("binaryCrossEntropy", real(2, 3), drawn("fraction", 0, 1, (2, 3)), reduction=reduction)
    case("mse", real(2, 3), real(2, 3), reduction=reduction)

# Windows, convolutions and pools

case("windows", real(5), size=2)
case("windows", real(2, 5), size=2, stride=2, dilation=2, axes=1)
case("windows", real(3, 4), size=[2, 3], axes=[1, 0])
case("conv1d", real(2, 5, 2), real(3, 2, 2))
case("conv1d", real(1, 6, 2), real(2, 1, 2), padding="causal", dilation=2, stride=2, groups=2)
case("conv1d", real(1, 5, 1), real(2, 1, 1), padding="same")
case("conv2d", real(2, 4, 5, 2), real(3, 2, 2, 2))
case("conv2d", real(1, 5, 4, 1), real(2, 3, 1, 2), stride=[2, 1], padding="same", dilation=[1, 2])
case("conv2d", real(1, 3, 4, 4), real(2, 2, 2, 2), padding=[[1, 0], [0, 2]], groups=2)
case("convTranspose2d", real(1, 2, 3, 2), real(3, 2, 2, 1), stride=2)
case("convTranspose2d", real(1, 2, 2, 2), real(2, 3, 2, 1), stride=[3, 1], padding="same", groups=2)
case("convTranspose2d", real(1, 3, 2, 1), real(2, 2, 1, 2), padding=[[1, 0], [0, 1]], dilation=[1, 2])
for op in ["maxPool", "avgPool"]:
    case(f"{op}1d", real(2, 5, 2), size=2)
    case(f"{op}1d", real(1, 5, 1), size=3, stride=2, padding="same")
    case(f"{op}2d", real(2, 4, 5, 2), size=2)
    case(f"{op}2d", real(1, 4, 5, 1), size=[3, 2], stride=[1, 2], padding="same")
    case(f"{op}2d", real(1, 3, 3, 1), size=2, stride=2, padding=[[1, 0], [0, 1]])
case("maxPool2d", torch.tensor([1.0, 1.0, 0.0, 2.0, 1.0, 2.0, 2.0, 0.5]).reshape(1, 2, 4, 1), size=2)  # ties

# Normalization, attention, and the Kullback–Leibler divergence

for op in ["layerNorm", "rmsNorm"]:
    case(op, real(2, 3))
    case(op, real(2, 3), scale=positive(3), epsilon=0.01)
    case(op, real(2, 3, 2), axis=[0, 2], scale=positive(2, 2))
case("layerNorm", real(3, 2), axis=0, scale=positive(3), bias=real(3))
case("scaledDotProductAttention", real(2, 2, 3), real(2, 4, 3), real(2, 4, 2))
case("scaledDotProductAttention", real(3, 2), real(3, 2), real(3, 2), causal=True)
case("scaledDotProductAttention", real(2, 2), real(4, 2), real(4, 1), causal=True)
case("scaledDotProductAttention", real(2, 3), real(3, 3), real(3, 2), mask=mask)
case("scaledDotProductAttention", real(2, 1, 2, 3), real(2, 3, 3), real(3, 2), mask=truth([True, False, True]))
for reduction in ["mean", "sum", "none"]:
    case("klDivergence", probabilities(2, 3), probabilities(2, 3), reduction=reduction)
case("klDivergence", positive(2, 3), positive(3), axis=0)
case("klDivergence", positive(2, 3, 2), positive(2, 3, 2), axis=[0, -1], reduction="none")
