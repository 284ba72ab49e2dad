"""Writes ../torch.json: the float64 results of PyTorch for the ops that PyTorch and Wengert share.

    /usr/bin/python3 packages/ops/test/goldens/torch/make.py

The script needs PyTorch >= 1.13. The committed file was written by version 1.13.1 (python3-torch in Debian 12), with
AVX2. The arguments are random but the same in each run, because the description of a case is its seed. Another processor or
version may change the last digit of a result.

For a call y = f(x, ...), u has the shape of y, and v the shapes of the float arguments. A case has these fields:
    value       y
    cotangents  the cotangent x̄ = Jᵀ u of each float argument
    second      the derivatives of ⟨v, x̄⟩: by x, the Hessian of ⟨u, f⟩ times v; last, by u, the tangent J v
If PyTorch raises an error, the case has the error instead. Each case is one line. A tensor is written as
{dtype: nested lists}, with its shape if it is empty, or as {"zeros": shape}.
"""

import json
import math
import random
from pathlib import Path

import torch

from cases import cases
from counterparts import counterparts
from edges import edges, points
from models import model_cases, models

torch.set_num_threads(1)


def encoded(value):
    if isinstance(value, torch.Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        return {kind: encoded(value.tolist()), **({"shape": list(value.shape)} if value.numel() == 0 else {})}
    if isinstance(value, dict):
        return {key: encoded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(entry) for entry in value]
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        is_minus_zero = value == 0 and math.copysign(1, value) < 0
        return int(value) if value.is_integer() and abs(value) < 2**53 and not is_minus_zero else value
    return value


def mapped(f, value):
    """Returns the arguments with each tensor x, or recipe of a tensor, replaced by f(x)."""
    if isinstance(value, torch.Tensor) or callable(value):
        return f(value)
    if isinstance(value, dict):
        return {key: mapped(f, entry) for key, entry in value.items()}
    return [mapped(f, entry) for entry in value] if isinstance(value, list) else value


def filled(like, next_number):
    return torch.tensor([next_number() for _ in range(like.numel())], dtype=like.dtype).reshape(like.shape)


def noise(rng):
    """Returns functions that draw random u and v, for ordinary arguments."""
    number = lambda: round(rng.uniform(-1, 1), 3)
    return lambda y: filled(y, number), lambda xs: [filled(x, number) for x in xs]


def powers(_):
    """Returns functions that fill u with 1, 2, 4, … and v with 1, 3, 9, … . So results at edges are easy to read."""
    count = lambda like, base: filled(like, iter([float(base**i) for i in range(like.numel())]).__next__)
    return lambda y: count(y, 2), lambda xs: [count(x, 3) for x in xs]


def whole(_):
    """Returns functions that fill u with ones, and v with the number of the argument."""
    return torch.ones_like, lambda xs: [torch.full_like(x, k + 1) for k, x in enumerate(xs)]


def gradients(y, xs, u):
    """Returns the gradients of y with respect to xs. They are zeros if y does not depend on x."""
    if not y.requires_grad:
        return [torch.zeros_like(x) for x in xs]
    found = torch.autograd.grad(y, xs, u, create_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, xs)]


def answer(op, args, options, u=None, directions=noise):
    """Returns a case: one call with the results of PyTorch."""
    described = mapped(lambda x: x.recipe if callable(x) else encoded(x), [args, options])
    rng = random.Random(repr([op, *described]))
    args, options = mapped(lambda x: x(rng) if callable(x) else x, [args, options])
    case = {"op": op, "args": encoded(args + ([options] if options else []))}

    floats = []

    def watched(x):
        if not x.is_floating_point():
            return x
        floats.append(x.clone().requires_grad_())
        return floats[-1]

    args, options = mapped(watched, [args, options])
    try:
        y = {**counterparts, **models}[op](*args, **options)
    except (RuntimeError, IndexError) as error:
        return {**case, "error": type(error).__name__}
    case["value"] = encoded(y.detach())
    if not floats or not y.is_floating_point():
        return case

    draw_u, draw_v = directions(rng)
    u = draw_u(y) if u is None else torch.full_like(y, u)
    u = u.detach().requires_grad_()
    cotangents = gradients(y, floats, u)
    vs = draw_v(floats)
    product = sum((v * g).sum() for v, g in zip(vs, cotangents))
    second = gradients(product, [*floats, u], torch.ones(()))
    second = [g if g.count_nonzero() else {"zeros": list(g.shape)} for g in second]
    results = {"u": u, "cotangents": cotangents, "v": vs, "second": second}
    return {**case, **encoded(mapped(torch.Tensor.detach, results))}


def main():
    sections = {
        "cases": [answer(*case) for case in cases],
        "models": [answer(*case) for case in model_cases],
        "points": [answer(*case, directions=whole) for case in points],
        "edges": [answer(*case, directions=powers) for case in edges],
    }
    assert not any("error" in case for name in ["cases", "models"] for case in sections[name])
    line = lambda entry: json.dumps(entry, separators=(",", ":"), allow_nan=False)
    lines = lambda entries: ",\n".join(map(line, entries))
    body = ",\n".join(f'"{name}":[\n{lines(entries)}\n]' for name, entries in sections.items())
    path = Path(__file__).parent.with_name("torch.json")
    path.write_text(f'{{"torch":"{torch.__version__}",\n{body}\n}}\n')
    print({name: len(entries) for name, entries in sections.items()}, f"{path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
