"""
Writes safetensors files with the reference implementation. For supported dtypes, toSafetensors must give the same bytes, so order and
metadata follow toSafetensors. For each unsupported dtype there is one file, which Wengert must reject.

    pip install safetensors==0.8.0 numpy
    python3 safetensors.generate.py > safetensors.json
"""

import base64
import json
import struct

import numpy as np
import safetensors
from safetensors import deserialize
from safetensors.numpy import save


def text(data):
    return base64.b64encode(data).decode()


inf, nan = float("inf"), float("nan")
every = {
    "float64": np.array([0, -0.0, 0.1, inf, 5e-324, 1.7976931348623157e308]),
    "float32": np.array([0.1, -0.0, -inf, 1e-45], np.float32),
    "int32": np.array([-(2**31), 2**31 - 1, 0], np.int32),
    "bool": np.array([True, False, True]),
}
W = np.arange(6, dtype=np.float32).reshape(2, 3) / 7
cases = {
    "every dtype": (every, {name: name for name in every}),
    "layers": (
        {"layers.0.W": W, "layers.0.b": W[0], "layers.1.W": np.ascontiguousarray(W.T), "step": np.array(7, np.int32)},
        {"layers": [{"W": "layers.0.W", "b": "layers.0.b"}, {"W": "layers.1.W"}], "step": "step"},
    ),
    "a tensor": ({"tensor": np.array(2.5)}, "tensor"),
    "a list": ({str(i): np.array([i], np.int32) for i in range(11)}, [str(i) for i in range(11)]),
    "no elements": (
        {"a": np.zeros((3, 0, 2), bool), "b": np.zeros(0), "c": np.ones((), np.float32)},
        {"a": "a", "b": "b", "c": "c"},
    ),
    "nothing": ({}, {}),
    "names": (
        {name: np.array([i], np.float64) for i, name in enumerate(["é\"\\/\n\u0001\u007f", "😀", "\uffee", "\u2028", "a b", "a", ""])},
        {name: name for name in ["é\"\\/\n\u0001\u007f", "😀", "\uffee", "\u2028", "a b", "a", ""]},
    ),
}


def written(tensors, tree):
    structure = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    return save(tensors, {"wengert.tree": structure})  # one entry only, because the order of several is random


def one(dtype, bits):
    """Returns a file with one tensor of 8 numbers, after checking that the reference implementation can read the file."""
    header = json.dumps({"x": {"dtype": dtype, "shape": [8], "data_offsets": [0, bits]}}).encode()
    data = struct.pack("<Q", len(header)) + header + bytes(bits)
    [(_, found)] = deserialize(data)
    assert found["dtype"] == dtype
    return data


others = {8: "I8 U8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ", 16: "I16 U16 F16 BF16", 32: "U32", 64: "I64 U64 C64"}
others |= {4: "F4", 6: "F6_E2M3 F6_E3M2"}
plain = save({"weight": W, "bias": np.array([0.5, nan]), "mask": np.array([[True], [False]])}, {"notes": 'é😀 "quoted"\n'})

print(
    json.dumps(
        {
            "version": safetensors.__version__,
            "written": {name: text(written(*case)) for name, case in cases.items()},
            "without structure": text(plain),
            "refused": {dtype: text(one(dtype, bits)) for bits, list in others.items() for dtype in list.split()},
        },
        indent=2,
    )
)
