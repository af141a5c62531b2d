"""sinkhorn_newton_sparse: Entropic optimal transport: a few Sinkhorn scalings, then Newton steps with a sparse
Hessian.

Written by optgen 0.1.0 from sinkhorn_newton_sparse.opt; do not edit.  Again:
    optgen compile sinkhorn_newton_sparse.opt --algorithm sinkhorn_newton_sparse --backend jax
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)


def square_root(x):
    """The square root; its derivative at 0 is 0."""
    return jnp.where(x == 0, 0.0, jnp.sqrt(jnp.where(x == 0, 1.0, x)))


def sort(x):
    """Ascending along the last axis."""
    return jnp.sort(x, axis=-1)


@jax.jit
def setup(C, a, b, eta, N1, density, steps, tol, seed):
    """The first states of sinkhorn_newton_sparse.

    Takes C[n, m], a[n], b[m], eta, N1 (integer), density, steps (integer), tol, seed (64 bits).
    Gives x[n], y[m].
    """
    n, m = C.shape
    x = jnp.zeros(n, jnp.float64)
    y = jnp.zeros(m, jnp.float64)
    return x, y


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, start, stop, *, capacity):
    """Steps start .. stop - 1 of sinkhorn_newton_sparse.

    Takes C[n, m], a[n], b[m], eta, N1 (integer), density, steps (integer), tol, seed (64 bits), x_given[n],
      y_given[m], start (integer), stop (integer).
    Gives x[n], y[m], count (integer), finite (truth value), ended (integer), failed (integer), potential[stop
      - start], error[stop - start].
    """
    log_a = jnp.log(a) + 1.0
    log_b = jnp.log(b) + 1.0

    def sinkhorn_test(step, x, y, finite, ended, failed):
        return finite & (ended == 0) & (failed == 0),

    def sinkhorn_body(carry):
        step, x, y, finite, ended, failed, _, potential_trace, error = carry
        eta_y_minus_C = eta * (y[:, None] - C.T)
        max_eta_y_minus_C = jnp.max(eta_y_minus_C, axis=0, initial=-jnp.inf)
        chosen = jnp.where(jnp.isfinite(max_eta_y_minus_C), max_eta_y_minus_C, 0.0)
        x_new = (
            (log_a - (jnp.log(jnp.sum(jnp.exp(eta_y_minus_C.T - chosen[:, None]), axis=1)) + chosen)) / eta
        )
        eta_x_new_minus_C = eta * (x_new[:, None] - C)
        largest = jnp.max(eta_x_new_minus_C, axis=0, initial=-jnp.inf)
        chosen_2 = jnp.where(jnp.isfinite(largest), largest, 0.0)
        y_new = (
            (log_b - (jnp.log(jnp.sum(jnp.exp(eta_x_new_minus_C.T - chosen_2[:, None]), axis=1)) + chosen_2))
            / eta
        )
        P = jnp.exp(eta * (x[:, None] + y - C) - 1.0)
        potential = a @ x + b @ y - jnp.sum(P) / eta
        u = jnp.sum(P, axis=1)
        v = jnp.sum(P, axis=0)
        err = jnp.sum(jnp.abs(u - a)) + jnp.sum(jnp.abs(v - b))
        potential_trace = potential_trace.at[step].set(potential)
        error = error.at[step].set(err)
        step, x, y, finite, ended, failed = (
            step + 1, x_new, y_new, jnp.all(jnp.isfinite(x_new)) & jnp.all(jnp.isfinite(y_new)), 0, 0
        )
        return (
            step, x, y, finite, ended, failed, *sinkhorn_test(step, x, y, finite, ended, failed),
            potential_trace, error,
        )

    def sinkhorn_going(carry):
        return (carry[0] < jnp.minimum(stop, N1) - start) & carry[6]

    sinkhorn_carry = (
        0, x_given, y_given, True, 0, 0, *sinkhorn_test(0, x_given, y_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64), jnp.zeros(capacity, jnp.float64),
    )
    sinkhorn_carry = lax.while_loop(sinkhorn_going, sinkhorn_body, sinkhorn_carry)
    step, x, y, finite, ended, failed, _, potential_trace, error = sinkhorn_carry
    return x, y, step, finite, ended, failed, potential_trace, error


@jax.jit
def finish_0(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, steps_done):
    """What holds at the states of sinkhorn_newton_sparse.

    Takes C[n, m], a[n], b[m], eta, N1 (integer), density, steps (integer), tol, seed (64 bits), x_given[n],
      y_given[m], steps_done (integer).
    Gives stop (integer), potential, error, P[n, m], u[n], v[m], err.
    """
    P = jnp.exp(eta * (x_given[:, None] + y_given - C) - 1.0)
    potential = a @ x_given + b @ y_given - jnp.sum(P) / eta
    u = jnp.sum(P, axis=1)
    v = jnp.sum(P, axis=0)
    err = jnp.sum(jnp.abs(u - a)) + jnp.sum(jnp.abs(v - b))
    return 0, potential, err, P, u, v, err


@partial(jax.jit, static_argnames=('capacity',))
def advance_1(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, start, stop, *, capacity):
    """Steps start .. stop - 1 of sinkhorn_newton_sparse.

    Takes C[n, m], a[n], b[m], eta, N1 (integer), density, steps (integer), tol, seed (64 bits), x_given[n],
      y_given[m], start (integer), stop (integer).
    Gives x[n], y[m], count (integer), finite (truth value), ended (integer), failed (integer), potential[stop
      - start], error[stop - start].
    """
    n, m = C.shape
    ceil_density_n_m = jnp.int64(jnp.ceil(density * n * m))
    x_start = jnp.zeros(m + n, jnp.float64)
    x_start_part = x_start[:n]
    x_start_part_2 = x_start[n:m + n]

    def newton_test(step, x, y, finite, ended, failed):
        P = jnp.exp(eta * (x[:, None] + y - C) - 1.0)
        u = jnp.sum(P, axis=1)
        v = jnp.sum(P, axis=0)
        err = jnp.sum(jnp.abs(u - a)) + jnp.sum(jnp.abs(v - b))
        return finite & (ended == 0) & (failed == 0) & jnp.logical_not(err <= tol), u, v, P, err

    def newton_body(carry):
        step, x, y, finite, ended, failed, _, u, v, P, err, potential_trace, error = carry
        a_minus_u_b_minus_v = jnp.concatenate([a - u, b - v])
        minus_P_2 = jnp.reshape(-P, -1)
        newton_sort_minus_P_2 = sort(minus_P_2)
        rho = -newton_sort_minus_P_2[jnp.clip(ceil_density_n_m - 1, 0, m * n - 1)]
        S = jnp.where(P >= rho, P, 0.0)
        total_total_2 = jnp.concatenate(
            [u * x_start_part + S @ x_start_part_2, S.T @ x_start_part + v * x_start_part_2]
        )
        r_start = a_minus_u_b_minus_v - eta * total_total_2
        u_v = jnp.concatenate([u, v])
        z_start = r_start / (eta * u_v)
        total_3 = a_minus_u_b_minus_v @ a_minus_u_b_minus_v

        def pcg_test(pcg_step, pcg_x, r, z, p):
            sum_r_squared = r @ r
            return jnp.logical_not(square_root(sum_r_squared) <= 1e-10 * square_root(total_3)),

        def pcg_body(carry):
            pcg_step, pcg_x, r, z, p, _ = carry
            r_z = r @ z
            p_part = p[:n]
            p_part_2 = p[n:m + n]
            total_4_total_5 = jnp.concatenate([u * p_part + S @ p_part_2, S.T @ p_part + v * p_part_2])
            q = eta * total_4_total_5
            t = r_z / (p @ q)
            pcg_x_new = pcg_x + t * p
            r_new = r - t * q
            z_new = r_new / (eta * u_v)
            p_new = z_new + r_new @ z_new / r_z * p
            pcg_step, pcg_x, r, z, p = pcg_step + 1, pcg_x_new, r_new, z_new, p_new
            return pcg_step, pcg_x, r, z, p, *pcg_test(pcg_step, pcg_x, r, z, p)

        def pcg_going(carry):
            return (carry[0] < 2000) & carry[5]

        pcg_carry = (0, x_start, r_start, z_start, z_start, *pcg_test(0, x_start, r_start, z_start, z_start))
        pcg_carry = lax.while_loop(pcg_going, pcg_body, pcg_carry)
        pcg_step, pcg_x, r, z, p, _ = pcg_carry
        pcg_x_part = pcg_x[:n]
        pcg_x_part_2 = pcg_x[n:m + n]
        potential = a @ x + b @ y - jnp.sum(P) / eta
        total_9 = a_minus_u_b_minus_v @ pcg_x

        def first_j_test(j):
            pcg_x_part_over_j = pcg_x_part / jnp.power(2.0, jnp.float64(j))
            pcg_x_part_2_over_j = pcg_x_part_2 / jnp.power(2.0, jnp.float64(j))
            return (
                jnp.logical_not(
                    a @ (x + pcg_x_part_over_j)
                    + b @ (y + pcg_x_part_2_over_j)
                    - jnp.sum(
                        jnp.exp(
                            eta * ((x + pcg_x_part_over_j)[:, None] + (y + pcg_x_part_2_over_j) - C) - 1.0
                        )
                    )
                    / eta
                    >= potential
                    + 0.0001 / jnp.power(2.0, jnp.float64(j)) * total_9
                    - 1e-14 * jnp.maximum(1.0, jnp.abs(potential))
                ),
            )

        def first_j_body(carry):
            j, _ = carry
            j = j + 1
            return j, *first_j_test(j)

        def first_j_going(carry):
            return (carry[0] < 41) & carry[1]

        first_j_carry = (0, *first_j_test(0))
        first_j_carry = lax.while_loop(first_j_going, first_j_body, first_j_carry)
        j, _ = first_j_carry
        chosen = jnp.where(
            jnp.logical_not((ceil_density_n_m >= 1) & (ceil_density_n_m <= m * n)), 1,
            jnp.where(j >= 41, 2, 0),
        )
        differs = chosen != 0
        x_new = x + pcg_x_part / jnp.power(2.0, jnp.float64(j))
        x_kept = jnp.where(differs, x, x_new)
        y_new = y + pcg_x_part_2 / jnp.power(2.0, jnp.float64(j))
        y_kept = jnp.where(differs, y, y_new)
        potential_trace = potential_trace.at[step].set(potential)
        error = error.at[step].set(err)
        step, x, y, finite, ended, failed = (
            step + 1, x_kept, y_kept, jnp.all(jnp.isfinite(x_new)) & jnp.all(jnp.isfinite(y_new)), 0, chosen
        )
        return (
            step, x, y, finite, ended, failed, *newton_test(step, x, y, finite, ended, failed),
            potential_trace, error,
        )

    def newton_going(carry):
        return (carry[0] < stop - start) & carry[6]

    newton_carry = (
        0, x_given, y_given, True, 0, 0, *newton_test(0, x_given, y_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64), jnp.zeros(capacity, jnp.float64),
    )
    newton_carry = lax.while_loop(newton_going, newton_body, newton_carry)
    step, x, y, finite, ended, failed, _, _, _, _, _, potential_trace, error = newton_carry
    return x, y, step, finite, ended, failed, potential_trace, error


@jax.jit
def finish_1(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, steps_done):
    """What holds at the states of sinkhorn_newton_sparse.

    Takes C[n, m], a[n], b[m], eta, N1 (integer), density, steps (integer), tol, seed (64 bits), x_given[n],
      y_given[m], steps_done (integer).
    Gives stop (integer), potential, error, P[n, m], u[n], v[m], err.
    """
    P = jnp.exp(eta * (x_given[:, None] + y_given - C) - 1.0)
    u = jnp.sum(P, axis=1)
    v = jnp.sum(P, axis=0)
    err = jnp.sum(jnp.abs(u - a)) + jnp.sum(jnp.abs(v - b))
    stop = jnp.where(err <= tol, 1, 0)
    potential = a @ x_given + b @ y_given - jnp.sum(P) / eta
    return stop, potential, err, P, u, v, err
