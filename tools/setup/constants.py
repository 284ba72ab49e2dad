"""Writes packages/ops/src/numerics/constants.ts: numbers that kernels need with more digits than a double has. Also writes
packages/ops/kernels/constants.ts: those that the AssemblyScript kernels need.

Run by hand with Debian's python3-mpmath: /usr/bin/python3 tools/setup/constants.py
"""

import pathlib

import mpmath as mp

mp.mp.dps = 60


def pair(value):
    """Returns the double nearest to the value, and the double nearest to the remainder."""
    high = float(value)
    return high, float(value - high)


def mills(t):
    """Returns Mills' ratio of the normal distribution, (1 - Phi(t)) / phi(t)."""
    return mp.sqrt(mp.pi / 2) * mp.erfc(t / mp.sqrt(2)) * mp.exp(t * t / 2)


def literal(x):
    return x if isinstance(x, str) else repr(x).removesuffix(".0")


def table(rows):
    return "".join("  " + ", ".join(literal(x) for x in row) + ",\n" for row in rows)


roots = [pair(mp.mpf(2) ** (mp.mpf(j) / 32)) for j in range(32)]

def times80(value):
    """Returns the rounded product of value and 2^80 as a hexadecimal BigInt literal."""
    return hex(int(mp.nint(mp.ldexp(value, 80)))) + "n"


crossing = mp.findroot(lambda t: mills(t) - t, 0.75)
ratios = [mills(crossing if j == 3 else mp.mpf(j) / 4) for j in range(25)]

ln2 = mp.log(2) / 32
ln2_high = float(mp.nint(mp.ldexp(ln2, 36)) / 2**36)


def logarithm(z):
    """Returns (ln((1 + s) / (1 - s)) / s - 2) / z for z = s^2."""
    return mp.nsum(lambda k: 2 * z**k / (2 * k + 3), [0, 40])


# Interpolation at Chebyshev nodes gives nearly the best polynomial for the interval.
most = (3 - 2 * mp.sqrt(2)) ** 2
places = [most / 2 * (1 + mp.cos(mp.pi * (2 * k + 1) / 14)) for k in range(7)]
powers = mp.matrix([[z**k for k in range(7)] for z in places])
artanh = [float(c) for c in mp.lu_solve(powers, mp.matrix([logarithm(z) for z in places]))]

shared = f"""/** ln 2 / 32 as a sum of two doubles. The first double has 32 bits, so its products with small integers are exact. */
export const step = {literal(ln2_high)};
export const stepRest = {literal(float(ln2 - ln2_high))};

/**
 * The coefficients of 1, z, … z⁶ in the series of (ln((1 + s) / (1 − s)) / s − 2) / z, where z = s² and |s| ≤ 3 − 2√2.
 * The logarithm uses this series.
 */
{"".join(f"export const artanh{k} = {literal(c)};{chr(10)}" for k, c in enumerate(artanh))}"""

normal = f"""// Written by tools/setup/constants.py.

/** 1 / √(2π), rounded. */
export const density = {literal(pair(1 / mp.sqrt(2 * mp.pi))[0])};

/** Φ(−t) at t = 6⅛, rounded. Φ is the standard normal distribution function. */
export const lastTail = {literal(float(mp.erfc(mp.mpf(6.125) / mp.sqrt(2)) / 2))};
"""
path = pathlib.Path(__file__).parent.parent.parent / "packages/ops/kernels/normal.ts"
path.write_text(normal)

kernels = f"""// Written by tools/setup/constants.py.

/** The table of 2^(j/32) for j = 0 … 31. Each entry is a sum of two doubles. */
export const roots: usize = memory.data<f64>([
{table(roots)}], 16);

{shared}"""
path = pathlib.Path(__file__).parent.parent.parent / "packages/ops/kernels/constants.ts"
path.write_text(kernels)

text = f"""// Written by tools/setup/constants.py.
// biome-ignore-all format: tables

/** 2^(1/32), times 2^128. */
export const root = {hex(int(mp.nint(mp.ldexp(mp.mpf(2) ** (mp.mpf(1) / 32), 128))))}n;

{shared}
/** The constant 1 / √(2π) as a sum of two doubles. */
export const density = {literal(pair(1 / mp.sqrt(2 * mp.pi))[0])};
export const densityRest = {literal(pair(1 / mp.sqrt(2 * mp.pi))[1])};

/**
 * The numbers 2⁸⁰ m(t) for t = 0, ¼, ½, … 6, where m(t) = (1 − Φ(t)) / φ(t) is Mills' ratio of the normal distribution
 * function Φ and its density φ. In place of ¾, t is the solution of m(t) = t, which is close to ¾.
 */
export const ratios: readonly bigint[] = [
{table([[times80(m)] for m in ratios])}];

/** The number t near ¾ for which Mills' ratio m(t) of the normal distribution equals t, as a sum of two doubles. */
export const crossing = {literal(pair(crossing)[0])};
export const crossingRest = {literal(pair(crossing)[1])};

/** Φ(−t) at t = 6⅛, rounded. Φ is the standard normal distribution function. */
export const lastTail = {literal(float(mp.erfc(mp.mpf(6.125) / mp.sqrt(2)) / 2))};
"""
path = pathlib.Path(__file__).parent.parent.parent / "packages/ops/src/numerics/constants.ts"
path.write_text(text)
