"""PyTorch, as installed: `python3 pytorch.py`. OpenBLAS chooses its kernels by OPENBLAS_CORETYPE if set."""

import ctypes
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import torch
import torch.nn.functional as F
from serve import serve

torch.set_num_threads(1)
RATE = 0.1
ADAM_RATE = 0.004
TRANSFORMER_BETAS = (0.9, 0.99)


def blas():
    """Returns the BLAS library and the processor type of its kernels."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "openblas" in line}
    for path in paths:
        library = ctypes.CDLL(path)
        library.openblas_get_corename.restype = ctypes.c_char_p
        library.openblas_get_config.restype = ctypes.c_char_p
        version = " ".join(library.openblas_get_config().decode().split()[:2])
        return {"blas": version, "blasCore": library.openblas_get_corename().decode()}
    return {}


def tensors(inputs):
    return {k: torch.from_numpy(v).long() if v.dtype == "int32" else torch.from_numpy(v) for k, v in inputs.items()}


def numbers(named):
    return {name: tensor.detach().numpy() for name, tensor in named.items()}


def descent(loss, params):
    for p in params.values():
        p.requires_grad_()
    values = list(params.values())

    def run():
        value = loss(**params)
        slopes = torch.autograd.grad(value, values)
        with torch.no_grad():
            for p, slope in zip(values, slopes):
                p.sub_(slope, alpha=RATE)
        return {"loss": value.item(), **numbers(params)}

    return run


def softmax(inputs, **_):
    x, g = tensors(inputs).values()
    x.requires_grad_()

    def run():
        s = torch.softmax(x, -1)
        (dx,) = torch.autograd.grad(s, x, g)
        return numbers({"s": s, "dx": dx})

    return run


def regression(inputs, **_):
    X, labels = tensors(inputs).values()
    params = {"W": torch.zeros(784, 10), "b": torch.zeros(10)}
    return descent(lambda W, b: F.cross_entropy(X @ W + b, labels), params)


def mlp(inputs, **_):
    X, labels, *_ = tensors(inputs).values()
    params = {k: torch.from_numpy(inputs[k].copy()) for k in ("A", "a", "B", "b")}
    return descent(lambda A, a, B, b: F.cross_entropy(torch.relu(X @ A + a) @ B + b, labels), params)


def tiny(inputs, **_):
    named = tensors(inputs)
    x = named.pop("x")
    params = [p.requires_grad_() for p in named.values()]

    def run():
        h = x
        for W, b in zip(params[::2], params[1::2]):
            h = torch.tanh(h @ W + b)
        return numbers(dict(zip(named, torch.autograd.grad(h.sum(), params))))

    return run


def chain(inputs, length, **_):
    x, c = tensors(inputs).values()
    x.requires_grad_()

    def run():
        h = x
        for _ in range(length // 2):
            h = torch.tanh(h) + c
        return numbers({"dx": torch.autograd.grad(h.sum(), x)[0]})

    return run


def cnn(inputs, **_):
    named = tensors(inputs)
    # PyTorch has the channels first: x [N, C, H, W] and kernels [out, in, height, width].
    x = named.pop("x").permute(0, 3, 1, 2).contiguous()
    labels = named.pop("labels")
    K, L = (named[name].permute(3, 2, 0, 1).contiguous().requires_grad_() for name in "KL")
    W = named["W"].requires_grad_()

    def run():
        h = F.max_pool2d(torch.relu(F.conv2d(x, K)), 2)
        h = F.max_pool2d(torch.relu(F.conv2d(h, L)), 2)
        loss = F.cross_entropy(h.permute(0, 2, 3, 1).reshape(len(h), -1) @ W, labels)
        dK, dL, dW = torch.autograd.grad(loss, (K, L, W))
        return numbers({"K": dK.permute(2, 3, 1, 0), "L": dL.permute(2, 3, 1, 0), "W": dW})

    return run


def transformer(inputs, heads, layers, width, **_):
    texts, following = (torch.from_numpy(inputs[name]).long() for name in ("read", "next"))
    params = {name: torch.from_numpy(x.copy()) for name, x in inputs.items() if x.dtype == "float32"}
    for p in params.values():
        p.requires_grad_()
    optimizer = torch.optim.AdamW(params.values(), lr=ADAM_RATE, betas=TRANSFORMER_BETAS, weight_decay=0.01)
    rows, places = texts.shape
    future = torch.ones(places, places, dtype=torch.bool).triu(1)

    def normalized(X, name):
        return F.layer_norm(X, (width,), params[name + ".gain"], params[name + ".shift"])

    def by_head(X):
        return X.view(rows, places, heads, width // heads).transpose(1, 2)

    def attention(X, block):
        Q, K, V = (by_head(X @ params[block + name]) for name in ("query", "key", "value"))
        scores = Q @ K.transpose(-2, -1) / (width // heads) ** 0.5
        W = torch.softmax(scores.masked_fill(future, float("-inf")), -1)
        return (W @ V).transpose(1, 2).reshape(rows, places, width) @ params[block + "output"]

    def feed_forward(X, block):
        wide = F.gelu(X @ params[block + "wide.W"] + params[block + "wide.b"])
        return wide @ params[block + "narrow.W"] + params[block + "narrow.b"]

    def predict():
        X = F.embedding(texts, params["characters"]) + params["places"]
        for i in range(layers):
            block = f"blocks.{i}."
            X = X + attention(normalized(X, block + "before"), block)
            X = X + feed_forward(normalized(X, block + "between"), block)
        return normalized(X, "last") @ params["characters"].T

    def discounted_sum(p):
        """Returns the discounted sum of the gradients of p, as Wengert's AdamW stores it. PyTorch stores the mean."""
        return optimizer.state[p]["exp_avg"] / (1 - TRANSFORMER_BETAS[0])

    def run():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(predict().flatten(0, 1), following.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params.values(), 1)
        optimizer.step()
        read = {"characters": params["characters"], "query": params["blocks.0.query"]}
        return {"loss": loss.item(), **numbers({name: discounted_sum(p) for name, p in read.items()})}

    return run


def adamw(inputs, **_):
    p = torch.from_numpy(inputs["p"].copy()).requires_grad_()
    p.grad = torch.from_numpy(inputs["g"])
    optimizer = torch.optim.AdamW([p], lr=ADAM_RATE, weight_decay=0.01)

    def run():
        optimizer.step()
        return {"sum": p.detach().sum().numpy()}

    return run


def gemm(inputs, **_):
    a, b = tensors(inputs).values()
    return lambda: numbers({"product": a @ b})


def hessian(inputs, **_):
    X, labels, W = tensors(inputs).values()
    loss = lambda W: F.cross_entropy(X @ W, labels)
    return lambda: numbers({"H": torch.autograd.functional.hessian(loss, W)})


families = [softmax, regression, mlp, tiny, chain, cnn, transformer, adamw, gemm, hessian]
serve({"torch": torch.__version__, **blas()}, {family.__name__: family for family in families})
