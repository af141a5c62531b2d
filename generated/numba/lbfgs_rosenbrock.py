"""lbfgs on rosenbrock: L-BFGS: the inverse Hessian from the last steps, by the two-loop recursion; step length
by halving.

Written by optgen 0.1.0 from lbfgs.opt; do not edit.  Again:
    optgen compile lbfgs.opt --algorithm lbfgs --problem rosenbrock --backend numba"""

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
def setup(memory, c, steps, tol, x_start, seed):
    """The first states of lbfgs.

    c : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    gives x : numbers (n)
    gives g : numbers (n)
    gives S : numbers (memory, n)
    gives S_count : integer
    gives Y : numbers (memory, n)
    gives Y_count : integer
    """
    n, = x_start.shape
    x = np.empty(n)
    g = np.empty(n)
    S = np.empty((memory, n))
    Y = np.empty((memory, n))
    for i in range(memory):
        for j in range(n):
            S[i, j] = 0.0
    for p in range(n):
        g[p] = (100.0 * (2.0 * (x_start[p - 1 + 1] - x_start[max(p - 1, 0)] * x_start[max(p - 1, 0)])) if p - 1 >= 0 and p - 1 < n - 1 else 0.0) + (-(100.0 * (2.0 * (x_start[min(p + 1, n - 1)] - x_start[p] * x_start[p]))) * (2.0 * x_start[p]) - 2.0 * (1.0 - x_start[p]) if p < n - 1 else 0.0)
    x[:] = x_start
    S_count = 0
    Y[:] = S
    Y_count = 0
    return x, g, S, S_count, Y, Y_count


@njit(error_model="numpy", nogil=True)
def advance_0(c, steps, tol, x_start, seed, x_given, g_given, S_given, S_count_given, Y_given, Y_count_given, start, stop):
    """Steps start .. stop - 1 of lbfgs.

    c : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    g_given : numbers (n)
    S_given : numbers (memory, n)
    S_count_given : integer
    Y_given : numbers (memory, n)
    Y_count_given : integer
    start : integer
    stop : integer
    gives x : numbers (n)
    gives g_2 : numbers (n)
    gives S : numbers (memory, n)
    gives S_count : integer
    gives Y_2 : numbers (memory, n)
    gives Y_count : integer
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives loss : numbers (stop - start)
    gives gnorm : numbers (stop - start)
    """
    n, = x_start.shape
    memory, _ = S_given.shape
    x = np.empty(n)
    g_2 = np.empty(n)
    S = np.empty((memory, n))
    Y_2 = np.empty((memory, n))
    loss = np.empty(stop - start)
    gnorm = np.empty(stop - start)
    a_start = np.empty(memory)
    steps_q = np.empty(n)
    steps_a = np.empty(memory)
    steps_r = np.empty(n)
    d = np.empty(n)
    x_new = np.empty(n)
    g_new = np.empty(n)
    g_kept = np.empty(n)
    S_new = np.empty((memory, n))
    Y_kept = np.empty((memory, n))
    g = np.empty(n)
    Y = np.empty((memory, n))
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    Y_count_2 = Y_count_given
    Y[:] = Y_given
    S_count_2 = S_count_given
    S[:] = S_given
    g[:] = g_given
    x[:] = x_given
    for i in range(memory):
        a_start[i] = 0.0
    step = 0
    while step < stop - start:  # steps
        sum_Y_squared = 0.0
        S_Y_2 = 0.0
        sum_g_squared = 0.0
        for i in range(n):
            sum_Y_squared += Y[0, i] * Y[0, i]
            S_Y_2 += S[0, i] * Y[0, i]
            sum_g_squared += g[i] * g[i]
        gnorm_2 = math.sqrt(sum_g_squared)
        if not (finite_2 and ended_2 == 0 and failed_2 == 0 and not gnorm_2 <= tol):
            break
        gnorm[step] = gnorm_2
        every_2 = True
        every = True
        all_finite_g_new = True
        all_finite_x_new = True
        total_3 = 0.0
        total_2 = 0.0
        g_d = 0.0
        loss_2 = 0.0
        for i in range(n - 1):
            loss_2 += 100.0 * power_int(x[i + 1] - x[i] * x[i], 2) + power_int(1.0 - x[i], 2)
        loss[step] = loss_2
        steps_failed_2 = False
        gamma = S_Y_2 / sum_Y_squared if S_count_2 > 0 else 1.0 / np.maximum(math.sqrt(sum_g_squared), 1.0)
        steps_failed = False
        for i in range(memory):
            steps_a[i] = a_start[i]
        steps_q[:] = g
        newest_first_step = 0
        while newest_first_step < S_count_2:  # newest_first
            if not (not steps_failed):
                break
            otherwise = not (newest_first_step >= 0 and newest_first_step < memory)
            S_Y = 0.0
            S_q = 0.0
            for i in range(n):
                S_i = S[max(min(newest_first_step, memory - 1), 0), i]
                S_Y += S_i * Y[max(min(newest_first_step, memory - 1), 0), i]
                S_q += S_i * steps_q[i]
            t = S_q / S_Y
            for p in range(memory):
                a_new = t if p == newest_first_step else steps_a[p]
                steps_a[p] = steps_a[p] if not (newest_first_step >= 0 and newest_first_step < memory) else a_new
            for i in range(n):
                q_new = steps_q[i] - t * Y[max(min(newest_first_step, memory - 1), 0), i]
                steps_q[i] = steps_q[i] if not (newest_first_step >= 0 and newest_first_step < memory) else q_new
            steps_failed = otherwise
            newest_first_step += 1
        for i in range(n):
            r_start = gamma * steps_q[i]
            steps_r[i] = r_start
        oldest_first_step = 0
        while oldest_first_step < S_count_2:  # oldest_first
            if not (not steps_failed_2):
                break
            otherwise_2 = not (S_count_2 - oldest_first_step - 1 >= 0 and S_count_2 - oldest_first_step - 1 < memory)
            S_Y_3 = 0.0
            Y_r = 0.0
            for i in range(n):
                Y_i = Y[max(min(S_count_2 - oldest_first_step - 1, memory - 1), 0), i]
                S_Y_3 += S[max(min(S_count_2 - oldest_first_step - 1, memory - 1), 0), i] * Y_i
                Y_r += Y_i * steps_r[i]
            difference = steps_a[max(min(S_count_2 - oldest_first_step - 1, memory - 1), 0)] - Y_r / S_Y_3
            for i in range(n):
                r_new = steps_r[i] + difference * S[max(min(S_count_2 - oldest_first_step - 1, memory - 1), 0), i]
                steps_r[i] = steps_r[i] if not (S_count_2 - oldest_first_step - 1 >= 0 and S_count_2 - oldest_first_step - 1 < memory) else r_new
            steps_failed_2 = otherwise_2
            oldest_first_step += 1
        for i in range(n):
            d_entry = -steps_r[i]
            d[i] = d_entry
            g_d += g[i] * d_entry
        j = 0
        while j < 51:  # first_j
            total = 0.0
            power = power_int(2.0, j)
            for i in range(n - 1):
                total_4 = x[i] + d[i] / power
                total += 100.0 * power_int(x[i + 1] + d[i + 1] / power - total_4 * total_4, 2) + power_int(1.0 - total_4, 2)
            if not (not total <= loss_2 + c / power * g_d):
                break
            j += 1
        chosen_2 = 2 if steps_failed_2 else (3 if j >= 51 else 0)
        chosen_3 = 1 if steps_failed else chosen_2
        power_2 = power_int(2.0, j)
        for i in range(n):
            x_new[i] = x[i] + d[i] / power_2
        for i in range(memory):
            for j2 in range(n):
                S_new[i, j2] = x_new[j2] - x[j2] if i == 0 else S[max(i - 1, 0), j2]
        chosen = 1 if steps_failed else (2 if steps_failed_2 else (3 if j >= 51 else 0))
        for i in range(n):
            all_finite_x_new &= math.isfinite(x_new[i])
            g_new_entry = (100.0 * (2.0 * (x_new[i - 1 + 1] - x_new[max(i - 1, 0)] * x_new[max(i - 1, 0)])) if i - 1 >= 0 and i - 1 < n - 1 else 0.0) + (-(100.0 * (2.0 * (x_new[min(i + 1, n - 1)] - x_new[i] * x_new[i]))) * (2.0 * x_new[i]) - 2.0 * (1.0 - x_new[i]) if i < n - 1 else 0.0)
            g_new[i] = g_new_entry
            all_finite_g_new &= math.isfinite(g_new_entry)
            difference_2 = g_new_entry - g[i]
            total_3 += difference_2 * difference_2
            total_2 += (x_new[i] - x[i]) * difference_2
            g_kept[i] = g[i] if chosen != 0 else g_new_entry
            x[i] = x[i] if chosen != 0 else x_new[i]
        Y_count_kept = Y_count_2 if chosen != 0 else (min(Y_count_2 + 1, memory) if total_2 > 1e-12 * total_3 else Y_count_2)
        S_count_kept = S_count_2 if chosen != 0 else (min(S_count_2 + 1, memory) if total_2 > 1e-12 * total_3 else S_count_2)
        for i in range(memory):
            for j2 in range(n):
                Y_new = g_new[j2] - g[j2] if i == 0 else Y[max(i - 1, 0), j2]
                steps_Y_new = Y_new if total_2 > 1e-12 * total_3 else Y[i, j2]
                every_2 &= math.isfinite(steps_Y_new)
                Y_kept[i, j2] = Y[i, j2] if chosen != 0 else steps_Y_new
                steps_S_new = S_new[i, j2] if total_2 > 1e-12 * total_3 else S[i, j2]
                every &= math.isfinite(steps_S_new)
                S[i, j2] = S[i, j2] if chosen != 0 else steps_S_new
        both = all_finite_x_new and all_finite_g_new and every and every_2
        S_count_2 = S_count_kept
        Y_count_2 = Y_count_kept
        finite_2 = both
        ended_2 = 0
        failed_2 = chosen_3
        g, g_kept = g_kept, g
        Y, Y_kept = Y_kept, Y
        step += 1
    for row in range(max(stop - start - step, 0)):
        gnorm[step + row] = 0.0
        loss[step + row] = 0.0
    g_2[:] = g
    S_count = S_count_2
    Y_2[:] = Y
    Y_count = Y_count_2
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return x, g_2, S, S_count, Y_2, Y_count, count, finite, ended, failed, loss, gnorm


@njit(error_model="numpy", nogil=True)
def finish_0(c, steps, tol, x_start, seed, x_given, g_given, S_given, S_count_given, Y_given, Y_count_given, steps_done):
    """What holds at the states of lbfgs.

    c : number
    steps : integer
    tol : number
    x_start : numbers (n)
    seed : 64 bits
    x_given : numbers (n)
    g_given : numbers (n)
    S_given : numbers (memory, n)
    S_count_given : integer
    Y_given : numbers (memory, n)
    Y_count_given : integer
    steps_done : integer
    gives stop : integer
    gives loss : number
    gives gnorm : number
    gives objective : number
    """
    n, = x_start.shape
    memory, _ = S_given.shape
    loss_2 = 0.0
    for i in range(n - 1):
        loss_2 += 100.0 * power_int(x_given[i + 1] - x_given[i] * x_given[i], 2) + power_int(1.0 - x_given[i], 2)
    sum_g_given_squared = 0.0
    for i in range(n):
        sum_g_given_squared += g_given[i] * g_given[i]
    gnorm_2 = math.sqrt(sum_g_given_squared)
    stop_2 = 1 if gnorm_2 <= tol else 0
    stop = stop_2
    loss = loss_2
    gnorm = gnorm_2
    objective = loss_2
    return stop, loss, gnorm, objective
