"""Writes .npy files with NumPy, and the numbers in them, for packages/data/test/npy.test.ts.

Run by hand with Debian's python3-numpy, from anywhere: /usr/bin/python3 packages/data/test/goldens/npy.generate.py
The output is the same each time.
"""

import base64
import io
import json
import pathlib
import warnings

import numpy as np

files = {}

EDGES = {
    "float16": [0, -0.0, 1, -2.5, 65504, 2**-24, 2**-14, float("inf"), float("-inf"), float("nan"), 0.333251953125, 1023 * 2**-24],
    "float32": [0, -0.0, 1.5, -3.25e-30, 3.4028234663852886e38, 2**-149, float("inf"), float("nan")],
    "float64": [0, -0.0, 0.1, -1e300, 5e-324, float("-inf"), float("nan"), 2 / 3],
    "int8": [-128, -1, 0, 1, 127],
    "uint8": [0, 1, 127, 128, 255],
    "int16": [-32768, -1, 0, 255, 256, 32767],
    "uint16": [0, 255, 256, 32768, 65535],
    "int32": [-(2**31), -1, 0, 65536, 2**31 - 1],
    "uint32": [0, 1, 2**31 - 1],
    "int64": [-(2**31), -1, 0, 2**31 - 1],
    "uint64": [0, 1, 2**31 - 1],
    "bool": [True, False, True, True],
}


def plain(x):
    """Returns a number for JSON. NaN, infinities and -0 become strings, because JSON cannot represent them."""
    x = float(x)
    if x != x:
        return "NaN"
    if x in (float("inf"), float("-inf")):
        return "Infinity" if x > 0 else "-Infinity"
    return "-0" if x == 0 and np.signbit(x) else x


def save(name, a, version=None):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns that formats 2.0 and 3.0 are rarely needed
        np.lib.format.write_array(file, a, version=version, allow_pickle=True)
    number = a.dtype.kind in "biuf" and a.dtype.itemsize <= 8
    flat = [plain(x) for x in a.ravel(order="C")] if number else None
    text = base64.b64encode(file.getvalue()).decode()
    files[name] = {"dtype": a.dtype.name, "shape": list(a.shape), "numbers": flat, "file": text}


for dtype, values in EDGES.items():
    for order in "<>":
        a = np.array(values, dtype=np.dtype(dtype).newbyteorder(order))
        save(f"{dtype}-{'little' if order == '<' else 'big'}", a)

cube = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
for version in [(1, 0), (2, 0), (3, 0)]:
    save(f"version-{version[0]}", cube, version)
save("fortran", np.asfortranarray(cube))
save("fortran-big", np.asfortranarray(np.arange(6, dtype=">i2").reshape(3, 2)))
save("fortran-int64", np.asfortranarray(np.array([[0, 1], [2, 3], [2**40, 5]])))
save("fortran-empty", np.asfortranarray(np.zeros((3, 0, 2))))
save("scalar", np.array(2.5))
save("empty", np.zeros((0, 5), dtype=np.int32))
save("large-int64", np.array([[0, 1], [2, 2**31]], dtype=np.int64))
save("huge-int64", np.array([0, 2**60 + 1], dtype=np.int64))
save("complex", np.array([1 + 2j]))
save("strings", np.array(["a", "bc"]))
save("bytes", np.array([b"a", b"bc"]))
save("objects", np.array([{"a": 1}, None], dtype=object))
save("records", np.array([(1, 2.5)], dtype=[("x", "<i4"), ("y", "<f8")]))
save("dates", np.array(["2026-01-01"], dtype="datetime64[D]"))
save("long-double", np.array([1.5], dtype=np.longdouble))

lines = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in files.items()]
pathlib.Path(__file__).with_name("npy.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
