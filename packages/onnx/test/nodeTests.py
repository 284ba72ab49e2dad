"""Writes the node tests of the ONNX project as one JSON file: models, inputs and expected outputs.

The package `onnx` ships the generator of these tests. A test whose operators did not change since an opset below 13 is
written with the newest opset, so that it can be imported.
"""

import base64
import json
import sys
import warnings

import numpy as np
import onnx
from onnx import TensorProto, defs

warnings.filterwarnings("ignore")
for name, value in {"float": float, "bool": bool, "object": object, "int": int}.items():
    if name not in np.__dict__:
        setattr(np, name, value)  # the generator uses names that NumPy removed

from onnx.backend.test.case.node import collect_testcases  # noqa: E402

newest = min(defs.onnx_opset_version(), 22)


def version(node, opset):
    try:
        return defs.get_schema(node.op_type, opset, node.domain).since_version
    except Exception:
        return None


def modernize(model):
    """Raises the opset of a model if it is below 13 and the operators did not change."""
    [opset] = [each for each in model.opset_import if each.domain == ""] or [None]
    if opset is None or opset.version >= 13:
        return
    if all(version(node, opset.version) == version(node, newest) is not None for node in model.graph.node):
        opset.version = newest


def tensor(value):
    """Returns the dtype, the shape and the elements of an array, or None for sequences and optional values."""
    if isinstance(value, TensorProto):
        value = onnx.numpy_helper.to_array(value)
    if not isinstance(value, (np.ndarray, np.generic)):
        return None
    value = np.asarray(value)
    if value.dtype.kind not in "fiub":
        return {"dtype": str(value.dtype), "shape": value.shape, "values": []}
    values = value.astype(np.float64).ravel()
    data = base64.b64encode(values.tobytes()).decode()
    return {"dtype": str(value.dtype), "shape": value.shape, "data": data}


try:
    cases = collect_testcases(None)
except TypeError:
    cases = collect_testcases()

rows = []
for case in cases:
    if case.model is None:
        continue
    modernize(case.model)
    for number, (inputs, outputs) in enumerate(case.data_sets):
        rows.append(
            {
                "name": case.name + (f" {number}" if number else ""),
                "model": base64.b64encode(case.model.SerializeToString()).decode(),
                "inputs": [tensor(each) for each in inputs],
                "outputs": [tensor(each) for each in outputs],
                "rtol": case.rtol,
                "atol": case.atol,
            }
        )

with open(sys.argv[1], "w") as file:
    json.dump(rows, file)
