"""fit_flow: Two parameters of a flow fitted to its end, by gradient descent through the adaptive solver.

Written by optgen 0.1.0 from fit_flow.opt; do not edit.  Again:
    optgen compile fit_flow.opt --algorithm fit_flow --backend numba"""

import math

import numpy as np
from numba import njit


@njit(error_model="numpy", nogil=True)
def setup(z0, target, lr, steps, tol, seed):
    """The first states of fit_flow.

    z0 : numbers (m)
    target : numbers (m)
    lr : number
    steps : integer
    tol : number
    seed : 64 bits
    gives p : numbers (2)
    """
    m, = z0.shape
    p = np.empty(2)
    ones_ones = np.empty(2, np.int64)
    ones_ones[0] = 1
    ones_ones[1] = 1
    for i in range(2):
        p[i] = float(ones_ones[i])
    return p,


@njit(error_model="numpy", nogil=True)
def advance_0(z0, target, lr, steps, tol, seed, p_given, start, stop):
    """Steps start .. stop - 1 of fit_flow.

    z0 : numbers (m)
    target : numbers (m)
    lr : number
    steps : integer
    tol : number
    seed : 64 bits
    p_given : numbers (2)
    start : integer
    stop : integer
    gives p_2 : numbers (2)
    gives count : integer
    gives finite : Bool
    gives ended : integer
    gives failed : integer
    gives misfit : numbers (stop - start)
    gives slope : numbers (stop - start, 2)
    """
    m, = z0.shape
    p_2 = np.empty(2)
    misfit = np.empty(stop - start)
    slope = np.empty((stop - start, 2))
    joined = np.empty(7)
    joined_2 = np.empty(49)
    joined_3 = np.empty(7)
    joined_4 = np.empty(7)
    zeros_3 = np.empty((7, m))
    zeros_4 = np.empty(2)
    zeros_5 = np.empty(m)
    steps_z = np.empty(m)
    rk_k = np.empty((7, m))
    joined_2_part_k = np.empty(m)
    k_i_6 = np.empty(m)
    joined_rk_k = np.empty(m)
    joined_4_rk_k = np.empty(m)
    y = np.empty(m)
    steps_z_2 = np.empty(m)
    z_trace = np.empty((100, m))
    t_trace = np.empty(100)
    h_trace = np.empty(100)
    rk_k_2 = np.empty((7, m))
    joined_2_part_k_2 = np.empty(m)
    k_i_7 = np.empty(m)
    joined_rk_k_2 = np.empty(m)
    joined_4_rk_k_2 = np.empty(m)
    rk_y = np.empty(m)
    z_bar = np.empty(m)
    steps_p_bar = np.empty(2)
    rk_back_z = np.empty(m)
    rk_back_k = np.empty((7, m))
    k_trace = np.empty((7, 7, m))
    joined_2_part_k_3 = np.empty(m)
    k_i_8 = np.empty(m)
    joined_rk_back_k = np.empty(m)
    joined_4_rk_back_k = np.empty(m)
    rk_back_y = np.empty(m)
    y_bar = np.empty(m)
    chosen_2 = np.empty(m)
    chosen_3 = np.empty(m)
    k_bar = np.empty((7, m))
    rk_back_p_bar_4 = np.empty(2)
    rk_back_z_bar_4 = np.empty(m)
    k_i_bar = np.empty(m)
    k_back_k = np.empty((7, m))
    total_4 = np.empty(m)
    product_3 = np.empty(m)
    p_new = np.empty(2)
    steps_z_3 = np.empty(m)
    rk_k_3 = np.empty((7, m))
    joined_2_part_k_4 = np.empty(m)
    k_i_9 = np.empty(m)
    joined_rk_k_3 = np.empty(m)
    joined_4_rk_k_3 = np.empty(m)
    rk_y_2 = np.empty(m)
    steps_z_4 = np.empty(m)
    steps_z_trace = np.empty((100, m))
    steps_t_trace = np.empty(100)
    steps_h_trace = np.empty(100)
    rk_k_4 = np.empty((7, m))
    joined_2_part_k_5 = np.empty(m)
    k_i_10 = np.empty(m)
    joined_rk_k_4 = np.empty(m)
    joined_4_rk_k_4 = np.empty(m)
    rk_y_3 = np.empty(m)
    rk_back_z_bar = np.empty(m)
    steps_p_bar_2 = np.empty(2)
    rk_back_z_2 = np.empty(m)
    rk_back_k_2 = np.empty((7, m))
    rk_back_k_trace = np.empty((7, 7, m))
    joined_2_part_k_6 = np.empty(m)
    k_i_11 = np.empty(m)
    joined_rk_back_k_2 = np.empty(m)
    joined_4_rk_back_k_2 = np.empty(m)
    rk_back_y_2 = np.empty(m)
    rk_back_y_bar = np.empty(m)
    chosen_5 = np.empty(m)
    chosen_6 = np.empty(m)
    k_back_k_bar = np.empty((7, m))
    rk_back_p_bar_5 = np.empty(2)
    rk_back_z_bar_5 = np.empty(m)
    k_back_k_i_bar = np.empty(m)
    k_back_k_2 = np.empty((7, m))
    total_11 = np.empty(m)
    product_6 = np.empty(m)
    p = np.empty(2)
    failed_2 = 0
    ended_2 = 0
    finite_2 = True
    p[:] = p_given
    for i2 in range(m):
        zeros_5[i2] = 0.0
    for i2 in range(2):
        zeros_4[i2] = 0.0
    joined_4[0] = 0.09646076681806523
    joined_4[1] = 0.01
    joined_4[2] = 0.4798896504144996
    joined_4[3] = 1.379008574103742
    joined_4[4] = -3.290069515436081
    joined_4[5] = 2.324710524099774
    joined_4[6] = 0.0
    for i2 in range(7):
        for p2 in range(m):
            zeros_3[i2, p2] = 0.0
    joined_3[2] = 0.327
    joined_3[3] = 0.9
    joined_3[4] = 0.9800255409045097
    joined_3[5] = 1.0
    joined_3[0] = 0.0
    joined_3[1] = 0.161
    joined_3[6] = 1.0
    joined_2[0] = 0.0
    joined_2[43] = 0.01
    joined_2[7] = 0.161
    joined_2[14] = -0.008480655492356989
    joined_2[15] = 0.335480655492357
    joined_2[21] = 2.8971530571054935
    joined_2[22] = -6.359448489975075
    joined_2[23] = 4.3622954328695815
    joined_2[28] = 5.325864828439257
    joined_2[29] = -11.748883564062828
    joined_2[30] = 7.4955393428898365
    joined_2[31] = -0.09249506636175525
    joined_2[35] = 5.86145544294642
    joined_2[36] = -12.92096931784711
    joined_2[37] = 8.159367898576159
    joined_2[38] = -0.071584973281401
    joined_2[39] = -0.028269050394068383
    joined_2[42] = 0.09646076681806523
    joined_2[44] = 0.4798896504144996
    joined_2[45] = 1.379008574103742
    joined_2[46] = -3.290069515436081
    joined_2[47] = 2.324710524099774
    joined_2[1] = 0.0
    joined_2[2] = 0.0
    joined_2[3] = 0.0
    joined_2[4] = 0.0
    joined_2[5] = 0.0
    joined_2[6] = 0.0
    joined_2[8] = 0.0
    joined_2[9] = 0.0
    joined_2[10] = 0.0
    joined_2[11] = 0.0
    joined_2[12] = 0.0
    joined_2[13] = 0.0
    joined_2[16] = 0.0
    joined_2[17] = 0.0
    joined_2[18] = 0.0
    joined_2[19] = 0.0
    joined_2[20] = 0.0
    joined_2[24] = 0.0
    joined_2[25] = 0.0
    joined_2[26] = 0.0
    joined_2[27] = 0.0
    joined_2[32] = 0.0
    joined_2[33] = 0.0
    joined_2[34] = 0.0
    joined_2[40] = 0.0
    joined_2[41] = 0.0
    joined_2[48] = 0.0
    joined_2_part_28 = joined_2[:7 * 7].reshape((7, 7))
    joined[0] = -0.001780011052225777
    joined[1] = -0.0008164344596567469
    joined[2] = 0.007880878010261995
    joined[3] = -0.1447110071732629
    joined[4] = 0.5823571654525552
    joined[5] = -0.45808210592918697
    joined[6] = 1.0 / 66.0
    ratio_6 = 1.0 / float(m)
    step = 0
    while step < stop - start:  # steps
        misfit_2 = 0.0
        h = 0.01
        t = 0.0
        steps_z[:] = z0
        negative_p_0 = -p[0]
        product_7 = 5.0 * p[1]
        rk_step = 0
        while rk_step < 100:  # rk
            if not (not t >= 1.0):
                break
            total = 0.0
            for i2 in range(m):
                joined_4_rk_k[i2] = 0.0
                joined_rk_k[i2] = 0.0
            for i2 in range(7):
                for j in range(m):
                    rk_k[i2, j] = zeros_3[i2, j]
            hk = np.minimum(h, 1.0 - t)
            t_new = t + hk
            i = 0
            while i < 7:  # k
                for i2 in range(m):
                    joined_2_part_k[i2] = 0.0
                for j in range(7):
                    joined_2_part_28_j = joined_2_part_28[max(min(i, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < i + 1:
                            joined_2_part_k[i2] += joined_2_part_28_j * rk_k[j, i2]
                sin = math.sin(product_7 * (t + joined_3[max(min(i, 6), 0)] * hk))
                for i2 in range(m):
                    total_15 = steps_z[i2] + hk * joined_2_part_k[i2]
                    cos = math.cos(total_15)
                    k_i_6[i2] = negative_p_0 * total_15 + sin * cos
                for i2 in range(7):
                    for p2 in range(m):
                        rk_k[i2, p2] = k_i_6[p2] if i2 == i else rk_k[i2, p2]
                i += 1
            for i2 in range(7):
                joined_4_i = joined_4[i2]
                joined_i = joined[i2]
                for i3 in range(m):
                    joined_4_rk_k[i3] += joined_4_i * rk_k[i2, i3]
                    joined_rk_k[i3] += joined_i * rk_k[i2, i3]
            for i2 in range(m):
                y_entry = steps_z[i2] + hk * joined_4_rk_k[i2]
                y[i2] = y_entry
                total_16 = 1.4e-08 + 1.4e-08 * np.maximum(abs(steps_z[i2]), abs(y_entry))
                total += joined_rk_k[i2] * joined_rk_k[i2] / total_16 / total_16
            ratio = hk * hk * total / float(m)
            err = 0.0 if ratio == 0.0 else math.sqrt(ratio)
            h_new = hk * np.minimum(np.maximum(0.9 * np.maximum(err, 1e-10) ** (-1.0 / 5.0), 0.2), 10.0)
            rk_t_new_4 = t_new if err <= 1.0 else t
            for i2 in range(m):
                steps_z[i2] = y[i2] if err <= 1.0 else steps_z[i2]
            t = rk_t_new_4
            h = h_new
            rk_step += 1
        for i2 in range(m):
            difference = steps_z[i2] - target[i2]
            misfit_2 += difference * difference
        if not (finite_2 and ended_2 == 0 and failed_2 == 0 and not misfit_2 <= tol):
            break
        rk_back_h_bar = 0.0
        rk_back_t_bar = 0.0
        rk_h_3 = 0.01
        rk_t_3 = 0.0
        steps_z_4[:] = z0
        rk_step_4 = 0
        while rk_step_4 < 100:  # rk
            if not (not rk_t_3 >= 1.0):
                break
            steps_h_trace[rk_step_4] = rk_h_3
            steps_t_trace[rk_step_4] = rk_t_3
            total_9 = 0.0
            for i2 in range(m):
                joined_4_rk_k_4[i2] = 0.0
                joined_rk_k_4[i2] = 0.0
            for i2 in range(7):
                for j in range(m):
                    rk_k_4[i2, j] = zeros_3[i2, j]
            rk_hk_3 = np.minimum(rk_h_3, 1.0 - rk_t_3)
            rk_t_new_3 = rk_t_3 + rk_hk_3
            k_i_4 = 0
            while k_i_4 < 7:  # k
                for i2 in range(m):
                    joined_2_part_k_5[i2] = 0.0
                for j in range(7):
                    joined_2_part_28_j_2 = joined_2_part_28[max(min(k_i_4, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < k_i_4 + 1:
                            joined_2_part_k_5[i2] += joined_2_part_28_j_2 * rk_k_4[j, i2]
                sin_2 = math.sin(product_7 * (rk_t_3 + joined_3[max(min(k_i_4, 6), 0)] * rk_hk_3))
                for i2 in range(m):
                    total_17 = steps_z_4[i2] + rk_hk_3 * joined_2_part_k_5[i2]
                    cos_4 = math.cos(total_17)
                    k_i_10[i2] = negative_p_0 * total_17 + sin_2 * cos_4
                for i2 in range(7):
                    for p2 in range(m):
                        rk_k_4[i2, p2] = k_i_10[p2] if i2 == k_i_4 else rk_k_4[i2, p2]
                k_i_4 += 1
            for i2 in range(7):
                joined_4_i_2 = joined_4[i2]
                joined_i_2 = joined[i2]
                for i3 in range(m):
                    joined_4_rk_k_4[i3] += joined_4_i_2 * rk_k_4[i2, i3]
                    joined_rk_k_4[i3] += joined_i_2 * rk_k_4[i2, i3]
            for i2 in range(m):
                rk_y_3_entry = steps_z_4[i2] + rk_hk_3 * joined_4_rk_k_4[i2]
                rk_y_3[i2] = rk_y_3_entry
                total_18 = 1.4e-08 + 1.4e-08 * np.maximum(abs(steps_z_4[i2]), abs(rk_y_3_entry))
                total_9 += joined_rk_k_4[i2] * joined_rk_k_4[i2] / total_18 / total_18
            product_4 = rk_hk_3 * rk_hk_3 * total_9
            ratio_2 = product_4 / float(m)
            rk_err_3 = 0.0 if ratio_2 == 0.0 else math.sqrt(ratio_2)
            rk_h_new_3 = rk_hk_3 * np.minimum(np.maximum(0.9 * np.maximum(rk_err_3, 1e-10) ** (-1.0 / 5.0), 0.2), 10.0)
            rk_t_new_7 = rk_t_new_3 if rk_err_3 <= 1.0 else rk_t_3
            for i2 in range(m):
                steps_z_trace[rk_step_4, i2] = steps_z_4[i2]
                steps_z_4[i2] = rk_y_3[i2] if rk_err_3 <= 1.0 else steps_z_4[i2]
            rk_t_3 = rk_t_new_7
            rk_h_3 = rk_h_new_3
            rk_step_4 += 1
        for row in range(max(100 - rk_step_4, 0)):
            steps_h_trace[rk_step_4 + row] = 0.0
            steps_t_trace[rk_step_4 + row] = 0.0
            for i2 in range(m):
                steps_z_trace[rk_step_4 + row, i2] = 0.0
        steps_misfit = 0.0
        rk_h_2 = 0.01
        rk_t_2 = 0.0
        steps_z_3[:] = z0
        rk_step_3 = 0
        while rk_step_3 < 100:  # rk
            if not (not rk_t_2 >= 1.0):
                break
            total_8 = 0.0
            for i2 in range(m):
                joined_4_rk_k_3[i2] = 0.0
                joined_rk_k_3[i2] = 0.0
            for i2 in range(7):
                for j in range(m):
                    rk_k_3[i2, j] = zeros_3[i2, j]
            rk_hk_2 = np.minimum(rk_h_2, 1.0 - rk_t_2)
            rk_t_new_2 = rk_t_2 + rk_hk_2
            k_i_3 = 0
            while k_i_3 < 7:  # k
                for i2 in range(m):
                    joined_2_part_k_4[i2] = 0.0
                for j in range(7):
                    joined_2_part_28_j_3 = joined_2_part_28[max(min(k_i_3, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < k_i_3 + 1:
                            joined_2_part_k_4[i2] += joined_2_part_28_j_3 * rk_k_3[j, i2]
                sin_3 = math.sin(product_7 * (rk_t_2 + joined_3[max(min(k_i_3, 6), 0)] * rk_hk_2))
                for i2 in range(m):
                    total_19 = steps_z_3[i2] + rk_hk_2 * joined_2_part_k_4[i2]
                    cos_3 = math.cos(total_19)
                    k_i_9[i2] = negative_p_0 * total_19 + sin_3 * cos_3
                for i2 in range(7):
                    for p2 in range(m):
                        rk_k_3[i2, p2] = k_i_9[p2] if i2 == k_i_3 else rk_k_3[i2, p2]
                k_i_3 += 1
            for i2 in range(7):
                joined_4_i_3 = joined_4[i2]
                joined_i_3 = joined[i2]
                for i3 in range(m):
                    joined_4_rk_k_3[i3] += joined_4_i_3 * rk_k_3[i2, i3]
                    joined_rk_k_3[i3] += joined_i_3 * rk_k_3[i2, i3]
            for i2 in range(m):
                rk_y_2_entry = steps_z_3[i2] + rk_hk_2 * joined_4_rk_k_3[i2]
                rk_y_2[i2] = rk_y_2_entry
                total_20 = 1.4e-08 + 1.4e-08 * np.maximum(abs(steps_z_3[i2]), abs(rk_y_2_entry))
                total_8 += joined_rk_k_3[i2] * joined_rk_k_3[i2] / total_20 / total_20
            ratio_3 = rk_hk_2 * rk_hk_2 * total_8 / float(m)
            rk_err_2 = 0.0 if ratio_3 == 0.0 else math.sqrt(ratio_3)
            rk_h_new_2 = rk_hk_2 * np.minimum(np.maximum(0.9 * np.maximum(rk_err_2, 1e-10) ** (-1.0 / 5.0), 0.2), 10.0)
            rk_t_new_6 = rk_t_new_2 if rk_err_2 <= 1.0 else rk_t_2
            for i2 in range(m):
                steps_z_3[i2] = rk_y_2[i2] if rk_err_2 <= 1.0 else steps_z_3[i2]
            rk_t_2 = rk_t_new_6
            rk_h_2 = rk_h_new_2
            rk_step_3 += 1
        all_finite_p_new = True
        for i2 in range(2):
            steps_p_bar[i2] = zeros_4[i2]
        h_bar = 0.0
        t_bar = 0.0
        rk_h = 0.01
        rk_t = 0.0
        steps_z_2[:] = z0
        rk_step_2 = 0
        while rk_step_2 < 100:  # rk
            if not (not rk_t >= 1.0):
                break
            h_trace[rk_step_2] = rk_h
            t_trace[rk_step_2] = rk_t
            total_2 = 0.0
            for i2 in range(m):
                joined_4_rk_k_2[i2] = 0.0
                joined_rk_k_2[i2] = 0.0
            for i2 in range(7):
                for j in range(m):
                    rk_k_2[i2, j] = zeros_3[i2, j]
            rk_hk = np.minimum(rk_h, 1.0 - rk_t)
            rk_t_new = rk_t + rk_hk
            k_i = 0
            while k_i < 7:  # k
                for i2 in range(m):
                    joined_2_part_k_2[i2] = 0.0
                for j in range(7):
                    joined_2_part_28_j_4 = joined_2_part_28[max(min(k_i, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < k_i + 1:
                            joined_2_part_k_2[i2] += joined_2_part_28_j_4 * rk_k_2[j, i2]
                sin_4 = math.sin(product_7 * (rk_t + joined_3[max(min(k_i, 6), 0)] * rk_hk))
                for i2 in range(m):
                    total_21 = steps_z_2[i2] + rk_hk * joined_2_part_k_2[i2]
                    cos_2 = math.cos(total_21)
                    k_i_7[i2] = negative_p_0 * total_21 + sin_4 * cos_2
                for i2 in range(7):
                    for p2 in range(m):
                        rk_k_2[i2, p2] = k_i_7[p2] if i2 == k_i else rk_k_2[i2, p2]
                k_i += 1
            for i2 in range(7):
                joined_4_i_4 = joined_4[i2]
                joined_i_4 = joined[i2]
                for i3 in range(m):
                    joined_4_rk_k_2[i3] += joined_4_i_4 * rk_k_2[i2, i3]
                    joined_rk_k_2[i3] += joined_i_4 * rk_k_2[i2, i3]
            for i2 in range(m):
                rk_y_entry = steps_z_2[i2] + rk_hk * joined_4_rk_k_2[i2]
                rk_y[i2] = rk_y_entry
                total_22 = 1.4e-08 + 1.4e-08 * np.maximum(abs(steps_z_2[i2]), abs(rk_y_entry))
                total_2 += joined_rk_k_2[i2] * joined_rk_k_2[i2] / total_22 / total_22
            product = rk_hk * rk_hk * total_2
            ratio_4 = product / float(m)
            rk_err = 0.0 if ratio_4 == 0.0 else math.sqrt(ratio_4)
            rk_h_new = rk_hk * np.minimum(np.maximum(0.9 * np.maximum(rk_err, 1e-10) ** (-1.0 / 5.0), 0.2), 10.0)
            rk_t_new_5 = rk_t_new if rk_err <= 1.0 else rk_t
            for i2 in range(m):
                z_trace[rk_step_2, i2] = steps_z_2[i2]
                steps_z_2[i2] = rk_y[i2] if rk_err <= 1.0 else steps_z_2[i2]
            rk_t = rk_t_new_5
            rk_h = rk_h_new
            rk_step_2 += 1
        for p2 in range(m):
            steps_z_bar_start = 2.0 * (steps_z_4[p2] - target[p2])
            rk_back_z_bar[p2] = steps_z_bar_start
            difference_2 = steps_z_3[p2] - target[p2]
            steps_misfit += difference_2 * difference_2
            z_bar_start = 2.0 * (steps_z_2[p2] - target[p2])
            z_bar[p2] = z_bar_start
        misfit[step] = steps_misfit
        for row in range(max(100 - rk_step_2, 0)):
            h_trace[rk_step_2 + row] = 0.0
            t_trace[rk_step_2 + row] = 0.0
            for i2 in range(m):
                z_trace[rk_step_2 + row, i2] = 0.0
        p_1 = p[1]
        back = 0
        while back < rk_step_2:  # rk_back
            total_7 = 0.0
            rk_back_t_bar_4 = 0.0
            rk_back_hk_bar_3 = 0.0
            for i2 in range(2):
                rk_back_p_bar_4[i2] = zeros_4[i2]
            total_3 = 0.0
            for i2 in range(7):
                for j in range(m):
                    rk_back_k[i2, j] = zeros_3[i2, j]
            for i2 in range(m):
                joined_4_rk_back_k[i2] = 0.0
                joined_rk_back_k[i2] = 0.0
                rk_back_z[i2] = z_trace[max(min(rk_step_2 - 1 - back, 99), 0), i2]
            rk_back_t = t_trace[max(min(rk_step_2 - 1 - back, 99), 0)]
            rk_back_h = h_trace[max(min(rk_step_2 - 1 - back, 99), 0)]
            rk_back_hk = np.minimum(rk_back_h, 1.0 - rk_back_t)
            k_i_2 = 0
            while k_i_2 < 7:  # k
                for i2 in range(m):
                    joined_2_part_k_3[i2] = 0.0
                for j in range(7):
                    joined_2_part_28_j_5 = joined_2_part_28[max(min(k_i_2, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < k_i_2 + 1:
                            joined_2_part_k_3[i2] += joined_2_part_28_j_5 * rk_back_k[j, i2]
                sin_5 = math.sin(product_7 * (rk_back_t + joined_3[max(min(k_i_2, 6), 0)] * rk_back_hk))
                for i2 in range(m):
                    total_23 = rk_back_z[i2] + rk_back_hk * joined_2_part_k_3[i2]
                    k_i_8[i2] = negative_p_0 * total_23 + sin_5 * math.cos(total_23)
                for i2 in range(7):
                    for p2 in range(m):
                        k_trace[k_i_2, i2, p2] = rk_back_k[i2, p2]
                        rk_back_k[i2, p2] = k_i_8[p2] if i2 == k_i_2 else rk_back_k[i2, p2]
                k_i_2 += 1
            for i2 in range(7):
                joined_4_i_5 = joined_4[i2]
                joined_i_5 = joined[i2]
                for i3 in range(m):
                    joined_4_rk_back_k[i3] += joined_4_i_5 * rk_back_k[i2, i3]
                    joined_rk_back_k[i3] += joined_i_5 * rk_back_k[i2, i3]
            for i2 in range(m):
                rk_back_y_entry = rk_back_z[i2] + rk_back_hk * joined_4_rk_back_k[i2]
                rk_back_y[i2] = rk_back_y_entry
                total_24 = 1.4e-08 + 1.4e-08 * np.maximum(abs(rk_back_z[i2]), abs(rk_back_y_entry))
                total_3 += joined_rk_back_k[i2] * joined_rk_back_k[i2] / total_24 / total_24
            product_2 = rk_back_hk * rk_back_hk * total_3
            ratio_5 = product_2 / float(m)
            same = ratio_5 == 0.0
            root = math.sqrt(ratio_5)
            rk_back_err = 0.0 if same else root
            t_new_bar = t_bar if rk_back_err <= 1.0 else 0.0
            product_8 = 0.9 * np.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0)
            maximum = np.maximum(product_8, 0.2)
            err_bar = h_bar * rk_back_hk * (1.0 if maximum <= 10.0 else 0.0) * (1.0 if product_8 >= 0.2 else 0.0) * 0.9 * (-1.0 / 5.0 * np.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0 - 1.0)) * (1.0 if rk_back_err >= 1e-10 else 0.0)
            opposite = not same
            chosen = err_bar * (0.5 / root) * ratio_6 if opposite else 0.0
            for p2 in range(m):
                rk_back_z_bar_4[p2] = zeros_5[p2]
                size_rk_back_z_p = abs(rk_back_z[p2])
                size_rk_back_y_p = abs(rk_back_y[p2])
                total_25 = 1.4e-08 + 1.4e-08 * np.maximum(size_rk_back_z_p, size_rk_back_y_p)
                ratio_7 = rk_back_hk * joined_rk_back_k[p2] / total_25
                product_9 = 2.0 * (chosen * ratio_7)
                chosen_3[p2] = product_9 * (1.0 / total_25) * rk_back_hk if opposite else 0.0
                y_bar_entry = (z_bar[p2] if rk_back_err <= 1.0 else 0.0) + (product_9 * -(ratio_7 / total_25) * 1.4e-08 * (0.0 if size_rk_back_z_p >= size_rk_back_y_p else 1.0) * np.sign(rk_back_y[p2]) if opposite else 0.0)
                y_bar[p2] = y_bar_entry
                chosen_2[p2] = y_bar_entry * rk_back_hk if rk_back_err <= 1.0 or opposite else 0.0
            for p2 in range(7):
                joined_4_p = joined_4[p2]
                joined_p = joined[p2]
                for q in range(m):
                    k_bar_start = (chosen_2[q] * joined_4_p if rk_back_err <= 1.0 or opposite else 0.0) + (chosen_3[q] * joined_p if opposite else 0.0)
                    k_bar[p2, q] = k_bar_start
            for row in range(max(7 - k_i_2, 0)):
                for i2 in range(7):
                    for j in range(m):
                        k_trace[k_i_2 + row, i2, j] = 0.0
            k_back_back = 0
            while k_back_back < k_i_2:  # k_back
                k_back_hk_bar_2 = 0.0
                total_6 = 0.0
                total_5 = 0.0
                for i2 in range(7):
                    for j in range(m):
                        k_back_k[i2, j] = k_trace[max(min(k_i_2 - 1 - k_back_back, 6), 0), i2, j]
                for p2 in range(m):
                    total_4[p2] = 0.0
                    k_i_bar[p2] = k_bar[max(min(k_i_2 - 1 - k_back_back, 6), 0), p2] if k_i_2 - 1 - k_back_back >= 0 and k_i_2 - 1 - k_back_back < 7 else 0.0
                for j in range(7):
                    joined_2_part_28_j_6 = joined_2_part_28[max(min(k_i_2 - 1 - k_back_back, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < k_i_2 - 1 - k_back_back + 1:
                            total_4[i2] += joined_2_part_28_j_6 * k_back_k[j, i2]
                joined_3_2 = joined_3[max(min(k_i_2 - 1 - k_back_back, 6), 0)]
                product_11 = product_7 * (rk_back_t + joined_3_2 * rk_back_hk)
                cos_5 = math.cos(product_11)
                sin_6 = math.sin(product_11)
                for p2 in range(m):
                    total_26 = rk_back_z[p2] + rk_back_hk * total_4[p2]
                    product_10 = k_i_bar[p2] * math.cos(total_26)
                    total_27 = k_i_bar[p2] * negative_p_0 + k_i_bar[p2] * sin_6 * -math.sin(total_26)
                    k_back_hk_bar_2 += product_10 * cos_5 * product_7 * joined_3_2 + total_27 * total_4[p2]
                    rk_back_z_bar_4[p2] = rk_back_z_bar_4[p2] + total_27
                    total_6 += product_10
                    total_5 += k_i_bar[p2] * total_26
                    product_3[p2] = total_27 * rk_back_hk
                k_back_t_bar_3 = cos_5 * 5.0 * p_1 * total_6
                k_back_t_bar_4 = rk_back_t_bar_4 + k_back_t_bar_3
                k_back_hk_bar_3 = rk_back_hk_bar_3 + k_back_hk_bar_2
                for p2 in range(2):
                    k_back_p_bar_3 = (-total_5 if 0 == p2 else 0.0) + (cos_5 * (rk_back_t + joined_3_2 * rk_back_hk) * 5.0 * total_6 if 1 == p2 else 0.0)
                    rk_back_p_bar_4[p2] = rk_back_p_bar_4[p2] + k_back_p_bar_3
                for p2 in range(7):
                    joined_2_part_28_p = joined_2_part_28[max(min(k_i_2 - 1 - k_back_back, 6), 0), p2]
                    for q in range(m):
                        k_bar[p2, q] = (k_bar[p2, q] if p2 != k_i_2 - 1 - k_back_back else 0.0) + (product_3[q] * joined_2_part_28_p if p2 + 1 < k_i_2 - 1 - k_back_back + 1 else 0.0)
                rk_back_hk_bar_3 = k_back_hk_bar_3
                rk_back_t_bar_4 = k_back_t_bar_4
                k_back_back += 1
            for i2 in range(2):
                steps_p_bar[i2] = steps_p_bar[i2] + rk_back_p_bar_4[i2]
            for p2 in range(m):
                total_7 += y_bar[p2] * joined_4_rk_back_k[p2]
                size_rk_back_z_p_2 = abs(rk_back_z[p2])
                size_rk_back_y_p_2 = abs(rk_back_y[p2])
                total_28 = 1.4e-08 + 1.4e-08 * np.maximum(size_rk_back_z_p_2, size_rk_back_y_p_2)
                ratio_8 = rk_back_hk * joined_rk_back_k[p2] / total_28
                z_bar[p2] = (z_bar[p2] if not rk_back_err <= 1.0 else 0.0) + (2.0 * (chosen * ratio_8) * -(ratio_8 / total_28) * 1.4e-08 * (1.0 if size_rk_back_z_p_2 >= size_rk_back_y_p_2 else 0.0) * np.sign(rk_back_z[p2]) if opposite else 0.0) + (y_bar[p2] if rk_back_err <= 1.0 or opposite else 0.0) + rk_back_z_bar_4[p2]
            rk_back_hk_bar = h_bar * np.minimum(maximum, 10.0) + rk_back_hk_bar_3 + (t_new_bar if rk_back_err <= 1.0 else 0.0) + (2.0 * chosen * rk_back_hk * total_3 if opposite else 0.0) + (total_7 if rk_back_err <= 1.0 or opposite else 0.0)
            rk_back_h_bar_2 = rk_back_hk_bar * (1.0 if rk_back_h <= 1.0 - rk_back_t else 0.0)
            rk_back_t_bar_2 = (t_bar if not rk_back_err <= 1.0 else 0.0) + (t_new_bar if rk_back_err <= 1.0 else 0.0) + (rk_back_t_bar_4 - rk_back_hk_bar * (0.0 if rk_back_h <= 1.0 - rk_back_t else 1.0))
            t_bar = rk_back_t_bar_2
            h_bar = rk_back_h_bar_2
            back += 1
        for i2 in range(2):
            steps_p_bar_2[i2] = zeros_4[i2]
            p_new_entry = p[i2] - lr * steps_p_bar[i2]
            p_new[i2] = p_new_entry
            all_finite_p_new &= math.isfinite(p_new_entry)
        rk_back_back = 0
        while rk_back_back < rk_step_4:  # rk_back
            total_14 = 0.0
            rk_back_t_bar_5 = 0.0
            rk_back_hk_bar_4 = 0.0
            for i2 in range(2):
                rk_back_p_bar_5[i2] = zeros_4[i2]
            total_10 = 0.0
            for i2 in range(7):
                for j in range(m):
                    rk_back_k_2[i2, j] = zeros_3[i2, j]
            for i2 in range(m):
                joined_4_rk_back_k_2[i2] = 0.0
                joined_rk_back_k_2[i2] = 0.0
                rk_back_z_2[i2] = steps_z_trace[max(min(rk_step_4 - 1 - rk_back_back, 99), 0), i2]
            rk_back_t_2 = steps_t_trace[max(min(rk_step_4 - 1 - rk_back_back, 99), 0)]
            rk_back_h_2 = steps_h_trace[max(min(rk_step_4 - 1 - rk_back_back, 99), 0)]
            rk_back_hk_2 = np.minimum(rk_back_h_2, 1.0 - rk_back_t_2)
            k_i_5 = 0
            while k_i_5 < 7:  # k
                for i2 in range(m):
                    joined_2_part_k_6[i2] = 0.0
                for j in range(7):
                    joined_2_part_28_j_7 = joined_2_part_28[max(min(k_i_5, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < k_i_5 + 1:
                            joined_2_part_k_6[i2] += joined_2_part_28_j_7 * rk_back_k_2[j, i2]
                sin_7 = math.sin(product_7 * (rk_back_t_2 + joined_3[max(min(k_i_5, 6), 0)] * rk_back_hk_2))
                for i2 in range(m):
                    total_29 = rk_back_z_2[i2] + rk_back_hk_2 * joined_2_part_k_6[i2]
                    k_i_11[i2] = negative_p_0 * total_29 + sin_7 * math.cos(total_29)
                for i2 in range(7):
                    for p2 in range(m):
                        rk_back_k_trace[k_i_5, i2, p2] = rk_back_k_2[i2, p2]
                        rk_back_k_2[i2, p2] = k_i_11[p2] if i2 == k_i_5 else rk_back_k_2[i2, p2]
                k_i_5 += 1
            for i2 in range(7):
                joined_4_i_6 = joined_4[i2]
                joined_i_6 = joined[i2]
                for i3 in range(m):
                    joined_4_rk_back_k_2[i3] += joined_4_i_6 * rk_back_k_2[i2, i3]
                    joined_rk_back_k_2[i3] += joined_i_6 * rk_back_k_2[i2, i3]
            for i2 in range(m):
                rk_back_y_2_entry = rk_back_z_2[i2] + rk_back_hk_2 * joined_4_rk_back_k_2[i2]
                rk_back_y_2[i2] = rk_back_y_2_entry
                total_30 = 1.4e-08 + 1.4e-08 * np.maximum(abs(rk_back_z_2[i2]), abs(rk_back_y_2_entry))
                total_10 += joined_rk_back_k_2[i2] * joined_rk_back_k_2[i2] / total_30 / total_30
            product_5 = rk_back_hk_2 * rk_back_hk_2 * total_10
            ratio_9 = product_5 / float(m)
            same_2 = ratio_9 == 0.0
            root_2 = math.sqrt(ratio_9)
            rk_back_err_2 = 0.0 if same_2 else root_2
            rk_back_t_new_bar = rk_back_t_bar if rk_back_err_2 <= 1.0 else 0.0
            product_12 = 0.9 * np.maximum(rk_back_err_2, 1e-10) ** (-1.0 / 5.0)
            maximum_2 = np.maximum(product_12, 0.2)
            rk_back_err_bar = rk_back_h_bar * rk_back_hk_2 * (1.0 if maximum_2 <= 10.0 else 0.0) * (1.0 if product_12 >= 0.2 else 0.0) * 0.9 * (-1.0 / 5.0 * np.maximum(rk_back_err_2, 1e-10) ** (-1.0 / 5.0 - 1.0)) * (1.0 if rk_back_err_2 >= 1e-10 else 0.0)
            opposite_2 = not same_2
            chosen_4 = rk_back_err_bar * (0.5 / root_2) * ratio_6 if opposite_2 else 0.0
            for p2 in range(m):
                rk_back_z_bar_5[p2] = zeros_5[p2]
                size_rk_back_z_2_p = abs(rk_back_z_2[p2])
                size_rk_back_y_2_p = abs(rk_back_y_2[p2])
                total_31 = 1.4e-08 + 1.4e-08 * np.maximum(size_rk_back_z_2_p, size_rk_back_y_2_p)
                ratio_10 = rk_back_hk_2 * joined_rk_back_k_2[p2] / total_31
                product_13 = 2.0 * (chosen_4 * ratio_10)
                chosen_6[p2] = product_13 * (1.0 / total_31) * rk_back_hk_2 if opposite_2 else 0.0
                rk_back_y_bar_entry = (rk_back_z_bar[p2] if rk_back_err_2 <= 1.0 else 0.0) + (product_13 * -(ratio_10 / total_31) * 1.4e-08 * (0.0 if size_rk_back_z_2_p >= size_rk_back_y_2_p else 1.0) * np.sign(rk_back_y_2[p2]) if opposite_2 else 0.0)
                rk_back_y_bar[p2] = rk_back_y_bar_entry
                chosen_5[p2] = rk_back_y_bar_entry * rk_back_hk_2 if rk_back_err_2 <= 1.0 or opposite_2 else 0.0
            for p2 in range(7):
                joined_4_p_2 = joined_4[p2]
                joined_p_2 = joined[p2]
                for q in range(m):
                    rk_back_k_bar_start = (chosen_5[q] * joined_4_p_2 if rk_back_err_2 <= 1.0 or opposite_2 else 0.0) + (chosen_6[q] * joined_p_2 if opposite_2 else 0.0)
                    k_back_k_bar[p2, q] = rk_back_k_bar_start
            for row in range(max(7 - k_i_5, 0)):
                for i2 in range(7):
                    for j in range(m):
                        rk_back_k_trace[k_i_5 + row, i2, j] = 0.0
            k_back_back_2 = 0
            while k_back_back_2 < k_i_5:  # k_back
                k_back_hk_bar_4 = 0.0
                total_13 = 0.0
                total_12 = 0.0
                for i2 in range(7):
                    for j in range(m):
                        k_back_k_2[i2, j] = rk_back_k_trace[max(min(k_i_5 - 1 - k_back_back_2, 6), 0), i2, j]
                for p2 in range(m):
                    total_11[p2] = 0.0
                    k_back_k_i_bar[p2] = k_back_k_bar[max(min(k_i_5 - 1 - k_back_back_2, 6), 0), p2] if k_i_5 - 1 - k_back_back_2 >= 0 and k_i_5 - 1 - k_back_back_2 < 7 else 0.0
                for j in range(7):
                    joined_2_part_28_j_8 = joined_2_part_28[max(min(k_i_5 - 1 - k_back_back_2, 6), 0), j]
                    for i2 in range(m):
                        if j + 1 < k_i_5 - 1 - k_back_back_2 + 1:
                            total_11[i2] += joined_2_part_28_j_8 * k_back_k_2[j, i2]
                joined_3_3 = joined_3[max(min(k_i_5 - 1 - k_back_back_2, 6), 0)]
                product_15 = product_7 * (rk_back_t_2 + joined_3_3 * rk_back_hk_2)
                cos_6 = math.cos(product_15)
                sin_8 = math.sin(product_15)
                for p2 in range(m):
                    total_32 = rk_back_z_2[p2] + rk_back_hk_2 * total_11[p2]
                    product_14 = k_back_k_i_bar[p2] * math.cos(total_32)
                    total_33 = k_back_k_i_bar[p2] * negative_p_0 + k_back_k_i_bar[p2] * sin_8 * -math.sin(total_32)
                    k_back_hk_bar_4 += product_14 * cos_6 * product_7 * joined_3_3 + total_33 * total_11[p2]
                    rk_back_z_bar_5[p2] = rk_back_z_bar_5[p2] + total_33
                    total_13 += product_14
                    total_12 += k_back_k_i_bar[p2] * total_32
                    product_6[p2] = total_33 * rk_back_hk_2
                k_back_t_bar_5 = cos_6 * 5.0 * p_1 * total_13
                k_back_t_bar_6 = rk_back_t_bar_5 + k_back_t_bar_5
                k_back_hk_bar_5 = rk_back_hk_bar_4 + k_back_hk_bar_4
                for p2 in range(2):
                    k_back_p_bar_5 = (-total_12 if 0 == p2 else 0.0) + (cos_6 * (rk_back_t_2 + joined_3_3 * rk_back_hk_2) * 5.0 * total_13 if 1 == p2 else 0.0)
                    rk_back_p_bar_5[p2] = rk_back_p_bar_5[p2] + k_back_p_bar_5
                for p2 in range(7):
                    joined_2_part_28_p_2 = joined_2_part_28[max(min(k_i_5 - 1 - k_back_back_2, 6), 0), p2]
                    for q in range(m):
                        k_back_k_bar[p2, q] = (k_back_k_bar[p2, q] if p2 != k_i_5 - 1 - k_back_back_2 else 0.0) + (product_6[q] * joined_2_part_28_p_2 if p2 + 1 < k_i_5 - 1 - k_back_back_2 + 1 else 0.0)
                rk_back_hk_bar_4 = k_back_hk_bar_5
                rk_back_t_bar_5 = k_back_t_bar_6
                k_back_back_2 += 1
            for i2 in range(2):
                steps_p_bar_2[i2] = steps_p_bar_2[i2] + rk_back_p_bar_5[i2]
            for p2 in range(m):
                total_14 += rk_back_y_bar[p2] * joined_4_rk_back_k_2[p2]
                size_rk_back_z_2_p_2 = abs(rk_back_z_2[p2])
                size_rk_back_y_2_p_2 = abs(rk_back_y_2[p2])
                total_34 = 1.4e-08 + 1.4e-08 * np.maximum(size_rk_back_z_2_p_2, size_rk_back_y_2_p_2)
                ratio_11 = rk_back_hk_2 * joined_rk_back_k_2[p2] / total_34
                rk_back_z_bar[p2] = (rk_back_z_bar[p2] if not rk_back_err_2 <= 1.0 else 0.0) + (2.0 * (chosen_4 * ratio_11) * -(ratio_11 / total_34) * 1.4e-08 * (1.0 if size_rk_back_z_2_p_2 >= size_rk_back_y_2_p_2 else 0.0) * np.sign(rk_back_z_2[p2]) if opposite_2 else 0.0) + (rk_back_y_bar[p2] if rk_back_err_2 <= 1.0 or opposite_2 else 0.0) + rk_back_z_bar_5[p2]
            rk_back_hk_bar_2 = rk_back_h_bar * np.minimum(maximum_2, 10.0) + rk_back_hk_bar_4 + (rk_back_t_new_bar if rk_back_err_2 <= 1.0 else 0.0) + (2.0 * chosen_4 * rk_back_hk_2 * total_10 if opposite_2 else 0.0) + (total_14 if rk_back_err_2 <= 1.0 or opposite_2 else 0.0)
            rk_back_h_bar_3 = rk_back_hk_bar_2 * (1.0 if rk_back_h_2 <= 1.0 - rk_back_t_2 else 0.0)
            rk_back_t_bar_3 = (rk_back_t_bar if not rk_back_err_2 <= 1.0 else 0.0) + (rk_back_t_new_bar if rk_back_err_2 <= 1.0 else 0.0) + (rk_back_t_bar_5 - rk_back_hk_bar_2 * (0.0 if rk_back_h_2 <= 1.0 - rk_back_t_2 else 1.0))
            rk_back_t_bar = rk_back_t_bar_3
            rk_back_h_bar = rk_back_h_bar_3
            rk_back_back += 1
        for i2 in range(2):
            slope[step, i2] = steps_p_bar_2[i2]
        finite_2 = all_finite_p_new
        ended_2 = 0
        failed_2 = 0
        p, p_new = p_new, p
        step += 1
    for row in range(max(stop - start - step, 0)):
        for i2 in range(2):
            slope[step + row, i2] = 0.0
        misfit[step + row] = 0.0
    p_2[:] = p
    count = step
    finite = finite_2
    ended = ended_2
    failed = failed_2
    return p_2, count, finite, ended, failed, misfit, slope


@njit(error_model="numpy", nogil=True)
def finish_0(z0, target, lr, steps, tol, seed, p_given, steps_done):
    """What holds at the states of fit_flow.

    z0 : numbers (m)
    target : numbers (m)
    lr : number
    steps : integer
    tol : number
    seed : 64 bits
    p_given : numbers (2)
    steps_done : integer
    gives stop : integer
    gives misfit : number
    gives slope : numbers (2)
    """
    m, = z0.shape
    slope = np.empty(2)
    joined = np.empty(7)
    joined_2 = np.empty(49)
    joined_3 = np.empty(7)
    joined_4 = np.empty(7)
    zeros_2 = np.empty((7, m))
    z_2 = np.empty(m)
    rk_k = np.empty((7, m))
    joined_2_part_k = np.empty(m)
    k_i_4 = np.empty(m)
    joined_rk_k = np.empty(m)
    joined_4_rk_k = np.empty(m)
    y = np.empty(m)
    z_3 = np.empty(m)
    rk_k_2 = np.empty((7, m))
    joined_2_part_k_2 = np.empty(m)
    k_i_5 = np.empty(m)
    joined_rk_k_2 = np.empty(m)
    joined_4_rk_k_2 = np.empty(m)
    rk_y = np.empty(m)
    z_4 = np.empty(m)
    z_trace = np.empty((100, m))
    t_trace = np.empty(100)
    h_trace = np.empty(100)
    rk_k_3 = np.empty((7, m))
    joined_2_part_k_3 = np.empty(m)
    k_i_6 = np.empty(m)
    joined_rk_k_3 = np.empty(m)
    joined_4_rk_k_3 = np.empty(m)
    rk_y_2 = np.empty(m)
    zeros_3 = np.empty(2)
    zeros_4 = np.empty(m)
    z_bar = np.empty(m)
    rk_back_z = np.empty(m)
    rk_back_k = np.empty((7, m))
    k_trace = np.empty((7, 7, m))
    joined_2_part_k_4 = np.empty(m)
    k_i_7 = np.empty(m)
    joined_rk_back_k = np.empty(m)
    joined_4_rk_back_k = np.empty(m)
    rk_back_y = np.empty(m)
    y_bar = np.empty(m)
    chosen_2 = np.empty(m)
    chosen_3 = np.empty(m)
    k_bar = np.empty((7, m))
    rk_back_p_bar_2 = np.empty(2)
    rk_back_z_bar_2 = np.empty(m)
    k_i_bar = np.empty(m)
    k_back_k = np.empty((7, m))
    total_5 = np.empty(m)
    product_3 = np.empty(m)
    h_bar = 0.0
    t_bar = 0.0
    for i2 in range(2):
        zeros_3[i2] = 0.0
        slope[i2] = 0.0
    rk_h_2 = 0.01
    rk_t_2 = 0.0
    z_4[:] = z0
    misfit_2_2 = 0.0
    rk_h = 0.01
    rk_t = 0.0
    z_3[:] = z0
    misfit_2 = 0.0
    h = 0.01
    t = 0.0
    z_2[:] = z0
    joined_4[0] = 0.09646076681806523
    joined_4[1] = 0.01
    joined_4[2] = 0.4798896504144996
    joined_4[3] = 1.379008574103742
    joined_4[4] = -3.290069515436081
    joined_4[5] = 2.324710524099774
    joined_4[6] = 0.0
    for i2 in range(7):
        for p in range(m):
            zeros_2[i2, p] = 0.0
    joined_3[2] = 0.327
    joined_3[3] = 0.9
    joined_3[4] = 0.9800255409045097
    joined_3[5] = 1.0
    joined_3[0] = 0.0
    joined_3[1] = 0.161
    joined_3[6] = 1.0
    joined_2[0] = 0.0
    joined_2[43] = 0.01
    joined_2[7] = 0.161
    joined_2[14] = -0.008480655492356989
    joined_2[15] = 0.335480655492357
    joined_2[21] = 2.8971530571054935
    joined_2[22] = -6.359448489975075
    joined_2[23] = 4.3622954328695815
    joined_2[28] = 5.325864828439257
    joined_2[29] = -11.748883564062828
    joined_2[30] = 7.4955393428898365
    joined_2[31] = -0.09249506636175525
    joined_2[35] = 5.86145544294642
    joined_2[36] = -12.92096931784711
    joined_2[37] = 8.159367898576159
    joined_2[38] = -0.071584973281401
    joined_2[39] = -0.028269050394068383
    joined_2[42] = 0.09646076681806523
    joined_2[44] = 0.4798896504144996
    joined_2[45] = 1.379008574103742
    joined_2[46] = -3.290069515436081
    joined_2[47] = 2.324710524099774
    joined_2[1] = 0.0
    joined_2[2] = 0.0
    joined_2[3] = 0.0
    joined_2[4] = 0.0
    joined_2[5] = 0.0
    joined_2[6] = 0.0
    joined_2[8] = 0.0
    joined_2[9] = 0.0
    joined_2[10] = 0.0
    joined_2[11] = 0.0
    joined_2[12] = 0.0
    joined_2[13] = 0.0
    joined_2[16] = 0.0
    joined_2[17] = 0.0
    joined_2[18] = 0.0
    joined_2[19] = 0.0
    joined_2[20] = 0.0
    joined_2[24] = 0.0
    joined_2[25] = 0.0
    joined_2[26] = 0.0
    joined_2[27] = 0.0
    joined_2[32] = 0.0
    joined_2[33] = 0.0
    joined_2[34] = 0.0
    joined_2[40] = 0.0
    joined_2[41] = 0.0
    joined_2[48] = 0.0
    joined_2_part_28 = joined_2[:7 * 7].reshape((7, 7))
    joined[0] = -0.001780011052225777
    joined[1] = -0.0008164344596567469
    joined[2] = 0.007880878010261995
    joined[3] = -0.1447110071732629
    joined[4] = 0.5823571654525552
    joined[5] = -0.45808210592918697
    joined[6] = 1.0 / 66.0
    negative_p_given_0 = -p_given[0]
    product_4 = 5.0 * p_given[1]
    rk_step_3 = 0
    while rk_step_3 < 100:  # rk
        if not (not rk_t_2 >= 1.0):
            break
        h_trace[rk_step_3] = rk_h_2
        t_trace[rk_step_3] = rk_t_2
        total_3 = 0.0
        for i2 in range(m):
            joined_4_rk_k_3[i2] = 0.0
            joined_rk_k_3[i2] = 0.0
        for i2 in range(7):
            for j in range(m):
                rk_k_3[i2, j] = zeros_2[i2, j]
        rk_hk_2 = np.minimum(rk_h_2, 1.0 - rk_t_2)
        rk_t_new_4 = rk_t_2 + rk_hk_2
        k_i_2 = 0
        while k_i_2 < 7:  # k
            for i2 in range(m):
                joined_2_part_k_3[i2] = 0.0
            for j in range(7):
                joined_2_part_28_j = joined_2_part_28[max(min(k_i_2, 6), 0), j]
                for i2 in range(m):
                    if j + 1 < k_i_2 + 1:
                        joined_2_part_k_3[i2] += joined_2_part_28_j * rk_k_3[j, i2]
            sin = math.sin(product_4 * (rk_t_2 + joined_3[max(min(k_i_2, 6), 0)] * rk_hk_2))
            for i2 in range(m):
                total_9 = z_4[i2] + rk_hk_2 * joined_2_part_k_3[i2]
                k_i_6[i2] = negative_p_given_0 * total_9 + sin * math.cos(total_9)
            for i2 in range(7):
                for p in range(m):
                    rk_k_3[i2, p] = k_i_6[p] if i2 == k_i_2 else rk_k_3[i2, p]
            k_i_2 += 1
        for i2 in range(7):
            joined_4_i = joined_4[i2]
            joined_i = joined[i2]
            for i3 in range(m):
                joined_4_rk_k_3[i3] += joined_4_i * rk_k_3[i2, i3]
                joined_rk_k_3[i3] += joined_i * rk_k_3[i2, i3]
        for i2 in range(m):
            rk_y_2_entry = z_4[i2] + rk_hk_2 * joined_4_rk_k_3[i2]
            rk_y_2[i2] = rk_y_2_entry
            total_10 = 1.4e-08 + 1.4e-08 * np.maximum(abs(z_4[i2]), abs(rk_y_2_entry))
            total_3 += joined_rk_k_3[i2] * joined_rk_k_3[i2] / total_10 / total_10
        product = rk_hk_2 * rk_hk_2 * total_3
        ratio = product / float(m)
        rk_err_2 = 0.0 if ratio == 0.0 else math.sqrt(ratio)
        rk_h_new_2 = rk_hk_2 * np.minimum(np.maximum(0.9 * np.maximum(rk_err_2, 1e-10) ** (-1.0 / 5.0), 0.2), 10.0)
        rk_t_new_5 = rk_t_new_4 if rk_err_2 <= 1.0 else rk_t_2
        for i2 in range(m):
            z_trace[rk_step_3, i2] = z_4[i2]
            z_4[i2] = rk_y_2[i2] if rk_err_2 <= 1.0 else z_4[i2]
        rk_t_2 = rk_t_new_5
        rk_h_2 = rk_h_new_2
        rk_step_3 += 1
    for row in range(max(100 - rk_step_3, 0)):
        h_trace[rk_step_3 + row] = 0.0
        t_trace[rk_step_3 + row] = 0.0
        for i2 in range(m):
            z_trace[rk_step_3 + row, i2] = 0.0
    rk_step_2 = 0
    while rk_step_2 < 100:  # rk
        if not (not rk_t >= 1.0):
            break
        total_2 = 0.0
        for i2 in range(m):
            joined_4_rk_k_2[i2] = 0.0
            joined_rk_k_2[i2] = 0.0
        for i2 in range(7):
            for j in range(m):
                rk_k_2[i2, j] = zeros_2[i2, j]
        rk_hk = np.minimum(rk_h, 1.0 - rk_t)
        rk_t_new_2 = rk_t + rk_hk
        k_i = 0
        while k_i < 7:  # k
            for i2 in range(m):
                joined_2_part_k_2[i2] = 0.0
            for j in range(7):
                joined_2_part_28_j_2 = joined_2_part_28[max(min(k_i, 6), 0), j]
                for i2 in range(m):
                    if j + 1 < k_i + 1:
                        joined_2_part_k_2[i2] += joined_2_part_28_j_2 * rk_k_2[j, i2]
            sin_2 = math.sin(product_4 * (rk_t + joined_3[max(min(k_i, 6), 0)] * rk_hk))
            for i2 in range(m):
                total_11 = z_3[i2] + rk_hk * joined_2_part_k_2[i2]
                k_i_5[i2] = negative_p_given_0 * total_11 + sin_2 * math.cos(total_11)
            for i2 in range(7):
                for p in range(m):
                    rk_k_2[i2, p] = k_i_5[p] if i2 == k_i else rk_k_2[i2, p]
            k_i += 1
        for i2 in range(7):
            joined_4_i_2 = joined_4[i2]
            joined_i_2 = joined[i2]
            for i3 in range(m):
                joined_4_rk_k_2[i3] += joined_4_i_2 * rk_k_2[i2, i3]
                joined_rk_k_2[i3] += joined_i_2 * rk_k_2[i2, i3]
        for i2 in range(m):
            rk_y_entry = z_3[i2] + rk_hk * joined_4_rk_k_2[i2]
            rk_y[i2] = rk_y_entry
            total_12 = 1.4e-08 + 1.4e-08 * np.maximum(abs(z_3[i2]), abs(rk_y_entry))
            total_2 += joined_rk_k_2[i2] * joined_rk_k_2[i2] / total_12 / total_12
        ratio_2 = rk_hk * rk_hk * total_2 / float(m)
        rk_err = 0.0 if ratio_2 == 0.0 else math.sqrt(ratio_2)
        rk_h_new = rk_hk * np.minimum(np.maximum(0.9 * np.maximum(rk_err, 1e-10) ** (-1.0 / 5.0), 0.2), 10.0)
        rk_t_new_3 = rk_t_new_2 if rk_err <= 1.0 else rk_t
        for i2 in range(m):
            z_3[i2] = rk_y[i2] if rk_err <= 1.0 else z_3[i2]
        rk_t = rk_t_new_3
        rk_h = rk_h_new
        rk_step_2 += 1
    rk_step = 0
    while rk_step < 100:  # rk
        if not (not t >= 1.0):
            break
        total = 0.0
        for i2 in range(m):
            joined_4_rk_k[i2] = 0.0
            joined_rk_k[i2] = 0.0
        for i2 in range(7):
            for j in range(m):
                rk_k[i2, j] = zeros_2[i2, j]
        hk = np.minimum(h, 1.0 - t)
        t_new = t + hk
        i = 0
        while i < 7:  # k
            for i2 in range(m):
                joined_2_part_k[i2] = 0.0
            for j in range(7):
                joined_2_part_28_j_3 = joined_2_part_28[max(min(i, 6), 0), j]
                for i2 in range(m):
                    if j + 1 < i + 1:
                        joined_2_part_k[i2] += joined_2_part_28_j_3 * rk_k[j, i2]
            sin_3 = math.sin(product_4 * (t + joined_3[max(min(i, 6), 0)] * hk))
            for i2 in range(m):
                total_13 = z_2[i2] + hk * joined_2_part_k[i2]
                k_i_4[i2] = negative_p_given_0 * total_13 + sin_3 * math.cos(total_13)
            for i2 in range(7):
                for p in range(m):
                    rk_k[i2, p] = k_i_4[p] if i2 == i else rk_k[i2, p]
            i += 1
        for i2 in range(7):
            joined_4_i_3 = joined_4[i2]
            joined_i_3 = joined[i2]
            for i3 in range(m):
                joined_4_rk_k[i3] += joined_4_i_3 * rk_k[i2, i3]
                joined_rk_k[i3] += joined_i_3 * rk_k[i2, i3]
        for i2 in range(m):
            y_entry = z_2[i2] + hk * joined_4_rk_k[i2]
            y[i2] = y_entry
            total_14 = 1.4e-08 + 1.4e-08 * np.maximum(abs(z_2[i2]), abs(y_entry))
            total += joined_rk_k[i2] * joined_rk_k[i2] / total_14 / total_14
        ratio_3 = hk * hk * total / float(m)
        err = 0.0 if ratio_3 == 0.0 else math.sqrt(ratio_3)
        h_new = hk * np.minimum(np.maximum(0.9 * np.maximum(err, 1e-10) ** (-1.0 / 5.0), 0.2), 10.0)
        rk_t_new = t_new if err <= 1.0 else t
        for i2 in range(m):
            z_2[i2] = y[i2] if err <= 1.0 else z_2[i2]
        t = rk_t_new
        h = h_new
        rk_step += 1
    for i2 in range(m):
        zeros_4[i2] = 0.0
        z_bar_start = 2.0 * (z_4[i2] - target[i2])
        z_bar[i2] = z_bar_start
        difference = z_3[i2] - target[i2]
        misfit_2_2 += difference * difference
        difference_2 = z_2[i2] - target[i2]
        misfit_2 += difference_2 * difference_2
    ratio_5 = 1.0 / float(m)
    p_given_1 = p_given[1]
    back = 0
    while back < rk_step_3:  # rk_back
        total_8 = 0.0
        rk_back_t_bar_2 = 0.0
        rk_back_hk_bar_2 = 0.0
        for i2 in range(2):
            rk_back_p_bar_2[i2] = zeros_3[i2]
        total_4 = 0.0
        for i2 in range(7):
            for j in range(m):
                rk_back_k[i2, j] = zeros_2[i2, j]
        for i2 in range(m):
            joined_4_rk_back_k[i2] = 0.0
            joined_rk_back_k[i2] = 0.0
            rk_back_z[i2] = z_trace[max(min(rk_step_3 - 1 - back, 99), 0), i2]
        rk_back_t = t_trace[max(min(rk_step_3 - 1 - back, 99), 0)]
        rk_back_h = h_trace[max(min(rk_step_3 - 1 - back, 99), 0)]
        rk_back_hk = np.minimum(rk_back_h, 1.0 - rk_back_t)
        k_i_3 = 0
        while k_i_3 < 7:  # k
            for i2 in range(m):
                joined_2_part_k_4[i2] = 0.0
            for j in range(7):
                joined_2_part_28_j_4 = joined_2_part_28[max(min(k_i_3, 6), 0), j]
                for i2 in range(m):
                    if j + 1 < k_i_3 + 1:
                        joined_2_part_k_4[i2] += joined_2_part_28_j_4 * rk_back_k[j, i2]
            sin_4 = math.sin(product_4 * (rk_back_t + joined_3[max(min(k_i_3, 6), 0)] * rk_back_hk))
            for i2 in range(m):
                total_15 = rk_back_z[i2] + rk_back_hk * joined_2_part_k_4[i2]
                k_i_7[i2] = negative_p_given_0 * total_15 + sin_4 * math.cos(total_15)
            for i2 in range(7):
                for p in range(m):
                    k_trace[k_i_3, i2, p] = rk_back_k[i2, p]
                    rk_back_k[i2, p] = k_i_7[p] if i2 == k_i_3 else rk_back_k[i2, p]
            k_i_3 += 1
        for i2 in range(7):
            joined_4_i_4 = joined_4[i2]
            joined_i_4 = joined[i2]
            for i3 in range(m):
                joined_4_rk_back_k[i3] += joined_4_i_4 * rk_back_k[i2, i3]
                joined_rk_back_k[i3] += joined_i_4 * rk_back_k[i2, i3]
        for i2 in range(m):
            rk_back_y_entry = rk_back_z[i2] + rk_back_hk * joined_4_rk_back_k[i2]
            rk_back_y[i2] = rk_back_y_entry
            total_16 = 1.4e-08 + 1.4e-08 * np.maximum(abs(rk_back_z[i2]), abs(rk_back_y_entry))
            total_4 += joined_rk_back_k[i2] * joined_rk_back_k[i2] / total_16 / total_16
        product_2 = rk_back_hk * rk_back_hk * total_4
        ratio_4 = product_2 / float(m)
        same = ratio_4 == 0.0
        root = math.sqrt(ratio_4)
        rk_back_err = 0.0 if same else root
        t_new_bar = t_bar if rk_back_err <= 1.0 else 0.0
        product_5 = 0.9 * np.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0)
        maximum = np.maximum(product_5, 0.2)
        err_bar = h_bar * rk_back_hk * (1.0 if maximum <= 10.0 else 0.0) * (1.0 if product_5 >= 0.2 else 0.0) * 0.9 * (-1.0 / 5.0 * np.maximum(rk_back_err, 1e-10) ** (-1.0 / 5.0 - 1.0)) * (1.0 if rk_back_err >= 1e-10 else 0.0)
        opposite = not same
        chosen = err_bar * (0.5 / root) * ratio_5 if opposite else 0.0
        for p in range(m):
            rk_back_z_bar_2[p] = zeros_4[p]
            size_rk_back_z_p = abs(rk_back_z[p])
            size_rk_back_y_p = abs(rk_back_y[p])
            total_17 = 1.4e-08 + 1.4e-08 * np.maximum(size_rk_back_z_p, size_rk_back_y_p)
            ratio_6 = rk_back_hk * joined_rk_back_k[p] / total_17
            product_6 = 2.0 * (chosen * ratio_6)
            chosen_3[p] = product_6 * (1.0 / total_17) * rk_back_hk if opposite else 0.0
            y_bar_entry = (z_bar[p] if rk_back_err <= 1.0 else 0.0) + (product_6 * -(ratio_6 / total_17) * 1.4e-08 * (0.0 if size_rk_back_z_p >= size_rk_back_y_p else 1.0) * np.sign(rk_back_y[p]) if opposite else 0.0)
            y_bar[p] = y_bar_entry
            chosen_2[p] = y_bar_entry * rk_back_hk if rk_back_err <= 1.0 or opposite else 0.0
        for p in range(7):
            joined_4_p = joined_4[p]
            joined_p = joined[p]
            for q in range(m):
                k_bar_start = (chosen_2[q] * joined_4_p if rk_back_err <= 1.0 or opposite else 0.0) + (chosen_3[q] * joined_p if opposite else 0.0)
                k_bar[p, q] = k_bar_start
        for row in range(max(7 - k_i_3, 0)):
            for i2 in range(7):
                for j in range(m):
                    k_trace[k_i_3 + row, i2, j] = 0.0
        k_back_back = 0
        while k_back_back < k_i_3:  # k_back
            k_back_hk_bar = 0.0
            total_7 = 0.0
            total_6 = 0.0
            for i2 in range(7):
                for j in range(m):
                    k_back_k[i2, j] = k_trace[max(min(k_i_3 - 1 - k_back_back, 6), 0), i2, j]
            for p in range(m):
                total_5[p] = 0.0
                k_i_bar[p] = k_bar[max(min(k_i_3 - 1 - k_back_back, 6), 0), p] if k_i_3 - 1 - k_back_back >= 0 and k_i_3 - 1 - k_back_back < 7 else 0.0
            for j in range(7):
                joined_2_part_28_j_5 = joined_2_part_28[max(min(k_i_3 - 1 - k_back_back, 6), 0), j]
                for i2 in range(m):
                    if j + 1 < k_i_3 - 1 - k_back_back + 1:
                        total_5[i2] += joined_2_part_28_j_5 * k_back_k[j, i2]
            joined_3_2 = joined_3[max(min(k_i_3 - 1 - k_back_back, 6), 0)]
            product_8 = product_4 * (rk_back_t + joined_3_2 * rk_back_hk)
            cos = math.cos(product_8)
            sin_5 = math.sin(product_8)
            for p in range(m):
                total_18 = rk_back_z[p] + rk_back_hk * total_5[p]
                product_7 = k_i_bar[p] * math.cos(total_18)
                total_19 = k_i_bar[p] * negative_p_given_0 + k_i_bar[p] * sin_5 * -math.sin(total_18)
                k_back_hk_bar += product_7 * cos * product_4 * joined_3_2 + total_19 * total_5[p]
                rk_back_z_bar_2[p] = rk_back_z_bar_2[p] + total_19
                total_7 += product_7
                total_6 += k_i_bar[p] * total_18
                product_3[p] = total_19 * rk_back_hk
            k_back_t_bar_2 = cos * 5.0 * p_given_1 * total_7
            k_back_t_bar_3 = rk_back_t_bar_2 + k_back_t_bar_2
            k_back_hk_bar_2 = rk_back_hk_bar_2 + k_back_hk_bar
            for p in range(2):
                k_back_p_bar_2 = (-total_6 if 0 == p else 0.0) + (cos * (rk_back_t + joined_3_2 * rk_back_hk) * 5.0 * total_7 if 1 == p else 0.0)
                rk_back_p_bar_2[p] = rk_back_p_bar_2[p] + k_back_p_bar_2
            for p in range(7):
                joined_2_part_28_p = joined_2_part_28[max(min(k_i_3 - 1 - k_back_back, 6), 0), p]
                for q in range(m):
                    k_bar[p, q] = (k_bar[p, q] if p != k_i_3 - 1 - k_back_back else 0.0) + (product_3[q] * joined_2_part_28_p if p + 1 < k_i_3 - 1 - k_back_back + 1 else 0.0)
            rk_back_hk_bar_2 = k_back_hk_bar_2
            rk_back_t_bar_2 = k_back_t_bar_3
            k_back_back += 1
        for i2 in range(2):
            slope[i2] = slope[i2] + rk_back_p_bar_2[i2]
        for p in range(m):
            total_8 += y_bar[p] * joined_4_rk_back_k[p]
            size_rk_back_z_p_2 = abs(rk_back_z[p])
            size_rk_back_y_p_2 = abs(rk_back_y[p])
            total_20 = 1.4e-08 + 1.4e-08 * np.maximum(size_rk_back_z_p_2, size_rk_back_y_p_2)
            ratio_7 = rk_back_hk * joined_rk_back_k[p] / total_20
            z_bar[p] = (z_bar[p] if not rk_back_err <= 1.0 else 0.0) + (2.0 * (chosen * ratio_7) * -(ratio_7 / total_20) * 1.4e-08 * (1.0 if size_rk_back_z_p_2 >= size_rk_back_y_p_2 else 0.0) * np.sign(rk_back_z[p]) if opposite else 0.0) + (y_bar[p] if rk_back_err <= 1.0 or opposite else 0.0) + rk_back_z_bar_2[p]
        rk_back_hk_bar = h_bar * np.minimum(maximum, 10.0) + rk_back_hk_bar_2 + (t_new_bar if rk_back_err <= 1.0 else 0.0) + (2.0 * chosen * rk_back_hk * total_4 if opposite else 0.0) + (total_8 if rk_back_err <= 1.0 or opposite else 0.0)
        rk_back_h_bar = rk_back_hk_bar * (1.0 if rk_back_h <= 1.0 - rk_back_t else 0.0)
        rk_back_t_bar = (t_bar if not rk_back_err <= 1.0 else 0.0) + (t_new_bar if rk_back_err <= 1.0 else 0.0) + (rk_back_t_bar_2 - rk_back_hk_bar * (0.0 if rk_back_h <= 1.0 - rk_back_t else 1.0))
        t_bar = rk_back_t_bar
        h_bar = rk_back_h_bar
        back += 1
    stop_2 = 1 if misfit_2 <= tol else 0
    stop = stop_2
    misfit = misfit_2_2
    return stop, misfit, slope
