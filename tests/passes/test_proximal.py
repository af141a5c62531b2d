"""`prox` and `proj` by definition: no other point is better, on the reference semantics and on compiled code."""

from __future__ import annotations

import numpy as np
import pytest

import optgen
from optgen.diagnostics import SpecError

FUNCTIONS = {
    "norm1": ("norm1", lambda x, a: np.abs(x).sum()),
    "sqnorm": ("sqnorm", lambda x, a: (x**2).sum()),
    "norm": ("norm", lambda x, a: np.linalg.norm(x)),
    "norminf": ("norminf", lambda x, a: np.abs(x).max()),
    "scaled": ("u -> 3/2*norm1(u)", lambda x, a: 1.5 * np.abs(x).sum()),
    "shifted": ("u -> norm1(u - a)/2", lambda x, a: np.abs(x - a).sum() / 2),
    "weighted": ("u -> sum(i: i*abs(2*u[i] - a[i]))", lambda x, a: (np.arange(1, 6) * np.abs(2 * x - a)).sum()),
    "elastic_net": ("u -> norm1(u)/3 + 2*sqnorm(u - a)", lambda x, a: np.abs(x).sum() / 3 + 2 * ((x - a) ** 2).sum()),
    "line": ("u -> dot(a, u)", lambda x, a: a @ x),
    "ridge_of_norm": ("u -> norm(u) + dot(a, u) + sqnorm(u)/2", lambda x, a: np.linalg.norm(x) + a @ x + x @ x / 2),
    "hinge": ("u -> sum(i: max(u[i] - a[i], 0))", lambda x, a: np.maximum(x - a, 0).sum()),
    "sum_of_functions": ("norm1 + sqnorm", lambda x, a: np.abs(x).sum() + x @ x),
}


def solver(expression: str, backend: str = "numpy"):
    text = f"""
algorithm once(z, a)
  data z : R[n], a : R[n]
  param t in (0, inf)
  let answer = {expression}
  state x : R[n] = 0
  step k in 1..1
    x' = answer
"""
    return optgen.compile(optgen.parse(text), backend=backend)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_prox_is_the_best_point(name):
    written, h = FUNCTIONS[name]
    run = solver(f"prox({written}, t)(z)")
    chance = np.random.default_rng(3)
    for t in (0.1, 0.7, 4.0):
        z, a = chance.normal(size=5) * 2, chance.normal(size=5)
        x = run(z=z, a=a, t=t).x
        best = h(x, a) + ((x - z) ** 2).sum() / (2 * t)
        for size in (1e-4, 1e-2, 1.0):
            for _ in range(200):
                y = x + chance.normal(size=5) * size
                assert h(y, a) + ((y - z) ** 2).sum() / (2 * t) >= best - 1e-12


SETS = {
    "ball": ("ball(t)", lambda x, a, t: np.linalg.norm(x) - t),
    "box": ("box(-1, t)", lambda x, a, t: max(x.max() - t, -1 - x.min())),
    "half_line": ("[0, inf)", lambda x, a, t: -x.min()),
    "simplex": ("simplex", lambda x, a, t: max(-x.min(), abs(x.sum() - 1))),
    "affine": ("affine(stack(a, a^2), [t, 1])", lambda x, a, t: max(abs(a @ x - t), abs(a**2 @ x - 1))),
}


@pytest.mark.parametrize("name", SETS)
def test_proj_is_the_nearest_point_of_the_set(name):
    written, outside = SETS[name]
    run = solver(f"proj({written})(z)")
    chance = np.random.default_rng(5)
    for t in (0.3, 2.0):
        z, a = chance.normal(size=5) * 2, chance.normal(size=5)
        x = run(z=z, a=a, t=t).x
        assert outside(x, a, t) <= 1e-12
        for _ in range(300):  # a projection p of z has <z - p, y - p> <= 0 for each y of the set
            y = run(z=chance.normal(size=5) * 3, a=a, t=t).x
            assert (z - x) @ (y - x) <= 1e-10


def test_prox_of_an_indicator_is_the_projection():
    z, a = np.linspace(-2, 2, 5), np.zeros(5)
    for written in ("indicator(ball(1))", "u -> 3*indicator(ball(1))(u)"):
        assert np.allclose(solver(f"prox({written}, t)(z)")(z=z, a=a, t=0.7).x, z / np.linalg.norm(z))


def test_a_conjugate_is_handled_by_moreau():
    z, a = np.array([-3.0, -0.5, 0.2, 1.5, 4.0]), np.zeros(5)
    assert np.allclose(solver("prox(conj(norm1), t)(z)")(z=z, a=a, t=0.7).x, np.clip(z, -1, 1))


@pytest.mark.parametrize("backend", ["llvm", "numba", "jax"])
def test_backends_agree(backend):
    z, a = np.array([-3.0, -0.5, 0.2, 1.5, 4.0]), np.ones(5)
    expression = "prox(norminf, t)(z) + prox(norm, t)(z) + prox(u -> norm1(u - a), t)(z) + proj(simplex)(z)"
    want = solver(expression)(z=z, a=a, t=0.7).x
    assert np.allclose(solver(expression, backend)(z=z, a=a, t=0.7).x, want, rtol=1e-14, atol=1e-15)


def test_bregman_of_a_square_is_a_square():
    expression = "bregman(u -> sqnorm(u)/2)(z, a) + 0*z"
    z, a = np.arange(5.0), np.ones(5)
    assert np.allclose(solver(expression)(z=z, a=a, t=1.0).x, ((z - a) ** 2).sum() / 2)


def test_a_resolvent_of_a_matrix_solves():
    z, a = np.arange(5.0), np.ones(5)
    x = solver("resolvent(outer(a, a), t)(z)")(z=z, a=a, t=0.5).x
    assert np.allclose(x + 0.5 * np.outer(a, a) @ x, z)


def test_the_gradient_through_a_prox_is_that_of_its_formula():
    expression = "grad (u -> sqnorm(prox(norm1, t)(u))/2)(z)"
    z, a = np.array([-3.0, -0.5, 0.2, 1.5, 4.0]), np.ones(5)
    assert np.allclose(solver(expression)(z=z, a=a, t=0.7).x, np.sign(z) * np.maximum(np.abs(z) - 0.7, 0))


@pytest.mark.parametrize("written", ["u -> sum(exp(u))", "u -> norm1(u)*norm1(u)", "u -> norm1(u) + norm1(u - a)"])
def test_what_has_no_rule_says_so(written):
    with pytest.raises(SpecError, match="no rule gives prox"):
        solver(f"prox({written}, t)(z)")
