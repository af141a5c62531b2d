"""One value from outside to the array a kernel reads, or what is wrong with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optgen.diagnostics import Diagnostic, Span

SHORT = 4096  # entries; longer products wake the threads of a BLAS, which costs more than the product
KINDS = {"f": "real numbers", "i": "integers", "b": "truth values", "u": "integers"}


def dtype_of(dtype: str, real: str) -> np.dtype[Any]:
    """The NumPy dtype of a dtype of the IR, where `real` is what `real` stands for."""
    names = {"real": real, "int": "int64", "bool": "bool", "u64": "uint64", "f32": "float32", "f64": "float64"}
    return np.dtype(names[dtype])


def convert(value: Any, dtype: np.dtype[Any], name: str, span: Span | None) -> np.ndarray | Diagnostic:
    """A contiguous array of this dtype; integers pass for reals, whole reals for integers, nothing else is bent."""
    try:
        made = np.asarray(value)
    except (ValueError, TypeError):
        return Diagnostic("E0603", f"{name} is not an array: its rows differ in length or kind", span)
    if made.dtype == dtype:
        return made if made.flags.c_contiguous else np.ascontiguousarray(made).reshape(made.shape)
    given, wanted = made.dtype.kind, dtype.kind
    lossless = given in "iub" if wanted == "f" else given in "iu"
    if (wanted == "f" and given == "f") or (lossless and not (given == "b" and wanted == "f")):
        return np.ascontiguousarray(made, dtype=dtype).reshape(made.shape)
    if wanted in "iu" and given == "f" and bool(np.all(made == np.floor(made))):
        return np.ascontiguousarray(made, dtype=dtype).reshape(made.shape)
    if wanted == "b" and given in "iu" and bool(np.all((made == 0) | (made == 1))):
        return np.ascontiguousarray(made, dtype=dtype).reshape(made.shape)
    return Diagnostic(
        "E0603", f"{name} holds {_what(made)}; it must hold {KINDS[wanted]}", span, help=_advice(given, wanted, name)
    )


def _what(value: np.ndarray) -> str:
    names = {"c": "complex numbers", "U": "text", "S": "bytes", "O": "Python objects", "f": "reals that are not whole"}
    return names.get(value.dtype.kind) or f"values of dtype {value.dtype}"


def _advice(given: str, wanted: str, name: str) -> str:
    if given == "b":
        return f"give numbers, for example {name}.astype({'float' if wanted == 'f' else 'int'})"
    if given == "c":
        return f"take a part, for example {name}.real"
    return ""


def finite(array: np.ndarray) -> bool:
    """Whether no entry is NaN or infinite; for a short array its product with itself decides nearly always."""
    if array.size > SHORT:
        return bool(np.isfinite(array).all())
    flat = array.reshape(-1)
    return math.isfinite(np.vdot(flat, flat)) or bool(np.isfinite(flat).all())


def not_finite(array: np.ndarray, name: str, span: Span | None) -> Diagnostic:
    """What to say about an array that is not finite."""
    wrong = ~np.isfinite(array)
    count = int(wrong.sum())
    if array.ndim == 0:
        return Diagnostic("E0605", f"{name} is {array[()]}", span, help="inputs are finite numbers")
    first = ", ".join(str(int(axis[0])) for axis in np.nonzero(wrong))
    noun = "entry that is" if count == 1 else "entries that are"
    message = f"{name} has {count} {noun} NaN or infinite, the first at [{first}]"
    return Diagnostic("E0605", message, span, help="inputs are finite numbers; fill or drop what is missing")
