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


def each(value, count):
    return [value] * count if isinstance(value, int) else list(value)


def pairs_of(padding, sizes, kernel, stride, dilation):
    """Returns the padding as pairs [before, after], by TensorFlow's rule for "same"."""
    if padding == "valid":
        return [[0, 0] for _ in kernel]
    spans = [d * (k - 1) for k, d in zip(kernel, dilation)]
    if padding == "causal":
        return [[span, 0] for span in spans]
    if padding != "same":
        return padding
    totals = [max((-(-n // s) - 1) * s + span + 1 - n, 0) for n, s, span in zip(sizes, stride, spans)]
    return [[total // 2, total - total // 2] for total in totals]


def padded(x, pairs, value=0.0):
    return F.pad(x, [n for pair in reversed(pairs) for n in pair], value=value)


def conv(f, count):
    """Returns a convolution of channels-last arrays, with explicit zeros around x."""

    def over(x, kernel, stride=1, padding="valid", dilation=1, groups=1):
        x, kernel = x.movedim(-1, 1), kernel.permute(count + 1, count, *range(count))
        stride, dilation = each(stride, count), each(dilation, count)
        x = padded(x, pairs_of(padding, x.shape[2:], kernel.shape[2:], stride, dilation))
        return f(x, kernel, stride=stride, dilation=dilation, groups=groups).movedim(1, -1)

    return over


def conv_transpose(x, kernel, stride=1, padding="valid", dilation=1, groups=1):
    """Cuts the padding off the result, because PyTorch pads both ends equally."""
    stride, dilation = each(stride, 2), each(dilation, 2)
    y = F.conv_transpose2d(x.movedim(-1, 1), kernel.permute(2, 3, 0, 1), stride=stride, dilation=dilation, groups=groups)
    sizes = [n * s for n, s in zip(x.shape[1:3], stride)]
    if padding == "same":
        y = padded(y, [[0, max(n - m, 0)] for n, m in zip(sizes, y.shape[2:])])
    (top, bottom), (left, right) = pairs_of(padding, sizes, kernel.shape[:2], stride, dilation)
    return y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right].movedim(1, -1)


def pool(count, is_max):
    """Returns a pool of channels-last arrays, over windows of x padded with −∞ or 0. amax splits ties."""

    def over(x, size, stride=None, padding="valid"):
        x, size = x.movedim(-1, 1), each(size, count)
        stride = size if stride is None else each(stride, count)
        pairs = pairs_of(padding, x.shape[2:], size, stride, [1] * count)

        def unfolded(x, value):
            x = padded(x, pairs, value)
            for axis, (n, step) in enumerate(zip(size, stride)):
                x = x.unfold(2 + axis, n, step)
            return x

        axes = list(range(-count, 0))
        if is_max:
            return unfolded(x, -inf).amax(axes).movedim(1, -1)
        return (unfolded(x, 0.0).sum(axes) / unfolded(torch.ones_like(x), 0.0).sum(axes)).movedim(1, -1)

    return over


def windows(x, size, stride=1, dilation=1, axes=None):
    """Takes every n-th entry of longer windows, because unfold has no dilation."""
    axes = [axis % x.dim() for axis in dims(x, axes)]
    for axis, n, step, gap in zip(axes, *(each(value, len(axes)) for value in (size, stride, dilation))):
        x = x.unfold(axis, gap * (n - 1) + 1, step)[..., ::gap]
    return x


def normalized(center):
    def over(x, scale=None, bias=None, axis=-1, epsilon=1e-5):
        axes = dims(x, axis)
        shape = [n if i in [each % x.dim() for each in axes] else 1 for i, n in enumerate(x.shape)]
        h = x - x.mean(axes, keepdim=True) if center else x
        y = h / torch.sqrt(h.square().mean(axes, keepdim=True) + epsilon)
        if center and axes == [-1]:
            assert torch.allclose(y, F.layer_norm(x, x.shape[-1:], eps=epsilon), rtol=1e-13, atol=1e-15)
        y = y if scale is None else y * scale.reshape(shape)
        return y if bias is None else y + bias.reshape(shape)

    return over


def attention(q, k, v, mask=None, causal=False):
    """PyTorch 1.13 has no public attention function. Later versions align a causal mask at the start instead."""
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    included = torch.ones(scores.shape[-2:], dtype=torch.bool)
    if causal:
        included = included.tril(scores.shape[-1] - scores.shape[-2])
    if mask is not None:
        included = included & mask
    return along(F.softmax, 0.0)(scores, where=included.broadcast_to(scores.shape)) @ v


def kl_divergence(p, q, axis=-1, reduction="mean"):
    p, q = torch.broadcast_tensors(p, q)
    losses = F.kl_div(q.log(), p, reduction="none").sum(dims(p, axis))
    return losses if reduction == "none" else getattr(losses, reduction)()


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
    "klDivergence": kl_divergence,
    "layerNorm": normalized(True),
    "rmsNorm": normalized(False),
    "scaledDotProductAttention": attention,
    "windows": windows,
    "conv1d": conv(F.conv1d, 1),
    "conv2d": conv(F.conv2d, 2),
    "convTranspose2d": conv_transpose,
    "maxPool1d": pool(1, True),
    "maxPool2d": pool(2, True),
    "avgPool1d": pool(1, False),
    "avgPool2d": pool(2, False),
}
