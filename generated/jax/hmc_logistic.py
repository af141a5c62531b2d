"""hmc on logistic: Hamiltonian Monte Carlo: leapfrog along a drawn momentum, then accept or stay; U is minus the
log density.

Written by optgen 0.1.0 from hmc.opt; do not edit.  Again:
    optgen compile hmc.opt --algorithm hmc --problem logistic --backend jax
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)


def threefry(key, counter):
    """Threefry-2x32-20 (Salmon et al., SC 2011) of 64-bit words, each a pair (high, low)."""
    mask, half = jnp.uint64(0xFFFFFFFF), jnp.uint64(32)
    key, counter = jnp.asarray(key, jnp.uint64), jnp.asarray(counter, jnp.uint64)
    k0, k1 = key >> half, key & mask
    keys = (k0, k1, k0 ^ k1 ^ jnp.uint64(0x1BD11BDA))
    x0, x1 = ((counter >> half) + k0) & mask, ((counter & mask) + k1) & mask
    for group in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x0 = (x0 + x1) & mask
            x1 = (((x1 << jnp.uint64(turn)) | (x1 >> jnp.uint64(32 - turn))) & mask) ^ x0
        x0 = (x0 + keys[(group + 1) % 3]) & mask
        x1 = (x1 + keys[(group + 2) % 3] + jnp.uint64(group + 1)) & mask
    return (x0 << half) | x1


def uniform_bits(bits):
    """The leading bits as a number in [0, 1)."""
    return jnp.float64(jnp.float64(bits >> jnp.uint64(11)) * 2.0**-53)


def high_word(bits):
    """The high 32 bits as a number in (0, 1)."""
    return jnp.float64((jnp.float64(bits >> jnp.uint64(32)) + 0.5) * 2.0**-32)


def low_word(bits):
    """The low 32 bits as a number in [0, 1)."""
    return jnp.float64(jnp.float64(bits & jnp.uint64(0xFFFFFFFF)) * 2.0**-32)


@jax.jit
def setup(A, y, reg, h, leaps, steps, tol, x_start, seed):
    """The first states of hmc.

    Takes A[m, n], y[m], reg, h, leaps (integer), steps (integer), tol, x_start[n], seed (64 bits).
    Gives x[n].
    """
    return x_start,


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(A, y, reg, h, leaps, steps, tol, x_start, seed, x_given, start, stop, *, capacity):
    """Steps start .. stop - 1 of hmc.

    Takes A[m, n], y[m], reg, h, leaps (integer), steps (integer), tol, x_start[n], seed (64 bits),
      x_given[n], start (integer), stop (integer).
    Gives x[n], count (integer), finite (truth value), ended (integer), failed (integer), position[stop -
      start, n], accepted[stop - start] (truth value).
    """
    m, n = A.shape
    half_reg = reg / 2.0
    inverse_m = 1.0 / jnp.float64(m)

    def steps_loop_test(step, x, finite, ended, failed):
        return finite & (ended == 0) & (failed == 0),

    def steps_loop_body(carry):
        step, x, finite, ended, failed, _, position, accepted_trace = carry
        u = uniform_bits(
            threefry(
                threefry(threefry(seed, jnp.uint64(6131179111235765616)), jnp.uint64(start + step)),
                jnp.uint64(0),
            )
        )
        exp_minus_y_A_x = jnp.exp(-y * (A @ x))
        bits = threefry(
            threefry(threefry(seed, jnp.uint64(15523204092661105267)), jnp.uint64(start + step)),
            jnp.uint64(jnp.arange(n)),
        )
        v = jnp.sqrt(-2.0 * jnp.log(high_word(bits))) * jnp.cos(6.283185307179586 * low_word(bits))
        x_bar = (
            2.0 * (half_reg * x) + (inverse_m * (1.0 / (1.0 + exp_minus_y_A_x)) * exp_minus_y_A_x * -y) @ A
        )
        p_start = v - h / 2.0 * x_bar

        def leapfrog_body(leapfrog_step, carry):
            q, p = carry
            q_new = q + h * p
            exp_minus_y_A_q_new = jnp.exp(-y * (A @ q_new))
            leapfrog_x_bar = (
                2.0 * (half_reg * q_new)
                + (inverse_m * (1.0 / (1.0 + exp_minus_y_A_q_new)) * exp_minus_y_A_q_new * -y) @ A
            )
            p_new = p - h * leapfrog_x_bar
            return q_new, p_new

        leapfrog_carry = (x, p_start)
        q, p = lax.fori_loop(0, leaps, leapfrog_body, leapfrog_carry)
        exp_minus_y_A_q = jnp.exp(-y * (A @ q))
        steps_x_bar = (
            2.0 * (half_reg * q) + (inverse_m * (1.0 / (1.0 + exp_minus_y_A_q)) * exp_minus_y_A_q * -y) @ A
        )
        steps_p = p + h / 2.0 * steps_x_bar
        drop = (
            jnp.sum(jnp.log1p(exp_minus_y_A_x)) / m
            + reg / 2.0 * (x @ x)
            + v @ v / 2.0
            - (jnp.sum(jnp.log1p(exp_minus_y_A_q)) / m + reg / 2.0 * (q @ q))
            - steps_p @ steps_p / 2.0
        )
        x_new = jnp.where(jnp.log(u) < drop, q, x)
        accepted = jnp.log(u) < drop
        position = position.at[step].set(x)
        accepted_trace = accepted_trace.at[step].set(accepted)
        step, x, finite, ended, failed = step + 1, x_new, jnp.all(jnp.isfinite(x_new)), 0, 0
        return (
            step, x, finite, ended, failed, *steps_loop_test(step, x, finite, ended, failed),
            position, accepted_trace,
        )

    def steps_loop_going(carry):
        return (carry[0] < stop - start) & carry[5]

    steps_loop_carry = (
        0, x_given, True, 0, 0, *steps_loop_test(0, x_given, True, 0, 0),
        jnp.zeros((capacity, n), jnp.float64), jnp.zeros(capacity, bool),
    )
    steps_loop_carry = lax.while_loop(steps_loop_going, steps_loop_body, steps_loop_carry)
    step, x, finite, ended, failed, _, position, accepted_trace = steps_loop_carry
    return x, step, finite, ended, failed, position, accepted_trace


@jax.jit
def finish_0(A, y, reg, h, leaps, steps, tol, x_start, seed, x_given, steps_done):
    """What holds at the states of hmc.

    Takes A[m, n], y[m], reg, h, leaps (integer), steps (integer), tol, x_start[n], seed (64 bits),
      x_given[n], steps_done (integer).
    Gives stop (integer), position[n], objective.
    """
    m, _ = A.shape
    objective = jnp.sum(jnp.log1p(jnp.exp(-y * (A @ x_given)))) / m + reg / 2.0 * (x_given @ x_given)
    return 0, x_given, objective
