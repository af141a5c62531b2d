"""One function in four places: NumPy, a Numba loop, JAX, C.  Run it: python examples/functions.py"""

from __future__ import annotations

import time

import jax
import numba
import numpy as np

import optgen

# 1. NumPy: a real ufunc, made from the formula
decay = optgen.function("2^(-x)", ulp=1)
x = np.linspace(0, 10, 100_000, dtype=np.float32)
print(type(decay), decay(x)[:3], decay(x, where=x > 1, out=np.zeros_like(x))[:3])

# 2. What is known of its error; prove() runs every float32 argument and makes a certificate
print("error:", decay.error)


# 3. Inside a Numba loop the same program is taken in and vectorised with the loop
@numba.njit
def response(x, out):
    for i in range(x.size):
        out[i] = 1 - decay(x[i])


out = np.empty_like(x)
response(x, out)
begun = time.perf_counter()
response(x, out)
print(f"Numba: {(time.perf_counter() - begun) / x.size * 1e9:.2f} ns an element")

# 4. JAX calls the same machine code, under jit and vmap; its gradient is a compiled function too
f = optgen.jax(decay)
print("JAX:", jax.jit(jax.vmap(jax.grad(f)))(x[:3]), "is the same bits:", bool(np.array_equal(jax.jit(f)(x), decay(x))))

# 5. C: source, header, a library where there is a compiler, the certificate
for path in decay.write("decay"):
    print("wrote", path)
