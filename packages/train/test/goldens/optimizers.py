"""Writes optimizers.json: trajectories of PyTorch's optimizers and the values of its schedules, in float64.

    /usr/bin/python3 packages/train/test/goldens/optimizers.py

Needs PyTorch >= 1.13. The committed file was written by PyTorch 1.13.1 (Debian 12, python3-torch). optimizers.ts defines the
same losses and reads the options by Wengert's names. Each line of the output is a test case: the parameters after some steps.
"""

import json
from pathlib import Path

import torch
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, MultiStepLR, SequentialLR

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

steps = 100
kept = [1, 2, 3, 5, 10, 20, 50, 100]

# The losses, each with its initial parameters


def valley(p):
    """A quadratic with curvatures from 1e-3 to 1e3."""
    return 0.5 * (torch.tensor([1e-3, 1.0, 30.0, 1e3]) * p["x"] ** 2).sum()


def rosenbrock(p):
    return (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2


rows = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-2.0, 1.0, 0.5], [0.0, -0.5, 1.25]])
classes = torch.tensor([0, 1, 1, 0])


def network(p):
    hidden = torch.tanh(rows @ p["hidden"]["W"] + p["hidden"]["b"])
    return torch.nn.functional.cross_entropy(hidden @ p["out"], classes)


losses = {
    "valley": (valley, {"x": [1.0, -2.0, 0.5, 1.5]}),
    "rosenbrock": (rosenbrock, {"x": -1.2, "y": 1.0}),
    "network": (
        network,
        {"hidden": {"W": [[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]], "b": [0.0, 0.1]}, "out": [[0.7, -0.3], [0.2, 0.6]]},
    ),
}


def tensors(tree):
    if isinstance(tree, dict):
        return {key: tensors(entry) for key, entry in tree.items()}
    return torch.tensor(tree, requires_grad=True)


def leaves(tree):
    return [leaf for entry in tree.values() for leaf in leaves(entry)] if isinstance(tree, dict) else [tree]


def nested(tree):
    if isinstance(tree, dict):
        return {key: nested(entry) for key, entry in tree.items()}
    return tree.tolist()


def optimizer(name, params, rate, momentum=0, nesterov=False, betas=(0.9, 0.999), epsilon=1e-8, weightDecay=None):
    if name == "sgd":
        return SGD(params, rate, momentum=momentum, nesterov=nesterov, weight_decay=weightDecay or 0)
    if name == "momentum":
        return SGD(params, rate, momentum=momentum or 0.9, nesterov=nesterov, weight_decay=weightDecay or 0)
    if name == "adam":
        return Adam(params, rate, betas, epsilon, weight_decay=weightDecay or 0)
    return AdamW(params, rate, betas, epsilon, weight_decay=0.01 if weightDecay is None else weightDecay)


def cosine(optimizer, options):
    """Cosine decay from the optimizer's learning rate to the rate `to`."""
    down = CosineAnnealingLR(optimizer, options["steps"], options.get("to", 0))
    return down


def trajectory(name, loss, options, clip=None, schedule=None):
    f, start = losses[loss]
    params = tensors(start)
    by = optimizer(name, leaves(params), **options)
    scheduler = schedule and schedulers[schedule["kind"]](by, schedule)
    after = {}
    for step in range(1, steps + 1):
        by.zero_grad()
        f(params).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(leaves(params), clip)
        by.step()
        if scheduler:
            scheduler.step()
        if step in kept:
            after[step] = nested(params)
    described = {"optimizer": name, "loss": loss, "options": options}
    if clip is not None:
        described["clip"] = clip
    if schedule:
        described["schedule"] = schedule
    return {**described, "start": start, "after": after}


def warm_up(optimizer, options):
    up = LinearLR(optimizer, start_factor=options["from"] / rate_of(optimizer), total_iters=options["steps"])
    if "into" not in options:
        return up
    down = schedulers[options["into"]["kind"]](optimizer, options["into"])
    return SequentialLR(optimizer, [up, down], [options["steps"]])


def rate_of(optimizer):
    return optimizer.param_groups[0]["initial_lr" if "initial_lr" in optimizer.param_groups[0] else "lr"]


def linear(optimizer, options):
    return LinearLR(optimizer, 1, options.get("to", 0) / rate_of(optimizer), options["steps"])


schedulers = {
    "constant": lambda optimizer, _: ConstantLR(optimizer, 1, 0),
    "cosine": cosine,
    "linear": linear,
    "warmUp": warm_up,
    "piecewise": lambda optimizer, options: MultiStepLR(optimizer, options["at"], options["factor"]),
}


def values(rate, schedule, count):
    by = SGD([torch.zeros(1, requires_grad=True)], rate)
    scheduler = schedulers[schedule["kind"]](by, schedule)
    found = []
    for _ in range(count):
        found.append(by.param_groups[0]["lr"])
        by.step()
        scheduler.step()
    return {"rate": rate, "schedule": schedule, "values": found}


trajectories = [
    trajectory("sgd", "valley", {"rate": 1e-3}),
    trajectory("sgd", "rosenbrock", {"rate": 1e-3}),
    trajectory("sgd", "network", {"rate": 0.1}),
    trajectory("sgd", "network", {"rate": 0.1, "weightDecay": 0.1}),
    trajectory("sgd", "rosenbrock", {"rate": 5e-4, "momentum": 0.5, "nesterov": True}),
    trajectory("momentum", "valley", {"rate": 5e-4}),
    trajectory("momentum", "valley", {"rate": 5e-4, "momentum": 0.99}),
    trajectory("momentum", "valley", {"rate": 2e-4, "nesterov": True}),
    trajectory("momentum", "rosenbrock", {"rate": 1e-4}),
    trajectory("momentum", "network", {"rate": 0.05, "momentum": 0.8, "nesterov": True, "weightDecay": 0.01}),
    trajectory("adam", "valley", {"rate": 0.1}),
    trajectory("adam", "valley", {"rate": 1e-3, "betas": [0.5, 0.9]}),
    trajectory("adam", "rosenbrock", {"rate": 0.02}),
    trajectory("adam", "rosenbrock", {"rate": 0.01, "epsilon": 0.1}),
    trajectory("adam", "network", {"rate": 0.01}),
    trajectory("adam", "network", {"rate": 0.05, "betas": [0, 0.99], "epsilon": 1e-4}),
    trajectory("adam", "network", {"rate": 0.01, "weightDecay": 0.2}),
    trajectory("adamw", "valley", {"rate": 0.1}),
    trajectory("adamw", "rosenbrock", {"rate": 0.02, "weightDecay": 0.5}),
    trajectory("adamw", "network", {"rate": 0.01, "weightDecay": 0.2, "betas": [0.8, 0.99]}),
    trajectory("adamw", "network", {"rate": 0.01, "weightDecay": 0}),
    trajectory("sgd", "valley", {"rate": 1e-3}, clip=10),
    trajectory("momentum", "rosenbrock", {"rate": 1e-3}, clip=1),
    trajectory("adam", "network", {"rate": 0.05, "epsilon": 0.01}, clip=0.2),
    trajectory("adamw", "rosenbrock", {"rate": 0.02}, clip=5),
    trajectory("adam", "rosenbrock", {"rate": 0.05}, schedule={"kind": "cosine", "steps": 100, "to": 0.001}),
    trajectory("adamw", "network", {"rate": 0.05}, schedule={"kind": "warmUp", "from": 0.01, "steps": 30}),
    trajectory("momentum", "valley", {"rate": 5e-4}, schedule={"kind": "piecewise", "at": [20, 60], "factor": 0.1}),
]

schedules = [
    values(0.5, {"kind": "constant"}, 5),
    values(0.1, {"kind": "cosine", "steps": 50}, 51),
    values(1.5, {"kind": "cosine", "steps": 7, "to": 0.25}, 8),
    values(0.4, {"kind": "linear", "steps": 11}, 14),
    values(1.5, {"kind": "linear", "steps": 7, "to": 0.25}, 9),
    values(0.1, {"kind": "warmUp", "from": 0.01, "steps": 10}, 20),
    values(0.3, {"kind": "warmUp", "from": 0.15, "steps": 3}, 5),
    values(0.1, {"kind": "warmUp", "from": 0.001, "steps": 10, "into": {"kind": "cosine", "steps": 30, "to": 0.01}}, 41),
    values(1, {"kind": "piecewise", "at": [3, 8], "factor": 0.1}, 12),
    values(0.2, {"kind": "piecewise", "at": [1], "factor": 0.5}, 4),
]

path = Path(__file__).with_suffix(".json")
parts = {"trajectories": trajectories, "schedules": schedules}
lines = [f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for name, cases in parts.items()]
path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
print(f"{path}: {path.stat().st_size} bytes")
