"""Functions that generated files carry when they use them, as source for numpy and jax.

Whole-array functions give NaN where no result exists; random bits are Threefry-2x32-20 on 64-bit words (high, low).
"""

from __future__ import annotations

_THREEFRY = '''
def threefry(key, counter):
    """Threefry-2x32-20 (Salmon et al., SC 2011) of 64-bit words, each a pair (high, low)."""
    mask, half = {np}.uint64(0xFFFFFFFF), {np}.uint64(32)
    key, counter = {np}.asarray(key, {np}.uint64), {np}.asarray(counter, {np}.uint64)
    k0, k1 = key >> half, key & mask
    keys = (k0, k1, k0 ^ k1 ^ {np}.uint64(0x1BD11BDA))
    x0, x1 = ((counter >> half) + k0) & mask, ((counter & mask) + k1) & mask
    for group in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x0 = (x0 + x1) & mask
            x1 = (((x1 << {np}.uint64(turn)) | (x1 >> {np}.uint64(32 - turn))) & mask) ^ x0
        x0 = (x0 + keys[(group + 1) % 3]) & mask
        x1 = (x1 + keys[(group + 2) % 3] + {np}.uint64(group + 1)) & mask
    return (x0 << half) | x1
'''

_BITS = {
    "uniform_bits": '''
def uniform_bits(bits):
    """The leading bits as a number in [0, 1)."""
    return {np}.{real}({np}.float64(bits >> {np}.uint64({drop})) * 2.0**-{keep})
''',
    "high_word": '''
def high_word(bits):
    """The high 32 bits as a number in (0, 1)."""
    return {np}.{real}(({np}.float64(bits >> {np}.uint64(32)) + 0.5) * 2.0**-32)
''',
    "low_word": '''
def low_word(bits):
    """The low 32 bits as a number in [0, 1)."""
    return {np}.{real}({np}.float64(bits & {np}.uint64(0xFFFFFFFF)) * 2.0**-32)
''',
    "index_bits": '''
def index_bits(bits, n):
    """An integer in 0 .. n - 1 from the high 32 bits."""
    return {np}.int64(((bits >> {np}.uint64(32)) * {np}.uint64(n)) >> {np}.uint64(32))
''',
}

_PLACES = {
    "add_at": {
        "numpy": '''
def add_at(shape, places, values):
    """Values added up at their places; what lies outside the shape counts nowhere."""
    *places, values = np.broadcast_arrays(*places, values)
    inside = np.logical_and.reduce([(place >= 0) & (place < length) for place, length in zip(places, shape)])
    total = np.zeros(shape, values.dtype)
    np.add.at(total, tuple(place[inside] for place in places), values[inside])
    return total
''',
        "jax": '''
def add_at(shape, places, values):
    """Values added up at their places; what lies outside the shape counts nowhere."""
    inside = tuple(jnp.where(place < 0, length, place) for place, length in zip(places, shape))
    values = jnp.broadcast_to(values, jnp.broadcast_shapes(values.shape, *(place.shape for place in inside)))
    return jnp.zeros(shape, values.dtype).at[inside].add(values, mode="drop")
''',
    },
    **{
        name: {
            dialect: f'''
def {name}(x):
    """The first place of the {word} along the last axis; NaN is never it, and nothing has it at 0."""
    if x.shape[-1] == 0:
        return {np}.zeros(x.shape[:-1], {np}.int64)
    return {np}.{name}({np}.where({np}.isnan(x), {sign}{np}.inf, x), axis=-1)
'''
            for dialect, np in (("numpy", "np"), ("jax", "jnp"))
        }
        for name, word, sign in (("argmax", "largest", "-"), ("argmin", "smallest", ""))
    },
}

_NUMPY = {
    "solve": '''
def solve(a, b):
    """x with a @ x = b; NaN if a is singular."""
    try:
        return np.linalg.solve(a, b[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.full_like(b, np.nan)
''',
    "solve_matrix": '''
def solve_matrix(a, b):
    """X with a @ X = b; NaN if a is singular."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        return np.full_like(b, np.nan)
''',
    "solve_spd": '''
def solve_spd(a, b):
    """x with a @ x = b for a positive definite a, by its Cholesky factor; NaN if a is not."""
    try:
        lower = np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return np.full_like(b, np.nan)
    half = np.linalg.solve(lower, b[..., None])
    return np.linalg.solve(np.swapaxes(lower, -1, -2), half)[..., 0]
''',
    "solve_lower": '''
def solve_lower(a, b):
    """x with a @ x = b for a lower triangular a."""
    x = np.array(b)
    for i in range(x.shape[-1]):
        x[..., i] = (b[..., i] - np.sum(a[..., i, :i] * x[..., :i], axis=-1)) / a[..., i, i]
    return x
''',
    "cholesky": '''
def cholesky(a):
    """Lower L with L @ L.T = a; NaN if a is not positive definite."""
    try:
        return np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return np.full_like(a, np.nan)
''',
    "eigh": '''
def eigh(a):
    """Eigenvalues ascending and eigenvectors; the largest entry of each vector is positive."""
    values, vectors = np.linalg.eigh(a)
    largest = np.argmax(np.abs(vectors), axis=-2)
    signs = np.sign(np.take_along_axis(vectors, largest[..., None, :], axis=-2))
    return values, vectors * np.where(signs == 0, 1, signs)
''',
    "det": '''
def det(a):
    """Determinant."""
    return np.linalg.det(a)
''',
    "sort": '''
def sort(x):
    """Ascending along the last axis."""
    return np.sort(x, axis=-1)
''',
    "argsort": '''
def argsort(x):
    """The places of the sorted entries along the last axis, equal ones in order."""
    return np.argsort(x, axis=-1, kind="stable")
''',
}

_JAX = {
    "square_root": '''
def square_root(x):
    """The square root; its derivative at 0 is 0."""
    return jnp.where(x == 0, 0.0, jnp.sqrt(jnp.where(x == 0, 1.0, x)))
''',
    "solve": '''
def solve(a, b):
    """x with a @ x = b."""
    return jnp.linalg.solve(a, b[..., None])[..., 0]
''',
    "solve_matrix": '''
def solve_matrix(a, b):
    """X with a @ X = b."""
    return jnp.linalg.solve(a, b)
''',
    "solve_spd": '''
def solve_spd(a, b):
    """x with a @ x = b for a positive definite a, by its Cholesky factor; NaN if a is not."""
    lower = jnp.linalg.cholesky(a)
    half = jax.scipy.linalg.solve_triangular(lower, b[..., None], lower=True)
    return jax.scipy.linalg.solve_triangular(jnp.swapaxes(lower, -1, -2), half, lower=False)[..., 0]
''',
    "solve_lower": '''
def solve_lower(a, b):
    """x with a @ x = b for a lower triangular a."""
    return jax.scipy.linalg.solve_triangular(a, b[..., None], lower=True)[..., 0]
''',
    "cholesky": '''
def cholesky(a):
    """Lower L with L @ L.T = a; NaN if a is not positive definite."""
    return jnp.linalg.cholesky(a)
''',
    "eigh": _NUMPY["eigh"].replace("np.", "jnp."),
    "det": _NUMPY["det"].replace("np.", "jnp."),
    "sort": _NUMPY["sort"].replace("np.", "jnp."),
    "argsort": _NUMPY["argsort"].replace("np.", "jnp.").replace('kind="stable"', "stable=True"),
}


def helper_source(names: set[str], dialect: str, real: str) -> list[str]:
    """The source of the helpers with these names, in a fixed order."""
    np = "np" if dialect == "numpy" else "jnp"
    drop, keep = ("11", "53") if real == "float64" else ("40", "24")
    table = _NUMPY if dialect == "numpy" else _JAX
    made = []
    if "threefry" in names:
        made.append(_THREEFRY.format(np=np))
    for name, text in _BITS.items():
        if name in names:
            made.append(text.format(np=np, real=real, drop=drop, keep=keep))
    made += [texts[dialect] for name, texts in _PLACES.items() if name in names]
    return made + [text for name, text in table.items() if name in names]
