"""Functions in JAX: under jit and vmap by a foreign call, under grad by the compiled derivative.

On the CPU, XLA calls the machine code that NumPy calls, so that what was proved of it holds in JAX.  An expansion into
jax.numpy would be another program with another error, which XLA contracts, reorders and runs without denormals.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from optgen.diagnostics import Diagnostic, SpecError

COMPUTED = ("float32", "float64")  # other floats are computed as float32


@cache
def jax(function: Any) -> Callable[..., Any]:
    """A function of `optgen.function` or `optgen.functions` as a function of JAX arrays.

    gelu = optgen.jax(optgen.functions.gelu)
    jax.jit(jax.vmap(jax.grad(gelu)))(x)

    float32 and float64 give the bits that NumPy gives, float16 and bfloat16 are computed by float32, integers by JAX's
    default float; arguments broadcast.  Derivatives of any order are compiled functions of the same accuracy.  It runs
    on the CPU only.
    """
    import jax as library
    import jax.numpy as jnp

    definition = function.definition

    def code(*arrays: Any) -> Any:
        target = _registered(function, str(arrays[0].dtype))
        result = library.ShapeDtypeStruct(arrays[0].shape, arrays[0].dtype)
        return library.ffi.ffi_call(target, result, vmap_method="broadcast_all")(*arrays)

    def rule(arrays: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        slopes = [jax(definition.derivative(position)) for position in range(len(arrays))]
        return equal(*arrays), sum(slope(*arrays) * tangent for slope, tangent in zip(slopes, tangents, strict=True))

    equal = library.custom_jvp(code)
    equal.defjvp(rule)

    def apply(*arguments: Any) -> Any:
        if len(arguments) != function.nin:
            raise TypeError(f"{function.__name__} takes {function.nin} arguments, here are {len(arguments)}")
        dtype = jnp.result_type(*arguments, float)
        computed = dtype if str(dtype) in COMPUTED else jnp.float32
        arrays = jnp.broadcast_arrays(*(jnp.asarray(argument, computed) for argument in arguments))
        return equal(*arrays).astype(dtype)

    apply.__name__ = apply.__qualname__ = function.__name__
    apply.__doc__ = function.__doc__
    return apply


@cache
def _registered(function: Any, dtype: str) -> str:
    """The name under which XLA knows the machine code of a function; registered once."""
    from jax import ffi

    definition = function.definition
    if dtype not in definition.dtypes:
        known = " and ".join(definition.dtypes)
        message = f"{definition.name} is compiled for {known}, not for {dtype}"
        raise SpecError([Diagnostic("E0807", message, help="convert the array: x.astype(...)")])
    name = f"optgen.{definition.key}.{dtype}"
    address = definition.handler(dtype, _minor_version()).address
    new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
        ("PyCapsule_New", ctypes.pythonapi)
    )
    ffi.register_ffi_target(name, new(address, None, None), platform="cpu")
    return name


@cache
def _minor_version() -> int:
    """The minor version of XLA's foreign calls, as the header that JAX installs states it."""
    from jax import ffi

    header = Path(ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"
    stated = dict(re.findall(r"#define XLA_FFI_API_(MAJOR|MINOR) (\d+)", header.read_text(encoding="utf-8")))
    if stated.get("MAJOR") != "0":
        message = f"this JAX has version {stated.get('MAJOR')} of XLA's foreign calls, and optgen knows version 0"
        raise SpecError([Diagnostic("E0807", message, help='pip install "optgen[jax]"')])
    return int(stated["MINOR"])
