"""What others do: the same step or solve by hand and by installed libraries, each as a function to be timed.

A peer that is not installed is None.  A step takes a gradient and its running averages; a system is symmetric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from optgen.bench.timing import installed


def step_of_optax(optax: Any, c: Any) -> Callable[[], object]:
    """A call of one step, from the same state each time."""
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


def steps_of_numba(c: Any, steps: int) -> Callable[[], object]:
    """By hand, in place."""
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


def steps_of_optax_in_one_loop(optax: Any, c: Any, steps: int) -> Callable[[], object]:
    """All steps in one loop of XLA, on buffers given away."""
    import jax

    carry, body = _start_of_optax(optax, c)
    run = jax.jit(lambda carry: jax.lax.fori_loop(0, steps, lambda _, carry: body(carry), carry), donate_argnums=0)
    return _repeated(lambda carry: jax.block_until_ready(run(carry)), carry)


def steps_of_optax(optax: Any, c: Any, steps: int) -> Callable[[], object]:
    """A call a step, on buffers given away."""
    import jax

    carry, body = _start_of_optax(optax, c)
    run = jax.jit(body, donate_argnums=0)

    def all_steps(carry: Any) -> Any:
        for _ in range(steps):
            carry = run(carry)
        return jax.block_until_ready(carry)

    return _repeated(all_steps, carry)


def _start_of_optax(optax: Any, c: Any) -> tuple[Any, Callable[[Any], Any]]:
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


def steps_of_numpy(c: Any, steps: int) -> Callable[[], object]:
    """By hand."""
    import numpy as np

    def run() -> None:
        x, m, v = np.zeros_like(c), np.zeros_like(c), np.zeros_like(c)
        for k in range(1, steps + 1):
            g = x - c
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g**2
            x = x - 1e-3 * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)

    return run


def minimised_by_scipy(inputs: Mapping[str, Any]) -> tuple[str, Callable[[], object]] | None:
    """SciPy's quasi-Newton method on Rosenbrock's function."""
    if installed("scipy") is None:
        return None
    from scipy.optimize import minimize, rosen, rosen_der

    start = inputs["x"]
    return "SciPy L-BFGS-B", lambda: minimize(rosen, start, jac=rosen_der, method="L-BFGS-B", options={"gtol": 1e-8})


def transported_by_pot(inputs: Mapping[str, Any]) -> tuple[str, Callable[[], object]] | None:
    """POT's iteration on the logarithms of the scalings."""
    ot = installed("ot")
    if ot is None:
        return None
    a, b, C, reg, method = inputs["a"], inputs["b"], inputs["C"], 1 / inputs["eta"], "sinkhorn_log"
    steps = inputs["steps"]
    return f"POT {method}", lambda: ot.sinkhorn(
        a, b, C, reg=reg, method=method, numItermax=steps, stopThr=0, warn=False
    )


def system_of_numpy(A: Any, b: Any, steps: int) -> Any:
    """Steps of conjugate gradients by hand."""
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


def system_of_jax(A: Any, b: Any, steps: int) -> Callable[[], object]:
    """The same in one jitted loop."""
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


LIBRARIES: dict[str, Callable[[Mapping[str, Any]], tuple[str, Callable[[], object]] | None]] = {
    "minimize": minimised_by_scipy,
    "transport": transported_by_pot,
}
