"""A numpy.ufunc made from machine code, without a C compiler.

NumPy exports its C API as a table of addresses; `PyUFunc_FromFuncAndData` is called through ctypes with the address of
an inner loop, `void (char **args, npy_intp *dims, npy_intp *steps, void *data)`.  What comes out is a real ufunc: out=,
where=, casting, broadcasting, strides and overlap are NumPy's own work.  Since NumPy 2.2 a ufunc has a `__dict__`, and
there live its documentation, its module and what optgen knows of it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic, SpecError
from optgen.functions.definition import Definition

LEAST_NUMPY = (2, 2)
NO_IDENTITY = -1  # PyUFunc_None of NumPy's headers: reductions of nothing fail
_FROM_FUNC_AND_DATA = 1  # its place in the table, fixed by NumPy's promise of a stable ABI


@cache
def _from_func_and_data() -> Any:
    """NumPy's constructor of ufuncs."""
    found = tuple(int(part) for part in np.__version__.split(".")[:2])
    if found < LEAST_NUMPY:
        message = f"functions need NumPy 2.2 or later, and this is {np.__version__}"
        raise SpecError([Diagnostic("E0806", message, help='pip install "optgen[functions]"')])
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    capsule = import_module("numpy._core._multiarray_umath")._UFUNC_API  # where NumPy's own header looks for it
    table = ctypes.cast(pointer(capsule, None), ctypes.POINTER(ctypes.c_void_p))
    texts, counts = [ctypes.c_char_p] * 2, [ctypes.c_int] * 4
    pointers = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, *pointers, *counts, *texts, ctypes.c_int)
    return prototype(table[_FROM_FUNC_AND_DATA])


def make_ufunc(definition: Definition, documentation: str, attributes: Mapping[str, Any]) -> np.ufunc:
    """The ufunc of a definition; its loops are tried in the order of the dtypes, the first that fits being taken.

    `attributes` become attributes of the ufunc.  It pickles as the name of the definition in `optgen.functions`.
    """
    machines = [definition.loop(dtype) for dtype in definition.dtypes]
    arguments = len(definition.arguments)
    functions = (ctypes.c_void_p * len(machines))(*(machine.address for machine in machines))
    data = (ctypes.c_void_p * len(machines))()
    numbers = [np.dtype(dtype).num for dtype in definition.dtypes for _ in range(arguments + 1)]
    types = ctypes.create_string_buffer(bytes(numbers))
    texts = ctypes.c_char_p(definition.name.encode()), ctypes.c_char_p(documentation.encode())
    made: np.ufunc = _from_func_and_data()(
        functions, data, ctypes.cast(types, ctypes.c_void_p), len(machines), arguments, 1, NO_IDENTITY, *texts, 0
    )
    # NumPy keeps pointers to all of `_kept`, not copies; they go when the ufunc goes
    kept = (functions, data, types, texts, machines)
    made.__dict__.update(
        attributes, definition=definition, __doc__=documentation, __module__="optgen.functions", _kept=kept
    )
    return made
