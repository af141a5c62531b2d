"""hmc on logistic: Hamiltonian Monte Carlo: leapfrog along a drawn momentum, then accept or stay; U is minus the
log density.

Written by optgen 0.1.0 from hmc.opt; do not edit.  Again:
    optgen compile hmc.opt --algorithm hmc --problem logistic --backend numba"""

import math

import numpy as np
from numba import njit


ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


@njit(error_model="numpy", nogil=True)
def threefry(key, counter):
    """Threefry-2x32-20 (Salmon et al., SC 2011) of a key and a counter, each a pair of 32-bit words in 64 bits."""
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    k0, k1 = key >> half, key & mask
    k2 = k0 ^ k1 ^ np.uint64(0x1BD11BDA)
    x0, x1 = ((counter >> half) + k0) & mask, ((counter & mask) + k1) & mask
    for group in range(5):
        for turn in range(4):
            x0 = (x0 + x1) & mask
            rotation = np.uint64(ROTATIONS[4 * (group % 2) + turn])
            x1 = ((x1 << rotation) | (x1 >> (half - rotation))) & mask
            x1 = x1 ^ x0
        first, second = (k1, k2) if group % 3 == 0 else (k2, k0) if group % 3 == 1 else (k0, k1)
        x0 = (x0 + first) & mask
        x1 = (x1 + second + np.uint64(group + 1)) & mask
    return (x0 << half) | x1


@njit(error_model="numpy", nogil=True)
def uniform(bits):
    """The leading 53 bits as a number in [0, 1)."""
    return float(bits >> np.uint64(11)) * 2.0**-53


@njit(error_model="numpy", nogil=True)
def high_word(bits):
    """The high word as a number in (0, 1)."""
    return (float(bits >> np.uint64(32)) + 0.5) * 2.0**-32


@njit(error_model="numpy", nogil=True)
def low_word(bits):
    """The low word as a number in [0, 1)."""
    return float(bits & np.uint64(0xFFFFFFFF)) * 2.0**-32


@njit(error_model="numpy", nogil=True)
def setup(A, y, reg, h, leaps, steps, tol, x_start, seed):
    """The first states of hmc.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    h : number
    leaps : integer
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    gives x : numbers (n)
    """
    m, n = A.shape
    x = np.empty(n)
    x[:] = x_start
    return x,


@njit(error_model="numpy", nogil=True)
def advance_0(A, y, reg, h, leaps, steps, tol, x_start, seed, x_given, start, stop):
    """Steps start .. stop - 1 of hmc.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    h : number
    leaps : integer
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    start : integer
    stop : integer
    gives x : numbers (n)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives position : numbers (stop - start, n)
    gives accepted : Bools (stop - start)
    """
    m, n = A.shape
    x = np.empty(n)
    position = np.empty((stop - start, n))
    accepted = np.empty(stop - start, np.bool_)
    A_x = np.empty(m)
    v = np.empty(n)
    product = np.empty(m)
    product_A = np.empty(n)
    steps_q = np.empty(n)
    steps_p_2 = np.empty(n)
    A_q_new = np.empty(m)
    product_2 = np.empty(m)
    product_2_A = np.empty(n)
    A_steps_q = np.empty(m)
    product_3 = np.empty(m)
    product_3_A = np.empty(n)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    x[:] = x_given
    inverse_m = 1.0 / float(m)
    half_reg = reg / 2.0
    bits = threefry(seed, np.uint64(15523204092661105267))
    ratio = h / 2.0
    ratio_2 = reg / 2.0
    bits_4 = threefry(seed, np.uint64(6131179111235765616))
    step = 0
    while step < stop - start:  # steps
        if not (finite_2 and ended_2 == 0 and failed_2 == 0):
            break
        all_finite_x_new = True
        sum_steps_p_squared = 0.0
        sum_steps_q_squared = 0.0
        total_2 = 0.0
        steps_q[:] = x
        sum_v_squared = 0.0
        sum_x_squared = 0.0
        bits_2 = threefry(bits, np.uint64(start + step))
        for i in range(n):
            product_A[i] = 0.0
            bits_3 = threefry(bits_2, np.uint64(i))
            v_entry = math.sqrt(-2.0 * math.log(float(high_word(bits_3)))) * math.cos(6.283185307179586 * float(low_word(bits_3)))
            v[i] = v_entry
            sum_v_squared += v_entry * v_entry
            sum_x_squared += x[i] * x[i]
        total = 0.0
        for i in range(m):
            A_x_entry = 0.0
            for i2 in range(n):
                A_x_entry += A[i, i2] * x[i2]
            A_x[i] = A_x_entry
        for i in range(m):
            negative_y_i = -y[i]
            exp = math.exp(negative_y_i * A_x[i])
            product[i] = inverse_m * (1.0 / (1.0 + exp)) * exp * negative_y_i
            total += math.log1p(exp)
        for i in range(m):
            product_i = product[i]
            for p in range(n):
                product_A[p] += product_i * A[i, p]
        for p in range(n):
            x_bar = 2.0 * (half_reg * x[p]) + product_A[p]
            p_start = v[p] - ratio * x_bar
            steps_p_2[p] = p_start
        leapfrog_step = 0
        while leapfrog_step < leaps:  # leapfrog
            for i in range(n):
                product_2_A[i] = 0.0
                steps_q[i] = steps_q[i] + h * steps_p_2[i]
            for i in range(m):
                A_q_new_entry = 0.0
                for i2 in range(n):
                    A_q_new_entry += A[i, i2] * steps_q[i2]
                A_q_new[i] = A_q_new_entry
            for p in range(m):
                negative_y_p = -y[p]
                exp_2 = math.exp(negative_y_p * A_q_new[p])
                product_2[p] = inverse_m * (1.0 / (1.0 + exp_2)) * exp_2 * negative_y_p
            for i in range(m):
                product_2_i = product_2[i]
                for p in range(n):
                    product_2_A[p] += product_2_i * A[i, p]
            for p in range(n):
                leapfrog_x_bar = 2.0 * (half_reg * steps_q[p]) + product_2_A[p]
                steps_p_2[p] = steps_p_2[p] - h * leapfrog_x_bar
            leapfrog_step += 1
        for i in range(n):
            product_3_A[i] = 0.0
            sum_steps_q_squared += steps_q[i] * steps_q[i]
        for i in range(m):
            A_steps_q_entry = 0.0
            for i2 in range(n):
                A_steps_q_entry += A[i, i2] * steps_q[i2]
            A_steps_q[i] = A_steps_q_entry
        for i in range(m):
            negative_y_i_2 = -y[i]
            exp_3 = math.exp(negative_y_i_2 * A_steps_q[i])
            product_3[i] = inverse_m * (1.0 / (1.0 + exp_3)) * exp_3 * negative_y_i_2
            total_2 += math.log1p(exp_3)
        for i in range(m):
            product_3_i = product_3[i]
            for p in range(n):
                product_3_A[p] += product_3_i * A[i, p]
        for p in range(n):
            steps_x_bar = 2.0 * (half_reg * steps_q[p]) + product_3_A[p]
            steps_p = steps_p_2[p] + ratio * steps_x_bar
            sum_steps_p_squared += steps_p * steps_p
        drop = total / float(m) + ratio_2 * sum_x_squared + sum_v_squared / 2.0 - (total_2 / float(m) + ratio_2 * sum_steps_q_squared) - sum_steps_p_squared / 2.0
        u = float(uniform(threefry(threefry(bits_4, np.uint64(start + step)), np.uint64(0))))
        accepted_2 = math.log(u) < drop
        accepted[step] = accepted_2
        lt = math.log(u) < drop
        for i in range(n):
            position[step, i] = x[i]
            x_new = steps_q[i] if lt else x[i]
            x[i] = x_new
            all_finite_x_new &= math.isfinite(x_new)
        finite_2 = all_finite_x_new
        ended_2 = 0
        failed_2 = 0
        step += 1
    for row in range(max(stop - start - step, 0)):
        accepted[step + row] = False
        for i in range(n):
            position[step + row, i] = 0.0
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return x, count, finite, ended, failed, position, accepted


@njit(error_model="numpy", nogil=True)
def finish_0(A, y, reg, h, leaps, steps, tol, x_start, seed, x_given, steps_done):
    """What holds at the states of hmc.

    A : numbers (m, n)
    y : numbers (m)
    reg : number
    h : number
    leaps : integer
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    steps_done : integer
    gives stop : integer
    gives position : numbers (n)
    gives objective : number
    """
    m, n = A.shape
    position = np.empty(n)
    A_x_given = np.empty(m)
    sum_x_given_squared = 0.0
    for i in range(n):
        sum_x_given_squared += x_given[i] * x_given[i]
    total = 0.0
    for i in range(m):
        A_x_given_entry = 0.0
        for i2 in range(n):
            A_x_given_entry += A[i, i2] * x_given[i2]
        A_x_given[i] = A_x_given_entry
    for i in range(m):
        total += math.log1p(math.exp(-y[i] * A_x_given[i]))
    objective_2 = total / float(m) + reg / 2.0 * sum_x_given_squared
    stop = 0
    position[:] = x_given
    objective = objective_2
    return stop, position, objective
