"""Helper functions that generated files quote when they use them: text, in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Iterable

from optgen.backends.numba.expressions import expression
from optgen.ir import formulas, walk
from optgen.ir import nodes as ir

NJIT = '@njit(error_model="numpy", nogil=True)'

# name: (the helpers it needs, its text); `real` is float or float32
HELPERS: dict[str, tuple[tuple[str, ...], str]] = {
    "power_int": (
        (),
        '''def power_int(x, k):
    """x to an integer power, by products."""
    result, base, left = real(1), x, abs(k)
    while left > 0:
        if left % 2 == 1:
            result = result * base
        base = base * base
        left = left // 2
    return real(1) / result if k < 0 else result
''',
    ),
    "digamma": (
        (),
        '''def digamma(x):
    """The derivative of log Gamma: reflection below 0, recurrence up to 10, then the asymptotic series."""
    shift, sign, z = 0.0, 1.0, float(x)
    if z <= 0.0:
        if z == math.floor(z):
            return real(np.nan)
        shift, z = -math.pi / math.tan(math.pi * z), 1.0 - z
    while z < 10.0:
        shift -= 1.0 / z
        z += 1.0
    s = 1.0 / (z * z)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * (691 / 32760 - s / 12))))))
    return real(shift + math.log(z) - 0.5 / z - series)
''',
    ),
    "threefry": (
        (),
        '''def threefry(key, counter):
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
''',
    ),
    "uniform": (
        (),
        '''def uniform(bits):
    """The leading 53 bits as a number in [0, 1)."""
    return float(bits >> np.uint64(11)) * 2.0**-53
''',
    ),
    "high_word": (
        (),
        '''def high_word(bits):
    """The high word as a number in (0, 1)."""
    return (float(bits >> np.uint64(32)) + 0.5) * 2.0**-32
''',
    ),
    "low_word": (
        (),
        '''def low_word(bits):
    """The low word as a number in [0, 1)."""
    return float(bits & np.uint64(0xFFFFFFFF)) * 2.0**-32
''',
    ),
    "random_index": (
        (),
        '''def random_index(bits, n):
    """A number in 0 .. n - 1 from the high word."""
    return np.int64(((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))
''',
    ),
    "cholesky": (
        (),
        '''def cholesky(a):
    """Lower L with L @ L.T = a; NaN if a is not positive definite."""
    n = a.shape[0]
    lower = np.zeros_like(a)
    for j in range(n):
        pivot = a[j, j]
        for k in range(j):
            pivot -= lower[j, k] * lower[j, k]
        if not pivot > 0:
            lower[:, :] = np.nan
            return lower
        lower[j, j] = math.sqrt(pivot)
        for i in range(j + 1, n):
            rest = a[i, j]
            for k in range(j):
                rest -= lower[i, k] * lower[j, k]
            lower[i, j] = rest / lower[j, j]
    return lower
''',
    ),
    "solve_lower": (
        (),
        '''def solve_lower(a, b):
    """x with a @ x = b for a lower triangular a."""
    x = b.copy()
    for i in range(x.size):
        for k in range(i):
            x[i] -= a[i, k] * x[k]
        x[i] /= a[i, i]
    return x
''',
    ),
    "solve_spd": (
        ("cholesky", "solve_lower"),
        '''def solve_spd(a, b):
    """x with a @ x = b for a positive definite a; NaN if it is not."""
    lower = cholesky(a)
    x = solve_lower(lower, b)
    for i in range(x.size - 1, -1, -1):
        for k in range(i + 1, x.size):
            x[i] -= lower[k, i] * x[k]
        x[i] /= lower[i, i]
    return x
''',
    ),
    "factorise": (
        (),
        '''def factorise(a):
    """LU of a row-permuted by partial pivoting, the order of the rows, and the sign of the permutation."""
    n = a.shape[0]
    lu, rows, sign = a.copy(), np.arange(n), real(1)
    for j in range(n):
        best = j
        for i in range(j + 1, n):
            if abs(lu[i, j]) > abs(lu[best, j]):
                best = i
        if best != j:
            for k in range(n):
                lu[j, k], lu[best, k] = lu[best, k], lu[j, k]
            rows[j], rows[best] = rows[best], rows[j]
            sign = -sign
        for i in range(j + 1, n):
            if lu[j, j] != 0:
                lu[i, j] /= lu[j, j]
            for k in range(j + 1, n):
                lu[i, k] -= lu[i, j] * lu[j, k]
    return lu, rows, sign
''',
    ),
    "solve_matrix": (
        ("factorise",),
        '''def solve_matrix(a, b):
    """X with a @ X = b, by LU; NaN if a is singular."""
    n = a.shape[0]
    lu, rows, _ = factorise(a)
    x = np.empty_like(b)
    for c in range(b.shape[1]):
        for i in range(n):
            x[i, c] = b[rows[i], c]
            for k in range(i):
                x[i, c] -= lu[i, k] * x[k, c]
        for i in range(n - 1, -1, -1):
            for k in range(i + 1, n):
                x[i, c] -= lu[i, k] * x[k, c]
            x[i, c] /= lu[i, i]
    for i in range(n):
        if lu[i, i] == 0:
            x[:, :] = np.nan
    return x
''',
    ),
    "solve": (
        ("solve_matrix",),
        '''def solve(a, b):
    """x with a @ x = b, by LU; NaN if a is singular."""
    return solve_matrix(a, b.reshape(b.size, 1)).reshape(b.size)
''',
    ),
    "det": (
        ("factorise",),
        '''def det(a):
    """The determinant, by LU."""
    lu, _, sign = factorise(a)
    for j in range(a.shape[0]):
        sign *= lu[j, j]
    return sign
''',
    ),
    "eigh": (
        (),
        '''def eigh(a):
    """Eigenvalues ascending, eigenvectors in columns, the entry of each largest in absolute value positive."""
    values, vectors = np.full(a.shape[0], np.nan, a.dtype), np.full(a.shape, np.nan, a.dtype)
    if np.all(np.isfinite(a)):
        values[:], vectors[:, :] = np.linalg.eigh(a)
        for j in range(a.shape[0]):
            if vectors[np.argmax(np.abs(vectors[:, j])), j] < 0:
                vectors[:, j] = -vectors[:, j]
    return values, vectors
''',
    ),
    "argsort": (
        (),
        '''def argsort(x):
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
''',
    ),
    "sort": (
        ("argsort",),
        '''def sort(x):
    """The entries ascending, NaN last."""
    return x[argsort(x)]
''',
    ),
}
CONSTANTS = {"threefry": "ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)\n"}


def formula_source(name: str) -> str:
    """A special function by its formula, in doubles, a line a part."""
    function = formulas.function(name)
    ((_, result),) = function.results
    (x,) = function.parameters
    names: dict[ir.AnyNode, str] = {x: x.name}
    lines = [f"def {name}({x.name}):", f'    """{function.doc}"""', f"    {x.name} = np.float64({x.name})"]
    for node in walk.postorder([result]):
        if isinstance(node, ir.Array):
            names[node] = node.name
            value = expression(node.body, names, "float64")
            lines.append(f"    return {value}" if node is result else f"    {node.name} = {value}")
    return "\n".join(lines) + "\n"


def helper_source(names: Iterable[str], real: str) -> str:
    """The text of helpers and of all that they need."""
    needed: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack.extend(HELPERS[name][0] if name in HELPERS else ())
    parts = []
    for name, (_, text) in HELPERS.items():
        if name in needed:
            made = text.replace("real(1)", "float32(1.0)" if real == "float32" else "1.0")
            made = made.replace("real(", "float32(" if real == "float32" else "float(")
            parts.append(CONSTANTS.get(name, "") + ("\n\n" if name in CONSTANTS else "") + f"{NJIT}\n{made}")
    parts += [f"{NJIT}\n{formula_source(name)}" for name in formulas.FORMULAS if name in needed]
    return "\n\n".join(parts)
