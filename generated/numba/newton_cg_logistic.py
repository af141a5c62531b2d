"""newton_cg on logistic: Newton's method: the step by conjugate gradients from Hessian-vector products, its
length by halving.

Written by optgen 0.1.0 from newton_cg.opt; do not edit.  Again:
    optgen compile newton_cg.opt --algorithm newton_cg --problem logistic --backend numba"""

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
def setup(A, y, reg, c, steps, tol, x_start, seed):
    """The first states of newton_cg.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    c : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    gives x : numbers (n)
    gives d : numbers (n)
    """
    m, n = A.shape
    x = np.empty(n)
    d = np.empty(n)
    for i in range(n):
        d[i] = 0.0
    x[:] = x_start
    return x, d


@njit(error_model="numpy", nogil=True)
def advance_0(A, y, reg, c, steps, tol, x_start, seed, x_given, d_given, start, stop):
    """Steps start .. stop - 1 of newton_cg.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    c : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    d_given : numbers (n)
    start : integer
    stop : integer
    gives x : numbers (n)
    gives d : numbers (n)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives loss : numbers (stop - start)
    gives gnorm : numbers (stop - start)
    """
    m, n = A.shape
    x = np.empty(n)
    d = np.empty(n)
    loss = np.empty(stop - start)
    gnorm = np.empty(stop - start)
    A_x = np.empty(m)
    product = np.empty(m)
    product_A = np.empty(n)
    g = np.empty(n)
    A_d = np.empty(m)
    product_2 = np.empty(m)
    A_product_2 = np.empty(n)
    exp_minus_y_A_x = np.empty(m)
    opposite = np.empty(m)
    product_3 = np.empty(m)
    steps_x = np.empty(n)
    r = np.empty(n)
    p = np.empty(n)
    A_product_4 = np.empty(n)
    q = np.empty(n)
    steps_x_over_j = np.empty(n)
    total = np.empty(m)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    d[:] = d_given
    x[:] = x_given
    inverse_m = 1.0 / float(m)
    half_reg = reg / 2.0
    ratio_2 = reg / 2.0
    step = 0
    while step < stop - start:  # steps
        sum_x_squared = 0.0
        total_4 = 0.0
        sum_g_squared = 0.0
        for p2 in range(n):
            product_A[p2] = 0.0
        for i in range(m):
            A_x_entry = 0.0
            for i2 in range(n):
                A_x_entry += A[i, i2] * x[i2]
            A_x[i] = A_x_entry
        for p2 in range(m):
            negative_y_p = -y[p2]
            exp = math.exp(negative_y_p * A_x[p2])
            total_4 += math.log1p(exp)
            total_5 = 1.0 + exp
            ratio = 1.0 / total_5
            product_5 = inverse_m * ratio
            product_3[p2] = product_5
            opposite[p2] = -(ratio / total_5)
            exp_minus_y_A_x[p2] = exp
            product[p2] = product_5 * exp * negative_y_p
        for i in range(m):
            product_i = product[i]
            for p2 in range(n):
                product_A[p2] += product_i * A[i, p2]
        for p2 in range(n):
            sum_x_squared += x[p2] * x[p2]
            g_entry = 2.0 * (half_reg * x[p2]) + product_A[p2]
            g[p2] = g_entry
            sum_g_squared += g_entry * g_entry
        gnorm_2 = math.sqrt(sum_g_squared)
        if not (finite_2 and ended_2 == 0 and failed_2 == 0 and not gnorm_2 <= tol):
            break
        gnorm[step] = gnorm_2
        loss_2 = total_4 / float(m) + ratio_2 * sum_x_squared
        loss[step] = loss_2
        all_finite_steps_x = True
        all_finite_x_new = True
        g_steps_x = 0.0
        steps_x[:] = d
        for p2 in range(n):
            A_product_2[p2] = 0.0
        for i in range(m):
            A_d_entry = 0.0
            for i2 in range(n):
                A_d_entry += A[i, i2] * d[i2]
            A_d[i] = A_d_entry
        for p2 in range(m):
            negative_y_p_2 = -y[p2]
            exp_2 = math.exp(negative_y_p_2 * A_x[p2])
            total_6 = 1.0 + exp_2
            ratio_3 = 1.0 / total_6
            product_6 = exp_2 * (negative_y_p_2 * A_d[p2])
            product_2[p2] = negative_y_p_2 * (exp_2 * (inverse_m * (-(ratio_3 / total_6) * product_6)) + inverse_m * ratio_3 * product_6)
        for i in range(m):
            product_2_i = product_2[i]
            for p2 in range(n):
                A_product_2[p2] += A[i, p2] * product_2_i
        for p2 in range(n):
            x_bar_dot = 2.0 * (half_reg * d[p2]) + A_product_2[p2]
            r_start = -g[p2] - x_bar_dot
            p[p2] = r_start
            r[p2] = r_start
        root_sum_g_squared = math.sqrt(sum_g_squared)
        product_7 = np.minimum(0.1, math.sqrt(root_sum_g_squared)) * root_sum_g_squared
        cg_step = 0
        while cg_step < 200:  # cg
            sum_r_squared = 0.0
            for i in range(n):
                sum_r_squared += r[i] * r[i]
            if not (not math.sqrt(sum_r_squared) <= product_7):
                break
            sum_r_new_squared = 0.0
            p_q = 0.0
            for p2 in range(n):
                A_product_4[p2] = 0.0
            for i in range(m):
                A_p_entry = 0.0
                for i2 in range(n):
                    A_p_entry += A[i, i2] * p[i2]
                negative_y_i = -y[i]
                product_8 = exp_minus_y_A_x[i] * (negative_y_i * A_p_entry)
                product_4 = negative_y_i * (exp_minus_y_A_x[i] * (inverse_m * (opposite[i] * product_8)) + product_3[i] * product_8)
                for p2 in range(n):
                    A_product_4[p2] += A[i, p2] * product_4
            for p2 in range(n):
                q_entry = 2.0 * (half_reg * p[p2]) + A_product_4[p2]
                q[p2] = q_entry
                p_q += p[p2] * q_entry
            t = sum_r_squared / p_q
            for i in range(n):
                r_new = r[i] - t * q[i]
                r[i] = r_new
                sum_r_new_squared += r_new * r_new
                steps_x[i] = steps_x[i] + t * p[i]
            ratio_4 = sum_r_new_squared / sum_r_squared
            for i in range(n):
                p[i] = r[i] + ratio_4 * p[i]
            cg_step += 1
        for i in range(n):
            g_steps_x += g[i] * steps_x[i]
        total_8 = total_4 / float(m) + ratio_2 * sum_x_squared
        j = 0
        while j < 41:  # first_j
            total_3 = 0.0
            total_2 = 0.0
            power = power_int(2.0, j)
            for i in range(n):
                ratio_5 = steps_x[i] / power
                total_7 = x[i] + ratio_5
                total_3 += total_7 * total_7
                steps_x_over_j[i] = ratio_5
            for i in range(m):
                total_entry = 0.0
                for i2 in range(n):
                    total_entry += A[i, i2] * (x[i2] + steps_x_over_j[i2])
                total[i] = total_entry
            for i in range(m):
                total_2 += math.log1p(math.exp(-y[i] * total[i]))
            if not (not total_2 / float(m) + ratio_2 * total_3 <= total_8 + c / power * g_steps_x):
                break
            j += 1
        chosen = 1 if j >= 41 else 0
        power_2 = power_int(2.0, j)
        for i in range(n):
            all_finite_steps_x &= math.isfinite(steps_x[i])
            d[i] = d[i] if j >= 41 else steps_x[i]
            x_new = x[i] + steps_x[i] / power_2
            all_finite_x_new &= math.isfinite(x_new)
            x[i] = x[i] if j >= 41 else x_new
        both = all_finite_x_new and all_finite_steps_x
        finite_2 = both
        ended_2 = 0
        failed_2 = chosen
        step += 1
    for row in range(max(stop - start - step, 0)):
        gnorm[step + row] = 0.0
        loss[step + row] = 0.0
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return x, d, count, finite, ended, failed, loss, gnorm


@njit(error_model="numpy", nogil=True)
def finish_0(A, y, reg, c, steps, tol, x_start, seed, x_given, d_given, steps_done):
    """What holds at the states of newton_cg.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    c : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    d_given : numbers (n)
    steps_done : integer
    gives stop : integer
    gives loss : number
    gives gnorm : number
    gives objective : number
    """
    m, n = A.shape
    A_x_given = np.empty(m)
    product = np.empty(m)
    product_A = np.empty(n)
    sum_x_given_squared = 0.0
    total = 0.0
    sum_x_bar_squared = 0.0
    for p in range(n):
        product_A[p] = 0.0
    for i in range(m):
        A_x_given_entry = 0.0
        for i2 in range(n):
            A_x_given_entry += A[i, i2] * x_given[i2]
        A_x_given[i] = A_x_given_entry
    inverse_m = 1.0 / float(m)
    for p in range(m):
        negative_y_p = -y[p]
        exp = math.exp(negative_y_p * A_x_given[p])
        total += math.log1p(exp)
        product[p] = inverse_m * (1.0 / (1.0 + exp)) * exp * negative_y_p
    for i in range(m):
        product_i = product[i]
        for p in range(n):
            product_A[p] += product_i * A[i, p]
    ratio = reg / 2.0
    for p in range(n):
        sum_x_given_squared += x_given[p] * x_given[p]
        x_bar = 2.0 * (ratio * x_given[p]) + product_A[p]
        sum_x_bar_squared += x_bar * x_bar
    loss_2 = total / float(m) + ratio * sum_x_given_squared
    gnorm_2 = math.sqrt(sum_x_bar_squared)
    stop_2 = 1 if gnorm_2 <= tol else 0
    stop = stop_2
    loss = loss_2
    gnorm = gnorm_2
    objective = loss_2
    return stop, loss, gnorm, objective
