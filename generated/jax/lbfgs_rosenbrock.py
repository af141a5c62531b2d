"""lbfgs on rosenbrock: L-BFGS: the inverse Hessian from the last steps, by the two-loop recursion; step length
by halving.

Written by optgen 0.1.0 from lbfgs.opt; do not edit.  Again:
    optgen compile lbfgs.opt --algorithm lbfgs --problem rosenbrock --backend jax
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)


def square_root(x):
    """The square root; its derivative at 0 is 0."""
    return jnp.where(x == 0, 0.0, jnp.sqrt(jnp.where(x == 0, 1.0, x)))


@partial(jax.jit, static_argnames=('memory',))
def setup(c, steps, tol, x_start, seed, *, memory):
    """The first states of lbfgs.

    Takes c, steps (integer), tol, x_start[n], seed (64 bits).
    Gives x[n], g[n], S[memory, n], S_count (integer), Y[memory, n], Y_count (integer).
    """
    n = len(x_start)
    g = (
        jnp.where(
            (jnp.arange(n) - 1 >= 0) & (jnp.arange(n) - 1 < n - 1),
            100.0 * (2.0 * (x_start - x_start[jnp.clip(jnp.arange(n) - 1, 0, n - 1)] ** 2)), 0.0,
        )
        + jnp.where(
            jnp.arange(n) < n - 1,
            -(100.0 * (2.0 * (x_start[jnp.minimum(jnp.arange(n) + 1, n - 1)] - x_start ** 2)))
            * (2.0 * x_start)
            - 2.0 * (1.0 - x_start),
            0.0,
        )
    )
    Y = jnp.zeros((memory, n), jnp.float64)
    return x_start, g, Y, 0, Y, 0


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(
    c, steps, tol, x_start, seed, x_given, g_given, S_given, S_count_given, Y_given,
    Y_count_given, start, stop, *, capacity,
):
    """Steps start .. stop - 1 of lbfgs.

    Takes c, steps (integer), tol, x_start[n], seed (64 bits), x_given[n], g_given[n], S_given[memory, n],
      S_count_given (integer), Y_given[memory, n], Y_count_given (integer), start (integer), stop (integer).
    Gives x[n], g[n], S[memory, n], S_count (integer), Y[memory, n], Y_count (integer), count (integer),
      finite (truth value), ended (integer), failed (integer), loss[stop - start], gnorm[stop - start].
    """
    n = len(x_start)
    memory, _ = S_given.shape
    a_start = jnp.zeros(memory, jnp.float64)
    place_3 = jnp.clip(jnp.arange(memory) - 1, 0, memory - 1)

    def steps_loop_test(step, x, g, S, S_count, Y, Y_count, finite, ended, failed):
        sum_g_squared = g @ g
        gnorm = square_root(sum_g_squared)
        return finite & (ended == 0) & (failed == 0) & jnp.logical_not(gnorm <= tol), sum_g_squared, gnorm

    def steps_loop_body(carry):
        (
            step, x, g, S, S_count, Y, Y_count, finite, ended, failed, _, sum_g_squared, gnorm,
            loss_trace, gnorm_trace,
        ) = carry

        def newest_first_test(newest_first_step, q, a, newest_first_failed):
            return jnp.logical_not(newest_first_failed),

        def newest_first_body(carry):
            newest_first_step, q, a, newest_first_failed, _ = carry
            otherwise = jnp.logical_not((newest_first_step >= 0) & (newest_first_step < memory))
            place = jnp.clip(newest_first_step, 0, memory - 1)
            t = S[place] @ q / (S[place] @ Y[place])
            q_new = q - t * Y[place]
            newest_first_q_new = jnp.where(otherwise, q, q_new)
            a_new = jnp.where(jnp.arange(memory) == newest_first_step, t, a)
            newest_first_a_new = jnp.where(otherwise, a, a_new)
            newest_first_step, q, a, newest_first_failed = (
                newest_first_step + 1, newest_first_q_new, newest_first_a_new, otherwise
            )
            return (
                newest_first_step, q, a, newest_first_failed,
                *newest_first_test(newest_first_step, q, a, newest_first_failed),
            )

        def newest_first_going(carry):
            return (carry[0] < S_count) & carry[4]

        newest_first_carry = (0, g, a_start, False, *newest_first_test(0, g, a_start, False))
        newest_first_carry = lax.while_loop(newest_first_going, newest_first_body, newest_first_carry)
        newest_first_step, q, a, newest_first_failed, _ = newest_first_carry
        gamma = jnp.where(
            S_count > 0, S[0] @ Y[0] / jnp.where(S_count > 0, Y[0] @ Y[0], 1.0),
            jnp.float64(1.0)
            / jnp.where(
                S_count > 0, 1.0,
                jnp.maximum(
                    jnp.where(
                        sum_g_squared == 0.0, 0.0, jnp.sqrt(jnp.where(S_count > 0, 1.0, sum_g_squared))
                    ),
                    1.0,
                ),
            ),
        )
        r_start = gamma * q

        def oldest_first_test(oldest_first_step, r, oldest_first_failed):
            return jnp.logical_not(oldest_first_failed),

        def oldest_first_body(carry):
            oldest_first_step, r, oldest_first_failed, _ = carry
            otherwise_2 = jnp.logical_not(
                (S_count - oldest_first_step - 1 >= 0) & (S_count - oldest_first_step - 1 < memory)
            )
            place_2 = jnp.clip(S_count - oldest_first_step - 1, 0, memory - 1)
            r_new = r + (a[place_2] - Y[place_2] @ r / (S[place_2] @ Y[place_2])) * S[place_2]
            oldest_first_r_new = jnp.where(otherwise_2, r, r_new)
            oldest_first_step, r, oldest_first_failed = oldest_first_step + 1, oldest_first_r_new, otherwise_2
            return (
                oldest_first_step, r, oldest_first_failed,
                *oldest_first_test(oldest_first_step, r, oldest_first_failed),
            )

        def oldest_first_going(carry):
            return (carry[0] < S_count) & carry[3]

        oldest_first_carry = (0, r_start, False, *oldest_first_test(0, r_start, False))
        oldest_first_carry = lax.while_loop(oldest_first_going, oldest_first_body, oldest_first_carry)
        oldest_first_step, r, oldest_first_failed, _ = oldest_first_carry
        d = -r
        loss = jnp.sum(100.0 * (x[1:n] - x[:n - 1] ** 2) ** 2 + (1.0 - x[:n - 1]) ** 2)
        g_d = g @ d

        def first_j_test(j):
            x_plus_d_over_j = x[:n - 1] + d[:n - 1] / jnp.power(2.0, jnp.float64(j))
            total = jnp.sum(
                100.0 * (x[1:n] + d[1:n] / jnp.power(2.0, jnp.float64(j)) - x_plus_d_over_j ** 2) ** 2
                + (1.0 - x_plus_d_over_j) ** 2
            )
            return jnp.logical_not(total <= loss + c / jnp.power(2.0, jnp.float64(j)) * g_d),

        def first_j_body(carry):
            j, _ = carry
            j = j + 1
            return j, *first_j_test(j)

        def first_j_going(carry):
            return (carry[0] < 51) & carry[1]

        first_j_carry = (0, *first_j_test(0))
        first_j_carry = lax.while_loop(first_j_going, first_j_body, first_j_carry)
        j, _ = first_j_carry
        chosen = jnp.where(oldest_first_failed, 2, jnp.where(j >= 51, 3, 0))
        chosen_2 = jnp.where(newest_first_failed, 1, chosen)
        x_new = x + d / jnp.power(2.0, jnp.float64(j))
        x_kept = jnp.where(chosen_2 != 0, x, x_new)
        g_new = (
            jnp.where(
                (jnp.arange(n) - 1 >= 0) & (jnp.arange(n) - 1 < n - 1),
                100.0 * (2.0 * (x_new - x_new[jnp.clip(jnp.arange(n) - 1, 0, n - 1)] ** 2)), 0.0,
            )
            + jnp.where(
                jnp.arange(n) < n - 1,
                -(100.0 * (2.0 * (x_new[jnp.minimum(jnp.arange(n) + 1, n - 1)] - x_new ** 2))) * (2.0 * x_new)
                - 2.0 * (1.0 - x_new),
                0.0,
            )
        )
        g_kept = jnp.where(chosen_2 != 0, g, g_new)
        total_2 = (x_new - x) @ (g_new - g)
        total_3 = (g_new - g) @ (g_new - g)
        S_new = jnp.where((jnp.arange(memory) == 0)[:, None], x_new - x, S[place_3])
        steps_S_new = jnp.where(total_2 > 1e-12 * total_3, S_new, S)
        S_kept = jnp.where(chosen_2 != 0, S, steps_S_new)
        S_count_kept = jnp.where(
            chosen_2 != 0, S_count,
            jnp.where(total_2 > 1e-12 * total_3, jnp.minimum(S_count + 1, memory), S_count),
        )
        Y_new = jnp.where((jnp.arange(memory) == 0)[:, None], g_new - g, Y[place_3])
        steps_Y_new = jnp.where(total_2 > 1e-12 * total_3, Y_new, Y)
        Y_kept = jnp.where(chosen_2 != 0, Y, steps_Y_new)
        Y_count_kept = jnp.where(
            chosen_2 != 0, Y_count,
            jnp.where(total_2 > 1e-12 * total_3, jnp.minimum(Y_count + 1, memory), Y_count),
        )
        both = (
            jnp.all(jnp.isfinite(x_new))
            & jnp.all(jnp.isfinite(g_new))
            & jnp.all(jnp.isfinite(steps_S_new))
            & jnp.all(jnp.isfinite(steps_Y_new))
        )
        loss_trace = loss_trace.at[step].set(loss)
        gnorm_trace = gnorm_trace.at[step].set(gnorm)
        (
            step, x, g, S, S_count, Y, Y_count, finite, ended, failed
        ) = (
            step + 1, x_kept, g_kept, S_kept, S_count_kept, Y_kept, Y_count_kept, both, 0,
            jnp.where(newest_first_failed, 1, chosen),
        )
        return (
            step, x, g, S, S_count, Y, Y_count, finite, ended, failed,
            *steps_loop_test(step, x, g, S, S_count, Y, Y_count, finite, ended, failed), loss_trace,
            gnorm_trace,
        )

    def steps_loop_going(carry):
        return (carry[0] < stop - start) & carry[10]

    steps_loop_carry = (
        0, x_given, g_given, S_given, S_count_given, Y_given, Y_count_given, True, 0, 0,
        *steps_loop_test(0, x_given, g_given, S_given, S_count_given, Y_given, Y_count_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64), jnp.zeros(capacity, jnp.float64),
    )
    steps_loop_carry = lax.while_loop(steps_loop_going, steps_loop_body, steps_loop_carry)
    (
        step, x, g, S, S_count, Y, Y_count, finite, ended, failed, _, _, _, loss_trace, gnorm_trace
    ) = steps_loop_carry
    return x, g, S, S_count, Y, Y_count, step, finite, ended, failed, loss_trace, gnorm_trace


@jax.jit
def finish_0(
    c, steps, tol, x_start, seed, x_given, g_given, S_given, S_count_given, Y_given, Y_count_given, steps_done
):
    """What holds at the states of lbfgs.

    Takes c, steps (integer), tol, x_start[n], seed (64 bits), x_given[n], g_given[n], S_given[memory, n],
      S_count_given (integer), Y_given[memory, n], Y_count_given (integer), steps_done (integer).
    Gives stop (integer), loss, gnorm, objective.
    """
    n = len(x_start)
    sum_g_given_squared = g_given @ g_given
    gnorm = square_root(sum_g_given_squared)
    stop = jnp.where(gnorm <= tol, 1, 0)
    loss = jnp.sum(100.0 * (x_given[1:n] - x_given[:n - 1] ** 2) ** 2 + (1.0 - x_given[:n - 1]) ** 2)
    return stop, loss, gnorm, loss
