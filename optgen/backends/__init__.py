"""Functions of the IR to code, under one calling convention; no backend knows another.

In: functions after the passes.  Out: callables (dims, arrays) -> arrays, and source text.
Must not know: specs, programs, the runtime.

`arrays` prints array code for numpy and jax; `numba` and `llvm` take the loop form.
"""
