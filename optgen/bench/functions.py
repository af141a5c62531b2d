"""Elementwise functions against the installed peers: nanoseconds an element, as ratios to ours and to a plain copy.

Every way computes the same float32 array into memory it need not allocate, on one thread, in turn with the others.
JAX repeats inside one compiled loop (its call alone takes longer than the array), on arguments that a tiny addition
keeps apart.  The C library is glibc's vector library, through a C compiler with -O3 -ffast-math, where both are there.
"""

from __future__ import annotations

import ctypes
import math
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

from optgen.bench.timing import Row, installed, interleaved

IN_CACHE, IN_MEMORY = 16_384, 16_000_000
INNER = 8


@dataclass(frozen=True, slots=True)
class Peers:
    """How others say a function, for arguments between `low` and `high`; None where a peer has nothing.

    `numpy` (with SciPy's functions) writes to its third argument, `torch` too; the first is the module.  `numba` is of
    one number, `c` an expression in x.
    """

    low: float
    high: float
    numpy: Callable[[Any, Any, Any], object]
    jax: Callable[[Any, Any], Any]
    torch: Callable[[Any, Any, Any], object]
    numba: Callable[[Any], Any]
    c: str


ROOT_HALF = 0.7071067811865476
FUNCTIONS: dict[str, Peers] = {
    "exp": Peers(
        -20, 20, lambda np, x, out: np.exp(x, out=out), lambda jax, x: jax.numpy.exp(x),
        lambda torch, x, out: torch.exp(x, out=out), math.exp, "expf(x)",
    ),
    "exp2": Peers(
        -20, 20, lambda np, x, out: np.exp2(x, out=out), lambda jax, x: jax.numpy.exp2(x),
        lambda torch, x, out: torch.exp2(x, out=out), math.exp2, "exp2f(x)",
    ),
    "expm1": Peers(
        -5, 5, lambda np, x, out: np.expm1(x, out=out), lambda jax, x: jax.numpy.expm1(x),
        lambda torch, x, out: torch.expm1(x, out=out), math.expm1, "expm1f(x)",
    ),
    "log": Peers(
        1e-3, 1e3, lambda np, x, out: np.log(x, out=out), lambda jax, x: jax.numpy.log(x),
        lambda torch, x, out: torch.log(x, out=out), math.log, "logf(x)",
    ),
    "log2": Peers(
        1e-3, 1e3, lambda np, x, out: np.log2(x, out=out), lambda jax, x: jax.numpy.log2(x),
        lambda torch, x, out: torch.log2(x, out=out), math.log2, "log2f(x)",
    ),
    "log1p": Peers(
        -0.9, 1e3, lambda np, x, out: np.log1p(x, out=out), lambda jax, x: jax.numpy.log1p(x),
        lambda torch, x, out: torch.log1p(x, out=out), math.log1p, "log1pf(x)",
    ),
    "sin": Peers(
        -20, 20, lambda np, x, out: np.sin(x, out=out), lambda jax, x: jax.numpy.sin(x),
        lambda torch, x, out: torch.sin(x, out=out), math.sin, "sinf(x)",
    ),
    "cos": Peers(
        -20, 20, lambda np, x, out: np.cos(x, out=out), lambda jax, x: jax.numpy.cos(x),
        lambda torch, x, out: torch.cos(x, out=out), math.cos, "cosf(x)",
    ),
    "tanh": Peers(
        -5, 5, lambda np, x, out: np.tanh(x, out=out), lambda jax, x: jax.numpy.tanh(x),
        lambda torch, x, out: torch.tanh(x, out=out), math.tanh, "tanhf(x)",
    ),
    "erf": Peers(
        -4, 4, lambda np, x, out: _special().erf(x, out=out), lambda jax, x: jax.lax.erf(x),
        lambda torch, x, out: torch.erf(x, out=out), math.erf, "erff(x)",
    ),
    "sigmoid": Peers(
        -10, 10, lambda np, x, out: _special().expit(x, out=out), lambda jax, x: jax.nn.sigmoid(x),
        lambda torch, x, out: torch.sigmoid(x, out=out), lambda x: 1 / (1 + math.exp(-x)), "1.0f/(1.0f + expf(-x))",
    ),
    "silu": Peers(
        -10, 10, lambda np, x, out: np.multiply(x, _special().expit(x, out=out), out=out),
        lambda jax, x: jax.nn.silu(x), lambda torch, x, out: out.copy_(torch.nn.functional.silu(x)),
        lambda x: x / (1 + math.exp(-x)), "x/(1.0f + expf(-x))",
    ),
    "softplus": Peers(
        -10, 10, lambda np, x, out: np.logaddexp(x, np.float32(0), out=out), lambda jax, x: jax.nn.softplus(x),
        lambda torch, x, out: out.copy_(torch.nn.functional.softplus(x)),
        lambda x: max(x, x - x) + math.log1p(math.exp(-abs(x))), "fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)))",
    ),
    "gelu": Peers(
        -8, 8, lambda np, x, out: np.multiply(x / 2, _special().erf(x * np.float32(ROOT_HALF)) + 1, out=out),
        lambda jax, x: jax.nn.gelu(x, approximate=False),
        lambda torch, x, out: out.copy_(torch.nn.functional.gelu(x)),
        lambda x: x / 2 * (1 + math.erf(x * ROOT_HALF)), "0.5f*x*(1.0f + erff(x*0.70710678f))",
    ),
}  # fmt: skip


def _special() -> Any:
    from scipy import special

    return special


def functions() -> Iterator[Row]:
    """The functions of FUNCTIONS that ship, in cache and in memory, and the means over all of them."""
    from optgen.shipped import function_paths

    names = [name for name in FUNCTIONS if name in function_paths()]
    for size, repeats in ((IN_CACHE, 15), (IN_MEMORY, 3)):
        rows = [_row(name, size, repeats) for name in names]
        yield from rows
        if rows:
            yield _means(rows, f"{size:,} elements, geometric mean of {len(rows)} functions")
    if "exp" in names and installed("numba") is not None:
        yield _in_a_numba_loop()


def against(function: Any, expression: str, low: float, high: float) -> Row:
    """One function, in cache, against its expression as the backends compute it by their own or other functions."""
    import numpy as np

    import optgen

    draw = np.random.default_rng(0)
    arrays = [draw.uniform(low, high, IN_CACHE).astype(np.float32) for _ in range(function.nin)]
    out = np.empty_like(arrays[0])
    ways: dict[str, Callable[[], object]] = {
        "optgen": _repeated(lambda: function(*arrays, out=out), INNER),
        "copy": _repeated(lambda: np.copyto(out, arrays[0]), INNER),
    }
    for label, backend in (("NumPy", "numpy"), ("Numba", "numba"), ("JAX", "jax")):
        if backend == "numpy" or installed(backend) is not None:
            code = optgen.array_code(expression, backend)
            ways[label] = _repeated(partial(code, *arrays), INNER)
    return interleaved(f"{expression}, {IN_CACHE:,} elements, an element", ways, 15, per=IN_CACHE * INNER)


def _row(name: str, size: int, repeats: int) -> Row:
    import numpy as np

    import optgen

    peers = FUNCTIONS[name]
    x = np.random.default_rng(0).uniform(peers.low, peers.high, size).astype(np.float32)
    out = np.empty_like(x)
    ours = getattr(optgen.functions, name)
    inner = max(1, 2**20 // size)
    ways = {
        "optgen": _repeated(lambda: ours(x, out=out), inner),
        "copy": _repeated(lambda: np.copyto(out, x), inner),
        "NumPy, SciPy": _repeated(lambda: peers.numpy(np, x, out), inner),
    }
    for label, made in (
        ("JAX", _jax(peers, x, inner)),
        ("torch", _torch(peers, x, out, inner)),
        ("Numba", _numba(peers, x, out, inner)),
        ("glibc's vector library", _c(peers, x, out, inner)),
    ):
        if made is not None:
            ways[label] = made
    return interleaved(f"{name}, {size:,} elements, an element", ways, repeats, per=size * inner)


def _in_a_numba_loop() -> Row:
    """exp of each number in a user's own loop, where Numba's vectoriser meets it."""
    import numba
    import numpy as np

    import optgen

    x = np.random.default_rng(0).uniform(-5, 5, IN_CACHE).astype(np.float32)
    out = np.empty_like(x)
    ways = {}
    for label, exp in (("optgen.functions.exp", optgen.functions.exp), ("math.exp", math.exp), ("np.exp", np.exp)):
        ways[label] = _repeated(partial(numba.njit(_closed(exp)), x, out), INNER)
    return interleaved("exp in a Numba loop, float32, an element", ways, 25, "5 times math.exp", per=IN_CACHE * INNER)


def _closed(exp: Any) -> Callable[[Any, Any], None]:
    """A loop with a function in it, as a user writes it."""

    def loop(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = exp(x[i])

    return loop


def _repeated(call: Callable[[], object], inner: int) -> Callable[[], object]:
    def run() -> None:
        for _ in range(inner):
            call()

    return run


# ---------------------------------------------------------------- peers, None where they are not installed


def _jax(peers: Peers, x: Any, inner: int) -> Callable[[], object] | None:
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    jax = installed("jax")
    if jax is None:
        return None

    def repeat(x: Any) -> Any:
        return jax.lax.fori_loop(0, inner, lambda k, _: peers.jax(jax, x + jax.numpy.float32(k) * 1e-30), x)

    run, given = jax.jit(repeat), jax.numpy.asarray(x)
    return lambda: jax.block_until_ready(run(given))


def _torch(peers: Peers, x: Any, out: Any, inner: int) -> Callable[[], object] | None:
    torch = installed("torch")
    if torch is None:
        return None
    torch.set_num_threads(1)
    given, result = torch.from_numpy(x), torch.from_numpy(out)
    return _repeated(lambda: peers.torch(torch, given, result), inner)


def _numba(peers: Peers, x: Any, out: Any, inner: int) -> Callable[[], object] | None:
    numba = installed("numba")
    if numba is None:
        return None
    scalar = peers.numba
    one = numba.njit(scalar if isinstance(scalar, FunctionType) else lambda x: scalar(x))  # noqa: PLW0108

    def loop(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = one(x[i])

    compiled = numba.njit(loop)
    return _repeated(lambda: compiled(x, out), inner)


def _c(peers: Peers, x: Any, out: Any, inner: int) -> Callable[[], object] | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    text = (
        "#include <math.h>\n"
        "void loop(const float *restrict a, float *restrict b, long n) {\n"
        f"  for (long i = 0; i < n; i++) {{ float x = a[i]; b[i] = {peers.c}; }}\n}}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "loop.c", Path(folder) / "loop.so"
        source.write_text(text, encoding="utf-8")
        # linked without -ffast-math, with which GCC makes every process that loads the library flush denormals
        options = ["-O3", "-ffast-math", "-march=native", "-mprefer-vector-width=512", "-fPIC"]
        for command in (
            [compiler, *options, "-c", str(source), "-o", str(source.with_suffix(".o"))],
            [compiler, "-shared", str(source.with_suffix(".o")), "-o", str(library), "-lmvec", "-lm"],
        ):
            if subprocess.run(command, check=False, capture_output=True).returncode:
                return None
        loop = ctypes.CDLL(str(library)).loop
    loop.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long]
    return _repeated(lambda: loop(x.ctypes.data, out.ctypes.data, x.size), inner)


# ---------------------------------------------------------------- means


def _means(rows: list[Row], title: str) -> Row:
    """The geometric mean of our seconds, and each way's ratio to us in the mean over the rows that have it."""
    ways = list(dict.fromkeys(way for row in rows for way in row.seconds))
    found = {}
    ours = math.exp(statistics.fmean(math.log(row.seconds["optgen"]) for row in rows))
    for way in ways:
        logs = [math.log(row.seconds[way] / row.seconds["optgen"]) for row in rows if way in row.seconds]
        found[way] = ours * math.exp(statistics.fmean(logs))
    return Row(title, found, "8 NumPy and SciPy, 3.5 JAX, 2.5 torch, 10 Numba, 1.3 C")
