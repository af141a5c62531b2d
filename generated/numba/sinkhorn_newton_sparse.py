"""sinkhorn_newton_sparse: Entropic optimal transport: a few Sinkhorn scalings, then Newton steps with a sparse
Hessian.

Written by optgen 0.1.0 from sinkhorn_newton_sparse.opt; do not edit.  Again:
    optgen compile sinkhorn_newton_sparse.opt --algorithm sinkhorn_newton_sparse --backend numba"""

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
def argsort(x):
    """Positions of the entries in stable ascending order, NaN last."""
    n, order, other = x.size, np.arange(x.size), np.empty(x.size, np.int64)
    width = 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            i, j = low, middle
            for k in range(low, high):
                right_first = j < high
                if i < middle and j < high:
                    a, b = x[order[i]], x[order[j]]
                    right_first = b < a or (a != a and b == b)
                if not right_first:
                    other[k], i = order[i], i + 1
                else:
                    other[k], j = order[j], j + 1
        order, other = other, order
        width *= 2
    return order


@njit(error_model="numpy", nogil=True)
def sort(x):
    """The entries ascending, NaN last."""
    return x[argsort(x)]


@njit(error_model="numpy", nogil=True)
def setup(C, a, b, eta, N1, density, steps, tol, seed):
    """The first states of sinkhorn_newton_sparse.

    C : numbers (n, m)
    a : numbers (n)
    b : numbers (m)
    eta : number
    N1 : integer
    density : number
    steps : integer
    tol : number
    seed : 64 bits
    gives x : numbers (n)
    gives y : numbers (m)
    """
    n, m = C.shape
    x = np.empty(n)
    y = np.empty(m)
    for i in range(m):
        y[i] = 0.0
    for i in range(n):
        x[i] = 0.0
    return x, y


@njit(error_model="numpy", nogil=True)
def advance_0(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, start, stop):
    """Steps start .. stop - 1 of sinkhorn_newton_sparse.

    C : numbers (n, m)
    a : numbers (n)
    b : numbers (m)
    eta : number
    N1 : integer
    density : number
    steps : integer
    tol : number
    seed : 64 bits
    x_given : numbers (n)
    y_given : numbers (m)
    start : integer
    stop : integer
    gives x_2 : numbers (n)
    gives y : numbers (m)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives potential : numbers (stop - start)
    gives error : numbers (stop - start)
    """
    n, m = C.shape
    x_2 = np.empty(n)
    y = np.empty(m)
    potential = np.empty(stop - start)
    error = np.empty(stop - start)
    log_a = np.empty(n)
    log_b = np.empty(m)
    max_eta_y_minus_C = np.empty(n)
    total = np.empty(n)
    x_new = np.empty(n)
    largest = np.empty(m)
    total_2 = np.empty(m)
    P = np.empty((n, m))
    v = np.empty(m)
    x = np.empty(n)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    y[:] = y_given
    x[:] = x_given
    for j in range(m):
        log_b[j] = math.log(b[j]) + 1.0
    for i in range(n):
        log_a[i] = math.log(a[i]) + 1.0
    step = 0
    while step < min(stop, N1) - start:  # sinkhorn
        if not (finite_2 and ended_2 == 0 and failed_2 == 0):
            break
        sum_size_v_minus_b = 0.0
        sum_size_u_minus_a = 0.0
        total_3 = 0.0
        b_y = 0.0
        a_x = 0.0
        all_finite_y_new = True
        all_finite_x_new = True
        for j in range(m):
            total_2[j] = 0.0
            largest[j] = -np.inf
        for i in range(n):
            total_entry = 0.0
            max_eta_y_minus_C_entry = -np.inf
            for j in range(m):
                max_eta_y_minus_C_entry = np.maximum(max_eta_y_minus_C_entry, eta * (y[j] - C[i, j]))
            max_eta_y_minus_C[i] = max_eta_y_minus_C_entry
            chosen = max_eta_y_minus_C_entry if math.isfinite(max_eta_y_minus_C_entry) else 0.0
            for j in range(m):
                total_entry += math.exp(eta * (y[j] - C[i, j]) - chosen)
            total[i] = total_entry
        for i in range(n):
            stop_gradient_max_eta_y_minus_C_i = max_eta_y_minus_C[i]
            x_new[i] = (log_a[i] - (math.log(total[i]) + (stop_gradient_max_eta_y_minus_C_i if math.isfinite(stop_gradient_max_eta_y_minus_C_i) else 0.0))) / eta
        for i in range(n):
            x_new_i = x_new[i]
            for j in range(m):
                largest[j] = np.maximum(largest[j], eta * (x_new_i - C[i, j]))
        for i in range(n):
            u_entry = 0.0
            a_x += a[i] * x[i]
            all_finite_x_new &= math.isfinite(x_new[i])
            x_i = x[i]
            x_new_i_2 = x_new[i]
            for j in range(m):
                exp = math.exp(eta * (x_i + y[j] - C[i, j]) - 1.0)
                P[i, j] = exp
                u_entry += exp
                total_3 += exp
                stop_gradient_largest_j = largest[j]
                total_2[j] += math.exp(eta * (x_new_i_2 - C[i, j]) - (stop_gradient_largest_j if math.isfinite(stop_gradient_largest_j) else 0.0))
            sum_size_u_minus_a += abs(u_entry - a[i])
        for j in range(m):
            v[j] = 0.0
            b_y += b[j] * y[j]
            stop_gradient_largest_j_2 = largest[j]
            y_new = (log_b[j] - (math.log(total_2[j]) + (stop_gradient_largest_j_2 if math.isfinite(stop_gradient_largest_j_2) else 0.0))) / eta
            y[j] = y_new
            all_finite_y_new &= math.isfinite(y_new)
        for i in range(n):
            for j in range(m):
                v[j] += P[i, j]
        for i in range(m):
            sum_size_v_minus_b += abs(v[i] - b[i])
        err = sum_size_u_minus_a + sum_size_v_minus_b
        error[step] = err
        potential_2 = a_x + b_y - total_3 / eta
        potential[step] = potential_2
        both = all_finite_x_new and all_finite_y_new
        finite_2 = both
        ended_2 = 0
        failed_2 = 0
        x, x_new = x_new, x
        step += 1
    for row in range(max(stop - start - step, 0)):
        error[step + row] = 0.0
        potential[step + row] = 0.0
    x_2[:] = x
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return x_2, y, count, finite, ended, failed, potential, error


@njit(error_model="numpy", nogil=True)
def finish_0(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, steps_done):
    """What holds at the states of sinkhorn_newton_sparse.

    C : numbers (n, m)
    a : numbers (n)
    b : numbers (m)
    eta : number
    N1 : integer
    density : number
    steps : integer
    tol : number
    seed : 64 bits
    x_given : numbers (n)
    y_given : numbers (m)
    steps_done : integer
    gives stop : integer
    gives potential : number
    gives error : number
    gives P : numbers (n, m)
    gives u : numbers (n)
    gives v : numbers (m)
    gives err : number
    """
    n, m = C.shape
    P = np.empty((n, m))
    u = np.empty(n)
    v = np.empty(m)
    sum_size_v_minus_b = 0.0
    sum_size_u_minus_a = 0.0
    total = 0.0
    b_y_given = 0.0
    for i in range(m):
        v[i] = 0.0
        b_y_given += b[i] * y_given[i]
    a_x_given = 0.0
    for i in range(n):
        u_entry = 0.0
        x_given_i = x_given[i]
        for j in range(m):
            exp = math.exp(eta * (x_given_i + y_given[j] - C[i, j]) - 1.0)
            P[i, j] = exp
            v[j] += exp
            u_entry += exp
            total += exp
        u[i] = u_entry
        sum_size_u_minus_a += abs(u_entry - a[i])
        a_x_given += a[i] * x_given_i
    for i in range(m):
        sum_size_v_minus_b += abs(v[i] - b[i])
    err_2 = sum_size_u_minus_a + sum_size_v_minus_b
    potential_2 = a_x_given + b_y_given - total / eta
    stop = 0
    potential = potential_2
    error = err_2
    err = err_2
    return stop, potential, error, P, u, v, err


@njit(error_model="numpy", nogil=True)
def advance_1(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, start, stop):
    """Steps start .. stop - 1 of sinkhorn_newton_sparse.

    C : numbers (n, m)
    a : numbers (n)
    b : numbers (m)
    eta : number
    N1 : integer
    density : number
    steps : integer
    tol : number
    seed : 64 bits
    x_given : numbers (n)
    y_given : numbers (m)
    start : integer
    stop : integer
    gives x : numbers (n)
    gives y : numbers (m)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives potential : numbers (stop - start)
    gives error : numbers (stop - start)
    """
    n, m = C.shape
    x = np.empty(n)
    y = np.empty(m)
    potential = np.empty(stop - start)
    error = np.empty(stop - start)
    x_start = np.empty(m + n)
    P = np.empty((n, m))
    u = np.empty(n)
    v = np.empty(m)
    a_minus_u_b_minus_v = np.empty(m + n)
    minus_P_2 = np.empty(m * n)
    total_total_2 = np.empty(m + n)
    u_v = np.empty(m + n)
    newton_sort_minus_P_2 = np.empty(m * n)
    S = np.empty((n, m))
    S_x_start_part = np.empty(m)
    newton_x = np.empty(m + n)
    r = np.empty(m + n)
    z = np.empty(m + n)
    p = np.empty(m + n)
    total_4_total_5 = np.empty(m + n)
    S_p_part_2 = np.empty(n)
    S_p_part = np.empty(m)
    q = np.empty(m + n)
    newton_x_part_over_j = np.empty(n)
    ratio = np.empty(m)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    y[:] = y_given
    x[:] = x_given
    for i in range(m + n):
        x_start[i] = 0.0
    x_start_part_2 = x_start[n:n + m]
    x_start_part = x_start[:n]
    ceil = int(math.ceil(density * float(n) * float(m)))
    maximum = max(min(ceil - 1, m * n - 1), 0)
    opposite = not (ceil >= 1 and ceil <= m * n)
    step = 0
    while step < stop - start:  # newton
        b_y = 0.0
        sum_size_v_minus_b = 0.0
        for j2 in range(m):
            v[j2] = 0.0
        sum_size_u_minus_a = 0.0
        for i in range(n):
            u_entry = 0.0
            x_i = x[i]
            for j2 in range(m):
                P_entry = math.exp(eta * (x_i + y[j2] - C[i, j2]) - 1.0)
                P[i, j2] = P_entry
                v[j2] += P_entry
                u_entry += P_entry
            u[i] = u_entry
            sum_size_u_minus_a += abs(u_entry - a[i])
        for i in range(m):
            b_y += b[i] * y[i]
            sum_size_v_minus_b += abs(v[i] - b[i])
        err = sum_size_u_minus_a + sum_size_v_minus_b
        if not (finite_2 and ended_2 == 0 and failed_2 == 0 and not err <= tol):
            break
        error[step] = err
        all_finite_y_new = True
        all_finite_x_new = True
        total_10 = 0.0
        total_9 = 0.0
        a_x = 0.0
        total_3 = 0.0
        u_v_part = u_v[:n]
        total_2 = total_total_2[n:n + m]
        total = total_total_2[:n]
        minus_P = minus_P_2[:n * m].reshape((n, m))
        b_minus_v = a_minus_u_b_minus_v[n:n + m]
        a_minus_u = a_minus_u_b_minus_v[:n]
        for i in range(n):
            for j2 in range(m):
                minus_P[i, j2] = -P[i, j2]
            a_minus_u[i] = a[i] - u[i]
        newton_sort_minus_P_2[:] = sort(minus_P_2)
        rho = -newton_sort_minus_P_2[maximum]
        for i in range(n):
            S_x_start_part_2_entry = 0.0
            for j2 in range(m):
                S_entry = P[i, j2] if P[i, j2] >= rho else 0.0
                S[i, j2] = S_entry
                S_x_start_part_2_entry += S_entry * x_start_part_2[j2]
            total[i] = u[i] * x_start_part[i] + S_x_start_part_2_entry
        for i in range(m):
            S_x_start_part[i] = 0.0
            b_minus_v[i] = b[i] - v[i]
        for j2 in range(n):
            a_x += a[j2] * x[j2]
            u_v_part[j2] = u[j2]
            x_j = x[j2]
            x_start_part_j = x_start_part[j2]
            for i in range(m):
                total_9 += math.exp(eta * (x_j + y[i] - C[j2, i]) - 1.0)
                S_x_start_part[i] += S[j2, i] * x_start_part_j
        potential_2 = a_x + b_y - total_9 / eta
        potential[step] = potential_2
        u_v_part_2 = u_v[n:n + m]
        for i in range(m):
            u_v_part_2[i] = v[i]
            total_2[i] = S_x_start_part[i] + v[i] * x_start_part_2[i]
        for i in range(m + n):
            newton_x[i] = x_start[i]
            total_3 += a_minus_u_b_minus_v[i] * a_minus_u_b_minus_v[i]
            r_start = a_minus_u_b_minus_v[i] - eta * total_total_2[i]
            r[i] = r_start
            z_start = r_start / (eta * u_v[i])
            p[i] = z_start
            z[i] = z_start
        product = 1e-10 * math.sqrt(total_3)
        pcg_step = 0
        while pcg_step < 2000:  # pcg
            r_z = 0.0
            sum_r_squared = 0.0
            for i in range(m + n):
                r_z += r[i] * z[i]
                sum_r_squared += r[i] * r[i]
            if not (not math.sqrt(sum_r_squared) <= product):
                break
            r_new_z_new = 0.0
            p_q = 0.0
            for i in range(m):
                S_p_part[i] = 0.0
            p_part_2 = p[n:n + m]
            for i in range(n):
                S_p_part_2_entry = 0.0
                for j2 in range(m):
                    S_p_part_2_entry += S[i, j2] * p_part_2[j2]
                S_p_part_2[i] = S_p_part_2_entry
            p_part = p[:n]
            total_5 = total_4_total_5[n:n + m]
            total_4 = total_4_total_5[:n]
            for i in range(n):
                p_part_i = p_part[i]
                for i2 in range(m):
                    S_p_part[i2] += S[i, i2] * p_part_i
                total_4[i] = u[i] * p_part_i + S_p_part_2[i]
            for i in range(m):
                total_5[i] = S_p_part[i] + v[i] * p_part_2[i]
            for i in range(m + n):
                q_entry = eta * total_4_total_5[i]
                q[i] = q_entry
                p_q += p[i] * q_entry
            t = r_z / p_q
            for i in range(m + n):
                r_new = r[i] - t * q[i]
                r[i] = r_new
                z_new = r_new / (eta * u_v[i])
                z[i] = z_new
                r_new_z_new += r_new * z_new
                newton_x[i] = newton_x[i] + t * p[i]
            ratio_2 = r_new_z_new / r_z
            for i in range(m + n):
                p[i] = z[i] + ratio_2 * p[i]
            pcg_step += 1
        for i in range(m + n):
            total_10 += a_minus_u_b_minus_v[i] * newton_x[i]
        newton_x_part_2 = newton_x[n:n + m]
        newton_x_part = newton_x[:n]
        difference = a_x + b_y - total_9 / eta
        product_2 = 1e-14 * np.maximum(1.0, abs(difference))
        j = 0
        while j < 41:  # first_j
            total_8 = 0.0
            total_7 = 0.0
            power = power_int(2.0, j)
            for i in range(m):
                ratio_3 = newton_x_part_2[i] / power
                ratio[i] = ratio_3
                total_7 += b[i] * (y[i] + ratio_3)
            total_6 = 0.0
            for i in range(n):
                ratio_4 = newton_x_part[i] / power
                newton_x_part_over_j[i] = ratio_4
                total_6 += a[i] * (x[i] + ratio_4)
            for i in range(n):
                total_11 = x[i] + newton_x_part_over_j[i]
                for j2 in range(m):
                    total_8 += math.exp(eta * (total_11 + (y[j2] + ratio[j2]) - C[i, j2]) - 1.0)
            if not (not total_6 + total_7 - total_8 / eta >= difference + 0.0001 / power * total_10 - product_2):
                break
            j += 1
        chosen = 1 if opposite else (2 if j >= 41 else 0)
        power_2 = power_int(2.0, j)
        for i in range(m):
            y_new = y[i] + newton_x_part_2[i] / power_2
            all_finite_y_new &= math.isfinite(y_new)
            y[i] = y[i] if (1 if opposite else (2 if j >= 41 else 0)) != 0 else y_new
        for i in range(n):
            x_new = x[i] + newton_x_part[i] / power_2
            all_finite_x_new &= math.isfinite(x_new)
            x[i] = x[i] if (1 if opposite else (2 if j >= 41 else 0)) != 0 else x_new
        both = all_finite_x_new and all_finite_y_new
        finite_2 = both
        ended_2 = 0
        failed_2 = chosen
        step += 1
    for row in range(max(stop - start - step, 0)):
        error[step + row] = 0.0
        potential[step + row] = 0.0
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return x, y, count, finite, ended, failed, potential, error


@njit(error_model="numpy", nogil=True)
def finish_1(C, a, b, eta, N1, density, steps, tol, seed, x_given, y_given, steps_done):
    """What holds at the states of sinkhorn_newton_sparse.

    C : numbers (n, m)
    a : numbers (n)
    b : numbers (m)
    eta : number
    N1 : integer
    density : number
    steps : integer
    tol : number
    seed : 64 bits
    x_given : numbers (n)
    y_given : numbers (m)
    steps_done : integer
    gives stop : integer
    gives potential : number
    gives error : number
    gives P : numbers (n, m)
    gives u : numbers (n)
    gives v : numbers (m)
    gives err : number
    """
    n, m = C.shape
    P = np.empty((n, m))
    u = np.empty(n)
    v = np.empty(m)
    total = 0.0
    b_y_given = 0.0
    a_x_given = 0.0
    sum_size_v_minus_b = 0.0
    for j in range(m):
        v[j] = 0.0
    sum_size_u_minus_a = 0.0
    for i in range(n):
        a_x_given += a[i] * x_given[i]
        u_entry = 0.0
        x_given_i = x_given[i]
        for j in range(m):
            exp = math.exp(eta * (x_given_i + y_given[j] - C[i, j]) - 1.0)
            total += exp
            P[i, j] = exp
            v[j] += exp
            u_entry += exp
        u[i] = u_entry
        sum_size_u_minus_a += abs(u_entry - a[i])
    for i in range(m):
        b_y_given += b[i] * y_given[i]
        sum_size_v_minus_b += abs(v[i] - b[i])
    potential_2 = a_x_given + b_y_given - total / eta
    err_2 = sum_size_u_minus_a + sum_size_v_minus_b
    stop_2 = 1 if err_2 <= tol else 0
    stop = stop_2
    potential = potential_2
    error = err_2
    err = err_2
    return stop, potential, error, P, u, v, err
