"""The table of operations of straight-line float programs: one declaration an operation.

Each is one IEEE 754 operation in the type of its operands, rounded to nearest, ties to even, never contracted with
another; integers wrap.  A declaration gives the type rule, the exact meaning in NumPy, the text in LLVM IR and in C,
the spelling in a `program` block and, where there is one, the meaning over the reals.

Choices that the standard leaves open, made once here: `min(a, b)` is `if a < b then a else b` (so a NaN in either place
gives b), and `max` likewise; a float to an integer is cut towards zero, clamped, and 0 for NaN; shifts count modulo the
width; a table is read at 1..n, positions outside are clamped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from optgen.ir.straight_floats import clamped_integer, fma, shift

Type = Literal["f32", "f64", "i32", "i64", "bool"]
FLOATS: tuple[Type, ...] = ("f32", "f64")
INTEGERS: tuple[Type, ...] = ("i32", "i64")
TYPES: tuple[Type, ...] = (*FLOATS, *INTEGERS, "bool")
WIDTH: dict[Type, int] = {"f32": 32, "f64": 64, "i32": 32, "i64": 64, "bool": 1}
NUMPY: dict[Type, str] = {"f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "bool": "bool"}

Rule = Callable[[tuple[Type, ...]], Type | None]
Template = Mapping[str, str]  # kind of the first operand ("f", "i", "b") -> text


def kind(type: Type) -> str:
    """ "f" of floats, "i" of integers, "b" of bool: what templates distinguish."""
    return type[0]


def _same(kinds: str, count: int) -> Rule:
    """All operands of one type, which is also the result's."""

    def rule(types: tuple[Type, ...]) -> Type | None:
        return types[0] if len(types) == count and len(set(types)) == 1 and kind(types[0]) in kinds else None

    return rule


def _compared(types: tuple[Type, ...]) -> Type | None:
    return "bool" if len(types) == 2 and types[0] == types[1] != "bool" else None


def _selected(types: tuple[Type, ...]) -> Type | None:
    return types[1] if len(types) == 3 and types[0] == "bool" and types[1] == types[2] else None


def _mapped(pairs: Mapping[Type, Type]) -> Rule:
    return lambda types: pairs.get(types[0]) if len(types) == 1 else None


def _nothing(types: tuple[Type, ...]) -> Type | None:
    return None


@dataclass(frozen=True, slots=True)
class StraightOperation:
    """One entry of the table.

    `rule` gives the type of the result, None for operands it does not take.  `numpy(np, *operands)` is the exact
    meaning over arrays of the operands' dtypes.  `llvm` and `c` map the kind of the first operand to text: in LLVM's,
    `{r}` is the result, `{0}` the operands, `{t}` and `{m}` the type of the result and its mangled name, `{a}` and
    `{n}` those of the first operand; C's is an expression, `{s}` the suffix f of functions on float.  `text` is the
    spelling in a program: an infix sign, a prefix, or the name of a function.  `real` is the meaning over numbers
    with `+ - * /` and the methods of a ball; the value is that, exactly, or rounded once to the type if it `rounds`.
    """

    name: str
    rule: Rule
    numpy: Callable[..., Any]
    llvm: Template = field(default_factory=dict)
    c: Template = field(default_factory=dict)
    text: str = ""
    form: Literal["infix", "prefix", "call", "special"] = "call"
    real: Callable[..., Any] | None = None
    rounds: bool = False
    doc: str = ""


def _infix(
    name: str, sign: str, opcode: str, kinds: str, numpy: Callable[..., Any], doc: str, **other: Any
) -> StraightOperation:
    llvm = {"f": f"{{r}} = f{opcode} {{t}} {{0}}, {{1}}", "i": f"{{r}} = {opcode} {{t}} {{0}}, {{1}}"}
    c = {"f": f"{{0}} {sign} {{1}}", "i": f"({{T}})(({{U}}){{0}} {sign} ({{U}}){{1}})"}
    return StraightOperation(name, _same(kinds, 2), numpy, llvm, c, sign, "infix", doc=doc, **other)


def _comparison(
    name: str, sign: str, ordered: str, integer: str, numpy: Callable[..., Any], doc: str
) -> StraightOperation:
    llvm = {"f": f"{{r}} = fcmp {ordered} {{a}} {{0}}, {{1}}", "i": f"{{r}} = icmp {integer} {{a}} {{0}}, {{1}}"}
    c = dict.fromkeys("fi", f"{{0}} {sign} {{1}}")
    return StraightOperation(name, _compared, numpy, llvm, c, sign, "infix", doc=doc)


def _function(
    name: str, kinds: str, llvm: str, c: str, numpy: Callable[..., Any], doc: str, **other: Any
) -> StraightOperation:
    """A function of one float operand that LLVM has as an intrinsic and C as a function."""
    text = {"f": f"{{r}} = call {{t}} @llvm.{llvm}.{{m}}({{t}} {{0}})"}
    return StraightOperation(name, _same(kinds, 1), numpy, text, {"f": f"{c}{{s}}({{0}})"}, name, doc=doc, **other)


def _extreme(name: str, sign: str, ordered: str, integer: str, doc: str) -> StraightOperation:
    pick = "{{r}} = select {{b}} {{r}}.c, {{t}} {{0}}, {{t}} {{1}}"
    less = name == "min"
    return StraightOperation(
        name,
        _same("fi", 2),
        lambda np, a, b: np.where(a < b if less else a > b, a, b),
        {
            "f": ("{{r}}.c = fcmp " + ordered + " {{t}} {{0}}, {{1}}\n  " + pick).format(),
            "i": ("{{r}}.c = icmp " + integer + " {{t}} {{0}}, {{1}}\n  " + pick).format(),
        },
        dict.fromkeys("fi", f"({{0}} {sign} {{1}} ? {{0}} : {{1}})"),
        name,
        doc=doc,
    )


def _bitwise(name: str, opcode: str, sign: str, word: str, numpy: Callable[..., Any]) -> StraightOperation:
    llvm = dict.fromkeys("ib", f"{{r}} = {opcode} {{t}} {{0}}, {{1}}")
    return StraightOperation(
        name, _same("ib", 2), numpy, llvm, dict.fromkeys("ib", f"{{0}} {sign} {{1}}"), word,
        doc=f"{opcode} of each bit; on conditions the word",
    )  # fmt: skip


def _shifted(name: str, opcode: str, c: str, doc: str) -> StraightOperation:
    llvm = "{r}.n = and {t} {1}, {w}\n  {r} = " + opcode + " {t} {0}, {r}.n"
    return StraightOperation(
        name, _same("i", 2), lambda np, a, n: shift(np, opcode, a, n), {"i": llvm}, {"i": c}, name, doc=doc
    )


def _conversion(target: Type) -> StraightOperation:
    def rule(types: tuple[Type, ...]) -> Type | None:
        return target if len(types) == 1 and types[0] != target and (types[0], target) in CONVERSIONS else None

    def numpy(np: Any, a: Any) -> Any:
        if kind(target) == "i" and a.dtype.kind == "f":
            return clamped_integer(np, a, WIDTH[target])
        return a.astype(NUMPY[target])

    exact = (lambda a: a) if kind(target) == "f" else None
    doc = f"convert to {target}"
    return StraightOperation(target, rule, numpy, text=target, real=exact, rounds=target == "f32", doc=doc)


_C_FLOATS: tuple[tuple[Type, str], ...] = (("f32", "float"), ("f64", "double"))

#: (from, to) -> the instruction of LLVM and the expression of C
CONVERSIONS: dict[tuple[Type, Type], tuple[str, str]] = {
    ("f32", "f64"): ("{r} = fpext {a} {0} to {t}", "(double){0}"),
    ("f64", "f32"): ("{r} = fptrunc {a} {0} to {t}", "(float){0}"),
    **{
        (source, target): ("{r} = sitofp {a} {0} to {t}", f"({name}){{0}}")
        for source in INTEGERS
        for target, name in _C_FLOATS
    },
    **{
        (source, target): (
            "{r} = call {t} @llvm.fptosi.sat.{m}.{n}({a} {0})",
            f"clamped_{target}({{0}})",
        )
        for source in FLOATS
        for target in INTEGERS
    },
    ("i32", "i64"): ("{r} = sext {a} {0} to {t}", "(int64_t){0}"),
    ("i64", "i32"): ("{r} = trunc {a} {0} to {t}", "(int32_t){0}"),
    ("bool", "i32"): ("{r} = zext {a} {0} to {t}", "(int32_t){0}"),
    ("bool", "i64"): ("{r} = zext {a} {0} to {t}", "(int64_t){0}"),
}

_BITCAST = "{r} = bitcast {a} {0} to {t}"

_declarations = (
    StraightOperation("parameter", _nothing, lambda np: None, form="special", doc="an argument of the function"),
    StraightOperation("constant", _nothing, lambda np: None, form="special", doc="a number, by its bits"),
    StraightOperation("table", _nothing, lambda np: None, form="special", doc="an entry of a table, from 1"),
    _infix("add", "+", "add", "fi", lambda np, a, b: a + b, "sum", real=lambda a, b: a + b, rounds=True),
    _infix("sub", "-", "sub", "fi", lambda np, a, b: a - b, "difference", real=lambda a, b: a - b, rounds=True),
    _infix("mul", "*", "mul", "fi", lambda np, a, b: a * b, "product", real=lambda a, b: a * b, rounds=True),
    _infix("div", "/", "div", "f", lambda np, a, b: a / b, "quotient", real=lambda a, b: a / b, rounds=True),
    StraightOperation(
        "fma", _same("f", 3), fma, {"f": "{r} = call {t} @llvm.fma.{m}({t} {0}, {t} {1}, {t} {2})"},
        {"f": "fma{s}({0}, {1}, {2})"}, "fma", real=lambda a, b, c: a * b + c, rounds=True,
        doc="a*b + c, rounded once",
    ),
    _function(
        "sqrt", "f", "sqrt", "sqrt", lambda np, a: np.sqrt(a), "square root", real=lambda a: a.sqrt(), rounds=True
    ),
    StraightOperation(
        "neg", _same("fi", 1), lambda np, a: -a, {"f": "{r} = fneg {t} {0}", "i": "{r} = sub {t} {zero}, {0}"},
        {"f": "-{0}", "i": "({T})(0 - ({U}){0})"}, "-", "prefix", real=lambda a: -a, doc="the other sign",
    ),
    StraightOperation(
        "abs", _same("fi", 1), lambda np, a: np.abs(a),
        {"f": "{r} = call {t} @llvm.fabs.{m}({t} {0})", "i": "{r} = call {t} @llvm.abs.{m}({t} {0}, i1 false)"},
        {"f": "fabs{s}({0})", "i": "({0} < 0 ? ({T})(0 - ({U}){0}) : {0})"}, "abs", real=abs, doc="absolute value",
    ),
    StraightOperation(
        "copysign", _same("f", 2), lambda np, a, b: np.copysign(a, b),
        {"f": "{r} = call {t} @llvm.copysign.{m}({t} {0}, {t} {1})"}, {"f": "copysign{s}({0}, {1})"}, "copysign",
        doc="a with the sign of b",
    ),
    _extreme("min", "<", "olt", "slt", "if a < b then a else b"),
    _extreme("max", ">", "ogt", "sgt", "if a > b then a else b"),
    _function("round_even", "f", "roundeven", "rint", lambda np, a: np.rint(a), "nearest integer, ties to even"),
    _function("floor", "f", "floor", "floor", lambda np, a: np.floor(a), "integer below"),
    _comparison("lt", "<", "olt", "slt", lambda np, a, b: a < b, "less"),
    _comparison("le", "<=", "ole", "sle", lambda np, a, b: a <= b, "less or equal"),
    _comparison("eq", "==", "oeq", "eq", lambda np, a, b: a == b, "equal; a NaN equals nothing"),
    _comparison("ne", "!=", "une", "ne", lambda np, a, b: a != b, "not equal; true of a NaN"),
    StraightOperation(
        "select", _selected, lambda np, c, a, b: np.where(c, a, b),
        {"b": "{r} = select {a} {0}, {t} {1}, {t} {2}"}, {"b": "({0} ? {1} : {2})"}, form="special",
        doc="one of two values, both computed",
    ),
    StraightOperation(
        "bits", _mapped({"f32": "i32", "f64": "i64"}), lambda np, a: a.view(f"int{8 * a.dtype.itemsize}"),
        {"f": _BITCAST}, {"f": "bits_{n}({0})"}, "bits", doc="the bits of a float as an integer",
    ),
    StraightOperation(
        "from_bits", _mapped({"i32": "f32", "i64": "f64"}), lambda np, a: a.view(f"float{8 * a.dtype.itemsize}"),
        {"i": _BITCAST}, {"i": "from_bits_{n}({0})"}, "from_bits", doc="the float of these bits",
    ),
    _shifted("shift_left", "shl", "({T})(({U}){0} << ({1} & {w}))", "towards the sign"),
    _shifted("shift_right", "ashr", "{0} >> ({1} & {w})", "away from the sign, copies of the sign come in"),
    _shifted("shift_right_zero", "lshr", "({T})(({U}){0} >> ({1} & {w}))", "away from the sign, zeros come in"),
    _bitwise("and", "and", "&", "bit_and", lambda np, a, b: a & b),
    _bitwise("or", "or", "|", "bit_or", lambda np, a, b: a | b),
    _bitwise("xor", "xor", "^", "bit_xor", lambda np, a, b: a ^ b),
    StraightOperation(
        "not", _same("b", 1), lambda np, a: ~a, {"b": "{r} = xor {t} {0}, {ones}"}, {"b": "!{0}"}, "not ", "prefix",
        doc="the other truth value",
    ),
    *(_conversion(target) for target in (*FLOATS, *INTEGERS)),
)  # fmt: skip

STRAIGHT_OPERATIONS: dict[str, StraightOperation] = {entry.name: entry for entry in _declarations}
