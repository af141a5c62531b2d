"""ef21_top1 on robust_regression: EF21-W: distributed descent with compressed differences, clients weighted by
their smoothness.

Written by optgen 0.1.0 from ef21_w.opt; do not edit.  Again:
    optgen compile ef21_w.opt --algorithm ef21_top1 --problem robust_regression --backend jax
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)


def eigh(a):
    """Eigenvalues ascending and eigenvectors; the largest entry of each vector is positive."""
    values, vectors = jnp.linalg.eigh(a)
    largest = jnp.argmax(jnp.abs(vectors), axis=-2)
    signs = jnp.sign(jnp.take_along_axis(vectors, largest[..., None, :], axis=-2))
    return values, vectors * jnp.where(signs == 0, 1, signs)


def argsort(x):
    """The places of the sorted entries along the last axis, equal ones in order."""
    return jnp.argsort(x, axis=-1, stable=True)


@jax.jit
def setup(A, b, lam, alpha, gam, steps, tol, x_start, seed):
    """The first states of ef21_top1.

    Takes A[clients, m, d], b[clients, m], lam, alpha, gam, steps (integer), tol, x_start[d], seed (64 bits).
    Gives x[d], g[clients, d].
    """
    clients, m, d = A.shape
    x_start_2 = 1.0 + x_start ** 2
    x_bar = (
        (lam * (1.0 / x_start_2) + lam * -(x_start ** 2 / x_start_2 / x_start_2)) * (2.0 * x_start)
        + jnp.einsum("ij,ijp->ip", 2.0 * (1.0 / jnp.float64(m) * (A @ x_start - b)), A)
    )
    eigh_A_A_2, _ = eigh(jnp.einsum("ijk,ijl->ikl", A, A))
    total = 2.0 * eigh_A_A_2[:, d - 1] / m + 2.0 * lam
    w = total / jnp.sum(total)
    x_bar_over_clients_w = x_bar / (clients * w)[:, None]
    argsort_opposite_2 = argsort(-jnp.abs(x_bar_over_clients_w))
    g = (
        jnp.float64(jnp.int64(jnp.any(argsort_opposite_2[:, :1][:, None] == jnp.arange(d)[:, None], axis=2)))
        * x_bar_over_clients_w
    )
    return x_start, g


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(A, b, lam, alpha, gam, steps, tol, x_start, seed, x_given, g_given, start, stop, *, capacity):
    """Steps start .. stop - 1 of ef21_top1.

    Takes A[clients, m, d], b[clients, m], lam, alpha, gam, steps (integer), tol, x_start[d], seed (64 bits),
      x_given[d], g_given[clients, d], start (integer), stop (integer).
    Gives x[d], g[clients, d], count (integer), finite (truth value), ended (integer), failed (integer),
      gradient[stop - start].
    """
    clients, m, d = A.shape
    product = jnp.broadcast_to(1.0 / jnp.float64(clients) * (1.0 / jnp.float64(m)), clients)
    eigh_A_A_2, _ = eigh(jnp.einsum("ijk,ijl->ikl", A, A))
    total = 2.0 * eigh_A_A_2[:, d - 1] / m + 2.0 * lam
    w = total / jnp.sum(total)
    inverse_m = jnp.broadcast_to(1.0 / jnp.float64(m), clients)

    def steps_loop_test(step, x, g, finite, ended, failed):
        x_2 = 1.0 + x ** 2
        x_bar = (
            (lam * (1.0 / x_2) + lam * -(x ** 2 / x_2 / x_2)) * (2.0 * x)
            + jnp.einsum("ij,ijp->p", 2.0 * (product[:, None] * (A @ x - b)), A)
        )
        gradient = x_bar @ x_bar
        return finite & (ended == 0) & (failed == 0) & jnp.logical_not(gradient <= tol), gradient

    def steps_loop_body(carry):
        step, x, g, finite, ended, failed, _, gradient, gradient_trace = carry
        x_new = x - gam * (w @ g)
        x_new_2 = 1.0 + x_new ** 2
        steps_x_bar = (
            (lam * (1.0 / x_new_2) + lam * -(x_new ** 2 / x_new_2 / x_new_2)) * (2.0 * x_new)
            + jnp.einsum("ij,ijp->ip", 2.0 * (inverse_m[:, None] * (A @ x_new - b)), A)
        )
        difference = steps_x_bar / (clients * w)[:, None] - g
        steps_argsort_opposite = argsort(-jnp.abs(difference))
        g_new = (
            g
            + jnp.float64(
                jnp.int64(jnp.any(steps_argsort_opposite[:, :1][:, None] == jnp.arange(d)[:, None], axis=2))
            )
            * difference
        )
        gradient_trace = gradient_trace.at[step].set(gradient)
        step, x, g, finite, ended, failed = (
            step + 1, x_new, g_new, jnp.all(jnp.isfinite(x_new)) & jnp.all(jnp.isfinite(g_new)), 0, 0
        )
        return (
            step, x, g, finite, ended, failed, *steps_loop_test(step, x, g, finite, ended, failed),
            gradient_trace,
        )

    def steps_loop_going(carry):
        return (carry[0] < stop - start) & carry[6]

    steps_loop_carry = (
        0, x_given, g_given, True, 0, 0, *steps_loop_test(0, x_given, g_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64),
    )
    steps_loop_carry = lax.while_loop(steps_loop_going, steps_loop_body, steps_loop_carry)
    step, x, g, finite, ended, failed, _, _, gradient_trace = steps_loop_carry
    return x, g, step, finite, ended, failed, gradient_trace


@jax.jit
def finish_0(A, b, lam, alpha, gam, steps, tol, x_start, seed, x_given, g_given, steps_done):
    """What holds at the states of ef21_top1.

    Takes A[clients, m, d], b[clients, m], lam, alpha, gam, steps (integer), tol, x_start[d], seed (64 bits),
      x_given[d], g_given[clients, d], steps_done (integer).
    Gives stop (integer), gradient, w[clients], r, theta, objective.
    """
    clients, m, d = A.shape
    x_given_2 = 1.0 + x_given ** 2
    ratio = x_given ** 2 / x_given_2
    A_x_given = A @ x_given
    product_2_A = jnp.einsum(
        "ij,ijp->p", 2.0 * (1.0 / jnp.float64(clients) * (1.0 / jnp.float64(m)) * (A_x_given - b)), A
    )
    x_bar = (lam * (1.0 / x_given_2) + lam * -(ratio / x_given_2)) * (2.0 * x_given) + product_2_A
    gradient = x_bar @ x_bar
    stop = jnp.where(gradient <= tol, 1, 0)
    eigh_A_A_2, _ = eigh(jnp.einsum("ijk,ijl->ikl", A, A))
    total = 2.0 * eigh_A_A_2[:, d - 1] / m + 2.0 * lam
    w = total / jnp.sum(total)
    r = jnp.sqrt(1.0 - alpha)
    theta = 1.0 - r
    objective = (
        jnp.sum(jnp.sum((A_x_given - b) * (A_x_given - b), axis=1)) / m / clients + lam * jnp.sum(ratio)
    )
    return stop, gradient, w, r, theta, objective
