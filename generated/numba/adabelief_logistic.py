"""adabelief on logistic: AdaBelief: the step adapts to the belief in each observed gradient.

Written by optgen 0.1.0 from adabelief.opt; do not edit.  Again:
    optgen compile adabelief.opt --algorithm adabelief --problem logistic --backend numba"""

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
def setup(A, y, reg, lr, beta1, beta2, eps, steps, tol, x_start, seed):
    """The first states of adabelief.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    lr : number
    beta1 : number
    beta2 : number
    eps : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    gives x : numbers (n)
    gives m_2 : numbers (n)
    gives s : numbers (n)
    """
    m, n = A.shape
    x = np.empty(n)
    m_2 = np.empty(n)
    s = np.empty(n)
    for i in range(n):
        m_2[i] = 0.0
    x[:] = x_start
    s[:] = m_2
    return x, m_2, s


@njit(error_model="numpy", nogil=True)
def advance_0(A, y, reg, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, s_given, start, stop):
    """Steps start .. stop - 1 of adabelief.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    lr : number
    beta1 : number
    beta2 : number
    eps : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    m_given : numbers (n)
    s_given : numbers (n)
    start : integer
    stop : integer
    gives x : numbers (n)
    gives m_2 : numbers (n)
    gives s : numbers (n)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives loss : numbers (stop - start)
    gives gnorm : numbers (stop - start)
    """
    m, n = A.shape
    x = np.empty(n)
    m_2 = np.empty(n)
    s = np.empty(n)
    loss = np.empty(stop - start)
    gnorm = np.empty(stop - start)
    A_x = np.empty(m)
    product = np.empty(m)
    product_A = np.empty(n)
    g = np.empty(n)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    s[:] = s_given
    m_2[:] = m_given
    x[:] = x_given
    inverse_m = 1.0 / float(m)
    half_reg = reg / 2.0
    ratio = reg / 2.0
    step = 0
    while step < stop - start:  # steps
        sum_x_squared = 0.0
        total = 0.0
        sum_g_squared = 0.0
        for p in range(n):
            product_A[p] = 0.0
        for i in range(m):
            A_x_entry = 0.0
            for i2 in range(n):
                A_x_entry += A[i, i2] * x[i2]
            A_x[i] = A_x_entry
        for p in range(m):
            negative_y_p = -y[p]
            exp = math.exp(negative_y_p * A_x[p])
            total += math.log1p(exp)
            product[p] = inverse_m * (1.0 / (1.0 + exp)) * exp * negative_y_p
        for i in range(m):
            product_i = product[i]
            for p in range(n):
                product_A[p] += product_i * A[i, p]
        for p in range(n):
            sum_x_squared += x[p] * x[p]
            g_entry = 2.0 * (half_reg * x[p]) + product_A[p]
            g[p] = g_entry
            sum_g_squared += g_entry * g_entry
        gnorm_2 = math.sqrt(sum_g_squared)
        if not (finite_2 and ended_2 == 0 and failed_2 == 0 and not gnorm_2 <= tol):
            break
        gnorm[step] = gnorm_2
        loss_2 = total / float(m) + ratio * sum_x_squared
        loss[step] = loss_2
        all_finite_s_new = True
        all_finite_m_new = True
        all_finite_x_new = True
        difference = 1.0 - power_int(beta1, start + step + 1)
        difference_2 = 1.0 - power_int(beta2, start + step + 1)
        for i in range(n):
            m_new = beta1 * m_2[i] + (1.0 - beta1) * g[i]
            m_2[i] = m_new
            all_finite_m_new &= math.isfinite(m_new)
            s_new = beta2 * s[i] + (1.0 - beta2) * power_int(g[i] - m_new, 2) + eps
            s[i] = s_new
            all_finite_s_new &= math.isfinite(s_new)
            x_new = x[i] - lr * (m_new / difference) / (math.sqrt(s_new / difference_2) + eps)
            x[i] = x_new
            all_finite_x_new &= math.isfinite(x_new)
        both = all_finite_x_new and all_finite_m_new and all_finite_s_new
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
    return x, m_2, s, count, finite, ended, failed, loss, gnorm


@njit(error_model="numpy", nogil=True)
def finish_0(A, y, reg, lr, beta1, beta2, eps, steps, tol, x_start, seed, x_given, m_given, s_given, steps_done):
    """What holds at the states of adabelief.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    lr : number
    beta1 : number
    beta2 : number
    eps : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    m_given : numbers (n)
    s_given : numbers (n)
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
