"""Elementwise functions against the installed peers: nanoseconds an element, as ratios to ours and to a plain copy.

Every way computes the same float32 array into memory it need not allocate, on one thread, in turn with the others.
JAX repeats inside one compiled loop (its call alone takes longer than the array), on arguments that a tiny addition
keeps apart.  The C library is glibc's vector library, through a C compiler with -O3 -ffast-math, where both are there.
Beside its time stands each way's largest error on a few hundred of these arguments, in ulps of the value as Arb has it.
"""

from __future__ import annotations

import ctypes
import math
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

from optgen.bench.function_peers import FUNCTIONS, GOALS, Peers
from optgen.bench.restricted import WITHOUT
from optgen.bench.timing import Row, installed, interleaved

IN_CACHE, IN_MEMORY = 16_384, 16_000_000
INNER = 8
JUDGED = 300  # arguments at which errors are looked at
BAR = "8 NumPy and SciPy, 3.5 JAX, 2.5 torch, 10 Numba, 1.3 C"
C_LIBRARY = "glibc's vector library"


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody computes all results: a call to be timed, and what it has computed."""

    call: Callable[[], object]
    result: Callable[[], Any]


def functions() -> Iterator[Row]:
    """All shipped functions in cache, those with a goal also in memory; those that round correctly; and means."""
    from optgen.shipped import function_paths

    names = [name for name in FUNCTIONS if name in function_paths()]
    rows = []
    for name in names:
        rows.append(_row(name, _ours(name), IN_CACHE, 15))
        yield rows[-1]
    yield from _means(rows, f"{IN_CACHE:,} elements")
    exactly = [name for name in names if _rounds_correctly(name)]
    rounded = []
    for name in exactly:
        rounded.append(_row(name, _ours(name, 0.5), IN_CACHE, 15, " correctly rounded"))
        yield rounded[-1]
    yield from _means(rounded, f"correctly rounded, {IN_CACHE:,} elements", "2 NumPy and SciPy; exp 6 copies")
    large = [_row(name, _ours(name), IN_MEMORY, 3) for name in names if name in GOALS]
    yield from large
    yield from _means(large, f"{IN_MEMORY:,} elements")
    if "exp" in names and installed("numba") is not None:
        yield _in_a_numba_loop()


def _ours(name: str, ulp: float | None = None) -> Any:
    import optgen

    return getattr(optgen.functions, name) if ulp is None else optgen.function(name, ulp=ulp)


def _rounds_correctly(name: str) -> bool:
    """Whether a program ships that is said to round each result correctly."""
    from optgen.shipped import rounded_paths

    return name in rounded_paths() or _ours(name).accuracy.amount == Fraction(1, 2)


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
            with suppress(optgen.SpecError):  # there is no code of that backend for it
                code = optgen.array_code(expression, backend)
                ways[label] = _repeated(partial(code, *arrays), INNER)
    return interleaved(f"{expression}, {IN_CACHE:,} elements, an element", ways, 15, per=IN_CACHE * INNER)


def _row(name: str, ours: Any, size: int, repeats: int, how: str = "") -> Row:
    import numpy as np

    peers = FUNCTIONS[name]
    draw = np.random.default_rng(0)
    arrays = [draw.uniform(low, high, size).astype(np.float32) for low, high in peers.domain]
    out = np.empty_like(arrays[0])
    inner = max(1, 2**20 // size)
    ways = {
        "optgen": _writes(lambda: ours(*arrays, out=out), out, inner),
        "copy": _writes(lambda: np.copyto(out, arrays[0]), out, inner),
    }
    for label, make in PEERS.items():
        made = make(peers, arrays, out, inner)
        if made is not None:
            ways[label] = made
    errors = _errors(name, arrays, ways)
    goal = f"{GOALS[name]:g} copies" if name in GOALS and not how else ""
    title = f"{name},{how} {size:,} elements, an element"
    calls = {label: way.call for label, way in ways.items()}
    made_row = interleaved(title, calls, repeats, goal, per=size * inner, rest=0)
    return replace(made_row, notes={label: f"{error:.3g} ulp" for label, error in errors.items()})


def _errors(name: str, arrays: Sequence[Any], ways: Mapping[str, Way]) -> dict[str, float]:
    """The largest error of each way but the copy at the first arguments."""
    import optgen

    judge, points = getattr(optgen.functions, name), [array[:JUDGED] for array in arrays]
    found = {}
    for label, way in ways.items():
        if label != "copy":
            way.call()
            found[label] = judge.error_of(way.result()[:JUDGED], *points)
    return found


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


def _writes(call: Callable[[], object], out: Any, inner: int) -> Way:
    return Way(_repeated(call, inner), out.copy)


def _numpy(peers: Peers, arrays: Sequence[Any], out: Any, inner: int) -> Way | None:
    import numpy as np

    special = installed("scipy.special")
    if special is None:
        return None
    return _writes(lambda: peers.numpy(np, special, out, *arrays), out, inner)


def _jax(peers: Peers, arrays: Sequence[Any], out: Any, inner: int) -> Way | None:
    one_thread = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if one_thread not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {one_thread}".strip()
    jax, say = installed("jax"), peers.jax
    if jax is None or say is None:
        return None

    def repeat(first: Any, *rest: Any) -> Any:
        apart = jax.numpy.float32(1e-30)
        return jax.lax.fori_loop(0, inner, lambda k, _: say(jax, first + k * apart, *rest), first)

    run, given = jax.jit(repeat), [jax.numpy.asarray(array) for array in arrays]
    try:
        jax.block_until_ready(run(*given))
    except AttributeError:  # a version without this function
        return None
    return Way(lambda: jax.block_until_ready(run(*given)), lambda: jax.device_get(run(*given)))


def _torch(peers: Peers, arrays: Sequence[Any], out: Any, inner: int) -> Way | None:
    torch, say = installed("torch"), peers.torch
    if torch is None or say is None:
        return None
    torch.set_num_threads(1)
    given, result = [torch.from_numpy(array) for array in arrays], torch.from_numpy(out)
    return _writes(lambda: say(torch, result, *given), out, inner)


def _numba(peers: Peers, arrays: Sequence[Any], out: Any, inner: int) -> Way | None:
    numba, scalar = installed("numba"), peers.numba
    if numba is None or scalar is None:
        return None
    if not isinstance(scalar, FunctionType):
        builtin = scalar
        scalar = (lambda x: builtin(x)) if len(arrays) == 1 else lambda x, y: builtin(x, y)  # noqa: PLW0108
    one = numba.njit(scalar)

    def loop(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = one(x[i])

    def loop_of_two(x: Any, y: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = one(x[i], y[i])

    compiled = numba.njit(loop if len(arrays) == 1 else loop_of_two)
    return _writes(lambda: compiled(*arrays, out), out, inner)


def _c(peers: Peers, arrays: Sequence[Any], out: Any, inner: int) -> Way | None:
    compiler = shutil.which("cc")
    if compiler is None or peers.c is None:
        return None
    names = "xy"[: len(arrays)]
    given = "".join(f"const float *restrict {name}s, " for name in names)
    read = " ".join(f"float {name} = {name}s[i];" for name in names)
    text = (
        "#define _GNU_SOURCE\n#include <math.h>\n"
        f"void loop({given}float *restrict b, long n) {{\n"
        f"  for (long i = 0; i < n; i++) {{ {read} b[i] = {peers.c}; }}\n}}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "loop.c", Path(folder) / "loop.so"
        source.write_text(text, encoding="utf-8")
        # linked without -ffast-math, with which GCC makes every process that loads the library flush denormals
        options = ["-O3", "-ffast-math", *_machine_options(), "-fPIC"]
        for command in (
            [compiler, *options, "-c", str(source), "-o", str(source.with_suffix(".o"))],
            [compiler, "-shared", str(source.with_suffix(".o")), "-o", str(library), "-lmvec", "-lm"],
        ):
            if subprocess.run(command, check=False, capture_output=True).returncode:
                return None
        loop = ctypes.CDLL(str(library)).loop
    loop.argtypes = [*[ctypes.c_void_p] * (len(arrays) + 1), ctypes.c_long]
    places = [array.ctypes.data for array in (*arrays, out)]
    return _writes(lambda: loop(*places, out.size), out, inner)


def _machine_options() -> list[str]:
    """For the processor at hand, or for it without its vectors of 512 bits."""
    restricted = os.environ.get(WITHOUT) == "avx512"
    return ["-march=native", "-mno-avx512f" if restricted else "-mprefer-vector-width=512"]


PEERS: dict[str, Callable[[Peers, Sequence[Any], Any, int], Way | None]] = {
    "NumPy, SciPy": _numpy, "JAX": _jax, "torch": _torch, "Numba": _numba, C_LIBRARY: _c,
}  # fmt: skip


# ---------------------------------------------------------------- means


def _means(rows: Sequence[Row], title: str, bar: str = BAR) -> Iterator[Row]:
    """The geometric mean of our seconds, and each way's ratio to us in the mean over the rows that have it; the same
    over the functions for which the C library's error is not above ours."""
    if not rows:
        return
    yield _mean(rows, f"{title}, geometric mean of {len(rows)} functions", bar)
    as_good = [row for row in rows if C_LIBRARY in row.notes and _error(row, C_LIBRARY) <= _error(row, "optgen")]
    if as_good:
        shortened = [replace(row, seconds={way: row.seconds[way] for way in ("optgen", C_LIBRARY)}) for row in as_good]
        yield _mean(shortened, f"{title}, {len(as_good)} functions where the C library is as exact", "1.3")


def _error(row: Row, way: str) -> float:
    return float(row.notes[way].removesuffix(" ulp"))


def _mean(rows: Sequence[Row], title: str, bar: str) -> Row:
    ways = list(dict.fromkeys(way for row in rows for way in row.seconds))
    found = {}
    ours = math.exp(statistics.fmean(math.log(row.seconds["optgen"]) for row in rows))
    for way in ways:
        logs = [math.log(row.seconds[way] / row.seconds["optgen"]) for row in rows if way in row.seconds]
        found[way] = ours * math.exp(statistics.fmean(logs))
    return Row(title, found, bar)
