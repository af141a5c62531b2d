"""Where users live: compiled functions inside JAX and Numba.

In: what the public API gives, such as the ufuncs of `optgen.function`.  Out: the same thing as another package has it.
Must not know: anything but the public API.

    jax_functions    a function under jit, vmap and grad; on the CPU the machine code itself runs
    numba_functions  a function inside compiled loops, and vectorised there
"""
