"""adam on classify: Adam: steps scaled by running averages of the gradient and of its square, both corrected for
their start at 0.

Written by optgen 0.1.0 from mlp.opt; do not edit.  Again:
    optgen compile mlp.opt --algorithm adam --problem classify --backend jax
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)


def add_at(shape, places, values):
    """Values added up at their places; what lies outside the shape counts nowhere."""
    inside = tuple(jnp.where(place < 0, length, place) for place, length in zip(places, shape))
    values = jnp.broadcast_to(values, jnp.broadcast_shapes(values.shape, *(place.shape for place in inside)))
    return jnp.zeros(shape, values.dtype).at[inside].add(values, mode="drop")


def square_root(x):
    """The square root; its derivative at 0 is 0."""
    return jnp.where(x == 0, 0.0, jnp.sqrt(jnp.where(x == 0, 1.0, x)))


@jax.jit
def setup(X, c, lr, beta1, beta2, eps, steps, tol, x_start, seed):
    """The first states of adam.

    Takes X[m, 64], c[m] (integer), lr, beta1, beta2, eps, steps (integer), tol, x_start[7510], seed (64
      bits).
    Gives x[7510], m[7510], v[7510].
    """
    m = jnp.zeros(7510, jnp.float64)
    return x_start, m, m


@partial(jax.jit, static_argnames=('capacity',))
def advance_0(
    X, c, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, v_given,
    start, stop, *, capacity,
):
    """Steps start .. stop - 1 of adam.

    Takes X[m, 64], c[m] (integer), lr, beta1, beta2, eps, steps (integer), tol, x_start[7510], seed (64
      bits), x_given[7510], m_given[7510], v_given[7510], start (integer), stop (integer).
    Gives x[7510], m[7510], v[7510], count (integer), finite (truth value), ended (integer), failed (integer),
      loss[stop - start], gnorm[stop - start].
    """
    m_size, _ = X.shape
    inverse_m = 1.0 / jnp.float64(m_size)
    minus_inverse_m = jnp.broadcast_to(-inverse_m, m_size)
    place = jnp.clip(c, 0, 9)
    sum_inverse_m = add_at((10,), (c,), inverse_m)

    def steps_loop_test(step, x, m, v, finite, ended, failed):
        W2 = x[6500:7500].reshape(10, 100)
        W1 = x[:6400].reshape(100, 64)
        b1 = x[6400:6500]
        tanh_W1_X_plus_b1 = jnp.tanh(W1 @ X.T + b1[:, None])
        difference = 1.0 - tanh_W1_X_plus_b1 * tanh_W1_X_plus_b1
        product = minus_inverse_m[:, None] * W2[place] * difference.T
        W2_tanh_W1_X_plus_b1 = W2 @ tanh_W1_X_plus_b1
        b2 = x[7500:7510]
        largest = jnp.max(W2_tanh_W1_X_plus_b1.T + b2, axis=1)
        exp = jnp.exp(W2_tanh_W1_X_plus_b1 + b2[:, None] - jnp.where(jnp.isfinite(largest), largest, 0.0))
        product_3_exp = (inverse_m * (1.0 / jnp.sum(exp, axis=0)))[:, None] * exp.T
        product_3_exp_2 = product_3_exp.T
        product_3_exp_2_W2 = W2.T @ product_3_exp_2
        tanh_W1_X_plus_b1_2 = jnp.tanh(W1 @ X.T + b1[:, None])
        W1_bar = product.T @ X + (product_3_exp_2_W2 * (1.0 - tanh_W1_X_plus_b1_2 * tanh_W1_X_plus_b1_2)) @ X
        W1_bar_part = jnp.reshape(W1_bar, -1)
        b1_bar = jnp.sum(product, axis=0) + jnp.sum(product_3_exp_2_W2 * difference, axis=1)
        W2_bar = (
            add_at((10, 100), (c, jnp.arange(100)[:, None]), minus_inverse_m * tanh_W1_X_plus_b1)
            + product_3_exp_2 @ tanh_W1_X_plus_b1.T
        )
        W2_bar_part = jnp.reshape(W2_bar, -1)
        b2_bar = -sum_inverse_m + jnp.sum(product_3_exp, axis=0)
        g = jnp.concatenate([W1_bar_part, b1_bar, W2_bar_part, b2_bar])
        sum_g_squared = g @ g
        gnorm = square_root(sum_g_squared)
        return (
            finite & (ended == 0) & (failed == 0) & jnp.logical_not(gnorm <= tol), g, W2,
            tanh_W1_X_plus_b1_2, b2, tanh_W1_X_plus_b1, gnorm,
        )

    def steps_loop_body(carry):
        (
            step, x, m, v, finite, ended, failed, _, g, W2, tanh_W1_X_plus_b1_2, b2,
            tanh_W1_X_plus_b1, gnorm, loss_trace, gnorm_trace,
        ) = carry
        m_new = beta1 * m + (1.0 - beta1) * g
        v_new = beta2 * v + (1.0 - beta2) * g ** 2
        x_new = (
            x
            - lr
            * (m_new / (1.0 - jnp.power(beta1, jnp.float64(start + step + 1))))
            / (jnp.sqrt(v_new / (1.0 - jnp.power(beta2, jnp.float64(start + step + 1)))) + eps)
        )
        total_5 = W2 @ tanh_W1_X_plus_b1_2
        max_total_5_plus_b2 = jnp.max(total_5.T + b2, axis=1)
        chosen = jnp.where(jnp.isfinite(max_total_5_plus_b2), max_total_5_plus_b2, 0.0)
        total_7 = jnp.sum(
            jnp.log(jnp.sum(jnp.exp(total_5.T + b2 - chosen[:, None]), axis=1))
            + chosen
            - (jnp.sum(W2[place] * tanh_W1_X_plus_b1.T, axis=1) + b2[place])
        )
        loss = total_7 / m_size
        loss_trace = loss_trace.at[step].set(loss)
        gnorm_trace = gnorm_trace.at[step].set(gnorm)
        step, x, m, v, finite, ended, failed = (
            step + 1, x_new, m_new, v_new,
            jnp.all(jnp.isfinite(x_new)) & jnp.all(jnp.isfinite(m_new)) & jnp.all(jnp.isfinite(v_new)),
            0, 0,
        )
        return (
            step, x, m, v, finite, ended, failed,
            *steps_loop_test(step, x, m, v, finite, ended, failed), loss_trace, gnorm_trace,
        )

    def steps_loop_going(carry):
        return (carry[0] < stop - start) & carry[7]

    steps_loop_carry = (
        0, x_given, m_given, v_given, True, 0, 0,
        *steps_loop_test(0, x_given, m_given, v_given, True, 0, 0),
        jnp.zeros(capacity, jnp.float64), jnp.zeros(capacity, jnp.float64),
    )
    steps_loop_carry = lax.while_loop(steps_loop_going, steps_loop_body, steps_loop_carry)
    step, x, m, v, finite, ended, failed, _, _, _, _, _, _, _, loss_trace, gnorm_trace = steps_loop_carry
    return x, m, v, step, finite, ended, failed, loss_trace, gnorm_trace


@jax.jit
def finish_0(X, c, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, v_given, steps_done):
    """What holds at the states of adam.

    Takes X[m, 64], c[m] (integer), lr, beta1, beta2, eps, steps (integer), tol, x_start[7510], seed (64
      bits), x_given[7510], m_given[7510], v_given[7510], steps_done (integer).
    Gives stop (integer), loss, gnorm, objective.
    """
    m, _ = X.shape
    inverse_m = 1.0 / jnp.float64(m)
    minus_inverse_m = jnp.broadcast_to(-inverse_m, m)
    W2 = x_given[6500:7500].reshape(10, 100)
    place = jnp.clip(c, 0, 9)
    W1 = x_given[:6400].reshape(100, 64)
    b1 = x_given[6400:6500]
    tanh_W1_X_plus_b1 = jnp.tanh(W1 @ X.T + b1[:, None])
    difference = 1.0 - tanh_W1_X_plus_b1 * tanh_W1_X_plus_b1
    product = minus_inverse_m[:, None] * W2[place] * difference.T
    W2_tanh_W1_X_plus_b1 = W2 @ tanh_W1_X_plus_b1
    b2 = x_given[7500:7510]
    largest = jnp.max(W2_tanh_W1_X_plus_b1.T + b2, axis=1)
    exp = jnp.exp(W2_tanh_W1_X_plus_b1 + b2[:, None] - jnp.where(jnp.isfinite(largest), largest, 0.0))
    product_3_exp = (inverse_m * (1.0 / jnp.sum(exp, axis=0)))[:, None] * exp.T
    product_3_exp_2 = product_3_exp.T
    product_3_exp_2_W2 = W2.T @ product_3_exp_2
    tanh_W1_X_plus_b1_2 = jnp.tanh(W1 @ X.T + b1[:, None])
    W1_bar = product.T @ X + (product_3_exp_2_W2 * (1.0 - tanh_W1_X_plus_b1_2 * tanh_W1_X_plus_b1_2)) @ X
    W1_bar_part = jnp.reshape(W1_bar, -1)
    b1_bar = jnp.sum(product, axis=0) + jnp.sum(product_3_exp_2_W2 * difference, axis=1)
    W2_bar = (
        add_at((10, 100), (c, jnp.arange(100)[:, None]), minus_inverse_m * tanh_W1_X_plus_b1)
        + product_3_exp_2 @ tanh_W1_X_plus_b1.T
    )
    W2_bar_part = jnp.reshape(W2_bar, -1)
    b2_bar = -add_at((10,), (c,), inverse_m) + jnp.sum(product_3_exp, axis=0)
    joined = jnp.concatenate([W1_bar_part, b1_bar, W2_bar_part, b2_bar])
    sum_joined_squared = joined @ joined
    gnorm = square_root(sum_joined_squared)
    stop = jnp.where(gnorm <= tol, 1, 0)
    total_5 = W2 @ tanh_W1_X_plus_b1_2
    max_total_5_plus_b2 = jnp.max(total_5.T + b2, axis=1)
    chosen = jnp.where(jnp.isfinite(max_total_5_plus_b2), max_total_5_plus_b2, 0.0)
    total_7 = jnp.sum(
        jnp.log(jnp.sum(jnp.exp(total_5.T + b2 - chosen[:, None]), axis=1))
        + chosen
        - (jnp.sum(W2[place] * tanh_W1_X_plus_b1.T, axis=1) + b2[place])
    )
    loss = total_7 / m
    return stop, loss, gnorm, loss
