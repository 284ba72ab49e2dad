"""Serves a peer in Python like serve.mjs: requests on standard input, answers on descriptor 3."""

import json
import os
import platform
import sys
import time

import numpy as np


def serve(versions, families):
    replies = os.fdopen(3, "w")

    def answer(**message):
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    def repeat(count):
        begin = time.perf_counter_ns()
        for _ in range(count):
            run()
        return (time.perf_counter_ns() - begin) / count

    run = None
    answer(versions={"python": platform.python_version(), **versions})
    for line in sys.stdin:
        request = json.loads(line)
        ask = request["ask"]
        try:
            if ask == "prepare":
                make = families.get(request["family"])
                if make is None:
                    answer(unsupported="has no " + request["family"])
                    continue
                inputs = {name: read(**file) for name, file in request["inputs"].items()}
                run = make(inputs, **request["sizes"])
                answer(outputs=write(run(), request["folder"]))
            elif ask == "warm":
                end = time.perf_counter() + request["milliseconds"] / 1e3
                while True:
                    last = repeat(1)
                    if time.perf_counter() >= end:
                        break
                answer(nanoseconds=repeat(max(1, min(1000, int(2e6 / last)))))
            elif ask == "time":
                answer(nanoseconds=[repeat(request["repetitions"]) for _ in range(request["samples"])])
            else:
                run = None
                answer()
        except Exception as error:
            run = None
            answer(error=str(error)[:200])


def read(shape, path):
    return np.fromfile(path, np.int32 if path.endswith(".i32") else np.float32).reshape(shape)


def write(outputs, folder):
    """Writes outputs as float64, which represents every peer's numbers exactly."""
    paths = {name: f"{folder}/{name}.f64" for name in outputs}
    for name, path in paths.items():
        np.asarray(outputs[name], np.float64).tofile(path)
    return paths
