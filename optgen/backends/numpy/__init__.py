"""The numpy backend: plain array code, the readable reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optgen.backends.arrays.files import file_source, keywords, load
from optgen.ir.program import Function

Kernel = Callable[[Mapping[str, int], Sequence[Any]], list[Any]]


def compile_function(function: Function, real: str) -> Kernel:
    """A callable (dims, arrays) -> arrays; `real` is float64 or float32."""
    import numpy as np

    body, printed = load(function, "numpy", real)
    gives = [_dtype(np, tensor.dtype, real) for _, tensor in function.results]
    takes = [_dtype(np, parameter.dtype, real) for parameter in function.parameters]

    def kernel(dims: Mapping[str, int], arrays: Sequence[Any]) -> list[Any]:
        given = [np.asarray(a, dtype)[()] for a, dtype in zip(arrays, takes, strict=True)]
        results = body(*given, **keywords(printed, dims))
        return [np.array(value, dtype) for value, dtype in zip(results, gives, strict=True)]

    return kernel


def source(functions: Sequence[Function], real: str, header: str) -> str:
    """A standalone file that imports numpy."""
    return file_source(functions, "numpy", real, header)


def _dtype(np: Any, name: str, real: str) -> Any:
    return np.dtype(
        {"real": real, "int": "int64", "bool": "bool", "u64": "uint64", "f32": "float32", "f64": "float64"}[name]
    )
