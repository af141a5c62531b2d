"""One function a comparison; `comparisons.toml` beside the shipped specs says which specs are timed on what.

Peers that are not installed are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from optgen.bench import peers
from optgen.bench.functions import functions
from optgen.bench.proofs import rates
from optgen.bench.timing import Row, installed, interleaved


def _listed() -> dict[str, Any]:
    import optgen.shipped

    text = (optgen.shipped.directory() / "bench" / "comparisons.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _process(*arguments: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def start() -> Iterator[Row]:
    """Starting: the import, and `optgen check` as a whole process."""
    import optgen.shipped

    path = str(optgen.shipped.paths()[_listed()["start"]["check"]])
    yield interleaved(
        "start of a process",
        {
            "import numpy, optgen": _process("-c", "import numpy, optgen"),
            "import numpy": _process("-c", "import numpy"),
            "optgen check FILE": _process("-m", "optgen", "check", path),
        },
        9,
        "50 ms more than numpy alone; check 0.25 s",
    )


def first() -> Iterator[Row]:
    """Text to the first result in a warm process."""
    import optgen

    case = _listed()["first"]
    inputs = _inputs(case)
    text = getattr(optgen.specs, case["spec"]).file.span.source.text

    def solve() -> object:
        return optgen.compile(optgen.parse(text), problem=case["problem"])(**inputs)

    def fresh() -> object:
        before = os.environ.get("XDG_CACHE_HOME")
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            try:
                return solve()
            finally:
                os.environ.pop("XDG_CACHE_HOME") if before is None else os.environ.update(XDG_CACHE_HOME=before)

    yield interleaved(case["title"], {"nothing kept": fresh, "code kept on disk": solve}, 7, case["bar"])


def _step_solver() -> Any:
    """A method's bare step on a problem of one line."""
    import optgen
    import optgen.shipped

    case = _listed()["step"]
    spec = optgen.load(optgen.shipped.directory() / "bench" / f"{case['spec']}.opt")
    return optgen.compile(spec, algorithm=case["algorithm"], problem=case["problem"])


def call() -> Iterator[Row]:
    """A solver called again, n = 100, one step."""
    import numpy as np

    c = np.linspace(0, 1, 100)
    solver = _step_solver()
    bound = solver.bind(c=c, steps=1)
    ways: dict[str, Callable[[], object]] = {"bound": bound, "all checks": lambda: solver(c=c, steps=1, progress=False)}
    if (optax := installed("optax")) is not None:
        ways["optax under jit"] = peers.step_of_optax(optax, c)
    yield interleaved("one step again, n = 100", ways, 9, "5 us bound, 30 us with all checks", inner=300)


def step() -> Iterator[Row]:
    """A step on a million unknowns, all states updated in place."""
    import numpy as np

    n, steps = 1_000_000, 100
    c = np.linspace(0, 1, n)
    ways: dict[str, Callable[[], object]] = {"optgen llvm": _step_solver().bind(c=c, steps=steps)}
    if installed("numba") is not None:
        ways["numba by hand, in place"] = peers.steps_of_numba(c, steps)
    if (optax := installed("optax")) is not None:
        ways["optax in lax.fori_loop"] = peers.steps_of_optax_in_one_loop(optax, c, steps)
        ways["optax, donated buffers"] = peers.steps_of_optax(optax, c, steps)
    ways["NumPy by hand"] = peers.steps_of_numpy(c, steps)
    title = _listed()["step"]["title"]
    yield interleaved(title, ways, 7, "1.1 of numba; not above optax; a quarter of NumPy", per=steps)


def solves() -> Iterator[Row]:
    """Whole solves in cache: machine code against the jitted lax loops of the jax backend, and against libraries."""
    import optgen

    for case in _listed()["solves"]:
        inputs = _inputs(case)
        ways: dict[str, Callable[[], object]] = {}
        for backend in ("llvm", "jax"):
            if backend == "jax" and installed("jax") is None:
                continue
            spec = getattr(optgen.specs, case["spec"])
            solver = optgen.compile(spec, problem=case.get("problem"), backend=backend)
            name = "optgen llvm" if backend == "llvm" else "jitted lax loops"
            ways[name] = partial(solver, **inputs, progress=False)
        library = peers.LIBRARIES[case["library"]](inputs) if "library" in case else None
        if library is not None:
            ways[library[0]] = library[1]
        yield interleaved(case["title"], ways, 7, "half of the peers in the mean, none slower")


def gain() -> Iterator[Row]:
    """Solves on real data by functions of our own, in vectors, against the same solvers with those of the C library."""
    import optgen

    for case in _listed()["gain"]:
        data = _of_experiment(getattr(optgen.specs, case["data"]), case["experiment"])
        for dtype in ("float64", "float32"):
            ways: dict[str, Callable[[], object]] = {}
            for choice, name in (("own", "its own functions"), ("libm", "the C library's")):
                spec = getattr(optgen.specs, case["spec"])
                solver = optgen.compile(spec, problem=case["problem"], dtype=dtype, functions=choice)
                inputs = {key: array.astype(dtype) for key, array in data.items()}
                ways[name] = partial(solver, **inputs, **case["inputs"], progress=False)
            yield interleaved(f"{case['title']}, {dtype}", ways, 9, "own functions show in a solver")


def _of_experiment(spec: Any, experiment: str) -> dict[str, Any]:
    """The data of an experiment of a spec, by name."""
    from optgen.experiments import experiments, read

    return dict(read(experiments(spec.file)[experiment]).data)


def system() -> Iterator[Row]:
    """A linear system of 2000 unknowns: a step is one pass over the matrix."""
    import numpy as np

    import optgen

    case = _listed()["system"]
    n, steps = 2000, 30
    rng = np.random.default_rng(0)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    A, b = root @ root.T + np.eye(n), rng.standard_normal(n)
    bound = optgen.compile(getattr(optgen.specs, case["spec"])).bind(A=A, b=b, tol=0.0, steps=steps)
    ways: dict[str, Callable[[], object]] = {
        "optgen llvm": bound,
        "NumPy (its BLAS)": lambda: peers.system_of_numpy(A, b, steps),
    }
    if installed("jax") is not None:
        ways["jitted JAX"] = peers.system_of_jax(A, b, steps)
    yield interleaved(case["title"], ways, 7, "not slower than the faster", per=steps)


def search() -> Iterator[Row]:
    """The machine of a search on random programs, on one core: how many a second it judges and fits."""
    from optgen.evolution.rates import rates as measured

    seconds = measured()
    ways = {
        "evaluated and judged": seconds["evaluate"],
        "16 sums of rows, no program": seconds["limit"],
        "NumPy, 16 sums": seconds["numpy"],
    }
    yield Row("a program of 16 operations at 128 points", ways, "500 ns, 2 M programs/s a core")
    yield Row("constants of 10 operations at 40 points", {"fitted in up to 12 steps": seconds["fit"]})


# ---------------------------------------------------------------- data


def _inputs(case: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a solve: made data, and those listed; lists are arrays."""
    import numpy as np

    made = DATA[case["data"]]() if "data" in case else {}
    listed = {name: np.array(value) if isinstance(value, list) else value for name, value in case["inputs"].items()}
    return {**made, **listed}


def _regression() -> dict[str, Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    A = rng.standard_normal((569, 30))
    return {"A": A, "y": np.where(A @ rng.standard_normal(30) + rng.standard_normal(569) > 0, 1.0, -1.0)}


def _transport(n: int = 100) -> dict[str, Any]:
    import numpy as np

    t = (np.arange(n) + 0.5) / n
    a, b = 0.2 + np.exp(-(((t - 0.25) / 0.08) ** 2)), 0.2 + np.exp(-(((t - 0.7) / 0.1) ** 2))
    return {"C": (t[:, None] - t) ** 2, "a": a / a.sum(), "b": b / b.sum(), "eta": 200.0, "density": 0.5}


def verify() -> Iterator[Row]:
    """Best rates of classic methods, proved, beside what numeric tools say."""
    return rates(_listed()["rates"])


DATA: dict[str, Callable[[], dict[str, Any]]] = {"regression": _regression, "transport": _transport}

CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "start": start, "first": first, "call": call, "step": step, "solves": solves, "gain": gain, "system": system,
    "functions": functions, "verify": verify, "search": search,
}  # fmt: skip


def run(names: Sequence[str]) -> Iterator[Row]:
    """The rows of the comparisons with these names; all without names."""
    for name in names or CASES:
        yield from CASES[name]()


__all__ = ["CASES", "run"]
