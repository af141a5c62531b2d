"""One function a comparison; peers that are not installed are left out and said to be."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from optgen.bench.functions import functions
from optgen.bench.timing import Row, installed, interleaved

ADAM = """
algorithm adam_plain(f)
  param lr = 1e-3 in (0, inf), beta1 = 0.9 in [0, 1), beta2 = 0.999 in [0, 1), eps = 1e-8 in (0, inf)
  state x : space(f), m : space(f) = 0, v : space(f) = 0
  step k
    g  = grad f(x)
    m' = beta1*m + (1 - beta1)*g
    v' = beta2*v + (1 - beta2)*g^2
    x' = x - lr*(m'/(1 - beta1^k))/(sqrt(v'/(1 - beta2^k)) + eps)
problem distance
  data c : R[n]
  var x : R[n]
  minimize sqnorm(x - c)/2
"""


def _process(*arguments: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def start() -> Iterator[Row]:
    """Starting: the import, and `optgen check` as a whole process."""
    import optgen.shipped

    path = str(optgen.shipped.paths()["adabelief"])
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
    """Text to the first result in a warm process, Adam on logistic regression (569 x 30)."""
    import optgen

    data = _regression()
    text = optgen.specs.adam.file.span.source.text

    def solve() -> object:
        return optgen.compile(optgen.parse(text), problem="logistic")(**data, steps=10)

    def fresh() -> object:
        before = os.environ.get("XDG_CACHE_HOME")
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            try:
                return solve()
            finally:
                os.environ.pop("XDG_CACHE_HOME") if before is None else os.environ.update(XDG_CACHE_HOME=before)

    yield interleaved("text to first result", {"nothing kept": fresh, "code kept on disk": solve}, 7, "60 ms")


def call() -> Iterator[Row]:
    """A solver called again, n = 100, one step of Adam."""
    import numpy as np

    import optgen

    c = np.linspace(0, 1, 100)
    solver = optgen.compile(optgen.parse(ADAM), algorithm="adam_plain", problem="distance")
    bound = solver.bind(c=c, steps=1)
    ways: dict[str, Callable[[], object]] = {"bound": bound, "all checks": lambda: solver(c=c, steps=1, progress=False)}
    if (optax := installed("optax")) is not None:
        ways["optax under jit"] = _optax_call(optax, c)
    yield interleaved("one step again, n = 100", ways, 9, "5 us bound, 30 us with all checks", inner=300)


def _optax_call(optax: Any, c: Any) -> Callable[[], object]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    tx = optax.adam(1e-3)
    target = jnp.asarray(c)

    def advance(x: Any, state: Any) -> Any:
        update, state = tx.update(x - target, state, x)
        return optax.apply_updates(x, update), state

    step = jax.jit(advance)

    x = jnp.zeros(len(c))
    state = tx.init(x)
    return lambda: jax.block_until_ready(step(x, state))


def adam() -> Iterator[Row]:
    """A step of Adam on a million unknowns, all states updated in place."""
    import numpy as np

    import optgen

    n, steps = 1_000_000, 100
    c = np.linspace(0, 1, n)
    bound = optgen.compile(optgen.parse(ADAM), algorithm="adam_plain", problem="distance").bind(c=c, steps=steps)
    ways: dict[str, Callable[[], object]] = {"optgen llvm": bound}
    if installed("numba") is not None:
        ways["numba by hand, in place"] = _adam_numba(c, steps)
    if (optax := installed("optax")) is not None:
        ways["optax in lax.fori_loop"] = _adam_optax(optax, c, steps)
        ways["optax, donated buffers"] = _adam_donated(optax, c, steps)
    ways["NumPy by hand"] = _adam_numpy(c, steps)
    yield interleaved("Adam, n = 10^6, a step", ways, 7, "1.1 of numba; not above optax; a quarter of NumPy", per=steps)


def _adam_numba(c: Any, steps: int) -> Callable[[], object]:
    import math

    import numba
    import numpy as np

    def loop(x: Any, m: Any, v: Any, c: Any, steps: int) -> None:
        for k in range(1, steps + 1):
            one, two = 1 - 0.9**k, 1 - 0.999**k
            for i in range(x.shape[0]):
                g = x[i] - c[i]
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g * g
                x[i] -= 1e-3 * (m[i] / one) / (math.sqrt(v[i] / two) + 1e-8)

    run = numba.njit(error_model="numpy")(loop)
    x, m, v = np.zeros_like(c), np.zeros_like(c), np.zeros_like(c)
    return lambda: run(x, m, v, c, steps)


def _adam_optax(optax: Any, c: Any, steps: int) -> Callable[[], object]:
    """All steps in one loop of XLA, on buffers given away."""
    import jax

    carry, body = _adam_of_optax(optax, c)
    run = jax.jit(lambda carry: jax.lax.fori_loop(0, steps, lambda _, carry: body(carry), carry), donate_argnums=0)
    return _repeated(lambda carry: jax.block_until_ready(run(carry)), carry)


def _adam_donated(optax: Any, c: Any, steps: int) -> Callable[[], object]:
    """A call a step, on buffers given away."""
    import jax

    carry, body = _adam_of_optax(optax, c)
    run = jax.jit(body, donate_argnums=0)

    def all_steps(carry: Any) -> Any:
        for _ in range(steps):
            carry = run(carry)
        return jax.block_until_ready(carry)

    return _repeated(all_steps, carry)


def _adam_of_optax(optax: Any, c: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The first state and a step."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    tx, target = optax.adam(1e-3), jnp.asarray(c)

    def step(carry: Any) -> Any:
        x, state = carry
        update, state = tx.update(x - target, state, x)
        return optax.apply_updates(x, update), state

    return (jnp.zeros(len(c)), tx.init(jnp.zeros(len(c)))), step


def _repeated(run: Callable[[Any], Any], carry: Any) -> Callable[[], object]:
    """Runs again from where the last run ended."""
    kept = [carry]

    def again() -> None:
        kept[0] = run(kept[0])

    return again


def _adam_numpy(c: Any, steps: int) -> Callable[[], object]:
    import numpy as np

    def run() -> None:
        x, m, v = np.zeros_like(c), np.zeros_like(c), np.zeros_like(c)
        for k in range(1, steps + 1):
            g = x - c
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            x = x - 1e-3 * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)

    return run


def solves() -> Iterator[Row]:
    """Whole solves in cache: machine code against the jitted lax loops of the jax backend, and against libraries."""
    import numpy as np

    import optgen

    data = _regression()
    problems: list[tuple[str, Any, dict[str, Any]]] = [
        ("Adam, 1000 steps on logistic (569 x 30)", ("adam", "logistic"), {**data, "steps": 1000, "tol": 0.0}),
        ("L-BFGS on Rosenbrock, n = 10", ("lbfgs", "rosenbrock"), {"x": -np.ones(10), "tol": 1e-8}),
        ("Newton-CG on logistic (569 x 30)", ("newton_cg", "logistic"), {**data, "tol": 1e-8}),
        (
            "Sinkhorn part, 100 x 100, 200 steps",
            ("sinkhorn_newton_sparse", None),
            {**_transport(100), "N1": 200, "steps": 200},
        ),
    ]
    for title, (spec, problem), inputs in problems:
        ways: dict[str, Callable[[], object]] = {}
        for backend in ("llvm", "jax"):
            if backend == "jax" and installed("jax") is None:
                continue
            solver = optgen.compile(getattr(optgen.specs, spec), problem=problem, backend=backend)
            name = "optgen llvm" if backend == "llvm" else "jitted lax loops"
            ways[name] = partial(solver, **inputs, progress=False)
        peer = _library(spec, inputs)
        if peer is not None:
            ways[peer[0]] = peer[1]
        yield interleaved(title, ways, 7, "half of the peers in the mean, none slower")


def _library(spec: str, inputs: dict[str, Any]) -> tuple[str, Callable[[], object]] | None:
    if spec == "lbfgs" and installed("scipy") is not None:
        from scipy.optimize import minimize, rosen, rosen_der

        return "SciPy L-BFGS-B", lambda: minimize(
            rosen, inputs["x"], jac=rosen_der, method="L-BFGS-B", options={"gtol": 1e-8}
        )
    if spec.startswith("sinkhorn") and (ot := installed("ot")) is not None:
        a, b, C = inputs["a"], inputs["b"], inputs["C"]
        return "POT sinkhorn_log", lambda: ot.sinkhorn(
            a, b, C, reg=1 / inputs["eta"], method="sinkhorn_log", numItermax=200, stopThr=0, warn=False
        )
    return None


def cg() -> Iterator[Row]:
    """Conjugate gradients on 2000 x 2000: a step is one pass over the matrix."""
    import numpy as np

    import optgen

    n, steps = 2000, 30
    rng = np.random.default_rng(0)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    A, b = root @ root.T + np.eye(n), rng.standard_normal(n)
    bound = optgen.compile(optgen.specs.cg).bind(A=A, b=b, tol=0.0, steps=steps)
    ways: dict[str, Callable[[], object]] = {"optgen llvm": bound, "NumPy (its BLAS)": lambda: _cg_numpy(A, b, steps)}
    if installed("jax") is not None:
        ways["jitted JAX"] = _cg_jax(A, b, steps)
    yield interleaved("CG, 2000 x 2000, a step", ways, 7, "not slower than the faster", per=steps)


def _cg_numpy(A: Any, b: Any, steps: int) -> Any:
    import numpy as np

    x, r, p = np.zeros_like(b), b.copy(), b.copy()
    rr = r @ r
    for _ in range(steps):
        q = A @ p
        t = rr / (p @ q)
        x, r = x + t * p, r - t * q
        new = r @ r
        p, rr = r + new / rr * p, new
    return x


def _cg_jax(A: Any, b: Any, steps: int) -> Callable[[], object]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def solve(A: Any, b: Any) -> Any:
        def body(_: int, carry: Any) -> Any:
            x, r, p = carry
            q = A @ p
            t = (r @ r) / (p @ q)
            after = r - t * q
            return x + t * p, after, after + (after @ after) / (r @ r) * p

        return jax.lax.fori_loop(0, steps, body, (jnp.zeros_like(b), b, b))

    run = jax.jit(solve)
    left, right = jnp.asarray(A), jnp.asarray(b)
    return lambda: jax.block_until_ready(run(left, right))


# ---------------------------------------------------------------- data and peers


def _regression() -> dict[str, Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    A = rng.standard_normal((569, 30))
    return {"A": A, "y": np.where(A @ rng.standard_normal(30) + rng.standard_normal(569) > 0, 1.0, -1.0)}


def _transport(n: int) -> dict[str, Any]:
    import numpy as np

    t = (np.arange(n) + 0.5) / n
    a, b = 0.2 + np.exp(-(((t - 0.25) / 0.08) ** 2)), 0.2 + np.exp(-(((t - 0.7) / 0.1) ** 2))
    return {"C": (t[:, None] - t) ** 2, "a": a / a.sum(), "b": b / b.sum(), "eta": 200.0, "density": 0.5}


CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "start": start, "first": first, "call": call, "adam": adam, "solves": solves, "cg": cg, "functions": functions,
}  # fmt: skip


def run(names: Sequence[str]) -> Iterator[Row]:
    """The rows of the comparisons with these names; all without names."""
    for name in names or CASES:
        yield from CASES[name]()


__all__ = ["CASES", "run"]
