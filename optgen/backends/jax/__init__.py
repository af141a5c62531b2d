"""The jax backend: array code under jit; readable files that also run under vmap and grad and on accelerators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from optgen.backends.arrays.files import file_source, keywords, load
from optgen.ir import nodes as ir
from optgen.ir.nodes import Scalar
from optgen.ir.program import Function

Kernel = Callable[[Mapping[str, int], Sequence[Any]], list[Any]]


def compile_function(function: Function, real: str) -> Kernel:
    """A callable (dims, arrays) -> arrays; `real` is float64 or float32.  jax compiles at the first call of each
    size; its doubles are on while it runs, whatever they are outside.
    """
    import numpy as np

    body, printed = load(function, "jax", real)
    table = {"real": real, "int": "int64", "bool": "bool", "u64": "uint64", "f32": "float32", "f64": "float64"}
    takes = [np.dtype(table[parameter.dtype]) for parameter in function.parameters]
    gives = [np.dtype(table[tensor.dtype]) for _, tensor in function.results]
    wanted = printed.sizes
    places = {parameter: k for k, parameter in enumerate(function.parameters)}
    rows = {
        k: tensor.axes[0] for k, (_, tensor) in enumerate(function.results) if tensor.axes and tensor.axes[0] in wanted
    }

    def kernel(dims: Mapping[str, int], arrays: Sequence[Any]) -> list[Any]:
        given = [np.asarray(a, dtype) for a, dtype in zip(arrays, takes, strict=True)]
        options = keywords(printed, dims)
        lengths = {extent: _number(extent, dims, given, places) for extent in wanted}
        for extent, keyword in wanted.items():
            # rounded up to a power of two, so that few lengths are compiled
            options[keyword] = 1 << max(lengths[extent] - 1, 0).bit_length()
        with doubles():
            results = body(*given, **options)
            made_arrays = [np.asarray(value, dtype) for value, dtype in zip(results, gives, strict=True)]
        for k, extent in rows.items():
            made_arrays[k] = made_arrays[k][: lengths[extent]]
        return made_arrays

    return kernel


def doubles() -> AbstractContextManager[Any]:
    """Where jax has doubles and 64-bit integers, in this thread."""
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)  # type: ignore[no-any-return]
    from jax.experimental import enable_x64  # before 0.8

    return enable_x64()  # type: ignore[no-any-return]


def source(functions: Sequence[Function], real: str, header: str) -> str:
    """A standalone file that imports jax."""
    return file_source(functions, "jax", real, header)


def _number(extent: Scalar, dims: Mapping[str, int], arrays: Sequence[Any], places: Mapping[Any, int]) -> int:
    """The value of an extent that depends on integer inputs."""
    match extent:
        case ir.Constant(value=value):
            return int(value)
        case ir.Dim(name=name):
            return dims[name]
        case ir.Access(tensor=ir.Input() as source):
            return int(arrays[places[source]])
        case ir.Operation(name=name, arguments=(a, b)) if name in _INTEGER:
            return _INTEGER[name](_number(a, dims, arrays, places), _number(b, dims, arrays, places))
    raise ir.IRError("an extent that is not a formula of dims and integer inputs")


_INTEGER: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "minimum": min,
    "maximum": max,
    "floordiv": lambda a, b: a // b,
}
