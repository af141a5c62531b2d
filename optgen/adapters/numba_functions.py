"""Functions inside Numba's compiled code: as scalar code that its vectoriser widens with the loop it stands in.

`register` is called when a function is made while Numba is loaded, and, where optgen is installed, by Numba itself when
it starts (the entry point `numba_extensions` in pyproject.toml).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def register() -> None:
    """Make every function of optgen callable inside @njit code: on numbers, and on arrays as NumPy does it."""
    import numpy as np
    from numba.extending import typeof_impl

    def type_of(value: Any, context: object) -> None:
        """Numba looks functions up among its own after this; ours are put there when first seen."""
        if "definition" in value.__dict__:
            _implement(value)

    typeof_impl.register(np.ufunc)(type_of)


@cache
def _implement(function: Any) -> None:
    """Give Numba the function on numbers and on arrays."""
    from numba import types, vectorize
    from numba.core.registry import cpu_target
    from numba.extending import overload

    scalars = {dtype: _scalar(function, dtype) for dtype in function.definition.dtypes}

    def chosen(*arguments: Any) -> Any:
        """The scalar code for the first loop that NumPy would take too; arrays entry by entry."""
        if all(isinstance(argument, types.Number | types.Boolean) for argument in arguments):
            return scalars[_dtype(function, arguments)]
        return entries

    # Numba compiles only Python functions, and compares their parameters: an overload's with its implementation's
    if function.nin == 1:
        entries = vectorize(lambda x: function(x))  # noqa: PLW0108
        overload(function)(lambda x: _one(chosen(x)))
    else:
        entries = vectorize(lambda x, y: function(x, y))  # noqa: PLW0108
        overload(function)(lambda x, y: _two(chosen(x, y)))
    cpu_target.typing_context.refresh()


def _one(found: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: found(x)  # noqa: PLW0108


def _two(found: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: found(x, y)  # noqa: PLW0108


def _dtype(function: Any, arguments: tuple[Any, ...]) -> str:
    import numpy as np
    from numba import TypingError
    from numba.np.numpy_support import as_dtype

    given = [as_dtype(argument) for argument in arguments]
    fits = [loop for loop in function.definition.dtypes if all(np.can_cast(dtype, loop) for dtype in given)]
    if not fits:
        raise TypingError(f"{function.__name__} is not compiled for {' and '.join(map(str, given))}")
    return str(fits[0])


def _scalar(function: Any, dtype: str) -> Any:
    """An intrinsic that calls the scalar code of one dtype, in a library that is linked in and inlined."""
    from llvmlite import binding
    from llvmlite import ir as llvm
    from numba import types
    from numba.extending import intrinsic

    definition = function.definition
    symbol = f"optgen.{definition.key}.{dtype}"
    real = {"float32": types.float32, "float64": types.float64}[dtype]
    code = {"float32": llvm.FloatType(), "float64": llvm.DoubleType()}[dtype]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        library = context.codegen().create_library(symbol)
        library.add_llvm_module(binding.parse_assembly(definition.scalar_code(dtype, symbol)))
        library.finalize()
        context.active_code_library.add_linking_library(library)
        shape = llvm.FunctionType(code, [code] * function.nin)
        known = builder.module.globals.get(symbol)
        return builder.call(known or llvm.Function(builder.module, shape, symbol), arguments)

    parameters = [real] * function.nin
    if function.nin == 1:
        return intrinsic(lambda typing, x: (real(*parameters), generate))
    return intrinsic(lambda typing, x, y: (real(*parameters), generate))
