"""adam on classify: Adam: steps scaled by running averages of the gradient and of its square, both corrected for
their start at 0.

Written by optgen 0.1.0 from mlp.opt; do not edit.  Again:
    optgen compile mlp.opt --algorithm adam --problem classify --backend numba"""

import math

import numpy as np
from numba import njit


@njit(error_model="numpy", nogil=True)
def power_int(x, k):
    """x to an integer power, by products."""
    result, base, left = 1.0, x, abs(k)
    while left > 0:
        if left % 2 == 1:
            result = result * base
        base = base * base
        left = left // 2
    return 1.0 / result if k < 0 else result


@njit(error_model="numpy", nogil=True)
def setup(X, c, lr, beta1, beta2, eps, steps, tol, x_start, seed):
    """The first states of adam.

    X : numbers (m, 64)
    c : integers (m)
    lr : number
    beta1 : number
    beta2 : number
    eps : number
    steps : integer
    tol : number
    x_start : numbers (7510)
    seed : 64 bits
    gives x : numbers (7510)
    gives m_2 : numbers (7510)
    gives v : numbers (7510)
    """
    m, _ = X.shape
    x = np.empty(7510)
    m_2 = np.empty(7510)
    v = np.empty(7510)
    for i in range(7510):
        m_2[i] = 0.0
    x[:] = x_start
    v[:] = m_2
    return x, m_2, v


@njit(error_model="numpy", nogil=True)
def advance_0(X, c, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, v_given, start, stop):
    """Steps start .. stop - 1 of adam.

    X : numbers (m, 64)
    c : integers (m)
    lr : number
    beta1 : number
    beta2 : number
    eps : number
    steps : integer
    tol : number
    x_start : numbers (7510)
    seed : 64 bits
    x_given : numbers (7510)
    m_given : numbers (7510)
    v_given : numbers (7510)
    start : integer
    stop : integer
    gives x : numbers (7510)
    gives m_2 : numbers (7510)
    gives v : numbers (7510)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives loss : numbers (stop - start)
    gives gnorm : numbers (stop - start)
    """
    m, _ = X.shape
    x = np.empty(7510)
    m_2 = np.empty(7510)
    v = np.empty(7510)
    loss = np.empty(stop - start)
    gnorm = np.empty(stop - start)
    minus_inverse_m = np.empty(m)
    sum_inverse_m = np.empty(10)
    g = np.empty(7510)
    W1_X = np.empty((100, m))
    product = np.empty((100, m))
    product_X = np.empty((100, 64))
    tanh_W1_X_plus_b1 = np.empty((100, m))
    W2_tanh_W1_X_plus_b1 = np.empty((10, m))
    largest = np.empty(m)
    total = np.empty(m)
    product_2 = np.empty(m)
    product_3 = np.empty((10, m))
    product_3_W2 = np.empty((100, m))
    tanh_W1_X_plus_b1_2 = np.empty((100, m))
    tanh_W1_X_plus_b1_2_sum = np.empty((100, m))
    total_2 = np.empty((100, 64))
    W1_bar = np.empty((100, 64))
    total_3 = np.empty(100)
    total_4 = np.empty(100)
    total_5 = np.empty((10, 100))
    total_6 = np.empty((10, 100))
    W2_bar = np.empty((10, 100))
    total_8 = np.empty((10, m))
    max_total_8_plus_b2 = np.empty(m)
    total_9 = np.empty(m)
    W2_tanh_W1_X_plus_b1_2 = np.empty(m)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    v[:] = v_given
    m_2[:] = m_given
    x[:] = x_given
    for p in range(10):
        sum_inverse_m[p] = 0.0
    inverse_m = 1.0 / float(m)
    for i in range(m):
        if c[i] >= 0 and c[i] < 10:
            sum_inverse_m[c[i]] += inverse_m
    for p in range(m):
        minus_inverse_m[p] = -inverse_m
    step = 0
    while step < stop - start:  # steps
        sum_g_squared = 0.0
        for i in range(m):
            total[i] = 0.0
            largest[i] = -np.inf
        b2 = x[7500:7500 + 10]
        b1 = x[6400:6400 + 100]
        W1 = x[:100 * 64].reshape((100, 64))
        for j in range(100):
            for i in range(m):
                W1_X_entry = 0.0
                for j2 in range(64):
                    W1_X_entry += W1[j, j2] * X[i, j2]
                W1_X[j, i] = W1_X_entry
        W2 = x[6500:6500 + 10 * 100].reshape((10, 100))
        for p in range(100):
            for q in range(64):
                product_X[p, q] = 0.0
            b1_p = b1[p]
            for q in range(m):
                tanh = math.tanh(W1_X[p, q] + b1_p)
                tanh_W1_X_plus_b1[p, q] = tanh
                product[p, q] = minus_inverse_m[q] * W2[max(min(c[q], 9), 0), p] * (1.0 - tanh * tanh)
            for i in range(m):
                product_p_i = product[p, i]
                for q in range(64):
                    product_X[p, q] += product_p_i * X[i, q]
        for i in range(10):
            for i2 in range(m):
                W2_tanh_W1_X_plus_b1[i, i2] = 0.0
            for j in range(100):
                W2_i_j = W2[i, j]
                for i2 in range(m):
                    W2_tanh_W1_X_plus_b1[i, i2] += W2_i_j * tanh_W1_X_plus_b1[j, i2]
            b2_i = b2[i]
            for i2 in range(m):
                largest[i2] = np.maximum(largest[i2], W2_tanh_W1_X_plus_b1[i, i2] + b2_i)
        for i in range(10):
            b2_i_2 = b2[i]
            for i2 in range(m):
                stop_gradient_largest_i = largest[i2]
                total[i2] += math.exp(W2_tanh_W1_X_plus_b1[i, i2] + b2_i_2 - (stop_gradient_largest_i if math.isfinite(stop_gradient_largest_i) else 0.0))
        for p in range(m):
            product_2[p] = inverse_m * (1.0 / total[p])
        for p in range(10):
            for q in range(100):
                total_5[p, q] = 0.0
            b2_p = b2[p]
            for q in range(m):
                stop_gradient_largest_q = largest[q]
                product_3[p, q] = product_2[q] * math.exp(W2_tanh_W1_X_plus_b1[p, q] + b2_p - (stop_gradient_largest_q if math.isfinite(stop_gradient_largest_q) else 0.0))
            for q in range(100):
                total_6_entry = 0.0
                for i in range(m):
                    total_6_entry += product_3[p, i] * tanh_W1_X_plus_b1[q, i]
                total_6[p, q] = total_6_entry
        for p in range(100):
            total_4_entry = 0.0
            total_3_entry = 0.0
            for q in range(64):
                total_2[p, q] = 0.0
            for q in range(m):
                tanh_W1_X_plus_b1_2_sum_entry = 0.0
                for q2 in range(64):
                    tanh_W1_X_plus_b1_2_sum_entry += W1[p, q2] * X[q, q2]
                tanh_W1_X_plus_b1_2_sum[p, q] = tanh_W1_X_plus_b1_2_sum_entry
                product_3_W2[p, q] = 0.0
            b1_p_2 = b1[p]
            for i in range(m):
                tanh_2 = math.tanh(W1_X[p, i] + b1_p_2)
                total_3_entry += minus_inverse_m[i] * W2[max(min(c[i], 9), 0), p] * (1.0 - tanh_2 * tanh_2)
                tanh_W1_X_plus_b1_2[p, i] = math.tanh(tanh_W1_X_plus_b1_2_sum[p, i] + b1_p_2)
            total_3[p] = total_3_entry
            for i in range(10):
                W2_i_p = W2[i, p]
                for q in range(m):
                    product_3_W2[p, q] += product_3[i, q] * W2_i_p
            for i in range(m):
                tanh_3 = math.tanh(W1_X[p, i] + b1_p_2)
                total_4_entry += product_3_W2[p, i] * (1.0 - tanh_3 * tanh_3)
            total_4[p] = total_4_entry
            for i in range(m):
                product_4 = product_3_W2[p, i] * (1.0 - tanh_W1_X_plus_b1_2[p, i] * tanh_W1_X_plus_b1_2[p, i])
                for q in range(64):
                    total_2[p, q] += product_4 * X[i, q]
            for q in range(64):
                W1_bar[p, q] = product_X[p, q] + total_2[p, q]
        W1_bar_part = W1_bar.reshape(-1)[:6400]
        b2_bar = g[7500:7500 + 10]
        b1_bar = g[6400:6400 + 100]
        for p in range(100):
            for i in range(m):
                if c[i] >= 0 and c[i] < 10:
                    total_5[c[i], p] += minus_inverse_m[i] * tanh_W1_X_plus_b1[p, i]
            b1_bar[p] = total_3[p] + total_4[p]
        for p in range(10):
            total_7_entry = 0.0
            b2_p_2 = b2[p]
            for i in range(m):
                stop_gradient_largest_i_2 = largest[i]
                total_7_entry += product_2[i] * math.exp(W2_tanh_W1_X_plus_b1[p, i] + b2_p_2 - (stop_gradient_largest_i_2 if math.isfinite(stop_gradient_largest_i_2) else 0.0))
            b2_bar[p] = -sum_inverse_m[p] + total_7_entry
            for q in range(100):
                W2_bar[p, q] = total_5[p, q] + total_6[p, q]
        g_part = g[:6400]
        for i in range(6400):
            g_part[i] = W1_bar_part[i]
        g_part_2 = g[6500:6500 + 1000]
        W2_bar_part = W2_bar.reshape(-1)[:1000]
        for i in range(1000):
            g_part_2[i] = W2_bar_part[i]
        for i in range(7510):
            sum_g_squared += g[i] * g[i]
        gnorm_2 = math.sqrt(sum_g_squared)
        if not (finite_2 and ended_2 == 0 and failed_2 == 0 and not gnorm_2 <= tol):
            break
        gnorm[step] = gnorm_2
        total_10 = 0.0
        for i in range(m):
            W2_tanh_W1_X_plus_b1_2_entry = 0.0
            maximum = max(min(c[i], 9), 0)
            for j in range(100):
                W2_tanh_W1_X_plus_b1_2_entry += W2[maximum, j] * math.tanh(W1_X[j, i] + b1[j])
            W2_tanh_W1_X_plus_b1_2[i] = W2_tanh_W1_X_plus_b1_2_entry
            total_9[i] = 0.0
            max_total_8_plus_b2[i] = -np.inf
        for i in range(10):
            for i2 in range(m):
                total_8[i, i2] = 0.0
            for j in range(100):
                W2_i_j_2 = W2[i, j]
                for i2 in range(m):
                    total_8[i, i2] += W2_i_j_2 * tanh_W1_X_plus_b1_2[j, i2]
            b2_i_3 = b2[i]
            for i2 in range(m):
                max_total_8_plus_b2[i2] = np.maximum(max_total_8_plus_b2[i2], total_8[i, i2] + b2_i_3)
        for i in range(10):
            b2_i_4 = b2[i]
            for i2 in range(m):
                stop_gradient_max_total_8_plus_b2_i = max_total_8_plus_b2[i2]
                total_9[i2] += math.exp(total_8[i, i2] + b2_i_4 - (stop_gradient_max_total_8_plus_b2_i if math.isfinite(stop_gradient_max_total_8_plus_b2_i) else 0.0))
        for i in range(m):
            stop_gradient_max_total_8_plus_b2_i_2 = max_total_8_plus_b2[i]
            total_10 += math.log(total_9[i]) + (stop_gradient_max_total_8_plus_b2_i_2 if math.isfinite(stop_gradient_max_total_8_plus_b2_i_2) else 0.0) - (W2_tanh_W1_X_plus_b1_2[i] + b2[max(min(c[i], 9), 0)])
        loss_2 = total_10 / float(m)
        loss[step] = loss_2
        all_finite_v_new = True
        all_finite_m_new = True
        all_finite_x_new = True
        difference = 1.0 - power_int(beta1, start + step + 1)
        difference_2 = 1.0 - power_int(beta2, start + step + 1)
        for i in range(7510):
            v_new = beta2 * v[i] + (1.0 - beta2) * (g[i] * g[i])
            v[i] = v_new
            all_finite_v_new &= math.isfinite(v_new)
            m_new = beta1 * m_2[i] + (1.0 - beta1) * g[i]
            m_2[i] = m_new
            all_finite_m_new &= math.isfinite(m_new)
            x_new = x[i] - lr * (m_new / difference) / (math.sqrt(v_new / difference_2) + eps)
            x[i] = x_new
            all_finite_x_new &= math.isfinite(x_new)
        both = all_finite_x_new and all_finite_m_new and all_finite_v_new
        finite_2 = both
        ended_2 = 0
        failed_2 = 0
        step += 1
    for row in range(max(stop - start - step, 0)):
        gnorm[step + row] = 0.0
        loss[step + row] = 0.0
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return x, m_2, v, count, finite, ended, failed, loss, gnorm


@njit(error_model="numpy", nogil=True)
def finish_0(X, c, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, v_given, steps_done):
    """What holds at the states of adam.

    X : numbers (m, 64)
    c : integers (m)
    lr : number
    beta1 : number
    beta2 : number
    eps : number
    steps : integer
    tol : number
    x_start : numbers (7510)
    seed : 64 bits
    x_given : numbers (7510)
    m_given : numbers (7510)
    v_given : numbers (7510)
    steps_done : integer
    gives stop : integer
    gives loss : number
    gives gnorm : number
    gives objective : number
    """
    m, _ = X.shape
    joined = np.empty(7510)
    minus_inverse_m = np.empty(m)
    W1_X = np.empty((100, m))
    product = np.empty(m)
    product_X = np.empty((100, 64))
    tanh_W1_X_plus_b1 = np.empty((100, m))
    W2_tanh_W1_X_plus_b1 = np.empty((10, m))
    largest = np.empty(m)
    total = np.empty(m)
    product_2 = np.empty(m)
    product_3 = np.empty((10, m))
    product_3_W2 = np.empty(m)
    tanh_W1_X_plus_b1_2 = np.empty((100, m))
    tanh_W1_X_plus_b1_2_sum = np.empty(m)
    total_2 = np.empty(64)
    W1_bar = np.empty((100, 64))
    total_3 = np.empty(100)
    total_4 = np.empty(100)
    total_5 = np.empty((10, 100))
    total_6 = np.empty((10, 100))
    W2_bar = np.empty((10, 100))
    sum_inverse_m = np.empty(10)
    total_7 = np.empty(10)
    total_8 = np.empty((10, m))
    max_total_8_plus_b2 = np.empty(m)
    total_9 = np.empty(m)
    W2_tanh_W1_X_plus_b1_2 = np.empty(m)
    total_10 = 0.0
    sum_joined_squared = 0.0
    b2 = x_given[7500:7500 + 10]
    b1 = x_given[6400:6400 + 100]
    W1 = x_given[:100 * 64].reshape((100, 64))
    for j in range(100):
        for i in range(m):
            W1_X_entry = 0.0
            for j2 in range(64):
                W1_X_entry += W1[j, j2] * X[i, j2]
            W1_X[j, i] = W1_X_entry
    W2 = x_given[6500:6500 + 10 * 100].reshape((10, 100))
    inverse_m = 1.0 / float(m)
    for p in range(m):
        total[p] = 0.0
        largest[p] = -np.inf
        minus_inverse_m[p] = -inverse_m
    for p in range(100):
        for q in range(64):
            product_X[p, q] = 0.0
        b1_p = b1[p]
        for q in range(m):
            tanh = math.tanh(W1_X[p, q] + b1_p)
            tanh_W1_X_plus_b1[p, q] = tanh
            product[q] = minus_inverse_m[q] * W2[max(min(c[q], 9), 0), p] * (1.0 - tanh * tanh)
        for i in range(m):
            product_i = product[i]
            for q in range(64):
                product_X[p, q] += product_i * X[i, q]
    for i in range(10):
        for i2 in range(m):
            W2_tanh_W1_X_plus_b1[i, i2] = 0.0
        for j in range(100):
            W2_i_j = W2[i, j]
            for i2 in range(m):
                W2_tanh_W1_X_plus_b1[i, i2] += W2_i_j * tanh_W1_X_plus_b1[j, i2]
        b2_i = b2[i]
        for i2 in range(m):
            largest[i2] = np.maximum(largest[i2], W2_tanh_W1_X_plus_b1[i, i2] + b2_i)
    for i in range(10):
        b2_i_2 = b2[i]
        for i2 in range(m):
            stop_gradient_largest_i = largest[i2]
            total[i2] += math.exp(W2_tanh_W1_X_plus_b1[i, i2] + b2_i_2 - (stop_gradient_largest_i if math.isfinite(stop_gradient_largest_i) else 0.0))
    for p in range(m):
        total_9[p] = 0.0
        max_total_8_plus_b2[p] = -np.inf
        product_2[p] = inverse_m * (1.0 / total[p])
    for p in range(10):
        for q in range(100):
            total_5[p, q] = 0.0
        b2_p = b2[p]
        for q in range(m):
            stop_gradient_largest_q = largest[q]
            product_3[p, q] = product_2[q] * math.exp(W2_tanh_W1_X_plus_b1[p, q] + b2_p - (stop_gradient_largest_q if math.isfinite(stop_gradient_largest_q) else 0.0))
        for q in range(100):
            total_6_entry = 0.0
            for i in range(m):
                total_6_entry += product_3[p, i] * tanh_W1_X_plus_b1[q, i]
            total_6[p, q] = total_6_entry
    for p in range(100):
        total_4_entry = 0.0
        total_3_entry = 0.0
        for q in range(64):
            total_2[q] = 0.0
        for q in range(m):
            tanh_W1_X_plus_b1_2_sum_entry = 0.0
            for q2 in range(64):
                tanh_W1_X_plus_b1_2_sum_entry += W1[p, q2] * X[q, q2]
            tanh_W1_X_plus_b1_2_sum[q] = tanh_W1_X_plus_b1_2_sum_entry
            product_3_W2[q] = 0.0
        b1_p_2 = b1[p]
        for i in range(m):
            tanh_2 = math.tanh(W1_X[p, i] + b1_p_2)
            total_3_entry += minus_inverse_m[i] * W2[max(min(c[i], 9), 0), p] * (1.0 - tanh_2 * tanh_2)
            tanh_W1_X_plus_b1_2[p, i] = math.tanh(tanh_W1_X_plus_b1_2_sum[i] + b1_p_2)
        total_3[p] = total_3_entry
        for i in range(10):
            W2_i_p = W2[i, p]
            for q in range(m):
                product_3_W2[q] += product_3[i, q] * W2_i_p
        for i in range(m):
            tanh_3 = math.tanh(W1_X[p, i] + b1_p_2)
            total_4_entry += product_3_W2[i] * (1.0 - tanh_3 * tanh_3)
        total_4[p] = total_4_entry
        for i in range(m):
            product_4 = product_3_W2[i] * (1.0 - tanh_W1_X_plus_b1_2[p, i] * tanh_W1_X_plus_b1_2[p, i])
            for q in range(64):
                total_2[q] += product_4 * X[i, q]
        for q in range(64):
            W1_bar[p, q] = product_X[p, q] + total_2[q]
    W1_bar_part = W1_bar.reshape(-1)[:6400]
    b2_bar = joined[7500:7500 + 10]
    b1_bar = joined[6400:6400 + 100]
    for p in range(100):
        for i in range(m):
            if c[i] >= 0 and c[i] < 10:
                total_5[c[i], p] += minus_inverse_m[i] * tanh_W1_X_plus_b1[p, i]
        b1_bar[p] = total_3[p] + total_4[p]
    for p in range(10):
        total_7_entry = 0.0
        b2_p_2 = b2[p]
        for i in range(m):
            stop_gradient_largest_i_2 = largest[i]
            total_7_entry += product_2[i] * math.exp(W2_tanh_W1_X_plus_b1[p, i] + b2_p_2 - (stop_gradient_largest_i_2 if math.isfinite(stop_gradient_largest_i_2) else 0.0))
        total_7[p] = total_7_entry
        sum_inverse_m[p] = 0.0
        for q in range(100):
            W2_bar[p, q] = total_5[p, q] + total_6[p, q]
    for i in range(m):
        W2_tanh_W1_X_plus_b1_2_entry = 0.0
        maximum = max(min(c[i], 9), 0)
        for j in range(100):
            W2_tanh_W1_X_plus_b1_2_entry += W2[maximum, j] * math.tanh(W1_X[j, i] + b1[j])
        W2_tanh_W1_X_plus_b1_2[i] = W2_tanh_W1_X_plus_b1_2_entry
        if c[i] >= 0 and c[i] < 10:
            sum_inverse_m[c[i]] += inverse_m
    for p in range(10):
        for i in range(m):
            total_8[p, i] = 0.0
        for j in range(100):
            W2_p_j = W2[p, j]
            for i in range(m):
                total_8[p, i] += W2_p_j * tanh_W1_X_plus_b1_2[j, i]
        b2_p_3 = b2[p]
        for i in range(m):
            max_total_8_plus_b2[i] = np.maximum(max_total_8_plus_b2[i], total_8[p, i] + b2_p_3)
        b2_bar[p] = -sum_inverse_m[p] + total_7[p]
    for i in range(10):
        b2_i_3 = b2[i]
        for i2 in range(m):
            stop_gradient_max_total_8_plus_b2_i = max_total_8_plus_b2[i2]
            total_9[i2] += math.exp(total_8[i, i2] + b2_i_3 - (stop_gradient_max_total_8_plus_b2_i if math.isfinite(stop_gradient_max_total_8_plus_b2_i) else 0.0))
    for i in range(m):
        stop_gradient_max_total_8_plus_b2_i_2 = max_total_8_plus_b2[i]
        total_10 += math.log(total_9[i]) + (stop_gradient_max_total_8_plus_b2_i_2 if math.isfinite(stop_gradient_max_total_8_plus_b2_i_2) else 0.0) - (W2_tanh_W1_X_plus_b1_2[i] + b2[max(min(c[i], 9), 0)])
    loss_2 = total_10 / float(m)
    joined_part = joined[:6400]
    for i in range(6400):
        joined_part[i] = W1_bar_part[i]
    joined_part_2 = joined[6500:6500 + 1000]
    W2_bar_part = W2_bar.reshape(-1)[:1000]
    for i in range(1000):
        joined_part_2[i] = W2_bar_part[i]
    for i in range(7510):
        sum_joined_squared += joined[i] * joined[i]
    gnorm_2 = math.sqrt(sum_joined_squared)
    stop_2 = 1 if gnorm_2 <= tol else 0
    stop = stop_2
    loss = loss_2
    gnorm = gnorm_2
    objective = loss_2
    return stop, loss, gnorm, objective
