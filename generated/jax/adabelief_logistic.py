"""adabelief on logistic: AdaBelief: the step adapts to the belief in each observed gradient.

Written by optgen 0.1.0 from adabelief.opt; do not edit.  Again:
    optgen compile adabelief.opt --algorithm adabelief --problem logistic --backend jax
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
def setup(A, y, reg, lr, beta1, beta2, eps, steps, tol, x_start, seed):
    """The first states of adabelief.

    Takes A[m, n], y[m], reg, lr, beta1, beta2, eps, steps (integer), tol, x_start[n], seed (64 bits).
    Gives x[n], m[n], s[n].
    """
    _, n = A.shape
    m = jnp.zeros(n, jnp.float64)
    return x_start, m, m


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(
    A, y, reg, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, s_given,
    start, stop, *, capacity,
):
    """Steps start .. stop - 1 of adabelief.

    Takes A[m, n], y[m], reg, lr, beta1, beta2, eps, steps (integer), tol, x_start[n], seed (64 bits),
      x_given[n], m_given[n], s_given[n], start (integer), stop (integer).
    Gives x[n], m[n], s[n], count (integer), finite (truth value), ended (integer), failed (integer),
      loss[stop - start], gnorm[stop - start].
    """
    m_size, _ = A.shape
    half_reg = reg / 2.0
    inverse_m = 1.0 / jnp.float64(m_size)

    def steps_loop_test(step, x, m, s, finite, ended, failed):
        exp_minus_y_A_x = jnp.exp(-y * (A @ x))
        g = 2.0 * (half_reg * x) + (inverse_m * (1.0 / (1.0 + exp_minus_y_A_x)) * exp_minus_y_A_x * -y) @ A
        sum_g_squared = g @ g
        gnorm = square_root(sum_g_squared)
        return (
            finite & (ended == 0) & (failed == 0) & jnp.logical_not(gnorm <= tol), g, exp_minus_y_A_x, gnorm
        )

    def steps_loop_body(carry):
        step, x, m, s, finite, ended, failed, _, g, exp_minus_y_A_x, gnorm, loss_trace, gnorm_trace = carry
        m_new = beta1 * m + (1.0 - beta1) * g
        s_new = beta2 * s + (1.0 - beta2) * (g - m_new) ** 2 + eps
        x_new = (
            x
            - lr
            * (m_new / (1.0 - jnp.power(beta1, jnp.float64(start + step + 1))))
            / (jnp.sqrt(s_new / (1.0 - jnp.power(beta2, jnp.float64(start + step + 1)))) + eps)
        )
        loss = jnp.sum(jnp.log1p(exp_minus_y_A_x)) / m_size + reg / 2.0 * (x @ x)
        loss_trace = loss_trace.at[step].set(loss)
        gnorm_trace = gnorm_trace.at[step].set(gnorm)
        step, x, m, s, finite, ended, failed = (
            step + 1, x_new, m_new, s_new,
            jnp.all(jnp.isfinite(x_new)) & jnp.all(jnp.isfinite(m_new)) & jnp.all(jnp.isfinite(s_new)),
            0, 0,
        )
        return (
            step, x, m, s, finite, ended, failed,
            *steps_loop_test(step, x, m, s, finite, ended, failed), loss_trace, gnorm_trace,
        )

    def steps_loop_going(carry):
        return (carry[0] < stop - start) & carry[7]

    steps_loop_carry = (
        0, x_given, m_given, s_given, True, 0, 0,
        *steps_loop_test(0, x_given, m_given, s_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64), jnp.zeros(capacity, jnp.float64),
    )
    steps_loop_carry = lax.while_loop(steps_loop_going, steps_loop_body, steps_loop_carry)
    step, x, m, s, finite, ended, failed, _, _, _, _, loss_trace, gnorm_trace = steps_loop_carry
    return x, m, s, step, finite, ended, failed, loss_trace, gnorm_trace


@jax.jit
def finish_0(
    A, y, reg, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, s_given, steps_done
):
    """What holds at the states of adabelief.

    Takes A[m, n], y[m], reg, lr, beta1, beta2, eps, steps (integer), tol, x_start[n], seed (64 bits),
      x_given[n], m_given[n], s_given[n], steps_done (integer).
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
