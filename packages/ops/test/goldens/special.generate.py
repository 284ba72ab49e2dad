"""Reference values for packages/ops/test/special.test.ts, where a few ulp are out of reach: the doubles nearest to zeros that
are no doubles themselves, and the incomplete gamma function at large parameters.

Run by hand with Debian's python3-mpmath, from anywhere: /usr/bin/python3 packages/ops/test/goldens/special.generate.py
Each entry of special.json is [op, arguments, value], with the value rounded from 60 digits.
"""

import json
import math
import pathlib

import mpmath as mp

mp.mp.dps = 60


def neighbors(zero):
    """Returns the three doubles nearest to a zero."""
    x = float(zero)
    return [x, math.nextafter(x, math.inf), math.nextafter(x, -math.inf)]


def log_gamma(x):
    return mp.re(mp.loggamma(x))


def digamma(x):
    return mp.psi(0, x) if x > 0 else mp.psi(0, 1 - x) - mp.pi / mp.tan(mp.pi * x)


def tetragamma(x):
    """Returns the second derivative of digamma for x < 0, by reflection."""
    return mp.psi(2, 1 - x) - 2 * mp.pi**3 / (mp.tan(mp.pi * x) * mp.sin(mp.pi * x) ** 2)


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def incomplete_gamma(a, x):
    """Returns P(a, x) as an integral over the density."""
    a, root = mp.mpf(a), mp.sqrt(mp.mpf(a))
    norm = mp.loggamma(a)
    logarithm = lambda u: (a - 1) * mp.log(a + root * u) - a - root * u - norm
    end = (mp.mpf(x) - a) / root
    largest = logarithm(min(end, 0))  # quad needs an integral of ordinary size
    density = lambda u: mp.exp(logarithm(u) - largest)
    start = min(mp.mpf(-12), end - 12)
    steps = int(mp.ceil(2 * (end - start)))
    return root * mp.exp(largest) * mp.quad(density, [start + (end - start) * k / steps for k in range(steps + 1)])


entries = []
for start in (-2.457, -2.747, -3.143, -3.955, -4.039, -5.008, -6.001):
    entries += [["lgamma", [x], float(log_gamma(mp.mpf(x)))] for x in neighbors(mp.findroot(log_gamma, start))]
for start in (1.4616, -0.504, -1.573, -2.611, -9.703, -99.84):
    entries += [["digamma", [x], float(digamma(mp.mpf(x)))] for x in neighbors(mp.findroot(digamma, start))]
for start in (-0.5, -1.5, -2.5, -20.5):
    entries += [["polygamma", [2, x], float(tetragamma(mp.mpf(x)))] for x in neighbors(mp.findroot(tetragamma, start + 0.01))]
for a in (2.0, 0.25, 0.1, 5.0):
    zero = mp.findroot(lambda b: log_beta(mp.mpf(a), b), 1 / a)
    entries += [["betaln", [a, b], float(log_beta(mp.mpf(a), mp.mpf(b)))] for b in neighbors(zero)]
for b in neighbors(1.0)[1:]:
    entries.append(["betaln", [1.0, b], float(-mp.log(mp.mpf(b)))])
for a in (9e4, 1.1e5, 1e7, 1e10, 1e15, 1e20):
    for u in (-30, -3, -0.1, 0, 0.1, 2, 7):
        x = a + u * math.sqrt(a)
        entries.append(["gammainc", [a, x], float(incomplete_gamma(a, x))])
lines = ",\n".join(json.dumps(entry) for entry in entries)
pathlib.Path(__file__).with_name("special.json").write_text(f"[\n{lines}\n]\n")
