"""The llvm backend: the loop form to machine code.

In: functions after the passes.  Out: kernels that run without Python, the module's text, object code.
Must not know: specs, programs, the runtime, another backend.

`scalars` has one rule an operation, `emit` one a statement, `routines` the functions a module carries when it uses
them, `kernel` compiles and calls.
"""

from optgen.backends.llvm.kernel import compile_function, source

__all__ = ["compile_function", "source"]
