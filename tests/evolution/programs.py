"""Random programs in the machine's arrays, and a plain evaluation to compare with."""

from __future__ import annotations

import numpy as np

from optgen.evolution.machine import ADD, CONSTANT, DIV, LIMIT, MUL, SQRT, SUB, X

PLAIN = {
    ADD: lambda a, b: a + b,
    SUB: lambda a, b: a - b,
    MUL: lambda a, b: a * b,
    DIV: lambda a, b: a / b,
    SQRT: lambda a, b: np.sqrt(a),
}


def random_program(rng: np.random.Generator, n: int, kinds=(ADD, SUB, MUL, DIV, SQRT)):
    """Arrays of LIMIT entries, the first n in use."""
    kind, left, right = (np.zeros(LIMIT, np.int8) for _ in range(3))
    value = np.zeros(LIMIT)
    for i in range(n):
        kind[i] = rng.choice(kinds)
        choices = [X, CONSTANT, *range(i)]
        left[i] = rng.choice([c for c in choices if kind[i] != SQRT or c != CONSTANT])
        right[i] = left[i] if kind[i] == SQRT else rng.choice(choices)
        if kind[i] != SQRT and left[i] == right[i] == CONSTANT:
            left[i] = X
        if CONSTANT in (left[i], right[i]):
            value[i] = rng.uniform(0.5, 2) * rng.choice([-1, 1])
    return kind, left, right, value


def plain(kind, left, right, value, n, x):
    values: list[np.ndarray] = []
    for i in range(n):
        a, b = (x if c == X else np.full_like(x, value[i]) if c == CONSTANT else values[c] for c in (left[i], right[i]))
        values.append(PLAIN[int(kind[i])](a, b))
    return values[n - 1]
