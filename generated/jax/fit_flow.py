"""fit_flow: Two parameters of a flow fitted to its end, by gradient descent through the adaptive solver.

Written by optgen 0.1.0 from fit_flow.opt; do not edit.  Again:
    optgen compile fit_flow.opt --algorithm fit_flow --backend jax
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
def setup(z0, target, lr, steps, tol, seed):
    """The first states of fit_flow.

    Takes z0[m], target[m], lr, steps (integer), tol, seed (64 bits).
    Gives p[2].
    """
    ones_ones = jnp.array([1, 1], jnp.int64)
    p = jnp.float64(ones_ones)
    return p,


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(z0, target, lr, steps, tol, seed, p_given, start, stop, *, capacity):
    """Steps start .. stop - 1 of fit_flow.

    Takes z0[m], target[m], lr, steps (integer), tol, seed (64 bits), p_given[2], start (integer), stop
      (integer).
    Gives p[2], count (integer), finite (truth value), ended (integer), failed (integer), misfit[stop -
      start], slope[stop - start, 2].
    """
    m = len(z0)
    joined = jnp.array(
        [
            -0.001780011052225777, -0.0008164344596567469, 0.007880878010261995,
            -0.1447110071732629, 0.5823571654525552, -0.45808210592918697, 1.0 / 66.0,
        ],
        jnp.float64,
    )
    zeros_3 = jnp.zeros((7, m), jnp.float64)
    joined_2 = jnp.array(
        [
            0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.161, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
            -0.008480655492356989, 0.335480655492357, 0.0, 0.0, 0.0, 0.0, 0.0, 2.8971530571054935,
            -6.359448489975075, 4.3622954328695815, 0.0, 0.0, 0.0, 0.0, 5.325864828439257,
            -11.748883564062828, 7.4955393428898365, -0.09249506636175525, 0.0, 0.0, 0.0,
            5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
            -0.028269050394068383, 0.0, 0.0, 0.09646076681806523, 0.01, 0.4798896504144996,
            1.379008574103742, -3.290069515436081, 2.324710524099774, 0.0,
        ],
        jnp.float64,
    )
    joined_2_part = joined_2.reshape(7, 7)
    joined_3 = jnp.array([0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0], jnp.float64)
    joined_4 = jnp.array(
        [
            0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
            2.324710524099774, 0.0,
        ],
        jnp.float64,
    )
    zeros_4 = jnp.zeros(2, jnp.float64)
    zeros_5 = jnp.zeros(m, jnp.float64)

    def steps_loop_test(step, p, finite, ended, failed):
        def rk_test(rk_step, z, t, h):
            return jnp.logical_not(t >= 1.0),

        def rk_body(carry):
            rk_step, z, t, h, _ = carry
            hk = jnp.minimum(h, 1.0 - t)

            def k_loop_body(i, carry):
                k, = carry
                place = jnp.clip(i, 0, 6)
                joined_2_part_k = jnp.sum(
                    jnp.where(jnp.arange(7) + 1 < i + 1, joined_2_part[place] * k.T, 0.0), axis=1
                )
                total = z + hk * joined_2_part_k
                cos_total = jnp.cos(total)
                k_i_6 = -p[0] * total + jnp.sin(5.0 * p[1] * (t + joined_3[place] * hk)) * cos_total
                k_7 = jnp.where((jnp.arange(7) == i)[:, None], k_i_6, k)
                return k_7,

            k_loop_carry = (zeros_3,)
            k, = lax.fori_loop(0, 7, k_loop_body, k_loop_carry)
            joined_k = joined @ k
            y = z + hk * (joined_4 @ k)
            total_2 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(z), jnp.abs(y))
            ratio = hk * hk * jnp.sum(joined_k * joined_k / total_2 / total_2) / m
            err = square_root(ratio)
            z_new = jnp.where(err <= 1.0, y, z)
            t_new = t + hk
            rk_t_new_4 = jnp.where(err <= 1.0, t_new, t)
            h_new = hk * jnp.clip(0.9 * jnp.maximum(err, 1e-10) ** (-1.0 / 5.0), 0.2, 10.0)
            rk_step, z, t, h = rk_step + 1, z_new, rk_t_new_4, h_new
            return rk_step, z, t, h, *rk_test(rk_step, z, t, h)

        def rk_going(carry):
            return (carry[0] < 100) & carry[4]

        rk_carry = (0, z0, 0.0, 0.01, *rk_test(0, z0, 0.0, 0.01))
        rk_carry = lax.while_loop(rk_going, rk_body, rk_carry)
        rk_step, z, t, h, _ = rk_carry
        misfit = (z - target) @ (z - target)
        return finite & (ended == 0) & (failed == 0) & jnp.logical_not(misfit <= tol),

    def steps_loop_body(carry):
        step, p, finite, ended, failed, _, misfit_trace, slope = carry

        def rk_loop_test(rk_step_2, rk_z, rk_t, rk_h):
            return jnp.logical_not(rk_t >= 1.0),

        def rk_loop_body(carry):
            rk_step_2, rk_z, rk_t, rk_h, _, z_trace, t_trace, h_trace = carry
            rk_hk = jnp.minimum(rk_h, 1.0 - rk_t)

            def k_loop_2_body(k_i, carry):
                k_2, = carry
                place_2 = jnp.clip(k_i, 0, 6)
                joined_2_part_k_2 = jnp.sum(
                    jnp.where(jnp.arange(7) + 1 < k_i + 1, joined_2_part[place_2] * k_2.T, 0.0), axis=1
                )
                total_4 = rk_z + rk_hk * joined_2_part_k_2
                cos_total_4 = jnp.cos(total_4)
                k_i_7 = (
                    -p[0] * total_4 + jnp.sin(5.0 * p[1] * (rk_t + joined_3[place_2] * rk_hk)) * cos_total_4
                )
                k_8 = jnp.where((jnp.arange(7) == k_i)[:, None], k_i_7, k_2)
                return k_8,

            k_loop_2_carry = (zeros_3,)
            k_2, = lax.fori_loop(0, 7, k_loop_2_body, k_loop_2_carry)
            joined_k_2 = joined @ k_2
            rk_y = rk_z + rk_hk * (joined_4 @ k_2)
            total_5 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_z), jnp.abs(rk_y))
            product = rk_hk * rk_hk * jnp.sum(joined_k_2 * joined_k_2 / total_5 / total_5)
            rk_err = square_root(product / m)
            rk_z_new = jnp.where(rk_err <= 1.0, rk_y, rk_z)
            rk_t_new = rk_t + rk_hk
            rk_t_new_5 = jnp.where(rk_err <= 1.0, rk_t_new, rk_t)
            rk_h_new = rk_hk * jnp.clip(0.9 * jnp.maximum(rk_err, 1e-10) ** (-1.0 / 5.0), 0.2, 10.0)
            z_trace = z_trace.at[rk_step_2].set(rk_z)
            t_trace = t_trace.at[rk_step_2].set(rk_t)
            h_trace = h_trace.at[rk_step_2].set(rk_h)
            rk_step_2, rk_z, rk_t, rk_h = rk_step_2 + 1, rk_z_new, rk_t_new_5, rk_h_new
            return (
                rk_step_2, rk_z, rk_t, rk_h, *rk_loop_test(rk_step_2, rk_z, rk_t, rk_h), z_trace,
                t_trace, h_trace,
            )

        def rk_loop_going(carry):
            return (carry[0] < 100) & carry[4]

        rk_loop_carry = (
            0, z0, 0.0, 0.01, *rk_loop_test(0, z0, 0.0, 0.01), jnp.zeros((100, m), jnp.float64),
            jnp.zeros(100, jnp.float64), jnp.zeros(100, jnp.float64),
        )
        rk_loop_carry = lax.while_loop(rk_loop_going, rk_loop_body, rk_loop_carry)
        rk_step_2, rk_z, rk_t, rk_h, _, z_trace, t_trace, h_trace = rk_loop_carry
        z_bar_start = 2.0 * (rk_z - target)

        def rk_back_body(back, carry):
            z_bar, t_bar, h_bar, p_bar = carry
            place_3 = jnp.clip(rk_step_2 - 1 - back, 0, 99)
            rk_back_h = h_trace[place_3]
            rk_back_t = t_trace[place_3]
            rk_back_hk = jnp.minimum(rk_back_h, 1.0 - rk_back_t)
            rk_back_z = z_trace[place_3]

            def k_loop_3_body(k_i_2, carry):
                k_3, k_trace = carry
                place_4 = jnp.clip(k_i_2, 0, 6)
                joined_2_part_k_3 = jnp.sum(
                    jnp.where(jnp.arange(7) + 1 < k_i_2 + 1, joined_2_part[place_4] * k_3.T, 0.0), axis=1
                )
                total_7 = rk_back_z + rk_back_hk * joined_2_part_k_3
                k_i_8 = (
                    -p[0] * total_7
                    + jnp.sin(5.0 * p[1] * (rk_back_t + joined_3[place_4] * rk_back_hk)) * jnp.cos(total_7)
                )
                k_9 = jnp.where((jnp.arange(7) == k_i_2)[:, None], k_i_8, k_3)
                k_trace = k_trace.at[k_i_2].set(k_3)
                return k_9, k_trace

            k_loop_3_carry = (zeros_3, jnp.zeros((7, 7, m), jnp.float64))
            k_3, k_trace = lax.fori_loop(0, 7, k_loop_3_body, k_loop_3_carry)
            k_i_2 = 7
            joined_k_3 = joined @ k_3
            joined_4_k_3 = joined_4 @ k_3
            rk_back_y = rk_back_z + rk_back_hk * joined_4_k_3
            total_8 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_back_z), jnp.abs(rk_back_y))
            total_9 = jnp.sum(joined_k_3 * joined_k_3 / total_8 / total_8)
            product_2 = rk_back_hk * rk_back_hk * total_9
            rk_back_err = square_root(product_2 / m)
            product_3 = 0.9 * jnp.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0)
            product_3_2 = jnp.maximum(product_3, 0.2)
            err_bar = (
                h_bar
                * rk_back_hk
                * jnp.where(product_3_2 <= 10.0, 1.0, 0.0)
                * jnp.where(product_3 >= 0.2, 1.0, 0.0)
                * 0.9
                * (-1.0 / 5.0 * jnp.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0 - 1.0))
                * jnp.where(rk_back_err >= 1e-10, 1.0, 0.0)
            )
            chosen = jnp.where(
                jnp.logical_not(product_2 / m == 0.0),
                err_bar
                * (0.5 / jnp.sqrt(jnp.where(jnp.logical_not(product_2 / m == 0.0), product_2 / m, 1.0)))
                * (1.0 / jnp.float64(m)),
                0.0,
            )
            chosen_2 = jnp.where(jnp.logical_not(product_2 / m == 0.0), total_8, 1.0)
            ratio_2 = rk_back_hk * joined_k_3 / chosen_2
            product_4 = 2.0 * (chosen * ratio_2)
            product_5 = product_4 * -(ratio_2 / chosen_2) * 1.4e-08
            ge = jnp.abs(rk_back_z) >= jnp.abs(rk_back_y)
            either = (rk_back_err <= 1.0) | jnp.logical_not(product_2 / m == 0.0)
            y_bar = (
                jnp.where(rk_back_err <= 1.0, z_bar, 0.0)
                + jnp.where(
                    jnp.logical_not(product_2 / m == 0.0),
                    product_5 * jnp.where(ge, 0.0, 1.0) * jnp.sign(rk_back_y), 0.0,
                )
            )
            k_bar_start = (
                jnp.where(either, jnp.where(either, y_bar * rk_back_hk, 0.0) * joined_4[:, None], 0.0)
                + jnp.where(
                    jnp.logical_not(product_2 / m == 0.0),
                    jnp.where(
                        jnp.logical_not(product_2 / m == 0.0), product_4 * (1.0 / chosen_2) * rk_back_hk, 0.0
                    )
                    * joined[:, None],
                    0.0,
                )
            )

            def k_back_body(k_back_back, carry):
                k_bar, k_back_p_bar, k_back_z_bar, hk_bar, k_back_t_bar = carry
                less = jnp.arange(7) + 1 < k_i_2 - 1 - k_back_back + 1
                place_5 = jnp.clip(k_i_2 - 1 - k_back_back, 0, 6)
                k_i_bar = jnp.where(
                    (k_i_2 - 1 - k_back_back >= 0) & (k_i_2 - 1 - k_back_back < 7), k_bar[place_5], 0.0
                )
                product_6 = 5.0 * p[1] * (rk_back_t + joined_3[place_5] * rk_back_hk)
                k_back_k = k_trace[place_5]
                total_10 = jnp.sum(jnp.where(less, joined_2_part[place_5] * k_back_k.T, 0.0), axis=1)
                total_11 = rk_back_z + rk_back_hk * total_10
                k_back_z_bar_3 = k_i_bar * -p[0] + k_i_bar * jnp.sin(product_6) * -jnp.sin(total_11)
                k_back_k_bar_2 = (
                    jnp.where((jnp.arange(7) != k_i_2 - 1 - k_back_back)[:, None], k_bar, 0.0)
                    + jnp.where(
                        less[:, None], k_back_z_bar_3 * rk_back_hk * joined_2_part[place_5][:, None], 0.0
                    )
                )
                cos_product_6 = jnp.cos(product_6)
                k_i_bar_cos_total_11 = k_i_bar * jnp.cos(total_11)
                total_12 = jnp.sum(k_i_bar_cos_total_11)
                k_back_p_bar_3 = (
                    jnp.where(0 == jnp.arange(2), -(k_i_bar @ total_11), 0.0)
                    + jnp.where(
                        1 == jnp.arange(2),
                        cos_product_6 * (rk_back_t + joined_3[place_5] * rk_back_hk) * 5.0 * total_12, 0.0,
                    )
                )
                k_back_p_bar_4 = k_back_p_bar + k_back_p_bar_3
                k_back_z_bar_4 = k_back_z_bar + k_back_z_bar_3
                k_back_hk_bar_2 = jnp.sum(
                    k_i_bar_cos_total_11 * cos_product_6 * (5.0 * p[1]) * joined_3[place_5]
                    + k_back_z_bar_3 * total_10
                )
                k_back_hk_bar_3 = hk_bar + k_back_hk_bar_2
                k_back_t_bar_3 = cos_product_6 * 5.0 * p[1] * total_12
                k_back_t_bar_4 = k_back_t_bar + k_back_t_bar_3
                return k_back_k_bar_2, k_back_p_bar_4, k_back_z_bar_4, k_back_hk_bar_3, k_back_t_bar_4

            k_back_carry = (k_bar_start, zeros_4, zeros_5, 0.0, 0.0)
            k_bar, k_back_p_bar, k_back_z_bar, hk_bar, k_back_t_bar = lax.fori_loop(
                0, k_i_2, k_back_body, k_back_carry
            )
            rk_back_z_bar_2 = (
                jnp.where(jnp.logical_not(rk_back_err <= 1.0), z_bar, 0.0)
                + jnp.where(
                    jnp.logical_not(product_2 / m == 0.0),
                    product_5 * jnp.where(ge, 1.0, 0.0) * jnp.sign(rk_back_z), 0.0,
                )
                + jnp.where(either, y_bar, 0.0)
                + k_back_z_bar
            )
            t_new_bar = jnp.where(rk_back_err <= 1.0, t_bar, 0.0)
            rk_back_hk_bar = (
                h_bar * jnp.minimum(product_3_2, 10.0)
                + hk_bar
                + jnp.where(rk_back_err <= 1.0, t_new_bar, 0.0)
                + jnp.where(jnp.logical_not(product_2 / m == 0.0), 2.0 * chosen * rk_back_hk * total_9, 0.0)
                + jnp.where(either, y_bar @ joined_4_k_3, 0.0)
            )
            rk_back_t_bar_2 = (
                jnp.where(jnp.logical_not(rk_back_err <= 1.0), t_bar, 0.0)
                + jnp.where(rk_back_err <= 1.0, t_new_bar, 0.0)
                + (k_back_t_bar - rk_back_hk_bar * jnp.where(rk_back_h <= 1.0 - rk_back_t, 0.0, 1.0))
            )
            rk_back_h_bar_2 = rk_back_hk_bar * jnp.where(rk_back_h <= 1.0 - rk_back_t, 1.0, 0.0)
            rk_back_p_bar_2 = p_bar + k_back_p_bar
            return rk_back_z_bar_2, rk_back_t_bar_2, rk_back_h_bar_2, rk_back_p_bar_2

        rk_back_carry = (z_bar_start, 0.0, 0.0, zeros_4)
        z_bar, t_bar, h_bar, p_bar = lax.fori_loop(0, rk_step_2, rk_back_body, rk_back_carry)
        p_new = p - lr * p_bar

        def rk_loop_2_test(rk_step_3, rk_z_2, rk_t_2, rk_h_2):
            return jnp.logical_not(rk_t_2 >= 1.0),

        def rk_loop_2_body(carry):
            rk_step_3, rk_z_2, rk_t_2, rk_h_2, _ = carry
            rk_hk_2 = jnp.minimum(rk_h_2, 1.0 - rk_t_2)

            def k_loop_4_body(k_i_3, carry):
                k_4, = carry
                place_6 = jnp.clip(k_i_3, 0, 6)
                joined_2_part_k_4 = jnp.sum(
                    jnp.where(jnp.arange(7) + 1 < k_i_3 + 1, joined_2_part[place_6] * k_4.T, 0.0), axis=1
                )
                total_13 = rk_z_2 + rk_hk_2 * joined_2_part_k_4
                cos_total_13 = jnp.cos(total_13)
                k_i_9 = (
                    -p[0] * total_13
                    + jnp.sin(5.0 * p[1] * (rk_t_2 + joined_3[place_6] * rk_hk_2)) * cos_total_13
                )
                k_10 = jnp.where((jnp.arange(7) == k_i_3)[:, None], k_i_9, k_4)
                return k_10,

            k_loop_4_carry = (zeros_3,)
            k_4, = lax.fori_loop(0, 7, k_loop_4_body, k_loop_4_carry)
            joined_k_4 = joined @ k_4
            rk_y_2 = rk_z_2 + rk_hk_2 * (joined_4 @ k_4)
            total_14 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_z_2), jnp.abs(rk_y_2))
            ratio_3 = rk_hk_2 * rk_hk_2 * jnp.sum(joined_k_4 * joined_k_4 / total_14 / total_14) / m
            rk_err_2 = square_root(ratio_3)
            rk_z_new_2 = jnp.where(rk_err_2 <= 1.0, rk_y_2, rk_z_2)
            rk_t_new_2 = rk_t_2 + rk_hk_2
            rk_t_new_6 = jnp.where(rk_err_2 <= 1.0, rk_t_new_2, rk_t_2)
            rk_h_new_2 = rk_hk_2 * jnp.clip(0.9 * jnp.maximum(rk_err_2, 1e-10) ** (-1.0 / 5.0), 0.2, 10.0)
            rk_step_3, rk_z_2, rk_t_2, rk_h_2 = rk_step_3 + 1, rk_z_new_2, rk_t_new_6, rk_h_new_2
            return rk_step_3, rk_z_2, rk_t_2, rk_h_2, *rk_loop_2_test(rk_step_3, rk_z_2, rk_t_2, rk_h_2)

        def rk_loop_2_going(carry):
            return (carry[0] < 100) & carry[4]

        rk_loop_2_carry = (0, z0, 0.0, 0.01, *rk_loop_2_test(0, z0, 0.0, 0.01))
        rk_loop_2_carry = lax.while_loop(rk_loop_2_going, rk_loop_2_body, rk_loop_2_carry)
        rk_step_3, rk_z_2, rk_t_2, rk_h_2, _ = rk_loop_2_carry
        steps_misfit = (rk_z_2 - target) @ (rk_z_2 - target)

        def rk_loop_3_test(rk_step_4, rk_z_3, rk_t_3, rk_h_3):
            return jnp.logical_not(rk_t_3 >= 1.0),

        def rk_loop_3_body(carry):
            rk_step_4, rk_z_3, rk_t_3, rk_h_3, _, steps_z_trace, steps_t_trace, steps_h_trace = carry
            rk_hk_3 = jnp.minimum(rk_h_3, 1.0 - rk_t_3)

            def k_loop_5_body(k_i_4, carry):
                k_5, = carry
                place_7 = jnp.clip(k_i_4, 0, 6)
                joined_2_part_k_5 = jnp.sum(
                    jnp.where(jnp.arange(7) + 1 < k_i_4 + 1, joined_2_part[place_7] * k_5.T, 0.0), axis=1
                )
                total_16 = rk_z_3 + rk_hk_3 * joined_2_part_k_5
                cos_total_16 = jnp.cos(total_16)
                k_i_10 = (
                    -p[0] * total_16
                    + jnp.sin(5.0 * p[1] * (rk_t_3 + joined_3[place_7] * rk_hk_3)) * cos_total_16
                )
                k_11 = jnp.where((jnp.arange(7) == k_i_4)[:, None], k_i_10, k_5)
                return k_11,

            k_loop_5_carry = (zeros_3,)
            k_5, = lax.fori_loop(0, 7, k_loop_5_body, k_loop_5_carry)
            joined_k_5 = joined @ k_5
            rk_y_3 = rk_z_3 + rk_hk_3 * (joined_4 @ k_5)
            total_17 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_z_3), jnp.abs(rk_y_3))
            product_8 = rk_hk_3 * rk_hk_3 * jnp.sum(joined_k_5 * joined_k_5 / total_17 / total_17)
            rk_err_3 = square_root(product_8 / m)
            rk_z_new_3 = jnp.where(rk_err_3 <= 1.0, rk_y_3, rk_z_3)
            rk_t_new_3 = rk_t_3 + rk_hk_3
            rk_t_new_7 = jnp.where(rk_err_3 <= 1.0, rk_t_new_3, rk_t_3)
            rk_h_new_3 = rk_hk_3 * jnp.clip(0.9 * jnp.maximum(rk_err_3, 1e-10) ** (-1.0 / 5.0), 0.2, 10.0)
            steps_z_trace = steps_z_trace.at[rk_step_4].set(rk_z_3)
            steps_t_trace = steps_t_trace.at[rk_step_4].set(rk_t_3)
            steps_h_trace = steps_h_trace.at[rk_step_4].set(rk_h_3)
            rk_step_4, rk_z_3, rk_t_3, rk_h_3 = rk_step_4 + 1, rk_z_new_3, rk_t_new_7, rk_h_new_3
            return (
                rk_step_4, rk_z_3, rk_t_3, rk_h_3, *rk_loop_3_test(rk_step_4, rk_z_3, rk_t_3, rk_h_3),
                steps_z_trace, steps_t_trace, steps_h_trace,
            )

        def rk_loop_3_going(carry):
            return (carry[0] < 100) & carry[4]

        rk_loop_3_carry = (
            0, z0, 0.0, 0.01, *rk_loop_3_test(0, z0, 0.0, 0.01), jnp.zeros((100, m), jnp.float64),
            jnp.zeros(100, jnp.float64), jnp.zeros(100, jnp.float64),
        )
        rk_loop_3_carry = lax.while_loop(rk_loop_3_going, rk_loop_3_body, rk_loop_3_carry)
        rk_step_4, rk_z_3, rk_t_3, rk_h_3, _, steps_z_trace, steps_t_trace, steps_h_trace = rk_loop_3_carry
        steps_z_bar_start = 2.0 * (rk_z_3 - target)

        def rk_back_loop_body(rk_back_back, carry):
            rk_back_z_bar, rk_back_t_bar, rk_back_h_bar, rk_back_p_bar = carry
            place_8 = jnp.clip(rk_step_4 - 1 - rk_back_back, 0, 99)
            rk_back_h_2 = steps_h_trace[place_8]
            rk_back_t_2 = steps_t_trace[place_8]
            rk_back_hk_2 = jnp.minimum(rk_back_h_2, 1.0 - rk_back_t_2)
            rk_back_z_2 = steps_z_trace[place_8]

            def k_loop_6_body(k_i_5, carry):
                k_6, rk_back_k_trace = carry
                place_9 = jnp.clip(k_i_5, 0, 6)
                joined_2_part_k_6 = jnp.sum(
                    jnp.where(jnp.arange(7) + 1 < k_i_5 + 1, joined_2_part[place_9] * k_6.T, 0.0), axis=1
                )
                total_19 = rk_back_z_2 + rk_back_hk_2 * joined_2_part_k_6
                k_i_11 = (
                    -p[0] * total_19
                    + jnp.sin(5.0 * p[1] * (rk_back_t_2 + joined_3[place_9] * rk_back_hk_2))
                    * jnp.cos(total_19)
                )
                k_12 = jnp.where((jnp.arange(7) == k_i_5)[:, None], k_i_11, k_6)
                rk_back_k_trace = rk_back_k_trace.at[k_i_5].set(k_6)
                return k_12, rk_back_k_trace

            k_loop_6_carry = (zeros_3, jnp.zeros((7, 7, m), jnp.float64))
            k_6, rk_back_k_trace = lax.fori_loop(0, 7, k_loop_6_body, k_loop_6_carry)
            k_i_5 = 7
            joined_k_6 = joined @ k_6
            joined_4_k_6 = joined_4 @ k_6
            rk_back_y_2 = rk_back_z_2 + rk_back_hk_2 * joined_4_k_6
            total_20 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_back_z_2), jnp.abs(rk_back_y_2))
            total_21 = jnp.sum(joined_k_6 * joined_k_6 / total_20 / total_20)
            product_9 = rk_back_hk_2 * rk_back_hk_2 * total_21
            rk_back_err_2 = square_root(product_9 / m)
            product_10 = 0.9 * jnp.maximum(rk_back_err_2, 1e-10) ** (-1.0 / 5.0)
            product_10_2 = jnp.maximum(product_10, 0.2)
            rk_back_err_bar = (
                rk_back_h_bar
                * rk_back_hk_2
                * jnp.where(product_10_2 <= 10.0, 1.0, 0.0)
                * jnp.where(product_10 >= 0.2, 1.0, 0.0)
                * 0.9
                * (-1.0 / 5.0 * jnp.maximum(rk_back_err_2, 1e-10) ** (-1.0 / 5.0 - 1.0))
                * jnp.where(rk_back_err_2 >= 1e-10, 1.0, 0.0)
            )
            chosen_5 = jnp.where(
                jnp.logical_not(product_9 / m == 0.0),
                rk_back_err_bar
                * (0.5 / jnp.sqrt(jnp.where(jnp.logical_not(product_9 / m == 0.0), product_9 / m, 1.0)))
                * (1.0 / jnp.float64(m)),
                0.0,
            )
            chosen_6 = jnp.where(jnp.logical_not(product_9 / m == 0.0), total_20, 1.0)
            ratio_4 = rk_back_hk_2 * joined_k_6 / chosen_6
            product_11 = 2.0 * (chosen_5 * ratio_4)
            product_12 = product_11 * -(ratio_4 / chosen_6) * 1.4e-08
            ge_2 = jnp.abs(rk_back_z_2) >= jnp.abs(rk_back_y_2)
            either_2 = (rk_back_err_2 <= 1.0) | jnp.logical_not(product_9 / m == 0.0)
            rk_back_y_bar = (
                jnp.where(rk_back_err_2 <= 1.0, rk_back_z_bar, 0.0)
                + jnp.where(
                    jnp.logical_not(product_9 / m == 0.0),
                    product_12 * jnp.where(ge_2, 0.0, 1.0) * jnp.sign(rk_back_y_2), 0.0,
                )
            )
            rk_back_k_bar_start = (
                jnp.where(
                    either_2, jnp.where(either_2, rk_back_y_bar * rk_back_hk_2, 0.0) * joined_4[:, None], 0.0
                )
                + jnp.where(
                    jnp.logical_not(product_9 / m == 0.0),
                    jnp.where(
                        jnp.logical_not(product_9 / m == 0.0), product_11 * (1.0 / chosen_6) * rk_back_hk_2,
                        0.0,
                    )
                    * joined[:, None],
                    0.0,
                )
            )

            def k_back_loop_body(k_back_back_2, carry):
                k_back_k_bar, k_back_p_bar_2, k_back_z_bar_2, k_back_hk_bar, k_back_t_bar_2 = carry
                less_2 = jnp.arange(7) + 1 < k_i_5 - 1 - k_back_back_2 + 1
                place_10 = jnp.clip(k_i_5 - 1 - k_back_back_2, 0, 6)
                k_back_k_i_bar = jnp.where(
                    (k_i_5 - 1 - k_back_back_2 >= 0) & (k_i_5 - 1 - k_back_back_2 < 7),
                    k_back_k_bar[place_10], 0.0,
                )
                product_13 = 5.0 * p[1] * (rk_back_t_2 + joined_3[place_10] * rk_back_hk_2)
                k_back_k_2 = rk_back_k_trace[place_10]
                total_22 = jnp.sum(jnp.where(less_2, joined_2_part[place_10] * k_back_k_2.T, 0.0), axis=1)
                total_23 = rk_back_z_2 + rk_back_hk_2 * total_22
                k_back_z_bar_5 = (
                    k_back_k_i_bar * -p[0] + k_back_k_i_bar * jnp.sin(product_13) * -jnp.sin(total_23)
                )
                k_back_k_bar_3 = (
                    jnp.where((jnp.arange(7) != k_i_5 - 1 - k_back_back_2)[:, None], k_back_k_bar, 0.0)
                    + jnp.where(
                        less_2[:, None], k_back_z_bar_5 * rk_back_hk_2 * joined_2_part[place_10][:, None], 0.0
                    )
                )
                cos_product_13 = jnp.cos(product_13)
                product_15 = k_back_k_i_bar * jnp.cos(total_23)
                sum_product_15 = jnp.sum(product_15)
                k_back_p_bar_5 = (
                    jnp.where(0 == jnp.arange(2), -(k_back_k_i_bar @ total_23), 0.0)
                    + jnp.where(
                        1 == jnp.arange(2),
                        cos_product_13
                        * (rk_back_t_2 + joined_3[place_10] * rk_back_hk_2)
                        * 5.0
                        * sum_product_15,
                        0.0,
                    )
                )
                k_back_p_bar_6 = k_back_p_bar_2 + k_back_p_bar_5
                k_back_z_bar_6 = k_back_z_bar_2 + k_back_z_bar_5
                k_back_hk_bar_4 = jnp.sum(
                    product_15 * cos_product_13 * (5.0 * p[1]) * joined_3[place_10]
                    + k_back_z_bar_5 * total_22
                )
                k_back_hk_bar_5 = k_back_hk_bar + k_back_hk_bar_4
                k_back_t_bar_5 = cos_product_13 * 5.0 * p[1] * sum_product_15
                k_back_t_bar_6 = k_back_t_bar_2 + k_back_t_bar_5
                return k_back_k_bar_3, k_back_p_bar_6, k_back_z_bar_6, k_back_hk_bar_5, k_back_t_bar_6

            k_back_loop_carry = (rk_back_k_bar_start, zeros_4, zeros_5, 0.0, 0.0)
            (
                k_back_k_bar, k_back_p_bar_2, k_back_z_bar_2, k_back_hk_bar, k_back_t_bar_2
            ) = lax.fori_loop(0, k_i_5, k_back_loop_body, k_back_loop_carry)
            rk_back_z_bar_3 = (
                jnp.where(jnp.logical_not(rk_back_err_2 <= 1.0), rk_back_z_bar, 0.0)
                + jnp.where(
                    jnp.logical_not(product_9 / m == 0.0),
                    product_12 * jnp.where(ge_2, 1.0, 0.0) * jnp.sign(rk_back_z_2), 0.0,
                )
                + jnp.where(either_2, rk_back_y_bar, 0.0)
                + k_back_z_bar_2
            )
            rk_back_t_new_bar = jnp.where(rk_back_err_2 <= 1.0, rk_back_t_bar, 0.0)
            rk_back_hk_bar_2 = (
                rk_back_h_bar * jnp.minimum(product_10_2, 10.0)
                + k_back_hk_bar
                + jnp.where(rk_back_err_2 <= 1.0, rk_back_t_new_bar, 0.0)
                + jnp.where(
                    jnp.logical_not(product_9 / m == 0.0), 2.0 * chosen_5 * rk_back_hk_2 * total_21, 0.0
                )
                + jnp.where(either_2, rk_back_y_bar @ joined_4_k_6, 0.0)
            )
            rk_back_t_bar_3 = (
                jnp.where(jnp.logical_not(rk_back_err_2 <= 1.0), rk_back_t_bar, 0.0)
                + jnp.where(rk_back_err_2 <= 1.0, rk_back_t_new_bar, 0.0)
                + (k_back_t_bar_2 - rk_back_hk_bar_2 * jnp.where(rk_back_h_2 <= 1.0 - rk_back_t_2, 0.0, 1.0))
            )
            rk_back_h_bar_3 = rk_back_hk_bar_2 * jnp.where(rk_back_h_2 <= 1.0 - rk_back_t_2, 1.0, 0.0)
            rk_back_p_bar_3 = rk_back_p_bar + k_back_p_bar_2
            return rk_back_z_bar_3, rk_back_t_bar_3, rk_back_h_bar_3, rk_back_p_bar_3

        rk_back_loop_carry = (steps_z_bar_start, 0.0, 0.0, zeros_4)
        (
            rk_back_z_bar, rk_back_t_bar, rk_back_h_bar, rk_back_p_bar
        ) = lax.fori_loop(0, rk_step_4, rk_back_loop_body, rk_back_loop_carry)
        misfit_trace = misfit_trace.at[step].set(steps_misfit)
        slope = slope.at[step].set(rk_back_p_bar)
        step, p, finite, ended, failed = step + 1, p_new, jnp.all(jnp.isfinite(p_new)), 0, 0
        return (
            step, p, finite, ended, failed, *steps_loop_test(step, p, finite, ended, failed),
            misfit_trace, slope,
        )

    def steps_loop_going(carry):
        return (carry[0] < stop - start) & carry[5]

    steps_loop_carry = (
        0, p_given, True, 0, 0, *steps_loop_test(0, p_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64), jnp.zeros((capacity, 2), jnp.float64),
    )
    steps_loop_carry = lax.while_loop(steps_loop_going, steps_loop_body, steps_loop_carry)
    step, p, finite, ended, failed, _, misfit_trace, slope = steps_loop_carry
    return p, step, finite, ended, failed, misfit_trace, slope


@jax.jit
def finish_0(z0, target, lr, steps, tol, seed, p_given, steps_done):
    """What holds at the states of fit_flow.

    Takes z0[m], target[m], lr, steps (integer), tol, seed (64 bits), p_given[2], steps_done (integer).
    Gives stop (integer), misfit, slope[2].
    """
    m = len(z0)
    joined = jnp.array(
        [
            -0.001780011052225777, -0.0008164344596567469, 0.007880878010261995,
            -0.1447110071732629, 0.5823571654525552, -0.45808210592918697, 1.0 / 66.0,
        ],
        jnp.float64,
    )
    zeros_2 = jnp.zeros((7, m), jnp.float64)
    joined_2 = jnp.array(
        [
            0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.161, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
            -0.008480655492356989, 0.335480655492357, 0.0, 0.0, 0.0, 0.0, 0.0, 2.8971530571054935,
            -6.359448489975075, 4.3622954328695815, 0.0, 0.0, 0.0, 0.0, 5.325864828439257,
            -11.748883564062828, 7.4955393428898365, -0.09249506636175525, 0.0, 0.0, 0.0,
            5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
            -0.028269050394068383, 0.0, 0.0, 0.09646076681806523, 0.01, 0.4798896504144996,
            1.379008574103742, -3.290069515436081, 2.324710524099774, 0.0,
        ],
        jnp.float64,
    )
    joined_2_part = joined_2.reshape(7, 7)
    joined_3 = jnp.array([0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0], jnp.float64)
    joined_4 = jnp.array(
        [
            0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
            2.324710524099774, 0.0,
        ],
        jnp.float64,
    )

    def rk_test(rk_step, z, t, h):
        return jnp.logical_not(t >= 1.0),

    def rk_body(carry):
        rk_step, z, t, h, _ = carry
        hk = jnp.minimum(h, 1.0 - t)

        def k_loop_body(i, carry):
            k, = carry
            place = jnp.clip(i, 0, 6)
            joined_2_part_k = jnp.sum(
                jnp.where(jnp.arange(7) + 1 < i + 1, joined_2_part[place] * k.T, 0.0), axis=1
            )
            total = z + hk * joined_2_part_k
            k_i_4 = (
                -p_given[0] * total + jnp.sin(5.0 * p_given[1] * (t + joined_3[place] * hk)) * jnp.cos(total)
            )
            k_5 = jnp.where((jnp.arange(7) == i)[:, None], k_i_4, k)
            return k_5,

        k_loop_carry = (zeros_2,)
        k, = lax.fori_loop(0, 7, k_loop_body, k_loop_carry)
        joined_k = joined @ k
        y = z + hk * (joined_4 @ k)
        total_2 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(z), jnp.abs(y))
        ratio = hk * hk * jnp.sum(joined_k * joined_k / total_2 / total_2) / m
        err = square_root(ratio)
        z_new = jnp.where(err <= 1.0, y, z)
        t_new = t + hk
        rk_t_new = jnp.where(err <= 1.0, t_new, t)
        h_new = hk * jnp.clip(0.9 * jnp.maximum(err, 1e-10) ** (-1.0 / 5.0), 0.2, 10.0)
        rk_step, z, t, h = rk_step + 1, z_new, rk_t_new, h_new
        return rk_step, z, t, h, *rk_test(rk_step, z, t, h)

    def rk_going(carry):
        return (carry[0] < 100) & carry[4]

    rk_carry = (0, z0, 0.0, 0.01, *rk_test(0, z0, 0.0, 0.01))
    rk_carry = lax.while_loop(rk_going, rk_body, rk_carry)
    rk_step, z, t, h, _ = rk_carry
    misfit = (z - target) @ (z - target)
    stop = jnp.where(misfit <= tol, 1, 0)

    def rk_loop_test(rk_step_2, rk_z, rk_t, rk_h):
        return jnp.logical_not(rk_t >= 1.0),

    def rk_loop_body(carry):
        rk_step_2, rk_z, rk_t, rk_h, _ = carry
        rk_hk = jnp.minimum(rk_h, 1.0 - rk_t)

        def k_loop_2_body(k_i, carry):
            k_2, = carry
            place_2 = jnp.clip(k_i, 0, 6)
            joined_2_part_k_2 = jnp.sum(
                jnp.where(jnp.arange(7) + 1 < k_i + 1, joined_2_part[place_2] * k_2.T, 0.0), axis=1
            )
            total_4 = rk_z + rk_hk * joined_2_part_k_2
            k_i_5 = (
                -p_given[0] * total_4
                + jnp.sin(5.0 * p_given[1] * (rk_t + joined_3[place_2] * rk_hk)) * jnp.cos(total_4)
            )
            k_6 = jnp.where((jnp.arange(7) == k_i)[:, None], k_i_5, k_2)
            return k_6,

        k_loop_2_carry = (zeros_2,)
        k_2, = lax.fori_loop(0, 7, k_loop_2_body, k_loop_2_carry)
        joined_k_2 = joined @ k_2
        rk_y = rk_z + rk_hk * (joined_4 @ k_2)
        total_5 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_z), jnp.abs(rk_y))
        ratio_2 = rk_hk * rk_hk * jnp.sum(joined_k_2 * joined_k_2 / total_5 / total_5) / m
        rk_err = square_root(ratio_2)
        rk_z_new = jnp.where(rk_err <= 1.0, rk_y, rk_z)
        rk_t_new_2 = rk_t + rk_hk
        rk_t_new_3 = jnp.where(rk_err <= 1.0, rk_t_new_2, rk_t)
        rk_h_new = rk_hk * jnp.clip(0.9 * jnp.maximum(rk_err, 1e-10) ** (-1.0 / 5.0), 0.2, 10.0)
        rk_step_2, rk_z, rk_t, rk_h = rk_step_2 + 1, rk_z_new, rk_t_new_3, rk_h_new
        return rk_step_2, rk_z, rk_t, rk_h, *rk_loop_test(rk_step_2, rk_z, rk_t, rk_h)

    def rk_loop_going(carry):
        return (carry[0] < 100) & carry[4]

    rk_loop_carry = (0, z0, 0.0, 0.01, *rk_loop_test(0, z0, 0.0, 0.01))
    rk_loop_carry = lax.while_loop(rk_loop_going, rk_loop_body, rk_loop_carry)
    rk_step_2, rk_z, rk_t, rk_h, _ = rk_loop_carry
    misfit_2 = (rk_z - target) @ (rk_z - target)

    def rk_loop_2_test(rk_step_3, rk_z_2, rk_t_2, rk_h_2):
        return jnp.logical_not(rk_t_2 >= 1.0),

    def rk_loop_2_body(carry):
        rk_step_3, rk_z_2, rk_t_2, rk_h_2, _, z_trace, t_trace, h_trace = carry
        rk_hk_2 = jnp.minimum(rk_h_2, 1.0 - rk_t_2)

        def k_loop_3_body(k_i_2, carry):
            k_3, = carry
            place_3 = jnp.clip(k_i_2, 0, 6)
            joined_2_part_k_3 = jnp.sum(
                jnp.where(jnp.arange(7) + 1 < k_i_2 + 1, joined_2_part[place_3] * k_3.T, 0.0), axis=1
            )
            total_7 = rk_z_2 + rk_hk_2 * joined_2_part_k_3
            k_i_6 = (
                -p_given[0] * total_7
                + jnp.sin(5.0 * p_given[1] * (rk_t_2 + joined_3[place_3] * rk_hk_2)) * jnp.cos(total_7)
            )
            k_7 = jnp.where((jnp.arange(7) == k_i_2)[:, None], k_i_6, k_3)
            return k_7,

        k_loop_3_carry = (zeros_2,)
        k_3, = lax.fori_loop(0, 7, k_loop_3_body, k_loop_3_carry)
        joined_k_3 = joined @ k_3
        rk_y_2 = rk_z_2 + rk_hk_2 * (joined_4 @ k_3)
        total_8 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_z_2), jnp.abs(rk_y_2))
        product = rk_hk_2 * rk_hk_2 * jnp.sum(joined_k_3 * joined_k_3 / total_8 / total_8)
        rk_err_2 = square_root(product / m)
        rk_z_new_2 = jnp.where(rk_err_2 <= 1.0, rk_y_2, rk_z_2)
        rk_t_new_4 = rk_t_2 + rk_hk_2
        rk_t_new_5 = jnp.where(rk_err_2 <= 1.0, rk_t_new_4, rk_t_2)
        rk_h_new_2 = rk_hk_2 * jnp.clip(0.9 * jnp.maximum(rk_err_2, 1e-10) ** (-1.0 / 5.0), 0.2, 10.0)
        z_trace = z_trace.at[rk_step_3].set(rk_z_2)
        t_trace = t_trace.at[rk_step_3].set(rk_t_2)
        h_trace = h_trace.at[rk_step_3].set(rk_h_2)
        rk_step_3, rk_z_2, rk_t_2, rk_h_2 = rk_step_3 + 1, rk_z_new_2, rk_t_new_5, rk_h_new_2
        return (
            rk_step_3, rk_z_2, rk_t_2, rk_h_2, *rk_loop_2_test(rk_step_3, rk_z_2, rk_t_2, rk_h_2),
            z_trace, t_trace, h_trace,
        )

    def rk_loop_2_going(carry):
        return (carry[0] < 100) & carry[4]

    rk_loop_2_carry = (
        0, z0, 0.0, 0.01, *rk_loop_2_test(0, z0, 0.0, 0.01), jnp.zeros((100, m), jnp.float64),
        jnp.zeros(100, jnp.float64), jnp.zeros(100, jnp.float64),
    )
    rk_loop_2_carry = lax.while_loop(rk_loop_2_going, rk_loop_2_body, rk_loop_2_carry)
    rk_step_3, rk_z_2, rk_t_2, rk_h_2, _, z_trace, t_trace, h_trace = rk_loop_2_carry
    z_bar_start = 2.0 * (rk_z_2 - target)
    zeros_3 = jnp.zeros(2, jnp.float64)
    zeros_4 = jnp.zeros(m, jnp.float64)

    def rk_back_body(back, carry):
        z_bar, t_bar, h_bar, p_bar = carry
        place_4 = jnp.clip(rk_step_3 - 1 - back, 0, 99)
        rk_back_h = h_trace[place_4]
        rk_back_t = t_trace[place_4]
        rk_back_hk = jnp.minimum(rk_back_h, 1.0 - rk_back_t)
        rk_back_z = z_trace[place_4]

        def k_loop_4_body(k_i_3, carry):
            k_4, k_trace = carry
            place_5 = jnp.clip(k_i_3, 0, 6)
            joined_2_part_k_4 = jnp.sum(
                jnp.where(jnp.arange(7) + 1 < k_i_3 + 1, joined_2_part[place_5] * k_4.T, 0.0), axis=1
            )
            total_10 = rk_back_z + rk_back_hk * joined_2_part_k_4
            k_i_7 = (
                -p_given[0] * total_10
                + jnp.sin(5.0 * p_given[1] * (rk_back_t + joined_3[place_5] * rk_back_hk)) * jnp.cos(total_10)
            )
            k_8 = jnp.where((jnp.arange(7) == k_i_3)[:, None], k_i_7, k_4)
            k_trace = k_trace.at[k_i_3].set(k_4)
            return k_8, k_trace

        k_loop_4_carry = (zeros_2, jnp.zeros((7, 7, m), jnp.float64))
        k_4, k_trace = lax.fori_loop(0, 7, k_loop_4_body, k_loop_4_carry)
        k_i_3 = 7
        joined_k_4 = joined @ k_4
        joined_4_k_4 = joined_4 @ k_4
        rk_back_y = rk_back_z + rk_back_hk * joined_4_k_4
        total_11 = 1.4e-08 + 1.4e-08 * jnp.maximum(jnp.abs(rk_back_z), jnp.abs(rk_back_y))
        total_12 = jnp.sum(joined_k_4 * joined_k_4 / total_11 / total_11)
        product_2 = rk_back_hk * rk_back_hk * total_12
        rk_back_err = square_root(product_2 / m)
        product_3 = 0.9 * jnp.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0)
        product_3_2 = jnp.maximum(product_3, 0.2)
        err_bar = (
            h_bar
            * rk_back_hk
            * jnp.where(product_3_2 <= 10.0, 1.0, 0.0)
            * jnp.where(product_3 >= 0.2, 1.0, 0.0)
            * 0.9
            * (-1.0 / 5.0 * jnp.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0 - 1.0))
            * jnp.where(rk_back_err >= 1e-10, 1.0, 0.0)
        )
        chosen = jnp.where(
            jnp.logical_not(product_2 / m == 0.0),
            err_bar
            * (0.5 / jnp.sqrt(jnp.where(jnp.logical_not(product_2 / m == 0.0), product_2 / m, 1.0)))
            * (1.0 / jnp.float64(m)),
            0.0,
        )
        chosen_2 = jnp.where(jnp.logical_not(product_2 / m == 0.0), total_11, 1.0)
        ratio_3 = rk_back_hk * joined_k_4 / chosen_2
        product_4 = 2.0 * (chosen * ratio_3)
        product_5 = product_4 * -(ratio_3 / chosen_2) * 1.4e-08
        ge = jnp.abs(rk_back_z) >= jnp.abs(rk_back_y)
        either = (rk_back_err <= 1.0) | jnp.logical_not(product_2 / m == 0.0)
        y_bar = (
            jnp.where(rk_back_err <= 1.0, z_bar, 0.0)
            + jnp.where(
                jnp.logical_not(product_2 / m == 0.0),
                product_5 * jnp.where(ge, 0.0, 1.0) * jnp.sign(rk_back_y), 0.0,
            )
        )
        k_bar_start = (
            jnp.where(either, jnp.where(either, y_bar * rk_back_hk, 0.0) * joined_4[:, None], 0.0)
            + jnp.where(
                jnp.logical_not(product_2 / m == 0.0),
                jnp.where(
                    jnp.logical_not(product_2 / m == 0.0), product_4 * (1.0 / chosen_2) * rk_back_hk, 0.0
                )
                * joined[:, None],
                0.0,
            )
        )

        def k_back_body(k_back_back, carry):
            k_bar, k_back_p_bar, k_back_z_bar, hk_bar, k_back_t_bar = carry
            less = jnp.arange(7) + 1 < k_i_3 - 1 - k_back_back + 1
            place_6 = jnp.clip(k_i_3 - 1 - k_back_back, 0, 6)
            k_i_bar = jnp.where(
                (k_i_3 - 1 - k_back_back >= 0) & (k_i_3 - 1 - k_back_back < 7), k_bar[place_6], 0.0
            )
            product_6 = 5.0 * p_given[1] * (rk_back_t + joined_3[place_6] * rk_back_hk)
            k_back_k = k_trace[place_6]
            total_13 = jnp.sum(jnp.where(less, joined_2_part[place_6] * k_back_k.T, 0.0), axis=1)
            total_14 = rk_back_z + rk_back_hk * total_13
            k_back_z_bar_2 = k_i_bar * -p_given[0] + k_i_bar * jnp.sin(product_6) * -jnp.sin(total_14)
            k_back_k_bar = (
                jnp.where((jnp.arange(7) != k_i_3 - 1 - k_back_back)[:, None], k_bar, 0.0)
                + jnp.where(less[:, None], k_back_z_bar_2 * rk_back_hk * joined_2_part[place_6][:, None], 0.0)
            )
            cos_product_6 = jnp.cos(product_6)
            k_i_bar_cos_total_14 = k_i_bar * jnp.cos(total_14)
            total_15 = jnp.sum(k_i_bar_cos_total_14)
            k_back_p_bar_2 = (
                jnp.where(0 == jnp.arange(2), -(k_i_bar @ total_14), 0.0)
                + jnp.where(
                    1 == jnp.arange(2),
                    cos_product_6 * (rk_back_t + joined_3[place_6] * rk_back_hk) * 5.0 * total_15, 0.0,
                )
            )
            k_back_p_bar_3 = k_back_p_bar + k_back_p_bar_2
            k_back_z_bar_3 = k_back_z_bar + k_back_z_bar_2
            k_back_hk_bar = jnp.sum(
                k_i_bar_cos_total_14 * cos_product_6 * (5.0 * p_given[1]) * joined_3[place_6]
                + k_back_z_bar_2 * total_13
            )
            k_back_hk_bar_2 = hk_bar + k_back_hk_bar
            k_back_t_bar_2 = cos_product_6 * 5.0 * p_given[1] * total_15
            k_back_t_bar_3 = k_back_t_bar + k_back_t_bar_2
            return k_back_k_bar, k_back_p_bar_3, k_back_z_bar_3, k_back_hk_bar_2, k_back_t_bar_3

        k_back_carry = (k_bar_start, zeros_3, zeros_4, 0.0, 0.0)
        k_bar, k_back_p_bar, k_back_z_bar, hk_bar, k_back_t_bar = lax.fori_loop(
            0, k_i_3, k_back_body, k_back_carry
        )
        rk_back_z_bar = (
            jnp.where(jnp.logical_not(rk_back_err <= 1.0), z_bar, 0.0)
            + jnp.where(
                jnp.logical_not(product_2 / m == 0.0),
                product_5 * jnp.where(ge, 1.0, 0.0) * jnp.sign(rk_back_z), 0.0,
            )
            + jnp.where(either, y_bar, 0.0)
            + k_back_z_bar
        )
        t_new_bar = jnp.where(rk_back_err <= 1.0, t_bar, 0.0)
        rk_back_hk_bar = (
            h_bar * jnp.minimum(product_3_2, 10.0)
            + hk_bar
            + jnp.where(rk_back_err <= 1.0, t_new_bar, 0.0)
            + jnp.where(jnp.logical_not(product_2 / m == 0.0), 2.0 * chosen * rk_back_hk * total_12, 0.0)
            + jnp.where(either, y_bar @ joined_4_k_4, 0.0)
        )
        rk_back_t_bar = (
            jnp.where(jnp.logical_not(rk_back_err <= 1.0), t_bar, 0.0)
            + jnp.where(rk_back_err <= 1.0, t_new_bar, 0.0)
            + (k_back_t_bar - rk_back_hk_bar * jnp.where(rk_back_h <= 1.0 - rk_back_t, 0.0, 1.0))
        )
        rk_back_h_bar = rk_back_hk_bar * jnp.where(rk_back_h <= 1.0 - rk_back_t, 1.0, 0.0)
        rk_back_p_bar = p_bar + k_back_p_bar
        return rk_back_z_bar, rk_back_t_bar, rk_back_h_bar, rk_back_p_bar

    rk_back_carry = (z_bar_start, 0.0, 0.0, zeros_3)
    z_bar, t_bar, h_bar, p_bar = lax.fori_loop(0, rk_step_3, rk_back_body, rk_back_carry)
    return stop, misfit_2, p_bar
