"""AdaBelief and Adam: the paper's toys, optax, and logistic regression on real data."""

from __future__ import annotations

import numpy as np
import pytest

from tests.references import logistic
from tests.references.adabelief import Step, adabelief_step, adam_step, run
from tests.references.toys import TOYS, Toy

STEPS = {  # the first step below `solved`: AdaBelief and Adam at lr 1e-2, then at lr 1e-3
    "l1": (112, 391, 500, 3901),
    "rotated l1": (458, 807, 4626, 8026),
    "rotated quadratic": (844, 2258, 3007, 9384),
    "scaled l1": (105, 353, 467, 3503),
    "beale": (172, 492, 762, 3834),
    "rosenbrock": (2257, 2645, 5988, 9161),
}


def gradient_of(toy: Toy):
    return lambda z: np.array(toy.gradient(*z), dtype=float)


def first_solved(toy: Toy, step: Step, lr: float, most: int) -> int:
    path = run(step, gradient_of(toy), toy.start, most, lr=lr)
    below = [toy.value(*z) < toy.solved for z in path]
    assert any(below)
    return below.index(True)


@pytest.mark.parametrize("name", TOYS)
def test_toys_are_solved_after_the_published_number_of_steps(name):
    expected = STEPS[name]
    for place, (step, lr) in enumerate(
        [(adabelief_step, 1e-2), (adam_step, 1e-2), (adabelief_step, 1e-3), (adam_step, 1e-3)]
    ):
        assert abs(first_solved(TOYS[name], step, lr, expected[place] + 3) - expected[place]) <= 2


@pytest.mark.parametrize("name", TOYS)
def test_gradients_of_the_toys_are_slopes(name):
    toy, (x, y), h = TOYS[name], (0.7, -1.3), 1e-6
    slope = (
        (toy.value(x + h, y) - toy.value(x - h, y)) / (2 * h),
        (toy.value(x, y + h) - toy.value(x, y - h)) / (2 * h),
    )
    np.testing.assert_allclose(toy.gradient(x, y), slope, rtol=1e-6)


def test_the_beale_trajectory_is_the_published_one():
    path = run(adabelief_step, gradient_of(TOYS["beale"]), (1, -1), 1000, lr=1e-2)
    np.testing.assert_allclose(path[1], (1.0111111, -0.9888889), atol=5e-8)
    np.testing.assert_allclose(path[10], (1.1395742, -0.8639346), atol=5e-8)
    np.testing.assert_allclose(path[100], (2.6993227, 0.4102505), atol=5e-8)
    np.testing.assert_allclose(path[1000], (3, 0.5), atol=1e-13)


@pytest.mark.parametrize(
    ("step", "peer", "options"), [(adabelief_step, "adabelief", {"eps": 1e-16}), (adam_step, "adam", {"eps": 1e-8})]
)
def test_a_thousand_steps_are_those_of_optax(step, peer, options):
    jax = pytest.importorskip("jax")
    optax = pytest.importorskip("optax")
    toy = TOYS["beale"]
    path = run(step, gradient_of(toy), toy.start, 1000, lr=1e-2, **options)
    with jax.enable_x64(True):
        method = getattr(optax, peer)(1e-2, **options)
        x = jax.numpy.array(toy.start, dtype=float)
        state = method.init(x)
        update = jax.jit(method.update)
        for k in range(1, 1001):
            change, state = update(jax.numpy.array(gradient_of(toy)(np.asarray(x))), state)
            x = optax.apply_updates(x, change)
            if k in (1, 10, 100, 1000):
                np.testing.assert_allclose(path[k], x, rtol=1e-12)


def test_the_logistic_gradient_and_hessian_are_those_of_autodiff():
    jax = pytest.importorskip("jax")
    A, y = logistic.breast_cancer()
    x = np.linspace(-0.3, 0.3, 30)
    v = np.cos(np.arange(30))
    with jax.enable_x64(True):
        jnp = jax.numpy

        def f(x):
            return jnp.mean(jnp.log1p(jnp.exp(-y * (A @ x)))) + 1e-3 / 2 * jnp.sum(x * x)

        assert logistic.value(A, y, x) == pytest.approx(float(f(x)), rel=1e-14)
        np.testing.assert_allclose(logistic.gradient(A, y, x), jax.grad(f)(x), rtol=1e-11, atol=1e-15)
        product = jax.jvp(jax.grad(f), (x,), (v,))[1]
        np.testing.assert_allclose(logistic.hessian_product(A, y, x, v), product, rtol=1e-11, atol=1e-15)


def test_logistic_regression_falls_faster_by_adabelief_than_by_adam():
    A, y = logistic.breast_cancer()
    last = {
        step: logistic.value(A, y, run(step, lambda x: logistic.gradient(A, y, x), np.zeros(30), 500, lr=1e-2)[-1])
        for step in (adabelief_step, adam_step)
    }
    assert last[adabelief_step] < last[adam_step] < 0.1
