"""Reference values for packages/ops/test/accuracy.ts, to 60 digits.

Run by hand with Debian's python3-mpmath, from anywhere: /usr/bin/python3 packages/ops/test/goldens/mpmath.generate.py
Each run generates the same inputs. Every input is a double, and many are also float32 numbers. A reference is the nearest
double, followed by the remainder in thousandths of its last place.
"""

import math
import pathlib
import random
import struct

import mpmath as mp

mp.mp.dps = 60
INF, NAN = math.inf, math.nan
TINY = 5e-324
LN2 = math.log(2)


def ulp(x):
    """Returns the unit in the last place of the double nearest to x."""
    return mp.mpf(2) ** max(int(mp.frexp(abs(x))[1]) - 53, -1074) if x else mp.mpf(TINY)


def text(x):
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    return repr(x).removesuffix(".0")


def reference(y):
    """Returns the double nearest to y, and the remainder in thousandths of its last place, as text."""
    if isinstance(y, float):
        return f"{text(y)} 0"
    high = float(y)
    if math.isinf(high):
        return f"{text(high)} 0"
    return f"{text(high)} {int(mp.nint(1000 * (y - mp.mpf(high)) / ulp(y)))}"


def single(x):
    """Returns x rounded to float32."""
    return struct.unpack("f", struct.pack("f", x))[0] if abs(x) < 3.4e38 else x


def log_uniform(rng, low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def near(special):
    """Yields a point, and points on both sides that come closer, up to the neighboring doubles."""
    yield special
    for k in (4, 12, 24, 38, 50):
        for sign in (1, -1):
            yield special + sign * 2.0**-k * (abs(special) or 1)
    yield math.nextafter(special, INF)
    yield math.nextafter(special, -INF)


POLES_AT_0 = ("reciprocal", "lgamma", "digamma", "polygamma 1", "polygamma 4")


def points(name, low, high, specials=(), smallest=1e-320):
    """Returns doubles from low to high: ordinary and subnormal numbers, both tails, and neighbors of special points."""
    rng = random.Random(name)
    found = [0.0, TINY, 3e-310, 2.0**-1022]
    if low < 0:
        found += [-x for x in found]
    for special in specials:
        found += near(special)
    found += HARD.get(name, ())
    found += [rng.uniform(max(low, -3), min(high, 3)) for _ in range(24)]
    for sign, end in ((1, high), (-1, -low)):
        if end <= 0:
            continue
        found += [sign * rng.uniform(0, min(end, 1000)) for _ in range(10)]
        found += [sign * log_uniform(rng, 1e-20, end) for _ in range(10)]
        found += [sign * log_uniform(rng, smallest, end) for _ in range(8)]
        found += [single(sign * log_uniform(rng, 1e-6, min(end, 100))) for _ in range(12)]
        found += [single(sign * log_uniform(rng, 1e-40, min(end, 3e38))) for _ in range(4)]
    texts = [x for x in dict.fromkeys(map(text, found)) if low <= float(x) <= high]
    return [x for x in texts if float(x) != 0] if name in POLES_AT_0 else texts


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def pdf(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def sigma(x):
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def bell(x):
    e = mp.exp(-abs(x))
    return e / (1 + e) ** 2


def softplus(x):
    return max(x, mp.mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def sech2(x):
    return 4 * bell(2 * x)


def silu_slope(x):
    return sigma(x) + x * bell(x)


def slope_to_1(f):
    """Returns f with the value Infinity at -1 and 1."""
    return lambda x: INF if abs(x) == 1 else f(x)


def negative(f):
    return lambda x: -f(x)


def sign_of(x):
    return mp.mpf((x > 0) - (x < 0))


SILU_ZERO = -1.2784645427610737
GELU_ZERO = -0.7517915246935645
EDGES = (708.5, 709.7, 709.782712893384, 745.1, 745.1332191019411, 88.72284, 103.97)
ENDS = sorted(s * x for x in EDGES for s in (1, -1))

LGAMMA_POINTS = (1.0, 2.0, 1.5, 20.0, -0.5, -1.0, -1.5, -2.0, -20.25, 1e30)
DIGAMMA_POINTS = (1.0, 1.5, 20.0, -0.25, -1.0, -3.75, 1e30)

# The inputs with the worst errors that a search of 12,000 inputs found.
HARD = {
    "exp": (-0.3793200504219403,),
    "expm1": (0.35010272810008636,),
    "log": (2.573875180655029,),
    "log1p": (0.6372720947116568,),
    "sin": (0.8118219135229614,),
    "cos": (-0.7428632943843758,),
    "tanh": (0.8192589277440849,),
    "tanhSlope": (-0.00024033494020224666,),
    "sigmoid": (-0.2586722125255767,),
    "sigmoidSlope": (0.3457964899196506,),
    "softplus": (-0.5596302843660066,),
    "logSigmoid": (-0.27651676117119234,),
    "gelu": (-33.5746285791999,),
    "geluSlope": (-21.272441340338325,),
}

# Logits and a cotangent with the worst error of the softmax pullback, found in a search of 12,000 rows.
HARD_ROW = (
    [0.37283218675421864, -0.4161247267146161, 1.537073843495677, -0.930378959946058, -0.018374667699850553],
    [-0.3200351385584618, 0.1956101135963161, 0.4421630001526227, 98.50289909325517, 0.09431647678086334],
)

def log_ndtr(x):
    return mp.log(cdf(x)) if x < 0 else mp.log1p(-cdf(-x))


def inverse_mills(x):
    return pdf(x) / cdf(x) if x > -1000 else mills_excess(x) - x


def mills_excess(x):
    """Returns x + pdf(x) / cdf(x), in the lower tail by Laplace's continued fraction."""
    if x > -1000:
        with mp.workdps(100):
            return x + pdf(x) / cdf(x)
    f = -x
    for n in range(60, 1, -1):
        f = -x + n / f
    return 1 / f


def inverse_erf(x):
    if abs(x) == 1:
        return math.copysign(INF, x)
    if not x:
        return x
    q = 1 - abs(x)
    start = mp.sqrt(-mp.log(q)) if q < 1e-3 else mp.erfinv(abs(x)) if q > 1e-8 else None
    y = mp.findroot(lambda t: mp.log(mp.erfc(t) / q), start) if q < 1e-3 else mp.erfinv(abs(x))
    return mp.sign(x) * y


def inverse_erf_slope(x):
    return INF if abs(x) == 1 else mp.exp(inverse_erf(x) ** 2) * mp.sqrt(mp.pi) / 2


def log_gamma(x):
    return mp.re(mp.loggamma(x)) if x > 0 or x != mp.floor(x) else INF


def psi(n, x):
    """Returns the polygamma function with the limits at its poles, for x that is not -0."""
    if x > 0 or x != mp.floor(x):
        return mp.psi(n, x) if x > 0 else psi_below(n, x)
    return INF if n % 2 else NAN if x else -INF


def psi_below(n, x):
    """Returns the polygamma function for x < 0, by reflection, with more digits near its zeros."""
    with mp.workdps(100):
        rest = -x - (-mp.floor(x) - 1)  # in (0, 1), exact
        if n == 0:
            return mp.psi(0, 1 - x) - mp.pi / mp.tan(mp.pi * x)
        s = n + 1
        z = lambda y: mp.zeta(s, y)
        total = z(1 - rest) + (-1) ** s * (z(rest) - z(1 - x))
        return (-1) ** (n + 1) * mp.factorial(n) * total


# name: (f, f′, lowest and highest input, special points, value and derivative at −Infinity, the same at Infinity)
FUNCTIONS = {
    "neg": (lambda x: -x, lambda x: mp.mpf(-1), -1.7e308, 1.7e308, (), (INF, -1.0), (-INF, -1.0)),
    "abs": (abs, sign_of, -1.7e308, 1.7e308, (), (INF, -1.0), (INF, 1.0)),
    "sign": (sign_of, None, -1.7e308, 1.7e308, (), (-1.0,), (1.0,)),
    "relu": (lambda x: max(x, mp.mpf(0)), lambda x: mp.mpf(x > 0), -1.7e308, 1.7e308, (), (0.0, 0.0), (INF, 1.0)),
    "square": (lambda x: x * x, lambda x: 2 * x, -1e153, 1e153, (1.5e-162,), (INF, -INF), (INF, INF)),
    "sqrt": (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)) if x else INF, 0, 1.7e308, (1.0,), (NAN, NAN), (INF, 0.0)),
    "exp": (mp.exp, mp.exp, -760, 720, (*ENDS, LN2 / 2, -LN2 / 2, LN2 / 64), (0.0, 0.0), (INF, INF)),
    "expm1": (mp.expm1, mp.exp, -760, 720, (*ENDS, LN2 / 2, -LN2 / 2, -37.0), (-1.0, 0.0), (INF, INF)),
    "log": (
        lambda x: mp.log(x) if x else -INF,
        lambda x: 1 / x if x else INF,
        0,
        1.7e308,
        (1.0, math.sqrt(2), math.sqrt(0.5), math.e),
        (NAN, 0.0),
        (INF, 0.0),
    ),
    "log1p": (
        lambda x: mp.log1p(x) if x > -1 else -INF,
        lambda x: 1 / (1 + x) if x > -1 else INF,
        -1,
        1.7e308,
        (-1.0, -0.2928932188134525, 0.41421356237309503),
        (NAN, 0.0),
        (INF, 0.0),
    ),
    "sin": (mp.sin, mp.cos, -1e15, 1e15, [k * math.pi / 4 for k in (-3, -2, -1, 1, 2, 3, 4, 6, 1000)], (NAN, NAN), (NAN, NAN)),
    "cos": (mp.cos, lambda x: -mp.sin(x), -1e15, 1e15, [k * math.pi / 4 for k in (-2, -1, 1, 2, 3, 4, 6, 999)], (NAN, NAN), (NAN, NAN)),
    "tanh": (mp.tanh, sech2, -760, 760, (0.625, -0.625, 19.0, 22.0, 354.0, 372.5), (-1.0, 0.0), (1.0, 0.0)),
    "tanhSlope": (sech2, lambda x: -2 * mp.tanh(x) * sech2(x), -760, 760, (354.0, 372.5), (0.0, 0.0), (0.0, 0.0)),
    "sigmoid": (sigma, bell, -760, 760, (*ENDS, 36.7, -36.7), (0.0, 0.0), (1.0, 0.0)),
    "sigmoidSlope": (bell, lambda x: -bell(x) * mp.tanh(x / 2), -760, 760, ENDS, (0.0, 0.0), (0.0, 0.0)),
    "softplus": (softplus, sigma, -760, 760, (*ENDS, 36.7, -36.7), (0.0, 0.0), (INF, 1.0)),
    "logSigmoid": (lambda x: -softplus(-x), lambda x: sigma(-x), -760, 760, (*ENDS, 36.7, -36.7), (-INF, 1.0), (0.0, 0.0)),
    "gelu": (
        lambda x: x * cdf(x),
        lambda x: cdf(x) + x * pdf(x),
        -45,
        1.7e308,
        (GELU_ZERO, -GELU_ZERO, -0.625, -0.875, 0.125, -0.125, 6.125, -6.125, 9.0, -37.5, -38.5, -38.9),
        (-0.0, 0.0),
        (INF, 1.0),
    ),
    "geluSlope": (
        lambda x: cdf(x) + x * pdf(x),
        None,
        -45,
        45,
        (GELU_ZERO, -38.0),
        (0.0,),
        (1.0,),
    ),
    "tan": (
        mp.tan,
        lambda x: 1 / mp.cos(x) ** 2,
        -1e15,
        1e15,
        [k * math.pi / 4 for k in (-3, -2, -1, 1, 2, 3, 4, 6, 1000)],
        (NAN, NAN),
        (NAN, NAN),
    ),
    "asin": (mp.asin, slope_to_1(lambda x: 1 / mp.sqrt(1 - x * x)), -1, 1, (1.0, -1.0, 0.5, -0.5, 0.975), (NAN, NAN), (NAN, NAN)),
    "acos": (mp.acos, negative(slope_to_1(lambda x: 1 / mp.sqrt(1 - x * x))), -1, 1, (1.0, -1.0, 0.5, -0.5, 0.975), (NAN, NAN), (NAN, NAN)),
    "atan": (mp.atan, lambda x: 1 / (1 + x * x), -1e150, 1e150, (0.4375, 0.6875, 1.1875, 2.4375), (-math.pi / 2, 0.0), (math.pi / 2, 0.0)),
    "sinh": (mp.sinh, mp.cosh, -710.4, 710.4, (22.0, -22.0, 709.7, 0.7), (-INF, INF), (INF, INF)),
    "cosh": (mp.cosh, mp.sinh, -710.4, 710.4, (22.0, -22.0, 709.7, LN2 / 2), (INF, -INF), (INF, INF)),
    "asinh": (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), -1.7e308, 1.7e308, (2.0, -2.0, 2.0**28), (-INF, 0.0), (INF, 0.0)),
    "acosh": (mp.acosh, slope_to_1(lambda x: 1 / mp.sqrt(x * x - 1)), 1, 1.7e308, (1.0, 2.0, 2.0**28), (NAN, NAN), (INF, 0.0)),
    "atanh": (lambda x: math.copysign(INF, x) if abs(x) == 1 else mp.atanh(x), slope_to_1(lambda x: 1 / (1 - x * x)), -1, 1, (1.0, -1.0, 0.5, -0.5), (NAN, -0.0), (NAN, -0.0)),
    "exp2": (lambda x: mp.mpf(2) ** x, lambda x: mp.mpf(2) ** x * mp.log(2), -1080, 1023.999, (-1022.0, -1074.0, 1023.5, 0.5, 10.0), (0.0, 0.0), (INF, INF)),
    "log2": (
        lambda x: mp.log(x) / mp.log(2) if x else -INF,
        lambda x: 1 / (x * mp.log(2)) if x else INF,
        0,
        1.7e308,
        (1.0, math.sqrt(2), 8.0),
        (NAN, -0.0),
        (INF, 0.0),
    ),
    "log10": (
        lambda x: mp.log(x) / mp.log(10) if x else -INF,
        lambda x: 1 / (x * mp.log(10)) if x else INF,
        0,
        1.7e308,
        (1.0, math.sqrt(10), 1e22),
        (NAN, -0.0),
        (INF, 0.0),
    ),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / (x * x), -1.7e308, 1.7e308, (), (-0.0, -0.0), (0.0, -0.0)),
    "silu": (lambda x: x * sigma(x), silu_slope, -760, 1.7e308, (*ENDS, SILU_ZERO, -1.0, 40.0), (-0.0, -0.0), (INF, 1.0)),
    "siluSlope": (silu_slope, None, -760, 760, (*ENDS, SILU_ZERO), (-0.0,), (1.0,)),
    "erf": (mp.erf, lambda x: mp.exp(-x * x) * 2 / mp.sqrt(mp.pi), -1e153, 1e153, (0.5, -0.5, 3.0, 5.9, 6.0), (-1.0, 0.0), (1.0, 0.0)),
    "erfc": (mp.erfc, lambda x: -mp.exp(-x * x) * 2 / mp.sqrt(mp.pi), -1e3, 26.6, (0.5, -0.5, 0.8, 4.33, 26.5, -6.0), (2.0, -0.0), (0.0, -0.0)),
    "gaussian": (lambda x: mp.exp(-x * x), None, -26.6, 26.6, (), (0.0,), (0.0,)),
    "erfinv": (inverse_erf, inverse_erf_slope, -1, 1, (0.3, 0.5, -0.5, 1.0, -1.0, 1e-9), (NAN, NAN), (NAN, NAN)),
    "erfinvSlope": (inverse_erf_slope, None, -1, 1, (0.5, -0.5, 1.0, -1.0), (NAN,), (NAN,)),
    "logNdtr": (log_ndtr, inverse_mills, -1e150, 38.4, (0.0, 0.125, -6.0, -6.125, 6.0, 38.0), (-INF, INF), (0.0, 0.0)),
    "inverseMills": (
        inverse_mills,
        lambda x: -inverse_mills(x) * mills_excess(x),
        -1e20,
        38,
        (-6.0, 6.0),
        (INF, -1.0),
        (0.0, -0.0),
    ),
    "inverseMillsExcess": (mills_excess, None, -1e20, 1e20, (-6.0, -1.0), (0.0,), (INF,)),
    "lgamma": (log_gamma, lambda x: psi(0, x), -1e15, 1e305, LGAMMA_POINTS, (INF, NAN), (INF, INF)),
    "digamma": (lambda x: psi(0, x), lambda x: psi(1, x), -1e15, 1.7e308, DIGAMMA_POINTS, (NAN, NAN), (INF, 0.0)),
    "polygamma 1": (lambda x: psi(1, x), lambda x: psi(2, x), -1e15, 1.7e308, (1.0, 25.0, -0.5, -1.0), (NAN, NAN), (0.0, -0.0)),
    "polygamma 4": (lambda x: psi(4, x), None, -1e3, 1.7e308, (1.0, 25.0, -0.75, -1.0), (NAN,), (-0.0,)),
    "elu": (
        lambda x: x if x > 0 else mp.expm1(x),
        lambda x: mp.exp(min(x, mp.mpf(0))),
        -760,
        1.7e308,
        (-37.0, -708.5),
        (-1.0, 0.0),
        (INF, 1.0),
    ),
}


def unary():
    for name, (f, slope, low, high, specials, below, above) in FUNCTIONS.items():
        yield f"function {name}"
        for x in points(name, low, high, specials):
            value = mp.mpf(float(x))
            outcomes = [reference(f(value))] + ([reference(slope(value))] if slope else [])
            yield " ".join([x, *outcomes])
        for x, outcomes in ((-INF, below), (INF, above), (NAN, [NAN] * len(above))):
            if name in ("neg", "relu", "abs") and math.isnan(x):
                outcomes = outcomes[:1]  # their derivatives at NaN are not tested
            yield " ".join([text(x), *map(reference, outcomes)])


def log_add_exp(a, b):
    return max(a, b) + mp.log1p(mp.exp(-abs(a - b)))


def power_log(a, b):
    return a**b * mp.log(a) if a > 0 else NAN


def positive_base(rng):
    kind = rng.randrange(5)
    a = [
        rng.uniform(0.5, 2),
        log_uniform(rng, 1e-300, 1e300),
        1 + rng.uniform(-1, 1) * 2.0**-30,
        rng.uniform(0, 20),
        math.exp((rng.randrange(-40, 40) + 0.5) * LN2 / 32),  # the kernel switches to another node here
    ][kind]
    room = 700 / max(abs(math.log(a)), 1e-300)
    b = rng.choice([rng.uniform(-3, 3), rng.uniform(-1, 1) * min(room, 1e9), float(rng.randint(-8, 8)), 0.5, -0.5])
    return a, b if abs(b) < room else rng.uniform(-1, 1) * room


def any_base(rng):
    a, b = positive_base(rng)
    return (-log_uniform(rng, 1e-20, 1e20), float(rng.randint(-8, 8))) if rng.randrange(6) == 0 else (a, b)


def pair_of(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return rng.uniform(-3, 3), rng.uniform(-3, 3)
    if kind == 1:
        return tuple(rng.choice([1, -1]) * log_uniform(rng, 1e-30, 1e30) for _ in range(2))
    if kind == 2:
        a = rng.uniform(-3, 3)
        return a, -a * (1 + rng.uniform(-1, 1) * 2.0 ** -rng.randint(2, 50))
    return tuple(single(rng.uniform(-3, 3)) for _ in range(2))


def far_pair_of(rng):
    if rng.randrange(3):
        return pair_of(rng)
    scale = log_uniform(rng, 1e-300, 1e300)
    return scale * rng.uniform(-3, 3), scale * rng.uniform(-3, 3)


def close_pair_of(rng):
    if rng.randrange(2):
        return rng.uniform(-100, 100), rng.uniform(-3, 3)
    a, b = rng.uniform(-3, 3), rng.choice([1, -1]) * log_uniform(rng, 1e-10, 1e3)
    return a, b


def exponents(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return rng.uniform(-3, 3), rng.uniform(-3, 3)
    if kind == 1:
        return rng.uniform(-740, 740), rng.uniform(-740, 740)
    if kind == 2:
        a = rng.uniform(-3, 3)
        return a, a + rng.choice([1, -1]) * log_uniform(rng, 1e-16, 745)
    if kind == 3:
        a = -log_uniform(rng, 1e-3, 3)
        return a, float(mp.log1p(-mp.exp(mp.mpf(a)))) * (1 + rng.uniform(-1, 1) * 2.0 ** -rng.randint(4, 40))
    if kind == 4:
        return log_uniform(rng, 1, 1e300), rng.choice([1, -1]) * log_uniform(rng, 1e-3, 1e3)
    return tuple(single(rng.uniform(-30, 30)) for _ in range(2))


def logit_and_target(rng):
    x, _ = exponents(rng)
    kind = rng.randrange(4)
    t = [rng.random(), 0.0, 1.0, single(rng.random())][kind]
    return (single(x) if kind == 3 else x), t


def bce(x, t):
    return t * softplus(-x) + (1 - t) * softplus(x)


def positive_pair(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return rng.uniform(0, 3), rng.uniform(0, 3)
    if kind == 1:
        return log_uniform(rng, 1e-20, 1e20), log_uniform(rng, 1e-20, 1e20)
    if kind == 2:
        return log_uniform(rng, 1e-3, 1e3), log_uniform(rng, 1e-3, 1e3)
    return log_uniform(rng, 1e-280, 1e280), log_uniform(rng, 1e-280, 1e280)


def log_beta(a, b):
    with mp.workdps(700):
        return +mp.re(mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b))


def psi_difference(n, a, b):
    with mp.workdps(700):
        return +(mp.psi(n, a) - mp.psi(n, a + b))


def gamma_pair(rng):
    """Returns a and x, usually so close that neither tail of the gamma distribution is lost."""
    a = log_uniform(rng, 1e-3, 20) if rng.randrange(2) else log_uniform(rng, 1e-2, 3e3)
    spread = math.sqrt(a) + 1
    x = a + spread * rng.uniform(-6, 6)
    return a, x if x > 0 else a * log_uniform(rng, 1e-6, 1)


def lower_gamma(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def gamma_density(a, x):
    return mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))


ONE = mp.mpf(1)
# name: (f, ∂f/∂a, ∂f/∂b, pairs)
PAIRS = {
    "add": (lambda a, b: a + b, lambda a, b: ONE, lambda a, b: ONE, pair_of),
    "sub": (lambda a, b: a - b, lambda a, b: ONE, lambda a, b: -ONE, pair_of),
    "mul": (lambda a, b: a * b, lambda a, b: b, lambda a, b: a, pair_of),
    "div": (lambda a, b: a / b, lambda a, b: 1 / b, lambda a, b: -a / b**2, pair_of),
    "maximum": (max, lambda a, b: mp.mpf(a > b), lambda a, b: mp.mpf(b > a), pair_of),
    "minimum": (min, lambda a, b: mp.mpf(a < b), lambda a, b: mp.mpf(b < a), pair_of),
    "pow": (lambda a, b: a**b, lambda a, b: b * a ** (b - 1), power_log, any_base),
    "powSlope": (lambda a, b: b * a ** (b - 1), None, None, any_base),
    "xlogy": (
        lambda a, c: c * mp.log(a),
        lambda a, c: c / a,
        lambda a, c: mp.log(a),
        positive_base,
    ),
    "logAddExp": (log_add_exp, lambda a, b: sigma(a - b), lambda a, b: sigma(b - a), exponents),
    "logAddExpSlope": (lambda a, b: sigma(a - b), lambda a, b: bell(a - b), lambda a, b: -bell(a - b), exponents),
    "betaln": (log_beta, lambda a, b: psi_difference(0, a, b), lambda a, b: psi_difference(0, b, a), positive_pair),
    "polygammaDifference": (lambda a, b: psi_difference(0, a, b), None, None, positive_pair),
    "gammainc": (lower_gamma, None, None, gamma_pair),
    "gammaincSlope": (gamma_density, None, None, gamma_pair),
    "hypot": (mp.hypot, lambda a, b: a / mp.hypot(a, b), lambda a, b: b / mp.hypot(a, b), far_pair_of),
    "hypotSlope": (lambda a, b: a / mp.hypot(a, b), None, None, far_pair_of),
    "atan2Slope": (lambda y, x: x / (x * x + y * y), None, None, far_pair_of),
    "atan2": (mp.atan2, lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y), pair_of),
    "mod": (lambda a, b: a - b * mp.floor(a / b), lambda a, b: ONE, lambda a, b: -mp.floor(a / b), close_pair_of),
    "huber": (
        lambda a, b: (a - b) ** 2 / 2 if abs(a - b) <= 1 else abs(a - b) - mp.mpf(0.5),
        lambda a, b: max(-ONE, min(a - b, ONE)),
        lambda a, b: max(-ONE, min(b - a, ONE)),
        pair_of,
    ),
    "mse": (lambda a, b: (a - b) ** 2, lambda a, b: 2 * (a - b), lambda a, b: 2 * (b - a), pair_of),
    "binaryCrossEntropy": (bce, lambda x, t: (1 - t) * sigma(x) - t * sigma(-x), lambda x, t: -x, logit_and_target),
}


SLOW = ("betaln", "polygammaDifference")


def binary():
    for name, (f, to_a, to_b, draw) in PAIRS.items():
        yield f"pair {name}"
        rng = random.Random(name)
        for i in range(96 if name not in SLOW else 40):
            a, b = draw(rng)
            if i % 5 == 4 and single(a):
                a, b = single(a), single(b)
            x, y = mp.mpf(a), mp.mpf(b)
            yield " ".join([text(a), text(b), *(reference(h(x, y)) for h in (f, to_a, to_b) if h)])


def slices():
    rng = random.Random("slices")
    rows = [
        *([rng.uniform(-2, 2) for _ in range(5)] for _ in range(6)),
        *([single(rng.uniform(-8, 8)) for _ in range(4)] for _ in range(4)),
        *([rng.uniform(-40, 40) for _ in range(5)] for _ in range(4)),
        *([rng.uniform(-740, 0) for _ in range(5)] for _ in range(3)),
        *([1e6 + rng.uniform(-20, 20) for _ in range(4)] for _ in range(2)),
        # one probability close to 1; the other probabilities sum to 10^-3 … 10^-40
        *([0.1, 0.1 - gap, -gap - 0.7, -3.3 - gap] for gap in (7.3, 14.1, 27.6, 36.2, 36.8, 37.4, 46.3, 92.1)),
        *([-gap - 0.25, 0.3 * gap, -gap] for gap in (5.1, 13.3, 28.3)),
        *([100.1, 100.1 - gap] for gap in (1.3, 36.7, 300.2)),
        [single(1.7), single(-15.3), single(-16.6)],
        [0.3, 0.3, 0.3],
        [2.5],
        [5e-324, -5e-324, 1e-310],  # subnormal logits
        [0.1, -708.3, -739.9, -744.6, -745.9],  # subnormal probabilities
        [1e-17, -700.3, -650.1],
        [1.7e308, -1.7e308, 1e308],
        [709.9, 710.3, 709.1],
        [single(88.9), single(89.3), single(-90.1)],
        [-LN2, -LN2],  # log-sum-exp is almost 0
        [-LN2, -LN2 - 1e-9, -40.1],
        [-0.2, float(mp.log1p(-mp.exp(mp.mpf(-0.2))))],
    ]
    rows += [[single(rng.gauss(0, 3)) for _ in range(600)], [round(rng.gauss(0, 0.01), 4) for _ in range(600)]]
    rows.append(HARD_ROW[0])
    yield "slices"
    for i, row in enumerate(rows):
        n = len(row)
        kind = i % 4 if n < 20 else 3
        g = [round(rng.uniform(-2, 2), 5) for _ in row]
        if kind == 1:
            g = [1000 + h for h in g]  # a common shift of g, which does not change the softmax pullback
        if kind == 2:
            g = [0.0] * n
            g[rng.randrange(n)] = 1.0
        if kind == 3:
            g = [round(h, 2) for h in g]
            g[row.index(max(row))] = 999.0  # at the peak of the softmax, g is much larger than elsewhere
        if row is HARD_ROW[0]:
            g = HARD_ROW[1]
        if all(single(x) == x for x in row):
            g = [single(h) for h in g]
        label = rng.randrange(n)
        x, h = [mp.mpf(v) for v in row], [mp.mpf(v) for v in g]
        most = max(x)
        m = x.index(most)
        others = sum((mp.exp(v - most) for j, v in enumerate(x) if j != m), mp.mpf(0))
        norm = mp.log1p(others)
        s = [mp.exp(v - most) / (1 + others) for v in x]
        rest = [sum((p for k, p in enumerate(s) if k != j), mp.mpf(0)) for j in range(n)]  # 1 - s, computed without cancellation
        total = sum(h)
        shown = range(n) if n < 20 else range(0, n, 47)
        yield " ".join(map(text, row))
        yield " ".join(map(text, g))
        yield " ".join(map(str, [label, *shown]))
        yield " ".join(reference(s[j]) for j in shown)
        yield " ".join(reference(x[j] - most - norm) for j in shown)
        yield " ".join(reference(s[j] * sum(s[k] * (h[j] - h[k]) for k in range(n))) for j in shown)
        yield " ".join(reference(h[j] * rest[j] - s[j] * (total - h[j])) for j in shown)
        yield " ".join([reference(most + norm), reference(norm - (x[label] - most)), reference(rest[label])])


if __name__ == "__main__":
    lines = [*unary(), *binary(), *slices()]
    pathlib.Path(__file__).with_name("mpmath.txt").write_text("\n".join(lines) + "\n")
