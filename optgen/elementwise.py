"""Elementwise functions, composed as solvers are in compiler.py: text -> meaning -> programs -> ufunc."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optgen import compiler
from optgen.diagnostics import Diagnostic, SpecError
from optgen.language import tree
from optgen.language.parser import parse_expression

if TYPE_CHECKING:
    import numpy as np

    from optgen.functions.certificate import Claim
    from optgen.functions.request import Accuracy, Request
    from optgen.ir.program import Function
    from optgen.ir.straight import Straight


def function(
    expression: str,
    ulp: float | None = None,
    relative: float | None = None,
    of: str = "float32",
    domain: tuple[float, float] | None = None,
) -> np.ufunc:
    """A numpy.ufunc that computes an expression in machine code, with a proved error.

    gelu = optgen.function("x/2*(1 + erf(x/sqrt(2)))", ulp=1)
    gelu(array), gelu.error, gelu.prove()

    The accuracy is in `ulp` (0.5, which is correctly rounded, 1, 2, 4; by default 1), of float32 or of bfloat16, or
    `relative` (1e-4, 1e-3).  A `domain` (low, high), which is all that is promised then, buys speed.  Of two arguments:
    `(x, y) -> log(exp(x) + exp(y))`.  The name of a shipped function stands for it, and a text may state its choices
    itself: `exp(x); 4 ulp; domain -20 0`.  Raises SpecError with what is wrong or can't be reached.
    """
    from optgen.functions.request import named, request

    if ";" in expression:
        try:
            return _function(named(expression))
        except ValueError as error:
            fix = "choices are such as: 4 ulp; domain -20 0"
            raise SpecError([Diagnostic("E0804", str(error), help=fix)]) from None
    return _function(request(expression.strip(), ulp, relative, of, domain))


@cache
def _function(wanted: Request) -> np.ufunc:
    from optgen.functions.make import make
    from optgen.functions.request import Accuracy

    meaning = _meaning(_expression(wanted.expression))
    names = [parameter.name for parameter in meaning.parameters]
    body = meaning.doc

    def derivative(position: int) -> np.ufunc:
        text = f"grad ({names[position]} -> {body})({names[position]})"
        lead = "" if len(names) == 1 else f"({', '.join(names)}) -> "
        return _function(replace(wanted, expression=lead + text))

    promised, group = wanted, _shipped(wanted.expression) if wanted.domain is None else None
    if group is not None:
        promised = replace(wanted, accuracy=accuracy_of(group))
        if wanted.accuracy not in (Accuracy(), promised.accuracy):
            promised, group = wanted, None
    docs = group.lines("doc") if group is not None else ()
    if "numba" in sys.modules:
        from optgen.adapters.numba_functions import register

        register()
    about = docs[0].text if docs else ""
    if group is None:
        return make(wanted, meaning, derivative, (), about)
    programs = _programs(group) + _programs(_double(wanted.expression))
    found = {dtype: certificate(wanted.expression, dtype) for dtype in ("float32", "float64")}
    proved = {dtype: kept for dtype, kept in found.items() if kept is not None}
    return make(promised, meaning, derivative, programs, about, proved, wanted.name)


def accuracy_of(group: tree.Group) -> Accuracy:
    """What the accuracy line of a function promises: an ulp if there is none."""
    from optgen.functions.request import request

    choices: dict[str, Any] = {}
    for line in group.lines("accuracy"):
        choices[line.names[0]] = float(line.exprs[0].span.text)
        if len(line.names) > 1:
            choices["of"] = {"bf16": "bfloat16"}[line.names[1]]
    return request("", **choices).accuracy


def certificate(name: str, dtype: str = "float32") -> dict[str, Any] | None:
    """What was proved of a shipped function: the certificate beside its spec."""
    from optgen.shipped import double_paths, function_paths

    spec = (function_paths() if dtype == "float32" else double_paths()).get(name)
    path = None if spec is None else spec.with_suffix(".json")
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else None


# operations of solvers whose shipped function has another name
SHIPPED_AS = {"arccos": "acos", "arctan2": "atan2", "power": "pow"}


@cache
def implementation(operation: str, real: str) -> Straight | None:
    """The program of the shipped function for an operation: how compiled solvers compute it in float32.

    The programs that ship are of float32, so those of double are not looked for: reading specs takes time.
    """
    from optgen.shipped import function_paths

    path = function_paths().get(SHIPPED_AS.get(operation, operation)) if real == "float" else None
    return None if path is None else next((found for found in _kept_programs(path) if found.type == "f32"), None)


@cache
def _kept_programs(path: Path) -> tuple[Straight, ...]:
    """The programs of a shipped file; their canonical texts are kept on disk: they are read faster than specs."""
    from optgen.ir.straight import from_text
    from optgen.runtime.cache import key, user_store

    store, name = user_store(), key("programs 1", path.read_bytes())
    if (found := store.get(name)) is not None:
        return tuple(from_text(text) for text in found[0].decode().split("\n\n") if text)
    programs = _programs(_shipped(path.stem))
    store.put(name, "\n\n".join(program.text for program in programs).encode(), {"file": path.name})
    return programs


def array_code(expression: str, backend: str, dtype: str = "float32") -> Callable[..., Any]:
    """An expression over vectors as a backend computes it by its own functions: what compiled functions are compared
    with.  `array_code("exp(x)", "jax")(x)`.
    """
    from optgen.passes.lower.elementwise import elementwise

    compiler._known("backend", backend, compiler.BACKENDS)
    compiler._known("dtype", dtype, compiler.DTYPES)
    vectors = elementwise(_expression(expression), compiler._shipped(None), "n")
    (engine,) = compiler._engine(backend, dtype)([vectors])
    return lambda *arrays: engine({"n": len(arrays[0])}, arrays)[0]


def _shipped(name: str) -> tree.Group | None:
    """The block of the shipped function of a name."""
    from optgen.shipped import function_paths

    path = function_paths().get(name)
    return None if path is None else compiler.load(path).file.groups("function")[0]


def _double(name: str) -> tree.Group | None:
    """The block of its program for float64."""
    from optgen.shipped import double_paths

    path = double_paths().get(name)
    return None if path is None else compiler.load(path).file.groups("function")[0]


def double_claim(name: str) -> Claim:
    """What is claimed of the program for float64 of a shipped function: 1 ulp, on the interval of its parameter."""
    from optgen.functions.certificate import Claim
    from optgen.functions.request import Accuracy, Domain

    group = _double(name)
    assert group is not None
    (parameter,) = group.parameters
    domain = None
    for part in parameter.domains:
        match part.operand:
            case tree.Block(rows=((low, high),)):
                domain = Domain(_number(low), _number(high))
    return Claim(_meaning(_expression(name)), Accuracy(), domain)


def _number(expr: tree.Expr | tree.All) -> float:
    match expr:
        case tree.Number(text=text):
            return float(text)
        case tree.Unary(operator="-", operand=operand):
            return -_number(operand)
    raise AssertionError("the ends of an interval in a shipped spec are numbers")


def _expression(text: str) -> tree.Expr:
    """An expression, or what the shipped function of that name means."""
    group = _shipped(text)
    if group is None:
        return parse_expression(text)
    value = group.value or group.lines("value")[0].expr
    assert value is not None
    return tree.Lambda(group.span, tuple(parameter.name for parameter in group.parameters), value)


def _programs(group: tree.Group | None) -> tuple[Straight, ...]:
    """The straight-line programs of a block."""
    from optgen.passes.lower.straight import read_program

    return () if group is None or not group.groups("program") else (read_program(group),)


def meaning_of(name: str) -> Function:
    """What the shipped function of a name means, or an expression."""
    return _meaning(_expression(name))


def _meaning(expression: tree.Expr) -> Function:
    """An expression as a function of numbers, derivatives written out."""
    from optgen.passes.differentiate import differentiate
    from optgen.passes.lower.elementwise import elementwise
    from optgen.passes.simplify import simplify

    return simplify(differentiate(elementwise(expression, compiler._shipped(None))))
