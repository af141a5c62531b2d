"""Elementwise functions, composed as solvers are in compiler.py: text -> meaning -> programs -> ufunc."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optgen import compiler
from optgen.diagnostics import Diagnostic, SpecError
from optgen.language import tree
from optgen.language.parser import parse_expression
from optgen.shipped import double_paths, function_paths, program_paths

if TYPE_CHECKING:
    import numpy as np

    from optgen.functions.certificate import Claim
    from optgen.functions.guarantees import Guarantees
    from optgen.functions.request import Accuracy, Domain, Request
    from optgen.ir.program import Function
    from optgen.ir.straight import Straight
    from optgen.symbolic.facts import Facts


def function(
    expression: str,
    ulp: float | None = None,
    relative: float | None = None,
    of: str = "float32",
    domain: tuple[float, float] | None = None,
    absolute: float | None = None,
    *,
    monotone: bool = False,
    odd: bool = False,
    even: bool = False,
    range: tuple[float, float] | None = None,
    exact: Mapping[float, float] | None = None,
) -> np.ufunc:
    """A numpy.ufunc that computes an expression in machine code, with a proved error.

    gelu = optgen.function("x/2*(1 + erf(x/sqrt(2)))", ulp=1)
    gelu(array), gelu.error, gelu.prove()

    The accuracy is in `ulp` (0.5, which is correctly rounded, 1, 2, 4; by default 1), of float32 or of bfloat16, or
    `relative` (1e-4, 1e-3).  Near zeros that lie next to floats an `absolute` error will do if one is given: `ulp=1,
    absolute=2**-24`.  A `domain` (low, high), which is all that is promised then, buys speed.  Of two arguments:
    `(x, y) -> log(exp(x) + exp(y))`.  The name of a shipped function stands for it, as does its call: `exp`, `exp(x)`;
    where both ship, `ulp=0.5` is another program than `ulp=1`.  A text may state its choices itself:
    `exp(x); 4 ulp; domain -20 0; monotone; range 0 1`.

    What is asked beside the accuracy holds on every float32 of the domain, as `prove()` decides: `monotone`, `odd` and
    `even` (to the bit), a `range` (0, 1) of the results, `exact` values {0: 1}.

    Raises SpecError with what is wrong, or can't be reached, or what the function itself contradicts.
    """
    from optgen.functions.guarantees import guarantees
    from optgen.functions.request import named, request

    if ";" in expression:
        try:
            return _function(named(expression))
        except ValueError as error:
            fix = "choices are such as: 4 ulp; domain -20 0"
            raise SpecError([Diagnostic("E0804", str(error), help=fix)]) from None
    asked = guarantees(monotone, odd, even, range, exact)
    return _function(request(expression.strip(), ulp, relative, of, domain, asked, absolute))


def analyse(expression: str, domain: tuple[float, float] | None = None) -> Facts:
    """What analysis finds of an expression in one name: domain, poles, zeros, kinks, extremes, symmetry, period,
    limits, monotone pieces, range, exact values.

    print(optgen.analyse("x*exp(-x^2)"))

    The name of a shipped function stands for it.  Raises SpecError for what is no function of one number.
    """
    from optgen.functions.request import request
    from optgen.ir import nodes as ir
    from optgen.ir.walk import substitute
    from optgen.symbolic.facts import facts

    limits = request(expression, domain=domain).domain
    meaning = _meaning(_expression(expression.strip()))
    if len(meaning.parameters) != 1:
        fix = "fix the other: x -> hypot(x, 1)"
        raise SpecError([Diagnostic("E0810", f"{meaning.doc} is not a function of one number", help=fix)])
    (argument,) = meaning.parameters
    slope = _meaning(parse_expression(f"grad ({argument.name} -> {meaning.doc})({argument.name})"))
    value, rate = (ir.access(made.results[0][1]) for made in (meaning, slope))
    rate = substitute([rate], {slope.parameters[0]: argument})[0]
    return facts(meaning.doc, value, rate, argument, None if limits is None else (limits.low, limits.high))


@cache
def _function(wanted: Request) -> np.ufunc:
    if "numba" in sys.modules:
        from optgen.adapters.numba_functions import register

        register()
    name = _called(wanted.expression)
    spec = _promising(name, wanted)
    if spec is None:
        domain = _domain(name) if wanted.domain is None else None
        return found(wanted) if domain is None else _function(replace(wanted, domain=domain))
    if name != wanted.expression:
        return _function(replace(wanted, expression=name))
    from optgen.functions.guarantees import merged
    from optgen.functions.make import make

    group = _block(spec)
    meaning = _meaning(_expression(name))
    domain = domain_of(group)
    docs = group.lines("doc")
    doubles = double_paths().get(name)
    files = {"float32": spec} | ({"float64": doubles} if doubles else {})
    proved = {dtype: kept for dtype, path in files.items() if (kept := certificate(path)) is not None}
    programs = tuple(program for path in files.values() for program in _programs(_block(path)))
    return make(
        replace(
            wanted,
            accuracy=accuracy_of(group),
            domain=domain,
            guarantees=merged(guarantees_of(group), wanted.guarantees),
        ),
        meaning,
        _derivative(replace(wanted, domain=domain), meaning),
        (*programs, *_kept_doubles(meaning)) if programs and not doubles else programs,
        docs[0].text if docs else "",
        proved,
        wanted.name,
    )


def found(wanted: Request) -> np.ufunc:
    """The ufunc of a request whose program is searched for, whatever ships.  Raises SpecError if there is none."""
    from optgen.functions.make import make

    meaning = _meaning(_expression(wanted.expression))
    return make(wanted, meaning, _derivative(wanted, meaning))


def _derivative(wanted: Request, meaning: Function) -> Callable[[int], np.ufunc]:
    """The derivative in an argument, of equal quality."""
    from optgen.functions.guarantees import NONE

    names = [parameter.name for parameter in meaning.parameters]

    def derivative(position: int) -> np.ufunc:
        text = f"grad ({names[position]} -> {meaning.doc})({names[position]})"
        lead = "" if len(names) == 1 else f"({', '.join(names)}) -> "
        return _function(replace(wanted, expression=lead + text, guarantees=NONE))

    return derivative


def _called(expression: str) -> str:
    """The name of the shipped function that an expression calls with its arguments and does nothing else: tan of
    `tan(x)`, pow of `(x, y) -> pow(x, y)`; else the expression.
    """
    if "(" not in expression:
        return expression
    parsed = parse_expression(expression)
    parameters, body = (parsed.parameters, parsed.body) if isinstance(parsed, tree.Lambda) else (None, parsed)
    match body:
        case tree.Call(function=tree.Name(name=name), body=None) if name in function_paths():
            names = [one.value.name for one in body.arguments if isinstance(one.value, tree.Name) and not one.keyword]
            arity = len(_block(function_paths()[name]).parameters)
            if len(set(names)) == len(body.arguments) == arity and parameters in (None, tuple(names)):
                return name
    return expression


def _promising(name: str, wanted: Request) -> Path | None:
    """The file of the shipped program that answers a request: the fastest, for who asks for nothing else, or the
    fastest with just the accuracy that is asked for.
    """
    from optgen.functions.request import Accuracy

    if wanted.domain is not None:
        return None
    for path in program_paths(name):
        if wanted.accuracy in (Accuracy(), accuracy_of(_block(path))):
            return path
    return None


def accuracy_of(group: tree.Group) -> Accuracy:
    """What the accuracy line of a function promises: an ulp if there is none."""
    from optgen.functions.request import request

    choices: dict[str, Any] = {}
    for line in group.lines("accuracy"):
        choices[line.names[0]] = float(line.exprs[0].span.text)
        if len(line.exprs) > 1:
            choices["absolute"] = _number(line.exprs[1])
        elif len(line.names) > 1:
            choices["of"] = {"bf16": "bfloat16"}[line.names[1]]
    return request("", **choices).accuracy


def guarantees_of(group: tree.Group) -> Guarantees:
    """What the `where` line of a function promises: `where monotone, odd, range(0, 1), exact(0, 0.5)`.

    Other words say what claims may assume of it.
    """
    from optgen.functions.guarantees import read

    words: list[list[str]] = []
    for line in group.lines("where"):
        for relation in line.relations:
            match relation.left:
                case tree.Name(name="monotone" | "odd" | "even" as word):
                    words.append([word])
                case tree.Call(function=tree.Name(name="range" | "exact" as word), arguments=(first, second)):
                    words.append([word, *(repr(_number(argument.value)) for argument in (first, second))])
    return read(iter(words))


def domain_of(group: tree.Group) -> Domain | None:
    """The interval of a function's parameter: beyond it its program gives NaN; None if it is good for every number."""
    from optgen.functions.request import Domain

    for parameter in group.parameters:
        for part in parameter.domains:
            match part.operand:
                case tree.Block(rows=((low, high),)):
                    return Domain(_number(low), _number(high), strict=True)
    return None


def _domain(name: str) -> Domain | None:
    """That of a shipped function; None for an expression."""
    path = function_paths().get(name)
    return None if path is None else domain_of(_block(path))


def certificate(spec: Path) -> dict[str, Any] | None:
    """What was proved of a shipped program: the certificate beside its spec."""
    path = spec.with_suffix(".json")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


# operations of solvers whose shipped function has another name
SHIPPED_AS = {"arccos": "acos", "arctan2": "atan2", "power": "pow", "bessel_i0e": "i0e", "bessel_i1e": "i1e"}


@cache
def implementation(operation: str, real: str) -> Straight | None:
    """The program of the shipped function for an operation: how compiled solvers compute it in float32.

    The programs that ship are of float32, so those of double are not looked for: reading specs takes time.
    """
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
    programs = _programs(_block(path))
    store.put(name, "\n\n".join(program.text for program in programs).encode(), {"file": path.name})
    return programs


def _kept_doubles(meaning: Function) -> tuple[Straight, ...]:
    """The loop for float64 where none ships, if there is one. Kept on disk, for cells take seconds, as long as neither
    the meaning nor the code that makes it changes.
    """
    import optgen.functions
    from optgen.functions.make import in_doubles
    from optgen.ir.printer import print_function
    from optgen.ir.straight import from_text
    from optgen.runtime.cache import key, user_store

    sources = sorted(Path(optgen.functions.__path__[0]).rglob("*.py"))
    store, name = user_store(), key("doubles", print_function(meaning), *(path.read_bytes() for path in sources))
    if (kept := store.get(name)) is not None:
        return (from_text(kept[0].decode()),)
    made = tuple(in_doubles(meaning).values())
    for program in made:
        store.put(name, program.text.encode(), {"meaning": meaning.doc})
    return made


def array_code(expression: str, backend: str, dtype: str = "float32") -> Callable[..., Any]:
    """An expression over vectors as a backend computes it by its own functions: what compiled functions are compared
    with.  `array_code("exp(x)", "jax")(x)`.  Raises SpecError where the backend has no code for it.
    """
    from optgen.passes.lower.elementwise import elementwise

    compiler._known("backend", backend, compiler.BACKENDS)
    compiler._known("dtype", dtype, compiler.DTYPES)
    vectors = elementwise(_expression(expression), compiler._shipped(None), "n")
    compiler._refuse_special([vectors], backend)
    (engine,) = compiler._engine(backend, dtype)([vectors])
    return lambda *arrays: engine({"n": len(arrays[0])}, arrays)[0]


def _shipped(name: str) -> tree.Group | None:
    """The block of the shipped function of a name."""
    path = function_paths().get(name)
    return None if path is None else _block(path)


def _block(path: Path) -> tree.Group:
    """The block of a shipped program."""
    return compiler.load(path).file.groups("function")[0]


def double_claim(name: str) -> Claim:
    """What is claimed of the program for float64 of a shipped function: 1 ulp, on the interval of its parameter."""
    from optgen.functions.certificate import Claim
    from optgen.functions.request import Accuracy

    domain = domain_of(_block(double_paths()[name]))
    if domain is not None:
        domain = replace(domain, strict=False)  # nothing is claimed beyond
    return Claim(_meaning(_expression(name)), Accuracy(), domain)


def _number(expr: tree.Expr | tree.All) -> float:
    match expr:
        case tree.Number(text=text):
            return float(text)
        case tree.Name(name="inf"):
            return float("inf")
        case tree.Unary(operator="-", operand=operand):
            return -_number(operand)
        case tree.Binary(operator="^", left=left, right=right):
            return float(_number(left) ** _number(right))
    raise AssertionError("the numbers of a shipped spec are numbers or powers of them")


def _expression(text: str) -> tree.Expr:
    """An expression, or what the shipped function of that name means."""
    group = _shipped(text)
    if group is None:
        return parse_expression(text)
    value = group.value or group.lines("value")[0].expr
    assert value is not None
    return tree.Lambda(group.span, tuple(parameter.name for parameter in group.parameters), value)


def _programs(group: tree.Group) -> tuple[Straight, ...]:
    """The straight-line programs of a block."""
    from optgen.passes.lower.straight import read_program

    return () if not group.groups("program") else (read_program(group),)


def meaning_of(name: str) -> Function:
    """What the shipped function of a name means, or an expression."""
    return _meaning(_expression(name))


def _meaning(expression: tree.Expr) -> Function:
    """An expression as a function of numbers, derivatives written out."""
    from optgen.passes.differentiate import differentiate
    from optgen.passes.lower.elementwise import elementwise
    from optgen.passes.simplify import simplify

    return simplify(differentiate(elementwise(expression, compiler._shipped(None))))
