"""ef21_top1 on robust_regression: EF21-W: distributed descent with compressed differences, clients weighted by
their smoothness.

Written by optgen 0.1.0 from ef21_w.opt; do not edit.  Again:
    optgen compile ef21_w.opt --algorithm ef21_top1 --problem robust_regression --backend numba"""

import math

import numpy as np
from numba import njit


@njit(error_model="numpy", nogil=True)
def eigh(a):
    """Eigenvalues ascending, eigenvectors in columns, the entry of each largest in absolute value positive."""
    values, vectors = np.full(a.shape[0], np.nan, a.dtype), np.full(a.shape, np.nan, a.dtype)
    if np.all(np.isfinite(a)):
        values[:], vectors[:, :] = np.linalg.eigh(a)
        for j in range(a.shape[0]):
            if vectors[np.argmax(np.abs(vectors[:, j])), j] < 0:
                vectors[:, j] = -vectors[:, j]
    return values, vectors


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
def setup(A, b, lam, alpha, gam, steps, tol, x_start, seed):
    """The first states of ef21_top1.

    A : numbers (clients, m, d)
    b : numbers (clients, m)
    lam : number
    alpha : number
    gam : number
    steps : integer
    tol : number
    x_start : numbers (d)
    seed : 64 bits
    gives x : numbers (d)
    gives g : numbers (clients, d)
    """
    clients, m, d = A.shape
    x = np.empty(d)
    g = np.empty((clients, d))
    inverse_x_start = np.empty(d)
    ratio = np.empty(d)
    A_x_start = np.empty(m)
    product_A = np.empty((clients, d))
    x_bar = np.empty((clients, d))
    A_A = np.empty((clients, d, d))
    eigh_A_A_2 = np.empty((clients, d))
    unread = np.empty((clients, d, d))
    total = np.empty(clients)
    w = np.empty(clients)
    opposite = np.empty((clients, d))
    argsort_opposite_2 = np.empty((clients, d), np.int64)
    sum_total = 0.0
    ratio_2 = 1.0 / float(m)
    for i in range(clients):
        for p in range(d):
            product_A[i, p] = 0.0
        for i2 in range(m):
            A_x_start_entry = 0.0
            for j in range(d):
                A_x_start_entry += A[i, i2, j] * x_start[j]
            A_x_start[i2] = A_x_start_entry
        for q in range(m):
            product = 2.0 * (ratio_2 * (A_x_start[q] - b[i, q]))
            for p in range(d):
                product_A[i, p] += product * A[i, q, p]
    for p in range(d):
        power = x_start[p] * x_start[p]
        total_2 = 1.0 + power
        ratio[p] = power / total_2 / total_2
        inverse_x_start[p] = 1.0 / total_2
    for i in range(clients):
        for p in range(d):
            for j in range(d):
                A_A[i, p, j] = 0.0
            for j in range(m):
                A_i_j_p = A[i, j, p]
                for j2 in range(d):
                    A_A[i, p, j2] += A_i_j_p * A[i, j, j2]
            x_bar[i, p] = (lam * inverse_x_start[p] + lam * -ratio[p]) * (2.0 * x_start[p]) + product_A[i, p]
    for batch_1 in range(A_A.shape[0]):
        eigh_A_A_2[batch_1, :], unread[batch_1, :] = eigh(A_A[batch_1])
    for i in range(clients):
        total_entry = 2.0 * eigh_A_A_2[i, d - 1] / float(m) + 2.0 * lam
        total[i] = total_entry
        sum_total += total_entry
    for i in range(clients):
        w_entry = total[i] / sum_total
        w[i] = w_entry
        for i2 in range(d):
            opposite[i, i2] = -abs(x_bar[i, i2] / (float(clients) * w_entry))
    for batch_1 in range(opposite.shape[0]):
        argsort_opposite_2[batch_1, :] = argsort(opposite[batch_1])
    for i in range(clients):
        product_2 = float(clients) * w[i]
        for p in range(d):
            any_entry = False
            for j in range(1):
                any_entry |= argsort_opposite_2[i, j] == p
            g[i, p] = float(int(any_entry)) * (x_bar[i, p] / product_2)
    x[:] = x_start
    return x, g


@njit(error_model="numpy", nogil=True)
def advance_0(A, b, lam, alpha, gam, steps, tol, x_start, seed, x_given, g_given, start, stop):
    """Steps start .. stop - 1 of ef21_top1.

    A : numbers (clients, m, d)
    b : numbers (clients, m)
    lam : number
    alpha : number
    gam : number
    steps : integer
    tol : number
    x_start : numbers (d)
    seed : 64 bits
    x_given : numbers (d)
    g_given : numbers (clients, d)
    start : integer
    stop : integer
    gives x : numbers (d)
    gives g : numbers (clients, d)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives gradient : numbers (stop - start)
    """
    clients, m, d = A.shape
    x = np.empty(d)
    g = np.empty((clients, d))
    gradient = np.empty(stop - start)
    product = np.empty(clients)
    A_A = np.empty((clients, d, d))
    eigh_A_A_2 = np.empty((clients, d))
    unread = np.empty((clients, d, d))
    total = np.empty(clients)
    w = np.empty(clients)
    inverse_m = np.empty(clients)
    product_2_A = np.empty(d)
    w_g = np.empty(d)
    inverse_x_new = np.empty(d)
    ratio = np.empty(d)
    product_3_A = np.empty((clients, d))
    steps_x_bar = np.empty((clients, d))
    opposite = np.empty((clients, d))
    steps_argsort_opposite = np.empty((clients, d), np.int64)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    g[:] = g_given
    x[:] = x_given
    sum_total = 0.0
    inverse_clients = 1.0 / float(clients)
    product_4 = inverse_clients * (1.0 / float(m))
    for p in range(clients):
        for i in range(d):
            for j in range(d):
                A_A[p, i, j] = 0.0
            for j in range(m):
                A_p_j_i = A[p, j, i]
                for j2 in range(d):
                    A_A[p, i, j2] += A_p_j_i * A[p, j, j2]
        product[p] = product_4
    for batch_1 in range(A_A.shape[0]):
        eigh_A_A_2[batch_1, :], unread[batch_1, :] = eigh(A_A[batch_1])
    for i in range(clients):
        total_entry = 2.0 * eigh_A_A_2[i, d - 1] / float(m) + 2.0 * lam
        total[i] = total_entry
        sum_total += total_entry
    ratio_2 = 1.0 / float(m)
    for i in range(clients):
        inverse_m[i] = ratio_2
        w[i] = total[i] / sum_total
    step = 0
    while step < stop - start:  # steps
        gradient_2 = 0.0
        for p in range(d):
            product_2_A[p] = 0.0
        for i in range(clients):
            product_i = product[i]
            for i2 in range(m):
                A_x_entry = 0.0
                for j in range(d):
                    A_x_entry += A[i, i2, j] * x[j]
                product_2 = 2.0 * (product_i * (A_x_entry - b[i, i2]))
                for p in range(d):
                    product_2_A[p] += product_2 * A[i, i2, p]
        for p in range(d):
            power = x[p] * x[p]
            total_2 = 1.0 + power
            x_bar = (lam * (1.0 / total_2) + lam * -(power / total_2 / total_2)) * (2.0 * x[p]) + product_2_A[p]
            gradient_2 += x_bar * x_bar
        if not (finite_2 and ended_2 == 0 and failed_2 == 0 and not gradient_2 <= tol):
            break
        gradient[step] = gradient_2
        all_finite_g_new = True
        all_finite_x_new = True
        for i in range(d):
            w_g[i] = 0.0
        for i in range(clients):
            w_i = w[i]
            for i2 in range(d):
                w_g[i2] += w_i * g[i, i2]
        for i in range(d):
            x_new = x[i] - gam * w_g[i]
            x[i] = x_new
            all_finite_x_new &= math.isfinite(x_new)
            power_2 = x_new * x_new
            total_3 = 1.0 + power_2
            ratio[i] = power_2 / total_3 / total_3
            inverse_x_new[i] = 1.0 / total_3
        for i in range(clients):
            for p in range(d):
                product_3_A[i, p] = 0.0
            inverse_m_i = inverse_m[i]
            for i2 in range(m):
                A_x_new_entry = 0.0
                for j in range(d):
                    A_x_new_entry += A[i, i2, j] * x[j]
                product_3 = 2.0 * (inverse_m_i * (A_x_new_entry - b[i, i2]))
                for p in range(d):
                    product_3_A[i, p] += product_3 * A[i, i2, p]
            product_5 = float(clients) * w[i]
            for p in range(d):
                steps_x_bar_entry = (lam * inverse_x_new[p] + lam * -ratio[p]) * (2.0 * x[p]) + product_3_A[i, p]
                steps_x_bar[i, p] = steps_x_bar_entry
                opposite[i, p] = -abs(steps_x_bar_entry / product_5 - g[i, p])
        for batch_1 in range(opposite.shape[0]):
            steps_argsort_opposite[batch_1, :] = argsort(opposite[batch_1])
        for i in range(clients):
            product_6 = float(clients) * w[i]
            for p in range(d):
                any_entry = False
                for j in range(1):
                    any_entry |= steps_argsort_opposite[i, j] == p
                g_new = g[i, p] + float(int(any_entry)) * (steps_x_bar[i, p] / product_6 - g[i, p])
                g[i, p] = g_new
                all_finite_g_new &= math.isfinite(g_new)
        both = all_finite_x_new and all_finite_g_new
        finite_2 = both
        ended_2 = 0
        failed_2 = 0
        step += 1
    for row in range(max(stop - start - step, 0)):
        gradient[step + row] = 0.0
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return x, g, count, finite, ended, failed, gradient


@njit(error_model="numpy", nogil=True)
def finish_0(A, b, lam, alpha, gam, steps, tol, x_start, seed, x_given, g_given, steps_done):
    """What holds at the states of ef21_top1.

    A : numbers (clients, m, d)
    b : numbers (clients, m)
    lam : number
    alpha : number
    gam : number
    steps : integer
    tol : number
    x_start : numbers (d)
    seed : 64 bits
    x_given : numbers (d)
    g_given : numbers (clients, d)
    steps_done : integer
    gives stop : integer
    gives gradient : number
    gives w : numbers (clients)
    gives r : number
    gives theta : number
    gives objective : number
    """
    clients, m, d = A.shape
    w = np.empty(clients)
    A_x_given = np.empty((clients, m))
    product_2_A = np.empty(d)
    A_A = np.empty((clients, d, d))
    eigh_A_A_2 = np.empty((clients, d))
    unread = np.empty((clients, d, d))
    total = np.empty(clients)
    total_3 = 0.0
    sum_total_2 = 0.0
    r_2 = math.sqrt(1.0 - alpha)
    theta_2 = 1.0 - r_2
    sum_total = 0.0
    gradient_2 = 0.0
    for p in range(d):
        product_2_A[p] = 0.0
    inverse_clients = 1.0 / float(clients)
    product_3 = inverse_clients * (1.0 / float(m))
    for p in range(clients):
        for i in range(d):
            for j in range(d):
                A_A[p, i, j] = 0.0
            for j in range(m):
                A_p_j_i = A[p, j, i]
                for j2 in range(d):
                    A_A[p, i, j2] += A_p_j_i * A[p, j, j2]
        for i in range(m):
            A_x_given_entry = 0.0
            for j in range(d):
                A_x_given_entry += A[p, i, j] * x_given[j]
            A_x_given[p, i] = A_x_given_entry
        for q in range(m):
            product_2 = 2.0 * (product_3 * (A_x_given[p, q] - b[p, q]))
            for p2 in range(d):
                product_2_A[p2] += product_2 * A[p, q, p2]
    for batch_1 in range(A_A.shape[0]):
        eigh_A_A_2[batch_1, :], unread[batch_1, :] = eigh(A_A[batch_1])
    for i in range(clients):
        total_entry = 2.0 * eigh_A_A_2[i, d - 1] / float(m) + 2.0 * lam
        total[i] = total_entry
        sum_total += total_entry
    for i in range(clients):
        total_2_entry = 0.0
        for i2 in range(m):
            difference = A_x_given[i, i2] - b[i, i2]
            total_2_entry += difference * difference
        sum_total_2 += total_2_entry
        w[i] = total[i] / sum_total
    for p in range(d):
        power = x_given[p] * x_given[p]
        total_4 = 1.0 + power
        ratio = power / total_4
        total_3 += ratio
        x_bar = (lam * (1.0 / total_4) + lam * -(ratio / total_4)) * (2.0 * x_given[p]) + product_2_A[p]
        gradient_2 += x_bar * x_bar
    objective_2 = sum_total_2 / float(m) / float(clients) + lam * total_3
    stop_2 = 1 if gradient_2 <= tol else 0
    stop = stop_2
    gradient = gradient_2
    r = r_2
    theta = theta_2
    objective = objective_2
    return stop, gradient, w, r, theta, objective
