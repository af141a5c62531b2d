"""Random changes of programs, and the normal form under which no structure is fitted twice.

A change knows nothing of the target: the same moves and weights for every search.
"""

from __future__ import annotations

import numpy as np

from optgen.evolution.machine import ADD, CONSTANT, DIV, LIMIT, MUL, SQRT, SUB, X, compiled

EVERYWHERE = 0.25  # share of changes of a value that all who read it see, not one of them
OWN = 0.5  # share of repeated chains that bring their own constants

# ---------------------------------------------------------------- random numbers: splitmix64, the state in one cell


@compiled
def random_bits(state: np.ndarray) -> np.uint64:
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z: np.uint64 = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def uniform(state: np.ndarray) -> float:
    """In [0, 1)."""
    return np.float64(random_bits(state) >> np.uint64(11)) * 2.0**-53


@compiled
def below(state: np.ndarray, bound: int) -> int:
    """An integer in 0 .. bound - 1."""
    return int(uniform(state) * bound)


@compiled
def fresh_constant(state: np.ndarray) -> float:
    """Either sign, magnitudes over some octaves, and sometimes over more."""
    size: float = 2.0 ** ((8.0 if uniform(state) < 0.7 else 16.0) * uniform(state) - 3.0)
    return size if uniform(state) < 0.6 else -size


# ---------------------------------------------------------------- moves


@compiled
def _open_place(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, at: int, count: int,
) -> None:  # fmt: skip
    """Room for `count` operations before operation `at`; the ones from there on move up."""
    for i in range(n - 1, at - 1, -1):
        kind[i + count], value[i + count] = kind[i], value[i]
        left[i + count] = left[i] + count if left[i] >= at else left[i]
        right[i + count] = right[i] + count if right[i] >= at else right[i]


@compiled
def _random_argument(state: np.ndarray, known: int) -> int:
    """The variable, a constant, or the value of one of the first `known` operations."""
    draw = uniform(state)
    if draw < 0.3 or known == 0:
        return X if uniform(state) < 0.55 else CONSTANT
    if draw < 0.5:
        return CONSTANT
    # recent values are likelier: chains are what programs are mostly made of
    return known - 1 - min(below(state, known), below(state, known))


@compiled
def _set(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, i: int, operation: int, a: int, b: int,
    state: np.ndarray,
) -> None:  # fmt: skip
    kind[i], left[i], right[i] = operation, a, b
    if operation == SQRT:
        right[i] = a
    value[i] = fresh_constant(state) if a == CONSTANT or b == CONSTANT else 0.0


@compiled
def _join(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, i: int, operation: int, source: int,
    other: int, state: np.ndarray,
) -> None:  # fmt: skip
    """Operation i of a value and another argument, in either order."""
    if uniform(state) < 0.5:
        _set(kind, left, right, value, i, operation, source, other, state)
    else:
        _set(kind, left, right, value, i, operation, other, source, state)


@compiled
def _lead(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, user: int, first: bool, to: int,
) -> None:  # fmt: skip
    """One argument of an operation becomes the value of operation `to`."""
    if kind[user] == SQRT:
        left[user] = right[user] = to
    elif first:
        left[user] = to
    else:
        right[user] = to
    if left[user] != CONSTANT and right[user] != CONSTANT:
        value[user] = 0.0


@compiled
def _lead_all(left: np.ndarray, right: np.ndarray, begin: int, n: int, source: int, to: int) -> None:
    """Operations from `begin` on that read `source` read operation `to` instead."""
    for i in range(begin, n):
        if left[i] == source:
            left[i] = to
        if right[i] == source:
            right[i] = to


@compiled
def insert(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, allowed: np.ndarray,
    state: np.ndarray,
) -> int:  # fmt: skip
    """One operation on an edge, at the end, or on a value for all who read it, and up to two that make its argument.

    The new length.
    """
    draw = uniform(state)
    count = 1 if draw < 0.45 else 2 if draw < 0.8 else 3
    if n + count > LIMIT:
        return n
    user = below(state, n + 1)  # the operation whose argument is replaced; n: the result
    first = uniform(state) < 0.5
    source = n - 1 if user == n else (left[user] if first else right[user])
    if source == CONSTANT:
        source = X if uniform(state) < 0.5 or user == 0 else below(state, user)
    everywhere = uniform(state) < EVERYWHERE
    at = user if not everywhere else source + 1 if source >= 0 else 0
    _open_place(kind, left, right, value, n, at, count)
    join = at + count - 1
    if count > 1:
        operation = allowed[below(state, allowed.shape[0])]
        a, b = _random_argument(state, at), _random_argument(state, at)
        if a == CONSTANT and b == CONSTANT:
            a = source
        _set(kind, left, right, value, at, operation, a, b, state)
        if count == 3:
            operation, b = allowed[below(state, allowed.shape[0])], _random_argument(state, at)
            _join(kind, left, right, value, at + 1, operation, at, b, state)
        other = join - 1
    else:
        other = source if uniform(state) < 0.15 else _random_argument(state, at)
    _join(kind, left, right, value, join, allowed[below(state, allowed.shape[0])], source, other, state)
    if everywhere:
        _lead_all(left, right, join + 1, n + count, source, join)
    elif user < n:
        _lead(kind, left, right, value, user + count, first, join)
    return n + count


@compiled
def _own(left: np.ndarray, right: np.ndarray, n: int, i: int, copies: np.ndarray) -> bool:
    """Whether an operation has a constant, and is read by operations that are marked alone."""
    if left[i] != CONSTANT and right[i] != CONSTANT:
        return False
    for j in range(i + 1, n):  # noqa: SIM110 - numba has no generators
        if copies[j] < 0 and (left[j] == i or right[j] == i):
            return False
    return True


@compiled
def repeat(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, state: np.ndarray,
) -> int:  # fmt: skip
    """A chain of up to four operations is applied once more, to its own result; the new length.

    What is off the chain is shared, so one more step of any scheme that goes by steps costs its operations only; or
    what has a constant and serves the chain alone is repeated with it, so that the step has constants of its own.
    """
    top = below(state, n)
    copies = np.full(n, -1)
    inner, last, count, longest = top, top, 0, 1 + below(state, 4)
    while inner >= 0 and count < longest:
        copies[inner] = 0
        count += 1
        last = inner
        inner = left[last] if uniform(state) < 0.5 else right[last]
        if inner == CONSTANT:
            inner = right[last] if left[last] == CONSTANT else left[last]
    if uniform(state) < OWN:
        for i in range(top - 1, -1, -1):
            if copies[i] < 0 and i != inner and _own(left, right, n, i, copies):
                copies[i] = 0
                count += 1
    if n + count > LIMIT:
        return n
    _open_place(kind, left, right, value, n, top + 1, count)
    place = top + 1
    for i in range(top + 1):
        if copies[i] < 0:
            continue
        copies[i] = place
        a, b = left[i], right[i]
        kind[place], value[place] = kind[i], value[i]
        left[place] = top if i == last and a == inner else copies[a] if a >= 0 and copies[a] >= 0 else a
        right[place] = top if i == last and b == inner else copies[b] if b >= 0 and copies[b] >= 0 else b
        place += 1
    _lead_all(left, right, place, n + count, top, place - 1)
    return n + count


@compiled
def remove(kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, state: np.ndarray) -> int:
    """One of its arguments takes the place of an operation.  Dead code is left to `tidy`."""
    if n < 2:
        return n
    i = below(state, n)
    instead = left[i] if uniform(state) < 0.5 else right[i]
    if instead == CONSTANT:
        instead = right[i] if left[i] == CONSTANT else left[i]
    if i == n - 1:
        return instead + 1 if instead >= 0 else n
    for j in range(i + 1, n):
        if left[j] == i:
            left[j] = instead
        if right[j] == i:
            right[j] = instead
    return n


@compiled
def redirect(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, state: np.ndarray,
) -> None:  # fmt: skip
    """Another argument for an operation."""
    i = below(state, n)
    a = _random_argument(state, i)
    if kind[i] == SQRT:
        if a != CONSTANT:
            left[i] = right[i] = a
        return
    if uniform(state) < 0.5:
        left[i] = a
    else:
        right[i] = a
    if left[i] == CONSTANT or right[i] == CONSTANT:
        if a == CONSTANT or value[i] == 0.0:
            value[i] = fresh_constant(state)
    else:
        value[i] = 0.0


@compiled
def retype(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, allowed: np.ndarray,
    state: np.ndarray,
) -> None:  # fmt: skip
    """Another operation on the same arguments, or the same on exchanged ones."""
    i = below(state, n)
    if uniform(state) < 0.25 and kind[i] != SQRT:
        left[i], right[i] = right[i], left[i]
        return
    operation = allowed[below(state, allowed.shape[0])]
    if operation == SQRT:
        if left[i] == CONSTANT:
            left[i] = right[i]
        if left[i] == CONSTANT:
            return
        right[i] = left[i]
        value[i] = 0.0
    kind[i] = operation


@compiled
def graft(
    kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int, okind: np.ndarray,
    oleft: np.ndarray, oright: np.ndarray, ovalue: np.ndarray, on: int, state: np.ndarray,
) -> int:  # fmt: skip
    """The other program takes the place of a value of this one: prepended, and edges led to its result."""
    if n + on > LIMIT:
        return n
    for i in range(n - 1, -1, -1):
        kind[i + on], value[i + on] = kind[i], value[i]
        left[i + on] = left[i] + on if left[i] >= 0 else left[i]
        right[i + on] = right[i] + on if right[i] >= 0 else right[i]
    for i in range(on):
        kind[i], left[i], right[i], value[i] = okind[i], oleft[i], oright[i], ovalue[i]
    i = on + below(state, n)
    first = uniform(state) < 0.5
    source = left[i] if first else right[i]
    if source != CONSTANT and uniform(state) < EVERYWHERE:
        _lead_all(left, right, i, n + on, source, on - 1)
    else:
        _lead(kind, left, right, value, i, first, on - 1)
    return n + on


# ---------------------------------------------------------------- normal form


@compiled
def mix(a: np.uint64, b: np.uint64, c: np.uint64) -> np.uint64:
    z = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b) * np.uint64(0xC2B2AE3D27D4EB4F)
    z += np.uint64(c) * np.uint64(0x165667B19E3779F9)
    z = (z ^ (z >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return z ^ (z >> np.uint64(32))


@compiled
def tidy(kind: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray, n: int) -> int:
    """Drop what the result does not read and bring constants to the right of + and *; the new length.

    0 if the program is not worth fitting: an operation of two constants, y - y, y/y, a constant that an operation
    before it already absorbs, or a value computed twice.
    """
    needed = np.zeros(n, np.bool_)
    needed[n - 1] = True
    for i in range(n - 1, -1, -1):
        if needed[i]:
            if left[i] >= 0:
                needed[left[i]] = True
            if right[i] >= 0:
                needed[right[i]] = True
    place = np.empty(n, np.int64)
    count = 0
    for i in range(n):
        if not needed[i]:
            continue
        k, a, b, c = kind[i], left[i], right[i], value[i]
        a = place[a] if a >= 0 else a
        b = place[b] if b >= 0 else b
        if k == SQRT:
            if a == CONSTANT:
                return 0
            b = a
        else:
            if (a == CONSTANT and b == CONSTANT) or (a == b and k in (SUB, DIV)):
                return 0
            if b == CONSTANT:
                if k == SUB:
                    k, c = ADD, -c
                elif k == DIV:
                    k, c = MUL, 1.0 / c
            elif a == CONSTANT and k in (ADD, MUL):
                a, b = b, CONSTANT
        place[i] = count
        kind[count], left[count], right[count] = k, a, b
        value[count] = c if a == CONSTANT or b == CONSTANT else 0.0
        count += 1
    uses = np.zeros(count, np.int64)
    for i in range(count):
        if left[i] >= 0:
            uses[left[i]] += 1
        if right[i] >= 0 and kind[i] != SQRT:
            uses[right[i]] += 1
    for i in range(count):
        if left[i] == CONSTANT or right[i] == CONSTANT:
            inner = right[i] if left[i] == CONSTANT else left[i]
            if inner >= 0 and uses[inner] == 1 and (left[inner] == CONSTANT or right[inner] == CONSTANT):
                adds, inner_adds = kind[i] in (ADD, SUB), kind[inner] in (ADD, SUB)
                if adds == inner_adds:
                    return 0
    return count


@compiled
def structure(kind: np.ndarray, left: np.ndarray, right: np.ndarray, n: int) -> np.uint64:
    """A hash, equal for programs that differ in constants, order, and sides of + and *; 0: a value occurs twice."""
    node = np.empty(n, np.uint64)
    constant = np.zeros(n, np.bool_)
    total = np.uint64(0)
    for i in range(n):
        a, b = left[i], right[i]
        x = node[a] if a >= 0 else np.uint64(11 if a == X else 23)
        y = node[b] if b >= 0 else np.uint64(11 if b == X else 23)
        constant[i] = a == CONSTANT or b == CONSTANT or (a >= 0 and constant[a]) or (b >= 0 and constant[b])
        if kind[i] in (ADD, MUL) and y < x:
            x, y = y, x
        node[i] = mix(np.uint64(kind[i] + 1), x, y)
        for j in range(i):
            if node[j] == node[i] and not constant[i]:
                return np.uint64(0)
        total += mix(node[i], np.uint64(3), np.uint64(5))
    return mix(total, node[n - 1], np.uint64(n)) | np.uint64(1)
