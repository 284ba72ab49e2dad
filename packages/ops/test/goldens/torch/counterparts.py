"""PyTorch implementations of the ops of Wengert, with the same names and options."""

import torch
import torch.nn.functional as F

inf = float("inf")


def dims(x, axis):
    """Returns the axes as a list; None means all axes."""
    if axis is None:
        return list(range(x.dim()))
    return [axis] if isinstance(axis, int) else list(axis)


def reduction(f):
    return lambda x, axis=None, keepDims=False: f(x, dims(x, axis), keepdim=keepDims)


def prod(x, axis=None, keepDims=False):
    """Reduces axis by axis, because torch.prod reduces only one axis at a time."""
    for each in sorted((each % x.dim() for each in dims(x, axis)), reverse=True):
        x = x.prod(each, keepdim=keepDims)
    return x


def variance(x, axis=None, keepDims=False, ddof=0):
    return torch.var(x, dims(x, axis), correction=ddof, keepdim=keepDims)


def place(f):
    """Converts the index to int32, because PyTorch returns int64."""
    return lambda x, axis=None, keepDims=False: f(x, dim=axis, keepdim=keepDims).int()


def squeeze(x, axis=None):
    """Squeezes axis by axis, because PyTorch 1.13 accepts only one axis at a time."""
    if axis is None:
        return x.squeeze()
    for each in sorted((each % x.dim() for each in dims(x, axis)), reverse=True):
        x = x.squeeze(each)
    return x


def slice_(x, start=(), stop=(), step=()):
    """Selects by index lists, because PyTorch slices have no negative steps."""
    for axis in range(x.dim()):
        bounds = [list[axis] if axis < len(list) else None for list in (start, stop, step)]
        x = x.index_select(axis, torch.tensor(range(x.shape[axis])[slice(*bounds)], dtype=torch.int64))
    return x


def take(x, indices, axis=None):
    if axis is None:
        return torch.take(x, indices.long())
    return x[(slice(None),) * (axis % x.dim()) + (indices.long(),)]


def dot(a, b):
    if a.dim() == 1 and b.dim() == 1:
        return torch.dot(a, b)
    return torch.tensordot(a, b, ([-1], [max(b.dim() - 2, 0)]))


def along(f, elsewhere):
    """Returns softmax or log_softmax over one or several axes, of the entries that `where` includes."""

    def over(x, axis=-1, where=None):
        if where is not None:
            return torch.where(where, over(x.masked_fill(~where, -inf), axis), torch.tensor(elsewhere, dtype=x.dtype))
        axes = dims(x, axis)
        last = list(range(-len(axes), 0))
        moved = x.movedim(axes, last)
        return f(moved.flatten(-len(axes)), dim=-1).reshape(moved.shape).movedim(last, axes)

    return over


def cross_entropy(logits, target, axis=-1, reduction="mean", ignoreIndex=-100, labelSmoothing=0.0, weight=None):
    by_class = logits if logits.dim() == 1 else logits.movedim(axis, 1)
    if target.is_floating_point():
        target = target if target.dim() == 1 else target.movedim(axis, 1)
    else:
        target = target.long()
    options = dict(reduction=reduction, ignore_index=ignoreIndex, label_smoothing=labelSmoothing)
    if target.is_floating_point() or weight is None:
        return F.cross_entropy(by_class, target, weight, **options)

    # F.cross_entropy of labels has no derivative by the class weights. This formula has one; its value is compared with
    # F.cross_entropy.
    kept = target != ignoreIndex
    t = F.one_hot(target.where(kept, torch.tensor(0)), by_class.shape[1]).movedim(-1, 1).to(logits.dtype)
    t = t * (1 - labelSmoothing) + labelSmoothing / by_class.shape[1]
    by_weight = weight.reshape([-1] + [1] * (by_class.dim() - 2))
    losses = (-by_weight * t * F.log_softmax(by_class, 1)).sum(1).where(kept, torch.tensor(0.0))
    if reduction == "none":
        result = losses
    elif reduction == "sum":
        result = losses.sum()
    else:
        result = losses.sum() / weight[target[kept]].sum()
    own = F.cross_entropy(by_class, target, weight.detach(), **options)
    assert torch.allclose(own, result, rtol=1e-14, atol=0, equal_nan=True)
    if reduction != "none" and logits.requires_grad:
        gradients = [torch.autograd.grad(loss, logits, retain_graph=True)[0] for loss in (own, result)]
        assert torch.allclose(*gradients, rtol=1e-13, atol=1e-16, equal_nan=True)
    return result


def broadcast(loss):
    """Broadcasts the arguments, because PyTorch's losses require equal shapes."""
    return lambda a, b, reduction="mean": loss(*torch.broadcast_tensors(a, b), reduction=reduction)


dtypes = {"float64": torch.float64, "float32": torch.float32, "int32": torch.int32, "bool": torch.bool}

counterparts = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "axpy": lambda alpha, x, y: alpha * x + y,
    "pow": torch.pow,
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "logAddExp": torch.logaddexp,
    "neg": torch.neg,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "sign": torch.sign,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "logSigmoid": F.logsigmoid,
    "softplus": F.softplus,
    "relu": torch.relu,
    "gelu": F.gelu,
    "clip": torch.clamp,
    "where": torch.where,
    "cast": lambda x, dtype: x.to(dtypes[dtype]),
    "equal": torch.eq,
    "notEqual": torch.ne,
    "less": torch.lt,
    "lessEqual": torch.le,
    "greater": torch.gt,
    "greaterEqual": torch.ge,
    "logicalAnd": torch.logical_and,
    "logicalOr": torch.logical_or,
    "logicalXor": torch.logical_xor,
    "logicalNot": torch.logical_not,
    "isFinite": torch.isfinite,
    "isNaN": torch.isnan,
    "sum": reduction(torch.sum),
    "mean": reduction(torch.mean),
    "max": reduction(torch.amax),
    "min": reduction(torch.amin),
    "logSumExp": reduction(torch.logsumexp),
    "prod": prod,
    "variance": variance,
    "argmax": place(torch.argmax),
    "argmin": place(torch.argmin),
    "cumsum": lambda x, axis: torch.cumsum(x, axis),
    "reshape": lambda x, shape: torch.reshape(x, shape),
    "transpose": lambda x, axes=None: x.permute(*(axes or reversed(range(x.dim())))),
    "expandDims": lambda x, axis: torch.unsqueeze(x, axis),
    "squeeze": squeeze,
    "broadcastTo": lambda x, shape: torch.broadcast_to(x, shape),
    "slice": slice_,
    "flip": lambda x, axis=None: torch.flip(x, dims(x, axis)),
    "concat": lambda xs, axis=0: torch.cat(xs, axis),
    "stack": lambda xs, axis=0: torch.stack(xs, axis),
    "pad": lambda x, widths, value=0: F.pad(x, [n for pair in reversed(widths) for n in pair], value=value),
    "take": take,
    "takeAlong": lambda x, indices, axis: torch.take_along_dim(x, indices.long(), axis),
    "oneHot": lambda indices, numClasses: F.one_hot(indices.long(), numClasses).double(),
    "matmul": torch.matmul,
    "dot": dot,
    "outer": torch.outer,
    "einsum": torch.einsum,
    "softmax": along(F.softmax, 0.0),
    "logSoftmax": along(F.log_softmax, -inf),
    "crossEntropy": cross_entropy,
    "binaryCrossEntropy": broadcast(F.binary_cross_entropy_with_logits),
    "mse": broadcast(F.mse_loss),
}
