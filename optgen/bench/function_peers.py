"""How others say each function of the catalogue, as users of NumPy and SciPy, JAX, torch, Numba or C write it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

Say = Callable[..., Any]
ROOT_HALF = 0.7071067811865476


@dataclass(frozen=True, slots=True)
class Peers:
    """How others say a function of arguments in these intervals, one for each argument; None where a peer has nothing.

    `numpy(numpy, special, out, *arrays)` writes to `out`, as does `torch(torch, out, *arrays)`; `jax(jax, *arrays)`
    gives its result, `numba` is of numbers, `c` an expression in x (and y).
    """

    domain: tuple[tuple[float, float], ...]
    numpy: Say
    jax: Say | None
    torch: Say | None
    numba: Say | None
    c: str | None


def _named(low: float, high: float, name: str, alias: str = "", **others: Any) -> Peers:
    """Peers that all call it so (NumPy and JAX by an alias), but for those that are said."""
    said: dict[str, Any] = {
        "numpy": lambda np, special, out, x: getattr(np, alias or name)(x, out=out),
        "jax": lambda jax, x: getattr(jax.numpy, alias or name)(x),
        "torch": lambda torch, out, x: getattr(torch, name)(x, out=out),
        "numba": getattr(math, name, None),
        "c": f"{name}f(x)",
    }
    return Peers(((low, high),), **{**said, **others})


def _special(low: float, high: float, name: str, **others: Any) -> Peers:
    """The same for a function of SciPy's `special`, which JAX has in its own, if at all."""
    said: dict[str, Any] = {
        "numpy": lambda np, special, out, x: getattr(special, name)(x, out=out),
        "jax": lambda jax, x: getattr(special_of_jax(), name)(x),
        "torch": lambda torch, out, x: getattr(torch.special, name)(x, out=out),
        "numba": getattr(math, name, None),
        "c": f"{name}f(x)" if hasattr(math, name) else None,
    }
    return Peers(((low, high),), **{**said, **others})


def special_of_jax() -> Any:
    """The module, which `import jax` does not load."""
    return import_module("jax.scipy.special")


FUNCTIONS: dict[str, Peers] = {
    "exp": _named(-20, 20, "exp"),
    "exp2": _named(-20, 20, "exp2"),
    "exp10": _named(
        -20, 20, "exp10",
        numpy=lambda np, special, out, x: np.power(np.float32(10), x, out=out),
        jax=lambda jax, x: jax.numpy.power(jax.numpy.float32(10), x),
        torch=lambda torch, out, x: torch.pow(10.0, x, out=out), numba=lambda x: math.pow(10.0, x),
    ),
    "expm1": _named(-5, 5, "expm1"),
    "log": _named(1e-3, 1e3, "log"),
    "log2": _named(1e-3, 1e3, "log2"),
    "log10": _named(1e-3, 1e3, "log10"),
    "log1p": _named(-0.9, 1e3, "log1p"),
    "sin": _named(-20, 20, "sin"),
    "cos": _named(-20, 20, "cos"),
    "tan": _named(-20, 20, "tan"),
    "asin": _named(-1, 1, "asin", "arcsin"),
    "acos": _named(-1, 1, "acos", "arccos"),
    "atan": _named(-10, 10, "atan", "arctan"),
    "sinh": _named(-5, 5, "sinh"),
    "cosh": _named(-5, 5, "cosh"),
    "tanh": _named(-5, 5, "tanh"),
    "asinh": _named(-100, 100, "asinh", "arcsinh"),
    "acosh": _named(1, 100, "acosh", "arccosh"),
    "atanh": _named(-0.99, 0.99, "atanh", "arctanh"),
    "sigmoid": _special(
        -10, 10, "expit", torch=lambda torch, out, x: torch.sigmoid(x, out=out),
        numba=lambda x: 1 / (1 + math.exp(-x)), c="1.0f/(1.0f + expf(-x))",
    ),
    "silu": _special(
        -10, 10, "expit", numpy=lambda np, special, out, x: np.multiply(x, special.expit(x, out=out), out=out),
        jax=lambda jax, x: jax.nn.silu(x), torch=lambda torch, out, x: out.copy_(torch.nn.functional.silu(x)),
        numba=lambda x: x / (1 + math.exp(-x)), c="x/(1.0f + expf(-x))",
    ),
    "softplus": _named(
        -10, 10, "logaddexp", numpy=lambda np, special, out, x: np.logaddexp(x, np.float32(0), out=out),
        jax=lambda jax, x: jax.nn.softplus(x), torch=lambda torch, out, x: out.copy_(torch.nn.functional.softplus(x)),
        numba=lambda x: max(x, x - x) + math.log1p(math.exp(-abs(x))),
        c="fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)))",
    ),
    "logsigmoid": _special(
        -10, 10, "log_expit", jax=lambda jax, x: jax.nn.log_sigmoid(x),
        torch=lambda torch, out, x: out.copy_(torch.nn.functional.logsigmoid(x)),
        numba=lambda x: min(x, x - x) - math.log1p(math.exp(-abs(x))),
        c="fminf(x, 0.0f) - log1pf(expf(-fabsf(x)))",
    ),
    "mish": _named(
        -10, 10, "mish",
        numpy=lambda np, special, out, x: np.multiply(x, np.tanh(np.logaddexp(x, np.float32(0)), out=out), out=out),
        jax=lambda jax, x: jax.nn.mish(x), torch=lambda torch, out, x: out.copy_(torch.nn.functional.mish(x)),
        numba=lambda x: x * math.tanh(max(x, x - x) + math.log1p(math.exp(-abs(x)))),
        c="x*tanhf(fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))))",
    ),
    "gelu": _named(
        -8, 8, "gelu",
        numpy=lambda np, special, out, x: np.multiply(
            x / 2, special.erf(x * np.float32(ROOT_HALF), out=out) + 1, out=out
        ),
        jax=lambda jax, x: jax.nn.gelu(x, approximate=False),
        torch=lambda torch, out, x: out.copy_(torch.nn.functional.gelu(x)),
        numba=lambda x: x / 2 * (1 + math.erf(x * ROOT_HALF)), c="0.5f*x*(1.0f + erff(x*0.70710678f))",
    ),
    "erf": _special(-4, 4, "erf"),
    "erfc": _special(-4, 8, "erfc"),
    "erfcx": _special(-3, 20, "erfcx"),
    "erfinv": _special(-0.999, 0.999, "erfinv"),
    "ndtr": _special(
        -8, 8, "ndtr", numba=lambda x: math.erfc(-x * ROOT_HALF) / 2, c="0.5f*erfcf(-0.70710678f*x)",
    ),
    "log_ndtr": _special(
        -8, 8, "log_ndtr", numba=lambda x: math.log(math.erfc(-x * ROOT_HALF) / 2),
        c="logf(0.5f*erfcf(-0.70710678f*x))",
    ),
    "i0e": _special(-20, 20, "i0e"),
    "i1e": _special(-20, 20, "i1e"),
    "j0": _special(
        -50, 50, "j0", jax=None, torch=lambda torch, out, x: torch.special.bessel_j0(x, out=out), c="j0f(x)",
    ),
    "j1": _special(
        -50, 50, "j1", jax=None, torch=lambda torch, out, x: torch.special.bessel_j1(x, out=out), c="j1f(x)",
    ),
    "airy": _special(
        -20, 5, "airy", numpy=lambda np, special, out, x: special.airy(x, out=(out, None, None, None)), jax=None,
        torch=lambda torch, out, x: out.copy_(torch.special.airy_ai(x)),
    ),
    "lgamma": _special(
        0.01, 100, "gammaln", torch=lambda torch, out, x: torch.lgamma(x, out=out), numba=math.lgamma, c="lgammaf(x)",
    ),
    "rsqrt": _named(
        1e-3, 1e3, "rsqrt", numpy=lambda np, special, out, x: np.divide(np.float32(1), np.sqrt(x, out=out), out=out),
        jax=lambda jax, x: jax.lax.rsqrt(x), numba=lambda x: 1 / math.sqrt(x), c="1.0f/sqrtf(x)",
    ),
    "cbrt": _named(
        -1e3, 1e3, "cbrt", torch=None, numba=lambda x: math.copysign(math.pow(abs(x), 1 / 3), x),
    ),
    "pow": Peers(
        ((1e-3, 1e3), (-5, 5)), lambda np, special, out, x, y: np.power(x, y, out=out),
        lambda jax, x, y: jax.numpy.power(x, y), lambda torch, out, x, y: torch.pow(x, y, out=out), math.pow,
        "powf(x, y)",
    ),
    "atan2": Peers(
        ((-10, 10), (-10, 10)), lambda np, special, out, x, y: np.arctan2(x, y, out=out),
        lambda jax, x, y: jax.numpy.arctan2(x, y), lambda torch, out, x, y: torch.atan2(x, y, out=out), math.atan2,
        "atan2f(x, y)",
    ),
    "hypot": Peers(
        ((-1e3, 1e3), (-1e3, 1e3)), lambda np, special, out, x, y: np.hypot(x, y, out=out),
        lambda jax, x, y: jax.numpy.hypot(x, y), lambda torch, out, x, y: torch.hypot(x, y, out=out), math.hypot,
        "hypotf(x, y)",
    ),
    "logaddexp": Peers(
        ((-10, 10), (-10, 10)), lambda np, special, out, x, y: np.logaddexp(x, y, out=out),
        lambda jax, x, y: jax.numpy.logaddexp(x, y), lambda torch, out, x, y: torch.logaddexp(x, y, out=out),
        lambda x, y: max(x, y) + math.log1p(math.exp(-abs(x - y))),
        "fmaxf(x, y) + log1pf(expf(-fabsf(x - y)))",
    ),
}  # fmt: skip

#: What was wanted, in copies of the same array.
GOALS: dict[str, float] = {
    "exp": 1.8, "exp2": 1.6, "log": 3.0, "log2": 3.0, "sin": 3.5, "tanh": 3.0, "sigmoid": 2.9, "erf": 4.1, "gelu": 5.5,
    "softplus": 4.5,
}  # fmt: skip
