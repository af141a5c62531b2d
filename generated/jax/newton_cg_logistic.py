"""newton_cg on logistic: Newton's method: the step by conjugate gradients from Hessian-vector products, its
length by halving.

Written by optgen 0.1.0 from newton_cg.opt; do not edit.  Again:
    optgen compile newton_cg.opt --algorithm newton_cg --problem logistic --backend jax
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)


def square_root(x):
    """The square root; its derivative at 0 is 0."""
    return jnp.where(x == 0, 0.0, jnp.sqrt(jnp.where(x == 0, 1.0, x)))


@jax.jit
def setup(A, y, reg, c, steps, tol, x_start, seed):
    """The first states of newton_cg.

    Takes A[m, n], y[m], reg, c, steps (integer), tol, x_start[n], seed (64 bits).
    Gives x[n], d[n].
    """
    _, n = A.shape
    d = jnp.zeros(n, jnp.float64)
    return x_start, d


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(A, y, reg, c, steps, tol, x_start, seed, x_given, d_given, start, stop, *, capacity):
    """Steps start .. stop - 1 of newton_cg.

    Takes A[m, n], y[m], reg, c, steps (integer), tol, x_start[n], seed (64 bits), x_given[n], d_given[n],
      start (integer), stop (integer).
    Gives x[n], d[n], count (integer), finite (truth value), ended (integer), failed (integer), loss[stop -
      start], gnorm[stop - start].
    """
    m, _ = A.shape
    half_reg = reg / 2.0
    inverse_m = 1.0 / jnp.float64(m)

    def steps_loop_test(step, x, d, finite, ended, failed):
        exp_minus_y_A_x = jnp.exp(-y * (A @ x))
        exp_minus_y_A_x_2 = 1.0 + exp_minus_y_A_x
        ratio = 1.0 / exp_minus_y_A_x_2
        inverse_m_ratio = inverse_m * ratio
        g = 2.0 * (half_reg * x) + (inverse_m_ratio * exp_minus_y_A_x * -y) @ A
        sum_g_squared = g @ g
        gnorm = square_root(sum_g_squared)
        return (
            finite & (ended == 0) & (failed == 0) & jnp.logical_not(gnorm <= tol), g,
            exp_minus_y_A_x, ratio, exp_minus_y_A_x_2, inverse_m_ratio, gnorm,
        )

    def steps_loop_body(carry):
        (
            step, x, d, finite, ended, failed, _, g, exp_minus_y_A_x, ratio, exp_minus_y_A_x_2,
            inverse_m_ratio, gnorm, loss_trace, gnorm_trace,
        ) = carry
        opposite = -(ratio / exp_minus_y_A_x_2)
        product_2 = exp_minus_y_A_x * (-y * (A @ d))
        x_bar_dot = (
            2.0 * (half_reg * d)
            + A.T
            @ (-y * (exp_minus_y_A_x * (inverse_m * (opposite * product_2)) + inverse_m_ratio * product_2))
        )
        r_start = -g - x_bar_dot

        def cg_test(cg_step, cg_x, r, p):
            sum_r_squared = r @ r
            return (
                jnp.logical_not(square_root(sum_r_squared) <= jnp.minimum(0.1, jnp.sqrt(gnorm)) * gnorm),
                sum_r_squared,
            )

        def cg_body(carry):
            cg_step, cg_x, r, p, _, sum_r_squared = carry
            A_p = A @ p
            product_4 = exp_minus_y_A_x * (-y * A_p)
            q = (
                2.0 * (half_reg * p)
                + A.T
                @ (
                    -y
                    * (exp_minus_y_A_x * (inverse_m * (opposite * product_4)) + inverse_m_ratio * product_4)
                )
            )
            t = sum_r_squared / (p @ q)
            cg_x_new = cg_x + t * p
            r_new = r - t * q
            p_new = r_new + r_new @ r_new / sum_r_squared * p
            cg_step, cg_x, r, p = cg_step + 1, cg_x_new, r_new, p_new
            return cg_step, cg_x, r, p, *cg_test(cg_step, cg_x, r, p)

        def cg_going(carry):
            return (carry[0] < 200) & carry[4]

        cg_carry = (0, d, r_start, r_start, *cg_test(0, d, r_start, r_start))
        cg_carry = lax.while_loop(cg_going, cg_body, cg_carry)
        cg_step, cg_x, r, p, _, _ = cg_carry
        loss = jnp.sum(jnp.log1p(exp_minus_y_A_x)) / m + reg / 2.0 * (x @ x)
        g_cg_x = g @ cg_x

        def first_j_test(j):
            cg_x_over_j = cg_x / jnp.power(2.0, jnp.float64(j))
            x_plus_cg_x_over_j = x + cg_x_over_j
            return (
                jnp.logical_not(
                    jnp.sum(jnp.log1p(jnp.exp(-y * (A @ (x + cg_x_over_j))))) / m
                    + reg / 2.0 * (x_plus_cg_x_over_j @ x_plus_cg_x_over_j)
                    <= loss + c / jnp.power(2.0, jnp.float64(j)) * g_cg_x
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
        x_new = x + cg_x / jnp.power(2.0, jnp.float64(j))
        x_kept = jnp.where(j >= 41, x, x_new)
        d_kept = jnp.where(j >= 41, d, cg_x)
        loss_trace = loss_trace.at[step].set(loss)
        gnorm_trace = gnorm_trace.at[step].set(gnorm)
        step, x, d, finite, ended, failed = (
            step + 1, x_kept, d_kept, jnp.all(jnp.isfinite(x_new)) & jnp.all(jnp.isfinite(cg_x)), 0,
            jnp.where(j >= 41, 1, 0),
        )
        return (
            step, x, d, finite, ended, failed, *steps_loop_test(step, x, d, finite, ended, failed),
            loss_trace, gnorm_trace,
        )

    def steps_loop_going(carry):
        return (carry[0] < stop - start) & carry[6]

    steps_loop_carry = (
        0, x_given, d_given, True, 0, 0, *steps_loop_test(0, x_given, d_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64), jnp.zeros(capacity, jnp.float64),
    )
    steps_loop_carry = lax.while_loop(steps_loop_going, steps_loop_body, steps_loop_carry)
    step, x, d, finite, ended, failed, _, _, _, _, _, _, _, loss_trace, gnorm_trace = steps_loop_carry
    return x, d, step, finite, ended, failed, loss_trace, gnorm_trace


@jax.jit
def finish_0(A, y, reg, c, steps, tol, x_start, seed, x_given, d_given, steps_done):
    """What holds at the states of newton_cg.

    Takes A[m, n], y[m], reg, c, steps (integer), tol, x_start[n], seed (64 bits), x_given[n], d_given[n],
      steps_done (integer).
    Gives stop (integer), loss, gnorm, objective.
    """
    m, _ = A.shape
    exp = jnp.exp(-y * (A @ x_given))
    product_A = (1.0 / jnp.float64(m) * (1.0 / (1.0 + exp)) * exp * -y) @ A
    x_bar = 2.0 * (reg / 2.0 * x_given) + product_A
    sum_x_bar_squared = x_bar @ x_bar
    gnorm = square_root(sum_x_bar_squared)
    stop = jnp.where(gnorm <= tol, 1, 0)
    loss = jnp.sum(jnp.log1p(exp)) / m + reg / 2.0 * (x_given @ x_given)
    return stop, loss, gnorm, loss
