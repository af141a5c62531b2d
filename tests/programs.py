"""Functions written as IR text, with inputs: what lowered methods look like, small enough to be followed by hand.

Each is (function, dims, arrays).  `PROGRAMS` has them by name, with those that tests/backends builds node by node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optgen.ir.program import Function
from optgen.ir.reader import read_function
from tests.backends.loop_programs import CASES

Case = tuple[Function, dict[str, int], list[Any]]

GRADIENT = """
function gradient(m, n)
  "The gradient of a logistic loss, by hand: the margins are computed once."
  input A : real[m, n]
  input y : real[m]
  input x : real[n]
  margin[i < m] = y[i]*sum(j < n: A[i, j]*x[j])
  weight[i < m] = -y[i]/(1.0 + exp(margin[i]))
  slope[j < n] = sum(i < m: weight[i]*A[i, j])
  result loss = scalar(sum(i < m: log1p(exp(-margin[i]))))
  result slope = slope
"""

RUNGE_KUTTA = """
function runge_kutta()
  "Heun with an Euler error estimate on x' = -x; a step whose error is too large is made again, half as long."
  input start : real
  input tolerance : real
  steps = loop(k) limit 200 capacity 200
    carry x : real = start
    carry t : real = scalar(0.0)
    carry h : real = scalar(1.0)
    carry rejected : int = scalar(0)
    length[] = minimum(h, 1.0 - t)
    first[] = -x
    second[] = -(x + length*first)
    error[] = abs(length/2.0*(second - first))
    accepted[] = error <= tolerance
    x_new[] = choose(accepted, x + length/2.0*(first + second), x)
    t_new[] = choose(accepted, t + length, t)
    h_new[] = choose(accepted, length*minimum(2.0, sqrt(tolerance/choose(error > 0.0, error, 1.0))), length/2.0)
    while t < 1.0
    trace error
    next x_new, t_new, h_new, scalar(choose(accepted, rejected, rejected + 1))
  result x = steps#0
  result rejected = steps#3
  result steps = steps#4
  result errors = steps#5
"""

MINIBATCH = """
function minibatch(m, n, b, q)
  "Cross entropy over a minibatch: rows gathered by an index, a row's entry picked by its label."
  input X : real[m, n]
  input c : int[m]
  input B : int[b]
  input W : real[q, n]
  logits[i < b, k < q] = sum(j < n: W[k, j]*X[B[i], j])
  top[i < b] = max(k < q: logits[i, k])
  entropy[i < b] = log(sum(k < q: exp(logits[i, k] - top[i]))) + top[i] - logits[i, c[B[i]]]
  hits[] = sum(i < b: bool_to_int(argmax(k < q: logits[i, k]) == c[B[i]]))
  result loss = scalar(sum(i < b: entropy[i])/to_real(b))
  result hits = hits
"""

TOP_K = """
function top_k(w, d)
  "Each worker keeps its k largest entries: a call under an index."
  input g : real[w, d]
  input k : int
  kept[i < w, j < d] =
    size[l < d] = -abs(g[i, l])
    %1 = call argsort(size) : int[d]
    value choose(any(p < d where p < k: %1#0[p] == j), g[i, j], 0.0)
  result kept = kept
"""

TWO_LOOP = """
function two_loop(n)
  "The product of the L-BFGS matrix with g, from a ring buffer of pairs of which `count` were pushed."
  input g : real[n]
  input S : real[3, n]
  input Y : real[3, n]
  input count : int
  zero[l < 3] = 0.0
  held[] = minimum(count, 3)
  backward = loop(k) limit held
    carry q : real[n] = g
    carry a : real[3] = zero
    row[] = mod(count - 1 - k, 3)
    a_row[] = sum(i < n: S[row, i]*q[i])/sum(i < n: S[row, i]*Y[row, i])
    q_new[i < n] = q[i] - a_row*Y[row, i]
    a_new[l < 3] = choose(l == row, a_row, a[l])
    next q_new, a_new
  forward = loop(k~2) limit held
    carry r : real[n] = backward#0
    row~2[] = mod(count - held + k~2, 3)
    b[] = sum(i < n: Y[row~2, i]*r[i])/sum(i < n: S[row~2, i]*Y[row~2, i])
    r_new[i < n] = r[i] + (backward#1[row~2] - b)*S[row~2, i]
    next r_new
  result product = forward#0
"""

DRAWS = """
function draws(n)
  "Draws of four laws inside nested loops."
  input seed : u64
  zero[i < n] = 0.0
  outer = loop(k) limit 3 capacity 3
    carry x : real[n] = zero
    carry picked : int = scalar(0)
    inner = loop(l) limit k + 2
      carry z : real[n] = x
      z_new[i < n] = z[i] + draw(normal(0.0, 0.5), "walk/inner/step", seed, (k, l), i)
      next z_new
    u[] = draw(uniform(-1.0, 1.0), "walk/u", seed, (k), 0)
    e[] = draw(exponential(2.0), "walk/e", seed, (k), 0)
    x_new[i < n] = inner#0[i]*u + e
    trace u
    next x_new, scalar(picked + draw(index(n), "walk/pick", seed, (k), 0))
  result x = outer#0
  result picked = outer#1
  result uniforms = outer#3
"""

MEMBERS = """
function members(w, n)
  "Each worker runs a loop of its own, for as long as it needs."
  input A : real[w, n]
  input goal : real[w]
  reached[i < w] =
    descent = loop(k) limit 50
      carry s : real = scalar(sum(j < n: A[i, j]*A[i, j]))
      while s > goal[i]
      next scalar(0.5*s)
    value descent#0 + to_real(descent#1)
  result reached = reached
"""

HALVES = """
function halves(m, n)
  "A flat vector of two leaves: a matrix scaled, a vector moved by its neighbours, joined again."
  input flat : real[m*n + n]
  W = view(flat, 0)[m, n]
  b = view(flat, m*n)[n]
  scaled[i < m, j < n] = 2.0*W[i, j]
  moved[j < n] = b[j + 1] - b[j - 1]
  joined = concat(scaled, moved)
  result joined = joined
"""

GUARDED = """
function guarded(n)
  "Partial operations under choices: the branch not chosen gives neither NaN nor a bad index."
  input x : real[n]
  input pick : int[n]
  root[i < n] = choose(x[i] >= 0.0, sqrt(choose(x[i] >= 0.0, x[i], 1.0)), 0.0)
  read[i < n] = choose((pick[i] >= 0) & (pick[i] < n), x[pick[i]], inf)
  result root = root
  result read = read
  result least = scalar(min(i < n where x[i] > 0.0: x[i]))
  result none = scalar(max(i < n where x[i] > 1e9: x[i]))
"""


def _arrays(seed: int, *shapes: tuple[int, ...]) -> list[Any]:
    values = np.random.default_rng(seed)
    return [values.normal(size=shape) for shape in shapes]


def _gradient() -> Case:
    a, y, x = _arrays(1, (6, 3), (6,), (3,))
    return read_function(GRADIENT), {"m": 6, "n": 3}, [a, np.sign(y), x]


def _minibatch() -> Case:
    features, weights = _arrays(2, (7, 3), (4, 3))
    labels, batch = np.array([0, 3, 1, 2, 2, 0, 1]), np.array([6, 1, 1, 4, 0])
    return read_function(MINIBATCH), {"m": 7, "n": 3, "b": 5, "q": 4}, [features, labels, batch, weights]


def _two_loop() -> Case:
    g, s, noise = _arrays(3, (4,), (3, 4), (3, 4))
    return read_function(TWO_LOOP), {"n": 4}, [g, s, s + 0.1 * noise, 5]


def _halves() -> Case:
    return read_function(HALVES), {"m": 2, "n": 3}, [np.arange(9.0)]


def _guarded() -> Case:
    return read_function(GUARDED), {"n": 4}, [np.array([4.0, -1.0, 0.25, 0.0]), np.array([2, -1, 9, 0])]


TEXTS: dict[str, Callable[[], Case]] = {
    "gradient": _gradient,
    "runge_kutta": lambda: (read_function(RUNGE_KUTTA), {}, [1.0, 1e-3]),
    "minibatch": _minibatch,
    "top_k": lambda: (read_function(TOP_K), {"w": 3, "d": 5}, [_arrays(4, (3, 5))[0], 2]),
    "two_loop": _two_loop,
    "draws": lambda: (read_function(DRAWS), {"n": 3}, [np.uint64(7)]),
    "members": lambda: (read_function(MEMBERS), {"w": 3, "n": 2}, [*_arrays(5, (3, 2)), np.array([1.0, 1e-3, 9.0])]),
    "halves": _halves,
    "guarded": _guarded,
}
PROGRAMS: dict[str, Callable[[], Case]] = {**CASES, **TEXTS}
